"""Generated texts of kernels and of cells, kept between sessions.

Brian2 takes longer to derive a Runge-Kutta step than a compiled kernel to run a sweep.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import fields
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

from ...basics.environment import cache_folder
from ...basics.private_folders import discard, private_folder, refusal
from ...basics.provenance import versions
from .cell_code import CellCode, cell_code
from .codegen import KernelSource, generate

__all__ = ["clean_sources", "kept_code", "kernel_source"]

MOST_FILES = 400  # of the cache; the least recently used go first


@lru_cache(maxsize=1)
def _generator():
    """What decides the text besides the model: this package's own code and the versions of what it calls."""
    files = resources.files("b2reduce.cells.engine")
    return "\0".join(
        [
            *(
                files.joinpath(name).read_text(encoding="utf-8")
                for name in (
                    "codegen.py",
                    "cell_code.py",
                    "hoisting.py",
                    "rendering.py",
                    "common.cpp",
                    "kernel.cpp",
                )
            ),
            json.dumps(dict(versions())),
        ]
    )


def _key(model, per_cell, synapses, dt_, method, poisson, *also):
    """What decides the text of a model with synapses."""
    labels = list(poisson)
    written = model.cell_equations(synapses, per_cell=per_cell, poisson=labels, method=method)
    values = {
        name: [float(np.asarray(value)), str(getattr(value, "dim", ""))]
        for name, value in written.namespace.items()
    }
    parts = [
        written.equations,
        written.threshold,
        written.reset,
        str(written.refractory),
        written.method,
        written.events,
        values,
        list(per_cell),
        {label: synapse.jumps(label, model) for label, synapse in synapses.items()},
        labels,
        dt_,
        *also,
        f"{model.equations}\n{model.threshold}\n{model.reset}\n{model.refractory}",
    ]
    return hashlib.sha256("\0".join([_generator(), json.dumps(parts, sort_keys=True)]).encode()).hexdigest()[
        :32
    ]


def kernel_source(model, per_cell, synapses, dt_, method=None, swinging=False):
    """What `generate` makes, from the cache or kept there.

    Raises
    ------
    NotExpressible
        As `generate` does.
    """
    key = _key(model, per_cell, synapses, dt_, method, synapses, *(["swinging"] if swinging else []))
    make = lambda: generate(model, per_cell, synapses, dt_, method, swinging)
    return _kept(f"source_{key}.json", KernelSource, make)


def kept_code(model, per_cell, synapses, dt_, poisson):
    """What `cell_code` makes of a cell of a network, from the cache or kept there.

    Raises
    ------
    NotExpressible
        As `cell_code` does.
    """
    key = _key(model, per_cell, synapses, dt_, None, poisson, "network")
    make = lambda: cell_code(model, per_cell, synapses, dt_, poisson=poisson)
    return _kept(f"source_{key}.json", CellCode, make)


def _kept(name, kind, make):
    """What `make` makes, of a kind, from the file of that name in the cache or kept there."""
    try:
        folder = private_folder(cache_folder(), link=True)
    except OSError:  # no cache here: the compiler's part says so where it matters
        return make()
    if (kept := _read(folder / name, kind)) is not None:
        return kept
    made = make()
    with contextlib.suppress(OSError):  # a cache that may only be read
        _write(folder, name, made)
    return made


def _read(path, kind):
    """What is kept in a file, or None if there is nothing that can be trusted."""
    try:
        if refusal(path) is not None or not path.is_file():
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        os.utime(path)
    except (OSError, ValueError):
        return None
    digest = data.pop("digest", None) if isinstance(data, dict) else None
    if digest is None or digest != _digest(data) or set(data) != {field.name for field in fields(kind)}:
        return None
    # Lists have the types that the fields name
    types = {"tuple": tuple, "set": set}
    return kind(
        **{
            field.name: types[field.type](data[field.name]) if field.type in types else data[field.name]
            for field in fields(kind)
        }
    )


def _write(folder, name, made):
    data = {
        field.name: sorted(value) if isinstance(value := getattr(made, field.name), set) else value
        for field in fields(made)
    }
    data = json.loads(json.dumps(data))
    handle, place = tempfile.mkstemp(dir=folder, prefix=".source_")  # nobody else may read or write it
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({**data, "digest": _digest(data)}, file)
        os.replace(place, folder / name)
    except BaseException:
        os.unlink(place)
        raise
    for path in sorted(folder.glob("source_*.json"), key=_used)[:-MOST_FILES]:
        discard(path)


def _digest(data):
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _used(path):
    try:
        return path.lstat().st_mtime
    except OSError:  # gone meanwhile
        return 0.0


def clean_sources():
    """Remove all kept texts; returns how many there were."""
    files = list(Path(cache_folder()).glob("source_*.json"))
    for path in files:
        discard(path)
    return len(files)
