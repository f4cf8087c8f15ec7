"""Imports run one way: a module may import only what stands above it."""

import ast
from pathlib import Path

import b2reduce

LAYERS = [
    {"units", "provenance", "session", "progress", "interrupts", "arguments", "grammar", "expressions", "modeltext", "resetcheck", "display", "tomltext", "labelled", "explanations", "parameternames", "rendering"}, {"roles"},
    {"features", "modelcheck", "spikecounts", "spikememory", "thresholdlinear", "feedback", "ratefilters", "protocols", "fiheaders", "silences", "plausible"},
    {"ring"}, {"model"}, {"circuittext"}, {"circuitlatex"}, {"circuit"}, {"activity"}, {"wiring"}, {"sweep"},
    {"binary"}, {"binaryrun", "binarywiring"}, {"balance"},
    {"ficolumns"}, {"recordings", "gridding", "integration"}, {"points"}, {"onset"}, {"surface"}, {"aftercurrents"}, {"adaptation", "response", "transfer"}, {"forms"}, {"gain"}, {"lookup"}, {"inputs"}, {"operating"}, {"transferaxes"}, {"measuring", "localtransfer"},
    {"circuit_steps"}, {"equations"}, {"uncertainty"}, {"modeltable"}, {"rategroups"}, {"ratesystem"}, {"latex", "export"}, {"reduced"}, {"reduction"},
    {"network"}, {"standalone", "stability"}, {"arclength"}, {"continuation", "phaseplane", "tuning"}, {"rate", "spiking"},
    {"whatif", "explorer", "notebook"}, {"wantedrates"}, {"gainpremises"}, {"comparison", "assumptions", "verdict", "transients"},
    {"plots"}, {"networkplots", "responseplots"}, {"store"}, {"archive"}, {"report"}, {"validation"}, {"scanning"}, {"regimes"}, {"mapplots"}, {"loading"},
    {"filecheck"}, {"clitools"}, {"clifiles", "cliask"}, {"cli"}, {"__main__"},
]
# Besides its own: the command plays the scripts.
ALLOWED = {("cli", "experiments")}
PACKAGE = Path(b2reduce.__file__).parent


def level(module):
    return next(number for number, layer in enumerate(LAYERS) if module in layer)


def imports(path):
    """Modules of the package that a file imports, anywhere in it."""
    inside_sweep = path.parent.name == "sweep"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            if inside_sweep and node.level == 1:
                continue
            yield from [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("b2reduce"), f"{path}: import relatively"


def files():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = "sweep" if path.parent.name == "sweep" else path.stem
        if path.parent in (PACKAGE, PACKAGE / "sweep") and name != "__init__":
            yield path, name


def test_arrows_run_down_the_list():
    for path, name in files():
        for other in imports(path):
            if other == "__version__" or (name, other) in ALLOWED:
                continue
            assert level(other) < level(name) or level(other) == level(name) == 0, f"{path.name} imports {other}"


def test_every_module_has_a_layer_and_rate_and_spiking_never_meet():
    assert {name for _, name in files()} == set().union(*LAYERS)
    found = {name: set(imports(path)) for path, name in files() if name in ("rate", "spiking")}
    assert "spiking" not in found["rate"] and "rate" not in found["spiking"]


def test_an_arrow_upwards_would_be_seen():
    assert not level("report") < level("gain")
