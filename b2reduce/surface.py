"""The f-I surface: firing rate over mean input current and total leak conductance, with or without synaptic noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .circuit import Drive
from .model import load_model
from .points import measure_points, measure_until, noise_sources, rest_of
from .progress import Progress
from .provenance import frozen, unknown_name, versions
from .sweep import ENGINES, Settled
from .units import InputError, si_label, to_si, with_units

__all__ = ["FISurface", "measure_fi", "rheobase"]

DURATION_, WARMUP_ = 2.0, 0.5  # s, without noise
NOISE_DURATION_ = 2.5  # s, with noise
NOISE_REPLICATES = 20
RHEOBASE_RTOL = 1e-4
RHEOBASE_CURRENTS = 24  # per leak and round


@dataclass(frozen=True, eq=False)
class FISurface:
    """Firing rates over a grid of mean current and total leak conductance.

    Attributes with a trailing underscore are SI floats; without it they carry units. Arrays are read-only.

    Attributes
    ----------
    I, g : Quantity, shapes (I,) and (g,)
        Axes: mean current with all driving forces taken from the leak reversal, and mean total leak-like conductance.
        The means of the noise are part of both.
    rate : Quantity, shape (I, g)
        Sustained rate, Hz.
    rate_sem : Quantity, shape (I, g)
        Standard error of the rate: over replicates with noise, the resolution of the time grid without.
    onset_rate : Quantity, shape (I, g)
        One over the first interval; NaN below two spikes.
    cv : ndarray, shape (I, g)
        Coefficient of variation of the intervals; NaN below two intervals.
    time : Quantity, shape (I, g)
        Simulated time that each point took, all replicates together; NaN for recorded data.
    provenance : mapping
        What was run: model and its hash, noise, dt, duration, replicates, seed, engine, versions.
    """

    I_: np.ndarray
    g_: np.ndarray
    rate_: np.ndarray
    rate_sem_: np.ndarray = None
    onset_rate_: np.ndarray = None
    cv_: np.ndarray = None
    time_: np.ndarray = None
    per_area: bool = False
    provenance: Mapping = field(default_factory=dict)

    def __post_init__(self):
        shape = (len(self.I_), len(self.g_))
        for name in ("I_", "g_", "rate_", "rate_sem_", "onset_rate_", "cv_", "time_"):
            value = getattr(self, name)
            value = np.full(shape, np.nan) if value is None else np.array(value, dtype=float)
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        object.__setattr__(self, "provenance", frozen(dict(self.provenance)))

    @property
    def current_unit(self):
        """``"A"`` or ``"A/m^2"``."""
        return "A/m^2" if self.per_area else "A"

    @property
    def conductance_unit(self):
        """``"S"`` or ``"S/m^2"``."""
        return "S/m^2" if self.per_area else "S"

    I = property(lambda self: with_units(self.I_, self.current_unit))
    g = property(lambda self: with_units(self.g_, self.conductance_unit))
    rate = property(lambda self: with_units(self.rate_, "Hz"))
    rate_sem = property(lambda self: with_units(self.rate_sem_, "Hz"))
    onset_rate = property(lambda self: with_units(self.onset_rate_, "Hz"))
    cv = property(lambda self: self.cv_)
    time = property(lambda self: with_units(self.time_, "s"))

    def to_frame(self):
        """Tidy DataFrame, one row a point, SI units in the column names."""
        import pandas as pd

        I_, g_ = np.meshgrid(self.I_, self.g_, indexing="ij")
        return pd.DataFrame({f"I [{self.current_unit}]": I_.ravel(), f"g [{self.conductance_unit}]": g_.ravel(),
                             "rate [Hz]": self.rate_.ravel(), "rate_sem [Hz]": self.rate_sem_.ravel(),
                             "onset_rate [Hz]": self.onset_rate_.ravel(), "cv": self.cv_.ravel(), "time [s]": self.time_.ravel()})

    @classmethod
    def from_frame(cls, frame, provenance=None):
        """Build from recorded data.

        Parameters
        ----------
        frame : pandas.DataFrame
            Columns ``"I [A]"``, ``"g [S]"`` (or ``"I [A/m^2]"``, ``"g [S/m^2]"``) and ``"rate [Hz]"``; optionally
            ``"rate_sem [Hz]"``, ``"onset_rate [Hz]"``, ``"cv"``, ``"time [s]"``. Pairs that are missing become NaN.

        Raises
        ------
        InputError
            If a column is missing, is not numeric, or a pair (I, g) occurs twice.
        """
        per_area = "I [A/m^2]" in frame.columns
        area = "/m^2" if per_area else ""
        needed = [f"I [A{area}]", f"g [S{area}]", "rate [Hz]"]
        missing = [name for name in needed if name not in frame.columns]
        if missing:
            raise InputError(f"f-I data: the columns {', '.join(map(repr, missing))} are missing; got "
                             f"{', '.join(map(repr, frame.columns)) or 'none'}, expected {', '.join(map(repr, needed))} "
                             f"(or the currents and conductances per m^2)")
        if frame.empty:
            raise InputError("f-I data: there are no rows")
        columns = {}
        for name in [*needed, *(name for name in ("rate_sem [Hz]", "onset_rate [Hz]", "cv", "time [s]") if name in frame.columns)]:
            try:
                columns[name] = frame[name].to_numpy(dtype=float)
            except (TypeError, ValueError):
                raise InputError(f"f-I data, column {name!r}: holds something that is not a number") from None
        I, g = columns.pop(needed[0]), columns.pop(needed[1])
        for name, values in zip(needed, (I, g)):
            if not np.isfinite(values).all():
                raise InputError(f"f-I data, column {name!r}: holds missing values")
        if np.any(g < 0):
            raise InputError(f"f-I data, column {needed[1]!r}: got {g.min():g}, expected conductances of at least 0")
        if np.any(columns["rate [Hz]"] < 0) or np.any(np.isinf(columns["rate [Hz]"])):
            raise InputError("f-I data, column 'rate [Hz]': got a negative or infinite rate, expected rates of at least 0 Hz, or nothing where none was measured")
        I_, i = np.unique(I, return_inverse=True)
        g_, j = np.unique(g, return_inverse=True)
        if len(set(zip(i.tolist(), j.tolist()))) < len(I):
            raise InputError("f-I data: a pair of current and conductance occurs twice; average repeated measurements first")
        grids = {}
        for name, values in columns.items():
            grid = grids[name.split(" ")[0] + "_"] = np.full((I_.size, g_.size), np.nan)
            grid[i, j] = values
        return cls(I_, g_, per_area=per_area, provenance={"source": "recorded data", **(provenance or {})}, **grids)

    def __repr__(self):
        return f"FISurface({self.I_.size} currents x {self.g_.size} conductances, {np.nanmin(self.rate_):.3g}-{np.nanmax(self.rate_):.3g} Hz)"


def axis(values, dim, name):
    """An axis as ascending SI floats."""
    values_ = np.atleast_1d(to_si(values, dim, name))
    if values_.ndim != 1 or values_.size == 0:
        raise InputError(f"{name}: got an axis of shape {values_.shape}, expected a list of at least one value")
    if not np.isfinite(values_).all():
        raise InputError(f"{name}: the axis holds NaN or infinity")
    if np.any(np.diff(values_) <= 0):
        raise InputError(f"{name}: the axis must increase from value to value without repeats; sort it first (np.unique does both)")
    return values_


def leaks(values, model):
    """An axis of total leaks as ascending SI floats."""
    values_ = axis(values, model.conductance_dim, "g")
    if values_[0] <= 0:
        raise InputError(f"g: got {with_units(values_[0], model.conductance_dim)}, expected total leak conductances above 0")
    return values_


def seconds(value, name):
    """A positive time in SI, or None."""
    if value is None:
        return None
    value_ = to_si(value, "s", name)
    if not np.ndim(value_) == 0 or not value_ > 0 or not np.isfinite(value_):
        raise InputError(f"{name}: got {value}, expected a time above 0 s")
    return value_


def run_times(duration, warmup, noisy):
    """Duration and warm-up in s, chosen where not given."""
    duration_ = seconds(duration, "duration") or (NOISE_DURATION_ if noisy else DURATION_)
    if warmup is None:
        return duration_, min(WARMUP_, duration_ / 4)
    warmup_ = to_si(warmup, "s", "warmup")
    if not 0 <= warmup_ < duration_:
        raise InputError(f"warmup: got {warmup}, expected at least 0 s and less than the duration of {duration_:g} s")
    return duration_, warmup_


def check_replicates(replicates, noisy):
    """The number of cells per point, chosen where not given."""
    replicates = (NOISE_REPLICATES if noisy else 1) if replicates is None else replicates
    if isinstance(replicates, bool) or not isinstance(replicates, (int, np.integer)) or replicates < 1:
        raise InputError(f"replicates: got {replicates!r}, expected a whole number of at least 1")
    return int(replicates)


def check_rtol(rtol):
    """Refuse what is no relative error."""
    if rtol is not None and not 0 < rtol < 1:
        raise InputError(f"rtol: got {rtol!r}, expected a relative error between 0 and 1")


def check_engine(engine, threads):
    """Refuse unknown engines and impossible numbers of threads."""
    if engine not in ENGINES:
        raise InputError(f"engine: {unknown_name('engine', engine, ENGINES)}")
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 1):
        raise InputError(f"threads: got {threads!r}, expected a whole number of at least 1, or None")


def measure_fi(model, I, g, *, noise=None, duration=None, warmup=None, replicates=None, rtol=None, dt=None, seed=0,
               parameters=None, initial="rest", engine="auto", threads=None, progress=None):
    """Measure the firing rate of a cell over mean current and total leak conductance.

    All points run side by side as uncoupled cells.

    Parameters
    ----------
    model : NeuronModel, str or path
        The cell, or a name or file that `load_model` reads.
    I : Quantity, shape (I,)
        Mean currents, ascending; driving forces taken from the leak reversal.
    g : Quantity, shape (g,)
        Mean total leak conductances, ascending; the cell's own leak is one of its parts.
    noise : list of Drive, optional
        Poisson conductances (their target is ignored). Their means are part of `I` and `g`: the cell gets what is left.
    duration, warmup : Quantity, optional
        Whole run, and what of it the rate leaves out. A duration given is run in full. By default at most 2 s without
        noise, less where the rate is known sooner (see Notes), 2.5 s with noise, and 0.5 s of it to warm up.
    replicates : int, optional
        Cells per point: by default 1, or 20 with noise. Parameters that vary over cells are drawn per replicate.
    rtol : float, optional
        With noise, the wanted relative standard error of the rate. Without a duration each point runs until it is reached,
        up to 32 s; with one, replicates are added where it is not reached, up to 16 times as many.
    dt : Quantity, optional
        Time step; by default the model's.
    seed : int
        Decides every random number.
    parameters : dict, optional
        Parameters to replace in the model.
    initial : "rest" or dict
        ``"rest"``: every cell relaxes without input at its own g, then the input steps on at t = 0. A dict gives
        starting values of state variables.
    engine : {"auto", "native", "brian2"}
        ``"native"`` compiles the equations into one loop a cell, ``"brian2"`` runs one NeuronGroup, ``"auto"`` takes the
        native engine wherever it can express the equations; the provenance says which ran, and why not the native one.
    threads : int, optional
        Of the native engine, by default all that the process may use; Brian2 runs on one. Results do not depend on it.
    progress : None, bool, str or callable
        None: a bar if stderr is a terminal and the run takes longer than 2 s. A callable gets ``(stage, fraction)``.

    Returns
    -------
    FISurface

    Raises
    ------
    InputError
        If an axis is empty or unsorted, a unit is wrong, or a point would need a negative leak.
    DivergenceError
        If the integration ends in NaN; the message names the point.

    Notes
    -----
    Without noise the rate is (n - 1)/(t_last - t_first) after the warm-up, 0 where the last half of the run is
    silent; it cannot see rates below one over the time after the warm-up. With noise it is the spike count over that
    time, and its standard error the scatter of replicates, at least one spike per total time.

    Without noise and without a duration a cell ends once it repeats itself bit for bit or rests, which changes nothing,
    or once its intervals have settled to 2e-4 from one stretch to the next, twice as long; `time` says when. The plain
    Brian2 engine runs all cells to the end.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import nA, nS, ms
    >>> surface = measure_fi("lif", np.linspace(0.2, 0.6, 5)*nA, 16.7*nS, duration=300*ms)
    >>> surface.rate.shape
    (5, 1)
    """
    model = load_model(model).with_parameters(parameters or {})
    I_, g_ = axis(I, model.current_dim, "I"), leaks(g, model)
    check_engine(engine, threads)
    noise = (noise,) if isinstance(noise, Drive) else tuple(noise or ())
    sources = noise_sources(noise, model)
    noisy = bool(sources) or model.noisy
    duration_, warmup_ = run_times(duration, warmup, noisy)
    dt_ = seconds(dt, "dt") or float(model.dt)
    replicates = check_replicates(replicates, noisy)
    check_rtol(rtol)
    if duration_ - warmup_ < 10 * dt_:
        raise InputError(f"duration: got {duration_:g} s with a warm-up of {warmup_:g} s, expected at least ten time steps of {dt_:g} s after it")
    Ig = np.stack(np.meshgrid(I_, g_, indexing="ij")).reshape(2, -1)
    with Progress(progress) as bar:
        points = measure_until(model, *Ig, sources, rtol=rtol if noisy else None, adaptive=duration is None, replicates=replicates, duration_=duration_,
                               warmup_=warmup_, dt_=dt_, seed=seed, initial=initial, engine=engine, threads=threads, bar=bar, stage="f-I surface")
    if not np.any(points.rate_):
        _check_threshold(model, g_[:1], dt_, engine)
    shape = (I_.size, g_.size)
    provenance = {
        "model": model.name, "model_hash": model.hash, "engine": points.engine, "dt [s]": dt_, "duration [s]": duration_,
        "early_stopping": duration is None, "warmup [s]": warmup_, "replicates": int(replicates), "rtol": rtol, "seed": seed,
        "noise": [drive.to_dict() for drive in noise], "initial": initial if isinstance(initial, str) else "given", "versions": versions(),
    }
    return FISurface(I_, g_, points.rate_.reshape(shape), points.rate_sem_.reshape(shape), points.onset_rate_.reshape(shape),
                     points.cv_.reshape(shape), points.simulated.reshape(shape), per_area="m^2" in si_label(model.current_dim), provenance=provenance)


def _check_threshold(model, g_, dt_, engine):
    """Tell a surface of currents too weak, which is a result, from a cell that cannot fire, which is a mistake."""
    rheobase(model, with_units(g_, model.conductance_dim), kind="first_spike", duration="300 ms", dt=with_units(dt_, "s"), engine=engine, progress=False)


def rheobase(model, g, *, kind="sustained", duration=None, dt=None, parameters=None, engine="auto", progress=None):
    """Smallest current from rest that makes the cell fire, at each leak conductance.

    Parameters
    ----------
    model : NeuronModel, str or path
    g : Quantity, shape (g,)
        Total leak conductances.
    kind : {"sustained", "first_spike"}
        At least two spikes in the last half of the run, or any spike.
    duration : Quantity, optional
        Length of each run, by default 2 s or until the cell repeats itself, rests or has settled (see `measure_fi`); a
        sustained rate must exceed about 4/duration to be seen.

    Returns
    -------
    Quantity, shape (g,)
        To a relative precision of 1e-4.

    Raises
    ------
    InputError
        If the cell is silent at every current up to the one that would hold its leak 1 V above the reversal, or never silent.

    Examples
    --------
    >>> from brian2 import ms, nS, pA
    >>> round(float(rheobase("lif", [16.7]*nS, duration=400*ms)[0]/pA), 1)  # g_L (V_th - E_L)
    250.5
    """
    model = load_model(model).with_parameters(parameters or {})
    fires = {"sustained": lambda stats: stats.late_count >= 2, "first_spike": lambda stats: stats.total >= 1}
    if kind not in fires:
        raise InputError(f"kind: {unknown_name('kind', kind, fires)}")
    g_ = leaks(g, model)
    check_engine(engine, None)
    duration_ = seconds(duration, "duration") or DURATION_
    dt_ = seconds(dt, "dt") or float(model.dt)
    rest = rest_of(model, g_, dt_, engine=engine)
    scale = np.maximum(g_, model.si(model.leak))[:, None]  # 1 V of it is as far as the search goes
    rows, lower, upper = np.arange(g_.size), np.full(g_.size, -np.inf), np.full(g_.size, np.inf)
    candidates = scale * np.concatenate([[0.0], np.geomspace(1e-4, 0.03, RHEOBASE_CURRENTS - 1)])  # (g, current)
    with Progress(progress) as bar:
        for round_ in range(1, 30):
            stats = measure_points(
                model, candidates.ravel(), np.repeat(g_, RHEOBASE_CURRENTS), (), replicates=1, duration_=duration_, warmup_=0.0, dt_=dt_, seed=0,
                initial={name: np.repeat(values, RHEOBASE_CURRENTS) for name, values in rest.items()}, engine=engine, diverging="silent",
                stop=Settled() if duration is None else None, report=bar.stage(f"rheobase, round {round_}")).statistics
            fired = fires[kind](stats).reshape(candidates.shape)
            first, any_fired = fired.argmax(axis=1), fired.any(axis=1)
            last_silent = np.where(any_fired, first - 1, RHEOBASE_CURRENTS - 1)
            lower = np.where(last_silent >= 0, candidates[rows, last_silent], lower)
            upper = np.where(any_fired, candidates[rows, first], upper)
            for missing, end, verb, bound in ((np.isinf(upper), candidates[:, -1], "does not fire", "up to"),
                                              (np.isinf(lower), candidates[:, 0], "fires", "down to")):
                at = np.flatnonzero(missing & (np.abs(end) >= scale[:, 0]))
                if at.size:
                    raise InputError(f"model {model.name!r} {verb} ({kind}) at g = {with_units(g_[at[0]], model.conductance_dim)} at every current {bound} "
                                     f"{with_units(end[at[0]], model.current_dim)} within {duration_:g} s, so there is no rheobase; "
                                     f"check the threshold {model.threshold!r} and the duration")
            bounded = np.isfinite(upper) & np.isfinite(lower)
            if np.all(bounded & (upper - lower <= RHEOBASE_RTOL * np.maximum(np.abs(upper), 1e-3 * g_))):  # 1 mV as the scale near zero
                break
            # Step by step outwards until both sides are known: extreme currents are where integrations diverge.
            reach = np.minimum(3 * np.maximum(np.abs(candidates).max(axis=1), 0.01 * scale[:, 0]), scale[:, 0])
            near, far = np.where(bounded, lower, np.where(np.isinf(upper), lower, -reach)), np.where(bounded, upper, np.where(np.isinf(upper), reach, upper))
            candidates = np.linspace(near, far, RHEOBASE_CURRENTS + 2, axis=1)[:, 1:-1]
            candidates = np.where(bounded[:, None], candidates, np.linspace(near, far, RHEOBASE_CURRENTS, axis=1))
    return with_units(upper, model.current_dim)
