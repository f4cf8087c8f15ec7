"""Running the rate network: one unit a population or one a cell, until it rests."""

from __future__ import annotations

import numpy as np

from ..basics.session import run_network
from ..circuit.plasticity.averaged import averaged
from ..reduction.equations import BIN_
from ..reduction.reduced_circuit import FAR
from .rate_network import HELD, Couplings, LateRates, rate_groups, summed_synapses
from .shot_noise import COUNTED

# Step in units of the fastest time constant where only the rates at rest count: stable below 2, and rest does
# not depend on it
SETTLING = 0.5
#: Change of a state variable within the longest time constant, relative to its largest size, that counts as
#: rest; rates of cells travel as single floats.
REST, REST_OF_CELLS = 1e-10, 1e-6
BLOCK_ = 0.05  # s; the rates of single cells are kept as means over this


def runaway_message(names, rate_, bin_):
    """What grew, how fast, and in which proportion, from the last rates that were numbers.

    Where all are numbers, which of them went too far.
    """
    finite = np.isfinite(rate_).all(axis=0)
    number = int(np.argmin(finite))
    said = "the circuit runs away; weaken its excitation or start lower"
    # Bins until that, from a finite rate or at one stroke
    past = int(np.argmin((rate_ <= FAR).all(axis=0))) + 1
    if finite.all():
        last = rate_[:, -1]
        ends = ", ".join(f"{names[k]} {last[k] * 1e-3:.3g} kHz" for k in np.flatnonzero(last > FAR))
        return (
            f"the rates of the reduced model end at {ends}, past {FAR * 1e-3:g} kHz, which no cell fires at,"
            f" after {past * bin_ * 1e3:.4g} ms: {said}"
        )
    if number < 2:
        return (
            f"the rates of the reduced model grew beyond all bounds within {number * bin_ * 1e3:g} ms: {said}"
        )
    before, last = rate_[:, number - 2], rate_[:, number - 1]
    growing = [k for k in np.argsort(-last) if last[k] > 1.01 * before[k] and last[k] > 1e-3 * last.max()]
    tau_ = (
        bin_ / np.log(last[growing[0]] / before[growing[0]]) if growing and before[growing[0]] > 0 else bin_
    )
    share = (
        f" in the proportion {' : '.join(f'{last[k] / last.max():.2g}' for k in growing)}"
        if len(growing) > 1
        else ""
    )
    return (
        f"the rates of the reduced model grew beyond all bounds: {', '.join(names[k] for k in growing)}"
        f" grew{share} as exp(t / {1e3 * tau_:.3g} ms), past {FAR * 1e-3:g} kHz, which no cell fires at,"
        f" after {past * bin_ * 1e3:.4g} ms: {said}"
    )


class _Rest:
    """Stops a network of constant drives once no state variable moves any more; without a tolerance never."""

    def __init__(self, reduced, network, groups, rates, dt_, tolerance, delays=True):
        import brian2

        self.network, self.dt_, self.tolerance, self.time_ = network, dt_, tolerance, None
        self.variables = [
            group.variables[name] for group in groups.values() for name in group.equations.diff_eq_names
        ]
        self.last, self.scale = None, 0.0
        if tolerance is not None and not any(isinstance(rate, tuple) for rate in rates.values()):
            longest = max(
                [
                    *(float(np.asarray(tau)) for tau in reduced.tau.values()),
                    *(adapts.tau_ for adapts in reduced.adaptation.values()),
                    *(
                        p.delays.longest_
                        for name in reduced.populations
                        for p in reduced.circuit.pathways(name)
                        if delays
                    ),
                    *(
                        averaged(plasticity).slowest_
                        for name in reduced.populations
                        for plasticity in reduced.plastic_(name)
                    ),
                ],
                default=BIN_,
            )
            network.add(
                brian2.NetworkOperation(
                    self,
                    dt=max(1, round(longest / dt_)) * dt_ * brian2.second,
                    when="end",
                    order=1,
                    name="rest",
                )
            )

    def reached(self):
        """Whether the network has come to rest."""
        return self.time_ is not None

    def __call__(self):
        now = [np.array(variable.get_value()) for variable in self.variables]
        self.scale = np.maximum(self.scale, [np.max(np.abs(values)) for values in now])
        if self.last is not None and all(
            np.max(np.abs(a - b)) <= self.tolerance * size for a, b, size in zip(now, self.last, self.scale)
        ):
            self.time_ = np.asarray(self.network.t_).item() + self.dt_
            self.network.stop()
        self.last = now


def _padded(values, number):
    """Values over time with the last one repeated: at rest everything stays as it is."""
    return np.concatenate([values[:number], np.repeat(values[-1:], max(number - len(values), 0), axis=0)])


def run_populations(reduced, drives, dt_, start, bins, each, seed, bar, delays=True, finite=False):
    """(rates in bins, fraction of time outside, rates of drives, what stopped it, None) with one unit a
    population.
    """
    import brian2
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    network, groups, rates, _ = build_rate_network(reduced, drives, dt_, start, delays=delays, finite=finite)
    shown = COUNTED if finite else "r"
    monitors = {
        name: brian2.StateMonitor(
            group, shown, record=True, clock=group.clock, codeobj_class=NumpyCodeObject, name=f"r_of_{name}"
        )
        for name, group in groups.items()
    }
    places = {
        name: brian2.StateMonitor(
            group,
            reduced.kind.place(reduced, name),
            record=True,
            dt=each * dt_ * brian2.second,
            codeobj_class=NumpyCodeObject,
            name=f"place_of_{name}",
        )
        for name, group in groups.items()
    }
    network.add(*monitors.values(), *places.values())
    rest = _Rest(reduced, network, groups, rates, dt_, None if finite else REST, delays)
    report = bar.stage("rate network")
    run_network(network, bins * each * dt_, report=report, rested=rest.reached)
    rate_ = np.array(
        [
            _padded(getattr(monitors[name], f"{shown}_")[0], bins * each).reshape(bins, each).mean(axis=1)
            for name in reduced.populations
        ]
    )
    outside_ = {
        name: float(
            np.mean(
                _padded(
                    reduced.kind.outside(
                        reduced,
                        name,
                        {
                            variable: getattr(monitor, f"{variable}_")[0]
                            for variable in reduced.kind.place(reduced, name)
                        },
                    ),
                    bins,
                )
            )
        )
        for name, monitor in places.items()
    }
    return rate_, outside_, rates, rest, None


def run_cells(reduced, drives, dt_, start, bins, each, seed, bar, delays=True):
    """The same with one unit a cell, and {population: (cell, block)}."""
    import brian2

    network, groups, rates, couplings = build_rate_network(reduced, drives, dt_, start, seed, delays)
    report = bar.stage("rates of cells")
    block = max(1, round(BLOCK_ / dt_))
    means, sums, blocks, beyond = [], {}, {name: [] for name in groups}, {name: [] for name in groups}

    def record():
        means.append([rate.mean() for rate in couplings.rates_.values()])
        for name, rate in couplings.rates_.items():
            sums[name] = rate + sums.get(name, 0.0)
        if len(means) % block == 0:
            for name, group in groups.items():
                blocks[name].append((sums.pop(name) / block).astype(np.float32))
                beyond[name].append(
                    np.mean(
                        reduced.kind.outside(
                            reduced,
                            name,
                            {
                                variable: np.asarray(getattr(group, f"{variable}_")[:])
                                for variable in reduced.kind.place(reduced, name)
                            },
                        )
                    )
                )
            report(len(means) / (bins * each))

    network.add(
        brian2.NetworkOperation(record, clock=next(iter(groups.values())).clock, when="end", name="record")
    )
    rest = _Rest(reduced, network, groups, rates, dt_, REST_OF_CELLS, delays)
    run_network(network, bins * each * dt_, rested=rest.reached)
    rate_ = _padded(np.array(means), bins * each).reshape(bins, each, -1).mean(axis=1).T
    whole, cells, outside_ = int(np.ceil(bins * each / block)), {}, {}
    for name, group in groups.items():
        # The block that was begun ends at rest, or with the run.
        cells[name] = _padded(np.array([*blocks[name], couplings.rates_[name].astype(np.float32)]), whole).T
        last = np.mean(
            reduced.kind.outside(
                reduced,
                name,
                {
                    variable: np.asarray(getattr(group, f"{variable}_")[:])
                    for variable in reduced.kind.place(reduced, name)
                },
            )
        )
        outside_[name] = float(np.mean(_padded(np.array([*beyond[name], last]), whole)))
    return rate_, outside_, rates, rest, cells


def build_rate_network(reduced, drives, dt_, initial=None, seed=1, delays=True, finite=False):
    """(network, groups, rates of drives, Couplings or None)."""
    import brian2

    rates = reduced.drive_rates_(drives)
    groups = rate_groups(reduced, rates, dt_, initial, seed, finite)
    once_a_step = lambda call, **settings: brian2.NetworkOperation(
        call, clock=next(iter(groups.values())).clock, **settings
    )
    if not reduced.cells:
        synapses, late = summed_synapses(reduced, groups, finite), LateRates(reduced, groups, dt_)
        own = (
            [once_a_step(late, when="groups", order=HELD, name="late_rates")] if delays and late.held else []
        )
        return brian2.Network(*groups.values(), *synapses, *own), groups, rates, None
    couplings = Couplings(reduced, groups, seed, dt_, delays)
    operation = once_a_step(couplings, when="start", order=1, name="couplings")
    return brian2.Network(*groups.values(), operation), groups, rates, couplings
