"""No call of the package leaves a trace in the caller's Brian2 or numpy."""

import subprocess
import sys

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms, mV, nA, nS

import b2reduce as b2r
from b2reduce.basics.streams import seed_streams


def draw_with_brian2():
    """Numbers that Brian2's compiled code draws from its buffers."""
    group = brian2.NeuronGroup(3, "x : 1", name="drawer")
    group.run_regularly("x = rand()", dt=1 * ms, name="drawing")
    network = brian2.Network(group)
    network.run(3 * ms, namespace={})
    return np.array(group.x[:])


@pytest.mark.smoke
def test_random_numbers_go_on_as_if_nothing_had_been_run():
    noise = [b2r.Drive(name="n", inputs=100, rate=10 * Hz, G=0.5 * nS, tau=5 * ms, E=0 * mV)]
    outcomes = []
    for run_something in (False, True):
        brian2.seed(12)
        np.random.random(5)
        first = draw_with_brian2()
        if run_something:
            b2r.measure_fi("lif", [0.3] * nA, [20] * nS, noise=noise, duration=50 * ms, replicates=2)
        outcomes.append((first, draw_with_brian2(), np.random.random(4)))
    for without, with_ in zip(*outcomes):
        np.testing.assert_array_equal(without, with_)


def test_preferences_and_device_stay():
    before = (brian2.get_device(), brian2.prefs.codegen.target, brian2.defaultclock.dt)
    b2r.measure_fi("lif", [0.3] * nA, [20] * nS, duration=50 * ms)
    assert (brian2.get_device(), brian2.prefs.codegen.target, brian2.defaultclock.dt) == before


STANDALONE = """
import brian2, b2reduce as b2r
from brian2 import nA, nS, ms
brian2.set_device("cpp_standalone", build_on_run=False)
surface = b2r.measure_fi("lif", [0.3, 0.6] * nA, [20] * nS, duration=50 * ms, engine="brian2")
print(brian2.get_device() is brian2.devices.device.runtime_device, surface.rate_.max() > 0)
"""


def test_a_user_in_standalone_mode_stays_there(tmp_path):
    done = subprocess.run([sys.executable, "-c", STANDALONE], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "True"]


def test_streams_differ_by_purpose_and_repeat():
    assert seed_streams(1, 2) == seed_streams(1, 2)
    assert (
        len({seed_streams(seed, *key) for seed in range(5) for key in ((), (0,), (1,), (0, 1), (1, 0))}) == 25
    )
