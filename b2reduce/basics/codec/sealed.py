"""JSON with a hash of what it says, read strictly: what was changed since it was written is not taken."""

from __future__ import annotations

import hashlib
import json

from ... import __version__
from ..errors import InputError
from ..files import read_plain_file

__all__ = ["FORMAT", "read_sealed", "sealed_text", "unsealed"]

FORMAT = 1  # version of the format


def _hash(data):
    """Of the content, whatever the blanks between."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed_text(format_, content):
    """The text of a document.

    Parameters
    ----------
    format_ : str
        What it is, such as "b2reduce result".
    content : dict
        Plain data without NaN.
    """
    data = {"format": format_, "version": FORMAT, "b2reduce": __version__, **content}
    # Escaped, so that names of any characters can be written
    return json.dumps({**data, "hash": _hash(data)}, indent=1, allow_nan=False) + "\n"


def _pairs(pairs):
    data = dict(pairs)
    if len(data) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return data


def _no_constant(text):
    raise ValueError(f"{text} is no number of JSON")


def unsealed(content, path, format_):
    """The content of a document.

    Parameters
    ----------
    content : bytes
    path : path
        For the message.
    format_ : str
        That it must have.

    Raises
    ------
    InputError
        If it is no such document, of a newer version, was cut short or changed.
    """
    try:
        data = json.loads(content.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read, or was cut short: {error}") from None
    if not isinstance(data, dict) or data.get("format") != format_:
        raise InputError(
            f"{path}: is not the description of a {format_.removeprefix('b2reduce ')} of b2reduce"
        )
    version = data.get("version")
    if type(version) is not int or version < 1:
        raise InputError(f"{path}: version: got {version!r}, expected a whole number from 1 to {FORMAT}")
    if version > FORMAT:
        raise InputError(
            f"{path}: has format version {version}, and this b2reduce {__version__} reads up to {FORMAT};"
            f" install b2reduce {data.get('b2reduce')} or newer"
        )
    said = data.pop("hash", None)
    try:
        same = said == _hash(data)
    except (ValueError, RecursionError):  # a number beyond all doubles
        same = False
    if not same:
        raise InputError(
            f"{path}: hash: the content was changed since it was written, or was cut short; save it again"
        )
    return data


def read_sealed(path, format_, follow=True):
    """The content of a document in a file; as `unsealed`."""
    return unsealed(read_plain_file(path, follow), path, format_)
