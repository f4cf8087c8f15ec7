"""The pages in docs: every block of those to paste from runs and prints what it says, every public name stands on a
page of the reference, and every premise has a circuit on which it fails.

Whether the site builds, and whether its links lead somewhere, `make docs` finds out.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import b2reduce as b2r
from b2reduce.cli.commands import main
from b2reduce.validation.premises.register import PREMISES

DOCS = Path(b2r.__file__).parent.parent / "docs"
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="an installed package has no pages")

HOW_TO = [DOCS / "start.md", *sorted(path for path in DOCS.glob("howto/*.md") if path.name != "index.md")]
#: Pages whose blocks run: in order, in one process and one empty folder a page.
PAGES = [
    *HOW_TO,
    *sorted(path for path in DOCS.glob("guide/*.md") if path.name != "index.md"),
    *(
        DOCS / f"{name}.md"
        for name in ("explanation/reduction", "explanation/levels", "explanation/trust", "teaching")
    ),
]
#: Console lines that would install or stay open, or that other tests run (those of the README and of experiments).
NOT_RUN = re.compile(r"pip install|jupyter|b2reduce run ei_lif |b2reduce reproduce ")
NAMESPACES = ("binary", "drives", "errors", "plots")
NUMBER = re.compile(r"(-?(?<![\w.])\d+(?:\.\d+)?)")


def blocks_of(text):
    """[(language, code)] of the fenced blocks of a page that are to be pasted, or are what is printed."""
    return re.findall(r"(?m)^```(python|console|text)\n(.*?)^```$", text, re.DOTALL)


def program_of(text):
    """(Python that runs all blocks of a page with a mark on a line of its own before each, what each prints or
    None where the page does not say).
    """
    code, expected = [], []
    blocks = [block for block in blocks_of(text) if block[0] != "console"]
    for (language, block), (following, printed) in zip(blocks, [*blocks[1:], ("", "")]):
        if language == "python":
            # Workers of scans import the page, and have nothing to say
            code.append(f"if __name__ == '__main__':\n    print({MARK!r}, flush=True)\n{block}")
            expected.append(printed if following == "text" else None)
    return "\n".join(code), expected


MARK = "-- next block --"


def differences(text, printed):
    """[(wanted, got)] of blocks that print something else than the page says."""
    got = printed.split(MARK + "\n")[1:]
    wanted = program_of(text)[1]
    assert len(got) == len(wanted), "every block has been run"
    return [(w, g) for w, g in zip(wanted, got) if w is not None and not same(w, g)]


def same(wanted, got):
    """Whether a text is what a page shows: words as they are, `...` for anything, numbers to 3 % or to their last
    digit.

    With a seed numbers are the same on one processor; with other vector instructions sums are rounded otherwise, and
    spikes of cells in noise part after a while: rates of 20 cell seconds and more, and what is fitted to dozens of
    them, differ by about 1 %.
    """
    parts = NUMBER.split(" ".join(wanted.split()))
    pattern = "".join(
        r"(-?[\d.]+(?:e[+-]?\d+)?)" if k % 2 else re.escape(part).replace(r"\.\.\.", ".*")
        for k, part in enumerate(parts)
    )
    found = re.fullmatch(pattern.replace(r"\ ", r"\s*"), " ".join(got.split()))
    return bool(found) and all(
        abs(float(a) - float(b)) <= max(0.03 * abs(float(a)), 0.5 * 10.0 ** -len(a.partition(".")[2]))
        for a, b in zip(parts[1::2], found.groups())
    )


def run(page, folder):
    """A page's program, run in a folder as a file, since workers of scans import it."""
    (folder / "page.py").write_text(program_of(page.read_text(encoding="utf-8"))[0], encoding="utf-8")
    return subprocess.run(
        [sys.executable, "page.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "agg"},
    )


@pytest.mark.slow
@pytest.mark.pages
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run_and_print_what_the_page_says(page, tmp_path):
    done = run(page, tmp_path)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert differences(text, done.stdout) == []
    lines = [
        line for language, code in blocks_of(text) if language == "console" for line in code.splitlines()
    ]
    for line in lines:
        if not NOT_RUN.search(line):
            command = line.replace("b2reduce ", f"{sys.executable} -m b2reduce ", 1)
            shell = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
            assert shell.returncode == 0, (line, shell.stderr)


def test_another_output_would_be_seen():
    page = "```python\nprint(1)\n```\n\n```text\n1\n```\n\n```python\nprint(2)\n```\n\n```text\n3\n```\n"
    assert differences(page, f"{MARK}\n1\n{MARK}\n2\n") == [("3\n", "2\n")]
    assert differences(page.replace("3", "..."), f"{MARK}\n1\n{MARK}\n2\n") == []
    assert same("slope 304 Hz", "slope 301 Hz\n") and not same("slope 304 Hz", "slope 290 Hz\n")
    assert not same("shift 1.00", "shift 1.04") and same("[1. 2.]", "[1.  2.]") and not same("True", "False")


def test_every_page_has_blocks_and_one_alone_is_not_run():
    assert {page for page in DOCS.rglob("*.md") if "```python" in page.read_text(encoding="utf-8")} <= set(
        PAGES
    )
    for page in HOW_TO:
        text = page.read_text(encoding="utf-8")
        kinds = [language for language, _ in blocks_of(text)]
        assert kinds.count("python") >= 3 and kinds.count("text") >= 1, page
        # A block in another fence would not be run; pictures are none
        others = re.findall(r"(?m)^```(?!\{figure\})\{?(?!python$|console$|text$)(\S+)\}?.*$", text)
        assert others == (["code-block}"] if page.stem == "scan" else []), (page, others)
    how = sorted(path.stem for path in DOCS.glob("howto/*.md"))
    assert {"cell", "recording", "brian2-network", "shunting", "scan", "export"} <= set(how)


def documented():
    """{name below b2reduce: page} of everything that a page of the reference lists."""
    found = {}
    for page in sorted(DOCS.glob("reference/*.rst")):
        text, module = page.read_text(encoding="utf-8"), ""
        for line in text.splitlines():
            current = re.match(r"\.\. currentmodule:: (\S+)", line)
            entry = re.match(r"   ~?([A-Za-z_][\w.]*)$", line)
            module = current.group(1) if current else module
            if entry and module:
                found[f"{module}.{entry.group(1)}".removeprefix("b2reduce.")] = page.name
    return found


def test_every_public_name_stands_on_a_page():
    public = {name for name in b2r.__all__ if name not in (*NAMESPACES, "__version__")}
    for namespace in NAMESPACES:
        public |= {f"{namespace}.{name}" for name in getattr(b2r, namespace).__all__}
    listed = documented()
    assert public - set(listed) == set()
    assert {name for name in listed if "." not in name} - public == set(), "and none that there is not"
    assert "no_such_name" not in listed and len(public) > 80


def failures():
    """{premise: file} of the circuits on which premises fail, as their sources register them."""
    return {
        name: path.name
        for path in sorted(DOCS.glob("making/failures_of_*.py"))
        for name in re.findall(r'(?m)^@fails\("(.*)"\)$', path.read_text(encoding="utf-8"))
    }


def test_every_premise_has_a_circuit_on_which_it_fails():
    # The page makes a section of each premise with its circuit, and the build ends where a premise holds there.
    assert set(failures()) == set(PREMISES)


def test_every_command_stands_on_a_page():
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("commands/*.rst"))
    assert set(re.findall(r"(?m)^   :prog: b2reduce (\S+)$", pages)) == set(main.commands)


def test_every_notebook_stands_on_the_page_of_tutorials():
    listed = re.findall(r"(?m)^(\d\d_\w+)$", (DOCS / "tutorials" / "index.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.stem for path in (DOCS.parent / "experiments" / "notebooks").glob("*.ipynb"))
