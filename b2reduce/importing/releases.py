"""Short-term plasticity after Tsodyks and Markram, recognised by what its equations and statements do.

Two ways of writing it are one law. In the first, u decays to 0 and is raised at a spike before it acts: u <-
u + U (1 - u), and u x is released. In the second, u decays to U, acts, and is raised then; it is the first
law's u after its step, U + (1 - U) u.
"""

from __future__ import annotations

from .algebra import names_of, read, symbol
from .events import NotRead
from .statements import statements_of

__all__ = ["release_of"]


class _Variables:
    """The own variables of a synapse that change, with their equations, and the constants in them."""

    def __init__(self, event, places):
        self.places, self.event = places, event
        synapses = places.synapses
        lines = {}
        for equations in (synapses.equations, synapses.event_driven):
            lines.update({} if equations is None else equations)
        self.slopes = {
            name: read(dict(_substituted(synapses))[name].code)
            for name, line in lines.items()
            if line.type == "differential equation"
        }
        self.constants_ = {}

    def number(self, expression):
        """The value of an expression; it is needed that all synapses have the same."""
        from .numbers_of_synapses import numbers_of

        try:
            value = numbers_of(expression, self.places, slice(None), slice(None))
        except NotRead:
            return None
        return value if isinstance(value, float) else None

    def after(self, name):
        return self.event.changes.get(name, symbol(name))


def _substituted(synapses):
    from brian2 import Equations

    lines = {}
    for equations in (synapses.equations, synapses.event_driven):
        lines.update({} if equations is None else equations)
    return Equations(list(lines.values())).get_substituted_expressions()


def release_of(event, increments, places):
    """(plasticity as circuits have it, the increments without what is released).

    Parameters
    ----------
    event : Event
    increments : dict of str to sympy expression
        What is added to variables of the target.
    places : Places

    Returns
    -------
    (dict or None, dict)
        None where all variables of the synapse stand still.

    Raises
    ------
    NotRead
        If they change in another way than that of Tsodyks and Markram.
    """
    import sympy

    found = _Variables(event, places)
    reached = _reached(found, event, increments)
    moving = {name for name in found.slopes if name in reached or _is_read(name, event, places)}
    changing = set(event.changes) - set(found.slopes)  # what else has a slope is a trace that nothing reads
    changing = {name for name in changing if not _only_written(name, event, places)}
    if not changing and (not moving or not increments):
        return None, increments
    if changing:
        raise NotRead(
            f"changes {', '.join(sorted(changing))} at spikes: a weight that learns; the weights could be"
            " frozen as they are now"
        )
    for u in (None, *sorted(moving)):
        for x in (None, *sorted(moving)):
            if u == x or {u, x} - {None} != moving:
                continue
            law = _law(found, u, x)
            if law is None:
                continue
            plasticity, released = law
            left = {name: sympy.simplify(each / released) for name, each in increments.items()}
            names = {symbol(name) for name in moving}
            if not any(each.free_symbols & names for each in left.values()):
                return plasticity, left
    raise NotRead(
        f"changes {', '.join(sorted(moving))} at spikes, and not as Tsodyks and Markram's u and x: du/dt ="
        " -u/tau, u += U*(1 - u), dx/dt = (1 - x)/tau, w*u*x is released and x loses u*x"
    )


def _reached(found, event, increments):
    """Names that what is released depends on, now or at later spikes."""
    reached, todo = set(), set().union(*map(names_of, increments.values()))
    while todo:
        reached |= todo
        texts = [each[name] for each in (event.changes, found.slopes) for name in todo if name in each]
        todo = set().union(*map(names_of, texts)) - reached
    return reached


def _is_read(name, event, places):
    """Whether a variable that spikes change is in the equations of another, which may be summed up."""
    from brian2.utils.stringtools import get_identifiers

    synapses = places.synapses
    each = [equations for equations in (synapses.equations, synapses.event_driven) if equations is not None]
    lines = [line for equations in each for line in equations.values() if line.expr is not None]
    used = any(name in get_identifiers(line.expr.code) for line in lines if line.varname != name)
    return name in event.changes and used


def _only_written(name, event, places):
    """Whether a variable is set at every spike and read nowhere but behind that: a word for its new value."""
    from brian2.utils.stringtools import get_identifiers

    mine = symbol(name)
    if any(mine in each.free_symbols for each in (*event.changes.values(), *event.increments.values())):
        return False
    codes = [pathway.code for pathway in places.synapses._pathways]
    setting = [code for code in codes if name in _set_in(code)]
    elsewhere = any(name in get_identifiers(code) for code in codes if code not in setting)
    return len(setting) == 1 and not elsewhere and not _is_read(name, event, places)


def _set_in(code):
    nodes = statements_of(code)
    targets = [
        target for node in nodes for target in getattr(node, "targets", [getattr(node, "target", None)])
    ]
    return {getattr(target, "id", None) for target in targets}


def _law(found, u, x):
    """(plasticity, what is released) if these variables are u and x, one of which may be missing."""
    import sympy

    one = sympy.Integer(1)
    u_, x_ = (None if name is None else symbol(name) for name in (u, x))
    times = {"tau_rec": "0 ms", "tau_facil": "0 ms"}
    if x is not None:
        tau = _time(found, x, 1.0)
        if tau is None:
            return None
        times["tau_rec"] = f"{tau * 1e3!r} ms"
    if u is None:
        left = sympy.expand(found.after(x))
        U = found.number(sympy.expand(1 - sympy.diff(left, x_)))
        if U is None or not 0 < U <= 1 or sympy.expand(left - left.coeff(x_) * x_) != 0:
            return None
        return {"kind": _kind(), "U": U, **times}, sympy.expand(x_ - left)
    after = sympy.expand(found.after(u))
    step = after.subs(u_, 0)
    U = found.number(step)
    if U is None or not 0 < U <= 1 or sympy.expand(after - (u_ + step * (one - u_))) != 0:
        return None
    for level, acting in ((0.0, after), (U, u_)):
        tau = _time(found, u, level)
        if tau is None:
            continue
        released = acting if x is None else acting * x_
        if x is None or sympy.expand(found.after(x) - (x_ - released)) == 0:
            times["tau_facil"] = f"{tau * 1e3!r} ms"
            return {"kind": _kind(), "U": U, **times}, released
    return None


def _time(found, name, level):
    """The time constant in s of a variable that goes to a level by itself; None if it does not."""
    import sympy

    own = symbol(name)
    slope = found.slopes[name]
    rate = found.number(sympy.diff(slope, own))
    if rate is None or rate >= 0:
        return None
    there = found.number(slope.subs(own, sympy.Float(level)))
    if there is None or abs(there) > 1e-9 * abs(rate) * max(abs(level), 1e-3):
        return None
    return float(f"{-1 / rate:.12g}")


def _kind():
    from ..circuit.plasticity.tsodyks_markram import TsodyksMarkram

    return TsodyksMarkram.kind
