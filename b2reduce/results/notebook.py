"""A validation notebook of the user's own circuit, run, with cells to go on from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..basics.arguments import flag, needed_seconds, one_of, whole
from ..basics.errors import InputError
from ..basics.files import new_file, write_text
from ..basics.progress import Progress
from ..circuit.circuit import load_circuit
from ..reduction.levels.register import LEVELS
from ..reduction.noises import NOISES

if TYPE_CHECKING:
    from ..basics.types import PathLike, ProgressLike, QuantityLike
    from ..circuit.types import CircuitLike

__all__ = ["write_notebook"]

MINUTES = 30  # that a cell may take


def write_notebook(
    circuit: CircuitLike,
    path: PathLike,
    *,
    level: str | None = None,
    noise: str = "renewal",
    seeds: int = 3,
    duration: QuantityLike | None = "2 s",
    seed: int = 1,
    execute: bool = True,
    progress: ProgressLike = None,
) -> None:
    """Write a notebook that reduces a circuit, runs it both ways, shows what holds, and asks what if.

    Parameters
    ----------
    circuit : Circuit, str or path
        Stands in the notebook as the text of its TOML file, so that the notebook needs nothing else.
    path : path
        Of a new file that ends in .ipynb.
    level, noise, seeds, duration, seed
        As in `validate`.
    execute : bool
        Whether it is run, with the Python that runs this; else it is written without results.
    progress : None, bool, str or callable

    Raises
    ------
    InputError
        If the circuit is unknown, or nbformat, nbclient or ipykernel are not installed.
    OutputError
        If the file is there already, or cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "mine.ipynb")
    >>> write_notebook("ei_lif", path, execute=False)
    >>> os.path.exists(path)
    True
    """
    path = new_file(path, ".ipynb")
    circuit, execute = load_circuit(circuit), flag(execute, "execute")
    (
        whole(seeds, "seeds", 1),
        whole(seed, "seed"),
        needed_seconds(duration, "duration"),
        one_of(noise, NOISES, "noise"),
    )
    if level is not None:
        one_of(level, LEVELS, "level")
    nbformat = _library("nbformat")
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    notebook.cells = [
        (nbformat.v4.new_markdown_cell if kind == "text" else nbformat.v4.new_code_cell)(source)
        for kind, source in _cells(circuit, level, noise, seeds, duration, seed)
    ]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    if execute:
        with Progress(progress) as bar:
            _run(notebook, path, bar.stage("running the notebook"))
    write_text(path, nbformat.writes(notebook) + "\n")


def _library(name):
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise InputError(f"the library {name} is not installed: pip install 'b2reduce[notebooks]'") from None


def _run(notebook, path, report):
    """Run all cells with the Python that runs this, whatever kernels are known to Jupyter."""
    import sys

    nbclient = _library("nbclient")
    _library("ipykernel")
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name="python3")
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=40"],
        display_name="Python 3",
        language="python",
    )
    client = nbclient.NotebookClient(
        notebook,
        km=manager,
        timeout=60 * MINUTES,
        resources={"metadata": {"path": str(path.absolute().parent)}},
        record_timing=False,
        on_cell_complete=lambda cell, cell_index: report((cell_index + 1) / len(notebook.cells)),
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        raise InputError(
            f"{path}: a cell of the notebook failed, and nothing was written: {error.ename}: {error.evalue}"
        ) from None
    for cell in notebook.cells:  # progress is for the one who waits
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


def _literal(text):
    """A text as Python writes it, over many lines where nothing in it could end it."""
    return repr(text) if "'''" in text else f"r'''\n{text}\n'''"


def _cells(circuit, level, noise, seeds, duration, seed):
    """[("text" or "code", source)]."""
    drives, names = circuit.drive_names, list(circuit.populations)
    chosen = f", level={level!r}" if level else ""
    yield (
        "text",
        (
            f"# {circuit.name}: the spiking network against its rate model\n\n{circuit.title}\n\nWritten by"
            " `b2reduce notebook`. Change the circuit or a setting, and run it again from there."
        ),
    )
    yield (
        "code",
        (
            "import tomllib\n\nimport matplotlib.pyplot as plt\nfrom brian2 import Hz, mV, ms, nS, pA,"
            " second\n\nimport b2reduce as b2r\n\nSEED = "
            + repr(seed)
            + f"\n\nCIRCUIT = {_literal(circuit.to_toml().strip())}\n"
            "circuit = b2r.Circuit.from_dict(tomllib.loads(CIRCUIT))\ncircuit"
        ),
    )
    yield (
        "text",
        (
            "## The rate model\n\nThe gains are measured at the operating point, in the noise that the cells"
            " have there; W, theta and tau follow from them. ± is the standard error of the measurement."
        ),
    )
    yield "code", f"reduced = b2r.reduce(circuit, noise={noise!r}, seed=SEED)\nreduced"
    yield (
        "code",
        (
            f"fig, axes = plt.subplots(1, {len(names)}, figsize=({min(5.2 * len(names), 16)}, 3.8),"
            ' squeeze=False, layout="constrained")\nfor ax, name in zip(axes[0], reduced.populations):\n   '
            " b2r.plots.plot_fi(reduced.surfaces[name], reduced.gains[name],"
            " point=(reduced.operating_I[name], reduced.operating_rate[name]), ax=ax)\n    ax.set_title(name)"
        ),
    )
    yield "text", "What one population's equations are when they run:"
    yield "code", f"print(reduced.equations[{names[0]!r}])"
    chooses = (
        f"Its rate model is of level {level}."
        if level
        else (
            "Its rate model, `validation.reduced`, is of level transfer, or linear where the circuit cannot"
            " have that; `reduced` above is linear."
        )
    )
    yield (
        "text",
        (
            "## Beside the spiking network\n\n`validate` reduces, runs both networks, and measures the"
            " premises of the derivation. The verdict says whether to trust the rate model, and why not."
            f" {chooses}"
        ),
    )
    yield (
        "code",
        (
            f"validation = b2r.validate(circuit, duration={str(duration)!r}, seeds={seeds!r},"
            f" noise={noise!r}{chosen}, seed=SEED)\nvalidation"
        ),
    )
    yield (
        "code",
        (
            "fig, axes = plt.subplots(1, 2, figsize=(11, 3.6),"
            ' layout="constrained")\nb2r.plots.plot_rates(validation.rates, validation.spikes[0],'
            " ax=axes[0])\nb2r.plots.plot_levels(validation, ax=axes[1])\nNone"
        ),
    )
    yield (
        "code",
        (
            'validation.premises[["assumption", "measured", "limit", "holds",'
            ' "advice"]].style.format(precision=3,'
            ' na_rep="").hide(axis="index").set_properties(**{"text-align": "left"})'
        ),
    )
    if drives:
        first = next(drive for drive in circuit.drives if drive.name == drives[0])
        yield (
            "text",
            (
                f"## Other drives\n\nThe rate model of this operating point at other rates of `{drives[0]}`,"
                " and the part of each run outside of what was measured."
            ),
        )
        yield (
            "code",
            (
                "import numpy as np\nimport pandas as pd\n\nmodel = validation.reduced\nrows = []\n"
                f"for rate in np.linspace(0.8, 1.2, 5)*{float(first.rate_)!r}*Hz:\n"
                f"    run = b2r.simulate_rates(model, duration=1*second, drives={{{drives[0]!r}: rate}})\n"
                f'    rows.append({{"{drives[0]} (Hz)": float(rate), **run.mean(0.5*second).to_dict(),'
                ' "outside": max(run.outside.values())})\n'
                "pd.DataFrame(rows).round(3)"
            ),
        )
    if circuit.projections:
        yield (
            "text",
            (
                "## What if\n\nA changed circuit, with the gains as they were and reduced anew."
                " `spiking=True` runs the spiking network as well; `b2r.tune` finds the value that gives a"
                " wanted rate."
            ),
        )
        yield "code", f'b2r.what_if(reduced, {{"projection.{circuit.labels[0]}.G": "x1.2"}})'
    yield (
        "text",
        (
            '## To take away\n\n`reduced.to_script("numpy")`, `to_latex()`, `validation.save("report")`,'
            ' `b2r.explore(reduced, "page.html")`.'
        ),
    )
