"""Cells of one population that differ in what they get: numbers and sizes of inputs, rates of their sources."""

import numpy as np
import pytest
from brian2 import Hz, ms, pA

import b2reduce as b2r
from b2reduce.basics.errors import InputError
from b2reduce.cells.lookup import Lookup
from b2reduce.circuit.wiring import draw_sizes, draw_wiring
from b2reduce.reduction.driven_cells import outputs_of
from b2reduce.reduction.unequal_inputs import drawn_inputs, spread_of_inputs, unequal_rates

SOURCES, TARGETS = 300, 6000


def pair(**connected):
    """Cells S with a drive, onto cells T that have one as well."""
    drive = dict(kind="current", w=60 * pA, tau=2 * ms)
    return b2r.Circuit(
        populations={"S": b2r.Population("lif", SOURCES), "T": b2r.Population("lif", TARGETS)},
        projections=[b2r.Projection(source="S", target="T", kind="current", tau=2 * ms, **connected)],
        drives=[
            b2r.Drive(name="ext", target="S", inputs=100, rate=16 * Hz, **drive),
            b2r.Drive(name="ext", target="T", inputs=100, rate=8 * Hz, **drive),
        ],
    )


@pytest.mark.parametrize(
    "connected",
    [
        dict(probability=0.2, w=60 * pA),
        dict(probability=0.2, w="normal(60 pA, 20 pA)"),
        dict(in_degree=60, w="normal(60 pA, 20 pA)"),
        dict(in_degree=60, w=60 * pA),
    ],
)
def test_what_cells_get_differs_as_much_as_on_a_drawn_wiring(connected):
    circuit = pair(**connected)
    rates = np.random.default_rng(1).lognormal(0.0, 0.8, SOURCES)
    wiring = draw_wiring(circuit, 1)
    i, j, _ = wiring["S->T"]
    sizes = draw_sizes(circuit, wiring, 1).get("S->T", np.ones(i.size))
    events = np.bincount(j, weights=sizes * rates[i], minlength=TARGETS)
    pathways = [p for p in circuit.pathways("T") if not p.is_drive]
    spread = lambda square: spread_of_inputs(pathways, {"S": rates.mean()}, {}, {"S": square})
    expected = spread(np.mean(rates**2) / rates.mean() ** 2)
    # The deviation of 6000 cells is known to 1/sqrt(2 6000) = 0.9 %: four of these.
    assert events.std() / events.mean() == pytest.approx(expected, rel=0.037)
    # Taken as if all sources fired alike it is another number.
    assert abs(spread(1.0) / expected - 1) > 0.1


def test_what_is_the_same_for_all_cells_spreads_nothing():
    circuit = pair(in_degree=60, w=60 * pA)
    one = {"S": 1.0, "T": 1.0}
    for p in circuit.pathways("T"):
        assert spread_of_inputs([p], {"S": 5.0}, {("ext", "T"): 8.0}, one) == 0.0


def test_draws_have_mean_one_their_spread_and_occur_twice():
    drawn = drawn_inputs([0.1, 0.0, 0.5], 4001, 3)
    # One draw from each of 2000 equally likely ranges: means are better than 1/2000, deviations than 1 %.
    np.testing.assert_allclose(drawn.mean(axis=1), 1.0, rtol=0, atol=2e-3)
    np.testing.assert_allclose(drawn.std(axis=1), [0.1, 0.0, 0.5], rtol=0.01, atol=1e-12)
    assert (drawn[:, :2000] == drawn[:, 2000:4000]).all() and (drawn >= 0).all()
    assert abs(np.corrcoef(drawn[0, :2000], drawn[2, :2000])[0, 1]) < 4 / np.sqrt(2000)


def test_how_unequal_rates_are_does_not_count_what_chance_adds():
    rng = np.random.default_rng(1)
    rates = np.tile(rng.gamma(4.0, 1.0, 20000), 2)  # <r^2>/<r>^2 = 1 + 1/4
    value, sem = unequal_rates(rng.poisson(2.0 * rates))
    assert 0 < sem < 0.01 and abs(value - 1.25) < 4 * sem
    value, sem = unequal_rates(rng.poisson(2.0, 40000))
    assert abs(value - 1.0) < 4 * sem


def test_the_mean_of_a_table_over_cells_that_differ():
    """Of x^2 y it is (1 + s^2) x^2 y, of a line itself: closed forms."""
    x, y = np.linspace(0.0, 10.0, 257), np.linspace(1.0, 3.0, 257)
    table = Lookup(np.array([0.0, 1.0]), np.array([10.0, 3.0]), x[:, None] ** 2 * y)
    averaged = table.over_cells([0.1, 0.05])
    # Chords of x^2 lie above it by at most (10/256)^2/4 = 4e-4.
    assert averaged(6.0, 2.0) == pytest.approx(1.01 * 72.0, abs=2e-3)
    np.testing.assert_array_equal(table.over_cells([0.0, 0.0]).values, table.values)
    line = Lookup(np.array([0.0]), np.array([10.0]), 2.0 * x)
    np.testing.assert_allclose(line.over_cells([0.1]).values, 2.0 * x, rtol=1e-12, atol=1e-12)


def test_the_noise_has_a_name_that_is_known():
    with pytest.raises(InputError, match="quenched"):
        b2r.reduce("ei_lif", noise="quenchd")


def onto_the_foot(rate=1 * Hz, **connected):
    """Cells T whose mean input, 30 trains of 61 Hz, lies where their gain bends."""
    drive = dict(kind="current", w=60 * pA, tau=2 * ms, inputs=100)
    return b2r.Circuit(
        populations={"S": b2r.Population("lif", SOURCES), "T": b2r.Population("lif", 2000)},
        projections=[b2r.Projection("S", "T", kind="current", tau=2 * ms, w=60 * pA, **connected)],
        drives=[b2r.Drive("ext", "S", rate=30 * Hz, **drive), b2r.Drive("ext", "T", rate=rate, **drive)],
    )


def test_a_mean_cell_that_does_not_stand_for_its_population_is_said():
    said = lambda reduced: [text for text in reduced.warnings if "its cells differ in the numbers" in text]
    renewal = b2r.reduce(onto_the_foot(probability=0.1), seed=1)
    quenched = b2r.reduce(onto_the_foot(probability=0.1), noise="quenched", seed=1)
    (text,) = said(renewal)
    stated = float(text.split("is about ")[1].split(" Hz")[0])
    # Two runs of 1000 cell seconds at 6 and 10 Hz: 0.13 Hz if every spike fell by itself, so four times 1.3 %
    assert stated == pytest.approx(float(quenched.operating_rate["T"]), rel=0.055)
    assert stated > 1.5 * float(renewal.operating_rate["T"])
    # Where all get as much, and on the straight part of the gain, nothing is said
    assert not said(quenched)
    assert not said(b2r.reduce(onto_the_foot(in_degree=30), seed=1))
    assert not said(b2r.reduce(onto_the_foot(rate=4 * Hz, probability=0.1), seed=1))


def test_regular_trains_bring_cells_different_means_as_well():
    """Inhibition by 30 trains of 61 Hz with a CV of 0.3, more or fewer from cell to cell: the mean over cells is that
    of cells with each number of inputs, weighed by the gamma distribution that numbers are drawn from.
    """
    from scipy.interpolate import PchipInterpolator
    from scipy.stats import gamma

    drive = dict(kind="current", w=60 * pA, tau=2 * ms, inputs=100)

    def inhibited(**connected):
        return b2r.Circuit(
            populations={"S": b2r.Population("lif", SOURCES), "T": b2r.Population("lif", 2000)},
            projections=[b2r.Projection("S", "T", kind="current", tau=2 * ms, w=-100 * pA, **connected)],
            drives=[
                b2r.Drive("ext", "S", rate=30 * Hz, **drive),
                b2r.Drive("ext", "T", rate=38 * Hz, **drive),
            ],
        )

    rates, one = {"S": 61.0, "T": 1.0}, {"S": 1.0, "T": 1.0}
    drives, cv2 = {("ext", "S"): 30.0, ("ext", "T"): 38.0}, {"S": 0.09, "T": 1.0}
    settings = dict(seed=1, duration_=2.25, warmup_=0.25, dt_=1e-4)
    numbers = np.arange(8, 41, 4)
    alone = [
        outputs_of(inhibited(in_degree=int(K)), rates, drives, cv2, cells=1000, **settings)["T"].rate
        for K in numbers
    ]
    of_number = PchipInterpolator(numbers, np.log(np.maximum(alone, 1e-3)))
    # 300 sources, each of which is one of 30 by chance: a relative deviation of sqrt(0.9/30)
    K = np.linspace(8, 40, 2000)
    weight = gamma.pdf(K / 30, 30 / 0.9, scale=0.9 / 30)
    expected = np.sum(weight * np.exp(of_number(K))) / np.sum(weight)
    circuit = inhibited(probability=0.1)
    found = outputs_of(circuit, rates, drives, cv2, one, cells=4000, **settings)["T"]
    # Rates of single numbers have 2000 seconds and 4 % at 1 Hz; between numbers that are 4 apart the logarithm is
    # smooth. Of drawn cells half are independent: 2000 cells whose rates differ by 2.4 times their mean, though one
    # from each of 2000 ranges.
    assert found.rate == pytest.approx(expected, rel=0.06)
    # The mean cell, and one whose constant part were that of all, would have far less
    assert outputs_of(circuit, rates, drives, cv2, cells=1000, **settings)["T"].rate < 0.2 * expected


#: Hz; of the whole network at full size, as PyNEST's network_params.py of the cortical microcircuit lists them
PUBLISHED = dict(L23E=0.943, L23I=3.026, L4E=4.368, L4I=5.882, L5E=7.733, L5I=8.664, L6E=1.096, L6I=7.851)
CONNECTED = """
.1009 .1689 .0437 .0818 .0323 .0    .0076 .0
.1346 .1371 .0316 .0515 .0755 .0    .0042 .0
.0077 .0059 .0497 .135  .0067 .0003 .0453 .0
.0691 .0029 .0794 .1597 .0033 .0    .1057 .0
.1004 .0622 .0505 .0057 .0831 .3726 .0204 .0
.0548 .0269 .0257 .0022 .06   .3158 .0086 .0
.0156 .0066 .0211 .0166 .0572 .0197 .0396 .2252
.0364 .001  .0034 .0005 .0277 .008  .0658 .1443
"""  # table 5 of the paper: onto the population of the row from that of the column
CELLS = 400


def microcircuit_synapses(circuit):
    """Numbers of synapses by the paper's formula, shape (target, source)."""
    sizes = np.array([float(p.size) for p in circuit.populations.values()])
    chance = np.array([line.split() for line in CONNECTED.split("\n") if line.strip()][:8], dtype=float)
    return np.log1p(-chance) / np.log1p(-1 / (sizes[:, None] * sizes))


def test_the_microcircuit_has_the_synapses_of_the_paper():
    circuit = b2r.load_circuit("potjans2014")
    names, expected = list(circuit.populations), microcircuit_synapses(circuit)
    found = np.zeros((8, 8))
    for p in circuit.projections:
        found[names.index(p.target), names.index(p.source)] = (
            circuit.K(p) * circuit.populations[p.target].size
        )
    # Probabilities have five digits
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert sum(p.size for p in circuit.populations.values()) == 77169 and round(expected.sum() / 1e6) == 299


def one_by_one(circuit, number, rng, duration_=2.0, warmup_=0.25, dt_=1e-4):
    """Rates of cells whose every input was drawn, at the published rates, by exact steps in numpy."""
    sizes = [p.size for p in circuit.populations.values()]
    synapses, rate = microcircuit_synapses(circuit)[number], np.array(list(PUBLISHED.values()))
    drive = circuit.drives[number].inputs
    w = 87.8 * np.array([1.0, -4.0] * 4)
    w[2] *= 2 if number == 0 else 1
    inputs = np.array(
        [rng.binomial(n, k / sizes[number] / n, CELLS) for n, k in zip(sizes, synapses)], dtype=float
    )
    # The mean size of a cell's own synapses, each 10 % off
    own = 1 + 0.1 * rng.standard_normal(inputs.shape) / np.sqrt(np.maximum(inputs, 1))
    expected = inputs * (rate * dt_)[:, None]
    v, current, held, count = rng.uniform(0, 15, CELLS), np.zeros(CELLS), np.zeros(CELLS, int), 0
    leaves, decays = np.exp(-dt_ / 10e-3), np.exp(-dt_ / 0.5e-3)
    reach = 10e-3 * 0.5e-3 / (10e-3 - 0.5e-3) / 250e-12 * (leaves - decays) * 1e-12 * 1e3  # mV of a pA
    for step in range(round((duration_ + warmup_) / dt_)):
        free = held == 0
        v = np.where(free, leaves * v + reach * current, 0.0)
        held = np.maximum(held - 1, 0)
        fires = free & (v > 15.0)
        v[fires], held[fires] = 0.0, 20
        count += np.count_nonzero(fires) * (step * dt_ >= warmup_)
        events = rng.poisson(expected)
        # A tenth of each event's size is its own
        jitter = 0.1 * np.sqrt((w**2) @ events) * rng.standard_normal(CELLS)
        arrived = w @ (events * own) + jitter + 87.8 * rng.poisson(drive * 8 * dt_, CELLS)
        current = decays * current + arrived
    return count / CELLS / duration_


@pytest.mark.slow
def test_cells_of_the_microcircuit_fire_as_cells_whose_inputs_are_drawn_one_by_one():
    circuit = b2r.load_circuit("potjans2014")
    drives, one = {("ext", name): 8.0 for name in PUBLISHED}, dict.fromkeys(PUBLISHED, 1.0)
    settings = dict(cells=CELLS, seed=1, duration_=2.25, warmup_=0.25, dt_=1e-4)
    differing = outputs_of(circuit, PUBLISHED, drives, one, one, **settings)
    equal = outputs_of(circuit, PUBLISHED, drives, one, **settings)
    for number in (0, 4, 6):
        name, rng = list(PUBLISHED)[number], np.random.default_rng(number)
        expected, found = one_by_one(circuit, number, rng), differing[name]
        # Of unequal cells the drawn rates scatter by that of <r^2> and by chance, less than Poisson's.
        sem = np.sqrt((found.unequal - 1) * found.rate**2 / CELLS + found.rate / (CELLS * 2.0))
        assert abs(found.rate - expected) < 4 * np.hypot(sem, found.sem)
        assert found.rate > equal[name].rate + 2 * np.hypot(found.sem, equal[name].sem)
