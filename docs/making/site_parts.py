"""What the site needs beside its pages: made before Sphinx reads them, and how names in backticks become links."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import failures
import premises_page
import reference_names

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent
CLONE = DOCS.parent
MADE = DOCS / "_made"
CLASSES = reference_names.aliases()


def copy_notebooks():
    """The notebooks as they were run, beside the page that lists them."""
    for path in sorted((CLONE / "experiments" / "notebooks").glob("*.ipynb")):
        target = DOCS / "tutorials" / path.name
        if not target.is_file() or target.read_bytes() != path.read_bytes():
            shutil.copyfile(path, target)


def copy_benchmark():
    """The page of the benchmark of reductions, with its picture and the circuits that it lists."""
    source, target = CLONE / "experiments" / "reductions", DOCS / "benchmark"
    for path in [source / "README.md", source / "errors.png", *sorted((source / "circuits").glob("*.toml"))]:
        copy = target / path.relative_to(source).with_name(path.name.replace("README", "index"))
        if not copy.is_file() or copy.read_bytes() != path.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def copy_mathjax():
    """The one file of MathJax that draws formulas without any other."""
    # The package has hyphens in its name, and is a folder of files for our purpose.
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    source = Path(spec.origin).parent / "static" / "mathjax" / "tex-svg.js"
    (MADE / "static").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, MADE / "static" / source.name)


def write_explorer():
    """The page with sliders that the page for teaching shows."""
    import b2reduce as b2r

    page, aside = MADE / "extra" / "explore.html", MADE / "explore.html"
    if not failures.is_newer(page):
        aside.unlink(missing_ok=True)
        b2r.explore("ei_lif", aside, seed=1)
        aside.replace(page)


def draw_recording():
    """The picture of the page on recordings: its own blocks are run, up to where it is saved."""
    page, picture = DOCS / "howto" / "recording.md", MADE / "recording" / "check.png"
    if failures.is_newer(picture, page):
        return
    blocks = re.findall(r"(?m)^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL)
    last = next(number for number, block in enumerate(blocks) if picture.name in block)
    picture.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-c", "\n".join(blocks[: last + 1])],
        cwd=picture.parent,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "MPLBACKEND": "agg"},
    )


def name_or_word(app, env, node, contnode):
    """A name in single backticks that the package has is a link to it; any other is set as code."""
    if node.get("refdomain") != "py" or node.get("reftype") != "obj":
        return None
    domain, target = env.get_domain("py"), node["reftarget"]
    places = "", "plots.", "drives.", "errors.", "binary."
    for name in (CLASSES.get(target, ""), *(f"b2reduce.{place}{target}" for place in places)):
        if name in domain.objects:
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, contnode)
    return contnode


def setup(app):
    """Called by Sphinx, which has this among its extensions."""
    (MADE / "extra").mkdir(parents=True, exist_ok=True)
    copy_notebooks()
    copy_benchmark()
    copy_mathjax()
    write_explorer()
    draw_recording()
    premises_page.write()
    app.connect("missing-reference", name_or_word)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
