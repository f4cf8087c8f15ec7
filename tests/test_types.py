"""What is public says its types, and README's examples fit them."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import b2reduce as b2r

ROOT = Path(__file__).parent.parent
SPACES = (b2r, b2r.plots, b2r.drives, b2r.binary)


def unannotated(function):
    """Names of the arguments without a type, and "return"."""
    signature = inspect.signature(function)
    missing = [
        name
        for name, parameter in signature.parameters.items()
        if parameter.annotation is parameter.empty
        and name not in ("self", "cls")
        and parameter.kind is not parameter.VAR_KEYWORD
    ]
    return missing + (["return"] if signature.return_annotation is signature.empty else [])


def verbs():
    for space in SPACES:
        for name in space.__all__:
            thing = getattr(space, name)
            if inspect.isfunction(thing):
                yield name, thing
            elif inspect.isclass(thing) and thing.__module__.startswith("b2reduce."):
                for method, value in vars(thing).items():
                    value = getattr(value, "__func__", getattr(value, "fget", value))
                    if inspect.isfunction(value) and not method.startswith("_"):
                        yield f"{name}.{method}", value


def test_everything_public_says_its_types():
    found = dict(verbs())
    assert len(found) > 100
    # Fields' short properties are lambdas
    missing = {
        name: unannotated(value)
        for name, value in found.items()
        if value.__name__ != "<lambda>" and unannotated(value)
    }
    assert missing == {}


def test_a_missing_type_would_be_seen():
    assert unannotated(lambda circuit: circuit) == ["circuit", "return"]


def mypy(tmp_path, code):
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "example.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("types")
    (folder / "mypy.ini").write_text("[mypy]\nignore_missing_imports = True\ncheck_untyped_defs = True\n")
    return lambda code: mypy(folder, code)


@pytest.mark.slow
def test_readme_fits_the_types(checked):
    pages = [ROOT / "README.md", *sorted(ROOT.glob("docs/guide/*.md"))]
    blocks = re.findall(
        r"```python\n(.*?)```", "".join(page.read_text(encoding="utf-8") for page in pages), re.S
    )
    assert len(blocks) > 8
    done = checked("\n".join(blocks))
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "line, said",
    [
        ("b2r.reduce('ei_lif').no_such_field", '"ReducedCircuit" has no attribute "no_such_field"'),
        ("b2r.reduce('ei_lif', seed='one')", "seed"),
        ("b2r.plot_fi", 'Module has no attribute "plot_fi"'),
        ("b2r.reduce('ei_lif', levels=['linear'])['linear'].W.no_such_method()", "no_such_method"),
    ],
)
def test_what_does_not_fit_is_seen(checked, line, said):
    done = checked(f"import b2reduce as b2r\n\n{line}\n")
    assert done.returncode == 1 and said in done.stdout, done.stdout
