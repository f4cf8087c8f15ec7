"""Rate models for papers: equations with their numbers, and tables of the network they come from."""

from __future__ import annotations

from types import SimpleNamespace

from ...basics.display import amount, gain_rows
from ...circuit.circuit_latex import circuit_latex, document_of, escaped, table_of
from ...circuit.plasticity.averaged import averaged
from ..model_table import model_table
from .base import Exporter
from .late_rates import LateRates, in_rows

__all__ = ["Latex", "rate_model_latex"]

#: Gains as mathematics: x is the current in excess of the threshold.
_GAINS = {
    "threshold_linear": r"\beta\,[x]_+",
    "sqrt": r"r_\mathrm{ref}\sqrt{[x]_+/x_\mathrm{ref}}",
    "softplus": r"k\,x_0\ln(1 + e^{x/x_0})",
    "threshold_power": r"r_\mathrm{ref}\,([x]_+/x_\mathrm{ref})^n",
    "logistic": r"r_\mathrm{max}/(1 + e^{-x/x_0})",
    "spline": r"\text{monotone cubic spline through the knots below}",
}


def _sub(symbol, *names):
    joined = r" \leftarrow ".join(rf"\mathrm{{{escaped(name)}}}" for name in names)
    return f"{symbol}_{{{joined}}}"


class Latex(Exporter):
    """The rate model for a paper; see `ReducedCircuit.to_latex`."""

    name = "latex"
    meaning = "LaTeX of the equations with their numbers"
    runs = False

    def write(self, reduced, duration_, drives, initial, dt_):
        return rate_model_latex(reduced)


def rate_model_latex(reduced, document=True):
    """The rate model's equations with their numbers, and the network's tables.

    See `ReducedCircuit.to_latex`.
    """
    parts = [
        f"Derived from the circuit {escaped(reduced.circuit.name)}: level {reduced.level}, noise"
        f" {reduced.noise}, time constants {escaped(reduced.tau_choice)}; "
        + "".join(f"$W = {kind.weight_latex}$, " for kind in reduced.circuit.synapse_kinds)
        + r"$\theta = I_\theta +"
        r" g_\mathrm{leak} v_\theta - I_\mathrm{const}$."
    ]
    for name in reduced.populations:
        parts.append(_population_equations(reduced, name))
    columns, rows = model_table(reduced)
    parts.append(
        table_of(
            columns,
            rows,
            "Weights, thresholds and time constants of the rate model with the standard errors of the"
            " measurement" + ("; the tangent at the operating point" if not reduced.kind.shift_law else ""),
        )
    )
    gains = [
        (name, reduced.gains[name].form, *row)
        for name in reduced.populations
        for row in gain_rows(reduced.gains[name])
    ]
    parts.append(
        table_of(
            ("population", "form", "parameter", "value", "standard error"),
            gains,
            "Gains as fitted. These standard errors are of the fit alone, from how far the points lie beside"
            " the form; those of the table before are of chance in the measurements",
        )
    )
    parts.append(circuit_latex(reduced.circuit, document=False).rstrip())
    return document_of(parts, f"Rate model of {reduced.circuit.name}", document)


def _population_equations(reduced, name):
    """An align environment: dynamics and gain, with the numbers put in."""
    pathways = reduced.circuit.pathways(name)
    plastic = {source: list(reduced.plastic_(source)) for source in reduced.populations}
    sources, late = {}, {}
    for p in pathways:
        # What passes synapses that are plastic in the same way is a rate by itself
        behind = "" if p.plasticity is None else f",{plastic[p.source].index(p.plasticity) + 1}"
        # And so is what arrives at another time, which a prime says
        beside = late.setdefault((p.source + behind, p.is_drive), [])
        if p.delays not in beside:
            beside.append(p.delays)
        behind += "'" * beside.index(p.delays)
        sources.setdefault((p.source + behind, p.is_drive), []).append(p)
    area = "/m^2" if reduced.circuit.per_area(name) else ""
    shown = lambda value, unit: r"\,".join(
        (
            part.replace("µ", r"\mu ").replace("²", "^2")
            if k == 0
            else rf"\mathrm{{{part}}}".replace("µ", r"\mu ").replace("²", "^2")
        )
        for k, part in enumerate(amount(value, unit).split(" ", 1))
    )
    signed = lambda value, unit: (" + " if value >= 0 else " - ") + shown(abs(value), unit)
    # A drive whose rate differs between its targets is as many symbols.
    alike = {
        drive: len({d.rate_ for d in reduced.circuit.drives if d.name == drive}) == 1
        for drive in reduced.circuit.drive_names
    }
    sent = lambda source: _sub(r"\rho" if "," in source else "r", source.rstrip("'"))
    lateness = LateRates(reduced, shown)
    incoming = lambda source, drive: (
        lateness.written(sent(source), sources[source, drive][0].delays)
        if not drive
        else _sub(r"\nu", source)
        if alike[source]
        else _sub(r"\nu", name, source)
    )
    filtered = lambda source, drive: (
        incoming(source, drive)
        if not reduced.by_pathway and reduced.kind.shift_law
        else _sub("s", name, source)
    )
    write = SimpleNamespace(
        amount=shown,
        signed=signed,
        symbol=_sub,
        area=area,
        sources=list(sources),
        parted=any(len(beside) > 1 for beside in late.values()),
        summed="".join if all(p.delays.none for p in pathways) else in_rows,
        pathways=lambda *source: sources[source],
        filtered=filtered,
        form=lambda form: _GAINS.get(form, "f(x)"),
    )
    lines = reduced.kind.latex(reduced, name, write)
    if reduced.by_pathway or not reduced.kind.shift_law:
        for (source, drive), own in sources.items():
            used = {reduced.dynamics.filter_(reduced, p) for p in own}
            s = _sub("s", name, source)
            for filter_ in sorted(used, key=lambda each: each.delay_):
                lines.append(filter_.latex(s, incoming(source, drive), shown))
    means = {(sent(source), own[0].delays): None for (source, drive), own in sources.items() if not drive}
    for rate, delays in means:
        lines += lateness.defined(rate, delays)
    lines += reduced.dynamics.latex(reduced, name)
    for number, plasticity in enumerate(plastic[name], start=1):
        lines += averaged(plasticity).latex(
            lambda letter: _sub(letter, f"{name},{number}"), _sub("r", name), shown
        )
    drives = [
        f"{incoming(drive.name, True)} &= {shown(drive.rate_, 'Hz')}"
        + ("" if drive.constant else r"\quad\text{(of a table, in the long run)}")
        + (r"\quad\text{(mean of its trains)}" if drive.many_rates else "")
        for drive in reduced.circuit.drives
        if drive.target == name
    ]
    return "\\begin{align*}\n" + " \\\\\n".join(lines + drives) + "\n\\end{align*}"
