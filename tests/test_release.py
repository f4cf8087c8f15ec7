"""What a release says of itself, in several places that must agree."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import b2reduce as b2r

ROOT = Path(b2r.__file__).parent.parent
pytestmark = pytest.mark.skipif(
    not (ROOT / "setup.cfg").is_file(), reason="an installed package has no sources"
)
#: conda's names of what has another there
CONDA = {"matplotlib": "matplotlib-base"}
#: What conda brings beside what pip would
BESIDE = {"python", "cxx-compiler"}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def versions(text):
    """All that a text says its version is."""
    return re.findall(r"""^\s*(?:__version__|version)(?: =|:) ["']?([\d.]+\w*)["']?$""", text, re.MULTILINE)


def requirements(texts, python=None):
    """{name: limits} of requirements; with a version of Python only of those that count there."""
    found = [Requirement(text) for text in texts]
    environment = {} if python is None else {"python_version": python}
    return {
        each.name: str(each.specifier)
        for each in found
        if each.marker is None or python is None or each.marker.evaluate(environment)
    }


def of_setup(key, section="options"):
    config = configparser.ConfigParser()
    config.read_string(read("setup.cfg"))
    lines = config[section][key].splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def of_conda(recipe, part):
    """The requirements of a recipe, with its own words for values filled in."""
    for line in recipe["requirements"][part]:
        for name, value in recipe["context"].items():
            line = line.replace(f"${{{{ {name} }}}}", value)
        # conda writes "python 3.12.*" where pip writes "python==3.12.*"
        name, _, limit = line.partition(" ")
        yield f"{name}{'==' if limit[:1].isdigit() else ''}{limit}"


def misfits(recipe, wanted, brought):
    """Where a recipe and requirements of pip differ: {name: (recipe, pip)}."""
    here = {name: limits for name, limits in brought.items() if name not in BESIDE}
    there = {CONDA.get(name, name): limits for name, limits in wanted.items()}
    return {
        name: (here.get(name), there.get(name))
        for name in here.keys() | there.keys()
        if here.get(name) != there.get(name)
    }


@pytest.fixture
def recipe():
    return yaml.safe_load(read(".ci/conda/recipe.yaml"))


@pytest.mark.parametrize("path", ["b2reduce/__init__.py", "CITATION.cff", ".ci/conda/recipe.yaml"])
def test_versions_agree(path):
    assert versions(read(path)) == [b2r.__version__]


def test_another_version_would_be_seen():
    texts = '__version__ = "1.2.3"', "cff-version: 1.2.0\nversion: 1.2.4", '  version: "1.2.5rc1"'
    assert [versions(text) for text in texts] == [["1.2.3"], ["1.2.4"], ["1.2.5rc1"]]


def test_setup_takes_the_version_from_the_package():
    config = configparser.ConfigParser()
    config.read_string(read("setup.cfg"))
    assert config["metadata"]["version"] == "attr: b2reduce.__version__"


def test_the_recipe_needs_what_setup_needs(recipe):
    least = recipe["context"]["python_min"]
    wanted = requirements(of_setup("install_requires"), python=least)
    brought = requirements(of_conda(recipe, "run"))
    assert len(wanted) > 8 and misfits(recipe, wanted, brought) == {}
    assert brought["python"] == f">={least}" and f"Programming Language :: Python :: {least}" in of_setup(
        "classifiers", "metadata"
    )


def test_the_recipe_builds_with_what_pip_builds_with(recipe):
    [line] = re.findall(r'^requires = \["(.*)"\]$', read("pyproject.toml"), re.MULTILINE)
    brought = requirements(of_conda(recipe, "host"))
    assert {name: brought[name] for name in requirements([line])} == requirements([line])


def test_a_requirement_that_one_of_both_lacks_would_be_seen(recipe):
    wanted = {"brian2": ">=2.9", "matplotlib": "", "new": ">=1"}
    brought = {"brian2": ">=2.8", "matplotlib-base": "", "old": "", "python": ">=3.12"}
    assert misfits(recipe, wanted, brought) == {
        "brian2": (">=2.8", ">=2.9"),
        "new": (None, ">=1"),
        "old": ("", None),
    }
    # On the oldest Python the recipe could not say what setup.cfg says
    texts = of_setup("install_requires")
    assert requirements(texts, "3.11") != requirements(texts, "3.12")


def test_the_recipe_installs_the_command(recipe):
    assert recipe["build"]["python"]["entry_points"] == of_setup("console_scripts", "options.entry_points")
    assert recipe["about"]["license"] == of_setup("license", "metadata")[0]
    assert recipe["about"]["summary"] == of_setup("description", "metadata")[0]
    assert (ROOT / ".ci" / "conda" / recipe["source"]["path"]).resolve() == ROOT.resolve()


@pytest.fixture
def release():
    return yaml.safe_load(read(".github/workflows/release.yml"))


def steps(job):
    return [step.get("run", step.get("uses")) for step in job["steps"]]


def test_a_release_is_tested_and_looked_through_before_it_is_published(release):
    build, publish = release["jobs"]["build"], release["jobs"]["publish"]
    assert steps(build).index("make check test") < steps(build).index("make dist")
    assert publish["needs"] == "build"
    # The right to publish is that of one job, and no job has a password
    assert release["permissions"] == {"contents": "read"} and "permissions" not in build
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in read(".github/workflows/release.yml")


@pytest.mark.parametrize("tag, passes", [(f"v{b2r.__version__}", True), ("v0.0.0", False), ("", False)])
def test_a_tag_of_another_version_is_no_release(release, tag, passes):
    [check] = [step for step in steps(release["jobs"]["build"]) if "GITHUB_REF_NAME" in step]
    done = subprocess.run(
        ["sh", "-c", check], cwd=ROOT, env={"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": tag}
    )
    assert (done.returncode == 0) == passes
