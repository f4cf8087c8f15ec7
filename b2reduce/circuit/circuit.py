"""Circuits as data: populations, projections between them, and Poisson drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from dataclasses import replace as dataclass_replace
from html import escape
from pathlib import Path

import numpy as np

from ..basics.arguments import described, mapping, require
from ..basics.display import quantity_text, sheet_html, sheet_text
from ..basics.errors import CircuitError, InputError, unknown_name
from ..basics.files import named_file, read_toml, write_text
from ..basics.frozen import FrozenDict
from ..basics.provenance import content_hash
from ..basics.units import format_quantity, si_label, with_units
from .circuit_text import circuit_tables, circuit_toml
from .library import find_data_file
from .neuron import NeuronModel, load_model
from .parameter_names import FIELDS, chosen, resolve
from .parts import (
    NAME,
    NEEDED,
    Drive,
    Pathway,
    Population,
    Projection,
    check_step,
    put,
    read_quantity,
    text_of,
)

__all__ = ["Circuit", "drives_of", "load_circuit"]

#: Keys of a circuit's file, and of its populations.
KEYS, POPULATION_KEYS = (
    ("kind", "name", "title", "cite", "dt", "populations", "projections", "drives"),
    ("model", "size", "parameters", "feature"),
)


@dataclass(frozen=True, eq=False)
class Circuit:
    """A network as data: what `simulate_spikes` runs and `reduce` reduces.

    Parameters
    ----------
    populations : dict of str to Population
    projections : sequence of Projection
    drives : sequence of Drive
    name, title : str
    cite : sequence of str
    dt : Quantity or str
        Time step of the spiking network and of the gains measured for it.

    Raises
    ------
    CircuitError
        If a name is unknown, a unit is wrong, or more inputs are asked for than there are cells.

    Examples
    --------
    >>> pyramidal = Population(model="lif", size=100)
    >>> external = Drive(name="ext", target="E", inputs=200, rate="10 Hz", G="0.5 nS", tau="5 ms", E="0 mV")
    >>> circuit = Circuit(populations={"E": pyramidal}, drives=[external])
    >>> circuit.replace({"drive.ext.rate": "12 Hz"}).drives[0].rate
    12. * hertz
    """

    populations: Mapping
    projections: tuple = ()
    drives: tuple = ()
    name: str = "inline"
    title: str = ""
    cite: tuple = ()
    dt: object = "0.1 ms"
    source: str = field(default="", repr=False)

    def __post_init__(self):
        for key, kinds, what in (
            ("populations", Mapping, "a table of populations"),
            ("projections", (list, tuple), "a list: write [[projections]] in a file"),
            ("drives", (list, tuple), "a list: write [[drives]] in a file"),
            ("name", str, "text"),
            ("title", str, "text"),
            ("cite", (str, list, tuple), "a list of texts"),
        ):
            if not isinstance(getattr(self, key), kinds):
                raise CircuitError(
                    f"{self._where}, {key}: got {described(getattr(self, key))}, expected {what}"
                )
        put(
            self,
            populations=FrozenDict(dict(self.populations)),
            projections=tuple(self.projections),
            drives=tuple(self.drives),
            cite=(self.cite,) if isinstance(self.cite, str) else tuple(self.cite),
        )
        try:
            put(self, dt=read_quantity(self.dt, "s", "dt", positive=True))
            check_step(float(self.dt), CircuitError)
            self._check()
        except CircuitError as error:
            raise CircuitError(f"{self._where}, {error}") from None

    @property
    def _where(self):
        return f"circuit {described(self.name)}" + (f" ({self.source})" if self.source else "")

    def _check(self):
        if not self.populations:
            raise CircuitError("populations: there is none")
        for name, population in self.populations.items():
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise CircuitError(
                    f"populations: got the name {described(name)}, expected letters, digits and underscores"
                )
            require(population, Population, f"populations.{name}", CircuitError)
        for kind, entries, type_ in (
            ("projection", self.projections, Projection),
            ("drive", self.drives, Drive),
        ):
            for entry in entries:
                require(entry, type_, f"{kind}s", CircuitError)
                source = entry.name if kind == "drive" else entry.source
                key = f"{kind} {source}->{entry.target}"
                for end in ("target",) if kind == "drive" else ("source", "target"):
                    if getattr(entry, end) not in self.populations:
                        raise CircuitError(
                            f"{key}, {end}:"
                            f" {unknown_name('population', getattr(entry, end), self.populations)}"
                        )
                dim = self.populations[entry.target].model.conductance_dim
                got = getattr(entry.G, "dim", None)
                if got is not dim or entry.G < 0:
                    raise CircuitError(
                        f"{key}, G: got {entry.G}, expected a conductance of at least 0 in {si_label(dim)},"
                        " as the leak of its target"
                    )
        for kind, entries in (("projection", self.projections), ("drive", self.drives)):
            for entry in entries:
                ends = [entry.target, entry.source] if kind == "projection" else [entry.target]
                if entry.profile is not None and (
                    plain := [name for name in ends if self.populations[name].feature is None]
                ):
                    raise CircuitError(
                        f"{kind} {entry.name if kind == 'drive' else entry.source}->{entry.target}, profile:"
                        f" the population {plain[0]} has no feature; "
                        f'give it feature = "orientation"'
                    )
        for projection in self.projections:
            if projection.profile is not None:
                others = self.populations[projection.source].size - projection.profile.largest * (
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
            available = self._available(projection)
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
        names = [(drive.name, drive.target) for drive in self.drives]
        for name, target in names:
            if names.count((name, target)) > 1:
                raise CircuitError(f"drive {name}->{target}: occurs twice; give the two different names")
            if name in self.populations:
                raise CircuitError(f"drive {name}: has the name of a population; choose another")
        symbols = {}
        for pathway in (pathway for name in self.populations for pathway in self.pathways(name)):
            other = symbols.setdefault(pathway.symbol, pathway.label)
            if other != pathway.label:
                raise CircuitError(
                    f"populations: {other} and {pathway.label} would both be called {pathway.symbol} in"
                    " equations; rename one of them"
                )

    def _available(self, projection):
        return self.populations[projection.source].size - (projection.source == projection.target)

    def K(self, projection):
        """Inputs per target cell."""
        return (
            float(projection.in_degree)
            if projection.in_degree is not None
            else projection.probability * self._available(projection)
        )

    @property
    def labels(self):
        """Label of every projection, in order; parallel ones are numbered from the second."""
        labels, seen = [], {}
        for projection in self.projections:
            plain = f"{projection.source}->{projection.target}"
            seen[plain] = seen.get(plain, 0) + 1
            labels.append(plain if seen[plain] == 1 else f"{plain}#{seen[plain]}")
        return tuple(labels)

    @property
    def drive_names(self):
        """Names of the drives, each once."""
        return tuple(dict.fromkeys(drive.name for drive in self.drives))

    def drive(self, name, target):
        """The drive of this name on this population."""
        return next(drive for drive in self.drives if (drive.name, drive.target) == (name, target))

    def drive_weights_(self, name, target):
        """Rate of a drive on each cell over its mean: 1, or an array over cells where it has a profile."""
        profile = self.drive(name, target).profile
        return 1.0 if profile is None else profile(self.populations[target].angles_)

    def per_area(self, population):
        """Whether a population's conductances are per area."""
        return si_label(self.populations[population].model.conductance_dim) == "S/m^2"

    def pathways(self, target):
        """All inputs of a population, drives first."""
        si = lambda entry: tuple(float(np.asarray(getattr(entry, name))) for name in ("G", "tau", "E"))
        drives = [
            Pathway(f"{d.name}->{target}", target, d.name, True, float(d.inputs), *si(d))
            for d in self.drives
            if d.target == target
        ]
        return drives + [
            Pathway(label, target, p.source, False, self.K(p), *si(p))
            for label, p in zip(self.labels, self.projections)
            if p.target == target
        ]

    def replace(self, changes=None, **more):
        """A changed copy.

        Parameters
        ----------
        changes : dict
            ``"drive.ext.rate"`` (all drives of that name) or ``"drive.ext->E.rate"``,
            ``"projection.I->E.G"``, ``"population.E.size"``, ``"population.E.V_th"``, ``"dt"``, ``"name"``.

        Raises
        ------
        CircuitError
            If a name is unknown; the known ones are listed.
        """
        circuit = self
        changes = (
            {}
            if changes is None
            else mapping(changes, f"{self._where}, changes", '{"drive.ext.rate": 12*Hz}', CircuitError)
        )
        seen = {}
        for key, value in {**changes, **more}.items():
            if not isinstance(key, str):
                raise CircuitError(
                    f"{self._where}, changes: got the name {described(key)}, expected text such as"
                    ' "drive.ext.rate"'
                )
            if (same := seen.setdefault(key.replace(":", "->"), key)) != key:
                raise CircuitError(
                    f"{self._where}, changes: got {same!r} and {key!r}, which are one parameter; give it once"
                )
            try:
                circuit = circuit._replace_one(key, value)
            except CircuitError as error:
                message = str(error)
                raise (
                    error
                    if message.startswith("circuit ")
                    else CircuitError(f"{self._where}, {key}: {message}")
                ) from None
        return circuit

    def _replace_one(self, key, value):
        kind, _, rest = key.partition(".")
        if kind in ("dt", "name", "title") and not rest:
            return dataclass_replace(self, **{kind: value})
        kind, which, attribute = resolve(self, key, CircuitError, more=" or dt")
        if kind == "population":
            old = self.populations[which]
            new = (
                Population(old.model, value, old.parameters, old.feature)
                if attribute == "size"
                else old.with_parameter(attribute, value)
            )
            return dataclass_replace(self, populations={**self.populations, which: new})
        if attribute not in FIELDS[kind]:
            raise CircuitError(unknown_name("field", attribute, FIELDS[kind]))
        changes = {attribute: value}
        if attribute in ("in_degree", "probability"):
            changes[{"in_degree": "probability", "probability": "in_degree"}[attribute]] = None
        entries = tuple(
            dataclass_replace(entry, **changes) if hit else entry
            for hit, entry in zip(chosen(self, kind, which), getattr(self, f"{kind}s"))
        )
        return dataclass_replace(self, **{f"{kind}s": entries})

    def value(self, name):
        """The value of a parameter by its dotted name, as `replace` takes it.

        Parameters
        ----------
        name : str

        Returns
        -------
        Quantity, int or float

        Raises
        ------
        CircuitError
            If there is no such parameter, it is no single number, or several drives of the name differ in it.

        Examples
        --------
        >>> load_circuit("ei_lif").value("projection.I->E.G")
        2. * nsiemens
        """
        kind, which, attribute = resolve(
            self, name, lambda message: CircuitError(f"{self._where}, {name}: {message}")
        )
        if kind == "population":
            population = self.populations[which]
            known = {"size": population.size, **population.model.parameters}
            known.setdefault(population.model.input, with_units(0.0, population.model.current_dim))
            entries, found = [which], [known.get(attribute)]
        else:
            known, entries = (
                FIELDS[kind],
                [entry for hit, entry in zip(chosen(self, kind, which), getattr(self, f"{kind}s")) if hit],
            )
            found = [getattr(entry, attribute, None) for entry in entries]
        if attribute not in known:
            raise CircuitError(
                f"{self._where}, {name}:"
                f" {unknown_name('parameter' if kind == 'population' else 'field', attribute, known)}"
            )
        if any(
            np.ndim(value) or not isinstance(value, (int, float, np.number, np.ndarray)) for value in found
        ):
            raise CircuitError(
                f"{self._where}, {name}: has no single number as its value, but {described(found[0])}"
            )
        if any(other != found[0] for other in found):
            raise CircuitError(
                f"{self._where}, {name}: stands for {', '.join(map(quantity_text, found))}, expected one"
                f" value; name the target as well, as in drive.{which}->{entries[0].target}.{attribute}"
            )
        return found[0]

    def to_dict(self):
        """Plain data: what the TOML file says, with the models written out."""
        projections = []
        for projection in self.projections:
            entry = {item.name: text_of(getattr(projection, item.name)) for item in fields(projection)}
            entry["delay"] = [format_quantity(value) for value in projection.delay]
            projections.append({key: value for key, value in entry.items() if value is not None})
        return {
            "kind": "circuit",
            "name": self.name,
            "title": self.title,
            "cite": list(self.cite),
            "dt": format_quantity(self.dt),
            "populations": {
                name: {
                    "model": p.model.to_dict(),
                    "size": p.size,
                    **({"feature": p.feature} if p.feature else {}),
                }
                for name, p in self.populations.items()
            },
            "projections": projections,
            "drives": [drive.to_dict() for drive in self.drives],
        }

    def to_toml(self):
        """The circuit as the text of a TOML file that `load_circuit` reads back to the same values.

        Cells of the package are named, with what was changed of their parameters; others are written out.

        Examples
        --------
        >>> "[populations.E]" in load_circuit("ei_lif").to_toml()
        True
        """
        return circuit_toml(self)

    def to_latex(self, document=True):
        """Tables of the network for a paper: summary, populations, projections, drives, cells (Nordlie et al.
        2009, PLoS Comput Biol 5:e1000456).

        Parameters
        ----------
        document : bool
            Whether it compiles by itself; else it is what stands between \\begin{document} and
            \\end{document}, and needs amsmath and graphicx.
        """
        from .circuit_latex import circuit_latex

        return circuit_latex(self, document)

    def save(self, path):
        """Write `to_toml` into a file that ends in .toml, for `load_circuit` and the command line (aside
        first, then renamed).
        """
        write_text(named_file(path, ".toml"), self.to_toml())

    @property
    def _title(self):
        return f"Circuit({self.name!r}{f', {self.title}' if self.title else ''}; dt {quantity_text(self.dt)})"

    def __repr__(self):
        return "\n".join([self._title, *(sheet_text(*table) for table in circuit_tables(self))])

    def _repr_html_(self):
        return f"<p><b>{escape(self._title)}</b></p>" + "".join(
            sheet_html(*table) for table in circuit_tables(self)
        )

    @classmethod
    def from_dict(cls, data, source=""):
        """Build from the content of a TOML file; unknown keys are errors.

        A population's model is a name, a path relative to the file, or a neuron written out.
        """
        data = dict(data)
        where = f"circuit {data.get('name', Path(source).stem or 'inline')!r}" + (
            f" ({source})" if source else ""
        )

        def check(content, known, key):
            if not isinstance(content, Mapping):
                raise CircuitError(f"{where}, {key}: got {described(content)}, expected a table")
            for name in content:
                if name not in known:
                    raise CircuitError(f"{where}, {key}{name}: {unknown_name('key', name, known)}")
            return dict(content)

        check(data, KEYS, "")
        kind = data.pop("kind", "circuit")
        if kind != "circuit":
            raise CircuitError(f'{where}, kind: got {kind!r}, expected kind = "circuit"')
        populations = {}
        for name, entry in check(
            data.get("populations", {}), data.get("populations", {}), "populations"
        ).items():
            entry = check(entry, POPULATION_KEYS, f"populations.{name}.")
            for key in ("model", "size"):
                if key not in entry:
                    raise CircuitError(f"{where}, populations.{name}: the key {key!r} is missing")
            model = entry.pop("model")
            try:
                if isinstance(model, Mapping):
                    model = NeuronModel.from_dict(model)
                else:
                    model = load_model(model, relative_to=Path(source).parent if source else None)
                populations[name] = Population(model, **entry)
            except InputError as error:
                raise CircuitError(f"{where}, populations.{name}: {error}") from None
        lists = {}
        for kind, type_ in (("projections", Projection), ("drives", Drive)):
            lists[kind] = []
            if not isinstance(data.get(kind, []), (list, tuple)):
                raise CircuitError(
                    f"{where}, {kind}: got {described(data[kind])}, expected a list of tables: write"
                    f" [[{kind}]]"
                )
            known = [item.name for item in fields(type_)]
            for number, entry in enumerate(data.get(kind, ()), start=1):
                entry = check(entry, known, f"{kind}, entry {number}: ")
                for key in NEEDED[type_]:
                    if key not in entry:
                        raise CircuitError(f"{where}, {kind}, entry {number}: the key {key!r} is missing")
                try:
                    lists[kind].append(type_(**entry))
                except InputError as error:
                    raise CircuitError(f"{where}, {error}") from None
        rest = {key: data[key] for key in ("title", "cite", "dt") if key in data}
        return cls(
            populations=populations,
            **lists,
            **rest,
            name=data.get("name", Path(source).stem or "inline"),
            source=str(source),
        )

    @property
    def hash(self):
        """Short hash of everything that decides the circuit's behaviour."""
        return content_hash(
            {key: value for key, value in self.to_dict().items() if key not in ("title", "cite")}
        )


def drives_of(drives, where, none=False):
    """A tuple of Drives from one or several, or, where that may be, from none."""
    if drives is None and none:
        return ()
    drives = (drives,) if isinstance(drives, (Drive, Mapping)) else drives
    if not isinstance(drives, (list, tuple)):
        require(drives, Drive, where)
    return tuple(require(drive, Drive, f"{where}, entry {number}") for number, drive in enumerate(drives))


def load_circuit(name):
    """Read a circuit from ``models/circuits`` or from a TOML file.

    Parameters
    ----------
    name : str or path
        A name that `list_models` shows, or a path ending in ``.toml``.

    Raises
    ------
    CircuitError
        If the name is unknown (the known ones are listed) or the file is faulty (the file and the key are
        named).

    Examples
    --------
    >>> load_circuit("ei_lif").populations["E"].size
    4000
    """
    if isinstance(name, Circuit):
        return name
    path = find_data_file(name, "circuits", CircuitError)
    return Circuit.from_dict(read_toml(path, CircuitError), source=str(path))
