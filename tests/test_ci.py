"""The scripts that start the tests.

They find the Pythons that are installed, each has an environment of its own, and nothing is skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import b2reduce as b2r

ROOT = Path(b2r.__file__).parent.parent
pytestmark = pytest.mark.skipif(
    not (ROOT / ".ci" / "pythons").is_file(), reason="an installed package has no scripts"
)
TOOLS = "sed", "sort", "find", "head", "dirname"
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def machine(tmp_path):
    """A path with nothing but the tools of the script on it, and a home folder.

    `python(place, version)` puts a Python anywhere.
    """
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))

    def python(place, version, code="exit 0"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        # It answers only what is asked about its own version.
        path.write_text(f'#!/bin/sh\ncase "$2" in *"(3, {version})"*) ;; *) exit 1 ;; esac\n{code}\n')
        path.chmod(0o755)
        return str(path)

    def found(**environment):
        done = subprocess.run(
            ["/bin/sh", str(ROOT / ".ci" / "pythons")],
            capture_output=True,
            text=True,
            env={"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home"), **environment},
        )
        return done.stdout.splitlines(), done

    return python, found


def test_those_on_the_path(machine):
    python, found = machine
    own = [python(f"bin/python3.{minor}", minor) for minor in (13, 12, 11)]
    assert found()[0] == own, "newest first"


def test_plain_python3_counts_for_what_it_is(machine):
    python, found = machine
    new, plain = python("bin/python3.13", 13), python("bin/python3", 12)
    assert found()[0] == [new, plain]


def test_those_of_pyenv_that_are_not_on_the_path(machine, tmp_path):
    python, found = machine
    python("bin/python3.13", 13, "exit 127")  # the stand-in of a version that pyenv has not switched on
    old, new = (python(f"home/.pyenv/versions/3.13.{n}/bin/python3.13", 13) for n in (2, 10))
    python("home/.pyenv/versions/3.1.4/bin/python3.1", 1)
    twelve = python("bin/python3.12", 12)
    assert found()[0] == [new, twelve]
    elsewhere = python("my tools/versions/3.11.7/bin/python3.11", 11)
    assert found(PYENV_ROOT=str(tmp_path / "my tools"))[0] == [new, twelve, elsewhere]
    Path(new).unlink()
    assert found()[0] == [old, twelve]


def test_what_cannot_make_environments_does_not_count(machine):
    python, found = machine
    python("bin/python3.13", 13, "exit 1")
    assert found()[0] == []
    assert found()[1].returncode == 1 and "no Python 3.13, 3.12, 3.11" in found()[1].stderr
    works = python("bin/python3.11", 11)
    assert found()[0] == [works] and found()[1].returncode == 0


def test_this_machine():
    done = subprocess.run([ROOT / ".ci" / "pythons"], capture_output=True, text=True, check=True)
    versions = [
        subprocess.run(
            [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for path in done.stdout.splitlines()
    ]
    assert versions == sorted(set(versions), key=lambda version: int(version[2:]), reverse=True)


def plan(*arguments):
    # Of the make that runs this
    own = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "PYTHON")
    }
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=own,
    )
    return done.stdout.replace(sys.executable, "python")


def test_every_python_has_its_own_environment():
    plain, named = plan("test"), plan("test", f"PYTHON={sys.executable}")
    assert " .venv/bin/python -m pytest" in f" {plain}".replace("\n", " ") and ".venv-python" not in plain
    assert f".venv-python{OWN}/bin/python -m pytest" in named and ".venv/" not in named
    assert f"python -m venv --clear .venv-python{OWN}" in named, (
        "and one of another Python is made anew, not used"
    )


def test_a_python_that_does_not_run_is_named():
    done = subprocess.run(["make", "test", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True)
    assert (
        done.returncode == 2
        and "PYTHON=no-such-python does not run" in done.stderr
        and not (ROOT / ".venv-python").exists()
    )


def test_nothing_is_skipped_in_ci():
    run = (ROOT / ".ci" / "run").read_text()
    assert "export CI=true" in run and "make check test engines" in run and "make smoke" in run
    code = "import sys; sys.path.insert(0, '.'); import tests.browser as t; print(bool(t.NO_BROWSER.args[0]))"
    for said, skipped in (("true", "False"), ("", "True")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "CI": said, "PATH": "/nowhere"},
        )
        assert done.stdout.strip() == skipped, done.stderr
