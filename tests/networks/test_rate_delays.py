"""Rates that arrive late: against another integration of the equations, and against shifts in time."""

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r
from b2reduce.circuit.drive_rates import rate_at
from b2reduce.circuit.wiring import draw_wiring

from .. import cases

DELAYS = {
    "projection.E->E.delay": 3 * ms,
    "projection.E->E#2.delay": ["2 ms", "6 ms"],
    "projection.I->E.delay": ["0.5 ms", "5 ms"],
    "projection.E->I.delay": 2.53 * ms,
    "projection.I->E.G": 0.9 * nS,
    "projection.E->I.G": 0.2 * nS,
}
STEP = ([0, 0.02] * second, [9, 14] * Hz)


def surface():
    """A made-up f-I surface that no straight line is."""
    rows = [
        (I, g, 90 / (1 + np.exp(-(I - 380e-12 - cases.V_THETA * (g - 30e-9)) / 60e-12)))
        for I in np.linspace(50e-12, 1200e-12, 70)
        for g in np.linspace(18e-9, 70e-9, 14)
    ]
    return b2r.FISurface.from_frame(pd.DataFrame(rows, columns=["I [A]", "g [S]", "rate [Hz]"]))


def model(level, tau, delays=DELAYS):
    gains = (
        {"E": cases.gain(), "I": cases.gain(beta=0.3e12)}
        if level == "linear"
        else {"E": surface(), "I": surface()}
    )
    return b2r.reduce(cases.two_populations().replace(delays), level=level, gains=gains, tau=tau)


def reference(reduced, duration_, h=2e-5):
    """Rates in bins of 1 ms by Euler's method with the whole past, spread delays by the rule of the middle.

    One filter a pathway, with its synapse's time constant or that of the population, which all then share.
    """
    names, rates = reduced.populations, np.zeros((round(duration_ / h), 2))
    drive = np.array([rate_at(STEP, (n + 0.5) * h) for n in range(len(rates))], dtype=float)
    every = []
    for place, name in enumerate(names):
        for p in reduced.circuit.pathways(name):
            back = np.zeros(1)
            if not p.is_drive:
                [least], [greatest] = p.delays.least_, p.delays.greatest_
                back = least + (greatest - least) * (np.arange(200) + 0.5) / 200
            tau_ = p.tau_ if reduced.by_pathway else float(np.asarray(reduced.tau[name]))
            every.append((place, p, tau_, np.rint(back / h).astype(int)))
    state = np.zeros(len(every))

    def response(state):
        brought = [{p.label: s for (at, p, *_), s in zip(every, state) if at == k} for k in range(2)]
        return [
            max(float(reduced.functions_[name](*reduced.carried_arguments_(name, brought[k]))), 0.0)
            for k, name in enumerate(names)
        ]

    for n in range(len(rates)):
        rates[n] = response(state)
        sent = [
            drive[n] if p.is_drive else rates[np.maximum(n - back, 0), names.index(p.source)].mean()
            for _, p, _, back in every
        ]
        state = state + h * (np.array(sent) - state) / [tau_ for _, _, tau_, _ in every]
    return rates.T.reshape(2, -1, round(1e-3 / h)).mean(axis=2)


@pytest.mark.parametrize(
    "level, tau",
    [
        ("linear", "membrane"),
        ("linear", "synaptic"),
        pytest.param("surface", "synaptic", marks=pytest.mark.slow),
    ],
)
def test_rates_with_delays_are_those_of_another_integrator(level, tau):
    reduced = model(level, tau)
    run = lambda dt, **more: b2r.simulate_rates(
        reduced, duration=45 * ms, drives={"ext": STEP}, dt=dt, **more
    )
    expected, got = reference(reduced, 0.045), run(0.02 * ms).rate_
    # Both hold their inputs for a step of 0.02 ms, 4e-3 of the shortest time constant: what they make
    # of it differs by half of that, of the largest rate.
    scale = expected.max()
    assert np.abs(got - expected).max() < 2e-3 * scale
    assert np.abs(run(0.02 * ms, delays=False).rate_ - expected).max() > 5e-2 * scale, "delays left out"


CELLS = {"E": 30, "T": 20}


def chain(delay, cells, tau="synaptic"):
    """A driven population that excites another one, far above its threshold: all is linear from the start."""
    excite = dict(tau=5 * ms, E=0 * mV)
    circuit = b2r.Circuit(
        populations={name: b2r.Population("lif", size) for name, size in CELLS.items()},
        projections=[b2r.Projection("E", "T", 0.3 * nS, in_degree=10, delay=delay, **excite)],
        drives=[
            b2r.Drive("ext", "E", inputs=250, rate=14 * Hz, G=0.4 * nS, **excite),
            b2r.Drive("own", "T", inputs=250, rate=14 * Hz, G=0.4 * nS, **excite),
        ],
    )
    return b2r.reduce(circuit, gains={name: cases.gain() for name in CELLS}, tau=tau, cells=cells)


JUMP, AT = ([0, 0.02] * second, [14, 18] * Hz), 20  # of the drive of E; after so many bins of 1 ms


def stepped(reduced, **more):
    """Rates that rest until the drive of E jumps, and have long come to rest again at the end."""
    rest = reduced.steady_rates_({key: 14.0 for key in reduced.circuit.drives_})
    settings = {"dt": 1 * ms, "initial": {name: rate * Hz for name, rate in rest.items()}, **more}
    return b2r.simulate_rates(reduced, duration=0.12 * second, drives={"ext": JUMP}, **settings)


@pytest.fixture(scope="module")
def prompt():
    """{whether there is one unit a cell: rates without delays}, what others are later than."""
    return {cells: stepped(chain(0 * ms, cells)) for cells in (False, True)}


@pytest.mark.parametrize("cells", [False, True])
def test_a_step_of_the_drive_reaches_another_population_as_much_later(cells, prompt):
    at_once, late = prompt[cells].rate_, stepped(chain(7 * ms, cells)).rate_
    # Rates of cells travel as single floats, of 6e-8, and are added up over 10 inputs
    same = dict(rtol=2e-6)
    np.testing.assert_allclose(late[0], at_once[0], rtol=1e-12)
    np.testing.assert_allclose(late[1, 7:], at_once[1, :-7], **same)
    np.testing.assert_allclose(late[1, : AT + 7], late[1, 0], **same)
    assert np.abs(late[1, 7:] / at_once[1, 1:-6] - 1).max() > 1e-3, "one bin more would be seen"
    assert late[1, -1] > 1.05 * late[1, 0] and late[1, AT + 9] > 1.002 * late[1, 0]


@pytest.mark.parametrize("cells, tau", [(False, "membrane"), (False, "synaptic"), (True, "synaptic")])
def test_a_delay_of_0_changes_no_bit(cells, tau, prompt):
    if tau == "synaptic":
        with_delays = prompt[cells]
    else:
        with_delays = stepped(chain(0 * ms, cells, tau))
    without = stepped(chain(0 * ms, cells, tau), delays=False)
    np.testing.assert_array_equal(with_delays.rate_, without.rate_)
    assert with_delays.provenance["delays"] is True and without.provenance["delays"] is False
    left_out = stepped(chain(7 * ms, cells, tau), delays=False)
    np.testing.assert_array_equal(left_out.rate_, without.rate_)


def lateness_(late, at_once, bin_=1e-3):
    """By how much later a linear system is where it goes: the area between both, over the step, in s."""
    return (at_once - late).sum(axis=-1) * bin_ / (at_once[..., -1] - at_once[..., 0])


@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("delay", [3.1 * ms, ["1 ms", "6.2 ms"]])
def test_the_mean_delay_is_exact_whatever_the_step(cells, delay, prompt):
    late, at_once = stepped(chain(delay, cells)), prompt[cells]
    circuit = chain(delay, cells).circuit
    if cells:
        # Every cell has ten inputs: the mean over cells is late by the mean over synapses, as they are drawn
        [(_, _, drawn)] = draw_wiring(circuit, 1).values()
        expected = float(np.mean(drawn))
        assert np.size(drawn) == (200 if isinstance(delay, list) else 1)
    else:
        expected = circuit.pathways("T")[-1].delays.mean_
    # What remains after 0.09 s is exp(-0.09/0.005) = 2e-8 of the step. Single floats of 6e-8 of 60 Hz, in 120
    # bins and over a step of 5 Hz, leave 1e-7 s.
    assert lateness_(late.rate_[1], at_once.rate_[1]) == pytest.approx(expected, abs=3e-7 if cells else 1e-8)
    assert abs(expected - round(expected * 1e3) / 1e3) > 1e-5, "no whole number of steps"


def test_delays_of_cells_are_those_of_their_own_synapses():
    """One synapse a cell: each follows a step as late as its own delay says."""
    source, delay = np.arange(20), np.linspace(0.5e-3, 10e-3, 20)
    wiring = {"i": source, "j": np.arange(20), "delay": delay}
    given = lambda wiring: b2r.reduce(
        b2r.Circuit(
            populations={name: b2r.Population("lif", 20) for name in "ET"},
            projections=[b2r.Projection("E", "T", "3 nS", "5 ms", "0 mV", wiring=wiring)],
            drives=[
                b2r.Drive(name, target, 250, "14 Hz", "0.4 nS", "5 ms", "0 mV")
                for name, target in (("ext", "E"), ("own", "T"))
            ],
        ),
        gains={name: cases.gain() for name in "ET"},
        tau="synaptic",
        cells=True,
    )
    late, at_once = (stepped(given({**wiring, "delay": d})) for d in (delay, np.zeros(20)))
    # Means over blocks of 50 ms, of which the first is not at rest yet: the step itself is that of all cells.
    rate = lambda activity: np.asarray(activity.cell_rate_["T"], dtype=float)
    rise = at_once.rate_[1, -1] - at_once.rate_[1, 0]
    found = (rate(at_once) - rate(late)).sum(axis=1) * late.cell_bin_ / rise
    # Single floats: 6e-8 of 60 Hz in three blocks, over a step of 5 Hz
    np.testing.assert_allclose(found, delay, rtol=0, atol=1e-6)
    assert np.abs(found - delay.mean()).max() > 4e-3, "and not as late as all are on average"
    np.testing.assert_allclose(late.rate_[0], at_once.rate_[0], rtol=1e-12)


def test_rest_is_not_taken_for_what_is_still_on_its_way():
    """A time constant far shorter than the delay: all rest while rates travel, and none is lost."""
    late = b2r.simulate_rates(chain(150 * ms, False), duration=0.6 * second)
    at_once = b2r.simulate_rates(chain(0 * ms, False), duration=0.6 * second)
    # What was before the start holds: E begins at rest without input, and T hears of it 150 ms later.
    np.testing.assert_allclose(late.rate_[1, -1], at_once.rate_[1, -1], rtol=1e-8)
    np.testing.assert_allclose(late.rate_[1, 250:], at_once.rate_[1, 100:450], rtol=1e-8)
    assert late.rate_[1, 140] < 0.9 * late.rate_[1, -1]
