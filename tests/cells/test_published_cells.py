"""Cells as papers and scripts write them, each held against an integration without a grid at three currents
and two leaks.

A number without a warning is right to 1 %; what is further off must come with a warning or an error that says
why.
"""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import Mohm, cm, ms, msiemens, mV, nA, nS, pA, pF, uA, uF, um

import b2reduce as b2r
from b2reduce.basics.errors import DivergenceError

from ..cases import some
from ..right_rates import excused, surface_of, wrong_rate

S = msiemens / cm**2
A = uA / cm**2
F = uF / cm**2

EIF = "dv/dt = (g_L*(E_L - v) + g_L*D_T*exp((v - V_T)/D_T) + I_app)/C_m : volt (unless refractory)"
ADEX = """dv/dt = (g_L*(E_L - v) + g_L*D_T*exp((v - V_T)/D_T) - w + I_app)/C_m : volt
dw/dt = (a*(v - E_L) - w)/tau_w : amp"""
# For exp((v - V_T)/D_T): so that a spike that is cut far above V_T grows no further within a step than floats
# can hold
LIMITED = "exp(clip((v - V_T)/D_T, -100, 10))"


def limited(model):
    return model.replace(equations=model.equations.replace("exp((v - V_T)/D_T)", LIMITED))


def eif(**changes):
    """Fourcaud-Trocme et al. 2003: the spike current is written with the leak conductance."""
    p = (
        dict(C_m=200 * pF, g_L=10 * nS, E_L=-70 * mV, V_T=-50 * mV, D_T=2 * mV, V_r=-58 * mV, V_cut=-30 * mV)
        | changes
    )
    return b2r.NeuronModel(
        equations=EIF, threshold="v > V_cut", reset="v = V_r", refractory=2 * ms, dt=0.05 * ms, parameters=p
    )


def brette_gerstner(V_r=-70.6 * mV, tau_w=144 * ms, a=4 * nS, b=80.5 * pA):
    """Brette & Gerstner 2005 as Brian2's example has it: spikes are cut 5 D_T above V_T, steps of 0.1 ms."""
    return b2r.NeuronModel(
        equations=ADEX,
        threshold="v > V_T + 5*D_T",
        reset="v = V_r; w += b",
        parameters=dict(
            C_m=281 * pF,
            g_L=30 * nS,
            E_L=-70.6 * mV,
            V_T=-50.4 * mV,
            D_T=2 * mV,
            tau_w=tau_w,
            a=a,
            b=b,
            V_r=V_r,
        ),
    )


def naud(C, g_L, E_L, a, tau_w, b, V_r):
    """Naud et al. 2008, table 1: V_T -50 mV, D_T 2 mV, spikes cut at 0 mV."""
    return b2r.NeuronModel(
        equations=ADEX,
        threshold="v > 0*mV",
        reset="v = V_r\nw = w + b",
        dt=0.05 * ms,
        method="rk4",
        parameters=dict(
            C_m=C * pF,
            g_L=g_L * nS,
            E_L=E_L * mV,
            V_T=-50 * mV,
            D_T=2 * mV,
            a=a * nS,
            tau_w=tau_w * ms,
            b=b * pA,
            V_r=V_r * mV,
        ),
    )


def izhikevich(a, b, c, d):
    """Izhikevich 2003 in mV and ms.

    The dimensionless input of the paper is taken in pA, which makes the capacitance 1 pF.
    """
    return b2r.NeuronModel(
        equations=(
            "dv/dt = (0.04*(v/mV)**2 + 5*v/mV + 140 - u/mV + I/pA)*mV/ms : volt\ndu/dt = a*(b*v - u) : volt"
        ),
        input="I",
        threshold="v >= 30*mV",
        reset="v = c\nu += d",
        leak=None,
        leak_reversal="-65 mV",
        capacitance="pA*ms/mV",
        dt=0.05 * ms,
        method="rk4",
        parameters=dict(a=a / ms, b=b, c=c * mV, d=d * mV),
        initial=dict(u=b * -65 * mV),
    )


def traub_miles(method):
    """The cell of Brian2's COBAHH example (Brette et al. 2007), 20 000 um^2."""
    area = 20000 * um**2
    equations = """
dv/dt = (g_l*(El - v) - g_na*(m*m*m)*h*(v - ENa) - g_kd*(n*n*n*n)*(v - EK) + I)/Cm : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
beta_m = 0.28*(mV**-1)*5*mV/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
beta_h = 4./(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
beta_n = .5*exp((10*mV - v + VT)/(40*mV))/ms : Hz
I : amp"""
    return b2r.NeuronModel(
        equations=equations,
        threshold="v > -20*mV",
        refractory=3 * ms,
        method=method,
        input="I",
        leak="g_l",
        leak_reversal="El",
        capacitance="Cm",
        parameters=dict(
            Cm=1 * F * area,
            g_l=0.05 * S * area,
            El=-60 * mV,
            EK=-90 * mV,
            ENa=50 * mV,
            g_na=100 * S * area,
            g_kd=30 * S * area,
            VT=-63 * mV,
        ),
    )


def connor_stevens():
    """Connor & Stevens 1971 as Dayan & Abbott print it (section 6.2)."""
    equations = """
dv/dt = (g_L*(E_L - v) + g_Na*m**3*h*(E_Na - v) + g_K*n**4*(E_K - v) + g_A*a**3*b*(E_A - v) + I_app)/c_m : volt
dm/dt = 3.8/ms/exprel(-0.1*(v + 29.7*mV)/mV)*(1 - m) - 15.2/ms*exp(-0.0556*(v + 54.7*mV)/mV)*m : 1
dh/dt = 0.266/ms*exp(-0.05*(v + 48*mV)/mV)*(1 - h) - 3.8/ms/(1 + exp(-0.1*(v + 18*mV)/mV))*h : 1
dn/dt = 0.2/ms/exprel(-0.1*(v + 45.7*mV)/mV)*(1 - n) - 0.25/ms*exp(-0.0125*(v + 55.7*mV)/mV)*n : 1
da/dt = ((0.0761*exp(0.0314*(v + 94.22*mV)/mV)/(1 + exp(0.0346*(v + 1.17*mV)/mV)))**(1/3.0) - a)/(0.3632*ms + 1.158*ms/(1 + exp(0.0497*(v + 55.96*mV)/mV))) : 1
db/dt = ((1/(1 + exp(0.0688*(v + 53.3*mV)/mV)))**4 - b)/(1.24*ms + 2.678*ms/(1 + exp(0.0624*(v + 50*mV)/mV))) : 1"""
    return b2r.NeuronModel(
        equations=equations,
        threshold="v > -20*mV",
        refractory="v > -20*mV",
        method="rk4",
        dt=0.02 * ms,
        capacitance="c_m",
        parameters=dict(
            c_m=1 * F,
            g_L=0.3 * S,
            E_L=-17 * mV,
            g_Na=120 * S,
            E_Na=55 * mV,
            g_K=20 * S,
            E_K=-72 * mV,
            g_A=47.7 * S,
            E_A=-75 * mV,
        ),
        initial=dict(v=-68 * mV, h=0.96, n=0.15, a=0.54, b=0.29),
    )


def morris_lecar():
    """Morris & Lecar 1981 with the constants of Rinzel & Ermentrout for a saddle-node onset."""
    equations = """
dv/dt = (g_L*(E_L - v) + g_Ca*m*(E_Ca - v) + g_K*w*(E_K - v) + I_app)/C_m : volt
dw/dt = phi*(0.5*(1 + tanh((v - V_3)/V_4)) - w)*cosh((v - V_3)/(2*V_4)) : 1
m = 0.5*(1 + tanh((v - V_1)/V_2)) : 1"""
    return b2r.NeuronModel(
        equations=equations,
        threshold="v > 0*mV",
        refractory="v > 0*mV",
        parameters=dict(
            C_m=20 * F,
            g_L=2 * S,
            E_L=-60 * mV,
            g_Ca=4 * S,
            E_Ca=120 * mV,
            g_K=8 * S,
            E_K=-84 * mV,
            phi=0.0667 / ms,
            V_1=-1.2 * mV,
            V_2=18 * mV,
            V_3=12 * mV,
            V_4=17.4 * mV,
        ),
        initial=dict(w=0.01),
    )


def two_compartments():
    """After Pinsky & Rinzel 1994.

    A spiking soma of the share p of the membrane, a dendrite with a slow potassium current; p C_m is what the
    input charges.
    """
    equations = """
dV_s/dt = (g_L*(E_L - V_s) + g_Na*m**2*h*(E_Na - V_s) + g_K*n*(E_K - V_s) + g_c*(V_d - V_s)/p + I_s/p)/C_m : volt
dV_d/dt = (g_L*(E_L - V_d) + g_KS*q*(E_K - V_d) + g_c*(V_s - V_d)/(1 - p))/C_m : volt
dh/dt = 0.128/ms*exp(-(V_s + 43*mV)/(18*mV))*(1 - h) - 4/ms/(1 + exp(-(V_s + 20*mV)/(5*mV)))*h : 1
dn/dt = 0.08/ms/exprel(-(V_s + 24.9*mV)/(5*mV))*(1 - n) - 0.25/ms*exp(-(V_s + 40*mV)/(40*mV))*n : 1
dq/dt = (1/(1 + exp(-(V_d + 50*mV)/(5*mV))) - q)/(100*ms) : 1
m = alpha/(alpha + beta) : 1
alpha = 1.28/ms/exprel(-(V_s + 46.9*mV)/(4*mV)) : Hz
beta = 1.4/ms/exprel((V_s + 19.9*mV)/(5*mV)) : Hz"""
    return b2r.NeuronModel(
        equations=equations,
        membrane="V_s",
        input="I_s",
        leak="p*g_L",
        capacitance="p*C_m",
        threshold="V_s > -20*mV",
        refractory="V_s > -20*mV",
        method="rk4",
        dt=0.02 * ms,
        parameters=dict(
            C_m=3 * F,
            g_L=0.1 * S,
            E_L=-60 * mV,
            g_Na=30 * S,
            E_Na=60 * mV,
            g_K=15 * S,
            E_K=-75 * mV,
            g_c=2.1 * S,
            p=0.5,
            g_KS=0.8 * S,
        ),
        initial=dict(V_d=-60 * mV, h=0.99, n=0.01),
    )


def lif_by_resistance():
    """As scripts have it: R_m and tau_m."""
    return b2r.NeuronModel(
        equations="dv/dt = (E_L - v + R_m*I)/tau_m : volt (unless refractory)\nI : amp",
        input="I",
        threshold="v > V_th",
        reset="v = V_r",
        refractory="t_ref",
        leak="1/R_m",
        capacitance="tau_m/R_m",
        parameters=dict(
            R_m=100 * Mohm, tau_m=20 * ms, E_L=-70 * mV, V_th=-50 * mV, V_r=-65 * mV, t_ref=5 * ms
        ),
    )


def mat():
    """Kobayashi, Tsubo & Shinomoto 2009: no reset of the membrane, a threshold with two time constants."""
    equations = """
dv/dt = (E_L - v + R_m*I_app)/tau_m : volt
dH_1/dt = -H_1/tau_1 : volt
dH_2/dt = -H_2/tau_2 : volt
theta = omega + H_1 + H_2 : volt"""
    return b2r.NeuronModel(
        equations=equations,
        threshold="v > theta",
        reset="H_1 += alpha_1\nH_2 += alpha_2",
        refractory=2 * ms,
        leak="1/R_m",
        capacitance="tau_m/R_m",
        parameters=dict(
            E_L=-70 * mV,
            R_m=50 * Mohm,
            tau_m=5 * ms,
            tau_1=10 * ms,
            tau_2=200 * ms,
            omega=-51 * mV,
            alpha_1=37 * mV,
            alpha_2=2 * mV,
        ),
    )


def glif():
    """Teeter et al. 2018, level 3 and 4.

    After-spike current and a threshold that jumps, both reset by expressions.
    """
    equations = """
dv/dt = (G*(E_L - v) + I_as + I_app)/C_m : volt (unless refractory)
dI_as/dt = -k_1*I_as : amp
dtheta/dt = -b_s*(theta - theta_inf) : volt"""
    return b2r.NeuronModel(
        equations=equations,
        leak="G",
        threshold="v > theta",
        reset="v = E_L + f_v*(v - E_L) - delta\nI_as = 0.5*I_as - A_1\ntheta += d_s",
        refractory="t_ref",
        parameters=dict(
            C_m=120 * pF,
            G=6 * nS,
            E_L=-75 * mV,
            k_1=1 / (50 * ms),
            b_s=1 / (20 * ms),
            theta_inf=-48 * mV,
            f_v=0.3,
            delta=2 * mV,
            A_1=25 * pA,
            d_s=3 * mV,
            t_ref=3 * ms,
        ),
        initial=dict(theta=-48 * mV),
    )


def resonate_and_fire():
    """Richardson, Brunel & Hakim 2003: a restoring current slower than the membrane; complex eigenvalues."""
    return b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) - g_1*(w - E_L) + I_app)/C_m : volt\ndw/dt = (v - w)/tau_1 : volt",
        threshold="v > V_th",
        reset="v = V_r",
        parameters=dict(
            C_m=500 * pF, g_L=25 * nS, g_1=25 * nS, E_L=-70 * mV, tau_1=100 * ms, V_th=-55 * mV, V_r=-65 * mV
        ),
        initial=dict(w=-70 * mV),
    )


def relative_refractoriness():
    """Dayan & Abbott, section 5.4, and Muller et al. 2007: conductances that each spike opens."""
    equations = """
dv/dt = (g_L*(E_L - v) + g_sra*(E_K - v) + g_rr*(E_K - v) + I_app)/C_m : volt
dg_sra/dt = -g_sra/tau_sra : siemens
dg_rr/dt = -g_rr/tau_rr : siemens"""
    return b2r.NeuronModel(
        equations=equations,
        threshold="v > V_th",
        reset="v = V_r\ng_sra += d_sra\ng_rr += d_rr",
        parameters=dict(
            C_m=250 * pF,
            g_L=15 * nS,
            E_L=-70 * mV,
            E_K=-80 * mV,
            V_th=-55 * mV,
            V_r=-70 * mV,
            tau_sra=110 * ms,
            d_sra=4 * nS,
            tau_rr=2 * ms,
            d_rr=300 * nS,
        ),
    )


CELLS = {
    "EIF": (eif, [230, 350, 500] * pA, [10, 15] * nS),
    "fast EIF": (lambda: eif(D_T=0.5 * mV, V_cut=-40 * mV), [230, 350, 600] * pA, [10, 15] * nS),
    "AdEx, regular": (brette_gerstner, [0.8, 1, 1.5] * nA, [30, 40] * nS),
    "AdEx, bursting": (
        lambda: brette_gerstner(V_r=-45.4 * mV, tau_w=20 * ms, b=0.5 * nA),
        [1, 1.5, 2] * nA,
        [30, 40] * nS,
    ),
    "AdEx, fast": (
        lambda: brette_gerstner(a=2 * 281 * pF / (144 * ms), b=0 * nA),
        [0.8, 1, 1.5] * nA,
        [30, 40] * nS,
    ),
    "Naud, tonic": (lambda: naud(200, 10, -70, 2, 30, 0, -58), [300, 400, 500] * pA, [10, 14] * nS),
    "Naud, adapting": (lambda: naud(200, 12, -70, 2, 300, 60, -58), [400, 500, 600] * pA, [12, 16] * nS),
    "Naud, initial burst": (
        lambda: naud(130, 18, -58, 4, 150, 120, -50),
        [400, 500, 600] * pA,
        [18, 22] * nS,
    ),
    "Naud, regular bursting": (
        lambda: naud(200, 10, -58, 2, 120, 100, -46),
        [210, 300, 400] * pA,
        [10, 14] * nS,
    ),
    "Naud, delayed accelerating": (
        lambda: naud(200, 12, -70, -10, 300, 0, -58),
        [300, 350, 400] * pA,
        [12, 16] * nS,
    ),
    "Izhikevich, RS": (lambda: izhikevich(0.02, 0.2, -65, 8), [6, 10, 14] * pA, [0, 0.02] * nS),
    "Izhikevich, IB": (lambda: izhikevich(0.02, 0.2, -55, 4), [6, 10, 14] * pA, [0, 0.02] * nS),
    "Izhikevich, CH": (lambda: izhikevich(0.02, 0.2, -50, 2), [6, 10, 14] * pA, [0, 0.02] * nS),
    "Izhikevich, FS": (lambda: izhikevich(0.1, 0.2, -65, 2), [6, 10, 14] * pA, [0, 0.02] * nS),
    "Traub-Miles, rk4": (lambda: traub_miles("rk4"), [200, 400, 800] * pA, [10, 20] * nS),
    "Traub-Miles, exponential Euler": (
        lambda: traub_miles("exponential_euler"),
        [200, 400, 800] * pA,
        [10, 20] * nS,
    ),
    "Connor-Stevens": (connor_stevens, [10, 15, 20] * A, [0.3, 0.4] * S),
    "Wang-Buzsaki": (lambda: b2r.load_model("wang_buzsaki1996"), [0.5, 1, 1.75] * A, [0.1, 0.15] * S),
    "Morris-Lecar": (morris_lecar, [45, 55, 70] * A, [2, 2.2] * S),
    "two compartments": (two_compartments, [0.6, 1, 2] * A, [0.05, 0.07] * S),
    "LIF by resistance": (lif_by_resistance, [210, 300, 450] * pA, [10, 14] * nS),
    "MAT": (mat, [500, 600, 800] * pA, [20, 24] * nS),
    "GLIF": (glif, [200, 300, 400] * pA, [6, 8] * nS),
    "resonate and fire": (resonate_and_fire, [700, 850, 1000] * pA, [25, 30] * nS),
    "relative refractoriness": (relative_refractoriness, [300, 450, 700] * pA, [15, 20] * nS),
}


# Spikes that are cut 10 D_T and more above V_T overflow in every step that does not fall upon them: an error
# that says so, or right.
UNLIMITED = [name for name in CELLS if name in ("EIF", "fast EIF") or name.startswith("Naud")]
CELLS |= {
    f"{name}, limited": (lambda make=CELLS[name][0]: limited(make()), *CELLS[name][1:]) for name in UNLIMITED
}


def measured(name):
    """(what is wrong without a word of it, the rates, what was said) of a cell at its currents and leaks."""
    make, I, g = CELLS[name]
    model, faults = make(), []
    surface, said = surface_of(model, I, g)
    for i, current in enumerate(np.asarray(I).tolist()):
        for j, leak in enumerate(np.asarray(g).tolist()):
            faults.append(
                wrong_rate(
                    model,
                    current,
                    leak,
                    surface.rate_[i, j],
                    surface.onset_rate_[i, j],
                    surface.provenance["duration [s]"],
                    surface.provenance["warmup [s]"],
                )
            )
    return [fault for fault in faults if fault], surface.rate_, said


# All but that of Fourcaud-Trocme
DIVERGE = [name for name in UNLIMITED if name != "EIF"]
# Their steps are too long for their highest rates by a little
COARSE = ["AdEx, bursting", "AdEx, fast", "Izhikevich, FS"]
SHORT = list(CELLS)[::3]


@pytest.mark.slow
@pytest.mark.parametrize("name", some([name for name in CELLS if name not in (*DIVERGE, *COARSE)], *SHORT))
def test_a_published_cell_is_right(name):
    faults, rates, said = measured(name)
    assert np.count_nonzero(rates) >= 4, f"the points are to fire: {rates}"
    assert not faults, "\n".join(faults)
    assert not excused(said), "what is right comes without a word that it is not"


@pytest.mark.slow
@pytest.mark.parametrize("name", some(COARSE, *SHORT))
def test_a_published_cell_in_coarse_steps_says_that_its_rates_err(name):
    _faults, rates, said = measured(name)
    assert np.count_nonzero(rates) >= 4 and excused(said), said


@pytest.mark.slow
@pytest.mark.parametrize("name", some(DIVERGE, *SHORT))
def test_a_published_cell_that_overflows_says_so(name):
    with pytest.raises(DivergenceError, match="diverged with method"):
        measured(name)


def test_a_current_off_by_a_fiftieth_would_be_seen():
    model = lif_by_resistance()
    [[rate]] = b2r.measure_fi(model, [300] * pA, [10] * nS).rate_
    assert wrong_rate(model, 306e-12, 10e-9, rate, np.nan, 2.0, 0.5)
