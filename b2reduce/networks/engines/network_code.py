"""C++ of a spiking network: its cells from the equations, its synapses and trains from the circuit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from ...cells.engine.codegen import MOST_ENTRIES, filled
from ...cells.engine.rendering import NotExpressible, renderer
from ...cells.engine.sources import kept_code
from ..cell_groups import differing_parameters
from ..spiking_network import recorded_of
from ..train_groups import train_sources

__all__ = ["Group", "NetworkSource", "ProjectionCode", "TrainsCode", "network_source"]

RELEASED = "released_stp"


@dataclass(frozen=True)
class Group:
    """The cells of a population.

    Attributes
    ----------
    id, name : str
    code : CellCode
    shared, differing : tuple of str
        Names, with m_ before them, of what all cells have in common, and of what each has for itself.
    drives : tuple of DriveCode
    plastic : tuple of PlasticCode
    recorded : tuple of str
    """

    id: str
    name: str
    code: object
    shared: tuple
    differing: tuple
    drives: tuple
    plastic: tuple
    recorded: tuple

    @property
    def variables(self):
        return [f"m_{name}" for name in self.code.variables]

    @property
    def uniform(self):
        """Invariants that are the same in all cells."""
        return {
            name for name, (text, _) in self.code.invariants.items() if not _mentioned(text, self.differing)
        }

    @property
    def random(self):
        return bool(self.drives or self.code.draws)

    @property
    def normals(self):
        return [k for k, kind in enumerate(self.code.draws) if kind == "randn"]

    @property
    def kept(self):
        """Numbers of the random numbers that a reset needs."""
        return [
            k for k in range(len(self.code.draws)) if _mentioned(" ".join(self.code.reset), [f"drawn_{k}"])
        ]


@dataclass(frozen=True)
class DriveCode:
    """Poisson trains that every cell has to itself."""

    id: str
    symbol: str
    name: str  #: of the drive
    jumps: tuple  #: (variable, size, whether it is lost while the cell is refractory)
    differs: bool  #: whether the cells' rates differ
    table: bool  #: whether they change in time


@dataclass(frozen=True)
class PlasticCode:
    """Short-term plasticity of the synapses of a projection, which those of one source have in common."""

    id: str
    label: str
    variables: tuple
    constants: tuple
    lines: tuple


@dataclass(frozen=True)
class TrainsCode:
    """A set of trains that cells share, or that were recorded."""

    id: str
    name: str
    recorded: bool


@dataclass(frozen=True)
class ProjectionCode:
    """Synapses between two groups, or from trains."""

    id: str
    name: str
    source: str
    target: str
    jumps: tuple
    shared: tuple
    differing: tuple
    sized: bool
    plastic: str  #: id of its plasticity, or ""
    factor: str  #: of the size of its events, or ""


@dataclass(frozen=True)
class NetworkSource:
    """The text of a network, and the names of its arrays in the order in which it asks for them."""

    text: str
    groups: tuple
    trains: tuple
    projections: tuple
    arrays: tuple


def _mentioned(text, names):
    found = set(re.findall(r"\w+", text))
    return tuple(name for name in names if name in found)


def network_source(circuit, dt_):
    """The NetworkSource of a circuit.

    Raises
    ------
    NotExpressible
        If a population has equations that have no native form.
    """
    numbers, by_label, trains = {}, {}, train_sources(circuit)
    for number, name in enumerate(circuit.populations):
        numbers[name], jumps = _group(circuit, name, f"Group_{number}", dt_)
        by_label.update(jumps)
    groups = list(numbers.values())
    sets = [
        TrainsCode(f"Trains_{k}", symbol, drive.spikes is not None)
        for k, (symbol, drive) in enumerate(trains)
    ]
    source_of = {label: numbers[each.source].id for label, each in zip(circuit.labels, circuit.projections)}
    entries = dict(zip(circuit.labels, circuit.projections))
    for each in circuit.drives:
        if each.by_trains:
            label = f"{each.name}->{each.target}"
            entries[label] = each
            source_of[label] = next(
                code.id for code, (_, drive) in zip(sets, trains) if drive.same_trains(each)
            )
    plastic = {each.label: each.id for group in groups for each in group.plastic}
    # Brian2 takes objects of one time in the order of their names
    projections = [
        _projection(number, label, entries[label], source_of[label], numbers, by_label, plastic)
        for number, label in enumerate(sorted(entries, key=lambda label: by_label[label][0]))
    ]
    arrays = []

    def at(name):
        if name not in arrays:
            arrays.append(name)
        return arrays.index(name)

    text = filled(
        _template(),
        most_entries=MOST_ENTRIES,
        random=True,
        groups=groups,
        trains=sets,
        projections=projections,
        at=at,
    )
    return NetworkSource(text, tuple(groups), tuple(sets), tuple(projections), tuple(arrays))


@lru_cache(maxsize=1)
def _template():
    return resources.files("b2reduce.networks.engines").joinpath("network.cpp").read_text(encoding="utf-8")


def _projection(number, label, entry, source, groups, by_label, plastic):
    target, jumps = groups[entry.target], by_label[label][1]
    factors = [*(["sizes[k]"] if entry.differing else []), *([f"m_{RELEASED}"] if label in plastic else [])]
    whole = "m_factor*({})" if factors else "{}"
    text = " ".join(size for _, size, _ in jumps)
    return ProjectionCode(
        f"deliver_{number}",
        label,
        source,
        target.id,
        tuple((name, whole.format(size), held) for name, size, held in jumps),
        _mentioned(text, target.shared),
        _mentioned(text, target.differing),
        entry.differing,
        plastic.get(label, ""),
        "*".join(factors),
    )


def _group(circuit, name, id_, dt_):
    """(Group, {label: (symbol, jumps)} of the pathways onto it)."""
    model, pathways = circuit.populations[name].model, circuit.pathways(name)
    differing = differing_parameters(circuit, name)
    synapses = {p.symbol: p.synapse for p in pathways}
    own = {p: circuit.drive(p.source, name) for p in pathways if p.is_drive}
    own = {p: drive for p, drive in own.items() if not drive.by_trains}
    per_cell = [key for key in model.spreads if key != model.input]
    code = kept_code(model, per_cell, synapses, dt_, [p.symbol for p in own])
    known = [f"m_{each}" for each in (*code.constants, *code.parameters)]
    differ = tuple(each for each in known if each[2:] in differing)
    jumps = {
        p.symbol: tuple((variable, size, variable in code.held) for variable, size in each.items())
        for p, each in zip(pathways, code.jumps)
    }
    variables = {f"m_{each}" for each in code.variables}
    recorded = tuple(f"m_{variable}" for variable, _ in recorded_of(circuit, name).values())
    if missing := [each[2:] for each in recorded if each not in variables]:
        raise NotExpressible(f"{', '.join(missing)}, which is recorded, is no state variable")
    group = Group(
        id_,
        name,
        code,
        tuple(each for each in known if each not in differ),
        differ,
        tuple(
            DriveCode(
                f"{id_}.{p.symbol}",
                p.symbol,
                drive.name,
                jumps[p.symbol],
                f"rate_syn_{p.symbol}" in differing,
                not drive.constant,
            )
            for p, drive in own.items()
        ),
        tuple(
            _plastic(f"Plastic_{k}", label, each.plasticity)
            for k, (label, each) in enumerate(zip(circuit.labels, circuit.projections))
            if each.source == name and each.plasticity is not None
        ),
        recorded,
    )
    return group, {p.label: (p.symbol, jumps[p.symbol]) for p in pathways}


def _plastic(id_, label, plasticity):
    """How plasticity goes on from one spike of its source to the next.

    Between spikes its variables follow linear equations, whose solutions are exponentials.
    """
    import sympy

    render, constants = renderer().render_expr, tuple(f"m_{key}" for key in plasticity.variables_)
    variables, lines = [], []
    for line in plasticity.equations():
        name, right = re.fullmatch(r"d(\w+)/dt = (.*) : 1 \(event-driven\)", line).groups()
        own = sympy.Symbol(name)
        known = {key: sympy.Symbol(key) for key in plasticity.variables_} | {
            name: own,
            "second": sympy.Integer(1),
        }
        right = sympy.sympify(right, locals=known)
        decay, rest = sympy.diff(right, own), sympy.simplify(right.subs(own, 0))
        if decay.has(own):
            raise NotExpressible(f"{label}: the equation of {name} is not linear")
        limit = render(str(sympy.simplify(-rest / decay)))
        lines.append(f"m_{name} = {limit} + (m_{name} - ({limit}))*exp(({render(str(decay))})*wait);")
        variables.append(f"m_{name}")
    for line in plasticity.at_spike():
        name, operation, right = re.fullmatch(r"(\w+) ([-+*]?=) (.*)", line).groups()
        declared = "" if f"m_{name}" in variables else "const double "
        lines.append(f"{declared}m_{name} {operation} {render(right)};")
    return PlasticCode(id_, label, tuple(variables), constants, tuple(lines))
