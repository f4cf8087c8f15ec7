"""The text of a recorded table: its encoding, and files that hold none."""

from __future__ import annotations

import codecs
import os
import re

from ..basics.errors import InputError

__all__ = ["content_of", "decoded", "lines_of"]

LARGEST = 256 * 2**20  # bytes
LONGEST = 100_000  # characters of a line
_KINDS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive: save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV",
    b"MATLAB 5": "a MATLAB file: write a table with writetable",
    b"ABF": "a recording of pClamp: FISurface.from_abf reads it under a name that ends in .abf",
    b"\x89HDF": "an HDF5 file: export a table, or if it is NWB read it by FISurface.from_nwb",
    b"\x1f\x8b": "compressed: unpack it first",
    b"%PDF": "a PDF",
    b"IGOR": "an Igor file: save the waves as delimited text",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def content_of(path):
    """The bytes of a file, unless it holds something else than text."""
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"got {type(path).__name__}, expected the path of a file")
    try:
        with open(path, "rb") as stream:
            content = stream.read(65536)
            for magic, what in _KINDS.items():
                if content.startswith(magic):
                    raise InputError(f"is {what}")
            _encoding(content)
            content += stream.read(LARGEST)
    except FileNotFoundError:
        raise InputError("there is no such file") from None
    except IsADirectoryError:
        raise InputError("is a folder, expected a file with a table") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise (
            error if isinstance(error, InputError) else InputError(f"is not the path of a file: {error}")
        ) from None
    if len(content) > LARGEST:
        raise InputError(f"is larger than {LARGEST // 2**20} MB, which no table of f-I points is")
    return content


def _encoding(content):
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    start = content[:4096]
    if b"\0" in start:
        even, odd = (start[k::2].count(0) / max(len(start[k::2]), 1) for k in (0, 1))
        if max(even, odd) > 0.7 and min(even, odd) < 0.05:
            return "utf-16-le" if odd > even else "utf-16-be"
    if re.search(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]", content):
        raise InputError("is not text: it holds control characters; save the table as CSV")
    return "utf-8"


def decoded(content):
    """The text of these bytes, in the encoding that they tell."""
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
        if re.search(r"[\x00-\x08\x0e-\x19\x1b-\x1f]", text):
            raise InputError("is not text: it holds control characters; save the table as CSV")
        return text
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise InputError(
                f"is not the {encoding} text that it begins as: {error.reason} at byte {error.start}; save"
                " the table as CSV in UTF-8"
            ) from None
    try:
        return content.decode("cp1252")  # what spreadsheets on Windows write
    except UnicodeDecodeError:
        raise InputError(
            "is text in an encoding that is neither UTF-8, UTF-16 nor that of Windows; save it as CSV in"
            " UTF-8"
        ) from None


def lines_of(text):
    """The lines of a text, however they end."""
    lines = text.rstrip("\x1a").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not any(line.strip() for line in lines):
        raise InputError("is empty")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST:
            raise InputError(f"line {number} has {len(line)} characters, which no row of f-I points has")
    return lines
