"""The command that fits gains to what was measured or recorded."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import JSON, OUTPUT, read_pair
from .output import check_output, fi_figure, show_result, show_table, show_warnings, write_results
from .sweep_options import SWEEPS, sweep_arguments

__all__ = ["fit"]

ENDINGS = (".abf", ".nwb")
TABLES_ONLY = ("added", "repeats")


@click.command(short_help="Fit the shift law to an f-I table or to recorded sweeps.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--form",
    default="threshold_linear",
    show_default=True,
    help="Gain function: threshold_linear, sqrt, softplus, threshold_power, logistic, spline, or auto.",
)
@click.option(
    "--rates", metavar="LO,HI", help="Window of rates to fit, such as '5 Hz,60 Hz'; by default all."
)
@click.option("--weights", help="'sem': weight points by one over their standard error.")
@click.option(
    "--added",
    is_flag=True,
    help=(
        "Of a table: the current is what was injected, the conductance what was added to the cell, as a"
        " dynamic clamp has them."
    ),
)
@click.option(
    "--g_L",
    "g_L",
    metavar="G",
    help=(
        "The cell's own conductance, such as '9 nS': of a table with --added, of sweeps instead of what their"
        " subthreshold steps say."
    ),
)
@click.option("--E_L", "E_L", metavar="E", help="Its reversal, such as '-70 mV', where --g_L is used.")
@click.option(
    "--E_added",
    "E_added",
    metavar="E",
    help=(
        "Reversal of the added conductance, unless a column 'E_added [mV]' of a table has it; by default E_L."
    ),
)
@click.option(
    "--repeats",
    metavar="RULE",
    help=(
        "Rows of a table of one pair: 'average' always, 'refuse' always; by default averaged unless another"
        " column tells them apart."
    ),
)
@SWEEPS
@click.option(
    "--v_theta",
    "v_theta",
    metavar="V",
    help="The shift where it is known from elsewhere, such as '10 mV': held there and not fitted.",
)
@click.option(
    "--plot",
    metavar="[FILE]",
    is_flag=False,
    flag_value="",
    help=(
        "Draw the f-I curves, and of sweeps the spikes, as PNG, SVG or PDF; by default a PNG here that is"
        " called as the first file."
    ),
)
@OUTPUT
@JSON
@click.option(
    "--seed", default=1, hidden=True, help="Accepted by every command; a fit draws no random numbers."
)
def fit(files, form, rates, weights, g_L, E_L, v_theta, plot, folder, as_json, seed, **given):
    """Fit the law r = f(I - I_theta - v_theta g).

    FILE is a table with the columns 'I [pA]', 'g [nS]', 'rate [Hz]', in any units, or current-clamp and
    dynamic-clamp sweeps of one cell, in one or several .abf or .nwb files. In sweeps the step is found in the
    command, spikes are fast rises of the voltage (see --threshold, --slope), the steady rate is that of the
    last half of the step, and the cell's own leak comes from steps below threshold. --plot shows all of it.
    Of sweeps at one conductance slope and threshold theta are fitted, and v_theta stays unknown.

    \b
    b2reduce fit slice.abf --plot
    b2reduce fit g0.abf g10.abf g20.abf --g-added '0 nS,10 nS,20 nS' --E_added '-80 mV' --json
    """
    from ..basics.display import gain_rows, quantity_text
    from ..basics.errors import InputError
    from ..cells.gain import fit_gain
    from ..cells.gain_forms import FORMS
    from ..results import plain as store

    check_output(folder)
    if plot is not None:
        plot = plot or f"{Path(files[0]).stem}.png"
        _check_picture(plot)
    recording, surface = _surface(files, g_L, E_L, given)
    # What a leak does is not in such a recording: at its one conductance any v_theta gives the same curve
    unshifted = recording is not None and v_theta is None and surface.g_.size == 1
    try:
        gain = fit_gain(
            surface,
            form=form,
            rates=read_pair(rates, "--rates"),
            weights=weights,
            v_theta="0 V" if unshifted else v_theta,
        )
    except InputError as error:
        if recording is None or not plot:
            raise
        # What cannot be fitted is looked at all the more
        _draw(plot, recording, surface, None)
        raise InputError(f"{error}; the sweeps are drawn in {plot}") from None
    data, rows, warnings = store.fit_data(gain), gain_rows(gain), list(gain.warnings)
    if unshifted:
        data, rows, warnings = _of_one_conductance(data, rows, warnings, surface)
    if recording is not None:
        data["recording"] = store.recording_data(recording)
    if plot:
        _draw(plot, recording, surface, gain)
    if folder:
        _write(folder, files, recording, surface, gain, data)
    rows = [
        *rows,
        ("r2", f"{gain.r2:.5f}", ""),
        ("rmse", quantity_text(gain.rmse), ""),
        ("points", str(gain.points), ""),
        *([("the cell", recording.cell, "")] if recording is not None else []),
        *([("drawn in", plot, "")] if plot else []),
    ]
    chosen = f" (chosen of {', '.join(FORMS)})" if form == "auto" else ""
    show_result(
        data,
        as_json,
        lambda: show_table(f"{gain.form} gain{chosen}", ("parameter", "value", "standard error"), rows),
    )
    show_warnings(warnings)


def _of_one_conductance(data, rows, warnings, surface):
    """What is told where v_theta was held at 0: the threshold at that conductance, and that it is one."""
    from ..basics.display import amount

    at = amount(float(surface.g_[0]), surface.conductance_unit)
    theta, unknown = f"theta [{surface.current_unit}]", f"I_theta [{surface.current_unit}]"
    data = {
        **data,
        theta: data[unknown],
        "g [S]": float(surface.g_[0]),
        unknown: None,
        "v_theta [V]": None,
        "stderr": {**data["stderr"], theta: data["stderr"][unknown], unknown: None, "v_theta [V]": None},
        "covariance": None,
    }
    rows = [
        (f"theta, at {at}", *row[1:])
        if row[0] == "I_theta"
        else ("v_theta", "not known", "")
        if row[0] == "v_theta"
        else row
        for row in rows
    ]
    said = (
        f"v_theta is not known: all sweeps have one conductance, {at}, and theta = I_theta + v_theta g is the"
        " threshold there; record with added conductance, or give --v_theta"
    )
    data["warnings"] = [said, *warnings[1:]]
    return data, rows, data["warnings"]


def _surface(files, g_L, E_L, given):
    """(the recording or None, its f-I surface)."""
    from ..basics.errors import InputError
    from ..cells.surface import FISurface

    sweeps = [file.lower().endswith(ENDINGS) for file in files]
    others = {name: value for name, value in given.items() if value not in (None, False)}
    if any(sweeps):
        if not all(sweeps):
            raise InputError(
                f"{files[sweeps.index(False)]}: is no recording as the others are; fit one kind at a time"
            )
        wrong = [name for name in TABLES_ONLY if name in others]
        if wrong:
            raise InputError(f"--{wrong[0]}: is for tables; sweeps are told what was added by --g-added")
        from ..cells.sweeps.read import read_sweeps

        recording = read_sweeps(list(files), **sweep_arguments(others))
        return recording, recording.to_surface(g_L=g_L, E_L=E_L)
    if len(files) > 1:
        raise InputError(f"got {len(files)} tables, expected one; put their rows into one file")
    wrong = [name for name in others if name not in (*TABLES_ONLY, "E_added")]
    if wrong:
        raise InputError(f"--{wrong[0].replace('_', '-')}: is for sweeps, in files that end in .abf or .nwb")
    added, repeats = given["added"], given["repeats"]
    table = FISurface.from_csv(
        files[0], added=added, g_L=g_L, E_L=E_L, E_added=given["E_added"], repeats=repeats
    )
    return None, table


def _check_picture(plot):
    from ..basics.files import new_file

    new_file(plot, ".png", ".svg", ".pdf")


def _figure(recording, surface, gain):
    from matplotlib.figure import Figure

    from ..results.plots.cells import plot_fi
    from ..results.plots.sweeps import draw_recording

    figure = Figure(figsize=(5.6, 3.8) if recording is None else (10.5, 5.5))
    if recording is None:
        plot_fi(surface, gain, ax=figure.subplots())
    else:
        draw_recording(figure, recording, surface, gain)
    return figure


def _draw(path, recording, surface, gain):
    from matplotlib.style import context

    from ..basics.files import save_figure
    from ..results.plots.style import style

    with context(style()):
        save_figure(_figure(recording, surface, gain), path)


def _write(folder, files, recording, surface, gain, data):
    from ..results.plots.sweeps import plot_sweeps

    tables, figures, beside = {"slopes.csv": gain.slopes}, {}, {}
    title = f"fit of {files[0]}" + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    figures["fi"] = fi_figure(surface, gain, title)
    if recording is not None:
        tables |= {"sweeps.csv": recording.table, "surface.csv": surface.to_frame()}
        figures["sweeps"] = lambda ax: plot_sweeps(recording, ax=ax)
        beside["recording"] = recording
    write_results(folder, gain, {"result.json": data}, tables, figures, beside=beside)
