"""Where results come from and how they reach the disk: versions, hashes, names of data files, safe writes."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
import tomllib
from contextlib import contextmanager
from difflib import get_close_matches
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path

__all__ = ["FrozenDict", "OutputError", "content_hash", "versions", "unknown_name", "find_data_file", "data_names", "read_toml", "write_text", "write_json", "output_folder"]


class FrozenDict(dict):
    """A dict that cannot be changed, and, unlike a mapping proxy, can be pickled."""

    def _refuse(self, *args, **kwargs):
        raise TypeError("results cannot be changed; make a changed copy with replace()")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self):
        return FrozenDict, (dict(self),)


def frozen(data):
    """A deep copy of plain data that cannot be changed: dicts refuse, lists become tuples."""
    if isinstance(data, dict):
        return FrozenDict({key: frozen(value) for key, value in data.items()})
    return tuple(map(frozen, data)) if isinstance(data, (list, tuple)) else data


class OutputError(OSError):
    """An output that cannot be written without harming what is there."""


def content_hash(data):
    """First 12 hexadecimal digits of the SHA-256 of JSON-able data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def versions():
    """Versions of everything that numbers depend on."""
    from . import __version__

    packages = {name: metadata.version(name) for name in ("brian2", "numpy", "scipy", "pandas")}
    return FrozenDict({"b2reduce": __version__, **packages, "python": platform.python_version(), "machine": platform.machine()})


def unknown_name(what, got, known):
    """The sentence for a name that is not known, with the nearest known ones."""
    known = [str(name) for name in known]
    near = get_close_matches(str(got), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"got the unknown {what} {got!r}{hint} Known: {', '.join(known)}" if hint else (
        f"got the unknown {what} {got!r}; known: {', '.join(known) or 'none'}")


def _data_folder(kind):
    return resources.files("b2reduce.models").joinpath(kind)


def data_names(kind):
    """Names of the TOML files in ``models/neurons`` or ``models/circuits``."""
    return sorted(item.name.removesuffix(".toml") for item in _data_folder(kind).iterdir() if item.name.endswith(".toml"))


def find_data_file(name, kind, error, relative_to=None):
    """Path of a shipped model by its name, or of the caller's own ``.toml`` file."""
    if not isinstance(name, (str, os.PathLike)):
        raise error(f"got {name!r}, expected a name or the path of a .toml file; known names: {', '.join(data_names(kind))}")
    text = os.fspath(name)
    if text.endswith(".toml"):
        path = Path(relative_to or ".", text).expanduser()
        if not path.is_file():
            raise error(f"{path}: there is no such file")
        return path
    if text not in data_names(kind):
        raise error(f"{unknown_name(kind.removesuffix('s'), text, data_names(kind))} (a file of yours must end in .toml)")
    return Path(str(_data_folder(kind).joinpath(f"{text}.toml")))


def read_toml(path, error):
    """The content of a TOML file; `error` is raised with the file's name if it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise error(f"{path}: not a TOML file: {fault}") from None
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault.strerror}") from None


def write_text(path, text):
    """Write aside, then rename: an interrupted write leaves the old file whole."""
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(f"{path}: cannot write there: {error.strerror}; choose a folder that exists and is yours") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path, data):
    """JSON with NaN written as null, so that every reader takes it."""
    write_text(path, json.dumps(without_nan(data), indent=2, ensure_ascii=False) + "\n")


def without_nan(data):
    """Plain Python containers with numpy scalars unwrapped and NaN, inf turned to None."""
    import numpy as np

    if isinstance(data, dict):
        return {str(key): without_nan(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [without_nan(value) for value in data]
    if isinstance(data, np.ndarray):
        return without_nan(data.tolist())
    if isinstance(data, np.generic):
        return without_nan(data.item())
    if isinstance(data, float) and not np.isfinite(data):
        return None
    return data


@contextmanager
def output_folder(path):
    """Yield a temporary folder that becomes `path` once everything in it is written.

    Raises
    ------
    OutputError
        If `path` exists and is not an empty folder, or cannot be made.
    """
    path = Path(path)
    check_output_folder(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise OutputError(f"{path}: cannot make the output folder: {error.strerror}; choose another") from None
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.is_dir():
            path.rmdir()
        os.replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def check_output_folder(path):
    """Refuse early, before hours of simulation, what `output_folder` would refuse at the end."""
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file, expected a folder to make; choose another name")
    if path.is_dir() and any(path.iterdir()):
        raise OutputError(f"{path}: already holds files, and b2reduce overwrites nothing; choose another folder or remove it")
    parent = path if path.is_dir() else path.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OutputError(f"{path}: {parent} cannot be written; choose another folder")
