"""The table of what was timed."""

from __future__ import annotations

import sys

import numpy as np

GROWTH_TIME_ = 0.02  # s of biological time: a million cells of Brian2 in seconds


def ratios(result):
    """{what: (ratio, target or None)} of one workload.

    This engine has one thread, against jax as many as jax has.
    """
    found = result["competitors"]
    speed = lambda name: found[name].get("cell-steps per second", np.nan)
    own = speed("this engine")
    values = {"brian2": own / speed("brian2"), "threads": speed("this engine, 2 threads") / own}
    if "brian2, cold" in found:
        values["brian2 cold"] = found["brian2, cold"]["median"] / found["this engine, cold"]["median"]
    if "median" in found.get("by hand", ()):
        values["by hand"] = own / speed("by hand")
    if "median" in found.get("jax", ()):  # which spreads over the cores by itself
        values["jax"] = speed("this engine, 2 threads") / speed("jax")
    return {name: (float(value), result["targets"].get(name)) for name, value in values.items()}


def show(data):
    """Tables of everything measured."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 130, highlight=False)
    for name, result in data["workloads"].items():
        table = Table(
            title=f"{name}: {result['title']}, {result['cell-steps'] / 1e6:.3g} M cell-steps",
            title_justify="left",
        )
        for column in ("", "median (s)", "M cell-steps/s", "this engine is faster by", "disagreement"):
            table.add_column(column, justify="left" if not column else "right")
        own = result["competitors"]["this engine"]["cell-steps per second"]
        noisy = result["early stopping"] is None
        for competitor, entry in result["competitors"].items():
            if "missing" in entry:
                table.add_row(competitor, entry["missing"], "", "", "")
                continue
            apart = entry.get("disagreement")
            table.add_row(
                competitor,
                f"{entry['median']:.4g}",
                f"{entry['cell-steps per second'] / 1e6:.4g}",
                f"{own / entry['cell-steps per second']:.3g}",
                "" if apart is None else f"{apart:.1f} s.e. of the mean" if noisy else f"{apart} spikes",
            )
        console.print(table)
        for what, (value, target) in ratios(result).items():
            console.print(
                f"  {what}: {value:.3g}"
                + (
                    ""
                    if target is None
                    else f" (hoped for {target:g}: {'reached' if value >= target else 'not reached'})"
                )
            )
        if not noisy:
            saved = result["early stopping"]
            console.print(
                f"  early stopping: {saved['steps saved']:.3g} times fewer steps, {saved['time saved']:.3g}"
                " times less time"
            )
    if data["growth"]:
        table = Table(
            title=f"growth: LIF with a Poisson conductance, {GROWTH_TIME_ * 1e3:g} ms, one thread",
            title_justify="left",
        )
        for column in ("engine", "cells", "seconds", "peak memory (MB)", "bytes per cell"):
            table.add_column(column, justify="right")
        for row in data["growth"]:
            table.add_row(
                row["engine"],
                f"{row['cells']:,}",
                f"{row['seconds']:.3g}",
                f"{row['peak bytes'] / 1e6:.0f}",
                "" if np.isnan(row["bytes per cell"]) else f"{row['bytes per cell']:.0f}",
            )
        console.print(table)
