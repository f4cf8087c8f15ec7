"""Who runs the cells: each competitor prepares a workload once and then runs it as often as it is asked to.

`prepare` functions return a callable that runs the workload and gives (seconds, spikes of every cell).
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import multiprocessing
import tempfile
import time
from importlib import resources

import numpy as np

from b2reduce.basics.compiler import load_library
from b2reduce.cells.engine import brian, simulate_cells
from b2reduce.cells.engine.codegen import LANES

__all__ = ["COMPETITORS", "cold"]


def native(work, threads):
    """This engine."""

    def run():
        start = time.perf_counter()
        statistics, _ = simulate_cells(
            work.cells, work.duration_, work.warmup_, work.dt_, seed=1, engine="native", threads=threads
        )
        return time.perf_counter() - start, statistics.total

    run()
    return run


def _group(work, brian2):
    group, _ = brian.build_group(brian2, work.cells, work.dt_)
    if work.cells.sources:
        group.variables["count_from_syn"].set_value(work.warmup_)
    return group, brian2.SpikeMonitor(group)


def cython(work, threads=1):
    """Brian2's runtime mode, one NeuronGroup, its code compiled before; only the time steps are timed."""
    import brian2

    from b2reduce.basics.session import brian_session

    def run():
        with brian_session(1):
            group, monitor = _group(work, brian2)
            network = brian2.Network(group, monitor)
            network.run(0 * brian2.second, namespace={})
            start = time.perf_counter()
            network.run(work.duration_ * brian2.second, namespace={})
            return time.perf_counter() - start, np.array(monitor.count)

    run()
    return run


def _standalone(pipe, name, quick, threads):
    """A process that holds a compiled standalone project; every message runs it once."""
    import brian2

    from .workloads import workload

    work = workload(name, quick)
    with tempfile.TemporaryDirectory(prefix="b2reduce_standalone_") as folder:
        brian2.set_device("cpp_standalone", directory=folder, build_on_run=False)
        brian2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
        brian2.seed(1)
        group, monitor = _group(work, brian2)
        network = brian2.Network(group, monitor)
        network.run(work.duration_ * brian2.second, namespace={})
        start = time.perf_counter()
        brian2.device.build(directory=folder, run=False, compile=True, with_output=False)
        pipe.send(time.perf_counter() - start)
        with contextlib.suppress(EOFError):  # the other end is closed once all turns are done
            while pipe.recv() == "run":
                start = time.perf_counter()
                brian2.device.run(with_output=False)
                pipe.send((time.perf_counter() - start, np.array(monitor.count)))


def standalone(work, threads):
    """Brian2's C++ standalone mode, in a process of its own, built before.

    The whole run of the program is timed.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(
        target=_standalone, args=(there, work.name, work.cells.count < 100, threads), daemon=True
    )
    process.start()
    there.close()
    built = here.recv()

    def run():
        here.send("run")
        return here.recv()

    run.built = built
    return run


def by_hand(work, threads=1):
    """The LIF of lif_by_hand.cpp, compiled with the flags of this engine."""
    source = (
        resources.files("b2reduce.experiments.benchmarks")
        .joinpath("lif_by_hand.cpp")
        .read_text(encoding="utf-8")
    )
    library = load_library(source)
    whole = -(-work.cells.count // LANES) * LANES
    pad = lambda values: np.concatenate([values, np.full(whole - work.cells.count, values[0])])
    current, leak, counts, sums, squares = (
        pad(work.cells.parameters["I_app"]),
        pad(work.leak_),
        *np.zeros((3, whole)),
    )
    model = work.cells.model
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)
    steps = lambda time_: ctypes.c_int64(round(time_ / work.dt_))
    values = [
        ctypes.c_double(value)
        for value in (work.dt_, model.si("C_m"), model.si("E_L"), model.si("V_th"), model.si("V_r"))
    ]

    def run():
        start = time.perf_counter()
        library.lif(
            ctypes.c_int64(whole),
            steps(work.duration_),
            steps(work.warmup_),
            steps(model.si("t_ref")),
            *values,
            *map(pointer, (current, leak, counts, sums, squares)),
        )
        return time.perf_counter() - start, counts[: work.cells.count].astype(int)

    return run


def jax_scan(work, threads=1):
    """The LIF as a jax.lax.scan over time steps in float64, compiled before."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    model, steps = work.cells.model, round(work.duration_ / work.dt_)
    current, leak = (jnp.asarray(values) for values in (work.cells.parameters["I_app"], work.leak_))
    E_L, V_th, V_r, refractory = (
        model.si("E_L"),
        model.si("V_th"),
        model.si("V_r"),
        round(model.si("t_ref") / work.dt_),
    )
    decay, v_inf = jnp.exp(-work.dt_ * leak / model.si("C_m")), E_L + current / leak

    def step(state, now):
        v, wait, count = state
        free = now >= wait
        v = jnp.where(free, v_inf + (v - v_inf) * decay, v)
        fired = free & (v > V_th)
        return (jnp.where(fired, V_r, v), jnp.where(fired, now + refractory, wait), count + fired), None

    compiled = jax.jit(
        lambda: jax.lax.scan(
            step,
            (jnp.full(current.shape, E_L), jnp.zeros(current.shape, int), jnp.zeros(current.shape, int)),
            jnp.arange(steps),
        )[0][2]
    )

    def run():
        start = time.perf_counter()
        counts = compiled().block_until_ready()
        return time.perf_counter() - start, np.asarray(counts)

    run()
    return run


def nest(work, threads):
    """NEST's iaf_cond_exp without input spikes; its adaptive integrator takes steps of its own."""
    import nest as simulator

    model = work.cells.model

    def run():
        simulator.ResetKernel()
        simulator.set(resolution=work.dt_ * 1e3, local_num_threads=threads, print_time=False)
        cells = simulator.Create(
            "iaf_cond_exp",
            work.cells.count,
            params={
                "C_m": model.si("C_m") * 1e12,
                "E_L": model.si("E_L") * 1e3,
                "V_m": model.si("E_L") * 1e3,
                "V_th": model.si("V_th") * 1e3,
                "V_reset": model.si("V_r") * 1e3,
                "t_ref": model.si("t_ref") * 1e3,
            },
        )
        cells.set(
            [{"I_e": I * 1e12, "g_L": g * 1e9} for I, g in zip(work.cells.parameters["I_app"], work.leak_)]
        )
        recorder = simulator.Create("spike_recorder")
        simulator.Connect(cells, recorder)
        simulator.Prepare()
        start = time.perf_counter()
        simulator.Run(work.duration_ * 1e3)
        seconds = time.perf_counter() - start
        simulator.Cleanup()
        senders = np.asarray(recorder.get("events", "senders"))
        return seconds, np.bincount(senders - int(cells.tolist()[0]), minlength=work.cells.count)

    return run


#: name -> (prepare, threads, module that must be installed, workloads it can run or None for all)
COMPETITORS = {
    "this engine": (native, 1, None, None),
    "this engine, 2 threads": (native, 2, None, None),
    "brian2": (cython, 1, None, None),
    "brian2 standalone": (standalone, 1, None, None),
    "brian2 standalone, OpenMP 2": (standalone, 2, None, None),
    "by hand": (by_hand, 1, None, ("lif",)),
    "jax": (jax_scan, 1, "jax", ("lif",)),
    "nest": (nest, 1, "nest", ("lif",)),
}


def missing(module):
    """Whether an optional competitor is not installed."""
    if module is None:
        return False
    found = importlib.util.find_spec(module)
    return found is None or found.origin is None  # a folder of that name is no package


def cold(name, work, folder):
    """Seconds of the first run with empty caches, everything but imports included.

    Call it in a fresh process.
    """
    import brian2

    if name == "this engine":
        start = time.perf_counter()
        simulate_cells(work.cells, work.duration_, work.warmup_, work.dt_, seed=1, engine="native", threads=1)
        return time.perf_counter() - start
    brian2.prefs.codegen.runtime.cython.cache_dir = str(folder)
    start = time.perf_counter()
    group, monitor = _group(work, brian2)
    brian2.Network(group, monitor).run(work.duration_ * brian2.second, namespace={})
    return time.perf_counter() - start
