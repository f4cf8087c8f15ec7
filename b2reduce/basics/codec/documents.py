"""One result in one file of JSON."""

from __future__ import annotations

from ..errors import InputError
from ..files import write_text
from .decode import decode
from .encode import encode
from .sealed import read_sealed, sealed_text

__all__ = ["FORMAT", "document_text", "from_document", "read_document", "write_document"]

FORMAT = "b2reduce result"
KEYS = {"format", "version", "b2reduce", "kind", "files", "data"}


def document_text(result):
    """The text of a file that holds a result, arrays as lists of numbers."""
    return sealed_text(FORMAT, {"kind": type(result).__name__, "data": encode(result)})


def write_document(result, path):
    """Write a result into a file: aside first, then renamed."""
    write_text(path, document_text(result))


def read_document(path):
    """The result in a file that `write_document` wrote.

    Raises
    ------
    InputError
        If it cannot be read, was changed since it was written, or is none; the message names the file and the
        key.
    """
    return from_document(read_sealed(path, FORMAT), path)


def from_document(held, path, arrays=None):
    """The result of a document, with the arrays that stand beside it."""
    wrong = lambda message: InputError(f"{path}: is not what this version writes: {message}")
    if unknown := sorted(set(held) - KEYS):
        raise wrong(f"got the unknown key {unknown[0]!r}; known: {', '.join(sorted(KEYS))}")
    if "data" not in held:
        raise wrong("the key 'data' is missing")
    try:
        result = decode(held["data"], arrays)
    except InputError as error:
        raise wrong(str(error)) from None
    except RecursionError:
        raise wrong("it is nested too deeply") from None
    if type(result).__name__ != held.get("kind"):
        raise wrong(f"kind: got {held.get('kind')!r}, but the data are those of a {type(result).__name__}")
    return result
