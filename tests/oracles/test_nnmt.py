"""Operating points beside those of NNMT, which shares nothing with this package: the formula of Siegert, solved for all populations."""

import numpy as np
import pytest

import b2reduce as b2r

nnmt = pytest.importorskip("nnmt", reason="NNMT is not installed: pip install 'b2reduce[oracles]'")

# Without refractoriness, in which jumps move Brian2's cells and not those of the formula
TAU_M, V_TH, V_R, T_REF, DT = 20e-3, 20e-3, 10e-3, 0.0, 0.02e-3
J, G, K_E, K_I, K_EXT, R_EXT = 0.02e-3, 5.0, 8000, 2000, 20000, 3.0  # V, relative, inputs, Hz
TAU_S = 0.25e-3


def circuit(kind, strength=1.0):
    """Excitatory and inhibitory cells as in Brunel (2000), of smaller and more synapses."""
    cell = b2r.NeuronModel(
        equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt",
        threshold="v > V_th",
        reset="v = V_r",
        parameters=dict(C_m="200 pF", g_L="10 nS", E_L="0 mV", V_th="20 mV", V_r="10 mV"),
    )
    size = lambda factor: (
        dict(kind="jump", J=f"{factor * J * 1e3!r} mV")
        if kind == "jump"
        else dict(kind="current", w=f"{factor * J * 200 / TAU_S * 1.0!r} pA", tau=f"{TAU_S * 1e3!r} ms")
    )
    return b2r.Circuit(
        name="oracle",
        populations={"E": b2r.Population(cell, 16000), "I": b2r.Population(cell, 4000)},
        projections=[
            b2r.Projection(source, target, in_degree=K, delay="1 ms", **size(factor))
            for source, K, factor in (("E", K_E, strength), ("I", K_I, -G))
            for target in "EI"
        ],
        drives=[b2r.Drive("ext", target, K_EXT, f"{R_EXT} Hz", **size(1.0)) for target in "EI"],
        dt="0.02 ms",
    )


def by_nnmt(kind, lifted=0.0, strength=1.0):
    """Rates of E and I in Hz, with threshold (and, with currents, reset) where NNMT puts them, lifted."""
    weights = dict(
        J=np.array([[strength * J, -G * J]] * 2),
        K=np.array([[K_E, K_I]] * 2),
        J_ext=np.array([[J], [J]]),
        K_ext=np.array([[K_EXT], [K_EXT]]),
        nu_ext=np.array([R_EXT]),
    )
    cells = dict(
        V_0_rel=np.full(2, V_R),
        V_th_rel=np.full(2, V_TH + lifted),
        tau_m=np.full(2, TAU_M),
        tau_r=np.full(2, T_REF),
    )
    if kind == "jump":
        return nnmt.lif.delta._firing_rates(**weights, **cells)
    return nnmt.lif.exp._firing_rates(**weights, **cells, tau_s=TAU_S, method="shift")


def noise_of(rates):
    """sigma of tau dv/dt = mu - v + sigma sqrt(tau) xi, in V, of a cell."""
    return np.sqrt(TAU_M * J**2 * (K_E * rates[0] + G**2 * K_I * rates[1] + K_EXT * R_EXT))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jump", "current"])
def test_operating_points_are_where_nnmt_has_them(kind):
    """With jumps the walk is seen once a step: its threshold is lifted by 0.5826 of a step's deviation
    (Broadie, Glasserman & Kou 1997), and by what the membrane decays within a step. Steps of finite size
    reach at most one size beyond a threshold. With currents, NNMT has the first order of sqrt(tau_s/tau_m) in
    threshold and reset; the next are some tau_s/tau_m of sigma. All is solved again with the threshold moved
    by that much, so that the loop counts.
    """
    reduced = b2r.reduce(circuit(kind), noise="matched", seed=1)
    found = np.array([float(reduced.operating_rate[name]) for name in "EI"])
    sem = np.array([float(reduced.stderr["rates"][name]) for name in "EI"])
    sigma = noise_of(by_nnmt(kind))
    if kind == "jump":
        lifted = 0.5826 * sigma * np.sqrt(DT / TAU_M)
        unknown = G * J + sigma * DT / TAU_M
    else:
        lifted, unknown = 0.0, 2 * sigma * TAU_S / TAU_M
    expected = by_nnmt(kind, lifted)
    bound = 4 * sem + np.abs(by_nnmt(kind, lifted + unknown) - expected) + DT * expected**2
    assert np.all(sem < 0.01 * found) and np.all(bound < 0.08 * expected)
    np.testing.assert_array_less(np.abs(found - expected), bound)
    # The controls: synapses of E a little stronger, and, of jumps, a threshold that the grid does not lift
    assert np.all(np.abs(found - by_nnmt(kind, lifted, strength=1.1)) > bound)
