"""Tasks and grids of scans that do no work: what they note and when they die is what tests look at."""

import os
import signal
import time
from pathlib import Path

import pandas as pd
from brian2 import Hz, nS

GRID = {"drive.ext.rate": [8, 12, 16] * Hz, "projection.I->E.G": [0.2, 0.3] * nS}


def product(circuit, seed, folder=None, wait=0.0, deadly=None, always=False):
    """A task that computes something cheap; it notes each call, and dies where it is told to."""
    rate, G = circuit.drives[0].rate_, float(next(p.G for p in circuit.projections if p.source == "I"))
    if folder is not None:
        (Path(folder) / f"{rate:g}_{G:g}_{time.time_ns()}_{os.getpid()}").touch()
    time.sleep(wait)
    if deadly == rate:
        marker = Path(folder) / "died"
        if always or not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return {"value": rate * G * 1e9 + seed, "third": rate / 3}


def expected():
    return pd.DataFrame(
        [
            (n, rate, G * 1e-9, rate * G + 1, rate / 3, "ok")
            for n, (rate, G) in enumerate((r, g) for r in (8.0, 12.0, 16.0) for g in (0.2, 0.3))
        ],
        columns=["point", "drive.ext.rate [Hz]", "projection.I->E.G [S]", "value", "third", "status"],
    )


def sleeps(circuit, seed, folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(3600)
