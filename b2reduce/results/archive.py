"""Results as folders of JSON, npz and CSV: read back bit for bit, and readable without this package.

``b2reduce.json`` holds the object as plain data, with ``{"array": name}`` where ``arrays.npz`` holds an
array, and the hashes of both; tables stand beside it as CSV for people. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..basics.arguments import described
from ..basics.codec.documents import FORMAT, from_document
from ..basics.codec.encode import encode
from ..basics.codec.register import is_registered, parts_of
from ..basics.codec.sealed import read_sealed, sealed_text
from ..basics.errors import InputError
from ..basics.files import output_folder, read_plain_file, write_bytes

if TYPE_CHECKING:
    from typing import Any

    from ..basics.types import PathLike

__all__ = ["NOTE", "add_archive", "read_archive", "save"]

NOTE, ARRAYS = "b2reduce.json", "arrays.npz"


def save(result: Any, path: PathLike) -> None:
    """Write a result into a new folder, from which `load` reads it back.

    Parameters
    ----------
    result : object
        A result of this package, a list or mapping of them, or a table, Quantity or array.
    path : path
        Must not exist, or be empty. A validation is better saved by its own `save`, which adds the report.

    Raises
    ------
    InputError
        If the result is of another kind.
    OutputError
        If the folder holds files already or cannot be made.

    Examples
    --------
    >>> import os, tempfile
    >>> from brian2 import nA, nS
    >>> from b2reduce import measure_fi
    >>> surface = measure_fi("lif", [0.3, 0.4]*nA, [20]*nS)
    >>> folder = os.path.join(tempfile.mkdtemp(), "surface")
    >>> save(surface, folder)
    >>> bool((read_archive(folder).rate_ == surface.rate_).all())
    True
    """
    if result is None or isinstance(result, (bool, int, float, complex, str, bytes)):
        raise InputError(
            f"save, result: got {described(result)}, expected what a function of this package returned,"
            " such as a ReducedCircuit, an Activity or a Validation"
        )
    path = folder_path(path)
    files = archive_files(result)
    with output_folder(path) as place:
        _write(files, place)


def folder_path(path):
    """A Path, or an error that says what was got."""
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path: got {described(path)}, expected the path of a folder")
    return Path(path)


def add_archive(result, folder):
    """Write the files of a result into a folder that exists."""
    _write(archive_files(result), Path(folder))


def archive_files(result):
    """{name: bytes} of the files of a result."""
    arrays = {}
    data = encode(result, arrays)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    files = {ARRAYS: content.getvalue()}
    note = {
        "kind": type(result).__name__,
        "files": {ARRAYS: hashlib.sha256(files[ARRAYS]).hexdigest()},
        "data": data,
    }
    for number, (name, text) in enumerate(tables_of(result)):
        name = f"tables/{_file_name(name)}"
        # Halves of letters, which no file takes, are escaped
        files[f"{name}_{number}.csv" if f"{name}.csv" in files else f"{name}.csv"] = text.encode(
            errors="backslashreplace"
        )
    return {**files, NOTE: sealed_text(FORMAT, note).encode()}


def _write(files, folder):
    if any(name.startswith("tables/") for name in files):
        (folder / "tables").mkdir(exist_ok=True)
    for name, content in files.items():
        write_bytes(folder / name, content)


def tables_of(value, name=""):
    """[(name, text of the CSV)] of all tables in a result, for people."""
    kind, found = type(value).__name__, []
    inside = lambda key: f"{name}.{key}" if name else str(key)
    if kind in ("DataFrame", "Series"):
        return [(name or "table", value.to_csv())]
    if is_registered(value):
        if hasattr(value, "to_frame"):
            found.append((name or "table", value.to_frame().to_csv()))
        items = parts_of(value).items() if kind not in ("Circuit", "NeuronModel") else ()
    elif isinstance(value, dict):
        items = (("_to_".join(map(str, key)) if isinstance(key, tuple) else key, value[key]) for key in value)
    else:
        items = enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, item in items:
        found += tables_of(item, inside(key))
    return found


def _file_name(name):
    """A name that every disk takes."""
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "_-. ") else "_"
        for letter in name[:100]
    )


def read_archive(path):
    """The object that a folder holds.

    Raises
    ------
    InputError
        If something is missing, was cut short or changed, is of another format, or of a newer version; the
        message names the file and the key.
    """
    path = folder_path(path)
    note = path / NOTE
    if not os.path.lexists(note):
        raise InputError(f"{path}: holds neither {NOTE} nor scan.json, and is no result of b2reduce")
    held = read_sealed(note, FORMAT, follow=False)
    if not isinstance(held.get("files"), dict) or set(held["files"]) != {ARRAYS}:
        raise InputError(f"{note}: files: got {held.get('files')!r}, expected the hash of {ARRAYS}")
    content = read_plain_file(path / ARRAYS, follow=False)
    if hashlib.sha256(content).hexdigest() != held["files"][ARRAYS]:
        raise InputError(f"{path / ARRAYS}: was cut short or changed since it was written")
    arrays = _arrays(content, path / ARRAYS)
    return from_document(held, note, arrays)


def _arrays(content, path):
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as opened:
            return {key: opened[key] for key in opened.files}
    except (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: holds no arrays of numbers: {error}") from None
