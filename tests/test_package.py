"""What a stranger installs: a wheel, in a clean environment, from another folder."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import b2reduce as b2r

ROOT = Path(b2r.__file__).parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "setup.cfg").is_file(), reason="an installed package has no sources to build from"
    ),
]


def sources():
    """Names of all files that a clone has; unpacked sources have no others."""
    if not (ROOT / ".git").exists():
        return [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file()]
    said = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [name for name in said.split("\n") if name and (ROOT / name).is_file()]


def copy_of_sources(place):
    for name in sources():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Wheel and source distribution, built from a copy so that the sources stay clean."""
    place = tmp_path_factory.mktemp("build")
    copy_of_sources(place / "source")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", place / "dist", place / "source"],
        check=True,
        capture_output=True,
    )
    return place / "dist"


def test_the_wheel_holds_the_data_and_no_strangers(built):
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    for name in (
        "b2reduce/templates/report.html.jinja",
        "b2reduce/templates/circuit.toml",
        "b2reduce/templates/explorer.html.jinja",
        "b2reduce/b2reduce.mplstyle",
        "b2reduce/models/neurons/lif.toml",
        "b2reduce/models/circuits/ei_lif.toml",
        "b2reduce/experiments/accuracy.py",
        "b2reduce/experiments/reductions/circuits.toml",
        "b2reduce/experiments/reductions/circuits/ei_lif.toml",
        "b2reduce/experiments/reductions/references.csv",
        "b2reduce/experiments/reductions/entries/linear.csv",
        "b2reduce/cells/engine/kernel.cpp",
        "b2reduce/cells/engine/common.cpp",
        "b2reduce/networks/engines/network.cpp",
    ):
        assert name in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"b2reduce"}, (
        "nothing but the package at the top level"
    )


def test_the_sources_hold_all_that_a_clone_has(built):
    """So that their tests, and their make, find what they look for."""
    packed = {
        name.partition("/")[2]
        for name in tarfile.open(next(built.glob("*.tar.gz"))).getnames()
        if "/" in name
    }
    assert len(sources()) > 500 and set(sources()) - packed == set()


def test_tests_run_from_the_unpacked_sources(built, tmp_path):
    tarfile.open(next(built.glob("*.tar.gz"))).extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.iterdir()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-rs",
            "tests/test_release.py",
            "tests/test_layers.py",
        ],
        cwd=unpacked,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
    )
    assert done.returncode == 0 and "skipped" not in done.stdout, done.stdout


def test_the_wheel_works_in_a_clean_environment_elsewhere(built, tmp_path):
    """The package comes from the wheel alone.

    Its dependencies from this environment, so that nothing is downloaded.
    """
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", next(built.glob("*.whl"))],
        check=True,
    )
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    # Listed after the wheel's own folder; an editable install's finder is left behind, as only .pth files of
    # a site folder count.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # Brian2 imports distutils, which from Python 3.12 on setuptools brings, through a .pth file of its own.
    for hook in Path(sysconfig.get_path("purelib")).glob("distutils-precedence.pth"):
        shutil.copy(hook, site)
    where = subprocess.run(
        [python, "-c", "import b2reduce; print(b2reduce.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(tmp_path) in where
    result = subprocess.run(
        [
            tmp_path / "env" / "bin" / "b2reduce",
            "fi",
            "lif",
            "--I",
            "0.4 nA",
            "--g",
            "16.7 nS",
            "--duration",
            "200 ms",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0 and "rate (Hz)" in result.stdout, result.stderr
    listed = subprocess.run(
        [tmp_path / "env" / "bin" / "b2reduce", "models"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "ei_lif_gamma" in listed.stdout
    scripts = (
        "from importlib import import_module; from b2reduce.experiments.gallery import SCRIPTS;"
        " print(*(import_module(f'b2reduce.experiments.{name}').__file__ for name in SCRIPTS), sep='\\n')"
    )
    imported = subprocess.run([python, "-c", scripts], cwd=tmp_path, capture_output=True, text=True)
    assert imported.returncode == 0 and all(
        line.startswith(str(tmp_path)) for line in imported.stdout.split()
    ), imported.stderr
    reproduced = subprocess.run(
        [tmp_path / "env" / "bin" / "b2reduce", "reproduce", "holt_koch1997", "-o", "pictures"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (
        reproduced.returncode == 0
        and (tmp_path / "pictures" / "holt_koch1997_fig1.png").stat().st_size > 10_000
    ), reproduced.stderr


def test_an_editable_install_is_found_from_the_folder_above_the_clone(tmp_path):
    """There a clone called b2reduce is a folder of that name, which Python would take for a package without
    contents.
    """
    clone, site = tmp_path / "b2reduce", tmp_path / "site"
    copy_of_sources(clone)
    build = "import sys; from setuptools.build_meta import build_editable; print(build_editable(sys.argv[1]))"
    made = subprocess.run([sys.executable, "-c", build, tmp_path], cwd=clone, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    zipfile.ZipFile(next(tmp_path.glob("*.whl"))).extractall(site)
    look = (
        "import sys, site; sys.meta_path = [finder for finder in sys.meta_path if 'Editable' not in"
        f" repr(finder)]; sys.path = [place for place in sys.path if place != {str(ROOT)!r}];"
        f" site.addsitedir({str(site)!r}); import b2reduce; print(b2reduce.__file__);"
        " print(len(b2reduce.list_models()))"
    )
    found = subprocess.run([sys.executable, "-c", look], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    file, number = found.stdout.split()
    assert Path(file) == clone / "b2reduce" / "__init__.py" and int(number) == len(b2r.list_models())


def test_every_public_name_is_there_and_documented():
    for name in b2r.__all__:
        thing = getattr(b2r, name)
        if callable(thing):
            assert thing.__doc__, name
    with pytest.raises(AttributeError, match="no_such_name"):
        b2r.no_such_name
