"""What people meet before the code: what is said there must be true, and asks for what exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import b2reduce as b2r

ROOT = Path(b2r.__file__).parent.parent
GITHUB = ROOT / ".github"
pytestmark = pytest.mark.skipif(not GITHUB.is_dir(), reason="an installed package has no repository")
FORMS = sorted(path.name for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.name != "config.yml")
TEXTS = "SECURITY.md", "CODE_OF_CONDUCT.md", "pull_request_template.md"


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_issues_have_what_their_host_demands(name):
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / name).read_text(encoding="utf-8"))
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert form["name"] and form["description"] and asked
    assert len({part["id"] for part in asked}) == len(asked)
    assert any(part.get("validations", {}).get("required") for part in asked)
    assert {part["type"] for part in form["body"]} <= {
        "markdown",
        "textarea",
        "input",
        "dropdown",
        "checkboxes",
    }
    assert all(part["attributes"]["label"] for part in asked)


def test_there_is_a_form_for_faults_for_numbers_and_for_wishes():
    assert FORMS == ["bug.yml", "feature.yml", "wrong_numbers.yml"]


def test_the_command_that_a_form_asks_for_says_the_versions():
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    [asked] = [part["attributes"]["placeholder"] for part in form["body"] if part.get("id") == "versions"]
    code = re.fullmatch(r'python -c "(.*)"', asked)[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0 and f"'b2reduce': '{b2r.__version__}'" in done.stdout
    for name in ("brian2", "numpy", "python"):
        assert f"'{name}'" in done.stdout


@pytest.mark.parametrize("name", TEXTS)
def test_files_that_are_named_exist(name):
    text = (GITHUB / name).read_text(encoding="utf-8")
    for path in re.findall(r"`(b2reduce/[\w/]+(?:\.py)?)`", text) + re.findall(r"\]\((\w[\w./]*)\)", text):
        assert (ROOT / path).exists() or (GITHUB / path).exists(), path
    for path in re.findall(r"\b[A-Z_]+\.md\b", text):
        assert (ROOT / path).exists() or (GITHUB / path).exists(), path


def code_of(package):
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def evaluating(sources):
    """Lines that could run what stands in a file: by eval, exec, or by unpickling."""
    pattern = re.compile(
        r"(?<![\w.])(?:eval|exec)\(|pickle\.loads?\(|Unpickler|allow_pickle=True|yaml\.load\(|marshal"
    )
    return [
        f"{path}: {line.strip()}"
        for path, text in sources.items()
        for line in text.splitlines()
        if pattern.search(line)
    ]


def test_the_package_evaluates_and_unpickles_nothing():
    assert evaluating(code_of("b2reduce")) == []
    planted = {
        "a.py": "x = eval(text)",
        "b.py": "y = np.load(p, allow_pickle=True)",
        "c.py": "model.evaluate(x)",
    }
    assert evaluating(planted) == ["a.py: x = eval(text)", "b.py: y = np.load(p, allow_pickle=True)"]


def test_arrays_are_loaded_without_pickle():
    loads = [
        (path, line)
        for path, text in code_of("b2reduce").items()
        for line in text.splitlines()
        if re.search(r"\bnp\.load\(", line)
    ]
    assert loads and all("allow_pickle=False" in line for _, line in loads), loads


@pytest.mark.parametrize(
    "code", ["__import__('os').system('true')", "v.__class__", "(lambda: 1)()", "open('x')"]
)
def test_what_could_run_in_a_model_is_refused(code):
    with pytest.raises(b2r.errors.B2reduceError):
        b2r.load_model("lif").replace(equations=f"dv/dt = (g_L*(E_L - v) + I_app*{code})/C_m : volt")
