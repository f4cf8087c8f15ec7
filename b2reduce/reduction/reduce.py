"""From a circuit to its rate model: W, W_ext, theta and tau of every population."""

from __future__ import annotations

import numpy as np

from ..basics.arguments import described, flag, mapping, one_of, rate_limits, seconds, whole
from ..basics.errors import InputError, unknown_name
from ..basics.progress import Progress
from ..basics.streams import seed_streams
from ..basics.units import with_units
from ..cells.gain_fit import GainFit
from ..cells.settings import check_engine
from ..cells.surface import FISurface
from ..circuit.circuit import load_circuit
from ..circuit.read_values import check_step
from .adapting import adaptation_of, check_adaptation
from .assemble import assembled
from .drives import kicks_of, read_drives
from .integration_steps import integrated
from .levels.register import LEVELS
from .local_measurements import responses_at
from .local_transfer import transfer_at
from .measured import gains_without_noise, measure_gains
from .operating_point import find_operating_point, point_at
from .time_constants import time_constants_of

__all__ = ["NOISES", "reduce", "reduce_again", "reduce_levels"]

NOISES = ("renewal", "matched", "none")


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
    check_adaptation(circuit, adaptation, levels)
    for level in levels:
        if problem := LEVELS[level].problem(circuit):
            raise InputError(f"level: {problem}; use level = 'surface'")
    window = None if window is None else rate_limits(window, "window")
    dt_ = seconds(dt, "dt") or float(circuit.dt)
    check_step(dt_)
    # A bad one is refused before minutes of measuring
    time_constants_of(circuit, tau, dict.fromkeys(circuit.populations, 1.0))
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
            measured = measure_gains(circuit, point, given, window, True, surfaces, seed, settings, bar)
        else:
            point, measured = gains_without_noise(
                circuit, drives_, given, window, surfaces, seed, settings, bar
            )
        adapts = adaptation_of(circuit, adaptation, point, seed, settings, bar)
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
        *kicks_of(circuit, at),
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
    built = lambda level, point: assembled(
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
