"""Circuits of all kinds, on which honesty is measured."""

from __future__ import annotations

import b2reduce as b2r


def _changed(changes=None, **populations):
    """ei_lif with other values; population parameters as E={"V_th": ...}."""
    circuit = b2r.load_circuit("ei_lif").replace(changes or {})
    return circuit.replace(
        {
            f"population.{name}.{key}": value
            for name, parameters in populations.items()
            for key, value in parameters.items()
        }
    )


def _random(circuit):
    """The same with synapses drawn by chance."""
    data = circuit.to_dict()
    for projection in data["projections"]:
        projection["probability"] = (
            projection.pop("in_degree") / circuit.populations[projection["source"]].size
        )
    return b2r.Circuit.from_dict(data)


def _several(cells, weights, rate="14 Hz"):
    """Populations {name: (model, size, parameters)} with weights {(source, target).

    (in_degree, G, tau, E)} and one drive on each.
    """
    projections = [
        b2r.Projection(source=source, target=target, in_degree=K, G=G, tau=tau, E=E, delay=["0.1 ms", "3 ms"])
        for (source, target), (K, G, tau, E) in weights.items()
    ]
    drives = [
        b2r.Drive(name="ext", target=name, inputs=250, rate=rate, G="0.4 nS", tau="5 ms", E="0 mV")
        for name in cells
    ]
    return b2r.Circuit(
        populations={
            name: b2r.Population(model, size, parameters) for name, (model, size, parameters) in cells.items()
        },
        projections=projections,
        drives=drives,
        dt="0.1 ms",
    )


def _three():
    """E with two kinds of inhibition: fast on all, slow on E and the fast."""
    exc, fast, slow = ("0.2 nS", "5 ms", "0 mV"), ("2 nS", "8 ms", "-80 mV"), ("1.2 nS", "20 ms", "-80 mV")
    return _several(
        {
            "E": ("lif", 3200, {}),
            "P": ("lif", 500, {"C_m": "150 pF", "t_ref": "1 ms"}),
            "S": ("lif", 300, {"C_m": "200 pF", "V_th": "-48 mV"}),
        },
        {
            ("E", "E"): (100, *exc),
            ("E", "P"): (100, *exc),
            ("E", "S"): (80, *exc),
            ("P", "E"): (20, *fast),
            ("P", "P"): (20, *fast),
            ("S", "E"): (6, *slow),
            ("S", "P"): (4, *slow),
        },
    )


def _four():
    """Two E-I columns that excite one another weakly."""
    exc, inh = ("0.2 nS", "5 ms", "0 mV"), ("2 nS", "10 ms", "-80 mV")
    weights = {}
    for one, other in (("1", "2"), ("2", "1")):
        weights.update(
            {
                (f"E{one}", f"E{one}"): (80, *exc),
                (f"E{one}", f"I{one}"): (80, *exc),
                (f"I{one}", f"E{one}"): (25, *inh),
                (f"I{one}", f"I{one}"): (25, *inh),
                (f"E{one}", f"E{other}"): (20, *exc),
                (f"E{one}", f"I{other}"): (20, *exc),
            }
        )
    return _several(
        {
            "E1": ("lif", 2000, {}),
            "I1": ("lif", 500, {}),
            "E2": ("lif", 2000, {"V_th": "-49 mV"}),
            "I2": ("lif", 500, {}),
        },
        weights,
    )


def _adapting():
    """Adapting excitatory cells, integrate-and-fire inhibition.

    Unequal cell models, and a variable that the law leaves out.
    """
    exc, inh = ("0.4 nS", "5 ms", "0 mV"), ("2 nS", "10 ms", "-80 mV")
    circuit = _several(
        {"E": ("adex_brette2005", 2000, {}), "I": ("lif", 500, {})},
        {
            ("E", "E"): (100, *exc),
            ("E", "I"): (100, "0.2 nS", "5 ms", "0 mV"),
            ("I", "E"): (25, *inh),
            ("I", "I"): (25, *inh),
        },
    )
    return circuit.replace({"drive.ext.rate": "14 Hz", "drive.ext->E.inputs": 1000})


CIRCUITS = {
    "noise-driven": lambda: _changed(),
    "low rates": lambda: _changed({"drive.ext.rate": "11 Hz"}),
    "nearly silent": lambda: _changed({"drive.ext.rate": "7.5 Hz"}),
    "high rates": lambda: _changed({"drive.ext.rate": "20 Hz"}),
    "mean-driven": lambda: _changed(
        {"drive.ext.rate": "10 Hz"}, E={"I_app": "200 pA"}, I={"I_app": "200 pA"}
    ),
    "strongly coupled": lambda: _changed(
        {
            "projection.E->E.G": "0.35 nS",
            "projection.E->I.G": "0.35 nS",
            "projection.I->E.G": "4 nS",
            "projection.I->I.G": "4 nS",
        }
    ),
    "weakly coupled": lambda: _changed(
        {
            "projection.E->E.G": "0.05 nS",
            "projection.E->I.G": "0.05 nS",
            "projection.I->E.G": "0.5 nS",
            "projection.I->I.G": "0.5 nS",
        }
    ),
    "inhibited": lambda: _changed({"projection.I->E.G": "3 nS", "drive.ext.rate": "17 Hz"}),
    "excited": lambda: _changed({"projection.I->E.G": "0.4 nS"}),
    "saturated": lambda: _changed({"drive.ext.rate": "150 Hz"}),
    "oscillating": lambda: b2r.load_circuit("ei_lif_gamma"),
    "random in-degrees": lambda: _random(_changed()),
    "few strong inputs": lambda: _changed(
        {
            "drive.ext.inputs": 25,
            "drive.ext.G": "4 nS",
            "projection.E->E.in_degree": 10,
            "projection.E->E.G": "2 nS",
        }
    ),
    "three populations": _three,
    "four populations": _four,
    "adapting": _adapting,
    "Hodgkin-Huxley": lambda: b2r.load_circuit("e_shriki"),
    "zerlaut2018": lambda: b2r.load_circuit("zerlaut2018"),
    "vogels2005": lambda: b2r.load_circuit("vogels2005"),
}
# Where circuits are reduced, if not at their own drives: what sustains itself once the kick is over
AT = {"vogels2005": {"kick": "0 Hz"}}
