"""What is rare in spiking networks, natively as in Brian2."""

import os
import threading

import numpy as np
import pytest

import b2reduce as b2r
from b2reduce import Circuit, Drive, Population
from b2reduce.basics.processes import compilers_ended

from .test_native_network import EXCITES


@pytest.mark.parametrize("dt", ["0.7 ms", "0.3 ms", "0.15 ms"])
def test_durations_that_are_no_whole_number_of_steps(dt):
    """Brian2 takes the step that reaches beyond the end."""
    train = {"i": np.zeros(3, dtype=int), "t": np.array([0.0, 5, 9]) * 1e-3}
    made = Circuit(
        populations={"E": Population("lif", 1)}, drives=[Drive("ext", "E", spikes=train, **EXCITES)]
    )
    run = lambda engine: b2r.simulate_spikes(made, duration="10 ms", dt=dt, engine=engine)
    native, brian = run("native"), run("brian2")
    np.testing.assert_array_equal(native.conductance_t_, brian.conductance_t_)
    np.testing.assert_allclose(
        native.conductances_["ext->E"], brian.conductances_["ext->E"], rtol=1e-12, atol=0
    )


def test_compilers_of_two_threads_keep_their_folder():
    """The first of them to end does not take it from the other."""
    before, seen, inside, go_on = os.environ.get("TMPDIR"), [], threading.Event(), threading.Event()

    def other():
        with compilers_ended():
            inside.set()
            go_on.wait(10)
            seen.append(os.path.isdir(os.environ["TMPDIR"]))

    with compilers_ended():
        place = os.environ["TMPDIR"]
        thread = threading.Thread(target=other)
        thread.start()
        assert inside.wait(10)
    go_on.set()
    thread.join()
    assert seen == [True]
    assert os.environ.get("TMPDIR") == before and not os.path.exists(place)
