"""What a scan costs: a map of a thousand-cell network with one worker and with two, and its spiking runs
against a loop that rebuilds each point.

    python -m b2reduce.experiments.scans               6 x 6 points (about fifteen minutes)
    python -m b2reduce.experiments.scans --side 2      a look at it
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import click
import numpy as np

import b2reduce as b2r

SIZES = {"population.E.size": 800, "population.I.size": 200}


def timed(what):
    """Seconds that a call takes."""
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def grid(side):
    """Excitatory drive and strength of inhibition around the shipped circuit."""
    from brian2 import Hz, nS

    return {
        "drive.ext.rate": np.linspace(10, 20, side) * Hz,
        "projection.I->E.G": np.linspace(1.5, 2.5, side) * nS,
    }


def rebuild_each(circuit, points, duration):
    """The loop that a user writes: a network of Brian2's runtime mode at each point."""
    for point in points:
        b2r.simulate_spikes(circuit.replace(point), duration=duration, seed=1, engine="brian2")


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--side",
    default=6,
    show_default=True,
    type=click.IntRange(1),
    help="Points along each of the two parameters.",
)
@click.option(
    "--duration",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0.5, min_open=True),
    help="Of each spiking run, in seconds.",
)
@click.option(
    "--repeats",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Turns of the spiking scans; medians are shown.",
)
@click.option("--json", "path", type=click.Path(dir_okay=False), help="Write every sample.")
def main(side, duration, repeats, path):
    from brian2 import second

    circuit, values, duration = b2r.load_circuit("ei_lif").replace(SIZES), grid(side), duration * second
    points = [
        {"drive.ext.rate": rate, "projection.I->E.G": G}
        for rate in values["drive.ext.rate"]
        for G in values["projection.I->E.G"]
    ]
    samples, maps = {"one worker": [], "two workers": [], "loop": []}, {}
    click.echo(
        f"{len(points)} points of {' and '.join(values)}, {duration} of"
        f" {sum(p.size for p in circuit.populations.values())} cells each"
    )
    with tempfile.TemporaryDirectory(prefix="b2reduce_scans_") as folder:
        os.environ["B2REDUCE_CACHE"] = folder  # empty, so that building is seen
        build, again = (
            timed(lambda: b2r.simulate_spikes(circuit, duration=duration, seed=1, engine="standalone"))
            for _ in range(2)
        )
        rebuild_each(circuit, points[:1], duration)  # Brian2's own cache of compiled code is warm for both
        scans = {
            "one worker": lambda: b2r.scan(
                circuit, values, task="spikes", workers=1, duration=duration, progress=False
            ),
            "two workers": lambda: b2r.scan(
                circuit, values, task="spikes", workers=2, duration=duration, progress=False
            ),
            "loop": lambda: rebuild_each(circuit, points, duration),
        }
        for _ in range(repeats):
            for name, run in scans.items():
                samples[name].append(timed(run))
        median = {name: float(np.median(each)) for name, each in samples.items()}
        for name, each in median.items():
            click.echo(
                f"  spiking runs alone, {name:<12} {each:7.1f} s {60 * len(points) / each:7.1f} points a"
                f" minute, {median['loop'] / each:.2f} times as fast as the loop"
            )
        for workers in (1, 2):
            maps[workers] = timed(
                lambda: b2r.map_regimes(circuit, values, workers=workers, duration=duration, progress=False)
            )
            click.echo(
                f"  map with all levels, {workers} worker{'s' if workers > 1 else ' '} {maps[workers]:7.1f} s"
                f" {60 * len(points) / maps[workers]:7.1f} points a minute"
            )
        programs = len([entry for entry in (Path(folder) / "networks").iterdir() if entry.is_dir()])
    click.echo(
        f"  two workers against one: {maps[1] / maps[2]:.2f} (map),"
        f" {median['one worker'] / median['two workers']:.2f} (spiking runs)"
    )
    click.echo(
        f"  first run, its program built: {build:.1f} s; second run: {again:.2f} s; programs built for"
        f" everything above: {programs}"
    )
    if path:
        Path(path).write_text(
            json.dumps(
                {
                    "points": len(points),
                    "cores": os.cpu_count(),
                    "build seconds": build,
                    "run seconds": again,
                    "programs built": programs,
                    "spikes": samples,
                    "map": maps,
                },
                indent=2,
            ),
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
