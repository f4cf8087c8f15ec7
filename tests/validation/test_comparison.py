import numpy as np
import pytest
from brian2 import Hz, second

import b2reduce as b2r


def activity(rates, populations=("E", "I"), duration=2.0, seed=None):
    t = np.arange(0, duration, 1e-2) + 5e-3
    rate = np.repeat(np.atleast_2d(rates).T if np.ndim(rates) == 1 else rates, t.size, axis=1)
    return b2r.Activity(populations, t, rate, 1e-2, provenance={} if seed is None else {"seed": seed})


def test_the_table_is_worked_by_hand():
    spikes = [activity([10.0, 20.0], seed=1), activity([14.0, 20.0], seed=2)]
    comparison = b2r.compare(spikes, activity([9.0, 25.0]))
    table = comparison.table
    assert table.index.name == "population" and list(table.columns) == ["spiking", "rate", "error", "spread"]
    assert table.loc["E"].tolist() == pytest.approx([12, 9, -0.25, np.std([10, 14], ddof=1)]) and table.loc[
        "I"
    ].tolist() == pytest.approx([20, 25, 0.25, 0])
    assert comparison.tier == "qualitative" and comparison.largest_error == pytest.approx(0.25)
    assert list(comparison.seeds.columns) == [1, 2]


@pytest.mark.parametrize(
    "rate, tier",
    [
        (11.4, "quantitative"),
        (8.6, "quantitative"),
        (11.6, "qualitative"),
        (14.9, "qualitative"),
        (4.9, "breakdown"),
        (16, "breakdown"),
    ],
)
def test_tiers(rate, tier):
    assert b2r.compare(activity([10.0], ("E",)), activity([rate], ("E",))).tier == tier


def test_a_silent_population_is_compared_in_hertz():
    assert b2r.compare(activity([0.0], ("E",)), activity([0.1], ("E",))).table.loc[
        "E", "error"
    ] == pytest.approx(0.1)


def test_swapped_populations_are_matched_by_name():
    comparison = b2r.compare(activity([10.0, 20.0]), activity([20.0, 10.0], ("I", "E")))
    assert comparison.largest_error == 0
    assert b2r.compare(activity([10.0, 20.0]), activity([20.0, 10.0])).tier == "breakdown", (
        "the control: really swapped"
    )


def test_after_leaves_out_the_start():
    t = np.arange(200) * 1e-2 + 5e-3
    spikes = b2r.Activity(("E",), t, np.where(t < 0.5, 100.0, 10.0)[None], 1e-2)
    assert b2r.compare(spikes, activity([10.0], ("E",)), after=0.5 * second).largest_error == 0
    assert b2r.compare(spikes, activity([10.0], ("E",)), after=0 * second).largest_error > 0.5
    assert float(b2r.compare(spikes, activity([10.0], ("E",))).after) == pytest.approx(0.5), (
        "by default the first quarter is left out"
    )


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (dict(spikes=[]), "no run"),
        (dict(spikes=activity([1.0], ("X",))), "populations"),
        (dict(after=3 * second), "after"),
        (dict(after=1 * Hz), "after"),
    ],
)
def test_bad_arguments_are_refused(arguments, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        b2r.compare(**{"spikes": activity([1.0, 2.0]), "rates": activity([1.0, 2.0]), **arguments})


def test_the_error_is_split_into_gain_and_loop():
    from ..cases import reduced

    r = reduced()
    rest = np.array(list(r.steady_rates_(r.at_).values()))
    rates = b2r.simulate_rates(r, duration=1 * second)
    seen = rest * [1.2, 0.9]
    table = b2r.compare(activity(seen, duration=1.0), rates, reduced=r)
    split, table = table.split, table.table
    # The open loop is worked by hand: r = beta (W r + W_ext r_ext - theta) at the rates of the spiking
    # network.
    beta = {name: float(np.asarray(r.gains[name].beta)) for name in r.populations}
    for name in r.populations:
        current = (
            sum(r.W_[name, source] * rate for source, rate in zip(r.populations, seen))
            + r.W_ext_[name, "ext"] * 14
            - r.theta_[name]
        )
        assert split.loc[name, "open_loop"] == pytest.approx(beta[name] * max(current, 0), rel=1e-6)
        assert split.loc[name, "open_loop_error"] == pytest.approx(
            split.loc[name, "open_loop"] / table.loc[name, "spiking"] - 1
        )
    exact = b2r.compare(activity(rest, duration=1.0), rates, reduced=r).split
    assert exact["open_loop_error"].abs().max() < 1e-3, "the fixed point leaves nothing to split"


def test_the_open_loop_follows_a_drive_that_changes():
    from ..cases import reduced

    r = reduced()
    rates = b2r.simulate_rates(r, duration=1 * second, drives={"ext": ([0, 0.6] * second, [14, 10] * Hz)})
    points = [np.array(list(r.steady_rates_({key: rate for key in r.at_}).values())) for rate in (14.0, 10.0)]
    t = np.arange(0, 1, 1e-2) + 5e-3
    spikes = b2r.Activity(("E", "I"), t, np.where(t < 0.6, points[0][:, None], points[1][:, None]), 1e-2)
    table = b2r.compare(spikes, rates, after=0.2 * second, reduced=r).split
    assert table["open_loop"].to_numpy() == pytest.approx((points[0] + points[1]) / 2, rel=1e-3)
