"""Circuits as data: populations, projections between them, and Poisson drives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from ..basics.arguments import described
from ..basics.display import quantity_text, sheet_html, sheet_text
from ..basics.errors import CircuitError
from ..basics.files import named_file, read_toml
from ..basics.frozen import FrozenDict, put
from ..basics.provenance import content_hash
from ..basics.units import si_label
from .circuit_checks import check_circuit
from .circuit_reading import circuit_arguments
from .circuit_text import circuit_tables, circuit_to_dict, circuit_toml, save_circuit
from .drive_wiring import relative_rates
from .library import find_data_file
from .parameter_names import replaced, value_of
from .parts import Drive
from .pathway import pathways_onto
from .read_values import check_step, read_quantity

if TYPE_CHECKING:
    from ..basics.types import PathLike
    from .parts import Population, Projection
    from .types import CircuitLike

__all__ = ["Circuit", "load_circuit"]


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
    >>> from b2reduce import Drive, Population
    >>> pyramidal = Population(model="lif", size=100)
    >>> external = Drive(name="ext", target="E", inputs=200, rate="10 Hz", G="0.5 nS", tau="5 ms", E="0 mV")
    >>> circuit = Circuit(populations={"E": pyramidal}, drives=[external])
    >>> circuit.replace({"drive.ext.rate": "12 Hz"}).drives[0].rate
    12. * hertz
    """

    populations: Mapping[str, Population]
    projections: Sequence[Projection] = ()
    drives: Sequence[Drive] = ()
    name: str = "inline"
    title: str = ""
    cite: tuple = ()
    dt: Any = "0.1 ms"
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
            check_circuit(self)
        except CircuitError as error:
            raise CircuitError(f"{self._where}, {error}") from None
        put(self, drives=tuple(drive.onto(self.populations[drive.target].size) for drive in self.drives))

    @property
    def _where(self):
        return f"circuit {described(self.name)}" + (f" ({self.source})" if self.source else "")

    def available(self, projection: Projection) -> Any:
        """Cells that a projection could connect to one target cell."""
        return self.populations[projection.source].size - (projection.source == projection.target)

    def K(self, projection: Projection) -> float:
        """Inputs per target cell, the mean where they differ."""
        if projection.wiring is not None:
            return projection.wiring.number / self.populations[projection.target].size
        return (
            float(projection.in_degree)
            if projection.in_degree is not None
            else projection.probability * self.available(projection)
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Label of every projection, in order; parallel ones are numbered from the second."""
        labels: list[str] = []
        seen: dict[str, int] = {}
        for projection in self.projections:
            plain = f"{projection.source}->{projection.target}"
            seen[plain] = seen.get(plain, 0) + 1
            labels.append(plain if seen[plain] == 1 else f"{plain}#{seen[plain]}")
        return tuple(labels)

    @property
    def drive_names(self) -> tuple[str, ...]:
        """Names of the drives, each once."""
        return tuple(dict.fromkeys(drive.name for drive in self.drives))

    def drive(self, name: str, target: str) -> Drive:
        """The drive of this name on this population."""
        return next(drive for drive in self.drives if (drive.name, drive.target) == (name, target))

    @property
    def drives_(self) -> dict[tuple[str, str | None], float]:
        """{(drive, target): rate of one train in the long run, Hz}."""
        return {(drive.name, drive.target): drive.rate_ for drive in self.drives}

    def drive_weights_(self, name: str, target: str, seed: int = 0) -> Any:
        """Rate of a drive on each cell over its mean: 1, or an array over cells (drawn with the seed)."""
        drive = self.drive(name, target)
        if drive.profile is not None:
            return drive.profile(self.populations[target].angles_)
        return relative_rates(self, drive, seed) if drive.uneven else 1.0

    def per_area(self, population: str) -> bool:
        """Whether a population's conductances are per area."""
        return si_label(self.populations[population].model.conductance_dim) == "S/m^2"

    def pathways(self, target: str) -> Any:
        """All inputs of a population, drives first."""
        known = self._pathways  # asked for at every look at the rates of a reduction
        return list(known.get(target) or known.setdefault(target, pathways_onto(self, target)))

    @cached_property
    def _pathways(self) -> dict[str, list]:
        return {}

    @property
    def synapse_kinds(self) -> Any:
        """The kinds of synapses that it has, each once: subclasses of `Synapse`."""
        return tuple(dict.fromkeys(entry.synapse_kind for entry in (*self.projections, *self.drives)))

    @property
    def synaptic_delays_(self) -> Any:
        """{pathway label: mean delay of its synapses in s}; of one of first order its time constant."""
        return {p.label: p.synapse.filter.delay_ for name in self.populations for p in self.pathways(name)}

    def replace(self, changes: Mapping[str, Any] | None = None, **more) -> Circuit:
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
        return replaced(self, changes, **more)

    def value(self, name: str) -> Any:
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
        return value_of(self, name)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what the TOML file says, with the models written out."""
        return circuit_to_dict(self)

    def to_toml(self) -> str:
        """The circuit as the text of a TOML file that `load_circuit` reads back to the same values.

        Cells of the package are named, with what was changed of their parameters; others are written out.

        Examples
        --------
        >>> "[populations.E]" in load_circuit("ei_lif").to_toml()
        True
        """
        return circuit_toml(self)

    def to_latex(self, document: bool = True) -> str:
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

    def save(self, path: PathLike) -> None:
        """Write `to_toml` into a file that ends in .toml, for `load_circuit` and the command line (aside
        first, then renamed), and wiring that is given into npz files beside it.
        """
        save_circuit(self, named_file(path, ".toml"))

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
    def from_dict(cls, data: Mapping[str, Any], source: str = "") -> Circuit:
        """Build from the content of a TOML file; unknown keys are errors.

        A population's model is a name, a path relative to the file, or a neuron written out.
        """
        return cls(**circuit_arguments(data, source))

    @property
    def hash(self) -> str:
        """Short hash of everything that decides the circuit's behaviour."""
        return content_hash(
            {key: value for key, value in self.to_dict().items() if key not in ("title", "cite")}
        )


def load_circuit(name: CircuitLike) -> Circuit:
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
