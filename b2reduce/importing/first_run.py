"""Runs a script up to its first run(), and writes the circuit of the network that it would have run.

``python -m b2reduce.importing.first_run SCRIPT FOLDER [WORD...]`` in a process of its own: the script is the
user's program, and does here whatever it does elsewhere. It ends where it would simulate.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import time
import traceback
from pathlib import Path

CIRCUIT, AUDIT, PROGRESS, _CLAIMED = "circuit.toml", "audit.json", "progress.json", "claimed"
#: Words behind the folder: leave out what a circuit cannot have; run the network with shuffled weights too.
LEAVE_OUT, SHUFFLE = "leave-out", "shuffle"
#: How it can go wrong: the network is refused, the script fails by itself, it runs nothing, the import fails.
REFUSED, SCRIPT, NO_RUN, FAULT = "refused", "script", "no run", "fault"

_PATIENCE_ = 600.0  # s
_AGAIN_ = 2.0  # s until an interrupt that was not heard is sent again

__all__ = [
    "AUDIT",
    "CIRCUIT",
    "FAULT",
    "LEAVE_OUT",
    "NO_RUN",
    "PROGRESS",
    "REFUSED",
    "SCRIPT",
    "SHUFFLE",
    "main",
]


class _Reached(BaseException):
    """The script has come to its run, which no `except Exception` of its own shall keep from ending it."""


def main(script, folder, *words, look=None):
    """Leave the circuit, or what went wrong and how, in a folder.

    Parameters
    ----------
    script, folder : path
    words : str
        `LEAVE_OUT`, `SHUFFLE`.
    look : callable, optional
        Called with the `Imported` where the script stands, with its objects alive; what it returns is left
        as ``look``.
    """
    folder, first = Path(folder), os.getpid()
    if SHUFFLE in words:
        look = lambda imported: _shuffled(imported, folder)

    def reached(found, imported):
        own = _leave(folder, found, imported)
        if os.getpid() == first:
            raise _Reached
        if own:  # in a worker of the script's, for which the script waits
            # Where Python starts a process or a thread an interrupt may be lost: it is sent until it is heard
            for _ in range(round(_PATIENCE_ / _AGAIN_)):
                try:
                    os.kill(first, signal.SIGINT)
                except ProcessLookupError:
                    break
                time.sleep(_AGAIN_)
            os._exit(0)
        time.sleep(_PATIENCE_)  # another worker was first, with which this one ends

    _stop_at_run(reached, Path(script).stem, LEAVE_OUT not in words, look)
    sys.argv, sys.path[0] = [str(script)], str(Path(script).resolve().parent)
    how, error = NO_RUN, "the script came to its end without any run() in this process"
    try:
        runpy.run_path(str(script), run_name="__main__")
    except _Reached:
        return  # at its first run, of which all is written
    except SystemExit:
        error = "the script ended itself before any run()"
    except BaseException as raised:
        how, error = SCRIPT, _said(raised, script)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it was heard
    _leave(folder, {"how": how, "error": error}, None)


def _leave(folder, found, imported):
    """Write what was found, and whether: only what comes first is."""
    try:
        (folder / _CLAIMED).touch(exist_ok=False)
    except FileExistsError:
        return False
    if imported is not None:
        imported.circuit.save(folder / CIRCUIT)
        found["rows"], found["warnings"] = imported.table.values.tolist(), list(imported.warnings)
    whole = folder / f"{AUDIT}.part"
    whole.write_text(json.dumps(found), encoding="utf-8")
    whole.replace(folder / AUDIT)
    return True


def _shuffled(imported, folder):
    """What is found of a network when its weights are shuffled."""
    from .taken_away import compared_shuffled

    source = imported._source
    if not source.blocks:
        return {}
    stage = "your network with its weights as they are, and shuffled"

    def report(fraction):
        # Whole or not at all: another process reads it
        (folder / "next").write_text(json.dumps([fraction, stage]), encoding="utf-8")
        (folder / "next").replace(folder / PROGRESS)

    report(0.0)
    return {"moved": compared_shuffled(source, report)}


def _stop_at_run(reached, name, strict, look):
    """Put the import in place of every run, and keep the script from another device than this process has."""
    import brian2
    from brian2.core.namespace import get_local_namespace
    from brian2.core.network import Network

    from ..basics.errors import B2reduceError
    from .from_brian2 import imported_of

    simulate = Network.run

    def instead(self, duration, report=None, report_period=None, namespace=None, profile=None, level=0):
        # As run() itself finds the caller: the two functions around it are not around this one
        visible = get_local_namespace(level=level + 1)
        given = visible if namespace is None else dict(namespace)
        found, imported = {"how": None, "error": None}, None
        try:
            imported = imported_of(list(self.objects), given, visible, strict=strict, name=name)
            if look is not None:
                Network.run = simulate
                found["look"] = look(imported)
                Network.run = instead
        except B2reduceError as error:
            found["how"], found["error"] = REFUSED, str(error)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            found["how"] = FAULT
            found["error"] = (
                f"from_brian2 failed with {type(error).__name__}: {error} (line {place.lineno} of"
                f" {Path(place.filename).name}), which is no fault of the script; please report it"
            )
        reached(found, imported)

    Network.run = instead
    # By their names: brian2.devices.device is also what stands for the active device
    for module in ("brian2", "brian2.only", "brian2.devices", "brian2.devices.device"):
        if "set_device" in vars(sys.modules.get(module, brian2)):
            sys.modules[module].set_device = lambda *arguments, **options: None


def _said(error, script):
    """What went wrong, with the line of the script."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(script)
    ]
    where = f"line {lines[-1]} of " if lines else ""
    return f"{where}{script} raised {type(error).__name__}: {error}"


if __name__ == "__main__":
    main(*sys.argv[1:])
