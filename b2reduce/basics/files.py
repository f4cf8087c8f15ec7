"""Files and folders that are written aside, then renamed; files that are read."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
import tomllib
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError, OutputError
from .interrupts import undisturbed

__all__ = [
    "read_plain_file",
    "read_toml",
    "named_file",
    "new_file",
    "write_text",
    "write_json",
    "output_folder",
    "temporary_folder",
]

# Of a disk on which no more can be written
FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO)


def read_toml(path, error):
    """The content of a TOML file; `error` is raised with the file's name if it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise error(f"{path}: not a TOML file: {fault}") from None
    except RecursionError:
        raise error(f"{path}: not a TOML file of ours: it is nested too deeply to be read") from None
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault.strerror}") from None


def read_plain_file(path, follow=True):
    """The bytes of a plain file: of a pipe or a device nothing is read, so that nothing hangs.

    Parameters
    ----------
    path : path
    follow : bool
        Whether it may be a link.

    Raises
    ------
    InputError
        If it is not there, cannot be read, or is no plain file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not follow and os.path.islink(path):
            raise InputError(f"{path}: is a link, expected a plain file within its folder")
        handle = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise InputError(f"{path}: is no plain file, expected one that was saved")
            return stream.read()
    except (OSError, MemoryError) as error:
        raise InputError(
            f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'it is too large'}"
        ) from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{str(path)!r}: is no name of a file: {error}") from None


def named_file(path, *endings):
    """The path of a file to write, once it is sure that its name ends as it must."""
    from .arguments import described

    if not isinstance(path, (str, os.PathLike)) or endings and Path(path).suffix not in endings:
        raise OutputError(
            f"path: got {described(path)}, expected the name of a"
            f" file{f' that ends in {endings[0]}' if endings else ''}"
        )
    return Path(path)


def new_file(path, *endings):
    """The path of a file that is not there yet and can be made.

    Refused early, before the work whose result it will hold.
    """
    path = named_file(path, *endings)
    if path.exists() or path.is_symlink():
        raise OutputError(f"{path}: exists already, and b2reduce overwrites nothing; choose another name")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"{path}: the folder {folder} is not there; make it, or choose another name")
    check_output_folder(folder, filled=True)
    return path


def write_text(path, text):
    """Write aside, then rename: an interrupted write leaves the old file whole."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{path}: cannot be written: {text[error.start : error.end]!r} is half of a character; change the"
            " name or the text that has it"
        ) from None
    write_bytes(path, content)


def save_figure(figure, path, *, metadata=None):
    """Write a figure, whole or not at all; the ending of the name says how."""
    import io

    content = io.BytesIO()
    figure.savefig(content, format=Path(path).suffix[1:], metadata=metadata)
    write_bytes(path, content.getvalue())


def write_bytes(path, content):
    """Write aside, then rename."""
    path = Path(path)
    with undisturbed():  # a moment's work, of which nothing may be left
        try:
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        except OSError as error:
            raise OutputError(
                f"{path}: cannot write there: {error.strerror}; choose a folder that exists and is yours"
            ) from None
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException as error:
            os.unlink(temporary)
            if isinstance(error, OSError):
                raise OutputError(
                    f"{path}: cannot be written: {error.strerror}; make room, or choose another folder"
                ) from None
            raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path, data):
    """JSON with NaN written as null, so that every reader takes it."""
    plain = without_nan(data)
    text = json.dumps(plain, indent=2, ensure_ascii=False)
    try:
        content = text.encode()
    except UnicodeEncodeError:  # halves of letters, which no file takes, are escaped
        content = json.dumps(plain, indent=2).encode()
    write_bytes(path, content + b"\n")


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
    path = check_output_folder(path)
    temporary, made = None, []
    try:
        with undisturbed():
            try:
                made = make_folder(path.parent)
                temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
            except OSError as error:
                raise OutputError(
                    f"{path}: cannot make the output folder: {error.strerror}; choose another"
                ) from None
        yield temporary
        with undisturbed():
            temporary.chmod(0o777 & ~_umask())
            if path.is_dir():
                path.rmdir()
            os.replace(temporary, path)
            temporary, made = None, []
    except BaseException as error:
        with undisturbed():
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            unmake_folders(made)
        if isinstance(error, OSError) and error.errno in FULL:
            raise OutputError(
                f"{path}: cannot be written: {error.strerror}; make room, or choose another folder"
            ) from None
        raise


def make_folder(path):
    """Make a folder and those above it; returns the ones that were not there, the innermost first."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    return made


def unmake_folders(made):
    """Remove folders that `make_folder` made and nobody has filled, the innermost first."""
    for folder in made:
        try:
            folder.rmdir()
        except OSError:
            return


@contextmanager
def temporary_folder(prefix, parent=None):
    """A folder that is gone afterwards, however often Ctrl-C is pressed."""
    path = None
    try:
        with undisturbed():
            path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        yield path
    finally:
        with undisturbed():
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)


def check_output_folder(path, filled=False):
    """Refuse early, before hours of simulation, what `output_folder` would refuse at the end; returns the
    folder with links followed.

    Parameters
    ----------
    path : path
    filled : bool
        Whether it may hold files.
    """
    if not isinstance(path, (str, os.PathLike)):
        from .arguments import described
        from .errors import InputError

        raise InputError(f"path: got {described(path)}, expected the path of a folder to make")
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file, expected a folder to make; choose another name")
    if not filled and path == Path.cwd():
        raise OutputError(
            f"{path}: is the folder you are in, expected one to make; name a new one, such as"
            f" {path.name}/results"
        )
    if not filled and path.is_dir() and any(path.iterdir()):
        raise OutputError(
            f"{path}: already holds files, and b2reduce overwrites nothing; choose another folder or"
            " remove it"
        )
    parent = path if path.is_dir() and filled else path.parent
    while not parent.exists():
        parent = parent.parent
    try:
        # Permissions, full disks and mounts that cannot be written all show in the attempt
        with undisturbed():
            os.rmdir(tempfile.mkdtemp(dir=parent, prefix=f".{path.name}."))
    except OSError as error:
        raise OutputError(
            f"{path}: {parent} cannot be written ({error.strerror}); choose another folder"
        ) from None
    return path
