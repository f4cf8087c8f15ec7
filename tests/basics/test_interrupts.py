"""Ctrl-C ends every phase at once: no short run is a result, and nothing stays behind."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms, mV, nA, nS, second

import b2reduce as b2r
from b2reduce.basics.errors import StoppedError
from b2reduce.basics.interrupts import Terminated, undisturbed
from b2reduce.basics.locks import locked
from b2reduce.basics.processes import run_process
from b2reduce.basics.session import brian_session, run_network

#: s of computing until all is over: a machine that is busy with something else computes no more of it.
AT_ONCE = 2.0
LIMIT = 60.0  # s in which a process ends however busy the machine is; there to end a faulty test
LONG = 1000 * second  # of simulated time: no phase ends by itself before it is interrupted
NOISE = b2r.Drive(name="n", inputs=400, rate=10 * Hz, G=0.5 * nS, tau=5 * ms, E=0 * mV)
pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers on this system")


@pytest.fixture(scope="module")
def reduced(small_quiet):
    return small_quiet


def state():
    """All that a call might leave changed, and what it might leave behind."""
    children = subprocess.run(
        ["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())], capture_output=True, text=True
    ).stdout.split("\n")
    return {
        "device": brian2.get_device(),
        "preferences": brian2.prefs.as_file,
        "random": np.random.get_state()[1].tolist(),
        "running": brian2.Network._globally_running,
        "handler": signal.getsignal(signal.SIGINT),
        "environment": {
            name: value
            for name, value in os.environ.items()
            if name == "TMPDIR" or name.startswith("B2REDUCE")
        },
        "threads": threading.active_count(),
        "children": sorted(
            line.split()[-1] for line in children if line.strip() and line.split()[-1] != "ps"
        ),
    }


def running(pid):
    """Whether a process is there, and not only what nobody has asked about since it ended."""
    said = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout.strip()
    return bool(said) and not said.startswith("Z")


def interrupted(call, after, ready=lambda: True):
    """How much in s a call computes after Ctrl-C, which must end it, and leave everything as it was.

    It comes after so many seconds, or later, once all is ready for it.
    """
    sent = []

    def press(number, frame):
        if not ready():
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            return
        sent.extend((time.process_time(), time.monotonic()))
        signal.raise_signal(signal.SIGINT)

    before, old = state(), signal.signal(signal.SIGALRM, press)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, after)
            call()
    finally:
        took = time.process_time() - sent[0] if sent else None
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert time.monotonic() - sent[1] < LIMIT
    time.sleep(0.1)
    after = state()
    assert {key for key in before if before[key] != after[key]} == set()
    return took


PHASES = {
    "native": lambda c, r: b2r.measure_fi(
        "lif", np.linspace(0.3, 1, 400) * nA, [20] * nS, duration=LONG, threads=1
    ),
    "native with noise": lambda c, r: b2r.measure_fi(
        "lif", np.linspace(0.3, 1, 400) * nA, [20] * nS, noise=[NOISE], duration=LONG, threads=1
    ),
    "brian2": lambda c, r: b2r.measure_fi("lif", [0.3, 0.4] * nA, [20] * nS, duration=LONG, engine="brian2"),
    "rest in brian2": lambda c, r: [
        b2r.rheobase("lif", np.linspace(10, 30, 50) * nS, engine="brian2") for _ in range(1000)
    ],
    "rheobase": lambda c, r: [
        b2r.rheobase("lif", np.linspace(10, 30, 500) * nS, duration=10 * second) for _ in range(1000)
    ],
    "transfer": lambda c, r: b2r.measure_transfer(
        "lif", [NOISE], {"n": np.linspace(5, 20, 100) * Hz}, duration=LONG, threads=1
    ),
    "response": lambda c, r: [
        b2r.measure_linear_response("lif", 0.6 * nA, 45 * nS, noise=[NOISE], rtol=0.01, seed=k)
        for k in range(1000)
    ],
    "adaptation": lambda c, r: [b2r.measure_adaptation("lif_adapt") for _ in range(1000)],
    "spikes": lambda c, r: b2r.simulate_spikes(c, duration=LONG),
    "spikes in brian2": lambda c, r: b2r.simulate_spikes(c, duration=LONG, engine="brian2"),
    "rates": lambda c, r: b2r.simulate_rates(
        r, duration=LONG, drives={"ext": b2r.drives.step_drive(12 * Hz, 14 * Hz, at=1 * second)}
    ),
    "rates of cells": lambda c, r: b2r.simulate_rates(
        b2r.reduce(c, noise="none", cells=True, gains=dict(r.gains)),
        duration=LONG,
        drives={"ext": b2r.drives.step_drive(12 * Hz, 14 * Hz, at=1 * second)},
    ),
    "validate": lambda c, r: [
        b2r.validate(c, duration=0.2 * second, noise="none", seeds=1, levels=["linear"]) for _ in range(1000)
    ],
    "fixed points": lambda c, r: [b2r.fixed_points(r) for _ in range(10**6)],
    "continuation": lambda c, r: [
        b2r.continue_fixed_points(r, "drive.ext.rate", [4, 20] * Hz) for _ in range(10**6)
    ],
    "binary": lambda c, r: b2r.binary.simulate_binary(
        b2r.binary.random_binary_network(
            [[-0.05]], in_degree=400, sizes={"I": 4000}, thresholds=0.5, external=6
        ),
        sweeps=10**7,
    ),
}


@pytest.fixture(scope="module")
def compiled(small):
    """What Brian2 compiles is compiled: a compiler's time is not what these phases are about."""
    b2r.measure_fi("lif", [0.3, 0.4] * nA, [20] * nS, duration=10 * ms, engine="brian2")
    b2r.simulate_spikes(small, duration=10 * ms)


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_ends_at_once_and_leaves_the_session_as_it_was(phase, small, reduced, compiled):
    assert interrupted(lambda: PHASES[phase](small, reduced), 0.7) < AT_ONCE


def test_the_native_engine_ends_while_its_threads_start(small, reduced):
    for after in (0.03, 0.05, 0.08, 0.12):
        assert interrupted(lambda: PHASES["native"](small, reduced), after) < AT_ONCE


def test_the_next_run_after_an_interrupt_is_whole_and_the_same(small):
    whole = b2r.simulate_spikes(small, duration=0.2 * second, seed=3)
    assert interrupted(lambda: b2r.simulate_spikes(small, duration=LONG, seed=3), 0.5) < AT_ONCE
    np.testing.assert_array_equal(
        b2r.simulate_spikes(small, duration=0.2 * second, seed=3).rate_, whole.rate_
    )


def test_without_the_check_an_interrupted_run_would_be_taken_for_a_result(small):
    """What was wrong: Brian2 by itself ends quietly, its clock short of the end."""
    network, _ = b2r.spiking_network(small)
    network.add(
        brian2.NetworkOperation(
            lambda t: signal.raise_signal(signal.SIGINT) if t > 5 * ms else None, dt=1 * ms
        )
    )
    handler = signal.signal(signal.SIGINT, brian2._int_handler)  # which the test runner has replaced
    try:
        network.run(LONG, namespace={})
    finally:
        signal.signal(signal.SIGINT, handler)
    assert 5 * ms < network.t < 8 * ms


def stopping(network, at=5 * ms):
    """The network with an operation that stops it."""
    operation = brian2.NetworkOperation(lambda t: network.stop() if t >= at else None, dt=1 * ms)
    network.add(operation)
    return network


def test_a_run_that_something_stopped_is_no_result():
    with brian_session():
        group = brian2.NeuronGroup(1, "dv/dt = -v/(10*ms) : 1", method="exact", dt=0.1 * ms)
        network = stopping(brian2.Network(group))
        with pytest.raises(StoppedError, match="stopped at 0.005"):
            run_network(network, 0.02)
    with brian_session():
        group = brian2.NeuronGroup(1, "dv/dt = -v/(10*ms) : 1", method="exact", dt=0.1 * ms)
        # It came to rest, which is as good
        run_network(stopping(brian2.Network(group)), 0.02, rested=lambda: True)
        # And this one was whole
        run_network(brian2.Network(brian2.NeuronGroup(1, "v : 1", dt=0.1 * ms)), 0.02)


def test_brian2_stopped_from_another_thread_or_by_a_callback(small):
    ended = threading.Event()

    def stop():
        while not ended.wait(0.05):  # again and again: a run that has not begun forgets it
            brian2.stop()

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        with pytest.raises(StoppedError):
            b2r.simulate_spikes(small, duration=LONG, engine="brian2")
    finally:
        ended.set()
        thread.join()
    with pytest.raises(StoppedError):
        b2r.simulate_spikes(small, duration=LONG, engine="brian2", progress=lambda stage, done: brian2.stop())


@pytest.mark.parametrize("phase", ["native", "brian2", "spikes", "rates"])
def test_a_callback_may_interrupt(phase, small, reduced):
    def tired(stage, done):
        raise KeyboardInterrupt

    call = {
        "native": lambda: b2r.measure_fi(
            "lif", np.linspace(0.3, 1, 400) * nA, [20] * nS, duration=5 * second, threads=1, progress=tired
        ),
        "brian2": lambda: b2r.measure_fi(
            "lif", [0.3] * nA, [20] * nS, duration=LONG, engine="brian2", progress=tired
        ),
        "spikes": lambda: b2r.simulate_spikes(small, duration=LONG, progress=tired),
        "rates": lambda: b2r.simulate_rates(reduced, duration=LONG, progress=tired),
    }[phase]
    before = state()
    with pytest.raises(KeyboardInterrupt):
        call()
    after = state()
    assert {key for key in before if before[key] != after[key]} == set()


def test_in_a_thread_the_run_works_and_ctrl_c_ends_it(small):
    handler = signal.signal(signal.SIGINT, brian2._int_handler)
    with ThreadPoolExecutor(1) as pool:
        try:
            run = partial(b2r.simulate_spikes, small, engine="brian2")
            assert pool.submit(run, duration=20 * ms).result().rate.shape == (2, 20)
            long = pool.submit(run, duration=LONG)
            while not brian2.Network._globally_running:
                time.sleep(0.05)
            signal.raise_signal(signal.SIGINT)
            assert isinstance(long.exception(timeout=LIMIT), KeyboardInterrupt)
        finally:
            signal.signal(signal.SIGINT, handler)
            brian2.stop()  # where it did not end


FIRST_IN_A_THREAD = """
import threading
def work():
    import b2reduce as b2r
    print(b2r.simulate_rates(b2r.reduce("ei_lif", noise="none"), duration="20 ms").rate.shape)
thread = threading.Thread(target=work); thread.start(); thread.join()
"""


def test_brian2_may_be_imported_first_in_a_thread():
    done = subprocess.run([sys.executable, "-c", FIRST_IN_A_THREAD], capture_output=True, text=True)
    assert done.stdout.strip() == "(2, 20)", done.stderr


IMPORT = """
import signal, sys
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
try:
    import b2reduce
    b2reduce.measure_fi
    while True: pass
except KeyboardInterrupt:
    from brian2 import nA, nS
    print(b2reduce.measure_fi("lif", [0.5]*nA, [20]*nS).rate_.shape)
"""


@pytest.mark.parametrize("after", [0.6, 1.1])
def test_an_interrupted_import_leaves_no_half_a_library(after):
    done = subprocess.run([sys.executable, "-c", IMPORT, str(after)], capture_output=True, text=True)
    assert done.stdout.strip() == "(1, 1)", done.stderr


def test_signals_are_held_back_and_raised_at_the_end():
    reached = False
    with pytest.raises(KeyboardInterrupt):
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            reached = True
    assert reached
    assert signal.getsignal(signal.SIGINT) is not None


def test_a_process_ends_with_its_family(tmp_path):
    note = tmp_path / "pid"
    family = f"sleep 60 & echo $! > {note}; wait"
    assert interrupted(lambda: run_process(["sh", "-c", family]), 0.5) < AT_ONCE
    assert not running(int(note.read_text()))
    assert run_process(["cat"], input="all is well").stdout == "all is well"


def test_a_lock_holds_and_leaves_no_file(tmp_path):
    path, inside = tmp_path / "x.lock", []

    def work(number):
        for _ in range(5):
            with locked(path):
                inside.append(number)
                time.sleep(0.002)
                assert inside.pop() == number and not inside
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    with pytest.raises(KeyboardInterrupt), locked(path):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_standalone_build_ends_with_its_compiler(small, tmp_path, monkeypatch):
    monkeypatch.setenv("B2REDUCE_CACHE", str(tmp_path))
    compiling = lambda: any((tmp_path / "networks").glob(".build_*/program/makefile"))
    build = lambda: b2r.simulate_spikes(small, duration=50 * ms, engine="standalone")
    assert interrupted(build, 1.0, compiling) < AT_ONCE
    assert not list((tmp_path / "networks").iterdir())


COMMANDS = {
    "run": [
        "run",
        "ei_lif",
        "--duration",
        "20 s",
        "--seeds",
        "2",
        "--set",
        "population.E.size=800",
        "--set",
        "population.I.size=200",
    ],
    "fi": ["fi", "lif", "--I", "0 nA:1 nA:400", "--g", "10 nS,20 nS,30 nS", "--duration", "20000 s"],
    "map": [
        "map",
        "ei_lif",
        "--grid",
        "drive.ext.rate=10 Hz:16 Hz:4",
        "--duration",
        "20 s",
        "--set",
        "population.E.size=800",
        "--set",
        "population.I.size=200",
    ],
    "scan": [
        "scan",
        "ei_lif",
        "--grid",
        "drive.ext.rate=10 Hz:16 Hz:2",
        "--task",
        "spikes",
        "--duration",
        "100 s",
        "--workers",
        "2",
    ],
}


def family(pid):
    """All processes below one."""
    rows = [
        line.split()
        for line in subprocess.run(
            ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True
        ).stdout.splitlines()
    ]
    found, left = [], [str(pid)]
    while left:
        parent = left.pop()
        own = [child for child, above in rows if above == parent]
        found += own
        left += own
    return [int(child) for child in found]


def when_it_listens(process):
    """Wait until a command has said what signals do; before, on a busy machine, Python itself is starting."""
    last = time.monotonic() + LIMIT
    while process.poll() is None and time.monotonic() < last:
        status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        caught = int(next(line for line in status if line.startswith("SigCgt")).split()[1], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.02)


@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_ends_with_one_line_and_nothing_written(name, number, tmp_path):
    chance = random.Random(f"{name} {number}")
    for folder in ("temporary", "work"):
        (tmp_path / folder).mkdir()
    environment = {
        **os.environ,
        "B2REDUCE_CACHE": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path / "temporary"),
        "B2REDUCE_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "b2reduce", *COMMANDS[name], "-o", str(tmp_path / "work" / "below" / "out")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    when_it_listens(process)
    time.sleep(chance.uniform(0.0, 8.0))
    sent, relatives = (signal.SIGINT, signal.SIGTERM)[number], family(process.pid)
    process.send_signal(sent)
    if chance.random() < 0.5:
        time.sleep(0.05)
        process.send_signal(sent)  # people press it twice
    process.wait(timeout=LIMIT)
    out, err = process.communicate()
    lines = [
        line
        for line in err.splitlines()
        if line and not line.endswith(" %") and not line.startswith("Warning: ")
    ]
    assert (process.returncode, lines, out) == (
        {signal.SIGINT: 130, signal.SIGTERM: 143}[sent],
        ["interrupted; nothing was written"],
        "",
    )
    # Multiprocessing's own tracker ends once it sees that its process has gone
    until = time.monotonic() + LIMIT
    while any(map(running, relatives)) and time.monotonic() < until:
        time.sleep(0.05)
    alive = [pid for pid in relatives if running(pid)]
    left = [str(path) for folder in ("work", "temporary") for path in (tmp_path / folder).rglob("*")]
    left += [
        str(path)
        for path in (tmp_path / "cache").rglob("*")
        if path.suffix == ".lock" or path.name.startswith(".build")
    ]
    assert (alive, left) == ([], [])


def test_finished_points_of_a_scan_are_kept_and_named(tmp_path):
    command = [
        sys.executable,
        "-m",
        "b2reduce",
        "scan",
        "ei_lif",
        "--grid",
        "drive.ext.rate=10 Hz:16 Hz:40",
        "--task",
        "reduce",
        "--workers",
        "1",
        "--noise",
        "none",
        "-o",
        str(tmp_path / "out"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not list((tmp_path / "out").glob("points/*.json")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    finished = len(list((tmp_path / "out" / "points").glob("*.json")))
    assert process.returncode == 130 and f"the points that were finished ({finished}) are kept" in err
    assert not list((tmp_path / "out").rglob(".*"))
    assert (b2r.load(tmp_path / "out")["status"] == "ok").any()


def test_what_is_written_is_whole_or_not_there(tmp_path):
    from b2reduce.basics.files import output_folder

    for last in (True, False):
        with pytest.raises(KeyboardInterrupt):
            with output_folder(tmp_path / "a" / "b" / "out") as place:
                (place / "half").write_text("half")
                raise Terminated if last else KeyboardInterrupt
        assert not list(tmp_path.iterdir())
    with output_folder(tmp_path / "a" / "out") as place:
        (place / "whole").write_text("whole")
    assert [path.name for path in (tmp_path / "a" / "out").iterdir()] == ["whole"]
