"""The command that fits gains to what was measured or recorded."""

from __future__ import annotations

import click

from .arguments import JSON, OUTPUT, options, read_axis, read_pair
from .output import check_output, fi_figure, show_result, show_table, show_warnings, write_results

__all__ = ["fit"]

ENDINGS = (".abf", ".nwb")
TABLES_ONLY = ("added", "repeats")
#: Options that recordings alone have, and the arguments of `read_sweeps` that they are.
SWEEPS = options(
    click.option(
        "--g-added",
        "--added-g",
        "g_added",
        metavar="LIST",
        help="Conductances added by a dynamic clamp: one value for all, or one a file, '0 nS,10 nS,20 nS'.",
    ),
    click.option("--g-channel", metavar="NAME", help="Channel that recorded the added conductance."),
    click.option("--voltage", metavar="NAME", help="Channel of the cell, or electrode of an NWB file."),
    click.option("--command", metavar="NAME", help="DAC or channel of the injected current."),
    click.option(
        "--voltage-unit", metavar="UNIT", help="What the voltages are, where the file is wrong: 'mV'."
    ),
    click.option(
        "--command-unit", metavar="UNIT", help="What the currents are, where the file is wrong: 'pA'."
    ),
    click.option(
        "--currents",
        metavar="AXIS",
        help="Current of each sweep where the file does not say: '-50 pA:400 pA:10', or a list; with"
        " --window.",
    ),
    click.option(
        "--window", metavar="START,STOP", help="The step, such as '100 ms,600 ms'; by default found."
    ),
    click.option("--holding", metavar="I", help="Current of the amplifier that the files do not say."),
    click.option("--junction", metavar="V", help="Liquid junction potential, taken off all voltages."),
    click.option("--sweeps", metavar="LIST", help="Sweeps to read, such as '1,2,5-12'; by default all."),
    click.option("--protocol", metavar="TEXT", help="NWB: sweeps whose stimulus is called so, in part."),
    click.option("--spikes", metavar="METHOD", help="'threshold' (by default) or 'efel'."),
    click.option("--threshold", metavar="V", help="Voltage that peaks of spikes reach; by default -20 mV."),
    click.option("--slope", metavar="SLOPE", help="dV/dt that rises reach; by default '20 V/second'."),
    click.option("--refractory", metavar="T", help="After a spike in which no other is; by default 1 ms."),
    click.option(
        "--steady", type=float, metavar="SHARE", help="Share of the step for the steady rate; by default 0.5."
    ),
)


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
    "--plot", metavar="FILE", help="Draw the f-I curves, and of sweeps the spikes, as PNG, SVG or PDF."
)
@OUTPUT
@JSON
@click.option(
    "--seed", default=1, hidden=True, help="Accepted by every command; a fit draws no random numbers."
)
def fit(files, form, rates, weights, g_L, E_L, plot, folder, as_json, seed, **given):
    """Fit the law r = f(I - I_theta - v_theta g).

    FILE is a table with the columns 'I [pA]', 'g [nS]', 'rate [Hz]', in any units, or current-clamp and
    dynamic-clamp sweeps of one cell, in one or several .abf or .nwb files. In sweeps the step is found in the
    command, spikes are fast rises of the voltage (see --threshold, --slope), the steady rate is that of the
    last half of the step, and the cell's own leak comes from steps below threshold. --plot shows all of it.

    \b
    b2reduce fit slice.abf --plot slice.png
    b2reduce fit g0.abf g10.abf g20.abf --g-added '0 nS,10 nS,20 nS' --E_added '-80 mV' --json
    """
    from ..basics.display import gain_rows, quantity_text
    from ..basics.errors import InputError
    from ..cells.gain import fit_gain
    from ..cells.gain_forms import FORMS
    from ..results import plain as store

    check_output(folder)
    _check_picture(plot)
    recording, surface = _surface(files, g_L, E_L, given)
    try:
        gain = fit_gain(surface, form=form, rates=read_pair(rates, "--rates"), weights=weights)
    except InputError as error:
        if recording is None or not plot:
            raise
        # What cannot be fitted is looked at all the more
        _draw(plot, recording, surface, None)
        raise InputError(f"{error}; the sweeps are drawn in {plot}") from None
    data = store.fit_data(gain)
    if recording is not None:
        data["recording"] = store.recording_data(recording)
    if plot:
        _draw(plot, recording, surface, gain)
    if folder:
        _write(folder, files, recording, surface, gain, data)
    rows = [
        *gain_rows(gain),
        ("r2", f"{gain.r2:.5f}", ""),
        ("rmse", quantity_text(gain.rmse), ""),
        ("points", str(gain.points), ""),
        *([("the cell", recording.cell, "")] if recording is not None else []),
    ]
    chosen = f" (chosen of {', '.join(FORMS)})" if form == "auto" else ""
    show_result(
        data,
        as_json,
        lambda: show_table(f"{gain.form} gain{chosen}", ("parameter", "value", "standard error"), rows),
    )
    show_warnings(gain.warnings)


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

        recording = read_sweeps(list(files), **_read(others))
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


def _read(words):
    """Arguments of `read_sweeps` from words."""
    readers = {
        "g_added": lambda text: read_axis(text, "--g-added"),
        "currents": lambda text: read_axis(text, "--currents"),
        "window": lambda text: tuple(part.strip() for part in text.split(",")),
        "sweeps": _numbers,
    }
    return {name: readers[name](value) if name in readers else value for name, value in words.items()}


def _numbers(text):
    """'1,2,5-12' as a list."""
    from ..basics.errors import InputError

    numbers: list = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            numbers += range(int(first), int(last) + 1) if dash else [int(first)]
        except ValueError:
            raise InputError(f"--sweeps: got {text!r}, expected numbers such as '1,2,5-12'") from None
        if len(numbers) > 100_000:
            raise InputError(f"--sweeps: got {text!r}, which are more than any recording has")
    return numbers


def _check_picture(plot):
    if plot:
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
