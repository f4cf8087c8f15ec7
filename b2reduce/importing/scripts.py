"""The network of a script as a circuit: the script runs up to its first run(), in a process of its own."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..basics.errors import CircuitError
from ..basics.processes import run_process
from ..circuit.circuit import load_circuit
from .audit import COLUMNS
from .first_run import AUDIT, CIRCUIT

if TYPE_CHECKING:
    import pandas

    from ..circuit.circuit import Circuit

__all__ = ["ScriptImport", "import_script", "is_script"]


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
    """

    circuit: Circuit
    table: pandas.DataFrame
    warnings: tuple[str, ...]
    printed: str


def is_script(name: Any) -> bool:
    """Whether what stands in place of a circuit is a script of Python's."""
    return str(name).endswith(".py")


def import_script(path: Any) -> ScriptImport:
    """The network that a script would run first.

    The script is a program: it is run as Python runs it, up to the first run() of a network. Only
    ``set_device`` does nothing.

    Raises
    ------
    CircuitError
        If the script fails before, never runs a network, or the network cannot be taken along.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise CircuitError(f"there is no script {path}")
    with tempfile.TemporaryDirectory(prefix="b2reduce_script_") as folder:
        command = [sys.executable, "-m", f"{__package__}.first_run", str(path), folder]
        package = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
        # What a script draws before its run has no window to wait for
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
    return ScriptImport(circuit, table, tuple(found["warnings"]), printed)
