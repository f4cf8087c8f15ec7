"""Intervals that end on the time grid itself, where the last bit decides.

A step sooner or later, never more, whatever the kernel was built for.
"""

import numpy as np
import pytest
from b2reduce.experiments.exact_lif import exact_interval_, rounding_
from b2reduce.experiments.holt_koch1997 import exact_current
from brian2 import amp, ms, siemens

import b2reduce as b2r

LEAKS_ = np.array([10e-9, 16.7e-9, 25e-9, 32.7e-9, 48.7e-9])


@pytest.fixture(scope="module", params=[0.1, 0.05, 0.025])
def tied(request):
    """(simulated less exact interval, what rounding may do, in time steps) of cells whose exact intervals are
    whole numbers of steps.
    """
    model, dt_ = b2r.load_model("lif"), request.param * 1e-3
    wanted, late, slack = np.arange(40, 1500, 7) * 1e-4, [], []
    for g_ in LEAKS_:
        I_ = np.unique(exact_current(1 / wanted, g_, model))
        surface = b2r.measure_fi(model, I_ * amp, [g_] * siemens, dt=request.param * ms, engine="native")
        exact, rounding = exact_interval_(model, I_, g_), rounding_(model, I_, g_, dt_)
        # So near to rheobase that a float cannot hold by how much, there is nothing to compare.
        sure = rounding < 0.01 * dt_
        late.append((1 / surface.rate_[sure, 0] - exact[sure]) / dt_)
        slack.append(rounding[sure] / dt_)
    return np.concatenate(late), np.concatenate(slack)


def test_a_tie_goes_either_way_and_no_further(tied):
    late, slack = tied
    assert late.size > 900 and np.all(np.minimum(np.abs(late), np.abs(late + 1)) < 0.01), (
        "all of them are ties"
    )
    assert np.all(late >= -1 - slack) and np.all(late <= slack)
    assert np.any(late > -0.01) and np.any(late < -0.99), "some go one way, some the other"


def test_a_tenth_of_a_step_would_be_seen(tied):
    late, slack = tied
    for off in (late + 0.1, late - 0.1):
        assert np.any(off < -1 - slack) or np.any(off > slack)
