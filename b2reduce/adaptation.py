"""Spike-frequency adaptation, measured: the current by which a cell's own firing or depolarisation counters its input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .model import load_model
from .progress import Progress
from .provenance import FrozenDict, frozen, versions
from .session import brian_session
from .surface import leaks, measure_fi, rheobase, seconds
from .units import InputError, format_quantity, parse_quantity, si_label, to_si, with_units

__all__ = ["Adaptation", "measure_adaptation"]

CURRENTS = 41  # between rheobase and the highest rate
TOP = 60.0  # Hz; up to where a cell is measured where nothing is said
RELAXED_, FOLLOWED_, CELLS = 0.5, 1.5, 9  # s without input, s with it, and cells, whose intervals tell the time constant
SETTLED = 0.25  # of the run: what counts as steady
LEAST = 0.02  # of the current above rheobase at the highest rate: less adaptation than this is none
RHEOBASE_RTOL, SUSTAINED_ = 1e-4, 2.0  # precision of a rheobase; Hz below which firing does not count as sustained (four spikes in 2 s)
_QUANTITIES = ("J", "a_0", "rise", "tau", "J_stderr", "tau_stderr", "rmse")


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The averaged variable of adaptation: r = f(mu - a), tau da/dt = -a + a_0 [active] + J r.

    Attributes
    ----------
    kind : {"none", "spike-driven", "voltage-driven"}
        What drives it: nothing; spikes, which divide the gain by 1 + beta J and leave the threshold; or depolarisation, which is
        there below threshold already and raises the threshold for firing that lasts.
    J : Quantity
        Current per hertz of firing, C or C/m^2.
    a_0 : Quantity
        Current at threshold, A or A/m^2, at the mean of the conductances; 0 where spikes drive it.
    rise : Quantity
        d a_0/d g, V: by how much a shunt adds to it, on top of v_theta.
    tau : Quantity or None
        Time constant, s; None where nothing adapts or the intervals do not tell.
    J_stderr, tau_stderr : Quantity
    rmse : Quantity
        Root mean squared deviation of the measured currents from the law.
    windows : pandas.DataFrame
        For each leak conductance the smallest current that makes the cell fire at all, the smallest at which it goes on, and
        the window between them; SI with units in the columns.
    curve : pandas.DataFrame
        Adaptation current over rate and conductance: ``I_steady - I_onset``, the currents that give the same rate in the steady
        state and at onset.
    warnings : list of str
    provenance : mapping
    """

    kind: str
    J: object
    a_0: object
    rise: object
    tau: object
    J_stderr: object
    tau_stderr: object
    rmse: object
    windows: object
    curve: object
    warnings: list
    provenance: dict

    def __post_init__(self):
        object.__setattr__(self, "provenance", frozen(FrozenDict(self.provenance)))

    J_ = property(lambda self: float(np.asarray(self.J)), doc="J in SI.")
    a_0_ = property(lambda self: float(np.asarray(self.a_0)), doc="a_0 in SI.")
    tau_ = property(lambda self: float(np.asarray(self.tau)), doc="tau in s.")

    def onset_slope_(self, beta_):
        """Slope of the gain at onset from that in the steady state: beta/(1 - beta J).

        Raises
        ------
        InputError
            If beta J is not below 1: then no gain of the unadapted cell is so shallow in the steady state.
        """
        if not beta_ * self.J_ < 1:
            raise InputError(f"adaptation: beta J = {beta_ * self.J_:.3g} for the steady gain beta, expected below 1: the steady-state slope can be at most 1/J; "
                             f"was the adaptation measured on another cell?")
        return beta_ / (1 - beta_ * self.J_)

    def to_dict(self):
        """Plain data; `from_dict` reads it back to the same values."""
        quantities = {name: format_quantity(getattr(self, name)) for name in _QUANTITIES if getattr(self, name) is not None}
        return {"kind": self.kind, **quantities, "windows": self.windows.to_dict("list"), "curve": self.curve.to_dict("list"), "warnings": list(self.warnings),
                "provenance": dict(self.provenance)}

    @classmethod
    def from_dict(cls, data):
        """Read back what `to_dict` wrote."""
        import pandas as pd

        data = dict(data)
        data.update({name: parse_quantity(data[name]) if name in data else None for name in _QUANTITIES})
        return cls(**{**data, "windows": pd.DataFrame(data["windows"], dtype=float), "curve": pd.DataFrame(data["curve"], dtype=float)})

    def __repr__(self):
        return f"Adaptation({self.kind}: J = {self.J}, a_0 = {self.a_0}, tau = {self.tau})"


def measure_adaptation(model, *, I=None, g=None, rates=None, dt=None, seed=0, parameters=None, engine="auto", progress=None):
    """Measure how a cell adapts, from its f-I curves at onset and in the steady state.

    Parameters
    ----------
    model : NeuronModel, str or path
    I : Quantity, shape (I,), optional
        Mean currents; by default from the lowest rheobase up to the current that gives the highest of `rates`.
    g : Quantity, shape (g,), optional
        Mean total leak conductances, by default 1, 1.25 and 1.5 of the model's own.
    rates : pair of Quantity, optional
        Steady rates that J is fitted over, by default 0 to 60 Hz.
    dt, seed, parameters, engine, progress
        As in `measure_fi`.

    Returns
    -------
    Adaptation

    Raises
    ------
    InputError
        If the cell fires at fewer than four of the currents, or the measured rates cannot be compared.

    Notes
    -----
    The current that adaptation takes away at a rate r is a(r) = I_steady(r) - I_onset(r) at the same leak. The first interval has the
    adaptation of one spike in it already, on average J/tau while it lasts, so that a_0 + J (r - 1/tau) is what is measured; this
    is taken into account. What is there before the first spike shows as a window of currents which make the cell fire but not go
    on (Prescott, Ratte, De Koninck & Sejnowski 2006): where it exceeds what the finite run and the search leave open, adaptation is called
    voltage-driven and the window is a_0, else it is spike-driven. tau comes from the intervals of single cells after a
    step of current: their onset curve says what current each rate lacks, and d(lack)/dt = (a(r) - lack)/tau.

    Examples
    --------
    >>> adaptation = measure_adaptation("lif_adapt")
    >>> adaptation.kind, round(float(adaptation.tau), 2)
    ('spike-driven', 0.1)
    """
    import pandas as pd

    model = load_model(model).with_parameters(parameters or {})
    leak_ = model.si(model.leak)
    g = with_units(leak_ * np.array([1, 1.25, 1.5]), model.conductance_dim) if g is None else g
    g_ = leaks(g, model)
    lo, hi = (0.0, TOP) if rates is None else (float(to_si(rate, "Hz", "rates")) for rate in rates)
    if not 0 <= lo < hi:
        raise InputError(f"rates: got {lo:g} to {hi:g} Hz, expected a lower and a higher rate")
    settings = dict(dt=dt, engine=engine, seed=seed)
    current, conductance = si_label(model.current_dim), si_label(model.conductance_dim)
    with Progress(progress) as bar:
        report = bar.stage("rheobases")
        searched = {kind: np.asarray(rheobase(model, with_units(g_, model.conductance_dim), kind=kind, dt=dt, engine=engine, progress=False)) for kind in ("first_spike", "sustained")}
        if I is None:
            I = with_units(_currents(model, g_, searched["first_spike"], hi, settings), model.current_dim)
        report(0.5)
        surface = measure_fi(model, I, with_units(g_, model.conductance_dim), progress=False, **settings)
        curve = _curve(surface, lo, hi)
        if len(curve) < 4:
            raise InputError(f"model {model.name!r}: {len(curve)} of the currents give a steady rate within {lo:g} to {hi:g} Hz that its onset reaches too, expected at least four; "
                             f"give I and g at which the cell fires, or other rates")
        rate, a, leak = curve.T
        J_raw = float(np.polyfit(rate, a, 1)[0]) if np.ptp(rate) > 0 else 0.0
        window = searched["sustained"] - searched["first_spike"]
        # A search to 1e-4 leaves as much open, and firing below 2 Hz does not count as sustained.
        open_ = 3 * RHEOBASE_RTOL * np.abs(searched["sustained"]) + max(J_raw, 0.0) * SUSTAINED_
        whole = surface.I_[-1] - searched["first_spike"].min()
        spikes = _intervals(model, surface, float(g_[0]), dt)
        tau_, tau_error = _time_constant(surface, spikes, curve[leak == g_[0]][:, :2] if (leak == g_[0]).sum() > 3 else curve[:, :2])
    warnings = []
    if np.min(a) < -LEAST * whole:
        warnings.append(f"at some rates the steady state needs {-np.min(a):.3g} {current} less than the onset: the cell facilitates there instead of adapting")
    if np.max(a) < LEAST * whole:
        kind, a_0, rise, J_, J_error, tau_, tau_error = "none", 0.0, 0.0, 0.0, float(np.std(a) / max(np.mean(rate), 1e-12)), None, None
    else:
        kind = "voltage-driven" if np.all(window > open_) else "spike-driven"
        if np.any(window > open_) and kind == "spike-driven":
            warnings.append("at some conductances firing that lasts needs more current than a first spike, at others it does not: depolarisation may drive part of it")
        design = _design(kind, rate, leak, tau_)
        law, *_ = np.linalg.lstsq(design / np.abs(design).max(axis=0), a, rcond=None)
        law = law / np.abs(design).max(axis=0)
        scatter = np.sum((a - design @ law) ** 2) / max(len(a) - design.shape[1], 1)
        J_, J_error = float(law[0]), float(np.sqrt(scatter * np.linalg.inv(design.T @ design)[0, 0]))
        a_0, rise = (float(law[1]), float(law[2]) if len(law) > 2 else 0.0) if kind == "voltage-driven" else (0.0, 0.0)
        if not np.isfinite(tau_):
            warnings.append("no time constant could be had from the intervals; use rates at which more spikes fall within it")
            tau_ = tau_error = None
    design = _design(kind, rate, leak, tau_)
    deviation = a - design @ np.array([J_, a_0, rise])[:design.shape[1]]
    time = lambda value: None if value is None else with_units(value, "s")
    charge = current.replace("A", "C")
    windows = pd.DataFrame({f"g [{conductance}]": g_, f"first spike [{current}]": searched["first_spike"], f"sustained [{current}]": searched["sustained"],
                            f"window [{current}]": window, f"left open [{current}]": open_})
    provenance = {"model": model.name, "model_hash": model.hash, "seed": seed, "dt [s]": surface.provenance["dt [s]"], "engine": surface.provenance["engine"],
                  "rates [Hz]": [lo, hi], "versions": versions()}
    return Adaptation(kind, with_units(J_, charge), with_units(a_0, current), with_units(rise, "V"), time(tau_), with_units(J_error, charge), time(tau_error),
                      with_units(float(np.sqrt(np.mean(deviation**2))), current), windows,
                      pd.DataFrame({"rate [Hz]": rate, f"g [{conductance}]": leak, f"adaptation [{current}]": a}), warnings, provenance)


def _design(kind, rate, leak, tau_):
    """Columns of the law of the measured current: J times the rate; where depolarisation drives it also a_0 and its rise with the leak."""
    # The onset has the adaptation of one spike in it.
    columns = [rate - (1 / tau_ if tau_ is not None and np.isfinite(tau_) else 0.0)]
    if kind != "spike-driven":
        columns += [np.ones_like(rate)] + ([leak - np.unique(leak).mean()] if np.ptp(leak) > 0 else [])
    return np.stack(columns, axis=1)


def _currents(model, g_, rheobases, top, settings):
    """From the lowest rheobase to where the leakiest cell fires at `top` in the steady state, denser near rheobase."""
    lowest, highest = rheobases.min(), rheobases.max()
    width = 0.25 * max(abs(highest), abs(lowest), 1e-15)
    for _ in range(8):
        trial = measure_fi(model, with_units(np.array([highest + width]), model.current_dim), with_units(g_[-1:], model.conductance_dim), progress=False, **settings)
        if trial.rate_[0, 0] >= top:
            break
        width *= 1.6
    span = highest + width - lowest
    return lowest + span * np.linspace(0.001, 1, CURRENTS) ** 1.5


def _onset(surface, j):
    """Current that gives a rate at onset, for one conductance: an interpolation over the rates that were seen, or None."""
    from scipy.interpolate import PchipInterpolator

    onset = surface.onset_rate_[:, j]
    known = np.isfinite(onset)
    if known.sum() < 4:
        return None
    rate, I = np.maximum.accumulate(onset[known]), surface.I_[known]
    rising = np.r_[True, np.diff(rate) > 0]
    return PchipInterpolator(rate[rising], I[rising], extrapolate=False) if rising.sum() >= 4 else None


def _curve(surface, lo, hi):
    """Rows of (steady rate, I_steady - I_onset, g)."""
    rows = []
    for j, g in enumerate(surface.g_):
        onset = _onset(surface, j)
        if onset is None:
            continue
        rate = surface.rate_[:, j]
        here = (rate > lo) & (rate <= hi)
        lack = surface.I_[here] - onset(rate[here])
        rows += [(r, a, g) for r, a in zip(rate[here], lack) if np.isfinite(a)]
    return np.array(rows).reshape(-1, 3)


def _intervals(model, surface, g, dt):
    """[(current, spike times in s after the step)] of cells that step from rest to currents of the surface."""
    j = int(np.flatnonzero(surface.g_ == g)[0])
    firing = np.flatnonzero(surface.rate_[:, j] > 4 / FOLLOWED_)
    if not firing.size:
        return []
    chosen = surface.I_[np.unique(firing[np.linspace(firing.size // 4, firing.size - 1, CELLS).astype(int)])]
    cell = model.with_parameters({model.leak: with_units(g, model.conductance_dim)})
    written = cell.cell_equations()
    dt_ = seconds(dt, "dt") or float(model.dt)
    with brian_session(0) as b:
        group = b.NeuronGroup(chosen.size, written.equations, threshold=written.threshold, reset=written.reset, refractory=written.refractory, method=written.method,
                              namespace=written.namespace, dt=dt_ * b.second, name="adapting")
        state = {cell.membrane: cell.si(cell.leak_reversal), **{key: float(np.asarray(value)) for key, value in cell.initial.items()}}
        for key, value in state.items():
            group.variables[key].set_value(value)
        monitor = b.SpikeMonitor(group, name="adapting_spikes")
        network = b.Network(group, monitor)
        network.run(RELAXED_ * b.second, namespace={})
        group.variables[cell.input].set_value(chosen)
        network.run(FOLLOWED_ * b.second, namespace={})
        i, t = np.array(monitor.i), np.array(monitor.t_) - RELAXED_
    return [(I, t[(i == k) & (t > 0)]) for k, I in enumerate(chosen)]


def _time_constant(surface, spikes, curve):
    """(tau, standard error) in s from successive intervals: how fast the lacking current approaches what the rate asks for."""
    onset = _onset(surface, 0)
    if onset is None or not spikes or np.ptp(curve[:, 0]) == 0:
        return np.inf, np.inf
    asked = np.poly1d(np.polyfit(curve[:, 0], curve[:, 1], 1))
    ways, lacks = [], []
    for I, t in spikes:
        if t.size < 5:
            continue
        interval, middle = np.diff(t), (t[1:] + t[:-1]) / 2
        lack = I - onset(1 / interval)
        late = (middle > (1 - SETTLED) * FOLLOWED_) & np.isfinite(lack)
        if not late.any():
            continue
        # The straight line of a over r is only roughly it: shifted so that this cell rests where it does.
        shift = np.mean(lack[late]) - asked(1 / np.mean(interval[late]))
        gap = asked(1 / interval) + shift - lack
        first = np.flatnonzero(~np.isfinite(gap)).max(initial=-1) + 1
        if gap.size - first < 4:
            continue
        gap, lack, middle = gap[first:], lack[first:], middle[first:]
        # Integrated rather than differentiated: spikes lie on a time grid, and differences of successive intervals are mostly that.
        way = np.concatenate([[0.0], np.cumsum((gap[1:] + gap[:-1]) / 2 * np.diff(middle))])
        ways.append(way - way.mean())
        lacks.append(lack - lack.mean())
    if not ways:
        return np.inf, np.inf
    x, y = np.concatenate(ways), np.concatenate(lacks)
    if not np.sum(x * y) > 0:
        return np.inf, np.inf
    slope = np.sum(x * y) / np.sum(x**2)
    within = np.sqrt(np.sum((y - slope * x) ** 2) / (x.size - len(ways) - 1) / np.sum(x**2))
    # Where the law is only roughly right cells differ by more than their own scatter: the error with each cell as one observation.
    between = np.sqrt(sum(np.sum(way * (lack - slope * way)) ** 2 for way, lack in zip(ways, lacks)) * len(ways) / max(len(ways) - 1, 1)) / np.sum(x**2)
    error = max(within, between)
    return 1 / slope, error / slope**2
