"""One script of Brian2 in a process of its own: its network as a circuit, and if wanted the rates of both.

``python -m b2reduce.experiments.script_rates SCRIPT FOLDER [DURATION SEEDS]`` leaves what it found in the
folder.
"""

from __future__ import annotations

import sys

from b2reduce.importing.first_run import main

__all__ = ["look", "rates_beside"]


def look(check=None):
    """What is asked of an `Imported`, as a function: how large it is, and with a duration in s and a number
    of runs the rates of network and circuit."""

    def looked(imported):
        circuit = imported.circuit
        found = {
            "populations": len(circuit.populations),
            "projections": len(circuit.projections),
            "drives": len(circuit.drives),
        }
        if check is None:
            return found
        duration, seeds = check
        try:
            return {**found, "rates": _rates(imported, duration, seeds)}
        except Exception as error:  # is a result here: the circuit was read all the same
            return {**found, "rates": [f"check raised {type(error).__name__}: {error}"]}

    return looked


def _rates(imported, duration, seeds):
    from brian2 import second

    table = imported.check(duration=duration * second, seeds=seeds)
    columns = ["network", "network sd", "circuit", "circuit sd", "difference over its sd"]
    return [[*key, *map(float, row)] for key, row in zip(table.index, table[columns].values)]


def rates_beside(rates):
    """Lines of text."""
    return [
        rate
        if isinstance(rate, str)
        else "{} {}: network {:.4g} ± {:.2g}, circuit {:.4g} ± {:.2g}, {:+.1f} sd".format(*rate)
        for rate in rates
    ]


if __name__ == "__main__":
    import brian2

    # Every script has code of its own, and compiling it takes longer than what it does
    brian2.prefs.codegen.target = "numpy"
    script, folder, *check = sys.argv[1:]
    main(script, folder, look((float(check[0]), int(check[1])) if check else None))
