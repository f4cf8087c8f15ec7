"""The f-I surface.

Firing rate over mean input current and total leak conductance, with or without synaptic noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..basics.arguments import axis, seconds, whole
from ..basics.display import field_unit, number, sheet_html
from ..basics.errors import InputError
from ..basics.frozen import frozen
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.units import si_label, with_units
from ..circuit.circuit import drives_of
from ..circuit.neuron import load_model
from ..circuit.spike_counts import fewest_steps
from .points import measure_until, noise_sources
from .recorded_columns import columns_of
from .recorded_grids import on_grid, totals
from .recordings import read_recording
from .rheobase import check_fires
from .settings import (
    changed_parameters,
    check_engine,
    check_initial,
    check_replicates,
    check_rtol,
    check_run,
    leaks,
    run_times,
    warned,
)
from .silences import silences

__all__ = ["FISurface", "measure_fi"]


@dataclass(frozen=True, eq=False)
class FISurface:
    """Firing rates over a grid of mean current and total leak conductance.

    Attributes with a trailing underscore are SI floats; without it they carry units. Arrays are read-only.

    Attributes
    ----------
    I, g : Quantity, shapes (I,) and (g,)
        Axes: mean current with all driving forces taken from the leak reversal, and mean total leak-like
        conductance. The means of the noise are part of both.
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
    blocked : ndarray of bool, shape (I, g)
        Points at the upper end of a curve that are silent, or below half of the highest rate at smaller
        currents, and the way down to them: depolarisation block. Told from the rates themselves; fits leave
        them out and say so.
    provenance : mapping
        What was run: model and its hash, noise, dt, duration, replicates, seed, engine, versions.
    check : mapping
        A seeded sample of the points again with rk4 at half the step: how many cells, the relative
        difference, its standard error, what the rates may err by for it, and at which rate. Empty for
        recorded data, and where no native engine could run it.
    warnings : tuple of str
        What must be known before the rates are used: of their accuracy, and of what was assumed when recorded
        data were read.
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
    check: Mapping = field(default_factory=dict)
    warnings: tuple = ()

    def __post_init__(self):
        shape = (len(self.I_), len(self.g_))
        for name in ("I_", "g_", "rate_", "rate_sem_", "onset_rate_", "cv_", "time_"):
            value = getattr(self, name)
            value = np.full(shape, np.nan) if value is None else np.array(value, dtype=float)
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        object.__setattr__(self, "provenance", frozen(dict(self.provenance)))
        object.__setattr__(self, "check", frozen(dict(self.check)))
        object.__setattr__(self, "warnings", tuple(self.warnings))
        blocked = silences(self.rate_, self.rate_sem_)[0]
        blocked.flags.writeable = False
        object.__setattr__(self, "blocked", blocked)

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
        return pd.DataFrame(
            {
                f"I [{self.current_unit}]": I_.ravel(),
                f"g [{self.conductance_unit}]": g_.ravel(),
                "rate [Hz]": self.rate_.ravel(),
                "rate_sem [Hz]": self.rate_sem_.ravel(),
                "onset_rate [Hz]": self.onset_rate_.ravel(),
                "cv": self.cv_.ravel(),
                "time [s]": self.time_.ravel(),
            }
        )

    @classmethod
    def from_frame(
        cls, frame, provenance=None, *, added=False, g_L=None, E_L=None, E_added=None, repeats=None
    ):
        """Build from recorded data.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row a point, with a current, a conductance and a rate, each with its unit in the header (``"I
            [pA]"``, ``"g (nS)"``, ``"rate_Hz"``, ``"I [uA/cm^2]"``: any unit of the right kind) or in every
            cell (``"120 pA"``); optionally ``rate_sem``, ``onset_rate``, ``cv``, ``time [s]``. Pairs that are
            missing become NaN. Axis values within 1e-9 of one another are one.
        provenance : dict, optional
            What else is known of the data, kept with the surface.
        added : bool
            The current is what was injected and the conductance what was added to the cell, as a dynamic
            clamp has them: they become ``I + g (E_added - E_L)`` and ``g_L + g``.
        g_L, E_L : Quantity, optional
            With `added`: conductance of the cell itself and its reversal.
        E_added : Quantity, optional
            With `added`: reversal of the added conductance; by default what a column ``E_added [mV]`` says,
            else E_L, with a warning.
        repeats : None, "average" or "refuse"
            Rows of one pair (I, g) are averaged, and `rate_sem` is their scatter over the square root of
            their number (or what their own standard errors give, if that is more). None refuses where a
            column such as "cell" or "drug" says that they are of different things; "average" does not look.

        Raises
        ------
        InputError
            If a column or its unit is missing or a cell cannot be read; the message names column and row.
        """
        columns, rows = columns_of(frame, added=added)
        notes, assumed = {}, []
        if added:
            I, g, assumed = totals(columns, g_L, E_L, E_added)
            reversal = columns.headers.get("E_added", str(E_L if E_added is None else E_added))
            notes["added"] = {"g_L": str(g_L), "E_L": str(E_L), "E_added": reversal}
        else:
            given = [
                name
                for name, value in (("g_L", g_L), ("E_L", E_L), ("E_added", E_added))
                if value is not None
            ]
            if given:
                raise InputError(
                    f"{given[0]}: is used with added conductances only; give added=True (--added), or leave"
                    " it out"
                )
            I, g = columns["I"], columns["g"]
            header = columns.headers["g"]
            if np.any(g < 0):
                raise InputError(
                    f"f-I data, column {header!r}: got {g.min():g}, expected conductances of at least 0"
                )
            # Which a measured cell without a leak may have
            if np.any(g == 0) and "model_hash" not in (provenance or {}):
                raise InputError(
                    f"f-I data, column {header!r}: got 0, which no total leak of a cell is; if these are"
                    " conductances added to the cell, give added=True, g_L=9*nS, E_L=-70*mV (--added --g_L"
                    " '9 nS' --E_L '-70 mV')"
                )
        values = {
            name: values for name, values in columns.items() if name not in ("I", "g", "g_added", "E_added")
        }
        I_, g_, grids, averaged = on_grid(I, g, values, rows, columns.per_area, repeats)
        area = "/m^2" if columns.per_area else ""
        plain = {"I": f"I [A{area}]", "g": f"g [S{area}]", "rate": "rate [Hz]"}
        headers = {"g" if name == "g_added" else name: header for name, header in columns.headers.items()}
        if any(headers[name] != header for name, header in plain.items()):
            notes["columns"] = headers
        if averaged:
            notes["averaged pairs"] = averaged
        return cls(
            I_,
            g_,
            per_area=columns.per_area,
            provenance={"source": "recorded data", **notes, **(provenance or {})},
            warnings=assumed,
            **{f"{name}_": grid for name, grid in grids.items()},
        )

    def to_dict(self):
        """Plain data for JSON; `from_dict` reads it back to the same values."""
        return {
            "frame": self.to_frame().to_dict("list"),
            "provenance": dict(self.provenance),
            "check": dict(self.check),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, data):
        """Read back what `to_dict` wrote."""
        import pandas as pd

        surface = cls.from_frame(pd.DataFrame(data["frame"], dtype=float), data["provenance"])
        return replace(surface, check=data.get("check", {}), warnings=data.get("warnings", ()))

    @classmethod
    def from_csv(cls, path, provenance=None, **arguments):
        """Build from a file of recorded data, as spreadsheets and acquisition programs write them.

        Semicolons, tabs, commas, bars or blanks between columns; decimal points or commas; UTF-8, UTF-16 or
        what Windows writes. What cannot be told is refused by line and column (the rules stand in
        `b2reduce.cells.recordings`).

        Parameters
        ----------
        path : str or path
        provenance : dict, optional
        **arguments
            Those of `from_frame`: added, g_L, E_L, E_added, repeats.

        Raises
        ------
        InputError
            If the file cannot be read, or holds what `from_frame` refuses.
        """
        try:
            frame = read_recording(path)
            return cls.from_frame(frame, {"file": str(path), **(provenance or {})}, **arguments)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    def to_xarray(self):
        """The surface as an `xarray.Dataset` over I and g, SI units (needs xarray)."""
        from ..basics.labelled import surface_dataset

        return surface_dataset(self)

    def sheet(self, most_currents=12, most_conductances=6):
        """(columns, rows) of texts in units of the field, a row a current, for people.

        Of more than the most evenly spaced ones.
        """
        (I_factor, I_unit), (g_factor, g_unit) = (
            field_unit(self.current_unit, self.I_),
            field_unit(self.conductance_unit, self.g_),
        )
        rows, columns = (
            np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))
            for size, most in ((self.I_.size, 12), (self.g_.size, 6))
        )
        shown = [
            (
                number(self.I_[i] / I_factor),
                *(number(self.rate_[i, j], self.rate_sem_[i, j]) for j in columns),
            )
            for i in rows
        ]
        return (f"I ({I_unit})", *(f"g = {number(self.g_[j] / g_factor)} {g_unit}" for j in columns)), shown

    @property
    def summary(self):
        """(columns, rows) of texts in units of the field, a row a conductance.

        From where on it fires, and how fast.
        """
        g_factor, g_unit = field_unit(self.conductance_unit, self.g_)
        I_factor, I_unit = field_unit(self.current_unit, self.I_)
        rows = []
        for j, g in enumerate(self.g_):
            rate = self.rate_[:, j]
            known = np.isfinite(rate)
            fires = np.nonzero(known & (rate > 0))[0]
            rows.append(
                (
                    number(g / g_factor),
                    str(int(known.sum())),
                    number(self.I_[fires[0]] / I_factor) if fires.size else "never",
                    number(np.max(rate[known])) if known.any() else "",
                )
            )
        return (f"g ({g_unit})", "currents", f"fires from ({I_unit})", "highest rate (Hz)"), rows

    def _repr_html_(self):
        columns, rows = self.sheet()
        part = (
            ""
            if len(rows) == self.I_.size and len(columns) == self.g_.size + 1
            else f" (here {len(rows)} x {len(columns) - 1} of them)"
        )
        return sheet_html(
            columns,
            rows,
            f"rate (Hz) of {self.provenance.get('model') or 'a cell'}: {self.I_.size} currents x"
            f" {self.g_.size} conductances{part}",
            self.warnings,
        )

    def __repr__(self):
        known = self.rate_[np.isfinite(self.rate_)]
        span = f"{known.min():.3g}-{known.max():.3g} Hz" if known.size else "no rates"
        blocked = f", {int(self.blocked.sum())} points blocked" if self.blocked.any() else ""
        return f"FISurface({self.I_.size} currents x {self.g_.size} conductances, {span}{blocked}" + (
            f"; warnings: {'; '.join(self.warnings)})" if self.warnings else ")"
        )


def measure_fi(
    model,
    I,
    g,
    *,
    noise=None,
    duration=None,
    warmup=None,
    replicates=None,
    rtol=None,
    dt=None,
    seed=1,
    parameters=None,
    initial="rest",
    engine="auto",
    threads=None,
    progress=None,
):
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
        Poisson conductances (their target is ignored). Their means are part of `I` and `g`: the cell gets
        what is left.
    duration, warmup : Quantity, optional
        Whole run, and what of it the rate leaves out. A duration given is run in full. By default at most 2 s
        without noise, less where the rate is known sooner (see Notes), 2.5 s with noise, and 0.5 s of it to
        warm up.
    replicates : int, optional
        Cells per point: by default 1, or 20 with noise. Parameters that vary over cells are drawn per
        replicate.
    rtol : float, optional
        With noise, the wanted relative standard error of the rate. Without a duration each point runs until
        it is reached, up to 32 s; with one, replicates are added where it is not reached, up to 16 times as
        many.
    dt : Quantity, optional
        Time step; by default the model's.
    seed : int
        Decides every random number.
    parameters : dict, optional
        Parameters to replace in the model.
    initial : "rest" or dict
        ``"rest"``: every cell relaxes without input at its own g, then the input steps on at t = 0. A dict
        gives starting values of state variables.
    engine : {"auto", "native", "brian2"}
        ``"native"`` compiles the equations into one loop a cell, ``"brian2"`` runs one NeuronGroup,
        ``"auto"`` takes the native engine wherever it can express the equations; the provenance says which
        ran, and why not the native one.
    threads : int, optional
        Of the native engine, by default all that the process may use; Brian2 runs on one. Results do not
        depend on it.
    progress : None, bool, str or callable
        None: a bar if stderr is a terminal and the run takes longer than 2 s. A callable gets ``(stage,
        fraction)``.

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
    Without noise the rate is (n - 1)/(t_last - t_first) after the warm-up, 0 where the last half of the run
    is silent; it cannot see rates below one over the time after the warm-up. With noise it is the spike count
    over that time, and its standard error the scatter of replicates, at least one spike per total time.

    Without noise and without a duration a cell ends once it repeats itself bit for bit or rests, which
    changes nothing, or once its intervals have settled to 2e-4 from one stretch to the next, twice as long;
    `time` says when. The plain Brian2 engine runs all cells to the end.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import nA, nS, ms
    >>> surface = measure_fi("lif", np.linspace(0.2, 0.6, 5)*nA, 16.7*nS, duration=300*ms)
    >>> surface.rate.shape
    (5, 1)
    """
    model = load_model(model).with_parameters(changed_parameters(parameters))
    seed, initial = whole(seed, "seed"), check_initial(initial)
    I_, g_ = axis(I, model.current_dim, "I"), leaks(g, model)
    check_engine(engine, threads)
    noise = drives_of(noise, "measure_fi, noise", none=True)
    sources = noise_sources(noise, model)
    noisy = bool(sources) or model.noisy
    duration_, warmup_ = run_times(duration, warmup, noisy)
    dt_ = seconds(dt, "dt") or float(model.dt)
    replicates = check_replicates(replicates, noisy)
    check_rtol(rtol)
    if duration_ - warmup_ < 10 * dt_:
        raise InputError(
            f"duration: got {duration_:g} s with a warm-up of {warmup_:g} s, expected at least ten time steps"
            f" of {dt_:g} s after it"
        )
    check_run(duration_, dt_, cells=I_.size * g_.size * replicates)
    Ig = np.stack(np.meshgrid(I_, g_, indexing="ij")).reshape(2, -1)
    with Progress(progress) as bar:
        points = measure_until(
            model,
            *Ig,
            sources,
            fixed=dt is not None,
            rtol=rtol if noisy else None,
            adaptive=duration is None,
            replicates=replicates,
            duration_=duration_,
            warmup_=warmup_,
            dt_=dt_,
            seed=seed,
            initial=initial,
            engine=engine,
            threads=threads,
            bar=bar,
            stage="f-I surface",
        )
    if not np.any(points.rate_):
        # Currents too weak are a result, a threshold out of reach is a mistake
        check_fires(model, g_[0], points.dt, engine)
    shape = (I_.size, g_.size)
    told = _limited_by_grid(model, points.rate_, *Ig, points.dt)
    provenance = {
        "model": model.name,
        "model_hash": model.hash,
        "engine": points.engine,
        "dt [s]": points.dt,
        "duration [s]": duration_,
        "early_stopping": duration is None,
        "warmup [s]": warmup_,
        "replicates": int(replicates),
        "rtol": rtol,
        "seed": seed,
        "noise": [drive.to_dict() for drive in noise],
        "initial": initial if isinstance(initial, str) else "given",
        "versions": versions(),
    }
    return FISurface(
        I_,
        g_,
        points.rate_.reshape(shape),
        points.rate_sem_.reshape(shape),
        points.onset_rate_.reshape(shape),
        points.cv_.reshape(shape),
        points.simulated.reshape(shape),
        per_area="m^2" in si_label(model.current_dim),
        provenance=provenance,
        check=points.check.to_dict() if points.check else {},
        warnings=warned((*points.warnings, *told)),
    )


def _limited_by_grid(model, rate_, I_, g_, dt_):
    """A sentence on points that fire as soon as time step and refractory period let them, if any do."""
    fewest = fewest_steps(model, dt_)
    at = np.flatnonzero(rate_ * dt_ * (fewest + 0.5) >= 1)
    if not at.size:
        return ()
    first = at[np.argmin(I_[at])]
    limit = (
        f"the time step of {dt_ * 1e3:g} ms"
        if fewest <= 2
        else f"the refractory period of {fewest * dt_ * 1e3:g} ms"
    )
    return (
        f"{at.size} of {rate_.size} points fire at every chance that {limit} leaves ({rate_[first]:.4g} Hz"
        f" from I = {with_units(I_[first], model.current_dim)}, g ="
        f" {with_units(g_[first], model.conductance_dim)}): that limits their rates, not the cell; leave them"
        " out, or "
        + ("take a smaller dt and a refractory period" if fewest <= 2 else "take weaker currents"),
    )
