"""From a circuit to its rate model: W, W_ext, theta and tau of every population."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from ..basics.arguments import described
from ..basics.errors import InputError
from ..basics.frozen import FrozenDict
from ..basics.progress import Progress
from .assemble import assembled
from .findings import measure
from .levels.register import LEVELS
from .request import request_of
from .voltages import at_voltages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..basics.types import Drives, ProgressLike, QuantityLike, Tau
    from ..cells.types import Gains
    from ..circuit.types import CircuitLike
    from .reduced_circuit import ReducedCircuit

__all__ = ["reduce"]


@overload
def reduce(
    circuit: CircuitLike,
    *,
    level: str | None = ...,
    levels: None = ...,
    noise: str = ...,
    tau: Tau = ...,
    gains: Gains | None = ...,
    at: Drives | None = ...,
    window: tuple[float, float] | None = ...,
    cells: bool = ...,
    adaptation: Any = ...,
    seed: int = ...,
    dt: QuantityLike | None = ...,
    engine: str = ...,
    progress: ProgressLike = ...,
) -> ReducedCircuit: ...


@overload
def reduce(
    circuit: CircuitLike,
    *,
    level: None = ...,
    levels: Sequence[str],
    noise: str = ...,
    tau: Tau = ...,
    gains: Gains | None = ...,
    at: Drives | None = ...,
    window: tuple[float, float] | None = ...,
    cells: bool = ...,
    adaptation: Any = ...,
    seed: int = ...,
    dt: QuantityLike | None = ...,
    engine: str = ...,
    progress: ProgressLike = ...,
) -> Mapping[str, ReducedCircuit]: ...


def reduce(
    circuit: CircuitLike,
    *,
    level: str | None = None,
    levels: Sequence[str] | None = None,
    noise: str = "renewal",
    tau: Tau = "membrane",
    gains: Gains | None = None,
    at: Drives | None = None,
    window: tuple[float, float] | None = None,
    cells: bool = False,
    adaptation: Any = None,
    seed: int = 1,
    dt: QuantityLike | None = None,
    engine: str = "auto",
    progress: ProgressLike = None,
) -> ReducedCircuit | Mapping[str, ReducedCircuit]:
    """Derive the rate model of a circuit.

    Parameters
    ----------
    circuit : Circuit, str or path
    level : {"linear", "gain", "surface", "transfer"}, optional
        What gives the rate of a population: by default a threshold-linear gain of one current; the gain
        function that predicts best (of several forms, see `fit_gain`); the measured f-I surface itself,
        without a law of shifts; or the rate over the presynaptic rates, measured whole, whose noise moves
        with them.
    levels : sequence of str, optional
        Instead of `level`: several, whose rate models share one operating point and what was measured there.
    noise : {"renewal", "quenched", "matched", "none"}
        Measure under the synaptic noise that the cells have at the circuit's operating point: with the
        variance of recurrent input that renewal trains have, as regular as the cells fire, behind synapse and
        membrane; the same in cells that differ in what they get for good, by the numbers and sizes of their
        inputs and by the rates of the cells that these come from (the operating point and level "transfer"
        are then means over cells; gains are those of the mean cell, moved onto it); or with Poisson trains;
        or without noise.
    tau : {"membrane", "synaptic", "fitted", "resonant", "pathway", "moving"}, Quantity or dict
        C/<g> at the operating point; one filter a pathway with the synapses' own time constants; the one time
        constant a population whose step response is nearest to that of its synapses and its cells' measured
        linear response together; both of these in turn, without that approximation: the filter of up to
        second order that fits the cells' response stands between the synapses and the gain function (as
        Shriki et al. found necessary); a filter of its own behind every synapse, that of how the cells answer
        to the presynaptic rates, with driving force, leak and noise moving along; that of "resonant" with a
        time constant and a part that passes at once which move with the population's own rate, for large
        steps and swings, where it foretells cells in large currents better; or given. A modelling choice:
        fixed points do not depend on it, transients do.
    gains : dict of str to GainFit or FISurface, optional
        Use these instead of measuring; populations left out are measured.
    at : dict of str to Quantity, optional
        Rates of the drives at which the operating point is found; by default the circuit's: of a table the
        rate that it ends at, such as 0 Hz after a kick, and where it still changes there at equal steps its
        time mean.
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
        With `levels` a mapping of level to ReducedCircuit.

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
    one = level is not None or levels is None
    if level is not None and levels is not None:
        raise InputError(
            f"levels: got it together with level = {level!r}, expected one of them: level for one rate model,"
            " levels for several that share their measurements"
        )
    if not one and (not isinstance(levels, (list, tuple)) or not levels):
        raise InputError(f"levels: got {described(levels)}, expected a list of some of {', '.join(LEVELS)}")
    request = request_of(
        circuit,
        ["linear" if level is None else level] if one else levels,
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
    )
    with Progress(progress) as bar:
        request = at_voltages(request, bar)
        found = measure(request, bar)
    reductions = {}
    for name in request.levels:
        reduced = assembled(request, name, found)
        own = found.at_rest_of(request, reduced)
        reductions[name] = reduced if own is found else assembled(request, name, own)
    return reductions[request.levels[0]] if one else FrozenDict(reductions)
