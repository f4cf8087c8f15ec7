"""The Brian2 objects of the rate network: a group per population, and what carries rates between them."""

from __future__ import annotations

import numpy as np

from ..circuit.circuit import rate_at
from ..reduction.equations import carrier, filters, rate_assignment, rate_equations, rate_values
from ..circuit.wiring import draw_wiring

__all__ = ["Couplings", "automatic_dt_", "mean_response_", "is_outside", "place", "outside", "rate_groups", "start_values_", "summed_synapses"]

BIN_ = 1e-3  # s
STEP = 0.1  # time step in units of the fastest time constant, feedback included


def automatic_dt_(reduced, step=STEP):
    """A step of 1 ms over a whole number, at most `step` of the fastest time constant of the network with its feedback.

    Within a step the input is held, so that the step must resolve tau/(1 + beta sum |W|).
    """
    taus = [float(np.asarray(value)) for value in reduced.tau.values()]
    taus += [response.best.fastest_ for response in reduced.responses.values()] if reduced.tau_choice == "resonant" else []
    feedback = 0.0
    for target in reduced.populations:
        beta = float(np.asarray(reduced.gains[target].beta))
        beta = reduced.adaptation[target].onset_slope_(beta) if target in reduced.adaptation else beta
        feedback = max(feedback, abs(beta) * sum(abs(W) for (to, _), W in reduced.W_.items() if to == target))
    return BIN_ / int(np.ceil(BIN_ / (step * min(taus, default=BIN_) / (1 + feedback))))


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
                namespace[f"rate_{drive}"] = brian2.TimedArray(rate_at(rate, grid) * brian2.Hz, dt=dt_ * brian2.second)
        values, functions = rate_values(reduced, name)
        # A few units cost less than a compilation, and thousands are numpy's work as well.
        group = brian2.NeuronGroup(reduced.circuit.populations[name].size if reduced.cells else 1, rate_equations(reduced, name, tables),
                                   method="exponential_euler", namespace={**namespace, **functions}, name=f"rate_{name}", clock=clock, codeobj_class=NumpyCodeObject)
        values.update({f"rate_{drive}": float(np.asarray(rate)) * (reduced.circuit.drive_weights_(drive, name) if reduced.cells else 1.0)
                       for drive, rate in incoming.items() if drive not in tables})
        values.update(start_values_(reduced, name, set(group.equations.diff_eq_names), rates, initial))
        for key, value in values.items():
            group.variables[key].set_value(value)
        if statement := rate_assignment(reduced, name):
            # Before monitors, which then see the rate of the same time as the state.
            group.run_regularly(statement, clock=clock, when="start", order=-1, codeobj_class=NumpyCodeObject, name=f"rate_of_{name}")
        groups[name] = group
    return groups


def start_values_(reduced, population, variables, rates, initial):
    """{variable: SI value} that a population starts from: rates in Hz that have long been, or, with None, no input before.

    Parameters
    ----------
    variables : set of str
        That have differential equations.
    rates : mapping of (drive, target) to rate or table
    initial : mapping of str to float or None
    """
    values = {}
    if "mu" in variables:
        values["mu"] = -reduced.theta_[population] if initial is None else float(reduced.gains[population].inverse_(initial[population]))
    elif initial is not None:
        held = {f.key: float(rate_at(rates[f.source, population], 0.0) if f.is_drive else initial[f.source]) for f in filters(reduced, population)}
        values.update({f"{variable}_{key}": rate for key, rate in held.items() for variable in (("s", "x") if reduced.tau_choice == "resonant" else ("s",))})
    if (adapts := reduced.adaptation.get(population)) is not None:
        # From rest nothing has adapted yet; at a given rate all has.
        start = 0.0 if initial is None else initial[population]
        if "mu" in values:
            values["mu"] += adapts.a_0_
        values["a"] = adapts.J_ * start + adapts.a_0_ * (start > 0)
    return values


def summed_synapses(reduced, groups):
    """Synapses between the single units of the populations."""
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    synapses = []
    for target, group in groups.items():
        for source in dict.fromkeys(p.source for p in reduced.circuit.pathways(target) if not p.is_drive):
            if f"r_from_{source}" in group.variables:
                model, namespace = f"r_from_{source}_post = r_pre : Hz (summed)", {}
            else:
                unit = "amp/meter**2" if reduced.circuit.per_area(target) else "amp"
                model, namespace = f"I_{source}_post = W*r_pre : {unit} (summed)", {"W": reduced.W[target, source]}
            synapse = brian2.Synapses(groups[source], group, model, namespace=namespace, name=f"W_{source}_to_{target}", clock=group.clock,
                                      codeobj_class=NumpyCodeObject)
            synapse.connect(i=[0], j=[0])
            synapses.append(synapse)
    return synapses


class Couplings:
    """Sets what every unit receives from the units that its cell's wiring names: sum_j w_ij r_j with w_ij = W/K (equation 11.28).

    Rates travel as single floats through sparse matrices of ones, which is what memory can keep up with.
    """

    def __init__(self, reduced, groups, seed):
        self.groups, self.couplings, self.rates_ = groups, [], {}
        wiring = draw_wiring(reduced.circuit, seed)
        for target, group in groups.items():
            for f in filters(reduced, target):
                if f.is_drive:
                    continue
                pathway = f.pathways[0]
                ones = _ones(reduced.circuit, wiring[pathway.label], f.source, target)
                filtered = f"r_from_{f.input}" in group.variables
                variable = group.variables[f"{'r_from' if filtered else 'I'}_{f.input}"]
                self.couplings.append((f.source, ones, (1.0 if filtered else reduced.weight_(pathway)) / pathway.K, variable))

    def __call__(self):
        """Once a step: read all rates, hand them on."""
        self.rates_ = {name: np.array(group.r_[:]) for name, group in self.groups.items()}
        single = {name: rate.astype(np.float32) for name, rate in self.rates_.items()}
        for source, ones, factor, variable in self.couplings:
            variable.set_value(factor * (ones @ single[source]))


def _ones(circuit, projection_wiring, source, target):
    """Sparse matrix (target, source) with a one for every synapse."""
    from scipy.sparse import csr_matrix

    i, j, _ = projection_wiring
    return csr_matrix((np.ones(i.size, np.float32), (j.astype(np.int32), i.astype(np.int32))), shape=(circuit.populations[target].size, circuit.populations[source].size))


def mean_response_(reduced, cell_rates, drives_, seed):
    """{population: mean rate in Hz} that the gains give where cells fire at given rates, each cell with the inputs that its wiring names.

    Parameters
    ----------
    cell_rates : mapping of str to ndarray, shape (cell,)
        Hz.
    drives_ : mapping of (drive, target) to float
    seed : int
        Of the wiring.
    """
    circuit, wiring, found = reduced.circuit, draw_wiring(reduced.circuit, seed), {}
    for target in circuit.populations:
        carried = {p.label: drives_[p.source, target] * circuit.drive_weights_(p.source, target) if p.is_drive else _ones(circuit, wiring[p.label], p.source, target) @ cell_rates[p.source] / p.K
                   for p in circuit.pathways(target)}
        found[target] = float(np.mean(reduced.functions_[target](*reduced.carried_arguments_(target, carried))))
    return found


def place(reduced, population):
    """Variables that say where in the measured range a population is."""
    if reduced.level == "surface":
        return ["I", "g"]
    return [carrier(reduced, f) for f in filters(reduced, population)] if reduced.level == "transfer" else ["r"]


def outside(reduced, population, values):
    """Whether units are outside of what was measured: of the window of rates, the surface, or the presynaptic rates.

    Parameters
    ----------
    values : mapping of str to ndarray
        Of the variables that `place` names.
    """
    if reduced.level in ("linear", "gain"):
        lo, hi = (float(np.asarray(rate)) for rate in reduced.gains[population].rates)
        return (values["r"] < lo) | (values["r"] > hi)
    if reduced.level == "surface":
        return reduced.functions_[population].outside(values["I"], values["g"])
    sources, arguments = filters(reduced, population), []
    for axis in reduced.axes_(population):
        terms = [(axis.factor(f.pathways), values[carrier(reduced, f)]) for f in sources]
        arguments.append(sum(factor * value for factor, value in terms if factor))
    return reduced.functions_[population].outside(*arguments)


def is_outside(reduced, population, rates_, drives_):
    """Whether a population at rest is outside of what was measured, at rates in Hz of populations and of (drive, target)."""
    arguments = reduced.arguments_(population, rates_, drives_)
    if reduced.level in ("linear", "gain"):
        return bool(outside(reduced, population, {"r": rates_[population]}))
    return bool(reduced.functions_[population].outside(*arguments))
