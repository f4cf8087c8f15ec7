"""The pages of published results: what sphinx-gallery reads is written from the scripts of `experiments`.

A script of experiments holds functions, fig1, fig2, ..., that return a figure and rows of published against
measured. A page calls them, and shows each figure below its code and all rows at the end. What takes longer than
`LONGEST` minutes is not run while the site is built: its page shows the pictures and the table that
`python -m b2reduce.experiments.gallery` wrote last, and says so.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

from b2reduce.experiments.gallery import SCRIPTS
from b2reduce.experiments.script import figures_of
from sphinx_gallery.sorting import ExplicitOrder

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent
CLONE = DOCS.parent
SOURCES = DOCS / "_made" / "gallery"
LONGEST = 0.2  # minutes
TABLE = """
# %%
# Published against measured
# --------------------------
# ``source`` says what stands under published: a number or claim of the *paper*, a closed form or derivation
# evaluated here (*theory*), or the *spiking* simulation run here.
import pandas as pd

table = pd.DataFrame(rows).set_index("what")[["published", "source", "measured", "within"]]
assert (table.within != False).all(), "a row is not within"
table.style.format(na_rep="", formatter={"within": lambda within: {True: "yes"}.get(within, "")})
"""


def modules():
    """{name: module} of the scripts, in the order of their page."""
    return {name: import_module(f"b2reduce.experiments.{name}") for name in SCRIPTS}


def is_run(module):
    """Whether the figures of a script are drawn anew at every build."""
    return module.MINUTES[0] <= LONGEST


def rst(text):
    """Markdown of a docstring as reST: code in backticks, and nothing else that reST would take for markup."""
    parts = re.split(r"`([^`]+)`", text)
    escaped = [
        f"``{part}``" if k % 2 else re.sub(r"([*|\\])", r"\\\1", re.sub(r"(?<=\w)_(?!\w)", r"\\_", part))
        for k, part in enumerate(parts)
    ]
    return "".join(escaped)


def commented(text):
    """A block of text as sphinx-gallery reads it."""
    return "# %%\n" + "\n".join(f"# {line}".rstrip() for line in text.strip().splitlines()) + "\n"


def code_of(module):
    """The cells of a script that come after its docstring, without the last, which runs it as a program."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    cells = re.split(r"(?m)^# %%.*\n", source)[1:]
    return [cell.strip() + "\n" for cell in cells if "__main__" not in cell]


def rows_of(name):
    """Rows of the table that a script wrote last, as experiments/README.md has them."""
    page = (CLONE / "experiments" / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"(?ms)^<!-- {name} -->\n(.*?)(?=^<!-- \w+ -->|\Z)", page).group(1)
    lines = re.findall(r"(?m)^\|(.*)\|$", section)[2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def kept_table(name):
    """The table that a script wrote last, as a reST list-table."""
    heads = ["", "published", "source", "measured", "within"]
    text = ".. list-table::\n   :header-rows: 1\n   :class: results\n\n"
    for row in [heads, *rows_of(name)]:
        text += "".join(f"   {'* -' if k == 0 else '  -'} {rst(cell)}\n" for k, cell in enumerate(row))
    return text


def head_of(name, module):
    """Title, source and prose of a page."""
    first, _, rest = inspect.cleandoc(module.__doc__).partition("\n\n")
    short, long = module.MINUTES
    line = f"``b2reduce reproduce {name}`` · {module.DOI} · {short:g} min, ``--long`` {long:g} min"
    title = module.TITLE
    # Half a sentence that is the title again is left out.
    return f"{title}\n{'=' * len(title)}\n\n{line}\n\n{rst(first)}\n\n{rst(rest)}\n"


def departures_of(module):
    """Where a script leaves its source."""
    items = "\n".join(f"- {rst(text)}" for text in module.DEPARTURES)
    return f"Departures from the source\n--------------------------\n{items}\n"


def source_of(name, module):
    """What sphinx-gallery reads."""
    text = f'r"""\n{head_of(name, module)}"""\n\n'
    code = code_of(module)
    if is_run(module):
        text += "# %%\n# The script\n# ----------\n" + code[0]
        text += "import matplotlib.pyplot as plt\nfrom b2reduce.results.plots.style import style\n\n"
        text += "plt.style.use(style())\nrows = []\n"
        functions = dict(figures_of(vars(module)))
        for cell in code[1:]:
            drawn = [figure for figure in functions if f"def {figure}(" in cell]
            for figure in drawn:
                label = inspect.cleandoc(functions[figure].__doc__).splitlines()[0]
                title = f"Figure {figure.removeprefix('fig')}"
                text += "\n" + commented(f"{title}\n{'-' * len(title)}\n{rst(label)}")
            text += cell + "".join(f"\n\nfigure, more = {figure}()\nrows += more\n" for figure in drawn)
        text += TABLE
    else:
        said = (
            ".. note::\n\n   This takes a while, so that it was not run while these pages were built: the pictures"
            " and the table are those that ``python -m b2reduce.experiments.gallery`` wrote last.\n\n"
        )
        pictures = vars(module).get("PICTURES", ("fig1",))  # as the gallery of experiments has it
        shown = [(figure, vars(module)[figure].__doc__.splitlines()[0]) for figure in pictures]
        for figure, label in shown:
            said += f".. figure:: /../experiments/pictures/{name}_{figure}.png\n   :alt: {rst(label)}\n\n   {rst(label)}\n\n"
        said += "Published against measured\n--------------------------\n" + kept_table(name)
        text += commented(said) + "\n"
        text += f"\n# sphinx_gallery_thumbnail_path = '../experiments/pictures/{name}_{shown[0][0]}.png'\n"
    text += "\n" + commented(departures_of(module))
    if not is_run(module):
        text += "\n" + commented("The script\n----------") + "\n\n".join(code)
    return text


def write():
    """Write what sphinx-gallery reads, where it differs from what stands there."""
    SOURCES.mkdir(parents=True, exist_ok=True)
    wanted = {f"{name}.py": source_of(name, module) for name, module in modules().items()}
    wanted["GALLERY_HEADER.rst"] = (DOCS / "making" / "results_head.rst").read_text(encoding="utf-8")
    for path in SOURCES.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = SOURCES / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def settings():
    """Settings of sphinx-gallery, once its sources are written."""
    write()
    run = [name for name, module in modules().items() if is_run(module)]
    return {
        "examples_dirs": str(SOURCES),
        "gallery_dirs": "results",
        "filename_pattern": rf"/({'|'.join(run)})\.py$",
        "within_subsection_order": ExplicitOrder([f"{name}.py" for name in SCRIPTS]),
        "abort_on_example_error": True,
        "remove_config_comments": True,
        "download_all_examples": False,
        "write_computation_times": False,
        "show_memory": False,
        "plot_gallery": True,
        "image_srcset": ["2x"],
    }
