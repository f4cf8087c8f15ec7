"""How cells are run for a measurement: for how long, how many, how finely."""

from __future__ import annotations

from dataclasses import dataclass

from ..basics.arguments import seconds, whole
from ..basics.provenance import versions
from .settings import check_engine, check_initial, check_replicates, check_rtol, run_times

__all__ = ["CellRun", "cell_run"]


@dataclass(frozen=True)
class CellRun:
    """The settings of a measurement, SI.

    Attributes
    ----------
    duration_, warmup_ : float
        Of every cell, s; the rate leaves the warm-up out.
    adaptive : bool
        Whether cells may end before or after `duration_`.
    replicates : int
        Cells per point.
    dt_ : float
    fixed : bool
        The step is the caller's wish and stays.
    seed : int
    rtol : float or None
        Wanted relative standard error of rates in noise.
    initial : "rest" or mapping
    engine : {"auto", "native", "brian2"}
    threads : int or None
    """

    duration_: float
    warmup_: float
    adaptive: bool
    replicates: int
    dt_: float
    fixed: bool
    seed: int
    rtol: float | None = None
    initial: object = "rest"
    engine: str = "auto"
    threads: int | None = None

    def provenance(self, model, points):
        """What was run, and by what."""
        return {
            "model": model.name,
            "model_hash": model.hash,
            "engine": points.engine,
            "dt [s]": points.dt,
            "duration [s]": self.duration_,
            "early_stopping": self.adaptive,
            "warmup [s]": self.warmup_,
            "replicates": self.replicates,
            "rtol": self.rtol,
            "seed": self.seed,
            "initial": self.initial if isinstance(self.initial, str) else "given",
            "versions": versions(),
        }


def cell_run(model, noisy, *, duration, warmup, replicates, rtol, dt, seed, initial, engine, threads):
    """The settings of a measurement as users give them, checked and chosen where they are not given."""
    check_engine(engine, threads)
    check_rtol(rtol)
    duration_, warmup_ = run_times(duration, warmup, noisy)
    return CellRun(
        duration_,
        warmup_,
        adaptive=duration is None,
        replicates=check_replicates(replicates, noisy),
        dt_=seconds(dt, "dt") or float(model.dt),
        fixed=dt is not None,
        seed=whole(seed, "seed"),
        rtol=rtol,
        initial=check_initial(initial),
        engine=engine,
        threads=threads,
    )
