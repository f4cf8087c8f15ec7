"""Programs of spiking networks, kept in the cache folder: one serves all circuits of one structure.

They are built in a process of their own, so that no session's device changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys

from ...basics.compiler import BuildError, compiler_identity, said_by, the_compiler
from ...basics.environment import cache_folder
from ...basics.files import temporary_folder
from ...basics.locks import locked
from ...basics.private_folders import aside, close, discard, private_folder, refusal
from ...basics.processes import run_process
from ...basics.provenance import versions
from ...circuit.spike_counts import HELD
from .program_build import ProgramError, digest

__all__ = ["build_program", "clean_programs", "structure_of", "without_compiler"]

MOST_PROGRAMS = 20  # of the cache; the least recently used go first


def structure_of(circuit, seed, dt_, duration_, record, state=None):
    """What two circuits must share to be run by one program, as plain data."""
    data = circuit.to_dict()
    for key in ("name", "title", "cite"):
        data.pop(key, None)
    entries = (*circuit.projections, *circuit.drives)
    for item, entry in zip([*data.get("projections", ()), *data.get("drives", ())], entries):
        if not entry.differing:  # what is drawn for those that differ depends on all of it
            for number in entry.synapse_kind.numbers():  # arguments; words are part of the program
                item.pop(number.name, None)
    for item, drive in zip(data.get("drives", ()), circuit.drives):
        # The number of inputs multiplies the rate, but where trains have synapses of their own; rates over
        # cells are arrays of the program, and recorded trains are part of it
        if drive.constant and not (drive.uneven or drive.many_rates):
            if drive.by_trains:
                item.pop("rate")
            elif drive.sizes is None:
                item.pop("rate")
                item.pop("inputs")
    # The number of synapses is part of the program: where chance decides it, every seed has its own.
    chance = any(projection.probability is not None for projection in circuit.projections)
    return {
        "circuit": data,
        "dt": dt_,
        "duration": duration_,
        "record": record,
        "counts": HELD,
        "versions": versions(),
        **({"seed": seed} if chance else {}),
        **({} if state is None else {"state": state.structure}),
    }


def without_compiler():
    """What is to be said where there is no compiler, or none that builds programs; else empty."""
    try:
        compiler = the_compiler()
    except BuildError as reason:
        return f"got 'standalone', but {reason}; until then use engine = 'brian2'"
    if not compiler.system.makes_programs:
        return f"got 'standalone', which does not run on {compiler.system.name}; use 'auto' or 'brian2'"
    if shutil.which("make") is None:
        return "got 'standalone', but the program make is missing; install it, or use 'auto' or 'brian2'"
    return ""


def _key(structure):
    return hashlib.sha256(
        "\0".join([json.dumps(structure, sort_keys=True), compiler_identity()[1]]).encode()
    ).hexdigest()[:24]


def _programs():
    """The folder of all programs, which only this user can write."""
    return private_folder(private_folder(cache_folder(), link=True) / "networks")


def clean_programs():
    """Remove all compiled networks; returns how many there were."""
    place = cache_folder() / "networks"
    folders = (
        [] if place.is_symlink() else [path for path in place.glob("*") if (path / "program.json").exists()]
    )
    for path in folders:
        discard(path)
    return len(folders)


def _usable(folder):
    """Whether a program is there, whole, and nobody else's."""
    if any(refusal(path) for path in (folder, *folder.rglob("*"))):
        return False
    try:
        files = json.loads((folder / "program.json").read_text(encoding="utf-8"))["files"]
        return all(digest(folder / name) == known for name, known in files.items())
    except (OSError, ValueError, KeyError):
        return False


def build_program(circuit, seed, dt_, duration_, record, state=None):
    """Folder of the compiled network of a circuit, from the cache or built into it.

    Raises
    ------
    ProgramError
        If there is no compiler, or the build fails.
    """
    key, programs = _key(structure_of(circuit, seed, dt_, duration_, record, state)), _programs()
    folder = programs / key
    if _usable(folder):
        os.utime(folder)
        return folder
    lock = programs / f"{key}.lock"
    if refusal(lock) is not None:
        discard(lock)
    # Two workers that need the same program wait for one build.
    with locked(lock):
        if not _usable(folder):
            with temporary_folder(".build_", programs) as place:
                order = {
                    "circuit": circuit.to_dict(),
                    "seed": seed,
                    "dt": dt_,
                    "duration": duration_,
                    "record": record,
                    "folder": str(place / "program"),
                    "state": None if state is None else state.structure,
                }
                (place / "temporary").mkdir()  # of Brian2 and of the compiler: gone with the rest
                done = run_process(
                    [sys.executable, "-m", "b2reduce.networks.engines.program_build"],
                    input=json.dumps(order),
                    errors="replace",
                    env={
                        **os.environ,
                        "CXX": shlex.join(compiler_identity()[0]),
                        "TMPDIR": str(place / "temporary"),
                    },
                )
                if done.returncode:
                    _, own, said = done.stderr.strip().rpartition("ProgramError: ")
                    raise ProgramError(
                        f"circuit {circuit.name!r}: Brian2's standalone mode failed to build it:"
                        f" {said if own else said_by(done)}"
                    )
                close(place / "program")
                discard(folder)
                if os.path.lexists(folder):  # another user's, and not empty
                    folder = aside(folder, "cannot be removed") / key
                os.replace(place / "program", folder)
    _trim(programs)
    return folder


def _trim(programs):
    folders = sorted(
        (path for path in programs.glob("*") if (path / "program.json").exists()),
        key=lambda path: path.stat().st_mtime,
    )
    for path in folders[:-MOST_PROGRAMS]:
        discard(path)
