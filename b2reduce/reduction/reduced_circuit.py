"""The rate model of a circuit: its parameters, its equations, and the rates that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..basics.arguments import require
from ..basics.codec.documents import read_document, write_document
from ..basics.display import sheet_html, sheet_text
from ..basics.fields import Flag, Listed, Many, Mapped, Measured, Number, Of, Plain, Row, Text
from ..basics.frozen import FrozenDict, Record
from ..circuit.circuit import Circuit
from .current_law import CurrentLaw
from .dynamics.register import DYNAMICS
from .equations import rate_equations
from .frozen import replaced_model
from .levels.register import LEVELS
from .model_table import model_table, model_title
from .rate_functions import RateFunctions
from .uncertainty import standard_errors

if TYPE_CHECKING:
    from typing import Any

    from brian2 import Quantity

    from ..basics.types import Drives, PathLike, QuantityLike
    from ..cells.gain_fit import GainFit
    from ..cells.surface import FISurface
    from .levels.base import Level

__all__ = ["ReducedCircuit"]

FAR = 1e4  # Hz; beyond it activity has run away


@dataclass(frozen=True, eq=False)
class ReducedCircuit(CurrentLaw, RateFunctions, Record):
    """The rate model of a circuit: tau dmu/dt = -mu + W r + W_ext r_ext - theta, r = f(mu).

    Attributes
    ----------
    populations : tuple of str
    W : mapping of (target, source), or "source->target", to Quantity
        Charge by which one hertz of a source population moves the current of a target cell, C or C/m^2:
        the sum over parallel projections of K G tau (E - E_leak - v_theta). Absent pairs are 0.
    W_ext : mapping of (target, drive), or "drive->target", to Quantity
        The same for drives; multiplies the rate of one input train.
    theta : mapping of str to Quantity
        Threshold current I_theta + g_leak v_theta - I_const, A or A/m^2.
    tau : mapping of str to Quantity
        Time constant of each population, or of each pathway where tau filters every pathway.
    responses, moving, answers : mapping of str to LinearResponse, MovingResponse, SourceResponse
        How cells follow their mean current at the operating point, at other rates, and the rates of synapses.
    operating_rate, operating_I, operating_g : mapping of str to Quantity
        Where the gains were measured: rate, mean current, mean total leak.
    noise_free_rate : mapping of str to Quantity
        Rate of the cell at that mean current and leak without any noise.
    gains : mapping of str to GainFit
        Of levels "surface" and "transfer" the tangent at the operating point, to which W and theta belong.
    surfaces : mapping of str to FISurface
        What the gains were fitted to; at level "surface" what answers.
    transfers : mapping of str to TransferFunction
        At level "transfer" what answers: rates over the rates of all sources, noise included.
    moving_response : mapping of (target, source) to float
        d rate/d rate of the source at the operating point with the noise moving along, to hold against beta W
        of frozen noise; empty where the gains were not measured in noise.
    cv2 : mapping of str to float
        Squared CV of the intervals that recurrent trains were taken to have, by population: as the cells fire
        with noise "renewal", else 1.
    others : tuple of mapping
        Rates of other operating points, where there are several.
    cells : bool
        Whether `simulate_rates` runs one unit a cell on the spiking network's wiring instead of one a
        population.
    adaptation : mapping of str to Adaptation
        Of the populations whose cells adapt, where that was asked for: the gains are those of the steady
        state, and the current that adaptation takes away is a variable of its own.
    operating_covariance : mapping of (str, str) to float
        Of the errors of the operating rates, Hz^2, as the loop makes them; empty without noise.
    operating_out_sem : mapping of str to float
        Standard error, Hz, of the rates that the cells gave there, before the loop multiplies it.
    stderr : mapping of str to mapping
        Standard errors, with units: ``"W"``, ``"W_ext"``, ``"theta"``, ``"v_theta"``, ``"beta"``, ``"tau"``
        and ``"rates"`` (of the rates at rest), keyed as the values themselves. What chance in the
        measurements makes of them; not what the premises of the reduction make of them, which
        `check_premises` weighs.
    moved : mapping of str to Quantity
        By how much the gain of each population, as it was measured around the operating point, lay above the
        operating rate there before it was made to pass through it; empty where it was not.
    pathways : pandas.DataFrame
        One row a projection or drive: target, source, K, G, tau, E, W, W_stderr, unit.
    warnings, circuit, level, noise, tau_choice, provenance
        What was said, and what was asked for.
    """

    circuit: Circuit
    gains: Mapping[str, GainFit]
    surfaces: Mapping[str, FISurface]
    tau: Mapping[Any, Any]
    tau_choice: str
    operating_rate: Mapping[str, Quantity]
    operating_I: Mapping[str, Quantity]
    operating_g: Mapping[str, Quantity]
    noise_free_rate: Mapping
    at: Mapping
    level: str
    noise: str
    warnings: list
    provenance: Mapping
    transfers: Mapping = field(default_factory=dict)
    moving_response: Mapping = field(default_factory=dict)
    cv2: Mapping = field(default_factory=dict)
    others: tuple = ()
    cells: bool = False
    adaptation: Mapping = field(default_factory=dict)
    responses: Mapping = field(default_factory=dict)
    answers: Mapping = field(default_factory=dict)
    moving: Mapping = field(default_factory=dict)
    operating_covariance: Mapping = field(default_factory=dict)
    operating_out_sem: Mapping = field(default_factory=dict)

    FIELDS = FrozenDict(
        circuit=Of("Circuit"),
        gains=Mapped(Text, Of("GainFit")),
        surfaces=Mapped(Text, Of("FISurface")),
        tau=Mapped(Text, Measured("s")),
        tau_choice=Text,
        operating_rate=Mapped(Text, Measured("Hz")),
        operating_I=Mapped(Text, Measured("A", "A/m^2")),
        operating_g=Mapped(Text, Measured("S", "S/m^2")),
        noise_free_rate=Mapped(Text, Measured("Hz")),
        at=Mapped(Text, Measured("Hz")),
        level=Text,
        noise=Text,
        warnings=Listed(Text),
        provenance=Plain,
        transfers=Mapped(Text, Of("TransferFunction")),
        moving_response=Mapped(Row(Text, Text), Number),
        cv2=Mapped(Text, Number),
        others=Many(Mapped(Text, Number)),
        cells=Flag,
        adaptation=Mapped(Text, Of("Adaptation")),
        responses=Mapped(Text, Of("LinearResponse")),
        answers=Mapped(Text, Of("SourceResponse")),
        moving=Mapped(Text, Of("MovingResponse")),
        operating_covariance=Mapped(Row(Text, Text), Number),
        operating_out_sem=Mapped(Text, Number),
    )

    @property
    def kind(self) -> Level:
        """The `Level` of that name."""
        return LEVELS[self.level]

    @property
    def dynamics(self) -> Any:
        """The `RateDynamics` of that name."""
        return DYNAMICS[self.tau_choice]

    @property
    def by_pathway(self) -> bool:
        """Whether every pathway has a time constant of its own."""
        return self.dynamics.by_pathway

    @property
    def dt_(self) -> float:
        """Time step of the measurements, s."""
        return self.provenance["dt [s]"]

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the populations."""
        return tuple(self.circuit.populations)

    @property
    def equations(self) -> Mapping[str, str]:
        """{population: the Brian2 equations that `simulate_rates` runs}."""
        tables = {drive.name for drive in self.circuit.drives if not drive.constant}
        return {name: rate_equations(self, name, tables) for name in self.populations}

    @cached_property
    def stderr(self) -> Mapping[str, Mapping[Any, Quantity]]:
        """{what: {key: standard error}}, with units."""
        return standard_errors(self)

    def replace(self, changes: Mapping[str, Any] | None = None, **more) -> ReducedCircuit:
        """The rate model of a changed circuit, with the gains as they were measured: frozen.

        Parameters
        ----------
        changes : dict
            As `Circuit.replace` takes them. Cells must stay what they are but for their constant current and
            their leak conductance, which the law has as I and g; at level "transfer" these and synapses must
            as well.

        Returns
        -------
        ReducedCircuit
            Its operating rates are those at which the gains were measured, not where it rests;
            `simulate_rates` and `fixed_points` say that, and `what_if` compares it with a reduction made
            anew.

        Raises
        ------
        InputError
            If a name is unknown, or the gains do not belong to the changed cells.

        Examples
        --------
        >>> from brian2 import nS
        >>> from b2reduce import reduce
        >>> reduced = reduce("ei_lif", noise="none")
        >>> float(reduced.replace({"projection.I->E.G": 4*nS}).W["I->E"] / reduced.W["I->E"])
        2.0
        """
        return replaced_model(self, changes, **more)

    def to_script(
        self,
        kind: str = "brian2",
        *,
        duration: QuantityLike = "2 s",
        drives: Drives | None = None,
        initial: Any = None,
        dt: QuantityLike | None = None,
    ) -> str:
        """A script that runs this rate model without b2reduce.

        Parameters
        ----------
        kind : {"brian2", "numpy", "xpp", "pyrates", "latex"}
            Of "xpp" the file ends in .ode; "latex" is what `to_latex` gives; the others are Python. The
            tables of levels "surface" and "transfer" go into "brian2" and "numpy" only. Others can be added:
            ``reduction.exporters.register``.
        duration : Quantity
        drives, initial, dt
            As in `simulate_rates`, whose rates "brian2" and "numpy" give step for step; "xpp" and "pyrates"
            integrate by their own methods, and agree as the step becomes small.

        Returns
        -------
        str
            Run with the name of a file, the Python scripts write the rates there as CSV.

        Raises
        ------
        InputError
            If the kind is unknown or cannot hold this model, or there is one unit a cell.

        Examples
        --------
        >>> from b2reduce import reduce
        >>> "mu_E" in reduce("ei_lif", noise="none").to_script("numpy")
        True
        """
        from .exporters.export import exported

        return exported(self, kind, duration=duration, drives=drives, initial=initial, dt=dt)

    def to_pyrates(self, **settings) -> str:
        """``to_script("pyrates")``: the model as a CircuitTemplate of PyRates."""
        return self.to_script("pyrates", **settings)

    def to_latex(self, document: bool = True) -> str:
        """The equations with their numbers and delays, and tables of the network, for a paper.

        Parameters
        ----------
        document : bool
            Whether it compiles by itself; else it is what stands between \\begin{document} and
            \\end{document}, and needs amsmath and graphicx.
        """
        from .exporters.latex import rate_model_latex

        return rate_model_latex(self, document)

    def save(self, path: PathLike) -> None:
        """Write as JSON (aside first, then renamed)."""
        write_document(self, path)

    @classmethod
    def load(cls, path: PathLike) -> ReducedCircuit:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If it cannot be read, or was changed since it was written; the message names the file and the key.
        """
        return require(read_document(path), cls, f"{path}")

    def __repr__(self):
        return sheet_text(*model_table(self), model_title(self))

    def _repr_html_(self):
        return sheet_html(*model_table(self), model_title(self), self.warnings)
