"""What must be true of a circuit as a whole."""

from __future__ import annotations

from ..basics.arguments import described, require
from ..basics.errors import CircuitError, unknown_name
from .parts import Drive, Population, Projection
from .read_values import NAME
from .sizes import mean_of
from .starting_values import check_starts


def check_circuit(circuit):
    """Raise a `CircuitError` unless names are free, ends exist, units fit and enough cells are there."""
    if not circuit.populations:
        raise CircuitError("populations: there is none")
    for name, population in circuit.populations.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise CircuitError(
                f"populations: got the name {described(name)}, expected letters, digits and underscores"
            )
        require(population, Population, f"populations.{name}", CircuitError)
    for kind, entries, type_ in (
        ("projection", circuit.projections, Projection),
        ("drive", circuit.drives, Drive),
    ):
        for entry in entries:
            require(entry, type_, f"{kind}s", CircuitError)
            source = entry.name if kind == "drive" else entry.source
            key = f"{kind} {source}->{entry.target}"
            for end in ("target",) if kind == "drive" else ("source", "target"):
                if getattr(entry, end) not in circuit.populations:
                    raise CircuitError(
                        f"{key}, {end}:"
                        f" {unknown_name('population', getattr(entry, end), circuit.populations)}"
                    )
            model = circuit.populations[entry.target].model
            for parameter in entry.synapse_kind.parameters:
                if parameter.name not in entry.parameters:
                    continue
                value = mean_of(entry.parameters[parameter.name])
                parameter.check(value, model, key)
                if parameter.name == entry.synapse_kind.size and entry.factor < 0:
                    parameter.check(entry.factor * value, model, f"{key}, wiring, weight times")
    check_starts(circuit)
    for kind, entries in (("projection", circuit.projections), ("drive", circuit.drives)):
        for entry in entries:
            ends = [entry.target, entry.source] if kind == "projection" else [entry.target]
            if entry.profile is not None and (
                plain := [name for name in ends if circuit.populations[name].feature is None]
            ):
                raise CircuitError(
                    f"{kind} {entry.name if kind == 'drive' else entry.source}->{entry.target}, profile:"
                    f" the population {plain[0]} has no feature; "
                    f'give it feature = "orientation"'
                )
    for projection in circuit.projections:
        if projection.wiring is not None:
            ends = (projection.source, projection.target)
            cells = [circuit.populations[name].size for name in ends]
            projection.wiring.check_sizes(*ends, cells, f"projection {'->'.join(ends)}")
            continue
        if projection.profile is not None:
            others = circuit.populations[projection.source].size - projection.profile.largest * (
                projection.source == projection.target
            )
            share = (
                projection.in_degree / max(others, 1)
                if projection.in_degree is not None
                else projection.probability
            ) * projection.profile.largest
            if share > 1:
                raise CircuitError(
                    f"projection {projection.source}->{projection.target}, profile: the nearest cells"
                    f" would be connected with a probability of {share:.3g}, expected at most 1; lower"
                    " the in-degree, widen the profile or enlarge the population"
                )
        available = circuit.available(projection)
        if projection.probability is not None and available == 0:
            raise CircuitError(
                f"projection {projection.source}->{projection.target}: no cell is available without"
                " self-connection; enlarge the population"
            )
        if projection.in_degree is not None and projection.in_degree > available:
            raise CircuitError(
                f"projection {projection.source}->{projection.target}, in_degree: got"
                f" {projection.in_degree}, but only {available} cells are available without"
                " self-connection; lower it or enlarge the population"
            )
    names = [(drive.name, drive.target) for drive in circuit.drives]
    for name, target in names:
        if names.count((name, target)) > 1:
            raise CircuitError(f"drive {name}->{target}: occurs twice; give the two different names")
        if name in circuit.populations:
            raise CircuitError(f"drive {name}: has the name of a population; choose another")
    for drive in circuit.drives:
        drive.check_cells(circuit.populations[drive.target].size, drive.target, float(circuit.dt))
    symbols = {}
    for pathway in (pathway for name in circuit.populations for pathway in circuit.pathways(name)):
        other = symbols.setdefault(pathway.symbol, pathway.label)
        if other != pathway.label:
            raise CircuitError(
                f"populations: {other} and {pathway.label} would both be called {pathway.symbol} in"
                " equations; rename one of them"
            )
