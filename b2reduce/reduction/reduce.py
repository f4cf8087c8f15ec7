"""From a circuit to its rate model: W, W_ext, theta and tau of every population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.arguments import described, flag, mapping, needed_seconds, one_of, rate_limits, seconds, whole
from ..basics.errors import InputError, UnitError, unknown_name
from ..basics.progress import Progress
from ..basics.provenance import versions
from ..basics.streams import seed_streams
from ..basics.units import with_units
from ..cells.adaptation import Adaptation
from ..cells.gain import fit_gain
from ..cells.gain_fit import GainFit
from ..cells.measure_adaptation import measure_adaptation
from ..cells.settings import check_engine
from ..cells.surface import FISurface
from ..circuit.circuit import load_circuit
from ..circuit.parts import check_step
from .inputs import average
from .integration_steps import integrated
from .levels.register import LEVELS
from .local_measurements import fitted_tau_, rate_window, responses_at, surface_at
from .local_transfer import transfer_at
from .operating_point import find_operating_point, point_at
from .reduced_circuit import ReducedCircuit, read_drives, steady_rates
from .search import SILENT_

__all__ = ["NOISES", "reduce", "reduce_again", "reduce_levels"]

# Of the larger one: how far the last value of a drive may lie from its mean over time before that is said
KICK = 0.25
NOISES = ("renewal", "matched", "none")
TAUS = ("membrane", "synaptic", "fitted", "resonant")
# Of the operating leak and rate, where adaptation is measured; Hz
ADAPTING_LEAKS, ADAPTING_RATES, LEAST_ADAPTING = (0.85, 1.0, 1.15), 2.0, 30.0
# Hz, through which a law passes that lies more than SILENT_ above a silent operating point; one that does not
# is left as it is
NEXT_TO_NOTHING_ = 0.02
# Relative, plus Hz: a gain that had to be moved by more to pass through the operating point errs by as much
# beside it
FAR_MOVED, FAR_MOVED_ = 0.1, 0.1
SELF_CONSISTENT, MAX_ROUNDS = 0.02, 8  # without noise: relative change of the rates that ends the iteration


def reduce(
    circuit,
    *,
    level="linear",
    noise="renewal",
    tau="membrane",
    gains=None,
    at=None,
    window=None,
    cells=False,
    adaptation=None,
    seed=1,
    dt=None,
    engine="auto",
    progress=None,
):
    """Derive the rate model of a circuit.

    Parameters
    ----------
    circuit : Circuit, str or path
    level : {"linear", "gain", "surface", "transfer"}
        What gives the rate of a population: a threshold-linear gain of one current; the gain function that
        predicts best (of several forms, see `fit_gain`); the measured f-I surface itself, without a law of
        shifts; or the rate over the presynaptic rates, measured whole, whose noise moves with them.
    noise : {"renewal", "matched", "none"}
        Measure under the synaptic noise that the cells have at the circuit's operating point: with the
        variance of recurrent input that renewal trains have, as regular as the cells fire, behind synapse and
        membrane; or with Poisson trains; or without noise.
    tau : {"membrane", "synaptic", "fitted", "resonant"}, Quantity or dict of str to Quantity
        C/<g> at the operating point; one filter a pathway with the synapses' own time constants; the one time
        constant a population whose step response is nearest to that of its synapses and its cells' measured
        linear response together; both of these in turn, without that approximation: the filter of up to
        second order that fits the cells' response stands between the synapses and the gain function (as
        Shriki et al. found necessary); or given. A modelling choice: fixed points do not depend on it,
        transients do.
    gains : dict of str to GainFit or FISurface, optional
        Use these instead of measuring; populations left out are measured.
    at : dict of str to Quantity, optional
        Rates of the drives at which the operating point is found; by default the circuit's (the time mean of
        tables).
    window : pair of Quantity, optional
        Rates at which gains are fitted, the same for all populations. By default 0.5 to 1.5 of the operating
        rate, at least 3 Hz either side, from 0; without noise 0 to 60 Hz. Surfaces that answer by themselves
        reach from 0 to 1.5 times its upper end.
    cells : bool
        One rate unit per cell, on the very wiring that a spiking run draws (w_ij = W_ab/K_ab, equation
        11.28): how rates are distributed over cells, not only their mean. The gain stays that of the
        population, so that what differs from cell to cell is what the wiring gives it.
    adaptation : None, "measured" or dict of str to Adaptation
        Whether the current that adaptation takes away is a variable of its own, at level "linear": measured
        on every cell around its operating point (see `measure_adaptation`; cells that do not adapt stay as
        they are), or given. The gains are those of the adapted cell either way, so that fixed points stay and
        transients overshoot.
    seed : int
    dt : Quantity, optional
        Time step of the measurements; by default the circuit's, so that gains and network carry the same grid
        error.
    engine, progress
        As in `measure_fi`.

    Returns
    -------
    ReducedCircuit

    Raises
    ------
    InputError
        If a name is unknown, a population's gain cannot be fitted, or the level cannot be had from what is
        given.
    OperatingPointError
        If no self-consistent rates are found.

    Notes
    -----
    W = K G tau (E - E_leak - v_theta) and theta = I_theta + g_leak v_theta - I_const (Shriki, Hansel &
    Sompolinsky 2003). At all levels but "transfer" the noise is frozen at the operating point; where rates
    move far from it, measure there. At levels "surface" and "transfer" W, theta and v_theta are the local
    tangent at the operating point.

    Examples
    --------
    >>> from b2reduce import load_circuit, simulate_rates
    >>> reduced = reduce("ei_lif", seed=1)
    >>> bool(reduced.W["E", "I"] < 0 < reduced.W["E", "E"])
    True
    """
    return reduce_levels(
        circuit,
        (level,),
        noise=noise,
        tau=tau,
        gains=gains,
        at=at,
        window=window,
        cells=cells,
        adaptation=adaptation,
        seed=seed,
        dt=dt,
        engine=engine,
        progress=progress,
    )[level]


def reduce_again(reduced, circuit, *, drives_=None, progress=None):
    """A reduction of a changed circuit with the settings of a reduction of the circuit before.

    Parameters
    ----------
    reduced : ReducedCircuit
    circuit : Circuit
    drives_ : mapping of (drive, target) to float, optional
        Rates in Hz at which the operating point is looked for; by default the circuit's.
    progress : optional

    Returns
    -------
    ReducedCircuit

    Raises
    ------
    OperatingPointError
        If there is none.
    """
    at = {}
    for name in circuit.drive_names:
        own = {d.target: d.rate_ for d in circuit.drives if d.name == name}
        rates = own if drives_ is None else {target: drives_[name, target] for target in own}
        if rates != own and len(set(rates.values())) == 1:
            at[name] = with_units(next(iter(rates.values())), "Hz")
        elif rates != own:  # `at` has one rate for all targets
            circuit = circuit.replace(
                {f"drive.{name}->{target}.rate": with_units(rate, "Hz") for target, rate in rates.items()}
            )
    tau = dict(reduced.tau) if reduced.tau_choice == "given" else reduced.tau_choice
    return reduce(
        circuit,
        level=reduced.level,
        noise=reduced.noise,
        tau=tau,
        at=at or None,
        cells=reduced.cells,
        adaptation="measured" if reduced.adaptation else None,
        seed=reduced.provenance.get("seed", 1),
        progress=progress,
    )


def reduce_levels(
    circuit,
    levels,
    *,
    noise="renewal",
    tau="membrane",
    gains=None,
    at=None,
    window=None,
    cells=False,
    adaptation=None,
    seed=1,
    dt=None,
    engine="auto",
    progress=None,
):
    """`reduce` at several levels, which share one operating point and its surfaces: {level.

    ReducedCircuit}.
    """
    circuit, seed = load_circuit(circuit), whole(seed, "seed")
    for name, value, known in (*(("level", level, LEVELS) for level in levels), ("noise", noise, NOISES)):
        one_of(value, known, name)
    check_engine(engine, None)
    cells = flag(cells, "cells")
    given = {} if gains is None else dict(mapping(gains, "gains", '{"E": fit}'))
    for name, gain in given.items():
        if name not in circuit.populations:
            raise InputError(f"gains: {unknown_name('population', name, circuit.populations)}")
        if not isinstance(gain, (GainFit, FISurface)):
            raise InputError(
                f"gains, {name}: got {described(gain)}, expected a GainFit or an FISurface; fit_gain(surface)"
                " and measure_fi(model, I, g) make them"
            )
        wide = [level for level in levels if LEVELS[level].measures_surface]
        if wide and not isinstance(gain, FISurface):
            raise InputError(
                f"gains, {name}: got a GainFit, but level = {wide[0]!r} needs the FISurface itself; give"
                " that, or use level = 'linear' or 'gain'"
            )
    _check_adaptation(circuit, adaptation, levels)
    for level in levels:
        if problem := LEVELS[level].problem(circuit):
            raise InputError(f"level: {problem}; use level = 'surface'")
    window = None if window is None else rate_limits(window, "window")
    dt_ = seconds(dt, "dt") or float(circuit.dt)
    check_step(dt_)
    # A bad one is refused before minutes of measuring
    _time_constants(circuit, tau, dict.fromkeys(circuit.populations, 1.0))
    at = read_drives(circuit, at, constant=True)
    drives_ = {
        (d.name, d.target): float(np.asarray(at[d.name])) if d.name in at else d.rate_ for d in circuit.drives
    }
    asked, (circuit, dt_, steps) = circuit, integrated(circuit, dt_, fixed=dt is not None)
    settings = dict(dt_=dt_, engine=engine)
    missing = [name for name in circuit.populations if name not in given]
    dynamic = isinstance(tau, str) and tau in ("fitted", "resonant")
    if dynamic and noise == "none":
        raise InputError(
            f"tau: {tau!r} is measured in the cells' noise, and noise = 'none' leaves that out; use noise ="
            " 'renewal', or tau = 'membrane' or 'synaptic'"
        )
    if dynamic and adaptation is not None:
        raise InputError(
            f"adaptation: got it with tau = {tau!r}, but the response measured for that holds the cells'"
            " adaptation already; use tau = 'membrane' or 'synaptic'"
        )
    with Progress(progress) as bar:
        surfaces, functions = (
            any(getattr(LEVELS[level], need) for level in levels)
            for need in ("measures_surface", "measures_transfer")
        )
        if noise != "none" and (missing or dynamic or functions):
            point = find_operating_point(
                circuit, drives_, seed=seed, bar=bar, renewal=noise == "renewal", **settings
            )
            measured = _measured(circuit, point, given, window, True, surfaces, seed, settings, bar)
        else:
            point, measured = _without_noise(circuit, drives_, given, window, surfaces, seed, settings, bar)
        adapts = _adaptation(circuit, adaptation, point, seed, settings, bar)
        transfers = {}
        if functions:
            transfers = {
                name: transfer_at(
                    circuit,
                    name,
                    point,
                    noise != "none",
                    seed=seed_streams(seed, 4, number),
                    bar=bar,
                    **settings,
                )
                for number, name in enumerate(circuit.populations)
            }
        responses = (
            responses_at(circuit, point, seed=seed_streams(seed, 5), bar=bar, **settings) if dynamic else {}
        )
    warnings = [
        *steps,
        *_kicks(circuit, at),
        *point.warnings,
        *measured.warnings,
        *(
            f"population {name}: {warning}"
            for name, transfer in transfers.items()
            for warning in transfer.warnings
        ),
    ]
    if noise == "none":
        for name in missing:
            if point.noise_free_rate_[name] == 0:
                warnings.append(
                    f"population {name}: the cell without noise is silent at its mean input; what it fires in"
                    " the network it fires through noise, which noise = 'none' leaves out; use noise ="
                    " 'renewal'"
                )
    built = lambda level, point: _reduced(
        asked,
        level,
        noise,
        tau,
        point,
        measured,
        transfers,
        adapts,
        responses,
        warnings,
        drives_,
        bool(cells),
        seed,
        dt_,
    )
    reductions = {level: built(level, point) for level in levels}
    for level, reduced in reductions.items():
        rest = reduced.states_[0]
        if noise == "none" and not measured.through and np.isfinite(list(rest.values())).all():
            # Without noise every level has an operating point of its own: the rates that its gains give one
            # another.
            reductions[level] = built(
                level,
                point_at(circuit, rest, drives_, {}, noise=False, iterations=point.iterations, **settings),
            )
    return reductions


def _kicks(circuit, at):
    """Warnings of drives that are reduced at their mean over time and end elsewhere, as a kick does that sets
    a network going.
    """
    found = []
    for drive in circuit.drives:
        if drive.constant or drive.name in at:
            continue
        last = float(np.asarray(drive.rate[1], dtype=float)[-1])
        if abs(last - drive.rate_) > KICK * max(drive.rate_, last):
            found.append(
                f"drive {drive.name} ends at {last:.3g} Hz and stays there, while the reduction is made at"
                f" its mean over time, {drive.rate_:.3g} Hz; for what follows give at={{{drive.name!r}:"
                f" {last:.3g}*Hz}}"
            )
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class _Measured:
    """Surfaces and threshold-linear fits of every population; those given are taken as they are."""

    fits: dict
    surfaces: dict
    windows: dict
    through: dict  #: {population: (I, g, rate)} that the gains measured here pass through
    warnings: list


def _reduced(
    circuit,
    level,
    noise,
    tau,
    point,
    measured,
    transfers,
    adapts,
    responses,
    warnings,
    drives_,
    cells,
    seed,
    dt_,
):
    """The ReducedCircuit of one level."""
    kind = LEVELS[level]
    fits = kind.fits(dict(measured.fits), measured)
    for name, fit in fits.items():
        if fit.per_area != circuit.per_area(name):
            raise InputError(
                f"gains, {name}: got a gain per {'area' if fit.per_area else 'cell'}, but the population's"
                f" model is per {'cell' if fit.per_area else 'area'}"
            )
    if kind.shift_law:
        warnings = [
            *warnings,
            *(f"population {name}: {warning}" for name, fit in fits.items() for warning in fit.warnings),
        ]
    hertz = lambda values: {name: with_units(value, "Hz") for name, value in values.items()}
    unit = lambda name: "A/m^2" if circuit.per_area(name) else "A"
    choice, taus = _time_constants(circuit, tau, point.g_)
    tau_stderr = {}
    if choice == "fitted":
        found = {
            name: fitted_tau_(circuit, name, point, float(np.asarray(fits[name].v_theta)), response)
            for name, response in responses.items()
        }
        taus, tau_stderr = (
            {name: with_units(value, "s") for name, (value, _) in found.items()},
            {"tau_stderr [s]": {name: error for name, (_, error) in found.items()}},
        )
    engines = [
        s.provenance["engine"]
        for s in (*measured.surfaces.values(), *transfers.values())
        if "engine" in s.provenance
    ]
    provenance = {
        "circuit": circuit.name,
        "circuit_hash": circuit.hash,
        "seed": seed,
        "dt [s]": dt_,
        "level": level,
        "noise": noise,
        "engine": engines[0] if engines else "none",
        "operating_rate_sem [Hz]": dict(point.rate_sem_),
        "iterations": point.iterations,
        **tau_stderr,
        "versions": versions(),
    }
    reduced = ReducedCircuit(
        circuit=circuit,
        gains=fits,
        surfaces=measured.surfaces,
        tau=taus,
        tau_choice=choice,
        operating_rate=hertz(point.rate_),
        operating_I={name: with_units(value, unit(name)) for name, value in point.I_.items()},
        operating_g={
            name: with_units(value, unit(name).replace("A", "S")) for name, value in point.g_.items()
        },
        noise_free_rate=hertz(point.noise_free_rate_),
        at=_drive_rates(circuit, drives_),
        level=level,
        noise=noise,
        warnings=list(warnings),
        provenance=provenance,
        transfers=transfers if kind.measures_transfer else {},
        moving_response=point.response_,
        cv2=point.cv2_,
        others=point.others,
        cells=cells,
        adaptation=adapts,
        responses=responses,
        operating_covariance=point.covariance_,
        operating_out_sem=point.out_sem_,
    )
    for name, moved in reduced.moved.items():
        if abs(float(np.asarray(moved))) > FAR_MOVED * point.rate_[name] + FAR_MOVED_:
            reduced.warnings.append(
                f"population {name}: its gain lies {float(np.asarray(moved)):+.2g} Hz beside the operating"
                f" rate of {point.rate_[name]:.3g} Hz that cells fire at there, and was moved onto it: the"
                " form does not follow the measured curve; use level = 'surface' or 'transfer'"
            )
    for name, adaptation in adapts.items():
        # A gain that no such cell can have is refused here
        adaptation.onset_slope_(float(np.asarray(fits[name].beta)))
        reduced.warnings.extend(
            f"population {name}: adaptation: {warning}" for warning in adaptation.warnings
        )
    for name, population in circuit.populations.items():
        if cells and population.model.spreads:
            reduced.warnings.append(
                f"population {name}: its cells differ in {', '.join(population.model.spreads)}, which the"
                " gain averages over; units of single cells differ by their wiring alone, so that real rates"
                " are spread wider than theirs"
            )
    rest = reduced.states_[0]
    if not cells and any(entry.profile is not None for entry in (*circuit.projections, *circuit.drives)):
        reduced.warnings.append(
            "projections or drives have profiles over preferred angles, and one unit a population stands for"
            " their mean: reduce with cells = True, or see ring_profile() for the rates over angles"
        )
    show = lambda rates: (
        ", ".join(f"{name} {rate:.3g} Hz" for name, rate in rates.items())
        if np.isfinite(list(rates.values())).all()
        else "no finite rates"
    )
    if unstable := _unstable(reduced):
        reduced.warnings.append(
            f"the rate model does not stay at its operating point: {unstable}; from beside it it goes to"
            f" {show(rest)}. Measured with noise that moves with the rates, the loop is weaker or stronger"
            " than with noise that stays: use level = 'transfer'"
            if not kind.noise_moves
            else (
                f"the rate model does not stay at its operating point: {unstable}; from beside it it goes to"
                f" {show(rest)}"
            )
        )
    if not kind.shift_law:
        for name in reduced.populations:
            if kind.is_outside(reduced, name, rest, drives_):
                reduced.warnings.append(
                    f"population {name}: the rate model rests at {rest[name]:.3g} Hz, outside of what was"
                    f" measured around {point.rate_[name]:.3g} Hz; its rate there is that of the nearest"
                    " edge: reduce at other drives (at=)"
                )
    elsewhere = [
        name
        for name in reduced.populations
        if not abs(rest[name] - point.rate_[name]) <= FAR_MOVED * point.rate_[name] + FAR_MOVED_
    ]
    # Gains that were given need not pass through the operating point
    apart = [name for name in reduced.populations if name not in measured.through]
    if noise != "none" and kind.shift_law and apart and elsewhere and not unstable:
        reduced.warnings.append(
            f"the rate model goes to {show(rest)}, but the cells of this circuit fire at {show(point.rate_)},"
            f" which is the operating point that is shown: the gains of {', '.join(apart)}, which were given,"
            " are not those of these cells there; give gains of these very cells, or of all populations"
        )
    if len(reduced.states_) > 1:
        reduced.warnings.append(
            f"the rate model has more than one state: from its operating point it rests at {show(rest)}, from"
            f" silence at {show(reduced.states_[1])}; give simulate_rates() the initial rates that are meant,"
            " or use another level"
        )
    return reduced


def _unstable(reduced):
    """What grows at the operating point of a rate model, in words; empty where nothing does."""
    names = reduced.populations
    values, vectors = np.linalg.eig(np.array([[reduced.loop_[a, b] for b in names] for a in names]))
    worst = int(np.argmax(values.real))
    if values[worst].real <= 1:
        return ""
    mode = np.abs(vectors[:, worst]) / np.abs(vectors[:, worst]).max()
    taking_part = ", ".join(f"{name} {part:.2g}" for name, part in zip(names, mode) if part > 0.05)
    return (
        f"d rates/d rates has the eigenvalue {values[worst].real:.3g} (above 1 it grows), in the proportion"
        f" {taking_part}"
    )


def _check_adaptation(circuit, adaptation, levels):
    if adaptation is None:
        return
    if not isinstance(adaptation, (str, Mapping)):
        raise InputError(
            f"adaptation: got {described(adaptation)}, expected None, 'measured' or a dict of population to"
            " Adaptation"
        )
    bent = [level for level in levels if not LEVELS[level].straight]
    if bent:
        raise InputError(
            f"adaptation: got it with level = {bent[0]!r}, expected level = 'linear', whose gain at"
            " onset follows from that of the adapted cell"
        )
    if isinstance(adaptation, Mapping):
        for name, value in adaptation.items():
            if name not in circuit.populations:
                raise InputError(f"adaptation: {unknown_name('population', name, circuit.populations)}")
            if not isinstance(value, Adaptation) or value.tau is None and value.kind != "none":
                raise InputError(
                    f"adaptation, {name}: got {described(value)}, expected an Adaptation with a time constant"
                )
    elif not (isinstance(adaptation, str) and adaptation == "measured"):
        raise InputError(
            f"adaptation: got {described(adaptation)}, expected None, 'measured' or a dict of population to"
            " Adaptation"
        )


def _adaptation(circuit, adaptation, point, seed, settings, bar):
    """{population: Adaptation} of the populations that adapt."""
    found = dict(adaptation) if isinstance(adaptation, Mapping) else {}
    if isinstance(adaptation, str):
        bar.stage("adaptation")
        for name, population in circuit.populations.items():
            g = with_units(point.g_[name] * np.array(ADAPTING_LEAKS), population.model.conductance_dim)
            top = max(ADAPTING_RATES * point.rate_[name], LEAST_ADAPTING)
            found[name] = measure_adaptation(
                population.model,
                g=g,
                rates=(with_units(0.0, "Hz"), with_units(top, "Hz")),
                dt=with_units(settings["dt_"], "s"),
                seed=seed,
                engine=settings["engine"],
                progress=False,
            )
            if found[name].kind != "none" and found[name].tau is None:
                raise InputError(f"population {name}: {'; '.join(found[name].warnings)}")
    return {name: adapts for name, adapts in found.items() if adapts.kind != "none"}


def _drive_rates(circuit, drives_):
    """{drive: rate}; a drive with different rates on its targets has an entry for each, "name->target"."""
    rates = {}
    for name in circuit.drive_names:
        own = {target: rate for (drive, target), rate in drives_.items() if drive == name}
        same = len(set(own.values())) == 1
        rates.update(
            {name if same else f"{name}->{target}": with_units(rate, "Hz") for target, rate in own.items()}
        )
    return rates


def _measured(circuit, point, given, window, noise, wide, seed, settings, bar):
    """Surfaces around an operating point and their fits."""
    fits, surfaces, windows, through, warnings = {}, {}, {}, {}, []
    for number, name in enumerate(circuit.populations):
        gain = given.get(name)
        if isinstance(gain, GainFit):
            fits[name] = gain
            continue
        window_ = window or rate_window(point.rate_[name], noise)
        windows[name] = tuple(with_units(rate, "Hz") for rate in window_)
        surfaces[name] = gain
        if gain is None:
            surfaces[name], more = surface_at(
                circuit,
                name,
                point,
                window_,
                noise,
                wide,
                seed=seed_streams(seed, 2, number),
                bar=bar,
                **settings,
            )
            warnings += more
        try:
            fits[name] = fit_gain(surfaces[name], rates=windows[name])
            if gain is None and noise and (held := _held(circuit, name, point, fits[name])):
                through[name] = held
                fits[name] = fit_gain(surfaces[name], rates=windows[name], through=held)
        except InputError as error:
            raise InputError(
                f"population {name}, at {point.rate_[name]:.3g} Hz: {error}; or give reduce() another window"
            ) from None
    return _Measured(fits, surfaces, windows, through, warnings)


def _held(circuit, name, point, fit):
    """(I, g, rate) that the gain of a population is to pass through.

    None where it is silent and the gain nearly so.
    """
    rate_ = point.rate_[name]
    if rate_ < SILENT_ and float(fit.predict_(point.I_[name], point.g_[name])) <= rate_ + SILENT_:
        return None
    area = "/m^2" if circuit.per_area(name) else ""
    return (
        with_units(point.I_[name], f"A{area}"),
        with_units(point.g_[name], f"S{area}"),
        with_units(max(rate_, NEXT_TO_NOTHING_), "Hz"),
    )


def _without_noise(circuit, drives_, given, window, wide, seed, settings, bar):
    """Gains without noise (or given), at the rates that the reduced model itself settles at."""
    rate_ = {name: 0.0 for name in circuit.populations}
    for round_ in range(MAX_ROUNDS):
        point = point_at(circuit, rate_, drives_, {}, noise=False, iterations=round_, **settings)
        measured = _measured(circuit, point, given, window, False, wide, seed, settings, bar)
        law = lambda rates_: {
            name: fit.predict_(*average(circuit, name, rates_, drives_))
            for name, fit in measured.fits.items()
        }
        settled = steady_rates(list(rate_), law)
        if not np.isfinite(list(settled.values())).all():
            measured.warnings.append(
                "the reduced model runs away from low rates: the gains are those at the last finite rates"
            )
            break
        done = all(
            abs(settled[name] - rate_[name]) <= SELF_CONSISTENT * settled[name] + 0.02 for name in rate_
        )
        rate_ = settled
        if done or all(isinstance(given.get(name), GainFit) for name in rate_):
            break
    else:
        measured.warnings.append(
            f"the rates of the noise-free reduction still move after {MAX_ROUNDS} rounds: {rate_} Hz"
        )
    return point_at(circuit, rate_, drives_, {}, noise=False, iterations=round_ + 1, **settings), measured


def _time_constants(circuit, tau, g_):
    """(choice, {population or pathway label: tau})."""
    if isinstance(tau, str) and tau == "membrane":
        return tau, {
            name: with_units(population.model.capacitance_ / g_[name], "s")
            for name, population in circuit.populations.items()
        }
    if isinstance(tau, str) and tau == "fitted":
        return tau, {}  # follows from what is measured
    if isinstance(tau, str) and tau in ("synaptic", "resonant"):
        return tau, {
            p.label: with_units(p.tau_, "s") for name in circuit.populations for p in circuit.pathways(name)
        }
    if tau is None:
        raise InputError(
            f"tau: got None, expected one of {', '.join(TAUS)}, a time, or a dict of population to time"
        )
    values = tau if isinstance(tau, Mapping) else {name: tau for name in circuit.populations}
    for name in values:
        if name not in circuit.populations:
            raise InputError(f"tau: {unknown_name('population', name, circuit.populations)}")
    missing = [name for name in circuit.populations if name not in values]
    if missing:
        raise InputError(f"tau: the populations {', '.join(missing)} have no value")
    try:
        return "given", {
            name: with_units(needed_seconds(value, f"tau, {name}"), "s") for name, value in values.items()
        }
    except UnitError as error:
        raise InputError(f"{error}; or one of {', '.join(TAUS)}") from None
