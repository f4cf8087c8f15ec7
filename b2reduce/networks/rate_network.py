"""The Brian2 objects of the rate network: a group per population, and what carries rates between them."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..basics.units import with_units
from ..circuit.drive_rates import rate_at
from ..circuit.wiring import draw_sizes, draw_wiring, ones_matrix
from ..reduction.equations import rate_equations, rate_values, start_values_, step_statements
from ..reduction.rate_filters import filters
from .shot_noise import COUNTED, count_spikes, equations_of

# Within the slot of groups: Brian2 adds up summed variables at -1, and units move on at 0
HELD = -0.5

__all__ = ["HELD", "Couplings", "LateRates", "rate_groups", "summed_synapses"]


def rate_groups(reduced, rates, dt_, initial=None, seed=0, finite=False):
    """{population: NeuronGroup} without couplings: one unit each, or with `reduced.cells` one a cell.

    Parameters
    ----------
    rates : mapping of (drive, target) to rate or table
    initial : mapping of str to float, optional
        Rates in Hz to start from; by default there was no input before.
    seed : int
        Of what differs between cells.
    finite : bool
        Whether populations count the spikes of as many cells as they have.
    """
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    tables = {name for (name, _), rate in rates.items() if isinstance(rate, tuple)}
    clock = brian2.Clock(dt=dt_ * brian2.second, name="b2reduce_rate_clock")
    groups = {}
    for name in reduced.populations:
        namespace = {}
        incoming = {drive: rate for (drive, target), rate in rates.items() if target == name}
        for drive, rate in incoming.items():
            if drive in tables:
                last = float(np.asarray(rate[0])[-1]) if isinstance(rate, tuple) else 0.0
                grid = np.arange(int(np.ceil(max(last, 0.0) / dt_)) + 2) * dt_
                namespace[f"rate_{drive}"] = brian2.TimedArray(
                    rate_at(rate, grid) * brian2.Hz, dt=dt_ * brian2.second
                )
        values, functions = rate_values(reduced, name)
        equations = rate_equations(reduced, name, tables)
        # An expression that is asked for from outside is compiled anew every time
        kept = ["r", *(f"sent_{key}" for key in reduced.plastic_(name).values())] if reduced.cells else []
        equations = "\n".join([equations, *(f"{variable}_now : Hz" for variable in kept)])
        # A few units cost less than a compilation, and thousands are numpy's work as well.
        group = brian2.NeuronGroup(
            reduced.circuit.populations[name].size if reduced.cells else 1,
            equations_of(equations) if finite else equations,
            method="exponential_euler",
            namespace={**namespace, **functions},
            name=f"rate_{name}",
            clock=clock,
            codeobj_class=NumpyCodeObject,
        )
        values.update(
            {
                f"rate_{drive}": (
                    float(np.asarray(rate))
                    * (reduced.circuit.drive_weights_(drive, name, seed) if reduced.cells else 1.0)
                )
                for drive, rate in incoming.items()
                if drive not in tables
            }
        )
        values.update(start_values_(reduced, name, set(group.equations.diff_eq_names), rates, initial))
        for key, value in values.items():
            group.variables[key].set_value(value)
        if statements := step_statements(reduced, name):
            # Before monitors, which then see the rate of the same time as the state.
            group.run_regularly(
                "\n".join(statements),
                clock=clock,
                when="start",
                order=-1,
                codeobj_class=NumpyCodeObject,
                name=f"rate_of_{name}",
            )
        if kept:
            group.run_regularly(
                "\n".join(f"{variable}_now = {variable}" for variable in kept),
                clock=clock,
                when="start",
                order=0,
                codeobj_class=NumpyCodeObject,
                name=f"kept_of_{name}",
            )
        if finite:
            count_spikes(reduced, name, group)
        groups[name] = group
    return groups


def summed_synapses(reduced, groups, finite=False):
    """Synapses between the single units of the populations."""
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    synapses = []
    for target, group in groups.items():
        for f in _brought(reduced, target):
            sent = COUNTED if finite else f.brought
            if f"r_from_{f.input}" in group.variables:
                model, namespace = f"r_from_{f.input}_post = {sent}_pre : Hz (summed)", {}
            else:
                area = reduced.circuit.per_area(target)
                model, namespace = (
                    f"I_{f.input}_post = W*{sent}_pre : {'amp/meter**2' if area else 'amp'} (summed)",
                    {"W": with_units(reduced.charge_(f), "C/m^2" if area else "C")},
                )
            synapse = brian2.Synapses(
                groups[f.source],
                group,
                model,
                namespace=namespace,
                name=f"W_{f.input}_to_{target}",
                clock=group.clock,
                codeobj_class=NumpyCodeObject,
            )
            synapse.connect(i=[0], j=[0])
            synapses.append(synapse)
    return synapses


def _brought(reduced, target):
    """The filters of projections onto a population, one for each variable that brings rates."""
    return {f.input: f for f in filters(reduced, target) if not f.is_drive}.values()


class LateRates:
    """Holds back what synapses have just brought to single units, by their delays.

    Between steps rates are straight; before the start they were what they are at it.
    """

    def __init__(self, reduced, groups, dt_):
        self.begun, self.held = False, []
        for target, group in groups.items():
            for f in _brought(reduced, target):
                if not f.delays.none:
                    variable = group.variables[
                        next(
                            name for name in (f"r_from_{f.input}", f"I_{f.input}") if name in group.variables
                        )
                    ]
                    weights = f.delays.steps_(dt_)
                    self.held.append((variable, weights, np.zeros(len(weights))))

    def __call__(self):
        """Once a step, between what is brought and what it does."""
        for variable, weights, past in self.held:
            now = float(np.asarray(variable.get_value()).item())
            past[1:] = past[:-1] if self.begun else now
            past[0] = now
            variable.set_value(past @ weights)
        self.begun = True


class Couplings:
    """Sets what every unit receives from the units that its cell's wiring names: sum_j w_ij r_j with w_ij =
    W/K (equation 11.28), times the size of the synapse over their mean.

    Rates travel as single floats through sparse matrices of ones, which is what memory can keep up with.
    Where synapses have delays, there is a matrix for those that bring what was sent so many steps ago; a
    delay between two steps is shared among both. Before the start rates were what they are at it.
    """

    def __init__(self, reduced, groups, seed, dt_, delays=True):
        self.groups, self.couplings, self.rates_, self.past, self.longest = groups, [], {}, {}, {}
        wiring = draw_wiring(reduced.circuit, seed)
        sizes = draw_sizes(reduced.circuit, wiring, seed)
        for target, group in groups.items():
            for f in filters(reduced, target):
                if f.is_drive:
                    continue
                pathway = f.pathways[0]
                label = pathway.label
                ones = [
                    (steps, ones_matrix(reduced.circuit, own, f.source, target, size))
                    for steps, own, size in _by_steps(
                        wiring[label], sizes.get(label), dt_ if delays else None
                    )
                ]
                filtered = f"r_from_{f.input}" in group.variables
                variable = group.variables[f"{'r_from' if filtered else 'I'}_{f.input}"]
                sent = f.source, f.brought
                self.longest[sent] = max(self.longest.get(sent, 0), *(steps for steps, _ in ones))
                self.couplings.append(
                    (sent, ones, (1.0 if filtered else reduced.weight_(pathway)) / pathway.K, variable)
                )

    def __call__(self):
        """Once a step: read all rates, hand them on."""
        kept = lambda name, variable: self.groups[name].variables[f"{variable}_now"].get_value()
        self.rates_ = {name: kept(name, "r").copy() for name in self.groups}
        now = {(name, "r"): rate.astype(np.float32) for name, rate in self.rates_.items()}
        for sent, steps in self.longest.items():
            value = now[sent] if sent in now else kept(*sent).astype(np.float32)
            past = self.past.setdefault(sent, deque([value] * (steps + 1), maxlen=steps + 1))
            past.appendleft(value)
        for sent, ones, factor, variable in self.couplings:
            past = self.past[sent]
            variable.set_value(factor * sum(matrix @ past[steps] for steps, matrix in ones))


def _by_steps(wiring, sizes, dt_):
    """[(number of steps, wiring of the synapses that are so late, their sizes or None)] of a projection.

    Without a time step all are there at once.
    """
    i, j, delay_ = wiring
    late = np.zeros(i.size) if dt_ is None else np.broadcast_to(delay_, i.shape) / dt_
    if not late.any():
        return [(0, wiring, sizes)]
    before, sizes = np.floor(late + 1e-9), np.ones(i.size) if sizes is None else sizes
    found = []
    for steps in range(int(before.max()) + 2):
        share = np.maximum(1 - np.abs(late - steps), 0.0)
        own = share > 1e-9
        if own.any():
            found.append((steps, (i[own], j[own], 0.0), (sizes * share)[own]))
    return found
