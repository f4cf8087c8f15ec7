"""Rate models in the words of others.

Run where b2reduce cannot be imported, they give the rates of simulate_rates.
"""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from brian2 import Hz, ms, nS, second

import b2reduce as b2r
from b2reduce.reduction.rate_system import printed, rate_system

from ..cases import gain, reduced, some, two_populations

#: Where all tests are to run, a program that is missing is a failure.
CI = os.environ.get("CI", "").lower() == "true"
needs = lambda program: pytest.mark.skipif(
    shutil.which(program) is None and not CI, reason=f"{program} is not installed"
)
STEP = {"ext": ([0, 0.1] * second, [14, 17] * Hz)}
DURATION = 0.2 * second
#: Runs a script as if this package were not there.
ALONE = (
    "import runpy, sys; sys.modules['b2reduce'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0],"
    " run_name='__main__')"
)


@pytest.fixture(scope="module")
def models(ei_quiet):
    """Every level, and the kinds of time constants, of the default circuit.

    Its gains without noise are quick to have.
    """
    quick = dict(noise="none", seed=1)
    made = {
        **{level: ei_quiet(level) for level in ("linear", "gain", "surface")},
        "synaptic": b2r.reduce("ei_lif", tau="synaptic", **quick),
        "per area": b2r.reduce("e_shriki", **quick),
    }
    spline = b2r.fit_gain(made["linear"].surfaces["E"], form="spline", rates=(5 * Hz, 60 * Hz))
    made["spline"] = b2r.reduce("ei_lif", level="gain", gains={"E": spline, "I": spline}, **quick)
    made["adapting"] = b2r.reduce(
        b2r.Circuit(
            populations={"E": b2r.Population("lif_adapt", 100)},
            drives=[b2r.Drive("ext", "E", 500, 14 * Hz, 1 * nS, 5 * ms, "0 mV")],
        ),
        adaptation="measured",
        **quick,
    )
    return made


def script_rates(text, folder, name="rates.py"):
    """Rates that a Python script writes, shape (time, 1 + populations)."""
    (folder / name).write_text(text)
    result = subprocess.run(
        [sys.executable, "-c", ALONE, name, "rates.csv"], cwd=folder, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return np.loadtxt(folder / "rates.csv", delimiter=",", skiprows=1)


def program_rates(text, kind, folder, own, steps):
    """Rates of a program with an integrator of its own, in the bins of a run of so many steps each."""
    if kind == "xpp":
        (folder / "rates.ode").write_text(text)
        subprocess.run(["xppaut", "rates.ode", "-silent"], cwd=folder, capture_output=True, timeout=120)
        got = np.loadtxt(folder / "output.dat")[:, -len(own.populations) :]
    else:
        if not CI:
            pytest.importorskip("pyrates")
        got = script_rates(text, folder)[:, 1:]
    return got[: own.t_.size * steps].reshape(own.t_.size, steps, -1).mean(axis=1)


@pytest.mark.parametrize("kind", ["numpy", "brian2"])
@pytest.mark.parametrize(
    "name",
    some(
        ["linear", "gain", "surface", "synaptic", "per area", "spline", "adapting"],
        "linear",
        "surface",
        "synaptic",
    ),
)
def test_scripts_give_the_rates_step_for_step(models, name, kind, tmp_path):
    reduced = models[name]
    got = script_rates(reduced.to_script(kind, duration=DURATION, drives=STEP), tmp_path)
    own = b2r.simulate_rates(reduced, duration=DURATION, drives=STEP)
    assert np.allclose(got[:, 0], own.t_, rtol=0, atol=1e-9) and own.rate_.max() > 1
    # Tables travel as single floats, 6e-8 relative; a spline as a formula with coefficients of the size of
    # rates. 1e-5 leaves room for what feedback makes of that.
    assert np.abs(got[:, 1:] - own.rate_.T).max() <= 1e-5 * own.rate_.max()
    other = b2r.simulate_rates(reduced, duration=DURATION)  # a control: without the step the rates are others
    assert np.abs(got[:, 1:] - other.rate_.T).max() > 1e-2 * own.rate_.max()


@pytest.mark.parametrize(
    "kind,name",
    [
        pytest.param("xpp", "linear", marks=needs("xppaut")),
        *(
            pytest.param("xpp", name, marks=[needs("xppaut"), pytest.mark.long])
            for name in ("spline", "per area")
        ),
        ("pyrates", "linear"),
        pytest.param("pyrates", "synaptic", marks=pytest.mark.long),
    ],
)
def test_programs_with_their_own_integrators_agree(models, kind, name, tmp_path):
    """1e-3 of the largest rate at a step of 10 us.

    Exponential Euler steps of h lag by about h/2 of a curve that rises within some ms. Delays are chains of states
    there and weights here, and left out; the next test has them.
    """
    reduced, dt = at_once(models[name]), 0.01 * ms
    text = reduced.to_script(kind, duration=DURATION, drives=STEP, dt=dt)
    own = b2r.simulate_rates(reduced, duration=DURATION, drives=STEP, dt=dt)
    binned = program_rates(text, kind, tmp_path, own, 100)
    assert np.abs(binned - own.rate_.T).max() <= 1e-3 * own.rate_.max()
    # What it comes to rest at depends on no step: XPP writes single floats.
    assert binned[-1] == pytest.approx(own.rate_[:, -1], rel=1e-4)


def at_once(reduced):
    """The same model whose rates arrive without delay."""
    return reduced.replace({f"projection.{label}.delay": 0 * ms for label in reduced.circuit.labels})


@pytest.mark.parametrize("kind", [pytest.param("xpp", marks=needs("xppaut")), "pyrates"])
def test_chains_of_states_stand_for_delays(models, kind, tmp_path):
    """Chains have the mean and about the variance of the delays, here uniform from 0.1 to 3 ms: 3 states of 0.52
    ms: a variance of 0.80 ms^2 in place of 0.70, a third moment of 0.84 ms^3 in place of 0. With rates that follow
    in 1.9 ms, the membrane's 7.5 ms over 1 + feedback of 3, the second and third terms of the series of a delay
    differ by 0.05/1.9^2 and 0.84/(6 1.9^3) of the step, 3.4 %; without delays the first one would, by 1.55/1.9.
    """
    reduced, dt = models["linear"], 0.02 * ms
    text = reduced.to_script(kind, duration=DURATION, drives=STEP, dt=dt)
    assert "chains of states" in text
    runs = [
        b2r.simulate_rates(reduced, duration=DURATION, drives=STEP, dt=dt, delays=delays)
        for delays in (True, False)
    ]
    binned = program_rates(text, kind, tmp_path, runs[0], 50)
    late, early = (run.rate_.T for run in runs)
    step = np.abs(late[-1] - late[90]).max()
    assert np.abs(binned - late)[95:].max() <= 0.034 * step < np.abs(binned - early)[95:].max()


def test_what_cannot_be_said_is_refused(models):
    for kind in ("xpp", "pyrates"):
        with pytest.raises(
            b2r.errors.InputError,
            match="no tables of several dimensions.*'linear' or 'gain'.*'brian2' or 'numpy'$",
        ):
            models["surface"].to_script(kind)
    with pytest.raises(b2r.errors.InputError, match="kind: got"):
        models["linear"].to_script("matlab")
    with pytest.raises(b2r.errors.InputError, match="at most 40"):
        models["linear"].to_script("xpp", drives={"ext": (np.arange(50) * ms, np.full(50, 14.0) * Hz)})
    assert models["linear"].to_script("latex") == models["linear"].to_latex()
    with pytest.raises(b2r.errors.InputError, match="drives: got a dict.*does not run"):
        models["linear"].to_script("latex", drives=STEP)


def test_names_for_xpp_are_short_and_different():
    from b2reduce.reduction.exporters.xpp import short_names

    names = [
        "W_excitatory_to_inhibitory",
        "W_excitatory_to_inhibitory_2",
        "W_EXCITATORY_to_inhibitory",
        "t",
        "pi",
        "r_E",
        "R_e",
    ]
    short = short_names(names)
    assert all(len(name) <= 9 for name in short.values()) and len(
        {name.lower() for name in short.values()}
    ) == len(names)
    assert not {"t", "pi"} & {name.lower() for name in short.values()}


def test_formulas_mean_the_same_in_all_languages():
    formula = "a - (b - c)/d**2*clip(e, 0, inf) + exp(-a)*int(b > c)"
    values = dict(a=1.3, b=2.1, c=-0.7, d=1.7, e=0.9)
    true = 1.3 - (2.1 + 0.7) / 1.7**2 * 0.9 + np.exp(-1.3)
    for language in ("numpy", "arrays"):
        assert eval(printed(formula, language), {"np": np}, values) == pytest.approx(true, rel=1e-12)
    xpp = printed(formula, "xpp").replace("^", "**")
    assert eval(xpp, {"exp": np.exp, "max": max, "heav": lambda x: float(x >= 0)}, values) == pytest.approx(
        true, rel=1e-12
    )


def test_a_system_knows_its_drives(models):
    system = rate_system(models["linear"], STEP)
    assert system.drives == {"rate_ext": ("ext", ((0.0, 0.1), (14.0, 17.0)))} and system.rates == {
        "E": "r_E",
        "I": "r_I",
    }


@needs("pdflatex")
@pytest.mark.parametrize("name", ["linear", "gain", "surface", "synaptic", "per area", "spline", "adapting"])
def test_latex_compiles_and_holds_the_numbers(models, name, tmp_path):
    text = models[name].to_latex()
    assert latex_faults(text, tmp_path) == []
    v_theta = 1e3 * float(np.asarray(models[name].gains[models[name].populations[0]].v_theta))
    assert f"{v_theta:.1f}" in text or f"{v_theta:.2f}" in text
    assert "\\begin{document}" not in models[name].to_latex(document=False)


def test_a_drive_whose_rate_differs_between_targets_is_as_many_symbols():
    circuit = two_populations().replace({"drive.ext->E.rate": 10 * Hz})
    text = b2r.reduce(circuit, gains={"E": gain(), "I": gain(beta=0.3e12)}, tau="membrane").to_latex()
    symbol = lambda name: rf"\nu_{{\mathrm{{{name}}} \leftarrow \mathrm{{ext}}}}"
    assert text.count(symbol("E")) == 2 and text.count(symbol("I")) == 2 and r"\nu_{\mathrm{ext}}" not in text
    assert r"\nu_{\mathrm{ext}}" in reduced().to_latex()


def test_a_table_of_a_drive_stands_for_the_rate_that_it_ends_at():
    """A kick of 30 Hz onto 10 Hz, whose mean over its table is 20 Hz."""
    circuit = two_populations().replace({"drive.ext.rate": ([0, 0.1] * second, [30, 10] * Hz)})
    text = b2r.reduce(circuit, gains={"E": gain(), "I": gain(beta=0.3e12)}, tau="membrane").to_latex()
    (line,) = {line for line in text.split("\n") if line.startswith(r"\nu_{\mathrm{ext}} &=")}
    assert r"&= 10\,\mathrm{Hz}" in line and "long run" in line


@needs("pdflatex")
@pytest.mark.parametrize("name", b2r.list_models().query("kind == 'circuit'")["name"])
def test_tables_of_all_circuits_compile(name, tmp_path):
    assert latex_faults(b2r.load_circuit(name).to_latex(), tmp_path) == []


@needs("pdflatex")
def test_text_that_latex_would_read_as_commands_is_text(tmp_path):
    # Where it is shown: of a cell its title, of a circuit its sources
    hostile = "50 % of #1 & \\input{x} $x$ {~^} <|> é μ λ Ω Ж →"
    cell = b2r.load_model("lif").replace(title=hostile)
    text = b2r.Circuit(
        populations={"E_1": b2r.Population(cell, 10)},
        drives=[b2r.Drive("ext", "E_1", 100, 10 * Hz, 1 * nS, 5 * ms, "0 mV")],
        name="a_b",
        cite=[hostile],
    ).to_latex()
    assert text.count(r"\#1 \& \textbackslash{}input") == 3
    assert latex_faults(text, tmp_path) == []
    assert latex_faults(text.replace(r"\&", "&"), tmp_path) != [], (
        "a control: a letter that means something to LaTeX would be seen"
    )


def latex_faults(text, folder):
    """What pdflatex finds wrong with a document, [] where it makes pages of it.

    Errors, and lines that run off the page by more than a letter.
    """
    (folder / "it.tex").write_text(text, encoding="utf-8")
    result = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "it.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if result.returncode or not (folder / "it.pdf").stat().st_size:
        return [result.stdout[-2000:]]
    return [
        line
        for line in result.stdout.splitlines()
        if line.startswith("Overfull") and float(line.split("(")[1].split("pt")[0]) >= 6
    ]
