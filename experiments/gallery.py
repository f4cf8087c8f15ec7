"""The page of published results: draws a picture of each, writes experiments/README.md, and runs the notebooks.

    python -m b2reduce.experiments.gallery               everything (about ten minutes)
    python -m b2reduce.experiments.gallery chance2002    this picture and section, the others as they are
    python -m b2reduce.experiments.gallery --notebooks   the notebooks, in place
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import click
import numpy as np

from b2reduce.experiments.script import drawn

HERE = Path(__file__).resolve().parent
PAGE, PICTURES, NOTEBOOKS = HERE / "README.md", HERE / "pictures", HERE / "notebooks"
SCRIPTS = ("shriki2003", "chance2002", "prescott2006", "hasenstaub2005", "chen_fetz2005", "holt_koch1997", "ermentrout1994", "lecture11", "benyishai1995", "vanvreeswijk1996")
HEAD = """# Published results, reproduced

Each script reproduces one result with the package and ends with a table of published against measured. A row says *yes* where they agree
within what both leave open. Where a published number is not known to us, its claim is tested in kind and the row says so.

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
    """Run a script, keep its picture, and return its part of the page."""
    module = vars(import_module(f"b2reduce.experiments.{name}"))
    picture, rows = module.get("PICTURE", "fig1"), []
    for figure_name, figure, more in drawn(module):
        rows += more
        if figure_name == picture:
            figure.savefig(PICTURES / f"{name}.png", dpi=120)
    cell = lambda text: text.replace("|", "\\|")
    table = ["| | published | measured | within |", "|---|---|---|---|"]
    table += [f"| {cell(row.what)} | {cell(row.published)} | {cell(row.measured)} | {'' if row.within is None else 'yes' if row.within else '**no**'} |" for row in rows]
    doc = "\n\n".join(module["__doc__"].strip().split("\n\n")[1:2])
    short, long = module["MINUTES"]
    departures = "\n".join(f"- {text}" for text in module.get("DEPARTURES", ()))
    return (f"## {module['TITLE']}\n\n`b2reduce reproduce {name}` · {module['DOI']} · {short:g} min, `--long` {long:g} min\n\n{doc}\n\n![{module['TITLE']}](pictures/{name}.png)\n\n"
            + "\n".join(table) + f"\n\nDepartures from the source:\n\n{departures}\n")


def write_page(names):
    """Write the page: these sections new, the others as they stand."""
    known = dict(re.findall(r"(?ms)^<!-- (\w+) -->\n(.*?)(?=^<!-- \w+ -->|\Z)", PAGE.read_text(encoding="utf-8"))) if PAGE.is_file() else {}
    for name in names:
        click.echo(name)
        known[name] = section(name)
        text = HEAD + "".join(f"\n<!-- {each} -->\n{known[each].strip()}\n" for each in SCRIPTS if each in known)
        aside = PAGE.with_suffix(".new")
        aside.write_text(text, encoding="utf-8")
        aside.replace(PAGE)


def dynamic_clamp(path):
    """The table that stands in for a recording: `lif` in the noise of 300 synapses, three leaks, five sweeps of 2 s (0.5 s of it warm-up) for each point."""
    from brian2 import Hz, amp, ms, mV, nS, second

    import b2reduce as b2r

    noise = [b2r.Drive(name="exc", inputs=200, rate=5 * Hz, G=1 * nS, tau=5 * ms, E=0 * mV), b2r.Drive(name="inh", inputs=100, rate=5 * Hz, G=1 * nS, tau=10 * ms, E=-80 * mV)]
    surface = b2r.measure_fi("lif", np.arange(0.1, 0.92, 0.04) * 1e-9 * amp, [26.7, 36.7, 46.7] * nS, noise=noise, duration=2 * second, replicates=5, seed=1)
    frame = surface.to_frame()[["I [A]", "g [S]", "rate [Hz]", "rate_sem [Hz]"]]
    frame.to_csv(path, index=False, float_format="%.4g")


def execute(path, target=None):
    """Run a notebook in its folder and write it, with outputs and without what differs from run to run, to `target` or in place."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(Path(path).parent)}}, record_timing=False).execute()
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        # Progress on stderr is for the one who waits.
        cell.outputs = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"] if cell.cell_type == "code" else None
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
    write_page(names or SCRIPTS)


if __name__ == "__main__":
    main()
