"""Properties of any cell: both engines agree spike for spike, with exact integration on the grid, and a
number without a warning is right to 1 %.

`make test` tries a fixed set of cells. ``HYPOTHESIS_PROFILE=long`` tries several hundred; ``python -m
tests.cells.test_properties --cells 300`` does so without stopping at the first, and prints how many were tried and
how many disagreed, by kind.
"""

from __future__ import annotations

import collections
import os
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from brian2 import ms, mV, nS, pA, pF
from hypothesis import HealthCheck, Phase, given, settings

import b2reduce as b2r
from b2reduce.basics.errors import DivergenceError
from b2reduce.cells.points import measure_points

from ..grammar import cells
from ..oracle import Reference, Stuck
from ..right_rates import excused, surface_of, wrong_rate

EXAMPLES = {"quick": 16, "long": 300}[os.environ.get("HYPOTHESIS_PROFILE", "quick")]
FIXED = dict(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
STATISTICS = ("total", "first_time", "second_time", "last_time")
SHORT_ = 0.3  # s: of runs that are compared step for step
LAST_BITS = 1e-14  # relative: what rounding of some fifty operations leaves of a state
#: By how many steps the integrator may misplace a spike, as far as a cell varies over milliseconds (steps are
#: 0.01 to 0.02 of that, h below): h^5/120 a step over some hundred steps, and as much again near the
#: rheobase, where a current's relative change moves the spike a hundredfold. Of second order h^3/6 a step.
#: First order is not compared step for step; Brian2's heun is of that order where there is no noise.
MISPLACED = {"exact": 1e-3, "rk4": 1e-3, "rk2": 0.2}


@contextmanager
def interpreted():
    """Brian2 without compiling: its Cython takes longer to compile a new cell than to run one."""
    import brian2

    before = brian2.prefs["codegen.target"]
    brian2.prefs["codegen.target"] = "numpy"
    try:
        yield
    finally:
        brian2.prefs["codegen.target"] = before


def run(cell, model, engine, nudge=0.0):
    """(statistics, name of the engine) of all points of a cell, started at the same values, or at ones nudged
    by a relative change.
    """
    state = Reference(model, 0.0, 0.0)
    I, g = (
        np.asarray(values).ravel()
        for values in np.meshgrid(np.asarray(cell.I), np.asarray(cell.g), indexing="ij")
    )
    initial = dict(zip(state.names, (np.full(I.size, value * (1 + nudge)) for value in state.start())))
    with interpreted():
        points = measure_points(
            model,
            I,
            g,
            (),
            replicates=1,
            duration_=SHORT_,
            warmup_=0.0,
            dt_=float(model.dt),
            seed=0,
            initial=initial,
            engine=engine,
        )
    return points.statistics, points.engine


def points_of(cell):
    return [(I, g) for I in np.asarray(cell.I).tolist() for g in np.asarray(cell.g).tolist()]


def compare_engines(cell, model):
    """What of the two engines differs, and the statistics of one."""
    native, _ = run(cell, model, "native")
    brian, name = run(cell, model, "brian2")
    apart = lambda a, b, key: (
        ~((getattr(a, key) == getattr(b, key)) | np.isnan(getattr(a, key)) & np.isnan(getattr(b, key)))
    )
    faults = {key: apart(native, brian, key) for key in STATISTICS}
    if any(np.any(points) for points in faults.values()):
        # Where a last bit more or less moves spikes of one engine alone, two cannot agree: steps far too long
        # for a spike make a chaotic map of it.
        nudged = [run(cell, model, "native", sign * LAST_BITS)[0] for sign in (-1, 1)]
        faults = {
            key: (
                points
                & ~np.any([apart(native, other, name) for other in nudged for name in STATISTICS], axis=0)
            )
            for key, points in faults.items()
        }
    return (
        [
            f"{key}: native {getattr(native, key)}, Brian2 {getattr(brian, key)}"
            for key, points in faults.items()
            if np.any(points)
        ],
        native,
        name,
    )


def compare_grid(cell, model, statistics, method):
    """What differs from exact integration looked at once a step."""
    if cell.abrupt or method not in MISPLACED:
        return []
    faults, dt = [], float(model.dt)
    for number, (I, g) in enumerate(points_of(cell)):
        try:
            expected = Reference(model, I, g).run_on_grid(SHORT_)
        except Stuck:
            continue
        close = np.flatnonzero(expected.margins < MISPLACED[method])
        # Spikes before the first that the integrator's error may decide
        sure = close[0] if close.size else len(expected.times)
        got = {key: getattr(statistics, key)[number] for key in STATISTICS}
        steps = {key: got[key] / dt for key in STATISTICS[1:]}
        for key, place in (("first_time", 0), ("second_time", 1), ("last_time", -1)):
            if not len(expected.times) > max(place, 0):
                continue
            # One that may come a step earlier or later takes all that follow along.
            slack = 0 if place % len(expected.times) < sure else len(expected.times) - sure
            if place == -1 and slack and got["total"] != len(expected.times):
                continue
            if not abs(steps[key] - expected.times[place]) <= slack + 1e-3:
                faults.append(
                    f"{key} at I = {I:g}, g = {g:g}: {steps[key]:.2f} for {expected.times[place]} steps"
                )
        if abs(got["total"] - len(expected.times)) > bool(close.size):
            faults.append(f"total at I = {I:g}, g = {g:g}: {got['total']:g} for {len(expected.times)}")
    return faults


def compare_rates(cell, model):
    """(what of the rates is wrong without a word, what was said)."""
    surface, said = surface_of(model, cell.I, cell.g)
    faults = []
    for number, (I, g) in enumerate(points_of(cell)):
        rate, onset = surface.rate_.ravel()[number], surface.onset_rate_.ravel()[number]
        fault = wrong_rate(
            model, I, g, rate, onset, surface.provenance["duration [s]"], surface.provenance["warmup [s]"]
        )
        faults += [fault] if fault else []
    return faults, said


def disagreements(cell):
    """[(kind, what)] of one cell, and what the package said about it."""
    try:
        model = cell.model()
    except b2r.errors.InputError as error:
        return [("refused", str(error))], []
    try:
        faults, native, name = compare_engines(cell, model)
        found = [("engines differ", fault) for fault in faults]
        method = name.rpartition(", ")[2].split(")")[0]
        found += [(f"grid, {method}", fault) for fault in compare_grid(cell, model, native, method)]
        wrong, said = compare_rates(cell, model)
        found += [(f"rate without a word, {method}", fault) for fault in wrong] if not excused(said) else []
        return found, [text for text in said if excused([text]) or "was integrated by" in text]
    except (b2r.errors.InputError, DivergenceError) as error:
        explained = (
            isinstance(error, DivergenceError)
            or model.method not in (None, "rk4")
            and model.method in str(error)
        )
        return [] if explained else [("refused", str(error))], [str(error)]
    except Exception as error:  # of Brian2 or numpy, which no user should see
        return [(f"{type(error).__name__}", f"{error} {error.__cause__ or ''}")], []


tried = set()  # Hypothesis comes back to cells like one that it had, at other currents: each is tried once


@settings(max_examples=3 * EXAMPLES, phases=[Phase.generate, Phase.shrink], **FIXED)
@given(cells())
def test_any_cell(cell):
    if repr(cell.arguments) in tried or len(tried) == EXAMPLES:
        return
    found, said = disagreements(cell)
    if not found:
        tried.add(repr(cell.arguments))
    assert not found, f"{cell!r}\n" + "\n".join(f"{kind}: {what}" for kind, what in found) + f"\nsaid: {said}"


def lif(**changes):
    arguments = dict(
        equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
        threshold="v > V_th",
        reset="v = V_r",
        refractory=2 * ms,
        parameters=dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV, V_th=-50 * mV, V_r=-60 * mV),
    )
    return b2r.NeuronModel(**{**arguments, **changes})


@pytest.mark.parametrize(
    "refractory, held, steps",
    [(None, False, 0), (2 * ms, True, 20), (2.06 * ms, True, 20), (12 * ms, False, 120)],
)
def test_what_the_grid_may_change(refractory, held, steps):
    """The derivation at the head of oracle.py in closed form."""
    equations = f"dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt{' (unless refractory)' if held else ''}"
    I, g, dt = 450e-12, 12e-9, 1e-4
    end = -70e-3 + I / g
    T0 = 200e-12 / g * np.log((end + 60e-3) / (end + 50e-3))
    model = lif(equations=equations, refractory=refractory)
    grid, free = (
        reference(0.3) for reference in (Reference(model, I, g).run_on_grid, Reference(model, I, g).run)
    )
    t_ref = 0.0 if refractory is None else float(refractory)
    assert np.diff(free.times) == pytest.approx(T0 + t_ref if held else max(T0, t_ref), rel=1e-8)
    wanted = np.ceil(T0 / dt) + (steps - 1 if held else 0)
    assert set(np.diff(grid.times)) == {max(wanted, steps)}
    surface = b2r.measure_fi(model, [I * 1e12] * pA, [12] * nS, duration=300 * ms)
    assert surface.rate_[0, 0] == pytest.approx(1 / (max(wanted, steps) * dt), rel=1e-9)


def test_the_comparison_would_see_a_thousandth_of_the_current():
    from ..grammar import Cell

    model = lif()
    cell = Cell(
        dict(
            equations=model.equations,
            threshold=model.threshold,
            reset=model.reset,
            refractory=model.refractory,
            parameters=dict(model.parameters),
        ),
        (300, 450),
        (10, 15),
        False,
        True,
        False,
    )
    other = Cell({**cell.arguments}, (300.3, 450.45), (10, 15), False, True, False)
    statistics, _ = run(other, model, "native")
    assert compare_grid(cell, model, statistics, "exact")
    assert not compare_grid(other, model, statistics, "exact")
    assert wrong_rate(
        model,
        450e-12,
        15e-9,
        1.02 * Reference(model, 450e-12, 15e-9).run(2.0).rate(2.0, 0.5),
        np.nan,
        2.0,
        0.5,
    )


def main(number):
    """Try `number` cells; print those that disagree, and how many did, by kind."""
    count, kinds, disagreeing, warned = 0, collections.Counter(), 0, 0

    @settings(max_examples=4 * number, phases=[Phase.generate], **FIXED)
    @given(cells())
    def attempt(cell):
        nonlocal count, disagreeing, warned
        if repr(cell.arguments) in tried or count == number:
            return
        tried.add(repr(cell.arguments))
        found, said = disagreements(cell)
        count, warned, disagreeing = count + 1, warned + bool(said), disagreeing + bool(found)
        kinds.update(dict(found).keys())
        if found:
            print(
                f"\n{cell!r}",
                *(f"{kind}: {what}" for kind, what in found),
                f"said: {said}",
                sep="\n  ",
                flush=True,
            )
        if count % 10 == 0:
            print(
                f"{count} cells, {disagreeing} disagree, {warned} with a warning or an error",
                file=sys.stderr,
                flush=True,
            )

    attempt()
    for kind, times in kinds.most_common():
        print(f"{times} cells: {kind}")
    print(f"{count} cells tried, {disagreeing} disagreed, {warned} came with a warning or an error")
    return disagreeing


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description="Try cells drawn from a grammar; print how many disagreed.")
    parser.add_argument("--cells", type=int, default=300)
    sys.exit(main(parser.parse_args().cells) > 0)
