"""One script of Brian2 in a process of its own: its network as a circuit, and if wanted the rates of both."""

from __future__ import annotations

import multiprocessing
import os
import sys

import brian2

from b2reduce.importing.first_run import main
from b2reduce.importing.from_brian2 import imported_of  # noqa: F401  (so that it is loaded once for all scripts)

__all__ = ["PRINTED", "look", "rates_beside", "run_script"]

PRINTED = "printed.txt"


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


def run_script(script, folder, check):
    """Leave what was found of a script, and what it printed, in a folder."""
    multiprocessing.set_start_method(None, force=True)  # as in a process of the user's
    os.setsid()  # its own processes end with it
    os.chdir(folder)  # scripts write files beside them
    with open(PRINTED, "w") as printed:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(printed.fileno(), stream.fileno())
    # Every script has code of its own, and compiling it takes longer than what it does
    brian2.prefs.codegen.target = "numpy"
    main(script, folder, look=look(check))
