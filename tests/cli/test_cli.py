"""The command line: what it prints, where, and how it ends."""

import errno
import json
import os
import subprocess
import sys

import pandas as pd
import pytest

import b2reduce as b2r

from ..command import assert_refused, b2reduce, process

SMALL = """
kind = "circuit"
name = "small"
[populations.E]
model = "lif"
size = 100
[[drives]]
name = "ext"
target = "E"
inputs = 250
rate = "16 Hz"
G = "0.4 nS"
tau = "5 ms"
E = "0 mV"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path


@pytest.mark.smoke
def test_models_are_listed(folder):
    result = process("models", cwd=folder)
    assert (
        result.returncode == 0
        and "shriki2003" in result.stdout
        and "ei_lif_gamma" in result.stdout
        and result.stderr == ""
    )
    listed = json.loads(b2reduce("models", "--json", cwd=folder).stdout)
    assert [entry["name"] for entry in listed] == list(b2r.list_models()["name"])


def imported_by(arguments, folder, first="sys"):
    """What a command prints in a process of its own, and which heavy libraries are imported then."""
    code = f"""
import sys, {first}
from b2reduce.cli.commands import main
try:
    main({arguments!r})
except SystemExit:
    pass
print("heavy:", [name for name in ("brian2", "pandas", "scipy", "matplotlib") if name in sys.modules])
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder).stdout


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["models"],
        ["fi"],
        ["fit"],
        ["reduce"],
        ["run"],
        ["what-if"],
        ["tune"],
        ["export"],
        ["explore"],
        ["notebook"],
        ["new"],
        ["check"],
    ],
)
def test_help_explains_without_importing_brian2(command, folder):
    said = imported_by([*command, "--help"], folder)
    assert "Usage:" in said and "heavy: []" in said


def test_an_import_by_the_help_would_be_seen(folder):
    assert "heavy: ['pandas']" in imported_by(["--help"], folder, first="pandas")


@pytest.mark.smoke
def test_fi_then_fit_through_files(folder):
    result = process(
        "fi",
        "lif",
        "--I",
        "0.2 nA:0.8 nA:13",
        "--g",
        "15 nS,20 nS",
        "--duration",
        "600 ms",
        "-o",
        "out",
        "--json",
        cwd=folder,
    )
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert (
        data["surface"][0]["I [A]"] == pytest.approx(2e-10)
        and len(data["surface"]) == 26
        and data["provenance"]["seed"] == 1
    )
    written = pd.read_csv(folder / "out" / "surface.csv")
    pd.testing.assert_frame_equal(written, pd.DataFrame(data["surface"]).astype(float), check_dtype=False)
    assert {path.name for path in (folder / "out").iterdir()} == {
        "surface.csv",
        "result.json",
        "figures",
        "b2reduce.json",
        "arrays.npz",
        "tables",
    }
    read = b2r.load(folder / "out")
    assert isinstance(read, b2r.FISurface)
    pd.testing.assert_frame_equal(read.to_frame(), written, check_exact=True)
    assert (folder / "out" / "figures" / "fi.png").stat().st_size > 5000
    fit = b2reduce("fit", "out/surface.csv", "--rates", "20 Hz,100 Hz", "--json", "-o", "fit", cwd=folder)
    data, direct = (
        json.loads(fit.stdout),
        b2r.fit_gain(b2r.FISurface.from_frame(written), rates=("20 Hz", "100 Hz")),
    )
    assert (
        fit.returncode == 0
        and data["v_theta [V]"] == pytest.approx(float(direct.v_theta), rel=1e-12)
        and data["points"] == direct.points
    )
    assert float(b2r.load(folder / "fit").v_theta) == data["v_theta [V]"]


def test_fi_in_noise_from_a_file(folder):
    (folder / "noise.toml").write_text(
        '[[drives]]\ninputs = 100\nrate = "10 Hz"\nG = "0.5 nS"\ntau = "5 ms"\nE = "0 mV"\n'
    )
    result = b2reduce(
        "fi",
        "lif",
        "--I",
        "0.3 nA",
        "--g",
        "20 nS",
        "--noise",
        "noise.toml",
        "--duration",
        "300 ms",
        "--replicates",
        "5",
        "--seed",
        "3",
        "--json",
        cwd=folder,
    )
    data = json.loads(result.stdout)
    assert (
        result.returncode == 0
        and data["surface"][0]["rate [Hz]"] > 0
        and data["provenance"]["noise"][0]["inputs"] == 100
        and data["provenance"]["seed"] == 3
    )


@pytest.mark.slow
def test_run_writes_the_report_and_refuses_to_write_it_twice(folder):
    result = b2reduce(
        "run",
        "small.toml",
        "--seeds",
        1,
        "--duration",
        "1 s",
        "-o",
        "out",
        "--json",
        "--set",
        "drive.ext.rate=18 Hz",
        cwd=folder,
    )
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert data["tier"] == "quantitative" and data["comparison"][0]["population"] == "E"
    assert (
        list(data["W_ext [C]"]["E"]) == ["ext"]
        and set(data["theta [A]"]) == {"E"}
        and data["at [Hz]"] == {"ext": 18.0}
    )
    assert data["provenance"]["seed"] == 1 and data["provenance"]["versions"]["brian2"]
    names = {path.name for path in (folder / "out").iterdir()}
    assert names >= {"report.html", "result.json", "comparison.csv", "assumptions.csv", "figures"}
    assert json.loads((folder / "out" / "result.json").read_text()) == data
    assert list(pd.read_csv(folder / "out" / "comparison.csv").columns) == [
        "population",
        "spiking",
        "rate",
        "error",
        "spread",
    ]
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*")}
    for run in (b2reduce, process):
        assert_refused(run("run", "small.toml", "-o", "out", cwd=folder), "out", "already holds files")
    assert {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*")} == before


@pytest.mark.slow
def test_a_breakdown_ends_with_status_1(folder):
    # Without noise the gain is silent at this drive, and the cells fire.
    result = b2reduce(
        "run",
        "small.toml",
        "--noise",
        "none",
        "--seeds",
        1,
        "--duration",
        "500 ms",
        "--set",
        "drive.ext.rate=8 Hz",
        cwd=folder,
    )
    assert result.returncode == 1 and "breakdown" in result.stdout and "silent" in result.stderr


def test_reduce_speaks_json_and_saves(folder):
    result = b2reduce("reduce", "small.toml", "--noise", "none", "--json", "-o", "out", cwd=folder)
    data = json.loads(result.stdout)
    assert result.returncode == 0 and data["noise"] == "none" and data["tau [s]"]["E"] > 0
    assert (
        b2r.ReducedCircuit.load(folder / "out" / "reduced.json").W_ext_["E", "ext"]
        == data["W_ext [C]"]["E"]["ext"]
    )
    read = b2r.load(folder / "out")
    assert isinstance(read, b2r.ReducedCircuit) and read.W_ext_["E", "ext"] == data["W_ext [C]"]["E"]["ext"]


def test_fixed_points_along_a_parameter_are_read_back(folder):
    result = b2reduce(
        "fixed-points",
        "small.toml",
        "--noise",
        "none",
        "--along",
        "drive.ext.rate=10 Hz,20 Hz",
        "--json",
        "-o",
        "out",
        cwd=folder,
    )
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    points, continued = b2r.load(folder / "out"), b2r.load(folder / "out" / "continuation")
    assert [point.rates_ for point in points] == [row["rates [Hz]"] for row in data["fixed_points"]]
    table = pd.read_csv(folder / "out" / "branches.csv", float_precision="round_trip", keep_default_na=False)
    pd.testing.assert_frame_equal(continued.points, table, check_exact=True)


@pytest.mark.parametrize(
    "arguments, gist",
    [
        (["reduce", "ei_lff"], ["ei_lff", "ei_lif"]),
        (["fi", "liff", "--I", "0 nA:1 nA:5", "--g", "10 nS"], ["liff", "lif"]),
        (["fi", "lif", "--I", "0 nA:1 nA", "--g", "10 nS"], ["--I", "first:last:number"]),
        (["fi", "lif", "--I", "0 nA:1 nA:1000000000", "--g", "10 nS"], ["--I", "at most 100000"]),
        (["fi", "lif", "--I", "0 nA:1 nA:5", "--g", "10 ns"], ["g"]),
        (["fi", "lif", "--I", "0 nA:1 nA:5", "--g", "10 nX"], ["--g", "nX"]),
        (["fi", "lif", "--I", "1 nA:0 nA:5", "--g", "10 nS"], ["I", "increase"]),
        (["fi", "lif", "--I", "0 nA:1 nA:0", "--g", "10 nS"], ["--I"]),
        (["fi", "lif", "--I", "0 nA", "--g", "10 nS", "--set", "V_tt=3 mV"], ["V_tt", "V_th"]),
        (["fi", "lif", "--I", "0 nA", "--g", "10 nS", "--set", "V_th"], ["NAME=VALUE"]),
        (["fi", "lif", "--I", "0 nA", "--g", "10 nS", "--set", "V_th=3 nA"], ["V_th"]),
        (["fi", "missing.toml", "--I", "0 nA", "--g", "10 nS"], ["missing.toml", "no such file"]),
        (["fi", "lif", "--I", "0 nA", "--g", "10 nS", "--noise", "none.toml"], ["none.toml"]),
        (["fit", "none.csv"], ["none.csv", "no such file"]),
        (["fit", "bad.csv"], ["bad.csv", "rate [Hz]"]),
        (["fit", "good.csv", "--form", "cubic"], ["cubic", "logistic"]),
        (["fit", "good.csv", "--rates", "5 Hz"], ["--rates"]),
        (["run", "small.toml", "--set", "drive.exT.rate=12 Hz"], ["exT", "ext"]),
        (["run", "small.toml", "--level", "cubic"], ["cubic", "linear"]),
        (["run", "small.toml", "--tau", "10 mV"], ["tau"]),
        (["run", "small.toml", "--seeds", "0"], ["seeds"]),
        (["run", "small.toml", "-o", "small.toml"], ["small.toml", "is a file"]),
        (["run", "small.toml", "-o", "small.toml/sub"], ["cannot be written"]),
        (["run", "broken.toml"], ["broken.toml", "sise", "size"]),
        (["run", "small.toml", "--sedes", "2"], ["--seeds"]),
        (["rum"], ["rum"]),
        (["what-if", "small.toml", "drive.ext.rate=x1.2.3"], ["1.2.3", "a number and a unit"]),
        (
            ["what-if", "small.toml", "drive.ext.rate=x1.1", "drive.ext.rate=x1.2"],
            ["drive.ext.rate", "twice"],
        ),
        (["fi", "lif", "--I", "0.3 nA", "--g", "10 nS", "--seed", "-1"], ["seed", "-1"]),
        (["run", "small.toml", "--seed", "-1"], ["seed", "-1"]),
        (["fi", "lif", "--I", "0.3 nA", "--g", "0 nS,10 nS"], ["g:", "above 0"]),
        (
            ["fi", "lif", "--I", "0.3 nA", "--g", "10 nS", "--set", "V_th=5 V", "--duration", "300 ms"],
            ["does not fire", "threshold", "V_th"],
        ),
        (["fi", "lif", "--I", "0.3 nA", "--g", "10 nS", "--dt", "1 s"], ["duration", "time steps"]),
        (["fi", "lif", "--I", "0.3 nA", "--g", "10 nS", "--set", "parameters=abc"], ["unknown parameter"]),
        (
            ["fi", "lif", "--I", "0.3 nA", "--g", "30 nS", "--noise", "three.toml"],
            ["three.toml", "[[drives]]"],
        ),
        (["reduce", "small.toml", "--window", "60 Hz,5 Hz", "--noise", "none"], ["window", "60"]),
        (["fit", "negative.csv"], ["negative.csv", "rate"]),
    ],
)
def test_bad_input_is_one_clear_message(arguments, gist, folder):
    (folder / "bad.csv").write_text("I [A],g [S]\n1e-10,1e-8\n")
    (folder / "good.csv").write_text(
        "I [A],g [S],rate [Hz]\n"
        + "".join(f"{i}e-10,{g}e-8,{10 * i - g}\n" for i in (1, 2, 3, 4) for g in (1, 2))
    )
    (folder / "broken.toml").write_text(SMALL.replace("size", "sise"))
    (folder / "three.toml").write_text("drives = 3")
    (folder / "negative.csv").write_text("I [A],g [S],rate [Hz]\n1e-10,1e-8,-5\n2e-10,1e-8,5\n")
    before = sorted(path.name for path in folder.rglob("*"))
    assert_refused(b2reduce(*arguments, cwd=folder), *gist)
    assert sorted(path.name for path in folder.rglob("*")) == before, "nothing is left behind"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="root may write everywhere, and rights of Windows are others",
)
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(folder):
    (folder / "closed").mkdir(mode=0o500)
    assert_refused(
        b2reduce("run", "small.toml", "-o", "closed/out", cwd=folder), "closed", "cannot be written"
    )


def test_clean_removes_the_kernels(folder):
    cache = folder / "cache"
    # A process: this one may hold the kernel already, and would not compile it again.
    made = process(
        "fi",
        "lif",
        "--I",
        "0.3 nA",
        "--g",
        "20 nS",
        "--duration",
        "100 ms",
        cwd=folder,
        env={**os.environ, "B2REDUCE_CACHE": str(cache)},
    )
    assert made.returncode == 0 and sorted(path.suffix for path in cache.iterdir()) == [".json", ".so"], (
        "of the run, which is silent and has nothing to check, its text beside it"
    )
    result = b2reduce("clean", cwd=folder, env={"B2REDUCE_CACHE": str(cache)})
    assert result.returncode == 0 and "removed 1 kernels" in result.stderr and not list(cache.iterdir())


def test_progress_goes_to_stderr_only_when_somebody_looks(folder):
    result = process(
        "fi", "lif", "--I", "0.3 nA", "--g", "20 nS", "--duration", "100 ms", "--json", cwd=folder
    )
    json.loads(result.stdout)
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["reduce", "small.toml", "--set", "drive.ext-"],
        ["what-if", "small.toml", "projection.E-"],
        ["scan", "small.toml", "-o", "s", "--grid", "projection.E-"],
        ["fixed-points", "small.toml", "--along", "drive.ext-"],
    ],
)
def test_what_a_shell_left_of_an_arrow_is_recognised(arguments, folder):
    assert_refused(b2reduce(*arguments, cwd=folder), "the shell took the rest", "colon")


def test_an_arrow_may_be_a_colon():
    from b2reduce.cli.changes import read_changes, read_grid

    assert read_changes(["projection.I:E.G='2 nS'", "drive.ext:E.rate=12 Hz", "population.E.size=100"]) == {
        "projection.I->E.G": "2 nS",
        "drive.ext->E.rate": "12 Hz",
        "population.E.size": 100,
    }
    assert list(read_grid(["projection.I:E.G=1 nS:2 nS:3"])) == ["projection.I->E.G"]
    circuit = b2r.load_circuit("ei_lif")
    assert (
        circuit.replace({"projection.I:E.G": "3 nS"}).hash
        == circuit.replace({"projection.I->E.G": "3 nS"}).hash
        != circuit.hash
    )


def test_tables_and_lists_are_given_as_in_files():
    from b2reduce.cli.changes import read_changes

    name, table = (
        "projection.E->E.plasticity",
        '{ kind = "tsodyks_markram", U = 0.5, tau_rec = "1 s", tau_facil = "0 s" }',
    )
    changes = read_changes([f"{name}={table}", "projection.E:E.delay=['1 ms', '2 ms']"])
    changed = b2r.load_circuit("ei_lif").replace(changes)
    assert changed.projections[0].plasticity.U_ == 0.5 and changed.projections[0].to_dict()["delay"] == [
        "1 ms",
        "2 ms",
    ]
    with pytest.raises(b2r.errors.InputError, match="single quotes"):
        read_changes([f"{name}={{ kind = tsodyks_markram }}"])


def test_output_folders_are_tried_before_the_work(folder):
    """A dangling link is followed, the folder one is in refused, what cannot be made is named.

    Nothing is simulated first.
    """
    from b2reduce.basics.files import check_output_folder, output_folder

    (folder / "link").symlink_to(folder / "target")
    with (
        pytest.raises(b2r.errors.OutputError, match="No space left.*make room"),
        output_folder(folder / "full") as place,
    ):
        # As a figure does that is written to a full disk
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not place.exists() and not (folder / "full").exists()
    with output_folder(folder / "link") as place:
        (place / "it").write_text("x")
    assert (folder / "target" / "it").read_text() == "x"
    for bad in (".", "small.toml", "small.toml/deeper", "target"):
        assert_refused(b2reduce("reduce", "small.toml", "-o", bad, cwd=folder))
    # What the system refuses shows in the attempt, whoever asks: there is no room for folders in /proc.
    with pytest.raises(b2r.errors.OutputError, match="cannot be written"):
        check_output_folder("/proc/b2reduce")
    assert {path.name for path in folder.iterdir()} == {"small.toml", "link", "target"}


def test_fi_with_a_folder_says_where_cells_fire(folder):
    result = b2reduce("fi", "lif", "--I", "0 nA:1 nA:21", "--g", "10 nS,20 nS", "-o", "out", cwd=folder)
    assert (
        result.returncode == 0 and "fires from (pA)" in result.stdout and len(result.stdout.splitlines()) < 12
    )
    assert len(pd.read_csv(folder / "out" / "surface.csv")) == 42
    fitted = b2reduce("fit", "out/surface.csv", "--form", "auto", cwd=folder)
    assert "chosen of" in fitted.stdout and "Hz/pA" in fitted.stdout and "e+1" not in fitted.stdout
    chosen = json.loads(b2reduce("fit", "out/surface.csv", "--form", "auto", "--json", cwd=folder).stdout)[
        "form"
    ]
    assert f"{chosen} gain" in fitted.stdout.replace("\n", " ")


@pytest.mark.slow
def test_questions_and_exports_from_a_shell(folder):
    asked = b2reduce(
        "what-if",
        "small.toml",
        "drive.ext.G=x1.1",
        "--duration",
        "0.5 s",
        "--json",
        "-o",
        "asked",
        cwd=folder,
    )
    (row,) = json.loads(asked.stdout)["rates [Hz]"]
    assert (
        asked.returncode == 0
        and row["now"] < row["frozen"]
        and row["spiking"] == pytest.approx(row["anew"], rel=0.1)
    )
    assert b2r.load(folder / "asked").table["spiking"]["E"] == row["spiking"]
    tuned = b2reduce("tune", "small.toml", "E=12 Hz", "--vary", "drive.ext.rate", "-o", "tuned", cwd=folder)
    assert (
        tuned.returncode == 0
        and "drive.ext.rate = " in tuned.stdout
        and b2r.load_circuit(folder / "tuned" / "circuit.toml")
    )
    found = b2r.load(folder / "tuned")
    assert found.reached and found.message in tuned.stdout.replace("\n", " ")
    assert b2reduce("export", "small.toml", "--to", "numpy", "-o", "rates.py", cwd=folder).returncode == 0
    before = (folder / "rates.py").read_text()
    assert_refused(
        b2reduce("export", "small.toml", "--to", "latex", "-o", "rates.py", cwd=folder), "overwrites nothing"
    )
    assert (folder / "rates.py").read_text() == before and subprocess.run(
        [sys.executable, "rates.py"], cwd=folder, capture_output=True
    ).returncode == 0
    assert (
        b2reduce(
            "explore", "small.toml", "--level", "linear", "--noise", "none", "-o", "page.html", cwd=folder
        ).returncode
        == 0
        and (folder / "page.html").exists()
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell, folder):
    """The line that the help gives: names of circuits are completed without a file of that name."""
    script = subprocess.run(
        [sys.executable, "-c", "from b2reduce.cli.commands import main; main(prog_name='b2reduce')"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "_B2REDUCE_COMPLETE": f"{shell}_source"},
    )
    assert "b2reduce" in script.stdout
    words = {
        "bash": {"COMP_WORDS": "b2reduce reduce ei_", "COMP_CWORD": "2"},
        "zsh": {"COMP_WORDS": "b2reduce reduce ei_", "COMP_CWORD": "2"},
        "fish": {"COMP_WORDS": "b2reduce reduce ei_", "COMP_CWORD": "ei_"},
    }[shell]
    found = subprocess.run(
        [sys.executable, "-c", "from b2reduce.cli.commands import main; main(prog_name='b2reduce')"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "_B2REDUCE_COMPLETE": f"{shell}_complete", **words},
    )
    assert "ei_lif" in found.stdout and "_B2REDUCE_COMPLETE" in b2reduce("--help", cwd=folder).stdout
