"""A reference for one cell: its own equation text integrated by scipy, with nothing of Brian2's integrators
or of the package's code.

What the time grid may change. In a step from t_k to t_k + dt the engines first decide whether the cell is
still refractory, by the state and the time at t_k, then integrate, then look at the threshold once, at t_k +
dt, and reset; the spike is called t_k. So with T0 the time from a reset to the threshold and n = t_ref/dt in
whole steps (rounded down, as `timestep` does):

- no refractory period: the next spike comes ceil(T0/dt) steps later, the interval lies in [T0, T0 + dt);
- held for a refractory period: a spike at t_k holds steps k + 1 to k + n - 1, the cell starts from its reset
at t_k + n dt, and the interval is
  (n - 1 + ceil(T0/dt)) dt, in [T - dt - (t_ref - n dt), T) for T = t_ref + T0: shorter than it should be,
  never longer;
- not held: max(n, ceil(T0/dt)) steps, between the two;
- a condition: the cell is free from the first step at whose begin the condition is false, up to dt late, and
fires up to dt late.

Each interval is therefore off by less than dt (2 dt with a condition, or where t_ref is no multiple of dt),
so that a rate is off by dt/T at most as far as the rest of the state does not feel it. What a shift of the
reset does to the other variables is not bounded that simply, so `Reference` also runs *on the grid*: exact
integration, looked at and reset as above. An engine must give the very same steps unless a threshold is
passed so close to a grid point that the error of its integrator decides; `Train.margin` says how close, in
steps.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

RTOL = 1e-10
# s: no excursion over a threshold is longer than this and missed, but for peaks that graze it
MAX_STEP_ = 1e-3
BEYOND_ = 1e-9  # s
RUNAWAY_ = 1e6  # V/s; 1 mV takes a nanosecond
SLIVER = 1e-3  # of a step, as in Brian2's `timestep`


def _safe(function):
    def call(*arguments):
        try:
            return function(*arguments)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return call


FUNCTIONS = {
    name: _safe(getattr(math, name))
    for name in ("exp", "log", "log10", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
} | {
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "int": int,
    "sign": lambda x: (x > 0) - (x < 0),
    "clip": lambda x, low, high: min(max(x, low), high),
    "exprel": lambda x: 1.0 if x == 0 else _safe(math.expm1)(x) / x,
}


class Stuck(Exception):
    """A cell whose spikes have no end.

    The threshold holds right after the reset and nothing forbids the next spike.
    """


@dataclass(frozen=True)
class Train:
    """Spike times of one run: continuous ones in s, or the numbers of steps on the grid.

    `margins` says of each spike on the grid how far from a grid point, in steps, the state passed what
    decided it; `state` is the state at the end; `period` the interval that repeats from some spike on, or
    None.
    """

    times: np.ndarray
    margins: np.ndarray
    state: dict
    period: float | None = None

    def onset_rate(self):
        """One over the first interval."""
        return 1 / (self.times[1] - self.times[0]) if len(self.times) > 1 else math.nan

    def rate(self, duration, warmup):
        """(n - 1)/(t_last - t_first) after the warm-up; 0 where the last half is silent."""
        times = self.times[(self.times >= warmup) & (self.times < duration)]
        if len(times) < 2 or not np.any(times >= duration / 2):
            return 0.0
        return (len(times) - 1) / (times[-1] - times[0])

    def rates(self, duration, warmup, slack=0.01):
        """Lowest and highest rate if every spike may come by a share `slack` earlier or later.

        Which spikes are counted then differs.
        """
        edges = (
            [warmup * (1 + slack * i) for i in (-1, 0, 1)],
            [duration * (1 + slack * i) for i in (-1, 0, 1)],
        )
        found = [self.rate(end, begin) for begin in edges[0] for end in edges[1]]
        return min(found), max(found)


class Reference:
    """One cell at a current and a total leak: C dv/dt gains I + (g - g_L)(E_L - v), whatever else stands in
    its equations.

    Parameters
    ----------
    model : NeuronModel
        Only its texts, parameters and names of roles are used.
    I, g : float
        SI.
    """

    def __init__(self, model, I, g):
        import brian2

        self.model, self.dt = model, float(model.dt)
        self.constants = {
            name: float(np.asarray(value)) for name, value in model.parameters.items() if name != model.input
        }
        definitions = _definitions(model.equations)
        texts = [text for _, text, *_ in definitions] + [
            str(text)
            for text in (model.threshold, model.reset, model.refractory, model.leak, model.leak_reversal)
        ]
        for name in set(re.findall(r"[A-Za-z_]\w*", " ".join(texts))) - set(self.constants):
            if isinstance(value := getattr(brian2, name, None), brian2.Quantity):
                self.constants[name] = float(value)
        self.space = {**FUNCTIONS, "pi": math.pi, "e": math.e, "inf": math.inf, **self.constants}
        value = lambda role: (
            0.0
            if role is None
            else float(eval(role, dict(self.space)) if isinstance(role, str) else np.asarray(role))
        )
        self.reversal, own = value(model.leak_reversal), value(model.leak)
        self.input, self.added = I, g - own
        self.names = tuple(name for name, _, flags, _ in definitions if flags is not None)
        self.held = np.array(
            ["unless refractory" in flags for _, _, flags, _ in definitions if flags is not None]
        )
        self.derivative = self._derivative(definitions)
        self.subexpressions = [(name, compile(text, name, "eval")) for name, text in _ordered(definitions)]
        self.threshold, self.reset_code = (
            self._margin(model.threshold),
            compile(_lines(model.reset), "reset", "exec"),
        )
        self.refractory_time = self.refractory_margin = None
        if isinstance(model.refractory, str):
            if any(
                isinstance(node, (ast.Compare, ast.BoolOp))
                for node in ast.walk(ast.parse(model.refractory.strip(), mode="eval"))
            ):
                self.refractory_margin = self._margin(model.refractory)
            else:
                code = compile(model.refractory.strip(), "refractory", "eval")
                self.refractory_time = lambda y: float(eval(code, self._names(y)))
        elif model.refractory is not None:
            self.refractory_time = lambda y: float(model.refractory)
        self.scale = np.array([self._floor(unit) for _, _, flags, unit in definitions if flags is not None])

    # The text of the model as Python.

    def _derivative(self, definitions):
        """f(t, y, free): right-hand sides; what is held stands still where `free` is 0."""
        lines = [
            f"{', '.join(self.names)}, = y",
            f"{self.model.input} = I_0_ + added_*(reversal_ - {self.model.membrane})",
        ]
        lines += [f"{name} = {text}" for name, text in _ordered(definitions)]
        rates = [
            f"{'free_*' if 'unless refractory' in flags else ''}({text})"
            for _, text, flags, _ in definitions
            if flags is not None
        ]
        space = {**self.space, "I_0_": self.input, "added_": self.added, "reversal_": self.reversal}
        exec("def f(t, y, free_):\n " + "\n ".join([*lines, f"return [{', '.join(rates)}]"]), space)
        return space["f"]

    def _names(self, y):
        space = {**self.space, **dict(zip(self.names, y)), self.model.input: self.input}
        for name, code in self.subexpressions:
            space[name] = eval(code, space)
        return space

    def _margin(self, text):
        """A condition as a function of the state that is positive where it holds.

        Differences of comparisons, least of `and`, largest of `or`.
        """
        code = compile(
            ast.fix_missing_locations(
                ast.Expression(_Signed().visit(ast.parse(text.strip(), mode="eval").body))
            ),
            text,
            "eval",
        )
        return lambda y: float(eval(code, {**self._names(y), "least_": min, "largest_": max}))

    def _after_reset(self, y):
        space = self._names(y)
        exec(self.reset_code, space)
        return np.array([float(space[name]) for name in self.names])

    def _floor(self, unit):
        """Below which size a variable of this unit counts as none.

        A thousandth of what the parameters make likely.
        """
        import brian2

        wanted = brian2.get_dimensions(eval(unit, {**vars(brian2.units.allunits), "Hz": brian2.Hz}))
        likely = [0.01] if wanted in (brian2.volt.dim, brian2.get_dimensions(1)) else []
        for value in self.model.parameters.values():
            if not isinstance(value, str):
                for other in (1.0, 0.02 * brian2.volt, 1 * brian2.volt / brian2.second):
                    if brian2.get_dimensions(value * other) is wanted:
                        likely.append(abs(float(value * other)))
        return 1e-3 * max([x for x in likely if x > 0], default=1.0)

    # Integration.

    def _advance(self, begin, y, end, free, event=None, direction=1):
        """(time, state, whether the event came, whether all went well) from `begin` until the event passes 0
        or `end`.
        """

        def f(t, y):
            try:
                return self.derivative(t, y.tolist(), free)
            except (OverflowError, ZeroDivisionError, ValueError):
                return [math.nan] * len(y)

        self.scale = np.maximum(self.scale, np.maximum(np.abs(y), 1e-3 * np.nan_to_num(np.abs(f(begin, y)))))
        if end <= begin:
            return begin, y, False, True
        events = None
        if event is not None:
            events = lambda t, y: event(y)
            events.terminal, events.direction = True, direction
        run = solve_ivp(
            f,
            (begin, end),
            y,
            method="DOP853",
            rtol=RTOL,
            atol=1e-2 * RTOL * self.scale,
            events=events,
            max_step=MAX_STEP_,
        )
        return run.t[-1], run.y[:, -1], run.status == 1, run.status >= 0

    def start(self, state=None):
        """Starting values: those given, those of the model, the membrane at its leak reversal, others 0."""
        values = (
            {name: 0.0 for name in self.names}
            | {self.model.membrane: self.reversal}
            | {k: float(np.asarray(v)) for k, v in self.model.initial.items()}
        )
        return np.array([(values | dict(state or {}))[name] for name in self.names])

    def rest(self, longest=2.0, look=0.05):
        """The state that the cell relaxes to without input, as every measurement starts from."""
        quiet, state = Reference(self.model, 0.0, 0.0), None
        quiet.added = self.added
        quiet.derivative = quiet._derivative(_definitions(self.model.equations))
        for _ in range(round(longest / look)):
            before, state = state, quiet.run(look, state).state
            if before and all(
                abs(state[name] - before[name]) <= 1e-6 * max(abs(state[name]), abs(before[name]))
                for name in self.names
            ):
                break
        return state

    def run(self, duration, state=None, repeat=True):
        """Spikes without a grid: thresholds passed, refractory periods over, at their exact times.

        With `repeat` the run ends once a cell's state after a spike is that after the spike before, and goes
        on with that interval.
        """
        y, t, times, before = self.start(state), 0.0, [], None
        while t < duration:
            came, now = True, t
            if self.threshold(y) <= 0:
                t, y, came, fine = self._advance(t, y, duration, 1.0, self.threshold)
                # Beyond what floats resolve of a spike that grows beyond all bounds: it passes any threshold
                # within this instant
                if not fine:
                    if (
                        not self.derivative(t, y.tolist(), 1.0)[self.names.index(self.model.membrane)]
                        > RUNAWAY_
                    ):
                        raise FloatingPointError(f"the reference integration ended at {t:g} s")
                    came = True
            elif times and t == times[-1]:
                raise Stuck(f"spike after spike at {t:g} s")
            if not came:
                break
            times.append(t)
            after = self._after_reset(y)
            # A spike that no reset ends: a little beyond the threshold, so that it is not passed again
            if self.threshold(after) == self.threshold(y):
                t, after, _, _ = self._advance(t, after, t + BEYOND_, 1.0)
            y = after
            if (
                repeat
                and before is not None
                and np.all(np.abs(y - before) <= 1e-8 * self.scale)
                and len(times) > 3
                and (abs(times[-1] - 2 * times[-2] + times[-3]) <= 1e-7 * (times[-1] - times[-2]))
            ):
                period = times[-1] - times[-2]
                more = times[-1] + period * np.arange(1, max(int((duration - times[-1]) / period) + 1, 1))
                return Train(
                    np.concatenate([times, more[more < duration]]),
                    np.array([]),
                    dict(zip(self.names, y)),
                    period,
                )
            before = y.copy()
            if self.refractory_time is not None:
                t, y, _, _ = self._advance(t, y, min(t + self.refractory_time(y), duration), 0.0)
            elif self.refractory_margin is not None and self.refractory_margin(y) > 0:
                t, y, _, _ = self._advance(t, y, duration, 0.0, self.refractory_margin, -1)
                t, y, _, _ = self._advance(t, y, t + BEYOND_, 0.0)
            if len(times) > 1e5 * duration:
                raise Stuck(f"{len(times)} spikes in {now:g} s")
        return Train(np.array(times), np.array([]), dict(zip(self.names, y)))

    def run_on_grid(self, duration, state=None, dt=None):
        """Spikes where threshold and refractory period are looked at once a step.

        Exact integration in between. `times` are numbers of steps.
        """
        dt = self.dt if dt is None else dt
        y, k, last, free, steps, spikes, margins, near = (
            self.start(state),
            0,
            None,
            True,
            round(duration / dt),
            [],
            [],
            0.5,
        )
        while k < steps:  # y is the state at k dt
            if last is not None and self.refractory_time is not None:
                wait = math.floor(self.refractory_time(y) / dt + SLIVER) - (k - last)
                free, ahead = wait <= 0, wait
            elif last is not None and self.refractory_margin is not None:
                free, ahead = free or not self.refractory_margin(y) > 0, None
            if free:
                after, y, near_now, certain = self._to_grid(k, y, steps, dt, 1.0, self.threshold)
                k, near = after, min(near, near_now)
                if certain:
                    spikes.append(k - 1)
                    margins.append(near)
                    y, last, free, near = (
                        self._after_reset(y),
                        k - 1,
                        self.refractory_time is None and self.refractory_margin is None,
                        0.5,
                    )
            elif self.refractory_time is not None:
                end = min(k + ahead, steps)
                y = self._advance(k * dt, y, end * dt, 0.0)[1]
                k = end
            else:
                k, y, near_now, _ = self._to_grid(k, y, steps, dt, 0.0, lambda y: -self.refractory_margin(y))
                near = min(near, near_now)
        return Train(np.array(spikes, dtype=int), np.array(margins), dict(zip(self.names, y)))

    def _to_grid(self, k, y, steps, dt, free, margin):
        """On to the first grid point after k where `margin` is positive.

        (its number, state, nearness to a grid point, whether there is one).
        """
        near = 0.5
        while k < steps:
            if margin(y) > 0:  # holds already: looked at again at the end of this step
                t, came = k * dt, True
            else:
                t, y, came, fine = self._advance(k * dt, y, steps * dt, free, margin)
                if not came:
                    return steps, y, near, False
                part = (t / dt) % 1.0
                near = min(near, part, 1 - part)
            k = max(math.ceil(t / dt - 1e-9), k + 1)
            _, after, _, fine = self._advance(t, y, k * dt, free)
            # A spike that grows beyond all bounds within the step: beyond the threshold it is
            if not fine or not np.all(np.isfinite(after)):
                return k, y, 0.0, True
            y = after
            if margin(y) > 0:
                return k, y, near, True
        return steps, y, near, False


class _Signed(ast.NodeTransformer):
    def visit_Compare(self, node):
        sides = [node.left, *node.comparators]
        parts = [
            ast.BinOp(*((a, ast.Sub(), b) if isinstance(op, (ast.Gt, ast.GtE)) else (b, ast.Sub(), a)))
            for a, op, b in zip(sides, node.ops, sides[1:])
        ]
        return parts[0] if len(parts) == 1 else self._call("least_", parts)

    def visit_BoolOp(self, node):
        return self._call(
            "least_" if isinstance(node.op, ast.And) else "largest_",
            [self.visit(value) for value in node.values],
        )

    def visit_UnaryOp(self, node):
        return ast.UnaryOp(ast.USub(), self.visit(node.operand)) if isinstance(node.op, ast.Not) else node

    def _call(self, name, parts):
        return ast.Call(ast.Name(name, ast.Load()), parts, [])


def _lines(text):
    return "\n".join(part.strip() for line in text.splitlines() for part in line.split(";"))


def _definitions(text):
    """[(name, right-hand side, flags, or None of a subexpression, unit)] of equations written one a line."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        head, _, tail = line.partition(":")
        if "=" not in head:
            continue  # a parameter that is only declared
        left, _, right = head.partition("=")
        rate = re.fullmatch(r"\s*d(\w+)\s*/\s*dt\s*", left)
        unit, flags = re.fullmatch(
            r"\s*(.*?)\s*(?:\((unless refractory|constant over dt)\))?\s*", tail
        ).groups()
        found.append(
            (rate[1], right.strip(), flags or "", unit) if rate else (left.strip(), right.strip(), None, unit)
        )
    return found


def _ordered(definitions):
    """Subexpressions, each after those that it needs."""
    waiting, done = {name: text for name, text, flags, _ in definitions if flags is None}, []
    while waiting:
        ready = [
            name
            for name, text in waiting.items()
            if not set(re.findall(r"[A-Za-z_]\w*", text)) & set(waiting)
        ]
        assert ready, f"subexpressions go round in a circle: {', '.join(waiting)}"
        done += [(name, waiting.pop(name)) for name in ready]
    return done
