"""The nodes and connections of NEST that a circuit is, from what a seed draws for every engine."""

from __future__ import annotations

import numpy as np

from ...circuit.plasticity.tsodyks_markram import TsodyksMarkram
from .nest_cells import Lacking
from .nest_courses import MS
from .nest_drives import connect_drives
from .nest_models import model_of

__all__ = ["Wires", "build", "models_of"]

NO_RECOVERY = 1e-9  # ms, for depression that is over at once, which NEST has as a time above 0


def models_of(circuit):
    """{population: NestModel}.

    Raises
    ------
    Lacking
        If NEST lacks anything of a circuit.
    """
    models = {name: model_of(circuit, name) for name in circuit.populations}
    for label, each in _entries(circuit).items():
        if each.plasticity is not None and type(each.plasticity) is not TsodyksMarkram:
            raise Lacking(f"projection {label}", f"it has no plasticity of kind {each.plasticity.kind!r}")
        if each.start is not None and label not in models[each.target].starts:
            raise Lacking(label, f"synapses of {models[each.target].name} start at rest, and a start is said")
    return models


def _entries(circuit):
    entries = dict(zip(circuit.labels, circuit.projections))
    return entries | {f"{drive.name}->{drive.target}": drive for drive in circuit.drives}


class Wires:
    """Connections between nodes, in steps and in NEST's units.

    Attributes
    ----------
    nest : module
    dt_ : float
    """

    def __init__(self, nest, dt_):
        self.nest, self.dt_ = nest, dt_

    def steps(self, delay_):
        """Delays in whole steps; NEST's least is one."""
        return np.maximum(np.floor(np.asarray(delay_, dtype=float) / self.dt_ + 0.5), 1)

    def connect(self, pre, post, weight, delay_=0.0, receptor=0, **synapse):
        """One synapse for each pair of node numbers."""
        full = lambda value, kind: np.ascontiguousarray(np.broadcast_to(value, len(pre)), dtype=kind)
        said = {
            "synapse_model": synapse.pop("model", "static_synapse"),
            "weight": full(weight, float),
            "delay": full(self.steps(delay_) * self.nest.resolution, float),
            "receptor_type": full(receptor, np.int64),
            **{key: full(value, float) for key, value in synapse.items()},
        }
        self.nest.Connect(np.asarray(pre, np.uint64), np.asarray(post, np.uint64), "one_to_one", said)


def numbers_of(nodes):
    """The node numbers of a collection, which are consecutive."""
    return np.array(nodes.tolist())


def build(nest, run, draws):
    """({population: node numbers}, {population: NestModel})."""
    circuit, wires, models = run.circuit, Wires(nest, run.dt_), models_of(run.circuit)
    cells = {}
    for name, population in circuit.populations.items():
        start = {key: value for (other, key), value in draws.start.items() if other == name}
        given = models[name].parameters(population.model, start, run.dt_)
        given |= _states(circuit, name, models[name], start)
        cells[name] = _created(nest, models[name].name, population.size, given)
    for label, each in zip(circuit.labels, circuit.projections):
        model = models[each.target]
        i, j, delay_ = draws.wiring[label]
        size = _sizes(draws.sizes.get(label), label, model)
        wires.connect(
            cells[each.source][i],
            cells[each.target][j],
            model.weights[label] * size,
            delay_ + models[each.source].late * run.dt_,
            model.receptors[label],
            **_plastic(each.plasticity),
        )
    connect_drives(wires, circuit, draws, cells, models)
    return cells, models


def _created(nest, name, size, given):
    arrays = {key: value for key, value in given.items() if not isinstance(value, list)}
    whole = {key: value for key, value in given.items() if isinstance(value, list)}
    nodes = nest.Create(name, size, {key: float(v) for key, v in arrays.items() if not np.ndim(v)} | whole)
    if several := {key: np.asarray(value, dtype=float) for key, value in arrays.items() if np.ndim(value)}:
        nodes.set(several)
    return numbers_of(nodes)


def _states(circuit, name, model, start):
    """{NEST's variable: values} of synapses that do not start at rest."""
    found = {}
    for p in circuit.pathways(name):
        for key in p.synapse.start_(p.symbol, 0.0):
            if key in start and np.any(start[key]):
                if p.label not in model.starts:
                    raise Lacking(p.label, f"synapses of {model.name} start at rest")
                unit = model.weights[p.label] / p.synapse.size_  # in it ports have their signs
                own = model.starts[p.label]
                found[own] = found.get(own, 0.0) + abs(unit) * np.asarray(start[key])
    return found


def _sizes(sizes, label, model):
    if sizes is None:
        return 1.0
    if np.any(sizes < 0) and "cond" in model.name:
        raise Lacking(
            label, "some of its conductances are negative, and NEST takes their sign for another port"
        )
    return sizes


def _plastic(plasticity):
    """Arguments of a synapse with the same mathematics, as it is after a long silence."""
    if plasticity is None:
        return {}
    return {
        "model": "tsodyks2_synapse",
        "U": plasticity.U_,
        "u": plasticity.U_,  # acts at the first spike
        "x": 1.0,
        "tau_rec": max(plasticity.tau_rec_ * MS, NO_RECOVERY),
        "tau_fac": plasticity.tau_facil_ * MS,
    }
