"""Recorded tables as text: what spreadsheets, acquisition programs and people write, read into a frame, or
refused by line and column.

The rules. The header is the first row that names current, conductance and rate; what separates its names
(semicolon, tab, comma, bar, blanks) separates the file. Every row has as many cells as the header; empty rows
and lines that begin with ``#``, ``%`` or ``//`` are passed over, and nothing else is. Where the comma does
not separate columns (or stands in quotes) it is the decimal mark, unless every number with a comma could as
well be one with separators of thousands (``1,234``): that file is refused. One file has one decimal mark.
"""

from __future__ import annotations

import csv
import io
import re

from ..basics.errors import InputError
from .decimal_marks import set_decimal_points
from .recorded_cells import NUMBER
from .recorded_columns import columns_of
from .recorded_headers import role_of, tidy
from .recorded_text import content_of, decoded, lines_of

__all__ = ["read_recording"]

HEADER_WITHIN = 100  # lines
_DELIMITERS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars", None: "blanks"}
_COMMENT = re.compile(r"\s*(?:#(?!N/A|DIV/|VALUE|REF|NUM|NAME|NULL)|%|//)+\s*", re.IGNORECASE)


def read_recording(path):
    """A table of recorded points as text cells with decimal points; the index holds lines of the file.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        If the file is not text, holds no header with current, conductance and rate, or a row cannot be told.
    """
    import pandas as pd

    lines = lines_of(decoded(content_of(path)))
    delimiter, at, header = _header(lines)
    rows, numbers = _rows(lines, delimiter, at, header)
    frame = pd.DataFrame(rows, columns=header, index=pd.Index(numbers, name="line"), dtype=object)
    set_decimal_points(frame)
    return frame


def _records(lines, delimiter, first=0):
    """(line of the file, cells) of what follows, by the rules of CSV."""
    if delimiter is None:
        for number, line in enumerate(lines, start=first + 1):
            yield number, _split_blanks(line)
        return
    reader = csv.reader(
        io.StringIO("\n".join(lines), newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    try:
        for cells in reader:
            yield first + reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise InputError(f"line {first + reader.line_num}: {error}; is a quotation mark missing?") from None


def _split_blanks(line):
    return [tidy(quoted or plain) for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', line)]


def _blank_headers(line):
    """Names between blanks: two or more, or one where a unit in brackets belongs to the name before it."""
    wide = [tidy(cell.strip('"')) for cell in re.split(r"\s{2,}|\t", line.strip())]
    close = [
        tidy(cell.strip('"')) for cell in re.findall(r'"[^"]*"|[^\s"\[({]+ ?[\[({][^\])}]*[\])}]|\S+', line)
    ]
    return wide if len(_roles(wide)) >= 3 else close


def _roles(cells):
    found = {match[0] for cell in cells if len(cell) < 200 and (match := role_of(cell))}
    return {"g" if role == "g_added" else role for role in found} & {"I", "g", "rate"}


def _header(lines):
    """(delimiter, number of lines up to the end of the header, names)."""
    start, best = lines[:HEADER_WITHIN], (0, 0, [])
    marks = [_COMMENT.match(line) for line in start]
    plain = ["" if mark else line for mark, line in zip(marks, start)]
    # Numpy.savetxt puts the header into one
    comments = [line[mark.end() :] if mark else "" for mark, line in zip(marks, start)]
    for shown in (plain, comments):
        for delimiter in _DELIMITERS:
            for number, cells in _tolerant(shown, delimiter):
                roles = _roles(cells)
                if delimiter is None and len(roles) < 3 and re.search(r"[;\t|]", shown[number - 1]):
                    continue  # no blanks separate what something else does
                if len(roles) == 3:
                    _nothing_above(plain[: number - 1], delimiter)
                    return delimiter, number, [tidy(cell) for cell in cells]
                # Any line falls apart at blanks: a real delimiter is the better guess.
                best = max(
                    best,
                    (len(roles), len(cells) if delimiter or len(cells) < 2 else 1.5, cells),
                    key=lambda entry: entry[:2],
                )
    if not best[0]:
        first = next((line for line in start if line.strip()), "")
        raise InputError(
            f"no line of the first {HEADER_WITHIN} names current, conductance and rate, as 'I [pA]', 'g"
            f" [nS]', 'rate [Hz]' do; it begins with {first.strip()[:60]!r}"
        )
    import pandas as pd

    columns_of(pd.DataFrame(columns=best[2]))  # says what is missing
    raise InputError(f"no header was found; the nearest is {', '.join(map(repr, best[2][:8]))}")


def _tolerant(lines, delimiter):
    """Records of what may not be a table at all."""
    if delimiter is None:
        yield from (
            (number, _blank_headers(line)) for number, line in enumerate(lines, start=1) if line.strip()
        )
        return
    try:
        yield from _records(lines, delimiter)
    except InputError:
        for number, line in enumerate(lines, start=1):
            yield number, [tidy(cell.strip().strip('"')) for cell in line.split(delimiter)]


def _nothing_above(lines, delimiter):
    for number, line in enumerate(lines, start=1):
        cells = _split_blanks(line) if delimiter is None else line.split(delimiter)
        if sum(bool(NUMBER.fullmatch(cell.strip())) for cell in cells) >= 3:
            raise InputError(
                f"line {number}: holds numbers above the header; put the header on top, or mark the line as a"
                " comment by #"
            )


def _rows(lines, delimiter, at, header):
    """(rows of cells, their lines)."""
    body = ["" if _COMMENT.match(line) else line for line in lines[at:]]
    while header and not header[-1]:
        header.pop()
    rows, numbers, width = [], [], len(header)
    for number, cells in _records(body, delimiter, at):
        if not any(cells):
            continue
        if delimiter is None and len(cells) != width:
            wide = [tidy(cell) for cell in re.split(r"\s{2,}|\t", lines[number - 1].strip())]
            cells = wide if len(wide) == width else cells
        while len(cells) > width and not cells[-1]:
            cells.pop()
        # One cell more in every row may be the number of the row, which is seen at the end.
        if len(cells) != width and not (len(cells) == width + 1 and (not rows or len(rows[-1]) == width + 1)):
            raise _uneven(number, cells, header, delimiter)
        rows.append(cells)
        numbers.append(number)
    if not rows:
        raise InputError(f"line {at}: there are no rows below the header")
    if len(rows[0]) > width or len(rows[-1]) > width:
        if not _row_names(rows, width, delimiter, [lines[number - 1] for number in numbers]):
            longer = 0 if len(rows[0]) > width else -1
            raise _uneven(numbers[longer], rows[longer], header, delimiter)
        rows = [cells[1:] for cells in rows]
    return rows, numbers


def _uneven(number, cells, header, delimiter):
    hint = (
        "; where the comma is the decimal mark, separate columns by semicolons"
        if delimiter == "," and len(cells) > len(header)
        else ""
    )
    return InputError(
        f"line {number}: has {len(cells)} {'cell' if len(cells) == 1 else 'cells'} between"
        f" {_DELIMITERS[delimiter]}, expected the {len(header)} of the header"
        f" {', '.join(map(repr, header[:8]))}{hint}"
    )


def _row_names(rows, width, delimiter, lines):
    """Whether every row begins with its number, for which the header has no name.

    R's write.table and pandas' to_string do that.
    """
    counted = [cells[0] for cells in rows]
    if any(len(cells) != width + 1 for cells in rows) or all(
        counted != [str(k + first) for k in range(len(rows))] for first in (0, 1)
    ):
        return False
    # Between commas, decimal commas would look alike; R quotes the numbers of rows.
    return delimiter != "," or all(line.lstrip().startswith('"') for line in lines)
