"""Times the engines of spiking networks on the same circuits, in turns; prints a table and writes JSON.

    python -m b2reduce.experiments.benchmarks.networks            all circuits and engines (half an hour)
    python -m b2reduce.experiments.benchmarks.networks --circuit ei_lif --engine native --engine brian2

Every run is a process of its own, which has run the circuit for a moment before, so that nothing is built while
it is timed; drawing the wiring and setting it up counts. Memory is the largest that the process and the programs
that it starts had, less what it had before. Builds are timed once, with an empty cache.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import numpy as np
from b2reduce.experiments.benchmarks.network_circuits import CIRCUITS, events_of, seconds

import b2reduce as b2r

__all__ = ["CIRCUITS", "ENGINES", "measure"]

CHILD = [sys.executable, "-m", "b2reduce.experiments.benchmarks.networks"]
MOMENT, QUICK = "20 ms", "0.05 s"


#: name: (engine of the package, threads)
ENGINES = {
    "native": ("native", 1),
    "native, 2 threads": ("native", 2),
    "brian2": ("brian2", 1),
    "brian2 standalone": ("standalone", 1),
    "brian2 standalone, OpenMP 2": ("openmp", 2),
    "nest": ("nest", 1),
    "nest, 2 threads": ("nest", 2),
}


def _simulate(circuit, duration, seed, engine, threads):
    """(rates, spikes of each population) of one run."""
    if engine != "openmp":
        run = b2r.simulate_spikes(circuit, duration=duration, seed=seed, record=0, engine=engine)
        return {name: int(run.spikes_[name][0].size) for name in run.populations}
    return _openmp(circuit, duration, seed, threads)


def _openmp(circuit, duration, seed, threads):
    """Brian2's C++ mode on several threads, which is no engine of the package; only the program is timed."""
    import brian2

    from b2reduce.networks.spiking_network import build_network, draws_of, monitors_of

    with tempfile.TemporaryDirectory(prefix="b2reduce_openmp_") as folder:
        brian2.set_device("cpp_standalone", directory=folder, build_on_run=False)
        brian2.prefs.devices.cpp_standalone.openmp_threads = threads
        brian2.prefs.devices.cpp_standalone.extra_make_args_unix = [f"-j{threads}"]
        brian2.seed(seed)
        network, groups = build_network(circuit, draws_of(circuit, seed), float(circuit.dt))
        spikes, _ = monitors_of(circuit, groups, float(circuit.dt), 0)
        network.add(*spikes.values())
        network.run(seconds(duration) * brian2.second, namespace={})
        built = time.perf_counter()
        brian2.device.build(directory=folder, run=False, compile=True, with_output=False)
        built = time.perf_counter() - built
        before, start = _resident(os.getpid()), time.perf_counter()
        with _Memory() as memory:
            brian2.device.run(with_output=False)
        took = time.perf_counter() - start
        return {
            **{name: int(monitor.num_spikes) for name, monitor in spikes.items()},
            "seconds": took,
            "build seconds": built,
            "bytes": memory.most - before,
        }


def _child(name, label, duration, seed):
    """What one run takes, as JSON."""
    (make, _), (engine, threads) = CIRCUITS[name], ENGINES[label]
    os.environ["B2REDUCE_THREADS"] = str(threads)
    circuit = make()
    start = time.perf_counter()
    if engine != "openmp":
        # A program of Brian2 holds the duration
        _simulate(circuit, duration if engine == "standalone" else MOMENT, seed, engine, threads)
    first = time.perf_counter() - start
    gc.collect()
    before, start = _resident(os.getpid()), time.perf_counter()
    with _Memory() as memory:
        spikes = _simulate(circuit, duration, seed, engine, threads)
    seconds = spikes.pop("seconds", time.perf_counter() - start)
    build, most = spikes.pop("build seconds", None), spikes.pop("bytes", memory.most - before)
    print(json.dumps({"seconds": seconds, "first": first, "build": build, "bytes": most, "spikes": spikes}))


def parts(name, duration=None):
    """What the native engine spends where, of one thread: (s to draw and set up, ns a cell-step, ns an event).

    From runs of a moment, of the cells without their projections, and of the whole.
    """
    circuit, duration_ = CIRCUITS[name][0](), seconds(duration or CIRCUITS[name][1])
    alone = b2r.Circuit(
        name="alone", populations=circuit.populations, projections=[], drives=circuit.drives, dt=circuit.dt
    )
    steps = sum(each.size for each in circuit.populations.values()) * duration_ / float(circuit.dt)

    def least(circuit, duration_):
        taken = []
        for seed in (1, 1, 2, 3):  # the first builds
            start = time.perf_counter()
            spikes = _simulate(circuit, f"{duration_} s", seed, "native", 1)
            taken.append(time.perf_counter() - start)
        return min(taken[1:]), spikes

    moment_ = seconds(MOMENT) / 1e3
    (setup, _), (idle, _), (cells, _) = (
        least(circuit, moment_),
        least(alone, moment_),
        least(alone, duration_),
    )
    whole, spikes = least(circuit, duration_)
    return (
        setup,
        1e9 * (cells - idle) / steps,
        1e9 * (whole - setup - cells + idle) / events_of(circuit, spikes),
    )


class _Memory:
    """The largest memory of this process and of programs that it starts, by looking every few milliseconds."""

    def __init__(self):
        self.most, self.done = 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def _watch(self):
        while not self.done.wait(0.005):
            self.most = max(self.most, sum(_resident(pid) for pid in (os.getpid(), *_children(os.getpid()))))


def _children(pid):
    """Processes that a process has started, and those that these have."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *_children(child)]
    return found


def _resident(pid):
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _run(name, label, duration, seed, **environment):
    done = subprocess.run(
        [*CHILD, "--child", name, label, duration, str(seed)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def measure(name, labels, repeats, quick=False):
    """{engine: {"seconds": [...], ...}} of a circuit, all engines in turns."""
    circuit, duration = CIRCUITS[name][0](), QUICK if quick else CIRCUITS[name][1]
    found = {}
    for label in labels:
        with tempfile.TemporaryDirectory(prefix="b2reduce_cold_") as cache:
            cold = _run(name, label, duration, 1, B2REDUCE_CACHE=cache)
        found[label] = {"seconds": [], "failed": cold.get("failed")}
        if not found[label]["failed"]:
            warm = _run(name, label, duration, 1)
            found[label]["build"] = cold["build"] or max(cold["first"] - warm["first"], 0.0)
    for seed in range(1, repeats + 1):
        for label in labels:
            if not found[label]["failed"]:
                one = _run(name, label, duration, seed)
                found[label]["seconds"].append(one["seconds"])
                found[label].update({key: one[key] for key in ("bytes", "spikes")})
    duration_ = seconds(duration)
    cells = sum(each.size for each in circuit.populations.values())
    steps = cells * duration_ / float(circuit.dt)
    rows = []
    for label, each in found.items():
        if each["failed"]:
            rows.append({"circuit": name, "engine": label, "failed": each["failed"]})
            continue
        median = float(np.median(each["seconds"]))
        events = events_of(circuit, each["spikes"])
        rows.append(
            {
                "circuit": name,
                "engine": label,
                "seconds": median,
                "spread": float(np.ptp(each["seconds"])),
                "real time": duration_ / median,
                "cell-steps/s": steps / median,
                "events/s": events / median,
                "MB": each["bytes"] / 1e6,
                "build s": each["build"],
                "Hz": sum(each["spikes"].values()) / (cells * duration_),
            }
        )
    return rows


@click.command(help=__doc__)
@click.option("--circuit", "circuits", multiple=True, type=click.Choice(list(CIRCUITS)))
@click.option("--engine", "engines", multiple=True, type=click.Choice(list(ENGINES)))
@click.option(
    "--repeats", default=3, show_default=True, type=click.IntRange(1), help="Turns of every engine."
)
@click.option(
    "--json", "path", type=click.Path(dir_okay=False), default="network_benchmarks.json", show_default=True
)
@click.option("--quick", is_flag=True, help="A moment each: shows that it runs, measures nothing.")
@click.option(
    "--parts", "split", is_flag=True, help="What the native engine spends where, instead of the table."
)
@click.option("--child", nargs=4, hidden=True)
def main(circuits, engines, repeats, path, quick, split, child):
    if child:
        _child(*child[:3], int(child[3]))
        return
    if split:
        os.environ["B2REDUCE_THREADS"] = "1"
        for name in circuits or CIRCUITS:
            setup, step, event = parts(name, QUICK if quick else None)
            click.echo(f"{name}: {setup:.3f} s to draw, {step:.2f} ns a cell-step, {event:.2f} ns an event")
        return
    import pandas as pd

    rows = []
    for name in circuits or CIRCUITS:
        click.echo(f"measuring {name}", err=True)
        rows += measure(name, engines or list(ENGINES), repeats, quick)
        Path(path).write_text(json.dumps(rows, indent=2), encoding="utf-8")
    table = pd.DataFrame(rows)
    reference = (
        table[table.engine == "brian2 standalone"].set_index("circuit").seconds if "seconds" in table else {}
    )
    if len(reference):
        table["times standalone"] = table.circuit.map(reference) / table.seconds
    click.echo(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))


if __name__ == "__main__":
    main()
