"""Tables of a network for papers, in the layout of Nordlie, Gewaltig and Plesser (2009), and what LaTeX needs
done to text.
"""

from __future__ import annotations

import re
import unicodedata

from ..basics.display import quantity_text
from .circuit_text import circuit_tables

__all__ = ["circuit_latex", "document_of", "escaped", "table_of"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "µ": r"$\mu$",
    "²": r"$^2$",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
}
LATIN = 0x180  # letters below are set up in every LaTeX
_GREEK = (
    "ALPHA BETA GAMMA DELTA EPSILON ZETA ETA THETA IOTA KAPPA LAMDA MU NU XI PI RHO SIGMA TAU UPSILON PHI CHI"
    " PSI OMEGA".split()
)
_CAPITAL = "GAMMA DELTA THETA LAMDA XI PI SIGMA UPSILON PHI PSI OMEGA".split()
#: A table wider than the page is made as wide as the page.
_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"
_HEADS = {"theta": r"$\theta$", "v_theta": r"$v_\theta$", "tau": r"$\tau$", "rate": "rate", "W": "$W$"}


def escaped(text):
    """Text as LaTeX shows it.

    Greek as mathematics, Latin letters by its input encoding, a question mark for others.
    """
    return "".join(_SPECIAL.get(letter) or _letter(letter) for letter in str(text)).replace(
        "-$>$", r"$\rightarrow$"
    )


def _letter(letter):
    if ord(letter) < LATIN:
        return letter
    case, _, name = unicodedata.name(letter, "").removeprefix("GREEK ").partition(" LETTER ")
    if case == "SMALL" and name in _GREEK:
        return rf"$\{name.lower().replace('lamda', 'lambda')}$"
    if case == "CAPITAL" and name in _CAPITAL:
        return rf"$\{name.capitalize().replace('Lamda', 'Lambda')}$"
    return "?"


def _cell(text):
    text = escaped(text)
    return re.sub(r"(?<![\w$])-(?=\d)", "$-$", text)


def table_of(columns, rows, caption):
    head = " & ".join(_head(column) for column in columns)
    body = " \\\\\n".join(" & ".join(map(_cell, row)) for row in rows)
    return (
        f"\\begin{{table}}[htbp]\n\\caption{{{escaped(caption)}}}\n"
        f"\\centering\\footnotesize\\setlength{{\\tabcolsep}}{{4pt}}\n"
        f"{_FITTED}\\begin{{tabular}}{{l{'r' * (len(columns) - 1)}}}\n\\hline\n{head}"
        f" \\\\\n\\hline\n{body} \\\\\n\\hline\n\\end{{tabular}}}}\n\\end{{table}}"
    )


def _head(column):
    name, _, unit = str(column).partition(" (")
    shown = _HEADS.get(name, escaped(name))
    return f"{shown} ({escaped(unit)}" if unit else shown


def document_of(parts, title, document):
    body = "\n\n".join(parts)
    if not document:
        return body + "\n"
    return (
        "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath}\n\\usepackage{graphicx}\n\\usepackage[margin=2cm]{geometry}\n"
        f"\\begin{{document}}\n\\section*{{{escaped(title)}}}\n\n{body}\n\\end{{document}}\n"
    )


def _connectivity(circuit):
    """How it is said which cells are connected."""
    kinds = {
        "fixed in-degree": any(p.in_degree is not None for p in circuit.projections),
        "pairwise probability": any(p.probability is not None for p in circuit.projections),
    }
    random = " or ".join(kind for kind, there in kinds.items() if there)
    given = "as given" if any(p.wiring is not None for p in circuit.projections) else ""
    return "; ".join(filter(None, [f"random: {random}" if random else "", given])) or "none"


def _input(drives):
    """Where the spikes of drives come from."""
    said = {
        "independent Poisson trains onto every cell": [d for d in drives if not d.by_trains],
        "Poisson trains that cells share": [d for d in drives if d.by_trains and d.spikes is None],
        "recorded trains": [d for d in drives if d.spikes is not None],
    }
    names = {what: ", ".join(sorted({d.name for d in own})) for what, own in said.items() if own}
    return "; ".join(f"{what}: {name}" for what, name in names.items()) or "none"


def circuit_latex(circuit, document=True):
    """The network's tables; see `Circuit.to_latex`."""
    models = {p.model.hash: p.model for p in circuit.populations.values()}
    summary = [
        ("Populations", ", ".join(circuit.populations)),
        ("Connectivity", _connectivity(circuit)),
        ("Neuron models", ", ".join(dict.fromkeys(model.title or model.name for model in models.values()))),
        ("Synapse model", "; ".join(kind.meaning for kind in circuit.synapse_kinds) or "none"),
        ("Input", _input(circuit.drives)),
        ("Time step", quantity_text(circuit.dt)),
        ("References", ", ".join(circuit.cite) or "none"),
    ]
    parts = [
        "\\begin{table}[htbp]\n\\caption{Model"
        " summary}\n\\centering\\small\n\\begin{tabular}{lp{11cm}}\n\\hline\n"
        + " \\\\\n".join(f"{name} & {_cell(text)}" for name, text in summary)
        + " \\\\\n\\hline\n\\end{tabular}\n\\end{table}"
    ]
    titles = {"population": "Populations", "projection": "Projections", "drive": "Drives"}
    for columns, rows, _ in circuit_tables(circuit):
        rows = [tuple(map(str, row)) for row in rows]
        kept = [k for k in range(len(columns)) if k == 0 or any(row[k] for row in rows)]
        parts.append(
            table_of([columns[k] for k in kept], [[row[k] for k in kept] for row in rows], titles[columns[0]])
        )
    for model in models.values():
        used = [name for name, p in circuit.populations.items() if p.model.hash == model.hash]
        lines = [
            *model.equations.splitlines(),
            f"threshold:  {model.threshold}",
            f"reset:      {'; '.join(line.strip() for line in model.reset.strip().splitlines())}",
        ]
        if model.refractory is not None:
            period = model.refractory
            lines.append(f"refractory: {period if isinstance(period, str) else quantity_text(period)}")
        parts.append(
            f"\\paragraph{{{escaped(model.title or model.name)}"
            f" ({escaped(', '.join(used))})}}~\n\\begin{{verbatim}}\n"
            + "\n".join(_wrapped(lines))
            + "\n\\end{verbatim}"
        )
        values = [
            (
                name,
                (
                    value
                    if isinstance(value, str)
                    else (
                        str(value)
                        if not hasattr(value, "dim") and not isinstance(value, (int, float))
                        else quantity_text(value)
                    )
                ),
            )
            for name, value in model.parameters.items()
        ]
        parts.append(table_of(("parameter", "value"), values, f"Parameters of {model.name}"))
    return document_of(parts, circuit.name, document)


def _wrapped(lines, width=94):
    import textwrap

    return [
        part
        for line in lines
        for part in textwrap.wrap(line, width, subsequent_indent="    ", break_long_words=False) or [""]
    ]
