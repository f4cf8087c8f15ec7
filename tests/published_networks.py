"""Networks as papers and tutorials have them, with the numbers that they state.

Currents and jumps stand for conductances with a far reversal.
"""

import numpy as np
from brian2 import Hz, ms, mV, nS, pA, pF, volt

import b2reduce as b2r

FAR = 5.0  # V: driving forces change by 20 mV in 5 V, 0.4 %


def lif(name, **parameters):
    return b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
        threshold="v > V_th",
        reset="v = V_r",
        refractory="t_ref",
        name=name,
        parameters=parameters,
    )


def projections(targets, sources):
    """One projection from every source on every target; sources as {name.

    Dict of what a Projection takes}.
    """
    return [
        b2r.Projection(source=source, target=target, **synapse)
        for source, synapse in sources.items()
        for target in targets
    ]


def vogels():
    """Benchmark 1 of Brette et al. 2007 (doi:10.1007/s10827-007-0038-6), after Vogels & Abbott 2005.

    Nothing drives it, it keeps itself firing.
    """
    cell = lif("vogels", C_m=200 * pF, g_L=10 * nS, E_L=-60 * mV, V_th=-50 * mV, V_r=-60 * mV, t_ref=5 * ms)
    return b2r.Circuit(
        name="vogels",
        populations={"E": b2r.Population(cell, 3200), "I": b2r.Population(cell, 800)},
        projections=projections(
            "EI",
            {
                "E": dict(probability=0.02, G=6 * nS, tau=5 * ms, E=0 * mV),
                "I": dict(probability=0.02, G=67 * nS, tau=10 * ms, E=-80 * mV),
            },
        ),
    )


def cuba():
    """Benchmark 2 of Brette et al. 2007.

    Exponential currents of 1.62 and -9 mV, a resting potential above the threshold.
    """
    cell = lif("cuba", C_m=200 * pF, g_L=10 * nS, E_L=-49 * mV, V_th=-50 * mV, V_r=-60 * mV, t_ref=5 * ms)
    synapse = lambda jump, tau: dict(
        probability=0.02,
        G=10 * nS * abs(jump) / (FAR * volt),
        tau=tau,
        E=-55 * mV + np.sign(float(jump)) * FAR * volt,
    )
    return b2r.Circuit(
        name="cuba",
        populations={"E": b2r.Population(cell, 3200), "I": b2r.Population(cell, 800)},
        projections=projections("EI", {"E": synapse(1.62 * mV, 5 * ms), "I": synapse(-9 * mV, 10 * ms)}),
    )


def stimberg(excitation=1.0, inhibition=1.0):
    """The network of Stimberg et al.

    2018 (doi:10.1007/978-3-030-00817-8_4), example 1, its synapses without short-term plasticity and weaker
    by a factor.
    """
    cell = lif(
        "stimberg",
        C_m=198 * pF,
        g_L=9.99 * nS,
        E_L=-60 * mV,
        V_th=-50 * mV,
        V_r=-60 * mV,
        t_ref=5 * ms,
        I_app=150 * pA,
    )
    return b2r.Circuit(
        name="stimberg",
        populations={"E": b2r.Population(cell, 3200), "I": b2r.Population(cell, 800)},
        projections=projections(
            "EI",
            {
                "E": dict(probability=0.05, G=0.05 * excitation * nS, tau=5 * ms, E=0 * mV),
                "I": dict(probability=0.2, G=inhibition * nS, tau=10 * ms, E=-80 * mV),
            },
        ),
    )


def brunel():
    """Brunel 2000 (doi:10.1023/A:1008925309027), model A with g = 5 and twice the threshold rate.

    400 excitatory inputs of 0.25 mV.
    """
    cell = lif("brunel", C_m=200 * pF, g_L=10 * nS, E_L=0 * mV, V_th=20 * mV, V_r=10 * mV, t_ref=2 * ms)
    jump = lambda size, sign: dict(
        G=200 * pF * size / (FAR * volt * 0.5 * ms), tau=0.5 * ms, E=sign * FAR * volt
    )
    rate = 2 * 20 / (0.25 * 400 * 20e-3) * Hz
    return b2r.Circuit(
        name="brunel",
        populations={"E": b2r.Population(cell, 4000), "I": b2r.Population(cell, 1000)},
        projections=projections(
            "EI",
            {
                "E": dict(probability=0.1, delay=1.5 * ms, **jump(0.25 * mV, 1)),
                "I": dict(probability=0.1, delay=1.5 * ms, **jump(1.25 * mV, -1)),
            },
        ),
        drives=[
            b2r.Drive(name="ext", target=target, inputs=400, rate=rate, **jump(0.25 * mV, 1))
            for target in "EI"
        ],
    )


LAYERS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
CHANCE = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0, 0.0076, 0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0, 0.0042, 0),
    (0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0, 0.1057, 0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443),
)


def potjans():
    """The column of Potjans & Diesmann 2014 (doi:10.1093/cercor/bhs358).

    8 populations, 54 projections, from its tables of sizes, probabilities and inputs.
    """
    cell = lif("potjans", C_m=250 * pF, g_L=25 * nS, E_L=-65 * mV, V_th=-50 * mV, V_r=-65 * mV, t_ref=2 * ms)
    found = []
    for i, target in enumerate(LAYERS):
        for j, source in enumerate(LAYERS):
            # Synapses are drawn with repetition: their number from the probability that there is at least
            # one.
            K = round(np.log(1 - CHANCE[i][j]) / np.log(1 - 1 / (SIZES[i] * SIZES[j])) / SIZES[i])
            if K:
                size = 87.8 * pA * (2 if (target, source) == ("L23E", "L4E") else 1) * (4 if j % 2 else 1)
                found.append(
                    b2r.Projection(
                        source=source,
                        target=target,
                        in_degree=K,
                        G=size / (FAR * volt),
                        tau=0.5 * ms,
                        E=(-FAR if j % 2 else FAR) * volt,
                        delay=(0.75 if j % 2 else 1.5) * ms,
                    )
                )
    drives = [
        b2r.Drive(
            name="ext",
            target=target,
            inputs=K,
            rate=8 * Hz,
            G=87.8 * pA / (FAR * volt),
            tau=0.5 * ms,
            E=FAR * volt,
        )
        for target, K in zip(LAYERS, (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100))
    ]
    return b2r.Circuit(
        name="potjans",
        populations={name: b2r.Population(cell, size) for name, size in zip(LAYERS, SIZES)},
        projections=found,
        drives=drives,
    )


NETWORKS = {
    "vogels": vogels,
    "cuba": cuba,
    "stimberg": stimberg,
    "stimberg, weaker": lambda: stimberg(0.312, 0.309),
    "brunel": brunel,
    "potjans": potjans,
    **{
        name: lambda name=name: b2r.load_circuit(name)
        for name in ("ei_lif", "ei_lif_gamma", "e_shriki", "ring_lif", "ring_shriki")
    },
}
