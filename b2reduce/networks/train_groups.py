"""The sources of spikes of drives whose trains cells share, or that were recorded."""

from __future__ import annotations

from ..circuit.drive_wiring import relative_rates

__all__ = ["train_groups", "train_rates_", "train_sources"]


def train_groups(circuit, dt_, clock):
    """{label of a drive: group of its trains}, as Brian2 users write them: a PoissonGroup, whose trains spike
    at most once a step, or a SpikeGeneratorGroup.

    They spike where cells do, before synapses act, so that their spikes arrive in the same step, as events of
    independent trains do.
    """
    groups, found = {}, {}
    for symbol, drive in train_sources(circuit):
        make = _poisson if drive.spikes is None else _recorded
        groups[drive] = make(drive, f"trains_{symbol}", dt_, clock)
    for drive in circuit.drives:
        if drive.by_trains:
            source = next(each for each in groups if drive.same_trains(each))
            found[f"{drive.name}->{drive.target}"] = groups[source]
    return found


def train_sources(circuit):
    """[symbol, drive] of every set of trains: of drives that have the same ones the first."""
    found = []
    for drive in circuit.drives:
        if drive.by_trains and not any(drive.same_trains(each) for _, each in found):
            label = f"{drive.name}->{drive.target}"
            pathway = next(p for p in circuit.pathways(drive.target) if p.label == label)
            found.append((pathway.symbol, drive))
    return found


def _poisson(drive, name, dt_, clock):
    import brian2

    drive.check_step(dt_)
    if drive.constant:  # the values of `train_rates_` take its place
        return brian2.PoissonGroup(drive.trains, 0 * brian2.Hz, clock=clock, name=name)
    table = f"table_of_{name}"
    rates = brian2.TimedArray(
        drive.rate_at_(drive.grid_(dt_)) * brian2.Hz, dt=dt_ * brian2.second, name=table
    )
    return brian2.PoissonGroup(drive.trains, f"{table}(t)", clock=clock, name=name, namespace={table: rates})


def _recorded(drive, name, dt_, clock):
    import brian2

    trains = drive.spikes
    steps = trains.steps(dt_, f"drive {drive.name}->{drive.target}")
    return brian2.SpikeGeneratorGroup(
        trains.number, trains.i, steps * dt_ * brian2.second, clock=clock, name=name
    )


def train_rates_(circuit, seed=None):
    """{(group, "rates"): rates of shared trains in Hz}; with a seed of those that differ, else of others."""
    found = {}
    for symbol, drive in train_sources(circuit):
        differ = drive.differing_rates is not None
        if drive.spikes is None and drive.constant and differ == (seed is not None):
            weights = relative_rates(circuit, drive, seed) if differ else 1.0
            found[f"trains_{symbol}", "rates"] = drive.rate_ * weights
    return found
