"""The page of published results: draws its pictures, writes experiments/README.md, and runs the notebooks.

python -m b2reduce.experiments.gallery               every picture and the page (some minutes)
python -m b2reduce.experiments.gallery chance2002    this result's pictures and section, the others as
they are python -m b2reduce.experiments.gallery --notebooks   the notebooks, in place
"""

from __future__ import annotations

import inspect
import json
import re
from importlib import import_module
from pathlib import Path

import click
import numpy as np
from b2reduce.experiments.script import drawn

HERE = Path(__file__).resolve().parent
PAGE, PICTURES, NOTEBOOKS = HERE / "README.md", HERE / "pictures", HERE / "notebooks"
SCRIPTS = (
    "shriki2003",
    "chance2002",
    "prescott2006",
    "hasenstaub2005",
    "chen_fetz2005",
    "holt_koch1997",
    "ermentrout1994",
    "lecture11",
    "benyishai1995",
    "vanvreeswijk1996",
)
HEAD = """# Published results, reproduced

Each script reproduces one result with the package and ends with a table of published against measured. `source` says what stands under
published: a number or claim of the *paper*, a closed form or derivation evaluated here (*theory*), or the *spiking* simulation run here. A row
says *yes* where both agree within what they leave open; an empty field means that there is nothing to hold it against, or that the claim is known
to fail here, and the row says which. Where a published number is not known to us its claim is tested in kind.

```console
b2reduce reproduce --list
b2reduce reproduce chance2002 -o pictures
b2reduce reproduce shriki2003 --long
```

Scripts have `# %%` cells: an editor that knows them opens a script as a notebook. The [notebooks](notebooks) teach the package step by step:
[getting started](notebooks/01_getting_started.ipynb), [bring your own cell](notebooks/02_bring_your_own_cell.ipynb),
[shunting shifts](notebooks/03_shunting_shifts.ipynb), [from your recording](notebooks/04_from_your_recording.ipynb),
[side by side](notebooks/05_side_by_side.ipynb) and [when it fails](notebooks/06_when_it_fails.ipynb).

This page is written by `python -m b2reduce.experiments.gallery`, which runs the short form of every script.
"""


def section(name):
    """(part of the page, whether every row is within or open): run a script and keep its pictures."""
    module = vars(import_module(f"b2reduce.experiments.{name}"))
    rows, shown = [], []
    for figure_name, figure, more in drawn(module):
        rows += more
        if figure_name in module.get("PICTURES", ("fig1",)):
            path = PICTURES / f"{name}_{figure_name}.png"
            figure.savefig(path.with_suffix(".new"), dpi=120, format="png")
            path.with_suffix(".new").replace(path)
            shown.append(f"![{module[figure_name].__doc__.splitlines()[0]}](pictures/{path.name})\n")
    cell = lambda text: text.replace("|", "\\|")
    verdict = {None: "", True: "yes", False: "**no**"}
    table = ["| | published | source | measured | within |", "|---|---|---|---|---|"]
    table += [
        f"| {cell(row.what)} | {cell(row.published)} | {row.source} | {cell(row.measured)} |"
        f" {verdict[row.within]} |"
        for row in rows
    ]
    doc = inspect.cleandoc(module["__doc__"]).partition("\n\n")[2]
    short, long = module["MINUTES"]
    departures = "\n".join(f"- {text}" for text in module["DEPARTURES"])
    text = "\n".join(
        [
            (
                f"## {module['TITLE']}\n\n`b2reduce reproduce {name}` · {module['DOI']} · {short:g} min,"
                f" `--long` {long:g} min\n\n{doc}\n"
            ),
            *shown,
            *table,
            f"\nDepartures from the source:\n\n{departures}\n",
        ]
    )
    return text, not any(row.within is False for row in rows)


def write_page(names):
    """Write the page, these sections new and the others as they stand.

    Returns the names of those with a row that is not within.
    """
    known = (
        dict(re.findall(r"(?ms)^<!-- (\w+) -->\n(.*?)(?=^<!-- \w+ -->|\Z)", PAGE.read_text(encoding="utf-8")))
        if PAGE.is_file()
        else {}
    )
    off = []
    for name in names:
        click.echo(name)
        known[name], good = section(name)
        off += [] if good else [name]
        text = HEAD + "".join(
            f"\n<!-- {each} -->\n{known[each].strip()}\n" for each in SCRIPTS if each in known
        )
        aside = PAGE.with_suffix(".new")
        aside.write_text(text, encoding="utf-8")
        aside.replace(PAGE)
    return off


def front():
    """The picture of the package's own README: spikes of the default circuit, and both networks' rates."""
    import matplotlib.pyplot as plt
    from brian2 import second

    import b2reduce as b2r
    from b2reduce.results.plots.style import style

    spikes = b2r.simulate_spikes("ei_lif", duration=2 * second, seed=1)
    rates = b2r.simulate_rates(b2r.reduce("ei_lif", seed=1), duration=2 * second)
    with plt.style.context(style()):
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 4.8), sharex=True, layout="constrained")
        b2r.plots.plot_raster(spikes, start=1 * second, stop=2 * second, ax=top)
        b2r.plots.plot_rates(rates, spikes, ax=bottom)
        top.set(xlabel=None, xlim=(1, 2))
        figure.savefig(PICTURES / "ei_lif.png", dpi=120)
        plt.close(figure)


def dynamic_clamp(path):
    """The table that stands in for a recording: `lif` in the noise of 300 synapses, as an experimenter has
    it.

    Injected current and added leak (with its reversal at rest), without the cell's own leak and the means of
    the noise; five sweeps of 2 s for each point, 0.5 s of each not counted.
    """
    import pandas as pd
    from brian2 import Hz, amp, ms, mV, nS, second, siemens

    import b2reduce as b2r

    noise = [
        b2r.Drive(name="exc", inputs=200, rate=5 * Hz, G=1 * nS, tau=5 * ms, E=0 * mV),
        b2r.Drive(name="inh", inputs=100, rate=5 * Hz, G=1 * nS, tau=10 * ms, E=-80 * mV),
    ]
    model = b2r.load_model("lif")
    # Mean conductances of 5 nS each, K G tau r; what they add to current and leak belongs to the axes of
    # measure_fi, not to the recording's.
    means = np.array(
        [
            drive.inputs * float(np.asarray(drive.G) * np.asarray(drive.tau) * np.asarray(drive.rate))
            for drive in noise
        ]
    )
    offset = float(sum(means * [float(np.asarray(drive.E)) - model.si("E_L") for drive in noise]))
    I_inj, g_added = np.arange(-150, 651, 25) * 1e-12, np.array([0, 10, 20]) * 1e-9
    surface = b2r.measure_fi(
        model,
        (I_inj + offset) * amp,
        (model.si("g_L") + means.sum() + g_added) * siemens,
        noise=noise,
        duration=2 * second,
        replicates=5,
        seed=1,
    )
    I, g = np.meshgrid(I_inj * 1e12, g_added * 1e9, indexing="ij")
    columns = {
        "I_inj [pA]": I,
        "g_added [nS]": g,
        "rate [Hz]": surface.rate_,
        "rate_sem [Hz]": surface.rate_sem_,
    }
    pd.DataFrame({name: values.ravel() for name, values in columns.items()}).to_csv(
        path, index=False, float_format="%.4g"
    )


def execute(path, target=None):
    """Run a notebook in its folder and write it, with outputs and without what differs from run to run, to
    `target` or in place.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(Path(path).parent)}},
        record_timing=False,
    ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        # Progress on stderr is for the one who waits.
        cell.outputs = (
            [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
            if cell.cell_type == "code"
            else None
        )
        if cell.cell_type != "code":
            del cell["outputs"]
    aside = Path(target or path).with_suffix(".new")
    aside.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(Path(target or path))
    return notebook


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(SCRIPTS))
@click.option("--notebooks", is_flag=True, help="Run the notebooks, in place, instead of the scripts.")
def main(names, notebooks):
    """Draw the pictures of published results and write the page that shows them."""
    if notebooks:
        dynamic_clamp(NOTEBOOKS / "dynamic_clamp.csv")
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            click.echo(path.name)
            execute(path)
        return
    PICTURES.mkdir(exist_ok=True)
    if not names:
        click.echo("the README's picture")
        front()
    off = write_page(names or SCRIPTS)
    if off:
        raise click.ClickException(f"a row is not within: {', '.join(off)}")


if __name__ == "__main__":
    main()
