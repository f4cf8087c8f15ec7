"""The network of a script as a circuit: the script runs up to its first run(), in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..basics.errors import CircuitError
from ..basics.interrupts import undisturbed
from ..basics.processes import run_process
from ..basics.progress import Progress
from ..circuit.circuit import load_circuit
from .audit import COLUMNS
from .first_run import AUDIT, CIRCUIT, LEAVE_OUT, PROGRESS, SHUFFLE

if TYPE_CHECKING:
    import pandas

    from ..circuit.circuit import Circuit

__all__ = ["ScriptImport", "import_script", "is_script"]

_LOOK_ = 0.5  # s between looks at how far a process is


@dataclass(frozen=True)
class ScriptImport:
    """
    Attributes
    ----------
    circuit : Circuit
    table : pandas.DataFrame
        As of `Imported`.
    warnings : tuple of str
    printed : str
        By the script.
    moved : str or None
        What is said of rates that move when weights are shuffled, where that was asked for.
    """

    circuit: Circuit
    table: pandas.DataFrame
    warnings: tuple[str, ...]
    printed: str
    moved: str | None = None


def is_script(name: Any) -> bool:
    """Whether what stands in place of a circuit is a script of Python's."""
    return str(name).endswith(".py")


def import_script(
    path: Any, *, strict: bool = True, shuffle: bool = False, progress: Any = None
) -> ScriptImport:
    """The network that a script would run first.

    The script is a program: it is run as Python runs it, up to the first run() of a network. Only
    ``set_device`` does nothing.

    Parameters
    ----------
    path : path
    strict : bool
        As of `from_brian2`.
    shuffle : bool
        Where weights differ within what became one projection, run the network there as it is, and once more
        with these weights shuffled.
    progress : optional
        As of `Progress`, of these runs.

    Raises
    ------
    CircuitError
        If the script fails before, never runs a network, the network cannot be taken along, or it cannot be
        run where that is asked for.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise CircuitError(f"there is no script {path}")
    with tempfile.TemporaryDirectory(prefix="b2reduce_script_") as folder:
        words = [*([] if strict else [LEAVE_OUT]), *([SHUFFLE] if shuffle else [])]
        command = [sys.executable, "-m", f"{__package__}.first_run", str(path), folder, *words]
        package = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
        # What a script draws before its run has no window to wait for
        with Progress(progress) as shown, _followed(Path(folder) / PROGRESS, shown):
            done = run_process(command, env={"MPLBACKEND": "agg", **os.environ, "PYTHONPATH": paths})
        printed = done.stdout + done.stderr
        audit = Path(folder) / AUDIT
        if not audit.is_file():
            raise CircuitError(
                f"{path}: the script ended its own process; the last that it said: {printed[-500:]}"
            )
        found = json.loads(audit.read_text(encoding="utf-8"))
        if found["error"]:
            raise CircuitError(f"{path}: {found['error']}")
        circuit = load_circuit(Path(folder) / CIRCUIT)
    table = pd.DataFrame(found["rows"], columns=list(COLUMNS))
    moved = (found.get("look") or {}).get("moved")
    return ScriptImport(circuit, table, tuple(found["warnings"]), printed, moved)


@contextmanager
def _followed(path, progress):
    """Report the progress that a process leaves in a file, once it is there."""
    ended = threading.Event()

    def follow():
        report = None
        while not ended.wait(_LOOK_):
            with contextlib.suppress(OSError, ValueError):
                fraction, stage = json.loads(path.read_text(encoding="utf-8"))
                report = report or progress.stage(stage)
                report(fraction)

    with undisturbed():
        thread = threading.Thread(target=follow, daemon=True, name="b2reduce follows")
        thread.start()
    try:
        yield
    finally:
        with undisturbed():
            ended.set()
            thread.join()
