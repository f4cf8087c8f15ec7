"""The cells of a population with their own Poisson drives, as a group of Brian2."""

from __future__ import annotations

from ..circuit.spike_counts import watched_equations

__all__ = ["cell_group", "differing_parameters"]


def cell_group(circuit, name, dt_, clock):
    """The NeuronGroup of a population."""
    import brian2

    population, pathways = circuit.populations[name], circuit.pathways(name)
    drives = {
        p: drive for p in pathways if p.is_drive and not (drive := circuit.drive(p.source, name)).by_trains
    }
    written, watch = watched_equations(population.model, _equations(circuit, name, drives))
    namespace, events = dict(written.namespace), written.events
    for p, drive in drives.items():
        if not drive.constant:
            table, rate, values = _table(p, drive, dt_)
            namespace[table] = brian2.TimedArray(values, dt=dt_ * brian2.second, name=table)
            events = events.replace(f"rate_syn_{p.symbol}*dt", f"{rate}*dt")
    group = brian2.NeuronGroup(
        population.size,
        written.equations,
        threshold=written.threshold,
        reset=written.reset,
        refractory=written.refractory,
        method=written.method,
        namespace=namespace,
        clock=clock,
        name=name,
    )
    if watch:
        group.run_regularly(watch, clock=clock, when="before_thresholds", name=f"counts_of_{name}")
    if events:
        group.run_regularly(events, clock=clock, when="synapses", name=f"drives_of_{name}")
    return group


def differing_parameters(circuit, name):
    """Names of parameters of a population's cells of which each cell has a value of its own."""
    found = set(circuit.populations[name].model.spreads)
    for p in circuit.pathways(name):
        drive = circuit.drive(p.source, name) if p.is_drive else None
        if drive is None or drive.by_trains:
            continue
        if drive.uneven or drive.sizes is not None:
            found.add(f"rate_syn_{p.symbol}")
        if drive.sizes is not None:
            found |= {f"{key}_syn_{p.symbol}" for key in p.sized}
    return found


def _equations(circuit, name, drives):
    """Those of the cell with its synapses; what differs between cells has a value in each."""
    model, differ = circuit.populations[name].model, differing_parameters(circuit, name)
    synapses = {p.symbol: p.synapse for p in circuit.pathways(name)}
    shared = [
        key
        for symbol, synapse in synapses.items()
        for value in (*synapse.variables_, "rate")
        if (key := f"{value}_syn_{symbol}") not in differ
    ]
    per_cell = [key for key in model.spreads if key != model.input]
    return model.cell_equations(
        synapses, per_cell=per_cell, shared=shared, poisson=[p.symbol for p in drives]
    )


def _table(pathway, drive, dt_):
    """(name of a table, the rate of all events of a cell in terms of it, its values)."""
    import brian2

    table, rate_ = f"table_{pathway.symbol}", drive.rate_at_(drive.grid_(dt_))
    if drive.sizes is None:
        return table, f"{table}(t)", pathway.K * rate_ * brian2.Hz
    # Cells differ in the number of their events: the rate of each holds it, in Hz, and the table has no unit
    return table, f"{table}(t)*rate_syn_{pathway.symbol}", rate_
