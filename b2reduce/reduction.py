"""From a circuit to its rate model: W, W_ext, theta and tau of every population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .circuit import Circuit, load_circuit, read_rate
from .gain import GainFit, fit_gain, rate_limits
from .operating import average, find_operating_point, point_at, rate_window, surface_at
from .progress import Progress
from .provenance import FrozenDict, frozen, unknown_name, versions, write_json
from .session import seed_streams
from .surface import FISurface, check_engine, seconds
from .units import InputError, UnitError, format_quantity, parse_quantity, with_units

__all__ = ["ReducedCircuit", "reduce", "steady_rates", "read_drives"]

LEVELS = ("linear",)
NOISES = ("matched", "none")
SELF_CONSISTENT, MAX_ROUNDS = 0.02, 8  # without noise: relative change of the rates that ends the iteration


@dataclass(frozen=True, eq=False)
class ReducedCircuit:
    """The rate model of a circuit: tau dmu/dt = -mu + W r + W_ext r_ext - theta, r = f(mu).

    Attributes
    ----------
    populations : tuple of str
    W : mapping of (target, source) to Quantity
        Charge by which one hertz of a source population moves the current of a target cell, C or C/m^2:
        the sum over parallel projections of K G tau (E - E_leak - v_theta). Absent pairs are 0.
    W_ext : mapping of (target, drive) to Quantity
        The same for drives; multiplies the rate of one input train.
    theta : mapping of str to Quantity
        Threshold current I_theta + g_leak v_theta - I_const, A or A/m^2.
    tau : mapping of str to Quantity
        Time constant of each population, or of each pathway where tau is "synaptic".
    operating_rate, operating_I, operating_g : mapping of str to Quantity
        Where the gains were measured: rate, mean current, mean total leak.
    noise_free_rate : mapping of str to Quantity
        Rate of the cell at that mean current and leak without any noise.
    gains : mapping of str to GainFit
    surfaces : mapping of str to FISurface
        What the gains were fitted to.
    pathways : pandas.DataFrame
        One row a projection or drive: target, source, K, G, tau, E, W, unit.
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

    def __post_init__(self):
        for name in ("gains", "surfaces", "tau", "operating_rate", "operating_I", "operating_g", "noise_free_rate", "at", "provenance"):
            object.__setattr__(self, name, FrozenDict(dict(getattr(self, name))))
        object.__setattr__(self, "provenance", frozen(self.provenance))

    @property
    def populations(self):
        """Names of the populations."""
        return tuple(self.circuit.populations)

    def _charge(self, population):
        return "C/m^2" if self.circuit.per_area(population) else "C"

    def _v_theta_(self, population):
        return float(np.asarray(self.gains[population].v_theta))

    def weight_(self, pathway):
        """K G tau (E - E_leak - v_theta) of one pathway, SI (equations 11.28-11.30)."""
        E_leak = self.circuit.populations[pathway.target].model
        E_leak = E_leak.si(E_leak.leak_reversal)
        return pathway.K * pathway.G_ * pathway.tau_ * (pathway.E_ - E_leak - self._v_theta_(pathway.target))

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
            theta[name] = float(np.asarray(gain.I_theta)) + model.si(model.leak) * self._v_theta_(name) - model.constant_input_
        return theta

    @property
    def W(self):
        """{(target, source): charge}."""
        return {key: with_units(value, self._charge(key[0])) for key, value in self.W_.items()}

    @property
    def W_ext(self):
        """{(target, drive): charge}."""
        return {key: with_units(value, self._charge(key[0])) for key, value in self.W_ext_.items()}

    @property
    def theta(self):
        """{population: threshold current}."""
        return {name: with_units(value, self.gains[name].current_unit) for name, value in self.theta_.items()}

    @property
    def pathways(self):
        """One row a projection or drive, SI floats; the weight of one synapse is W/K."""
        import pandas as pd

        rows = [(p.label, p.target, p.source, "drive" if p.is_drive else "projection", p.K, p.G_, p.tau_, p.E_, self.weight_(p), self._charge(p.target))
                for target in self.populations for p in self.circuit.pathways(target)]
        return pd.DataFrame(rows, columns=["pathway", "target", "source", "kind", "K", "G", "tau", "E", "W", "unit"]).set_index("pathway")

    @property
    def equations(self):
        """{population: the Brian2 equations that `simulate_rates` runs}."""
        tables = {drive.name for drive in self.circuit.drives if not drive.constant}
        return {name: self.rate_equations(name, tables) for name in self.populations}

    def rate_equations(self, population, tables=()):
        """Brian2 equations of one population; drives in `tables` are functions of t, the others parameters."""
        unit = "amp/meter**2" if self.circuit.per_area(population) else "amp"
        charge = "coulomb/meter**2" if self.circuit.per_area(population) else "coulomb"
        slope = "Hz*meter**2/amp" if self.circuit.per_area(population) else "Hz/amp"
        pathways = self.circuit.pathways(population)
        gain, lines = self.gains[population], []
        external = lambda drive: f"rate_{drive}(t)" if drive in tables else f"rate_{drive}"
        if self.tau_choice == "synaptic":
            terms = [f"W_{p.symbol}*s_{p.symbol}" for p in pathways]
            lines.append(f"mu = {' + '.join([*terms, '-theta']).replace('+ -', '- ')} : {unit}")
            for p in pathways:
                source = external(p.source) if p.is_drive else f"r_from_{p.source}"
                lines.append(f"ds_{p.symbol}/dt = (-s_{p.symbol} + {source})/tau_{p.symbol} : Hz")
                lines.append(f"tau_{p.symbol} : second (constant)")
                lines.append(f"W_{p.symbol} : {charge} (constant)")
            lines += [f"r_from_{source} : Hz" for source in dict.fromkeys(p.source for p in pathways if not p.is_drive)]
        else:
            sources = dict.fromkeys(p.source for p in pathways if not p.is_drive)
            drives = dict.fromkeys(p.source for p in pathways if p.is_drive)
            terms = [f"I_{source}" for source in sources] + [f"W_ext_{drive}*{external(drive)}" for drive in drives]
            lines.append(f"dmu/dt = (-mu + {' + '.join([*terms, '-theta']).replace('+ -', '- ')})/tau : {unit}")
            lines += [f"I_{source} : {unit}" for source in sources] + [f"W_ext_{drive} : {charge} (constant)" for drive in drives]
            lines.append("tau : second (constant)")
        lines += [f"rate_{drive} : Hz (constant)" for drive in dict.fromkeys(p.source for p in pathways if p.is_drive) if drive not in tables]
        if gain.form == "threshold_linear":
            lines.append(f"r = beta*mu*int(mu > 0*{unit}) : Hz\nbeta : {slope} (constant)")
        else:
            lines.append(f"r = r_max/(1 + exp(-mu/x_0)) : Hz\nr_max : Hz (constant)\nx_0 : {unit} (constant)")
        lines.append(f"theta : {unit} (constant)")
        return "\n".join(lines)

    def drive_rates_(self, drives=None):
        """{(drive, target): rate or table} with `drives` replacing the circuit's."""
        rates = {(drive.name, drive.target): drive.rate for drive in self.circuit.drives}
        for name, rate in read_drives(self.circuit, drives).items():
            rates.update({key: rate for key in rates if key[0] == name})
        return rates

    def to_dict(self):
        """Plain data for JSON; `from_dict` reads it back to the same values."""
        text = lambda values: {name: format_quantity(value) for name, value in values.items()}
        return {
            "kind": "reduced circuit", "circuit": self.circuit.to_dict(), "level": self.level, "noise": self.noise, "tau_choice": self.tau_choice,
            "gains": {name: gain.to_dict() for name, gain in self.gains.items()},
            "surfaces": {name: {"frame": surface.to_frame().to_dict("list"), "provenance": dict(surface.provenance)} for name, surface in self.surfaces.items()},
            **{name: text(getattr(self, name)) for name in ("tau", "operating_rate", "operating_I", "operating_g", "noise_free_rate", "at")},
            "warnings": list(self.warnings), "provenance": dict(self.provenance)}

    @classmethod
    def from_dict(cls, data):
        """Read back what `to_dict` wrote."""
        import pandas as pd

        data = dict(data)
        if data.pop("kind", None) != "reduced circuit":
            raise InputError("got data of another kind, expected a reduced circuit")
        read = lambda values: {name: parse_quantity(value) for name, value in values.items()}
        for name in ("tau", "operating_rate", "operating_I", "operating_g", "noise_free_rate", "at"):
            data[name] = read(data[name])
        data["circuit"] = Circuit.from_dict(data["circuit"])
        data["gains"] = {name: GainFit.from_dict(gain) for name, gain in data["gains"].items()}
        data["surfaces"] = {name: FISurface.from_frame(pd.DataFrame(surface["frame"], dtype=float), surface["provenance"])
                            for name, surface in data["surfaces"].items()}
        return cls(**data)

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

    def __repr__(self):
        rates = ", ".join(f"{name} {rate}" for name, rate in self.operating_rate.items())
        return f"ReducedCircuit({self.circuit.name!r}, level {self.level}, noise {self.noise}, operating rates {rates})"


def read_drives(circuit, drives, constant=False):
    """Checked {name: rate or table} of drives that replace the circuit's."""
    read = {}
    for name, rate in (drives or {}).items():
        if name not in circuit.drive_names:
            raise InputError(f"drives: {unknown_name('drive', name, circuit.drive_names)}")
        read[name] = read_rate(rate, f"drives, {name}")
        if constant and isinstance(read[name], tuple):
            raise InputError(f"at, {name}: got a table, expected one rate")
    return read


def steady_rates(circuit, gains, drives_):
    """Rates at which the reduced model comes to rest from low activity, Hz; NaN where it runs away.

    Integrates dmu/dt = -mu + W r + W_ext r_ext - theta with one time constant for all.
    """
    from scipy.integrate import solve_ivp

    names = list(circuit.populations)

    def excess(rates):
        """Current in excess of the threshold: I - I_theta - v_theta g at the averages."""
        given = dict(zip(names, rates))
        means = [average(circuit, name, given, drives_) for name in names]
        return np.array([I_ - float(np.asarray(gains[name].I_theta)) - float(np.asarray(gains[name].v_theta)) * g_ for name, (I_, g_) in zip(names, means)])

    rate = lambda mu: np.array([float(gains[name].f_(value)) for name, value in zip(names, mu)])
    start = excess(np.zeros(len(names)))
    scale = np.max(np.abs(start)) or 1e-12
    runaway = lambda t, y: 1e5 - np.max(rate(y * scale))
    runaway.terminal = True
    solution = solve_ivp(lambda t, y: -y + excess(rate(y * scale)) / scale, (0, 500), np.minimum(start / scale, 0), method="LSODA",
                         rtol=1e-8, atol=1e-10, events=runaway)
    rates = rate(solution.y[:, -1] * scale)
    return dict(zip(names, (rates if solution.status == 0 else np.full(len(names), np.nan)).tolist()))


def reduce(circuit, *, level="linear", noise="matched", tau="membrane", gains=None, at=None, window=None, seed=0, dt=None, engine="auto", progress=None):
    """Derive the rate model of a circuit.

    Parameters
    ----------
    circuit : Circuit, str or path
    level : {"linear"}
        One gain function of one current a population.
    noise : {"matched", "none"}
        Measure gains under the synaptic noise that the cells have at the circuit's operating point, or without noise.
    tau : {"membrane", "synaptic"}, Quantity or dict of str to Quantity
        C/<g> at the operating point; one filter a pathway with the synapses' own time constants; or given.
        A modelling choice: fixed points do not depend on it, transients do.
    gains : dict of str to GainFit or FISurface, optional
        Use these instead of measuring; populations left out are measured.
    at : dict of str to Quantity, optional
        Rates of the drives at which the operating point is found; by default the circuit's (the time mean of tables).
    window : pair of Quantity, optional
        Rates at which gains are fitted, the same for all populations. By default 0.5 to 1.5 of the operating rate, at
        least 3 Hz either side, from 0; without noise 0 to 60 Hz.
    seed : int
    dt : Quantity, optional
        Time step of the measurements; by default the circuit's, so that gains and network carry the same grid error.
    engine, progress
        As in `measure_fi`.

    Returns
    -------
    ReducedCircuit

    Raises
    ------
    InputError
        If a name is unknown or a population's gain cannot be fitted.

    Notes
    -----
    W = K G tau (E - E_leak - v_theta) and theta = I_theta + g_leak v_theta - I_const (Shriki, Hansel & Sompolinsky 2003).
    The noise is frozen at the operating point; where rates move far from it, measure there.

    Examples
    --------
    >>> from b2reduce import load_circuit, simulate_rates
    >>> reduced = reduce("ei_lif", seed=1)
    >>> bool(reduced.W["E", "I"] < 0 < reduced.W["E", "E"])
    True
    """
    circuit = load_circuit(circuit)
    for name, value, known in (("level", level, LEVELS), ("noise", noise, NOISES)):
        if value not in known:
            raise InputError(f"{name}: {unknown_name(name, value, known)}")
    check_engine(engine, None)
    given = dict(gains or {})
    for name in given:
        if name not in circuit.populations:
            raise InputError(f"gains: {unknown_name('population', name, circuit.populations)}")
    if window is not None:
        window = rate_limits(window, "window")
    dt_ = seconds(dt, "dt") or float(circuit.dt)
    _time_constants(circuit, tau, dict.fromkeys(circuit.populations, 1.0))  # a bad one is refused before minutes of measuring
    at = read_drives(circuit, at, constant=True)
    drives_ = {(d.name, d.target): float(np.asarray(at[d.name])) if d.name in at else d.rate_ for d in circuit.drives}
    settings = dict(dt_=dt_, engine=engine)
    missing = [name for name in circuit.populations if name not in given]
    with Progress(progress) as bar:
        if missing and noise == "matched":
            point = find_operating_point(circuit, drives_, seed=seed, bar=bar, **settings)
            fits, surfaces, warnings = _measured(circuit, point, given, window, True, seed, settings, bar)
            warnings = [*point.warnings, *warnings]
        else:
            point, fits, surfaces, warnings = _without_noise(circuit, drives_, given, window, seed, settings, bar)
    for name, fit in fits.items():
        if fit.per_area != circuit.per_area(name):
            raise InputError(f"gains, {name}: got a gain per {'area' if fit.per_area else 'cell'}, but the population's model is per {'cell' if fit.per_area else 'area'}")
        warnings += [f"population {name}: {warning}" for warning in fit.warnings]
    if noise == "none":
        for name in missing:
            if point.noise_free_rate_[name] == 0:
                warnings.append(f"population {name}: the cell without noise is silent at its mean input; what it fires in the network it fires through "
                                f"noise, which noise = 'none' leaves out; use noise = 'matched'")
    hertz = lambda values: {name: with_units(value, "Hz") for name, value in values.items()}
    unit = lambda name: "A/m^2" if circuit.per_area(name) else "A"
    choice, taus = _time_constants(circuit, tau, point.g_)
    provenance = {"circuit": circuit.name, "circuit_hash": circuit.hash, "seed": seed, "dt [s]": dt_, "level": level, "noise": noise,
                  "engine": next((s.provenance.get("engine") for s in surfaces.values() if "engine" in s.provenance), "none"),
                  "operating_rate_sem [Hz]": dict(point.rate_sem_), "iterations": point.iterations, "versions": versions()}
    return ReducedCircuit(
        circuit=circuit, gains=fits, surfaces=surfaces, tau=taus, tau_choice=choice, operating_rate=hertz(point.rate_),
        operating_I={name: with_units(value, unit(name)) for name, value in point.I_.items()},
        operating_g={name: with_units(value, unit(name).replace("A", "S")) for name, value in point.g_.items()},
        noise_free_rate=hertz(point.noise_free_rate_), at=_drive_rates(circuit, drives_),
        level=level, noise=noise, warnings=warnings, provenance=provenance)


def _drive_rates(circuit, drives_):
    """{drive: rate}; a drive with different rates on its targets has an entry for each, "name->target"."""
    rates = {}
    for name in circuit.drive_names:
        own = {target: rate for (drive, target), rate in drives_.items() if drive == name}
        same = len(set(own.values())) == 1
        rates.update({name if same else f"{name}->{target}": with_units(rate, "Hz") for target, rate in own.items()})
    return rates


def _measured(circuit, point, given, window, noise, seed, settings, bar):
    """Fits and surfaces of every population at an operating point, those given taken as they are."""
    fits, surfaces, warnings = {}, {}, []
    for number, name in enumerate(circuit.populations):
        gain = given.get(name)
        if isinstance(gain, GainFit):
            fits[name] = gain
            continue
        if gain is not None and not isinstance(gain, FISurface):
            raise InputError(f"gains, {name}: got {gain!r}, expected a GainFit or an FISurface")
        window_ = window or rate_window(point.rate_[name], noise)
        surfaces[name] = gain
        if gain is None:
            surfaces[name], more = surface_at(circuit, name, point, window_, noise, seed=seed_streams(seed, 2, number), bar=bar, **settings)
            warnings += more
        try:
            fits[name] = fit_gain(surfaces[name], rates=tuple(with_units(rate, "Hz") for rate in window_))
        except InputError as error:
            raise InputError(f"population {name}, at {point.rate_[name]:.3g} Hz: {error}; or give reduce() another window") from None
    return fits, surfaces, warnings


def _without_noise(circuit, drives_, given, window, seed, settings, bar):
    """Gains without noise (or given), at the rates that the reduced model itself settles at."""
    rate_ = {name: 0.0 for name in circuit.populations}
    for round_ in range(MAX_ROUNDS):
        point = point_at(circuit, rate_, drives_, {}, noise=False, iterations=round_, **settings)
        fits, surfaces, warnings = _measured(circuit, point, given, window, False, seed, settings, bar)
        settled = steady_rates(circuit, fits, drives_)
        if not np.isfinite(list(settled.values())).all():
            warnings.append("the reduced model runs away from low rates: the gains are those at the last finite rates")
            break
        done = all(abs(settled[name] - rate_[name]) <= SELF_CONSISTENT * settled[name] + 0.02 for name in rate_)
        rate_ = settled
        if done or all(isinstance(given.get(name), GainFit) for name in rate_):
            break
    else:
        warnings.append(f"the rates of the noise-free reduction still move after {MAX_ROUNDS} rounds: {rate_} Hz")
    return point_at(circuit, rate_, drives_, {}, noise=False, iterations=round_ + 1, **settings), fits, surfaces, warnings


def _time_constants(circuit, tau, g_):
    """(choice, {population or pathway label: tau})."""
    if isinstance(tau, str) and tau == "membrane":
        return tau, {name: with_units(population.model.si(population.model.capacitance) / g_[name], "s") for name, population in circuit.populations.items()}
    if isinstance(tau, str) and tau == "synaptic":
        return tau, {p.label: with_units(p.tau_, "s") for name in circuit.populations for p in circuit.pathways(name)}
    values = tau if isinstance(tau, Mapping) else {name: tau for name in circuit.populations}
    for name in values:
        if name not in circuit.populations:
            raise InputError(f"tau: {unknown_name('population', name, circuit.populations)}")
    missing = [name for name in circuit.populations if name not in values]
    if missing:
        raise InputError(f"tau: the populations {', '.join(missing)} have no value")
    try:
        return "given", {name: with_units(seconds(value, f"tau, {name}"), "s") for name, value in values.items()}
    except UnitError as error:
        raise InputError(f"{error}; or 'membrane' or 'synaptic'") from None
