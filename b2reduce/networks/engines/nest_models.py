"""Which of NEST's models cells with these synapses are, and their parameters in its units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...circuit.synapses.rise_decay import RiseAndDecay
from .nest_cells import Lacking, recognised
from .nest_courses import COURSES, MS, MV, NONE, NS, PA, PF

__all__ = ["NestModel", "model_of"]

WHOLE_CELL_ = 250e-12  # F, of one cell where a circuit has currents per area
SHARP = 1e-9  # mV, over which the chance of a spike rises from 0 to 1 where a threshold is meant


@dataclass(frozen=True, eq=False)
class NestModel:
    """Cells of a population as NEST has them.

    Attributes
    ----------
    name : str
        Of NEST's model.
    cell : Cell
    synaptic : dict
        Parameters of the synapses.
    receptors : dict of str to int
        Port of every pathway, by label.
    weights : dict of str to float
        Weight of the mean synapse of a pathway, in NEST's unit.
    recorded : dict of str to (str, float)
        What is recorded of a pathway, and its unit in SI; none of those that share a port with others.
    starts : dict of str to str
        The variable of NEST's that a pathway's state can be started with.
    scale_ : float
        Area of a cell, m^2, where currents are per area, else 1.
    late : int
        Steps by which Brian2 has spikes later: one where jumps alone carry cells over the threshold, which
        Brian2 looks at before jumps act and NEST behind them.
    """

    name: str
    cell: Any
    synaptic: dict
    receptors: dict
    weights: dict
    recorded: dict
    starts: dict = field(default_factory=dict)
    scale_: float = 1.0
    late: int = 0

    def parameters(self, model, start_, dt_):
        """{NEST's name: value, or array over cells}.

        Parameters
        ----------
        start_ : mapping of str to float or ndarray
            What the seed draws: starting values and parameters that vary over cells.
        """
        own = {key: value for key, value in start_.items() if key in model.spreads}
        at, area = self.cell.values_({**model.constants, **own, model.input: 0.0}), self.scale_
        if self.cell.adaptation and np.any(np.abs(at["w_1"] + at["a"] * at["E_L"]) > 1e-9 * at["g_L"]):
            raise Lacking(f"cells of the model {model.name!r}", "adaptation has a reversal of its own")
        found = {
            "C_m": at["C"] * area * PF,
            "E_L": at["E_L"] * MV,
            "V_reset": at["reset"] * MV,
            "t_ref": (held_(at["refractory"], dt_) + self.late * dt_) * MS,
            "I_e": start_[model.input] * area * PA,
            "V_m": start_[model.membrane] * MV,
        }
        leak = at["g_L"] * area * NS
        if self.name.startswith("iaf_psc"):
            found["tau_m"] = found["C_m"] / leak
        else:
            found["g_L"] = leak
        if self.name.startswith("aeif"):
            found |= self._spike_and_adaptation(at, start_)
        elif self.name.startswith("gif"):
            # A chance of spikes that rises from none to one at the threshold is a threshold
            found |= {"V_T_star": at["threshold"] * MV, "Delta_V": SHARP, "lambda_0": 1.0}
            found |= {key: [] for key in ("tau_sfa", "q_sfa", "tau_stc", "q_stc")}
        else:
            found["V_th"] = at["threshold"] * MV
        return {**found, **self.synaptic}

    def _spike_and_adaptation(self, at, start_):
        area = self.scale_
        peak = at["threshold"] * MV
        found = {"V_peak": peak, "V_th": peak, "Delta_T": 0.0, "a": 0.0, "b": 0.0, "tau_w": 100.0}
        if self.cell.exponential:
            found |= {"V_th": at["V_T"] * MV, "Delta_T": at["Delta"] * MV}
        if (w := self.cell.adaptation) is not None:
            found |= {"a": at["a"] * area * NS, "b": at["b"] * area * PA, "tau_w": at["tau_w"] * MS}
            found["w"] = at["w_scale"] * start_.get(w, 0.0) * area * PA
        return found


def held_(refractory_, dt_):
    """How long NEST is to hold the membrane.

    Brian2 counts from the start of the step in which a cell fires, and NEST from its end.
    """
    steps = np.floor(np.asarray(refractory_) / dt_ + 1e-3)
    return np.maximum(steps - 1, 0) * dt_


def model_of(circuit, name):
    """The NestModel of a population.

    Raises
    ------
    Lacking
        If NEST has none; the message says what it lacks.
    """
    from brian2 import siemens

    model, pathways = circuit.populations[name].model, circuit.pathways(name)
    cell, where = recognised(model), f"population {name}"
    kinds = {type(p.synapse): p for p in pathways}
    for kind, p in kinds.items():
        if kind not in COURSES:
            raise Lacking(where, f"its models have no synapses of kind {kind.kind!r} ({p.label})")
    if len(kinds) > 1:
        raise Lacking(
            where,
            f"it receives synapses of the kinds {' and '.join(kind.kind for kind in kinds)}, and a cell of"
            " NEST's has one kind",
        )
    course = COURSES[next(iter(kinds))] if kinds else NONE
    scale_ = 1.0 if model.conductance_dim is siemens.dim else WHOLE_CELL_ / model.capacitance_
    of = {p.label: course.parameters(p.synapse) for p in pathways}
    sets = [each for k, each in enumerate(of.values()) if each not in [*of.values()][:k]]
    two, many = (course.two, course.many) if cell.plain else (course.adex_two, course.adex_many)
    sizes = {p.label: _size(p.synapse) * course.unit for p in pathways}
    if course.unit != MV:
        sizes = {label: size * scale_ for label, size in sizes.items()}
    made = dict(cell=cell, scale_=scale_, weights=sizes, recorded={})
    if course.unit == MV:
        late = int(bool(kinds) and _rests(cell, model))
        return NestModel(**made, name=many, synaptic={}, receptors=dict.fromkeys(of, 0), late=late)
    signed = course.unit == PA and two
    if signed:  # by the sign of the weight NEST chooses
        sets = [next((of[x] for x in of if (sizes[x] < 0) == below), None) for below in (False, True)]
        fits = all(of[x] == sets[sizes[x] < 0] for x in of)
        sets = [each or other for each, other in zip(sets, sets[::-1])]
    else:
        fits = len(sets) <= 2
    if two and fits:
        return _of_two(two, course, sets, of, made, scale_, signed)
    if not many:
        side = ", one for each sign" if signed else ""
        raise Lacking(
            where,
            f"it receives {next(iter(kinds)).kind} synapses of {len(sets)} time constants or reversals or"
            f" more, and {two}, NEST's model of such cells, has two{side}",
        )
    return _of_many(many, course, sets, of, made, scale_)


def _rests(cell, model):
    """Whether a cell comes to rest below its threshold without synapses."""
    at = cell.values_({**model.constants, model.input: 0.0})
    return cell.plain and bool(at["E_L"] + model.constant_input_ / at["g_L"] < at["threshold"])


def _size(synapse):
    """The peak of an event; of what rises and decays the size may be its area."""
    if isinstance(synapse, RiseAndDecay):
        rise, fall = synapse.tau_rise_, synapse.tau_
        return synapse.jump_ / (fall / rise) ** (fall / (fall - rise))
    return synapse.size_


def _of_two(name, course, sets, of, made, scale_, signed):
    sets = sets if len(sets) == 2 else [sets[0], sets[0]]
    synaptic, sides = {}, ("ex", "in")
    for side, each in zip(sides, sets):
        synaptic.update({f"{key}_{side}": value for key, value in each.items()})
    place = {
        label: int(made["weights"][label] < 0) if signed else sets.index(each) for label, each in of.items()
    }
    weights = {x: made["weights"][x] * (1 if signed or not place[x] else -1) for x in of}
    alone = {x for x in of if [*place.values()].count(place[x]) == 1}
    unit = 1 / (course.unit * scale_)
    recorded = {
        x: (f"{course.letter}_{sides[place[x]]}", -unit if signed and place[x] else unit)
        for x in of
        if x in alone
    }
    starts = (
        {x: f"{course.letter}_{sides[place[x]]}" for x in of}
        if name in ("iaf_cond_exp", "aeif_cond_exp")
        else {}
    )
    made = {**made, "weights": weights, "recorded": recorded}
    return NestModel(**made, name=name, synaptic=synaptic, receptors=dict.fromkeys(of, 0), starts=starts)


def _of_many(name, course, sets, of, made, scale_):
    # Every pathway has a port of its own, where that costs nothing but a number
    ports = [*of.values()] if course.unit == PA else sets
    numbers = (
        dict(zip(of, range(1, len(of) + 1)))
        if course.unit == PA
        else {x: sets.index(each) + 1 for x, each in of.items()}
    )
    names = {"E": "E_rev"}
    synaptic = {names.get(key, key): [each[key] for each in ports] for key in ports[0]}
    alone = [x for x in of if [*numbers.values()].count(numbers[x]) == 1 and course.recorded]
    recorded = {x: (course.recorded.format(numbers[x]), 1 / (course.unit * scale_)) for x in alone}
    return NestModel(**{**made, "recorded": recorded}, name=name, synaptic=synaptic, receptors=numbers)
