"""Cells drawn from a grammar, as people write them: one to three variables, linear and not, with round
numbers on purpose.

Round numbers meet: C/g equals another time constant, a current holds the cell right at its threshold, a
period is a whole number of steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from brian2 import cm, get_dimensions, ms, mV, nS, pA, pF, uA, uF
from brian2 import msiemens as mS
from hypothesis import strategies as st

import b2reduce as b2r

# A cell of 20 000 um^2: 200 pF, 10 nS are 1 uF/cm^2, 0.05 mS/cm^2
PER_AREA = {pF: 0.005 * uF / cm**2, nS: 0.005 * mS / cm**2, pA: 0.005 * uA / cm**2}
METHODS = (None, None, "rk4", "exact", "rk2", "exponential_euler", "euler", "heun")


@dataclass(frozen=True)
class Cell:
    """A drawn cell.

    The arguments of a NeuronModel, where to run it, and what the tests need to know of it.
    """

    arguments: dict
    currents: tuple  # in units of `unit`
    leaks: tuple
    per_area: bool
    linear: bool  # between spikes
    # A spike grows faster than any step: no integrator follows its last fraction of a millisecond
    abrupt: bool

    def model(self):
        return b2r.NeuronModel(**self.arguments)

    @property
    def I(self):
        return np.array(self.currents) * (PER_AREA[pA] if self.per_area else pA)

    @property
    def g(self):
        return np.array(self.leaks) * (PER_AREA[nS] if self.per_area else nS)

    def __repr__(self):
        a = self.arguments
        rest = {name: a[name] for name in a if name not in ("equations", "parameters")}
        values = ", ".join(f"{name}={value}" for name, value in a["parameters"].items())
        return f"{a['equations']}\n  {rest}\n  {values}\n  I = {self.I}, g = {self.g}"


def _pick(draw, *values):
    return draw(st.sampled_from(values))


def _leaky(draw, p):
    return "g_L*(E_L - v)", "v > V_th", ["v = V_r"], "V_th", dict(linear=True)


def _quadratic(draw, p):
    p.update(k_q=_pick(draw, 0.5, 1, 1.5) * nS / mV, V_T=-50 * mV, V_peak=_pick(draw, -30, 0, 30) * mV)
    return "k_q*(v - E_L)*(v - V_T)", "v > V_peak", ["v = V_r"], "V_peak", dict(leak=None, abrupt=True)


def _exponential(draw, p):
    p.update(V_T=-50 * mV, D_T=_pick(draw, 0.5, 1, 2, 3) * mV, V_cut=_pick(draw, -40, -30, 0) * mV)
    argument = _pick(draw, "(v - V_T)/D_T", "clip((v - V_T)/D_T, -100, 10)")
    return f"g_L*(E_L - v) + g_L*D_T*exp({argument})", "v > V_cut", ["v = V_r"], "V_cut", dict(abrupt=True)


def _persistent_sodium(draw, p):
    """Spikes by themselves.

    The instantaneous sodium current and the potassium gate of a two-variable cell (Izhikevich 2007).
    """
    p.update(
        C_m=100 * pF,
        g_L=80 * nS,
        E_L=-80 * mV,
        G_Na=200 * nS,
        G_K=100 * nS,
        E_Na=60 * mV,
        E_K=-90 * mV,
        tau_n=_pick(draw, 8, 10) * ms,
        V_spike=-20 * mV,
    )
    p["_lines"] = ["dn/dt = (1/(1 + exp((-25*mV - v)/(5*mV))) - n)/tau_n : 1"]
    active = "g_L*(E_L - v) + G_Na/(1 + exp((-20*mV - v)/(15*mV)))*(E_Na - v) + G_K*n*(E_K - v)"
    return active, "v > V_spike", [], "V_spike", dict(spikes=True, variables=1, leaks=[80, 90, 100])


def _adaptation(draw, p):
    p.update(
        a=_pick(draw, 0, 0, 2, 4, 10, -1) * nS,
        tau_w=_pick(draw, 5, 10, 20, 20, 25, 50, 100, 200) * ms,
        b=_pick(draw, 0, 10, 30, 60, 80) * pA,
    )
    reset = _pick(draw, ["w += b"], ["w += b"], ["w = w + b"], ["w = 0.5*w + b"], ["w = b"])
    return (
        "- w",
        f"dw/dt = (a*(v - E_L) - w)/tau_w : amp{_pick(draw, '', '', '', ' (unless refractory)')}",
        reset,
    )


def _dendrite(draw, p):
    p.update(
        g_c=_pick(draw, 2, 5, 10, 20) * nS,
        g_d=_pick(draw, 5, 10, 12) * nS,
        C_d=_pick(draw, 100, 200, 300) * pF,
    )
    reset = _pick(draw, [], [], ["u += 2*mV"], ["u = u + 0.1*(V_r - u)"])
    return "+ g_c*(u - v)", "du/dt = (g_d*(E_L - u) + g_c*(v - u))/C_d : volt", reset


def _conductance(draw, p):
    p.update(
        E_a=_pick(draw, -90, -80) * mV, tau_a=_pick(draw, 10, 20, 50, 100) * ms, d_a=_pick(draw, 1, 3, 5) * nS
    )
    return (
        "+ g_a*(E_a - v)",
        "dg_a/dt = -g_a/tau_a : siemens",
        _pick(draw, ["g_a += d_a"], ["g_a = g_a + d_a"], ["g_a = d_a"]),
    )


def _gate(draw, p):
    p.update(G_M=_pick(draw, 2, 5, 10) * nS, E_M=-90 * mV, tau_p=_pick(draw, 20, 50, 100) * ms)
    return (
        "+ G_M*p*(E_M - v)",
        "dp/dt = (1/(1 + exp((-55*mV - v)/(5*mV))) - p)/tau_p : 1",
        _pick(draw, [], ["p += 0.1*(1 - p)"]),
    )


def _threshold(draw, p):
    p.update(tau_t=_pick(draw, 5, 10, 20, 50) * ms, d_t=_pick(draw, 2, 5, 10) * mV)
    return (
        "",
        "dV_t/dt = (V_th - V_t)/tau_t : volt",
        _pick(draw, ["V_t += d_t"], ["V_t = V_t + d_t"], ["V_t += d_t*(1 - (V_t - V_th)/(20*mV))"]),
    )


MEMBRANES = (_leaky, _leaky, _leaky, _exponential, _exponential, _quadratic, _persistent_sodium)
EXTRAS = (_adaptation, _adaptation, _dendrite, _conductance, _gate, _threshold)


@st.composite
def cells(draw):
    """A Cell."""
    p = dict(
        C_m=_pick(draw, 100, 200, 250) * pF,
        g_L=_pick(draw, 10, 10, 12.5, 20) * nS,
        E_L=-70 * mV,
        V_th=-50 * mV,
        V_r=_pick(draw, -70, -60, -58, -55) * mV,
    )
    active, threshold, reset, top, facts = draw(st.sampled_from(MEMBRANES))(draw, p)
    lines, initial = p.pop("_lines", []), {}
    per_area = _pick(draw, False, False, True)
    extras = draw(st.lists(st.sampled_from(EXTRAS), max_size=2 - facts.get("variables", 0), unique=True))
    linear = facts.get("linear", False)
    for extra in extras:
        if extra is _threshold and top != "V_th":
            continue
        term, line, more = extra(draw, p)
        active, lines, reset = f"{active} {term}".strip(), [*lines, line], [*reset, *more]
        linear = linear and extra in (_adaptation, _dendrite, _threshold)
        if extra is _threshold:
            threshold, initial = "v > V_t", {"V_t": p["V_th"]}
        if extra is _dendrite:
            initial = {**initial, "u": p["E_L"]}
    reset = draw(st.permutations(reset))
    spikes = facts.get("spikes", False)
    held = not spikes and _pick(draw, True, True, False)
    if spikes:
        refractory = "v > V_spike"
        p.pop("V_r"), reset.clear() if not extras else None
    else:
        refractory = _pick(
            draw,
            None,
            2 * ms,
            2 * ms,
            "t_ref",
            "2*t_ref + 0.25*ms",
            "1 ms",
            *(() if held else ("v > V_r + 2*mV",)),
        )
    if "V_r" not in p and any("V_r" in line for line in reset):
        p["V_r"] = -60 * mV
    if isinstance(refractory, str) and "t_ref" in refractory:
        p["t_ref"] = _pick(draw, 1, 1.5, 5) * ms
    method = _pick(draw, *METHODS)
    held = held and refractory is not None
    equations = "\n".join(
        [f"dv/dt = ({active} + I_app)/C_m : volt{' (unless refractory)' if held else ''}", *lines]
    )
    if refractory is None:
        equations = equations.replace(" (unless refractory)", "")
    if per_area:
        equations = equations.replace(": amp", ": amp/meter**2").replace(": siemens", ": siemens/meter**2")
        p = {name: _per_area(value) for name, value in p.items()}
    text = "\n".join([equations, threshold, *reset, str(refractory)])
    leak = facts.get("leak", "g_L")
    p = {name: value for name, value in p.items() if _used(name, text) or name == "E_L"}
    arguments = dict(
        equations=equations,
        threshold=threshold,
        reset="\n".join(reset),
        refractory=refractory,
        method=method,
        dt=_pick(draw, 0.1, 0.1, 0.05) * ms,
        leak=leak,
        parameters=p,
        initial=initial,
        name="drawn",
    )
    if leak is None:
        arguments["capacitance"] = "C_m"
    currents = draw(
        st.lists(
            st.sampled_from([150, 200, 250, 300, 350, 400, 500, 700]), min_size=2, max_size=2, unique=True
        )
    )
    leaks = draw(
        st.lists(
            st.sampled_from(facts.get("leaks") or ([8, 10, 12.5, 15, 20] if leak else [0, 2.5, 5])),
            min_size=2,
            max_size=2,
            unique=True,
        )
    )
    return Cell(
        arguments, tuple(sorted(currents)), tuple(sorted(leaks)), per_area, linear, facts.get("abrupt", False)
    )


def _used(name, text):
    return re.search(rf"\b{name}\b", text) is not None


def _per_area(value):
    for unit, other in PER_AREA.items():
        if get_dimensions(value) is unit.dim:
            return float(value / unit) * other
        if get_dimensions(value) is (unit / mV).dim:
            return float(value / unit * mV) * other / mV
    return value
