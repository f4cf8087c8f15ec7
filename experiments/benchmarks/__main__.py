"""Times this engine against others on the same cells; prints a table and writes JSON."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import click
import numpy as np

from .competitors import COMPETITORS, cold, missing
from .table import GROWTH_TIME_, ratios, show
from .workloads import WORKLOADS, workload

CHILD = [sys.executable, "-m", "b2reduce.experiments.benchmarks"]
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def measure(name, repeats, quick):
    """All competitors on one workload, in turns: {competitor: {"seconds": [...], ...}}."""
    work, ready, found = workload(name, quick), {}, {}
    for competitor, (prepare, threads, module, only) in COMPETITORS.items():
        if only is None or name in only:
            if missing(module):
                found[competitor] = {"missing": f"{module} is not installed"}
                continue
            ready[competitor] = prepare(work, threads)
            found[competitor] = {"seconds": []}
            if hasattr(ready[competitor], "built"):
                found[competitor]["build seconds"] = ready[competitor].built
    counts = {}
    for _ in range(repeats):
        for competitor, run in ready.items():
            seconds, counts[competitor] = run()
            found[competitor]["seconds"].append(seconds)
    reference = counts["this engine"]
    for competitor in ready:
        entry, own = found[competitor], counts[competitor]
        entry["median"] = float(np.median(entry["seconds"]))
        entry["cell-steps per second"] = work.steps / entry["median"]
        entry["disagreement"] = _disagreement(own, reference, noisy=bool(work.cells.sources))
    for competitor in ("this engine", "brian2") if work.cold else ():
        samples = [_cold(competitor, name, quick) for _ in range(repeats)]
        found[f"{competitor}, cold"] = {
            "seconds": samples,
            "median": float(np.median(samples)),
            "cell-steps per second": work.steps / float(np.median(samples)),
        }
    return {
        "title": work.title,
        "cell-steps": work.steps,
        "targets": work.targets,
        "competitors": found,
        "early stopping": _early_stopping(work),
    }


def _disagreement(counts, reference, noisy):
    """Largest difference of a cell's spike count; in noise that of the mean, in standard errors."""
    if not noisy:
        return int(np.max(np.abs(np.asarray(counts, dtype=int) - reference)))
    # The same cells with other random numbers: differences of a cell scatter, and their mean with
    # 1/sqrt(cells).
    difference = np.asarray(counts, dtype=float) - reference
    return float(abs(difference.mean()) / max(difference.std() / np.sqrt(difference.size), 1e-12))


def _cold(competitor, name, quick):
    with tempfile.TemporaryDirectory(prefix="b2reduce_cold_") as folder:
        command = [*CHILD, "--child-cold", competitor, name, folder, *(["--quick"] if quick else [])]
        done = subprocess.run(
            command, env={**os.environ, "B2REDUCE_CACHE": folder}, capture_output=True, text=True, check=True
        )
    return float(done.stdout.splitlines()[-1])


def _early_stopping(work):
    """What cells that end by themselves save.

    Steps and time of all run in full, over those of cells that stop. None in noise.
    """
    from b2reduce.cells.engine import Settled, simulate_cells

    if work.cells.sources:
        return None
    seconds, simulated = {}, {}
    for key, stop in (("full", lambda: None), ("stopped", Settled)) * 3:
        start = time.perf_counter()
        statistics, _ = simulate_cells(
            work.cells,
            work.duration_,
            work.warmup_,
            work.dt_,
            seed=1,
            engine="native",
            threads=1,
            stop=stop(),
        )
        seconds.setdefault(key, []).append(time.perf_counter() - start)
        simulated[key] = float(statistics.time.sum())
    return {
        "steps saved": simulated["full"] / simulated["stopped"],
        "time saved": float(np.median(seconds["full"]) / np.median(seconds["stopped"])),
    }


def growth(quick):
    """Time and peak memory over the number of cells, each in a process of its own."""
    rows = []
    for engine in ("native", "brian2"):
        for size in SIZES[:2] if quick else SIZES:
            done = subprocess.run(
                [*CHILD, "--child-growth", engine, str(size)], capture_output=True, text=True, check=True
            )
            seconds, peak = map(float, done.stdout.split()[-2:])
            rows.append({"engine": engine, "cells": size, "seconds": seconds, "peak bytes": peak})
    for row in rows:
        base = next(other for other in rows if other["engine"] == row["engine"])
        row["bytes per cell"] = (
            (row["peak bytes"] - base["peak bytes"]) / (row["cells"] - base["cells"])
            if row is not base
            else float("nan")
        )
    return rows


def _growth_child(engine, size):
    import b2reduce as b2r
    from b2reduce.cells.engine import Cells, Source, simulate_cells
    from b2reduce.circuit.synapses.exponential import ExponentialConductance

    rng = np.random.default_rng(0)
    make = lambda n: Cells(
        b2r.load_model("lif"),
        n,
        {"I_app": rng.uniform(0, 1e-9, n), "g_L": np.full(n, 16.7e-9)},
        (Source("s0", ExponentialConductance(0.4e-9, 5e-3, 0.0), 4000.0),),
    )
    # Compiled, so that its memory is not the compiler's
    simulate_cells(make(10), GROWTH_TIME_, 0.0, 1e-4, engine=engine, threads=1)
    start = time.perf_counter()
    simulate_cells(make(size), GROWTH_TIME_, 0.0, 1e-4, engine=engine, threads=1)
    print(time.perf_counter() - start, _peak_memory())


def _peak_memory():
    """Largest memory of this process in bytes, without what its parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(
            next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def machine():
    """Where this was measured."""
    from b2reduce.basics.compiler import compile_flags, compiler_identity

    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        cpu = next(
            (
                line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")
            ),
            cpu,
        )
    version = lambda name: (
        metadata.version(name)
        if any(d.metadata["Name"].lower() == name for d in metadata.distributions())
        else None
    )
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "compiler": compiler_identity()[1].splitlines()[0],
        "flags": " ".join(compile_flags()),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("b2reduce", "brian2", "numpy", "cython", "jax")},
    }


@click.command(help=__doc__)
@click.option(
    "--workload",
    "names",
    multiple=True,
    type=click.Choice([*WORKLOADS, "growth"]),
    help="Only this one; may be repeated. All by default.",
)
@click.option(
    "--repeats",
    default=5,
    show_default=True,
    type=click.IntRange(1),
    help="Turns of every competitor; medians are shown.",
)
@click.option(
    "--json",
    "path",
    type=click.Path(dir_okay=False),
    default="benchmarks.json",
    show_default=True,
    help="Where every sample is written.",
)
@click.option("--quick", is_flag=True, help="A few cells for a moment: shows that it runs, measures nothing.")
@click.option("--child-cold", nargs=3, hidden=True)
@click.option("--child-growth", nargs=2, hidden=True)
def main(names, repeats, path, quick, child_cold, child_growth):
    if child_cold:
        competitor, name, folder = child_cold
        print(cold(competitor, workload(name, quick), folder))
        return
    if child_growth:
        _growth_child(child_growth[0], int(child_growth[1]))
        return
    chosen = names or (*WORKLOADS, "growth")
    data = {"machine": machine(), "repeats": repeats, "quick": quick, "workloads": {}, "growth": []}
    for name in chosen:
        click.echo(f"measuring {name}", err=True)
        if name == "growth":
            data["growth"] = growth(quick)
        else:
            data["workloads"][name] = measure(name, repeats, quick)
            data["workloads"][name]["ratios"] = {
                what: value for what, (value, _) in ratios(data["workloads"][name]).items()
            }
    Path(path).write_text(json.dumps(data, indent=2, default=float).replace("NaN", "null"), encoding="utf-8")
    show(data)
    click.echo(f"every sample: {path}", err=True)


if __name__ == "__main__":
    main()
