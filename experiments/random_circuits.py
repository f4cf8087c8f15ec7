"""Circuits drawn at random, so that limits can be tried on circuits that set none of them.

`random_circuit(number, seed)` is one circuit. Everything about it is drawn before anything of it is seen to
fire: no circuit is left out for what the reduction makes of it. Circuits of even number are for choosing
limits, those of odd number are kept to report on.

What is drawn (log: uniform in the logarithm):

- two populations (in 60 %), three (25 %) or four (15 %), the first excitatory, the second inhibitory, the
others either; 300 to 600
  excitatory cells each, 200 to 300 inhibitory ones. One circuit in three instead has two populations of 200
  cells, in steps of 0.05 ms: the first, and two in three of the second, of Hodgkin-Huxley cells;
- a projection for every pair of populations with chance 0.7, and always from the first to the second and
back; 15 to 60 excitatory or
  10 to 40 inhibitory inputs to a cell, exactly so many or as a probability; delays uniform in a range, one
  value, or none;
- decay 2 to 8 ms, reversal 0 to -10 mV for excitation; 4 to 15 ms, -85 to -65 mV for inhibition;
- peak conductances by what one spike of every input would do to a cell held at the level where it fires,
without its leak: the
  excitatory inputs together lift it by 1 to 8 mV, the inhibitory ones together lower it by 2 to 25 mV (log);
- the drive: trains of 3 to 20 Hz (log), each of whose spikes lifts the cell by 0.05 to 0.6 mV (log), as many
as make an uncoupled
  cell fire at 3 to 60 Hz (log). That is read from a coarse measurement of the cell with its drive alone.
"""

from __future__ import annotations

import warnings

import numpy as np

import b2reduce as b2r

__all__ = ["EXCITATORY", "HODGKIN_HUXLEY", "INHIBITORY", "random_circuit"]

# The cells, and where they fire, mV: what conductances are scaled by.
POINT = {
    "lif": -50.0,
    "lif_adapt": -50.0,
    "adex_brette2005": -50.4,
    "adex_zerlaut2018_rs": -50.0,
    "adex_zerlaut2018_fs": -50.0,
}
HODGKIN_HUXLEY = {"shriki2003": -55.0, "traub_ermentrout1998": -55.0, "wang_buzsaki1996": -57.0}
ONSET = {**POINT, **HODGKIN_HUXLEY}
EXCITATORY = (
    "lif",
    "lif_adapt",
    "adex_brette2005",
    "adex_zerlaut2018_rs",
    "shriki2003",
    "traub_ermentrout1998",
)
INHIBITORY = ("lif", "lif_adapt", "adex_zerlaut2018_fs", "shriki2003", "wang_buzsaki1996")

# Mean conductances of the drive, of the leak, at which the uncoupled cell is looked at
LOAD = np.geomspace(0.01, 5.0, 16)
TRAIN_ = 5.0  # Hz, a train's rate in that measurement


def _log(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _units(model, G_):
    """A peak conductance in the units of the cell."""
    from brian2 import Quantity

    return Quantity(G_, dim=model.conductance_dim)


def _peak_(model, name, lift, tau, E):
    """Conductance whose whole decay moves a cell that is held where it fires by `lift` mV, in S or S/m^2.

    Tau in ms, E in mV.
    """
    return model.capacitance_ * lift / (tau * 1e-3 * abs(E - ONSET[name]))


def _trains(model, G, tau, E, target_, seed):
    """How many trains of TRAIN_ make the uncoupled cell fire at `target_`: read from a coarse measurement,
    and a finer one around it.

    Cells that fire because of their mean input start within a few percent of it.
    """
    from brian2 import Hz

    inputs, load = 100, LOAD
    drive = b2r.Drive(name="ext", inputs=inputs, rate="1 Hz", G=G, tau=f"{tau!r} ms", E=f"{E!r} mV")
    for _ in range(2):
        rates_ = load * model.leak_ / (float(G) * tau * 1e-3 * inputs)
        with warnings.catch_warnings():
            # Of a few percent, where a factor is looked for
            warnings.simplefilter("ignore", b2r.errors.AccuracyWarning)
            measured = b2r.measure_transfer(
                model,
                [drive],
                {"ext": rates_ * Hz},
                duration="0.8 s",
                warmup="0.3 s",
                replicates=10,
                seed=seed,
            )
        found_ = np.maximum.accumulate(np.asarray(measured.rate / Hz, dtype=float))
        above = int(np.clip(np.searchsorted(found_, target_), 1, len(load) - 1))
        load = np.geomspace(load[above - 1], load[above], len(LOAD))
    return inputs * float(np.exp(np.interp(target_, found_, np.log(rates_)))) / TRAIN_


def random_circuit(number, seed=1):
    """The circuit of this number.

    Parameters
    ----------
    number : int
        From 0; each has a random stream of its own, so that one circuit does not depend on how many are
        drawn.
    seed : int

    Returns
    -------
    Circuit
        Named random-<number>; each drive is called ext.

    Examples
    --------
    >>> random_circuit(3).name
    'random-3'
    """
    rng = np.random.default_rng([seed, number])
    count = int(rng.choice([2, 3, 4], p=[0.6, 0.25, 0.15]))  # a transfer function has an axis for each source
    detailed = rng.random() < 1 / 3
    count = 2 if detailed else count
    kinds = ["E", "I", *(str(rng.choice(["E", "I"])) for _ in range(count - 2))]
    names, cells = [], {}
    for place, kind in enumerate(kinds):
        name = f"{kind}{kinds[:place].count(kind) + 1}"
        kept = HODGKIN_HUXLEY if detailed and (place == 0 or rng.random() < 2 / 3) else POINT
        known = [cell for cell in (EXCITATORY if kind == "E" else INHIBITORY) if cell in kept]
        names.append(name)
        cells[name] = str(rng.choice(known))
    models = {name: b2r.load_model(cell) for name, cell in cells.items()}
    sizes = {
        name: 200 if detailed else int(rng.integers(300, 601) if name[0] == "E" else rng.integers(200, 301))
        for name in names
    }
    synapse = {
        "E": (rng.uniform(2, 8), rng.uniform(-10, 0)),
        "I": (rng.uniform(4, 15), rng.uniform(-85, -65)),
    }
    synapse = {kind: (round(float(tau), 2), round(float(E), 1)) for kind, (tau, E) in synapse.items()}
    delays = [None, "1.5 ms", [f"{rng.uniform(0.1, 1):.1f} ms", f"{rng.uniform(1.5, 4):.1f} ms"]][
        int(rng.choice(3, p=[0.15, 0.15, 0.7]))
    ]
    chance = rng.random() < 0.5  # synapses by probability

    projections = []
    for target in names:
        lifts = {"E": rng.uniform(1, 8), "I": _log(rng, 2, 25)}
        joined = [
            source
            for source in names
            if rng.random() < 0.7 or (source, target) in (("E1", "I1"), ("I1", "E1"))
        ]
        for source in joined:
            kind = source[0]
            K = int(rng.integers(15, 61) if kind == "E" else rng.integers(10, 41))
            tau, E = synapse[kind]
            G_ = _peak_(
                models[target],
                cells[target],
                lifts[kind] / sum(other[0] == kind for other in joined) / K,
                tau,
                E,
            )
            wiring = {"probability": K / sizes[source]} if chance else {"in_degree": K}
            projections.append(
                b2r.Projection(
                    source=source,
                    target=target,
                    G=_units(models[target], G_),
                    tau=f"{tau!r} ms",
                    E=f"{E!r} mV",
                    **wiring,
                    **({} if delays is None else {"delay": delays}),
                )
            )

    rate_, drives = _log(rng, 3, 20), []
    tau, E = synapse["E"]
    for place, name in enumerate(names):
        G = _units(models[name], _peak_(models[name], cells[name], _log(rng, 0.05, 0.6), tau, E))
        trains = _trains(models[name], G, tau, E, _log(rng, 3, 60), seed=1000 * seed + 10 * number + place)
        drives.append(
            b2r.Drive(
                name="ext",
                target=name,
                inputs=max(1, round(trains * TRAIN_ / rate_)),
                rate=f"{rate_!r} Hz",
                G=G,
                tau=f"{tau!r} ms",
                E=f"{E!r} mV",
            )
        )
    return b2r.Circuit(
        name=f"random-{number}",
        populations={name: b2r.Population(cells[name], sizes[name], {}) for name in names},
        projections=projections,
        drives=drives,
        dt="0.05 ms" if detailed else "0.1 ms",
    )
