"""The rate model of a circuit: its parameters, its equations, and the rates that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as dataclass_replace
from functools import cached_property

import numpy as np

from ..basics.display import sheet_html, sheet_text
from ..basics.errors import InputError
from ..basics.files import write_json
from ..basics.frozen import FrozenDict, Weights, frozen
from ..basics.units import with_units
from ..circuit.circuit import Circuit
from .drives import read_drives, read_initial
from .equations import rate_equations
from .frozen import replaced_model
from .levels.register import LEVELS
from .model_table import model_table, pathway_table
from .reduced_data import reduced_arguments, reduced_to_dict
from .rest import loop_of, states_of, steady_rates
from .transfer_axes import transfer_axes
from .uncertainty import standard_errors

__all__ = ["ReducedCircuit"]

FAR = 1e4  # Hz; beyond it activity has run away


@dataclass(frozen=True, eq=False)
class ReducedCircuit:
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
        Time constant of each population, or of each pathway where tau is "synaptic" or "resonant".
    responses : mapping of str to LinearResponse
        With tau "fitted" and "resonant" how the cells' rates follow their mean current at the operating
        point.
    operating_rate, operating_I, operating_g : mapping of str to Quantity
        Where the gains were measured: rate, mean current, mean total leak.
    noise_free_rate : mapping of str to Quantity
        Rate of the cell at that mean current and leak without any noise.
    gains : mapping of str to GainFit
        Of levels "surface" and "transfer" the local tangent at the operating point, which W, theta and
        v_theta belong to.
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
        Of the errors of the operating rates, Hz^2, with what the loop makes of them; empty where they were
        not measured in noise.
    operating_out_sem : mapping of str to float
        Standard error, Hz, of the rates that the cells gave at the operating point, before the loop
        multiplies it.
    stderr : mapping of str to mapping
        Standard errors, with units: ``"W"``, ``"W_ext"``, ``"theta"``, ``"v_theta"``, ``"beta"``, ``"tau"``
        and ``"rates"`` (of the rates at rest), keyed as the values themselves. What chance in the
        measurements makes of them; not what the premises of the reduction make of them, which
        `check_assumptions` weighs.
    moved : mapping of str to Quantity
        By how much the gain of each population, as it was measured around the operating point, lay above the
        operating rate there before it was made to pass through it; empty where it was not.
    pathways : pandas.DataFrame
        One row a projection or drive: target, source, K, G, tau, E, W, W_stderr, unit.
    warnings : list of str
    circuit : Circuit
    level, noise, tau_choice : str
    provenance : mapping
    """

    circuit: Circuit
    gains: Mapping
    surfaces: Mapping
    tau: Mapping
    tau_choice: str
    operating_rate: Mapping
    operating_I: Mapping
    operating_g: Mapping
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
    operating_covariance: Mapping = field(default_factory=dict)
    operating_out_sem: Mapping = field(default_factory=dict)

    def __post_init__(self):
        for name in (
            "operating_covariance",
            "operating_out_sem",
            "adaptation",
            "gains",
            "surfaces",
            "transfers",
            "responses",
            "moving_response",
            "cv2",
            "tau",
            "operating_rate",
            "operating_I",
            "operating_g",
            "noise_free_rate",
            "at",
            "provenance",
        ):
            object.__setattr__(self, name, FrozenDict(dict(getattr(self, name))))
        object.__setattr__(self, "provenance", frozen(self.provenance))

    @property
    def kind(self):
        """The `Level` of that name."""
        return LEVELS[self.level]

    @property
    def operating_rate_(self):
        """{population: rate} of the operating point, Hz."""
        return {name: float(np.asarray(rate)) for name, rate in self.operating_rate.items()}

    @property
    def by_pathway(self):
        """Whether every pathway has a time constant of its own."""
        return self.tau_choice in ("synaptic", "resonant")

    @property
    def dt_(self):
        """Time step of the measurements, s."""
        return self.provenance["dt [s]"]

    @property
    def populations(self):
        """Names of the populations."""
        return tuple(self.circuit.populations)

    def _charge(self, population):
        return "C/m^2" if self.circuit.per_area(population) else "C"

    def _v_theta_(self, population):
        return float(np.asarray(self.gains[population].v_theta))

    def weight_(self, pathway):
        """Current per hertz of one pathway at v_theta above the leak reversal, SI (equations 11.28-11.30)."""
        model = self.circuit.populations[pathway.target].model
        return pathway.current_(1.0, model, self._v_theta_(pathway.target))

    def _weights(self, drives):
        columns = self.circuit.drive_names if drives else self.populations
        weights = {(target, source): 0.0 for target in self.populations for source in columns}
        for target in self.populations:
            for pathway in self.circuit.pathways(target):
                if pathway.is_drive == drives:
                    weights[target, pathway.source] += self.weight_(pathway)
        return weights

    @property
    def W_(self):
        """W in SI floats."""
        return self._weights(drives=False)

    @property
    def W_ext_(self):
        """W_ext in SI floats."""
        return self._weights(drives=True)

    @property
    def theta_(self):
        """theta in SI floats (equation 11.31)."""
        theta = {}
        for name, population in self.circuit.populations.items():
            model, gain = population.model, self.gains[name]
            theta[name] = (
                float(np.asarray(gain.I_theta)) + model.leak_ * self._v_theta_(name) - model.constant_input_
            )
        return theta

    @property
    def W(self):
        """{(target, source): charge}; "source->target" is the same key."""
        return Weights({key: with_units(value, self._charge(key[0])) for key, value in self.W_.items()})

    @property
    def W_ext(self):
        """{(target, drive): charge}; "drive->target" is the same key."""
        return Weights({key: with_units(value, self._charge(key[0])) for key, value in self.W_ext_.items()})

    @property
    def theta(self):
        """{population: threshold current}."""
        return {name: with_units(value, self.gains[name].current_unit) for name, value in self.theta_.items()}

    @property
    def pathways(self):
        """One row a projection or drive, SI floats; the weight of one synapse is W/K."""
        return pathway_table(self)

    @property
    def equations(self):
        """{population: the Brian2 equations that `simulate_rates` runs}."""
        tables = {drive.name for drive in self.circuit.drives if not drive.constant}
        return {name: rate_equations(self, name, tables) for name in self.populations}

    @cached_property
    def stderr(self):
        """{what: {key: standard error}}, with units."""
        return standard_errors(self)

    @property
    def moved(self):
        """{population: by how much its gain lay above the operating rate}, Hz."""
        return self.kind.moved(self)

    @cached_property
    def functions_(self):
        """{population: what gives its rate in Hz}, of what `arguments_` gives; SI floats or arrays.

        What was measured here passes through the operating point, which is known best of all.
        """
        return self.kind.functions(self)

    def axes_(self, population):
        """[Axis] of the arguments of a transfer function."""
        return transfer_axes(self.circuit, population)

    def arguments_(self, population, rates_, drives_):
        """What `functions_` takes at given rates of populations and of (drive, target)."""
        return self.kind.arguments(self, population, rates_, drives_)

    def carried_arguments_(self, population, carried):
        """The same where every pathway carries a rate of its own, {label: rate in Hz}, floats or arrays."""
        return self.kind.carried_arguments(self, population, carried)

    def response_(self, rates_, drives_):
        """{population: rate} in Hz that comes out where rates of populations and of (drive, target) go in.

        Floats or arrays.
        """
        return {
            name: self.functions_[name](*self.arguments_(name, rates_, drives_)) for name in self.populations
        }

    def steady_rates_(self, drives_, start_=None):
        """{population: rate} in Hz at rest, from no activity or from given rates.

        NaN where the model runs away.
        """
        return steady_rates(self.populations, lambda rates_: self.response_(rates_, drives_), start_)

    @cached_property
    def loop_(self):
        """{(target, source): d rate/d rate} of the rate model at its operating point, by differences."""
        return loop_of(self)

    @cached_property
    def states_(self):
        """[{population: rate}] in Hz at which the rate model comes to rest.

        From beside its operating point and, where that is another, from silence.
        """
        return states_of(self)

    def drive_rates_(self, drives=None):
        """{(drive, target): rate or table} with `drives` replacing the circuit's."""
        rates = {(drive.name, drive.target): drive.rate for drive in self.circuit.drives}
        for name, rate in read_drives(self.circuit, drives).items():
            if isinstance(rate, tuple) and any(
                d.profile is not None for d in self.circuit.drives if d.name == name
            ):
                raise InputError(f"drives, {name}: got a table for a drive with a profile, expected one rate")
            rates.update({key: rate for key in rates if key[0] == name})
        return rates

    @property
    def at_(self):
        """{(drive, target): rate in Hz} at which the operating point was found."""
        value = lambda d: self.at[d.name] if d.name in self.at else self.at[f"{d.name}->{d.target}"]
        return {(d.name, d.target): float(np.asarray(value(d))) for d in self.circuit.drives}

    def to_dict(self):
        """Plain data for JSON; `from_dict` reads it back to the same values."""
        return reduced_to_dict(self)

    @classmethod
    def from_dict(cls, data):
        """Read back what `to_dict` wrote."""
        return cls(**reduced_arguments(data))

    def replace(self, changes=None, **more):
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

    def frozen_on_(self, circuit, **fields):
        """The same gains, as they were measured, on a changed circuit; other fields by name."""
        model = dataclass_replace(self, circuit=circuit, **fields)
        if model.level == self.level:
            # Which do not depend on the circuit, and take time to make
            model.__dict__["functions_"] = self.functions_
        return model

    def at_on_(self, circuit):
        """{(drive, target): rate in Hz} of a changed circuit.

        Where the operating point was found, unless the change says otherwise.
        """
        old = {(d.name, d.target): d.rate_ for d in self.circuit.drives}
        return {
            (d.name, d.target): self.at_[d.name, d.target] if d.rate_ == old[d.name, d.target] else d.rate_
            for d in circuit.drives
        }

    def start_rates_(self, initial):
        """{population: rate} in Hz to start a run from, 0 where none is given; None where there was no input
        before.

        Raises
        ------
        InputError
            If a population is unknown or a rate cannot be.
        """
        return read_initial(self, initial)

    def to_script(self, kind="brian2", *, duration="2 s", drives=None, initial=None, dt=None):
        """A script that runs this rate model without b2reduce.

        Parameters
        ----------
        kind : {"brian2", "numpy", "xpp", "pyrates"}
            Of "xpp" the file ends in .ode; of the others it is Python. The tables of levels "surface" and
            "transfer" go into "brian2" and "numpy" only.
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
        from .scripts import script

        return script(self, kind, duration=duration, drives=drives, initial=initial, dt=dt)

    def to_pyrates(self, **settings):
        """``to_script("pyrates")``: the model as a CircuitTemplate of PyRates."""
        return self.to_script("pyrates", **settings)

    def to_latex(self, document=True):
        """The equations with their numbers, and tables of the network, for a paper.

        Parameters
        ----------
        document : bool
            Whether it compiles by itself; else it is what stands between \\begin{document} and
            \\end{document}, and needs amsmath and graphicx.
        """
        from .latex import rate_model_latex

        return rate_model_latex(self, document)

    def save(self, path):
        """Write as JSON (aside first, then renamed)."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        import json
        from pathlib import Path

        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: is not a reduced circuit written by save(): {error}") from None

    @property
    def _title(self):
        warnings = (
            f", {len(self.warnings)} warning{'s' if len(self.warnings) > 1 else ''}" if self.warnings else ""
        )
        return (
            f"ReducedCircuit({self.circuit.name!r}, level {self.level}, noise"
            f" {self.noise}{self._replaced}{warnings})"
        )

    @property
    def _replaced(self):
        changes = ", ".join(
            f"{name} = {value}" for name, value in self.provenance.get("replaced", {}).items()
        )
        return f"; gains as they were before {changes}" if changes else ""

    def __repr__(self):
        return sheet_text(*model_table(self), self._title)

    def _repr_html_(self):
        return sheet_html(*model_table(self), self._title, self.warnings)
