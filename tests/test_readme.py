"""Every block of the README runs, in an empty folder, in order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import b2reduce as b2r

from .cases import some

README = Path(b2r.__file__).parent.parent / "README.md"
BLOCKS = (
    re.findall(r"```(\w+)\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    if README.is_file()
    else []
)
pytestmark = pytest.mark.skipif(not BLOCKS, reason="an installed package has no README")

LINES = [line for language, code in BLOCKS if language == "console" for line in code.strip().splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("readme")


def test_there_are_blocks_of_both_kinds():
    assert {language for language, _ in BLOCKS} == {"python", "console"}


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for language, code in BLOCKS if language == "python"])
def test_python_blocks_run(code, folder):
    result = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:b2reduce", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "agg"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.slow
# A map is among the Python blocks
@pytest.mark.parametrize(
    "line", some(LINES, *(line for line in LINES if not line.startswith("b2reduce map ")))
)
def test_console_lines_run(line, folder):
    # These would call this test: that the target is there, and what it would do, is what can be asked
    if line.startswith("make "):
        plan = subprocess.run([*line.split(), "--dry-run"], cwd=README.parent, capture_output=True, text=True)
        assert (
            plan.returncode == 0
            and {"demo": "b2reduce run ei_lif -o demo", "test": "-m pytest", "numbers": "accuracy"}[
                line.split()[1]
            ]
            in plan.stdout
        )
        return
    command = line.replace("b2reduce ", f"{sys.executable} -m b2reduce ", 1)
    assert command != line
    result = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_picture_is_there():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / path).stat().st_size > 10_000
