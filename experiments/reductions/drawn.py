"""Where the circuits of the benchmark come from: this writes their files.

    python -m b2reduce.experiments.reductions.drawn            what has no file yet
    python -m b2reduce.experiments.reductions.drawn NAME ...   these, over what is there

Nothing was left out for what it does: random circuits are those of the first numbers of `SEED`.
"""

from __future__ import annotations

import click
import numpy as np
from b2reduce.experiments.random_circuits import random_circuit
from b2reduce.experiments.reductions.listing import FOLDER, listed

import b2reduce as b2r
from b2reduce.basics.files import write_text
from b2reduce.basics.toml_text import toml_text

__all__ = ["MADE", "circuit_text", "current_circuit"]

SEED = 2  # limits of premises were chosen on circuits of seed 1
C_M, TAU_M, THRESHOLD = 250.0, 10.0, 15.0  # pF, ms, mV above rest: of lif_potjans2014


def _faster(circuit, factor):
    """The same circuit, all drives at other rates."""
    return circuit.replace({f"drive.{drive.name}.rate": factor * drive.rate for drive in circuit.drives})


def _brunel(g=5.0, ratio=2.0):
    """Brunel's network, with as many inputs to every cell as in the paper, of other inhibition and drive."""
    data = b2r.load_circuit("brunel2000").to_dict()
    for projection in data["projections"]:
        del projection["probability"]
        excites = projection["source"] == "E"
        projection.update(in_degree=400 if excites else 100, J="0.25 mV" if excites else f"{-0.25 * g:g} mV")
    for drive in data["drives"]:
        drive["rate"] = f"{10 * ratio:g} Hz"
    return b2r.Circuit.from_dict(data)


def _tenth():
    """A tenth of the cells of the column, whose probabilities stay."""
    circuit = b2r.load_circuit("potjans2014")
    return circuit.replace(
        {f"population.{name}.size": round(each.size / 10) for name, each in circuit.populations.items()}
    )


def current_circuit(number, seed=SEED):
    """A random network of leaky cells whose synapses are currents of one time constant.

    Cells are those of Potjans & Diesmann. Drawn are the time constant of synapses (0.5 to 3 ms, log), the jump
    of v that an excitatory spike makes by its charge (0.1 to 0.6 mV, log), inhibition (4.5 to 8 times as
    large), and the drive, 0.8 to 2.5 times (log) what reaches the threshold without noise.

    Examples
    --------
    >>> current_circuit(0).name
    'current-0'
    """
    rng = np.random.default_rng([seed, 77, number])
    log = lambda low, high: float(np.exp(rng.uniform(np.log(low), np.log(high))))
    tau, jump, g, ratio = log(0.5, 3), log(0.1, 0.6), float(rng.uniform(4.5, 8)), log(0.8, 2.5)
    w = C_M * jump / tau  # pA: w tau/C is the jump
    inputs = 500
    rate = 1e3 * ratio * THRESHOLD / (jump * TAU_M * inputs)  # Hz
    synapse = lambda size: dict(kind="current", tau=f"{tau:.3g} ms", w=f"{size:.4g} pA")
    names, degrees = {"E": 2000, "I": 500}, {"E": 100, "I": 25}
    return b2r.Circuit(
        name=f"current-{number}",
        populations={name: b2r.Population("lif_potjans2014", size) for name, size in names.items()},
        projections=[
            b2r.Projection(
                source,
                target,
                in_degree=degrees[source],
                delay=["0.2 ms", "2.8 ms"],
                **synapse(w if source == "E" else -g * w),
            )
            for target in names
            for source in names
        ],
        drives=[b2r.Drive("ext", name, inputs, f"{rate:.4g} Hz", **synapse(w)) for name in names],
        dt="0.1 ms",
    )


def _package(name):
    return lambda: b2r.load_circuit(name)


#: {name: what makes the circuit}
MADE = {
    **{
        name: _package(name)
        for name in ("ei_lif", "ei_lif_gamma", "vogels2005", "vogels2005_cuba", "brunel2001")
    },
    **{name: _package(name) for name in ("zerlaut2018", "e_shriki", "ring_lif")},
    "ei_lif-10Hz": lambda: _faster(b2r.load_circuit("ei_lif"), 10 / 14),
    "ei_lif-20Hz": lambda: _faster(b2r.load_circuit("ei_lif"), 20 / 14),
    "brunel2000": _brunel,
    "brunel2000-A": lambda: _brunel(3, 2),
    "brunel2000-B": lambda: _brunel(6, 4),
    "brunel2000-D": lambda: _brunel(4.5, 0.9),
    "zerlaut2018-5Hz": lambda: _faster(b2r.load_circuit("zerlaut2018"), 1.25),
    "potjans2014-tenth": _tenth,
    **{f"random-{number}": lambda number=number: random_circuit(number, SEED) for number in range(7)},
    "random-0-weaker": lambda: _faster(random_circuit(0, SEED), 0.75),
    "random-1-stronger": lambda: _faster(random_circuit(1, SEED), 1.25),
    "random-2-weaker": lambda: _faster(random_circuit(2, SEED), 0.75),
    **{f"current-{number}": lambda number=number: current_circuit(number) for number in range(4)},
}


def circuit_text(name):
    """The text of a circuit's file, its cells written out."""
    data = MADE[name]().to_dict()
    data.update(name=name, title=listed()[name].source)
    return toml_text(data, tables=["populations"], lists=["projections", "drives"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(MADE)))
def main(names):
    """Write the files of the circuits."""
    for name in names or listed():
        path = FOLDER / "circuits" / f"{name}.toml"
        if names or not path.exists():
            write_text(path, circuit_text(name))
            click.echo(f"wrote {path}")


if __name__ == "__main__":
    main()
