"""Questions to a rate model: what if a circuit were changed, and what must be changed for given rates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace as dataclass_replace

import numpy as np

from .arguments import described, flag, mapping, require, to_si, whole
from .circuit import Circuit
from .display import amount, number, quantity_text, sheet_html, sheet_text
from .operating import OperatingPointError
from .progress import Progress
from .provenance import FrozenDict, unknown_name
from .rategroups import is_outside
from .reduced import ReducedCircuit
from .reduction import reduce
from .spiking import simulate_spikes
from .units import InputError, si_label, with_units

__all__ = ["Tuned", "WhatIf", "current_value", "tune", "what_if"]

_TIMES = re.compile(r"\s*[x*×]\s*([0-9.eE+-]+)\s*$|\s*([0-9.eE+-]+)\s*[x*×]\s*$")
REACH = 10.0  # by which factor a value is looked for, either way
VOLTS_ = 0.05  # V either way of a reversal potential or a threshold
PLACES = 41  # at which a rate model is asked before a root is looked for
NEAR = 0.01  # relative, and standard errors: what a rate may be off by and still be the one that was wanted
EDGE = 0.05  # of the way between two reductions: nearer to either a proposal tells little
STEPS = 9  # reductions made anew at most


@dataclass(frozen=True, eq=False)
class WhatIf:
    """What becomes of a network when it is changed.

    Attributes
    ----------
    changes : mapping
        As they were made.
    table : pandas.DataFrame
        Index population, rates in Hz: ``now`` of the rate model; ``frozen``, of the changed one with gains as they were; ``anew``, of a
        reduction of the changed circuit, and ``anew_stderr``; ``spiking``, its spiking network's, and ``spread`` over seeds. NaN where it
        was not asked for or cannot be had.
    outside : tuple of str
        Populations that the frozen model puts outside of what was measured.
    frozen, anew : ReducedCircuit or None
    spikes : tuple of Activity
    notes : tuple of str
        Why something cannot be had, and what must be known of what can.
    """

    changes: Mapping
    table: object
    outside: tuple = ()
    frozen: ReducedCircuit | None = None
    anew: ReducedCircuit | None = None
    spikes: tuple = ()
    notes: tuple = ()

    @property
    def title(self):
        """The question."""
        return "what if " + ", ".join(f"{name} = {quantity_text(value) if hasattr(value, 'dim') and np.ndim(value) == 0 else value}" for name, value in self.changes.items())

    @property
    def sheet(self):
        """(columns, rows) of texts, for people."""
        rows = [(name, number(row.now), number(row.frozen) or "-", number(row.anew, row.anew_stderr) or "-", number(row.spiking, row.spread) or "-", "yes" if name in self.outside else "no")
                for name, row in self.table.iterrows()]
        return ("population", "now (Hz)", "frozen (Hz)", "reduced anew (Hz)", "spiking (Hz)", "outside of what was measured"), rows

    def __repr__(self):
        return "\n".join([sheet_text(*self.sheet, self.title), *self.notes])

    def _repr_html_(self):
        return sheet_html(*self.sheet, self.title, self.notes)


def current_value(circuit, name):
    """The value of a parameter by its dotted name, as `Circuit.replace` takes it.

    Raises
    ------
    InputError
        If there is no such parameter, or it is no single number.

    Examples
    --------
    >>> from b2reduce import load_circuit
    >>> current_value(load_circuit("ei_lif"), "projection.I->E.G")
    2. * nsiemens
    """
    kind, _, rest = str(name).partition(".")
    which, _, attribute = rest.rpartition(".")
    which = which.replace(":", "->") if kind in ("projection", "drive") else which
    if kind == "population":
        if which not in circuit.populations:
            raise InputError(f"{name}: {unknown_name('population', which, circuit.populations)}")
        population = circuit.populations[which]
        known = {"size": population.size, **population.model.parameters}
        if attribute == population.model.input:
            known.setdefault(attribute, with_units(0.0, population.model.current_dim))
        if attribute not in known:
            raise InputError(f"{name}: {unknown_name('parameter', attribute, known)}")
        found = [known[attribute]]
    elif kind in ("projection", "drive"):
        entries = zip(circuit.labels, circuit.projections) if kind == "projection" else [(label, drive) for drive in circuit.drives for label in (drive.name, f"{drive.name}->{drive.target}")]
        chosen = [entry for label, entry in entries if label == which]
        if not chosen:
            raise InputError(f"{name}: {unknown_name(kind, which, circuit.labels if kind == 'projection' else circuit.drive_names)}")
        if not hasattr(chosen[0], attribute):
            raise InputError(f"{name}: {unknown_name('field', attribute, ('G', 'tau', 'E', 'in_degree', 'probability') if kind == 'projection' else ('G', 'tau', 'E', 'inputs', 'rate'))}")
        found = [getattr(entry, attribute) for entry in chosen]
    else:
        raise InputError(f"{name}: expected drive.NAME.FIELD, projection.SOURCE->TARGET.FIELD or population.NAME.PARAMETER")
    value = found[0]
    if np.ndim(value) or isinstance(value, (str, tuple, list)) or value is None or not isinstance(value, (int, float, np.number, np.ndarray)):
        raise InputError(f"{name}: has no single number as its value, but {described(value)}")
    if any(other != value for other in found):
        raise InputError(f"{name}: stands for {', '.join(map(quantity_text, found))}, expected one value; name the target as well, as in drive.{which}->{circuit.drives[0].target}.{attribute}")
    return value


def _multiplied(circuit, changes):
    """Changes with "x2" and the like turned into values."""
    made = {}
    for name, value in changes.items():
        factor = _TIMES.match(value) if isinstance(value, str) else None
        if factor:
            now = current_value(circuit, name)
            times = float(factor[1] or factor[2])
            value = int(round(now * times)) if isinstance(now, int) else now * times
        made[name] = value
    return made


def _tangent(reduced):
    """The rate model whose synapses can be changed: at level "transfer" its tangent."""
    return dataclass_replace(reduced, level="linear") if reduced.level == "transfer" else reduced


def _drives_(reduced, circuit):
    """{(drive, target): rate} in Hz of a changed circuit: where the operating point was found, unless the change says otherwise."""
    old = {(d.name, d.target): d.rate_ for d in reduced.circuit.drives}
    return {(d.name, d.target): reduced.at_[d.name, d.target] if d.rate_ == old[d.name, d.target] else d.rate_ for d in circuit.drives}


def _rest_(reduced, drives_=None):
    """{population: rate} in Hz at rest, from the operating point; by default at the drives where that was found."""
    return reduced.steady_rates_(reduced.at_ if drives_ is None else drives_, reduced.operating_rate_)


def _again(reduced, circuit, progress):
    """A reduction of a changed circuit with the settings of a reduction."""
    new = _drives_(reduced, circuit)
    at = {d.name: with_units(new[d.name, d.target], "Hz") for d in circuit.drives if new[d.name, d.target] != d.rate_}
    tau = reduced.tau_choice if reduced.tau_choice in ("membrane", "synaptic", "fitted", "resonant") else dict(reduced.tau)
    return reduce(circuit, level=reduced.level, noise=reduced.noise, tau=tau, at=at or None, adaptation="measured" if reduced.adaptation else None,
                  seed=reduced.provenance.get("seed", 1), progress=progress)


def what_if(reduced, changes, *, spiking=False, anew=True, duration="2 s", seed=1, seeds=1, progress=None):
    """What becomes of the rates when a circuit is changed: now, frozen, reduced anew, and spiking.

    Parameters
    ----------
    reduced : ReducedCircuit
    changes : mapping of str to value
        As `Circuit.replace` takes them, ``{"projection.I->E.G": 2*nS}``; ``"x2"`` doubles what is there.
    spiking : bool
        Whether the spiking network of the changed circuit is run as well.
    anew : bool
        Whether the changed circuit is reduced again, with its gains measured at its own operating point.
    duration, seed, seeds
        Of the spiking runs, as in `validate`.
    progress : None, bool, str or callable

    Returns
    -------
    WhatIf

    Raises
    ------
    InputError
        If a name is unknown or a value cannot be.

    Examples
    --------
    >>> from b2reduce import reduce
    >>> asked = what_if(reduce("ei_lif", noise="none"), {"projection.I->E.G": "x2"}, anew=False)
    >>> bool(asked.table.frozen["E"] < asked.table.now["E"])
    True
    """
    import pandas as pd

    require(reduced, ReducedCircuit, "what_if, reduced")
    changes = _multiplied(reduced.circuit, mapping(changes, "changes", "{\"projection.I->E.G\": 2*nS}"))
    if not changes:
        raise InputError("changes: there is none; say what is to be changed, such as {\"projection.I->E.G\": 2*nS}")
    spiking, anew, seed, seeds = flag(spiking, "spiking"), flag(anew, "anew"), whole(seed, "seed"), whole(seeds, "seeds", 1)
    circuit = reduced.circuit.replace(changes)
    names, notes = list(reduced.populations), []
    table = pd.DataFrame(np.nan, index=pd.Index(names, name="population"), columns=["now", "frozen", "anew", "anew_stderr", "spiking", "spread"])
    table["now"] = pd.Series(_rest_(reduced))
    frozen, outside = None, ()
    try:
        frozen = reduced.replace(changes)
    except InputError as error:
        try:
            frozen = _tangent(reduced).replace(changes)
            notes.append("frozen: at level 'linear', the tangent of the transfer functions, which were measured with the synapses as they were")
        except InputError:
            notes.append(f"frozen: cannot be had: {error}")
    if frozen is not None:
        drives_ = _drives_(reduced, circuit)
        rates = _rest_(frozen, drives_)
        table["frozen"] = pd.Series(rates)
        if any(np.isnan(rate) for rate in rates.values()):
            notes.append("frozen: the rate model runs away")
        else:
            outside = tuple(name for name in names if is_outside(frozen, name, rates, drives_))
            if outside:
                notes.append(f"frozen: {', '.join(outside)} outside of what was measured, where the gain is extrapolated")
    model, spikes = None, []
    with Progress(progress) as bar:
        if anew:
            try:
                model = _again(reduced, circuit, bar)
                table["anew"] = pd.Series(_rest_(model))
                table["anew_stderr"] = pd.Series({name: float(np.asarray(error)) for name, error in model.stderr["rates"].items()})
                notes += [f"anew: {warning}" for warning in model.warnings]
            except (OperatingPointError, InputError) as error:
                notes.append(f"anew: cannot be had: {error}")
        if spiking:
            spikes = [simulate_spikes(circuit, duration=duration, seed=seed + number, progress=bar) for number in range(seeds)]
            after = with_units(min(0.5, spikes[0].duration_ / 4), "s")
            means = pd.concat([run.mean(after) for run in spikes], axis=1)
            table["spiking"], table["spread"] = means.mean(axis=1), means.std(axis=1, ddof=1) if seeds > 1 else np.nan
    return WhatIf(FrozenDict(changes), table, outside, frozen, model, tuple(spikes), tuple(notes))


@dataclass(frozen=True, eq=False)
class Tuned:
    """The value of a parameter that gives wanted rates.

    Attributes
    ----------
    name : str
        Of the parameter.
    value : Quantity or number
        The best that was found.
    stderr : Quantity or number
        What the standard error of the rates makes of it; NaN where rates do not depend on it.
    reached : bool
        Whether the rates there are those that were wanted, to 1 % or two standard errors.
    table : pandas.DataFrame
        Index population: ``wanted``, ``rate`` and ``stderr`` of the reduction made at the value, Hz.
    steps : pandas.DataFrame
        Every value at which the circuit was reduced, SI, and the rates there, Hz.
    circuit : Circuit
        With the value.
    reduced : ReducedCircuit
        Its reduction.
    message : str
        In words.
    """

    name: str
    value: object
    stderr: object
    reached: bool
    table: object
    steps: object
    circuit: Circuit
    reduced: ReducedCircuit
    message: str

    def __repr__(self):
        return f"Tuned({self.message})"

    def _repr_html_(self):
        rows = [(name, number(row.wanted), number(row.rate, row.stderr)) for name, row in self.table.iterrows()]
        return sheet_html(("population", "wanted (Hz)", "rate (Hz)"), rows, self.message)


def tune(reduced, rates, *, vary, bounds=None, progress=None):
    """The value of a parameter at which populations fire at wanted rates.

    Each step solves the rate model whose gains are frozen, and reduces the circuit anew where that puts it, until the rates there are the
    wanted ones.

    Parameters
    ----------
    reduced : ReducedCircuit
    rates : mapping of str to Quantity
        Wanted rates of one or more populations; of several the sum of squared relative differences is made least.
    vary : str
        The parameter by its dotted name, such as ``"projection.I->E.G"`` or ``"drive.ext.rate"``.
    bounds : pair of Quantity, optional
        Where to look; by default a tenth to ten times of what is there, 50 mV either way of a potential.
    progress : None, bool, str or callable

    Returns
    -------
    Tuned
        Where the rates cannot be had, the nearest that can: `reached` and `message` say so.

    Raises
    ------
    InputError
        If a name is unknown, the parameter belongs to the cells (whose gains would change), or the bounds are not.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from b2reduce import reduce
    >>> found = tune(reduce("ei_lif", noise="none"), {"E": 10*Hz}, vary="projection.I->E.G")
    >>> found.reached
    True
    """
    import pandas as pd

    require(reduced, ReducedCircuit, "tune, reduced")
    wanted = {}
    for name, rate in mapping(rates, "rates", "{\"E\": 5*Hz}").items():
        if name not in reduced.populations:
            raise InputError(f"rates: {unknown_name('population', name, reduced.populations)}")
        wanted[name] = float(to_si(rate, "Hz", f"rates, {name}"))
        if not 0 < wanted[name] < np.inf:
            raise InputError(f"rates, {name}: got {described(rate)}, expected a rate above 0 Hz")
    if not wanted:
        raise InputError("rates: there is none; say what is wanted, such as {\"E\": 5*Hz}")
    if not isinstance(vary, str):
        raise InputError(f"vary: got {described(vary)}, expected the name of one parameter such as \"projection.I->E.G\"")
    start = current_value(reduced.circuit, vary)
    lo_, hi_ = _bounds(start, bounds, vary)
    counted, unit = isinstance(start, int), getattr(start, "dim", None)
    value_of = lambda x: int(round(x)) if counted else x if unit is None else with_units(x, unit)
    _tangent(reduced).replace({vary: value_of(float(np.clip(np.asarray(start, dtype=float), lo_, hi_)))})  # what cannot be varied is refused before minutes of work

    def missed(model, x):
        """Relative differences of the frozen model's rates at a value; large where it runs away."""
        changed = model.replace({vary: value_of(x)})
        got = _rest_(changed, _drives_(model, changed.circuit))
        return np.array([(got[name] - rate) / rate if np.isfinite(got[name]) else 1e3 for name, rate in wanted.items()])

    steps, model, x = [], reduced, float(np.asarray(start, dtype=float))
    with Progress(progress) as bar:
        for step in range(STEPS + 1):
            if step:
                circuit = reduced.circuit.replace({vary: value_of(x)})
                try:
                    model = _again(reduced, circuit, bar)
                except OperatingPointError:  # there is none there: half of the way back
                    if not steps:
                        raise
                    x = (x + steps[-1][0]) / 2
                    continue
            rest, error = model.operating_rate_, {name: float(np.asarray(value)) for name, value in model.stderr["rates"].items()}
            if step or lo_ <= x <= hi_:
                steps.append((x, rest, error, model))
            if steps and all(abs(rest[name] - rate) <= max(NEAR * rate, 2 * error[name] if np.isfinite(error[name]) else 0.0) for name, rate in wanted.items()):
                break
            x = _between(steps, wanted, _solved(lambda value: missed(_tangent(model), value), x, lo_, hi_))
            if counted:
                x = float(round(x))
            if any(abs(x - tried[0]) <= 1e-4 * (hi_ - lo_) and abs(x - tried[0]) <= 1e-3 * abs(x) for tried in steps):
                break  # nothing nearer is to be had
    size = lambda rest: sum(((rest[name] - rate) / rate) ** 2 for name, rate in wanted.items())
    x, rest, error, model = min(steps, key=lambda tried: size(tried[1]))
    reached = all(abs(rest[name] - rate) <= max(NEAR * rate, 2 * error[name] if np.isfinite(error[name]) else 0.0) for name, rate in wanted.items())
    change = 1e-2 * (abs(x) or hi_ - lo_)
    slopes = (missed(_tangent(model), x + change) - missed(_tangent(model), x - change)) / (2 * change) if not counted else np.full(len(wanted), np.nan)
    relative = np.array([error[name] / rate for name, rate in wanted.items()])
    stderr_ = float(np.sqrt(np.sum((slopes * relative) ** 2)) / np.sum(slopes**2)) if np.any(slopes) and np.all(np.isfinite(slopes)) else np.nan
    table = pd.DataFrame({"wanted": pd.Series(wanted), "rate": pd.Series(rest).reindex(list(wanted)), "stderr": pd.Series(error).reindex(list(wanted))}).rename_axis("population")
    shown = str(value_of(x)) if counted else number(x, stderr_) if unit is None else amount(x, si_label(unit), stderr_)
    said = ", ".join(f"{name} {number(rest[name], error[name])} Hz" for name in wanted)
    where = " at the edge of where it was looked for" if min(abs(x - lo_), abs(x - hi_)) <= 1e-3 * (hi_ - lo_) else ""
    message = f"{vary} = {shown}: {said}" + ("" if reached else f"; wanted {', '.join(f'{name} {number(rate)} Hz' for name, rate in wanted.items())}, this is the nearest that was found{where}")
    columns = pd.DataFrame([{"value": tried[0], **{f"{name} [Hz]": tried[1][name] for name in reduced.populations}} for tried in steps])
    return Tuned(vary, value_of(x), stderr_ if counted or unit is None else with_units(stderr_, unit), bool(reached), table, columns, model.circuit, model, message)


def _between(steps, wanted, x):
    """A proposal, or, where reductions on either side of what is wanted are known and it lies at or beyond their edge, a place between them."""
    if len(wanted) > 1:
        return x
    (name, rate), = wanted.items()
    known = sorted((place, np.log(max(rest[name], 1e-3) / rate)) for place, rest, _, _ in steps)
    pairs = [(a, b) for a, b in zip(known, known[1:]) if a[1] * b[1] < 0]
    if not pairs:
        return x
    (a, low), (b, high) = min(pairs, key=lambda pair: pair[1][0] - pair[0][0])
    if a + EDGE * (b - a) < x < b - EDGE * (b - a):
        return x
    return a + float(np.clip(low / (low - high), 0.2, 0.8)) * (b - a)


def _bounds(start, bounds, vary):
    """(lowest, highest) in SI."""
    now = float(np.asarray(start, dtype=float))
    unit = getattr(start, "dim", None)
    if bounds is not None:
        if not isinstance(bounds, (tuple, list)) and np.ndim(bounds) != 1 or len(bounds) != 2:
            raise InputError(f"bounds: got {described(bounds)}, expected a lowest and a highest value")
        lo_, hi_ = (float(to_si(value, unit, "bounds")) if unit is not None else float(value) for value in bounds)
    elif unit is not None and si_label(unit) == "V":
        lo_, hi_ = now - VOLTS_, now + VOLTS_
    elif now == 0:
        raise InputError(f"bounds: {vary} is 0 now, so that nothing says where to look; give a lowest and a highest value")
    else:
        lo_, hi_ = sorted((now / REACH, now * REACH))
    if not np.isfinite([lo_, hi_]).all() or not lo_ < hi_:
        raise InputError(f"bounds: got {described(bounds)}, expected a lowest value below a highest")
    return lo_, hi_


def _solved(missed, x, lo_, hi_):
    """Where a frozen model misses least, the nearest such place to x."""
    from scipy.optimize import brentq, minimize_scalar

    even = np.geomspace(lo_, hi_, PLACES) if lo_ > 0 else np.linspace(lo_, hi_, PLACES)
    places = np.unique([*even, np.clip(x, lo_, hi_)])
    errors = np.array([missed(place) for place in places])
    if errors.shape[1] == 1:
        crossing = np.nonzero(np.diff(np.sign(errors[:, 0])) != 0)[0]
        if crossing.size:
            k = min(crossing, key=lambda k: min(abs(places[k] - x), abs(places[k + 1] - x)))
            return float(brentq(lambda place: missed(place)[0], places[k], places[k + 1], rtol=1e-6))
    total = np.sum(errors**2, axis=1)
    k = int(np.argmin(total))
    a, b = places[max(k - 1, 0)], places[min(k + 1, places.size - 1)]
    found = minimize_scalar(lambda place: float(np.sum(missed(place) ** 2)), bounds=(a, b), method="bounded")
    return float(found.x if found.fun < total[k] else places[k])
