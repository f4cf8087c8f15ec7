"""Values as the field writes them: pA, nS, mV, pC, Hz/pA, three or four digits, errors.

Tables of them as text and as HTML.
"""

from __future__ import annotations

from html import escape

import numpy as np

from .units import readable, si_label

__all__ = [
    "amount",
    "field_unit",
    "frame_sheet",
    "gain_rows",
    "number",
    "pairs_html",
    "quantity_text",
    "sheet_html",
    "sheet_text",
]

DIGITS, LONGEST, MOST_DECIMALS = 4, 5, 8  # of a number; of one whose error is known; behind its point
#: {SI unit: [(up to which size in SI units, factor, unit)]}, the units that people use for that quantity.
_FIELD = {
    "A": ((1e-8, 1e-12, "pA"), (np.inf, 1e-9, "nA")),
    "S": ((1e-6, 1e-9, "nS"), (np.inf, 1e-6, "µS")),
    "C": ((1e-13, 1e-15, "fC"), (1e-8, 1e-12, "pC"), (np.inf, 1e-9, "nC")),
    "F": ((1e-8, 1e-12, "pF"), (np.inf, 1e-9, "nF")),
    "V": ((np.inf, 1e-3, "mV"),),
    "s": ((1.0, 1e-3, "ms"), (np.inf, 1.0, "s")),
    "Hz": ((np.inf, 1.0, "Hz"),),
    "ohm": ((np.inf, 1e6, "Mohm"),),
    "A/m^2": ((np.inf, 1e-2, "µA/cm²"),),
    "S/m^2": ((np.inf, 10.0, "mS/cm²"),),
    "C/m^2": ((np.inf, 1e-5, "nC/cm²"),),
    "F/m^2": ((np.inf, 1e-2, "µF/cm²"),),
    "Hz/A": ((np.inf, 1e12, "Hz/pA"),),
    "Hz m^2/A": ((np.inf, 1e2, "Hz cm²/µA"),),
}


def field_unit(unit, values=()):
    """What to divide SI values of a unit by, and the unit that they have then, one for all of them.

    Examples
    --------
    >>> field_unit("C", [1.8e-11])
    (1e-12, 'pC')
    """
    values = np.abs(np.asarray(values, dtype=float))
    largest = values[np.isfinite(values)].max(initial=0.0)
    if unit not in _FIELD:
        return (1.0, "") if unit == "1" else readable([largest], unit)
    return next((factor, name) for end, factor, name in _FIELD[unit] if largest < end)


def number(value, error=np.nan):
    """A number with four digits, or with its standard error: of that one digit, two where it begins with a 1;
    an error below the fifth digit is left out.

    Examples
    --------
    >>> number(0.00123456), number(915.63, 2.9), number(18.0132, 0.0144)
    ('0.001235', '916 ± 3', '18.013 ± 0.014')
    """
    if value is None or np.isnan(value):
        return ""
    if not (np.isfinite(error) and error > 0 and np.isfinite(value)):
        return f"{value:.{DIGITS}g}"
    exponent = int(np.floor(np.log10(error)))
    if value and np.floor(np.log10(abs(value))) - exponent >= LONGEST:
        return f"{value:.{LONGEST}g}"
    digits = (1 if error < 1.95 * 10.0**exponent else 0) - exponent
    if digits > MOST_DECIMALS:
        return f"{value:.{DIGITS}g} ± {error:.1g}"
    if digits < 0:
        value, error, digits = round(value, digits), round(error, digits), 0
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def amount(value, unit, error=np.nan):
    """An SI value in a unit of the field, with its standard error.

    Examples
    --------
    >>> amount(3.36389426e11, "Hz/A"), amount(-9.156e-10, "A", 2.9e-12)
    ('0.3364 Hz/pA', '-916 ± 3 pA')
    """
    factor, name = field_unit(unit, [value])
    return f"{number(value / factor, error / factor)} {name}".strip()


def quantity_text(quantity):
    """A Quantity in a unit of the field."""
    from brian2 import get_dimensions

    return amount(float(np.asarray(quantity)), si_label(get_dimensions(quantity)))


def gain_rows(fit):
    """[(parameter, value, standard error)] of a fitted gain, both in the same unit of the field, which the
    value names.
    """
    from brian2 import get_dimensions

    rows = []
    for name, value in fit.params.items():
        unit, si = si_label(get_dimensions(value)), float(np.asarray(value))
        error = float(np.asarray(fit.stderr[name]))
        factor, label = field_unit(unit, [si])
        rows.append(
            (
                name,
                f"{number(si / factor)} {label}".strip(),
                f"{error / factor:.2g}" if np.isfinite(error) else "",
            )
        )
    return rows


def frame_sheet(frame):
    """(columns, rows) of texts in units of the field, of a table whose columns have SI units in brackets."""
    columns, texts = [], []
    for name in frame.columns:
        values = frame[name]
        title, bracket, unit = str(name).rpartition(" [")
        if bracket and unit.endswith("]") and unit[:-1] != "1":
            factor, unit = field_unit(
                unit[:-1], [value for value in values if isinstance(value, (int, float))]
            )
            columns.append(f"{title} ({unit})")
            texts.append(
                [
                    number(value / factor) if isinstance(value, (int, float)) else str(value)
                    for value in values
                ]
            )
        else:
            columns.append(str(name))
            texts.append([number(value) if isinstance(value, float) else str(value) for value in values])
    return columns, list(zip(*texts))


def sheet_text(columns, rows, title=""):
    """The same as aligned text."""
    cells = [tuple(map(str, columns)), *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = [
        "  ".join(
            text.ljust(width) if not k else text.rjust(width)
            for k, (text, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in cells
    ]
    return "\n".join([title, *lines] if title else lines)


def sheet_html(columns, rows, title="", notes=()):
    """A table as HTML: the first column names rows, the others hold numbers."""
    cell = lambda tag, text, first: (
        f'<{tag} style="text-align:{"left" if first else "right"}">{escape(str(text))}</{tag}>'
    )
    line = lambda tag, texts: (
        "<tr>" + "".join(cell(tag, text, not k) for k, text in enumerate(texts)) + "</tr>"
    )
    heading = (
        f'<caption style="caption-side:top;text-align:left;font-weight:600">{escape(title)}</caption>'
        if title
        else ""
    )
    body = "".join(line("td", row) for row in rows)
    return f"<table>{heading}<thead>{line('th', columns)}</thead><tbody>{body}</tbody></table>" + "".join(
        f"<p>{escape(note)}</p>" for note in notes
    )


def pairs_html(title, pairs, notes=()):
    """What something is called and what it is, a line each."""
    lines = "".join(
        (
            f'<tr><th style="text-align:left">{escape(str(key))}</th><td'
            f' style="text-align:left"><code>{escape(str(value))}</code></td></tr>'
            if "\n" not in str(value)
            else (
                f'<tr><th style="text-align:left">{escape(str(key))}</th><td'
                f' style="text-align:left"><pre>{escape(str(value))}</pre></td></tr>'
            )
        )
        for key, value in pairs
    )
    return f"<p><b>{escape(title)}</b></p><table>{lines}</table>" + "".join(
        f"<p>{escape(note)}</p>" for note in notes
    )
