"""The Brian2 objects of the rate network: a group per population, and what carries rates between them."""

from __future__ import annotations

import numpy as np

from ..basics.units import with_units
from ..circuit.drive_rates import rate_at
from ..circuit.wiring import draw_sizes, draw_wiring, ones_matrix
from ..reduction.equations import rate_assignment, rate_equations, rate_values, start_values_
from ..reduction.rate_filters import filters

__all__ = ["Couplings", "rate_groups", "summed_synapses"]


def rate_groups(reduced, rates, dt_, initial=None):
    """{population: NeuronGroup} without couplings: one unit each, or with `reduced.cells` one a cell.

    Parameters
    ----------
    rates : mapping of (drive, target) to rate or table
    initial : mapping of str to float, optional
        Rates in Hz to start from; by default there was no input before.
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
        # A few units cost less than a compilation, and thousands are numpy's work as well.
        group = brian2.NeuronGroup(
            reduced.circuit.populations[name].size if reduced.cells else 1,
            rate_equations(reduced, name, tables),
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
                    * (reduced.circuit.drive_weights_(drive, name) if reduced.cells else 1.0)
                )
                for drive, rate in incoming.items()
                if drive not in tables
            }
        )
        values.update(start_values_(reduced, name, set(group.equations.diff_eq_names), rates, initial))
        for key, value in values.items():
            group.variables[key].set_value(value)
        if statement := rate_assignment(reduced, name):
            # Before monitors, which then see the rate of the same time as the state.
            group.run_regularly(
                statement,
                clock=clock,
                when="start",
                order=-1,
                codeobj_class=NumpyCodeObject,
                name=f"rate_of_{name}",
            )
        groups[name] = group
    return groups


def summed_synapses(reduced, groups):
    """Synapses between the single units of the populations."""
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    synapses = []
    for target, group in groups.items():
        for f in {f.input: f for f in filters(reduced, target) if not f.is_drive}.values():
            if f"r_from_{f.input}" in group.variables:
                model, namespace = f"r_from_{f.input}_post = {f.brought}_pre : Hz (summed)", {}
            else:
                area = reduced.circuit.per_area(target)
                model, namespace = (
                    f"I_{f.input}_post = W*{f.brought}_pre : {'amp/meter**2' if area else 'amp'} (summed)",
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


class Couplings:
    """Sets what every unit receives from the units that its cell's wiring names: sum_j w_ij r_j with w_ij =
    W/K (equation 11.28), times the size of the synapse over their mean.

    Rates travel as single floats through sparse matrices of ones, which is what memory can keep up with.
    """

    def __init__(self, reduced, groups, seed):
        self.groups, self.couplings, self.rates_ = groups, [], {}
        wiring = draw_wiring(reduced.circuit, seed)
        sizes = draw_sizes(reduced.circuit, wiring, seed)
        for target, group in groups.items():
            for f in filters(reduced, target):
                if f.is_drive:
                    continue
                pathway = f.pathways[0]
                label = pathway.label
                ones = ones_matrix(reduced.circuit, wiring[label], f.source, target, sizes.get(label))
                filtered = f"r_from_{f.input}" in group.variables
                variable = group.variables[f"{'r_from' if filtered else 'I'}_{f.input}"]
                self.couplings.append(
                    (
                        (f.source, f.brought),
                        ones,
                        (1.0 if filtered else reduced.weight_(pathway)) / pathway.K,
                        variable,
                    )
                )

    def __call__(self):
        """Once a step: read all rates, hand them on."""
        self.rates_ = {name: np.array(group.r_[:]) for name, group in self.groups.items()}
        single = {(name, "r"): rate.astype(np.float32) for name, rate in self.rates_.items()}
        for sent, ones, factor, variable in self.couplings:
            if sent not in single:
                single[sent] = np.asarray(self.groups[sent[0]].state(sent[1], False)[:], dtype=np.float32)
            variable.set_value(factor * (ones @ single[sent]))
