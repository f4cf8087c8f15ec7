import json

import numpy as np
import pytest
from brian2 import Mohm, ms, mV, nA, nS, pF

import b2reduce as b2r
from b2reduce.circuit.allowed_nodes import FUNCTIONS
from b2reduce.circuit.equation_text import parse_equations
from b2reduce.circuit.expressions import evaluate

from ..command import b2reduce
from ..work import TooMuchWork, calls

#: Calls of functions: a hundred thousand characters are looked at one by one in two hundred thousand.
AT_ONCE = 400_000

LIF = dict(
    equations="dv/dt = (g_L*(E_L - v) + I_app)/C_m : volt (unless refractory)",
    threshold="v > V_th",
    reset="v = V_r",
    refractory="2 ms",
    parameters=dict(C_m="250 pF", g_L="10 nS", E_L="-65 mV", V_th="-50 mV", V_r="-60 mV"),
)

VALUES = dict(tau_m=20 * ms, R_m=100 * Mohm, g=10 * nS, v=-60 * mV, V_th=np.array([-50, -70]) * mV, n=3.0)


def test_the_functions_are_those_of_brian2():
    from brian2.core.functions import DEFAULT_FUNCTIONS

    assert {name: len(DEFAULT_FUNCTIONS[name]._arg_units) for name in FUNCTIONS} == FUNCTIONS


@pytest.mark.parametrize(
    "text, value",
    [
        ("1/R_m", 10 * nS),
        ("tau_m/R_m", 200 * pF),
        ("tau_m*g + 5*pF", 205 * pF),
        ("2*mV + v", -58 * mV),
        ("n**2", 9.0),
        ("-n**2", -9.0),
        ("2**-n", 0.125),
        ("sqrt(v**2)", 60 * mV),
        ("7 % n", 1.0),
        ("7 // n", 2.0),
        ("1/2", 0.5),
        ("exp(v/(20*mV))", np.exp(-3)),
    ],
)
def test_expressions_of_parameters_have_a_value(text, value):
    found = evaluate(text, VALUES)
    assert getattr(found, "dim", None) is getattr(value, "dim", None) and float(found) == pytest.approx(
        float(value), rel=1e-14
    )


def test_conditions_have_a_value_for_each_state():
    assert evaluate("v > V_th and n > 2", VALUES).tolist() == [False, True]
    assert evaluate("not (v > V_th) or n < 2", VALUES).tolist() == [True, False]


@pytest.mark.parametrize(
    "text, gist",
    [
        ("v + tau_m", "units do not agree"),
        ("1/(n - 3)", "divides by zero"),
        ("sqrt(-n)", "not finite"),
        ("x", "'x' has no value.*known: R_m"),
        ("rand()", "random"),
        ("R_m(2)", "no function 'R_m'"),
        ("10**(10**n)", "no value"),
        (5, "expected text"),
    ],
)
def test_what_has_no_value_is_refused(text, gist):
    with pytest.raises(b2r.errors.InputError, match=gist):
        evaluate(text, VALUES)


def lif(**changes):
    return b2r.NeuronModel(**{**LIF, **changes})


@pytest.fixture
def code(tmp_path):
    """Text that makes a file where it is evaluated, and that file."""
    touched = tmp_path / "touched"
    return f"__import__('pathlib').Path('{touched}').touch()", touched


def in_equations(text):
    return LIF["equations"].replace("I_app)", f"I_app*{text})")


PLACES = {
    "a call in the equations": lambda code: dict(equations=in_equations(f'f("{code}")')),
    "a call of a known function": lambda code: dict(equations=in_equations(f'exp("{code}")')),
    "a call of a call": lambda code: dict(equations=in_equations(f'exp(clip("{code}", 0, 1))')),
    "the code itself": lambda code: dict(equations=in_equations(code)),
    "a subexpression": lambda code: dict(equations=LIF["equations"] + f'\nx = f("{code}") : 1'),
    "a declared parameter": lambda code: dict(equations=LIF["equations"] + f'\nx : f("{code}")'),
    "a unit": lambda code: dict(equations=LIF["equations"].replace(": volt", f": {code}")),
    "flags": lambda code: dict(equations=LIF["equations"].replace("unless refractory", code)),
    "an f-string": lambda code: dict(equations=in_equations(f'exp(f"{{{code}}}")')),
    "bytes": lambda code: dict(equations=in_equations(f'exp(b"{code}")')),
    "a form feed for a line end": lambda code: dict(equations=LIF["equations"] + f'\x0cx = f("{code}") : 1'),
    "threshold": lambda code: dict(threshold=f'v > V_th and f("{code}") > 0'),
    "threshold, an attribute": lambda code: dict(threshold=f"v > V_th and {code} == 0"),
    "reset": lambda code: dict(reset=f'v = V_r + f("{code}")'),
    "reset, a statement": lambda code: dict(reset=f"v = V_r\n{code}"),
    "reset, an index": lambda code: dict(reset=f"v[{code}] = V_r"),
    "refractory": lambda code: dict(refractory=f'f("{code}")*ms'),
    "refractory, a digit first": lambda code: dict(refractory=f'2*ms*f("{code}")'),
    "role input": lambda code: dict(input=f'x : 1\ny = f("{code}") : 1\nI_app'),
    "role membrane": lambda code: dict(membrane=f'f("{code}")'),
    "role leak": lambda code: dict(leak=f'f("{code}")'),
    "role capacitance": lambda code: dict(capacitance=code),
    "a parameter's name": lambda code: dict(
        parameters={**LIF["parameters"], f'x : 1\ny = f("{code}") : 1': 1}
    ),
    "a parameter's value": lambda code: dict(parameters={**LIF["parameters"], "V_th": code}),
    "a spread": lambda code: dict(parameters={**LIF["parameters"], "V_th": f"normal({code}, 1 mV)"}),
    "a starting value": lambda code: dict(initial={"v": code}),
    "a starting value's name": lambda code: dict(initial={f'f("{code}")': "1 mV"}),
    "method": lambda code: dict(method=code),
    "dt": lambda code: dict(dt=code),
}


@pytest.mark.parametrize("place", PLACES)
def test_nothing_in_a_model_runs(place, code):
    text, touched = code
    with pytest.raises(b2r.errors.InputError) as caught:
        lif(**PLACES[place](text))
    assert not touched.exists() and "\n" not in str(caught.value)


def test_brian2_by_itself_would_run_it(code):
    """The negative control: the same text, had it got through."""
    from brian2 import Equations

    text, touched = code
    try:
        Equations(in_equations(f'f("{text}")'))
    except Exception:
        assert touched.exists(), "Brian2 refused it for another reason: the test above shows nothing"
    assert touched.exists()


def test_nothing_in_a_file_a_circuit_or_a_result_runs(code, tmp_path):
    text, touched = code
    evil = in_equations(f'f("{text}")')
    neuron = tmp_path / "evil.toml"
    neuron.write_text(lif(name="evil").to_toml().replace(LIF["equations"], evil))
    drive = dict(name="ext", target="E", inputs=200, rate="12 Hz", G="0.35 nS", tau="5 ms", E="0 mV")
    circuit = tmp_path / "circuit.toml"
    lines = [
        "kind = 'circuit'",
        "[populations.E]",
        "model = 'evil.toml'",
        "size = 10",
        "[[drives]]",
        *(f"{k} = {json.dumps(v)}" for k, v in drive.items()),
    ]
    circuit.write_text("\n".join(lines))
    model = {**lif().to_dict(), "equations": evil}
    for build in (
        lambda: b2r.load_model(neuron),
        lambda: b2r.load_circuit(circuit),
        lambda: b2r.Population(str(neuron), 10),
        lambda: b2r.Circuit.from_dict(
            {"populations": {"E": {"model": model, "size": 10}}, "drives": [drive]}
        ),
        lambda: b2r.measure_fi(str(neuron), [0.3] * nA, [10] * nS),
        lambda: lif().replace(equations=evil),
    ):
        with pytest.raises(b2r.errors.InputError, match="there is no function 'f'"):
            build()
    ring = b2r.Circuit(populations={"E": b2r.Population(lif(), 20)}, drives=[b2r.Drive(**drive)])
    saved = tmp_path / "run"
    b2r.save(b2r.simulate_spikes(ring, duration=20 * ms), saved)
    assert b2r.load(saved).rate_.shape == (1, 20)
    for command in (
        ["fi", str(neuron), "--I", "0.3 nA", "--g", "10 nS"],
        ["run", str(circuit), "-o", str(tmp_path / "out")],
    ):
        done = b2reduce(*command, cwd=tmp_path)
        assert done.returncode == 2 and "no function 'f'" in done.stderr and "Traceback" not in done.stderr
    assert not touched.exists()


@pytest.mark.parametrize("name", ["E\n", "E : 1", "x.y", "é", "E->I", "", 5])
def test_names_of_populations_and_drives_are_identifiers(name):
    with pytest.raises(b2r.errors.CircuitError, match="name"):
        b2r.Circuit(populations={name: b2r.Population(lif(), 10)})
    with pytest.raises(b2r.errors.CircuitError, match="name"):
        b2r.Drive(name=name, target="E", inputs=1, rate="1 Hz", G="1 nS", tau="5 ms", E="0 mV")


@pytest.mark.parametrize(
    "text, gist",
    [
        ("np.tanh(v/mV)", "write tanh, without 'np'"),
        ("math.exp(v/mV)", "write exp"),
        ("numpy.pi", "write pi"),
        ("np.arcsinh(v)", "no 'arcsinh'"),
        ("v.real", r"sign '\.'"),
        ("max(v, E_L)/mV", "write int"),
        ("pow(v, 2)", r"a\*\*b"),
        ("ln(v/mV)", "write log"),
        ("heaviside(v)", "int"),
        ("v^2", r"write '\*\*'"),
        ("(v > V_th) & (v < V_r)", "write 'and'"),
        ("E_L < v < V_th", "a < b and b < c"),
        ("exp(v/mV, 2)", "takes 1 argument, got 2"),
        ("rand(1)", "takes no argument"),
        ("exp(x=v/mV)", "plain arguments"),
        ("1 if v > V_th else 2", r"int\(c\)"),
        ("v[0]", "index"),
        ("[v]", "list"),
        ("(v := 3)", ":="),
        ("lambda: 1", "lambda"),
        ("[w for w in v]", "no meaning"),
        ("'1'", "text"),
        ("1j", "1j"),
        ("None", "None"),
        ("_v", "underscore"),
        ("__class__", "underscore"),
        ("v +", "cannot read"),
        ("τ", "ASCII"),
        ("~v", "write 'not'"),
        ("v @ v", "no meaning"),
        ("10**10**10**10", "exponent"),
        ("9**9**9", "exponent"),
        ("v**10000", "exponent"),
        ("1e999", "no real number"),
        ("9" * 400, "no real number"),
        ("9" * 5000, "cannot read"),
        ("1/0", "divides by zero"),
        ("(-8)**(1/3)", "no real number"),
        ("sqrt(-1)", "no real number"),
        ("exp(exp(10))", "no real number"),
        ("(" * 9_000 + "v" + ")" * 9_000, "nested"),
        ("-" * 15_000 + "v", "nested"),
        ("+".join(["v"] * 5000), "nested"),
        ("v" * 100_000, "characters"),
        ("(" * 90 + "v", "cannot read"),
        ("exp(" * 150 + "v" + ")" * 150, "nested"),
        ("(v/mV + x + y)**60", "multiplied out"),
        ("1/(v/mV + x + y)**60", "multiplied out"),
    ],
)
def test_what_is_no_arithmetic_or_too_much_of_it_is_refused_at_once(text, gist):
    equations = LIF["equations"].replace("I_app)", f"I_app + ({text})*pA)")
    with pytest.raises(b2r.errors.ModelError, match=f"equations: .*{gist}") as caught:
        calls(lambda: lif(equations=equations), at_most=AT_ONCE)
    assert len(str(caught.value)) < 500


def test_what_is_multiplied_out_after_all_would_be_seen():
    import sympy

    v, x, y = sympy.symbols("v x y")
    with pytest.raises(TooMuchWork):
        calls(lambda: sympy.expand((v + x + y) ** 60), at_most=AT_ONCE)


@pytest.mark.parametrize(
    "lines, gist",
    [
        ("x = y : 1\ny = x : 1", "circle"),
        ("x = x : 1", "circle"),
        ("x = 1 : 1\nx = 2 : 1", "twice"),
        ("y = 2**100 : 1\nx = y**y : 1", "exponent"),
        ("y = 9**50 : 1\nx = y*y : 1", "no real number"),
        (
            "x0 = v/mV : 1\n" + "\n".join(f"x{i + 1} = x{i}*x{i} + x{i}/2 : 1" for i in range(40)),
            "multiplied out",
        ),
        ("x = 1 : 1 (linked)", "flag 'linked'"),
        ("dx/dt : 1", "right-hand side"),
        ("x = 1", "one definition a line"),
        ("x == 1 : 1", "one definition a line"),
        ("x : 1 (constant) y : 1 (constant)", "one definition a line"),
        ("x = 1 : volt.dim", "unit"),
        ("x = 1 : volt**9**9**9", "unit"),
        ("x = 1 : volt[0]", r"the unit 'volt\[0\]'"),
        ("x = 1 : 5*volt", "unit"),
        ("import os", "one definition a line"),
    ],
)
def test_equations_that_define_nothing_are_refused(lines, gist):
    with pytest.raises(b2r.errors.ModelError, match=f"equations: .*{gist}"):
        calls(lambda: lif(equations=LIF["equations"] + "\n" + lines), at_most=AT_ONCE)


def test_equations_are_read_line_by_line():
    found = parse_equations(
        "dv/dt = (x - v)/(10*ms) : volt (unless refractory)\n"
        "x = 2*y : volt\ny : volt (shared, constant)\nd z / dt = -z/ms : 1"
    )
    assert [(d.name, d.kind, d.unit, d.flags) for d in found.values()] == [
        ("v", "differential", "volt", ("unless refractory",)),
        ("x", "subexpression", "volt", ()),
        ("y", "parameter", "volt", ("shared", "constant")),
        ("z", "differential", "1", ()),
    ]


NAMES = [
    "e",
    "pi",
    "inf",
    "N",
    "i",
    "t",
    "dt",
    "xi",
    "xi_1",
    "not_refractory",
    "lastspike",
    "t_in_timesteps",
    "refractory",
    "lambda",
    "class",
    "True",
    "exp",
    "clip",
    "rand",
    "int",
    "mV",
    "ms",
    "second",
    "volt",
    "Hz",
    "nS",
    "mM",
    "pow",
    "any",
    "sum",
    "double",
    "true",
    "x_pre",
    "variables",
    "_x",
    "__x",
    "g_syn_ext",
    "x_syn_",
    "I_app_total",
    "v",
    "2x",
    "a b",
    "x-y",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_whose_value_would_have_no_effect_is_refused(name):
    with pytest.raises(b2r.errors.ModelError, match="rename"):
        threshold = (
            f"v > V_th + 0*{name}" if name.isidentifier() and name not in ("lambda", "class") else "v > V_th"
        )
        lif(parameters={**LIF["parameters"], name: "1 mV"}, threshold=threshold)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("v", "2x", "a b", "x-y")])
@pytest.mark.parametrize("line", ["d{}/dt = 0/second : 1", "{} = 1 : 1"])
def test_nor_may_variables_be_called_so(name, line):
    with pytest.raises(b2r.errors.ModelError, match=f"equations: .*'{name}'"):
        lif(equations=LIF["equations"] + "\n" + line.format(name))


@pytest.mark.parametrize(
    "reset, gist",
    [
        ("v = V_r\nV_r = -70*mV", "'V_r', a constant"),
        ("I_app = 0*amp", "'I_app', a constant"),
        ("x = 1*mV", "'x', a subexpression"),
        ("t = 0*ms", "'t'"),
        ("N = 5", "'N'"),
        ("lastspike = t", "'lastspike'"),
        ("y += 1*mV", "'y'"),
        ("v == V_r", "assignments"),
        ("v", "assignments"),
        ("v = w = V_r", "assignments"),
        ("del v", "assignments"),
        ("import os", "assignments"),
        ("v: 3", "assignments"),
        ("v //= 2", "expected one of"),
        ("if v > V_th: v = V_r", "assignments"),
        ("v.x = 1", "assignments"),
        ("pass", "assignments"),
    ],
)
def test_a_reset_sets_state_variables(reset, gist):
    with pytest.raises(b2r.errors.ModelError, match=f"reset: .*{gist}"):
        lif(equations=LIF["equations"] + "\nx = v : volt", reset=reset)


def test_a_parameter_is_not_a_subexpression_as_well():
    with pytest.raises(b2r.errors.ModelError, match="parameters.x: 'x' is a subexpression.*rename"):
        lif(
            equations=LIF["equations"].replace("I_app", "I_app + x") + "\nx = 1*pA : amp",
            parameters={**LIF["parameters"], "x": "2 pA"},
        )


@pytest.mark.parametrize(
    "text, unit", [("uV", "uvolt"), ("V", "volt"), ("s", "second"), ("MOhm", "Mohm"), ("A", "amp")]
)
def test_a_unit_in_equations_gets_its_name(text, unit):
    with pytest.raises(b2r.errors.ModelError, match=f"'{text}'.*write {unit}"):
        lif(threshold=f"v > V_th + 0*{text}")


@pytest.mark.parametrize("name", ["beta", "gamma", "E", "I", "Q", "S", "O", "re"])
def test_variables_with_names_of_sympy_give_the_rates_of_a_fine_integration(name):
    """Exact integration took E for Euler's number (50.5 Hz) and failed at the others.

    The fine loop has 1/(its last interval).
    """
    model = lif(
        equations=(
            f"dv/dt = (g_L*(E_L - v) + I_app - {name}*b)/C_m : volt (unless refractory)\nd{name}/dt ="
            f" -{name}/tau_w : 1"
        ),
        reset=f"v = V_r\n{name} += 1",
        parameters={**LIF["parameters"], "tau_w": "50 ms", "b": "20 pA"},
    )
    surface = b2r.measure_fi(model, [0.3] * nA, [10] * nS, duration=1000 * ms, dt=0.01 * ms)
    dt, v, w, held, spikes = 1e-6, -65e-3, 0.0, 0, []
    for step in range(1_000_000):
        if held > 0:
            held -= 1
        else:
            v += dt * (10e-9 * (-65e-3 - v) + 0.3e-9 - w * 20e-12) / 250e-12
        w -= dt * w / 50e-3
        if v > -50e-3 and held == 0:
            spikes.append(step * dt)
            v, w, held = -60e-3, w + 1, 2000
    # Both see a spike up to a step late: 10 us of intervals of 19 ms.
    assert surface.rate_[0, 0] == pytest.approx(1 / (spikes[-1] - spikes[-2]), rel=2e-3)


@pytest.mark.parametrize("name", ["beta", "E", "I", "Q", "S", "C1", "lambda_", "m", "V", "A"])
def test_parameters_with_names_of_sympy_do_what_others_do(name):
    rates = [
        b2r.measure_fi(
            lif(
                equations=LIF["equations"].replace("I_app", f"I_app - {symbol}/2"),
                parameters={**LIF["parameters"], symbol: "40 pA"},
            ),
            [0.3] * nA,
            [10] * nS,
            duration=300 * ms,
        ).rate_[0, 0]
        for symbol in ("plain", name)
    ]
    assert rates[0] == rates[1] > 0
