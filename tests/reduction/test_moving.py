"""Filters that move with the rate: their fit, their equations by other routes, and when they are used."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms, nS, pA, second
from scipy.integrate import solve_ivp

import b2reduce as b2r
from b2reduce.basics.progress import Progress
from b2reduce.cells.cascade import moving_harmonics, power_of, static_harmonics
from b2reduce.cells.moving_filter import MovingFilter
from b2reduce.circuit.drive_rates import rate_at
from b2reduce.reduction.moving_responses import moving_response_at_
from b2reduce.reduction.rate_system import printed, rate_system
from b2reduce.theory.fixed_points import fixed_points

from ..cases import reduced
from ..cells.test_response import escape
from ..made_results import moving_response
from .test_export import at_once, needs, program_rates, script_rates
from .test_plastic_synapses import circuit as depressing

LOG_TAU, LEAD = (-6.0, -0.4, 0.1), (0.7, 0.3, 0.05)
OTHER = (-5.3, 0.3, 0.0), (0.4, -0.1, 0.0)
STEP = {"ext": ([0, 0.1] * second, [11, 16] * Hz)}


def made(moves=("E", "I"), E=(LOG_TAU, LEAD), I=OTHER, model=None):
    """A rate model of given gains, or another, behind given filters: nothing is measured."""
    found = {name: moving_response(*each, moves=name in moves) for name, each in (("E", E), ("I", I))}
    responses = {name: each.responses[2] for name, each in found.items()}
    model = model or reduced(tau="synaptic")
    taus = {label: value * second for label, value in model.circuit.synaptic_delays_.items()}
    return replace(model, tau=taus, tau_choice="moving", moving=found, responses=responses)


# The fit.


def test_the_joint_fit_finds_the_coefficients_and_states_its_errors():
    exact = moving_response().filter
    own = np.sqrt(np.diag(exact.covariance))
    # The wide guess draws by its distance times (standard error over its width)^2: less than a tenth of one
    assert (np.abs([*exact.log_tau, *exact.lead] - np.array([*LOG_TAU, *LEAD])) < 0.1 * own).all()
    rng = np.random.default_rng(2)
    fits = [moving_response(rng=rng).filter for _ in range(40)]
    values = np.array([[*fit.log_tau, *fit.lead] for fit in fits])
    errors = np.sqrt([np.diag(fit.covariance) for fit in fits])
    # 240 deviations in units of their standard error, six of a fit together: mean squares of each are known
    # to sqrt(2/40) = 22 %, and largest ones of 240 normal draws lie below 4.5 but for one case in 600
    left = (values - [*LOG_TAU, *LEAD]) / errors
    assert np.abs(left).max() < 4.5
    assert np.all(np.abs((left**2).mean(axis=0) - 1) < 4 * np.sqrt(2 / 40))
    # chi^2 of n terms has the standard deviation sqrt(2 n), of 40 of them together sqrt(80 n)
    chi2, dof = sum(fit.chi2 for fit in fits), fits[0].dof
    assert abs(chi2 - 40 * dof) < 4 * np.sqrt(80 * dof)
    apart = np.abs((values - [*OTHER[0], *OTHER[1]]) / errors).max(axis=1)
    assert apart.min() > 20, "another filter would be seen"


def test_fewer_rates_have_fewer_coefficients():
    from b2reduce.cells.moving_filter import fit_moving

    found = moving_response((-6.0, 0.0, 0.0), (0.7, 0.0, 0.0))
    one = fit_moving(found.responses[2:3], 10.0)
    assert one.log_tau[1:] == one.lead[1:] == (0.0, 0.0) and one.lowest_ == one.highest_ == 10.0
    assert one.at_(3.0).values == pytest.approx((np.exp(-6), 0.7 * np.exp(-6)), rel=1e-3)


# Cascades.


def test_a_cascade_that_does_not_move_is_that_of_its_filter():
    still = MovingFilter(10.0, 1.0, 100.0, (np.log(4e-3), 0, 0), (0.3, 0, 0), ((0.0,) * 6,) * 6)
    bent = lambda current: np.maximum(current, 0.0) ** 2
    for frequency in (5.0, 60.0):
        one, other = (
            cascade(filter_, frequency, 3.0, 2.5, bent)
            for cascade, filter_ in ((moving_harmonics, still), (static_harmonics, still.at_(10.0)))
        )
        # A drive held at the middle of steps of 50 us: errors of (w step)^2/24 and rounding of the rest
        np.testing.assert_allclose(one, other, atol=1e-3 * np.abs(other).max())
    away = moving_harmonics(replace(still, lead=(0.6, 0, 0)), 60.0, 3.0, 2.5, bent)
    assert np.sqrt(power_of(away - one)) > 0.05, "another filter would be seen"


# Equations.


def test_a_filter_that_does_not_move_gives_the_rates_of_resonant():
    constant = ((-6.0, 0.0, 0.0), (0.7, 0.0, 0.0))
    model = made(E=constant, I=constant)
    run = lambda r: b2r.simulate_rates(r, duration=0.2 * second, drives=STEP).rate_
    # The fitted values themselves differ by what the fit leaves
    leads = {name: each.filter.at_(10.0) for name, each in model.moving.items()}
    resonant = replace(model, tau_choice="resonant")
    for name, response in resonant.responses.items():
        response.__dict__["filters"] = {"lead": leads[name]}
    moved = run(model)
    np.testing.assert_allclose(moved, run(resonant), rtol=2e-3)
    assert np.abs(moved - run(made())).max() > 0.05, "and one that moves does not"


def test_static_populations_have_the_equations_of_resonant():
    model = made(moves=())
    resonant = replace(model, tau_choice="resonant")
    assert model.equations == resonant.equations
    run = lambda r: b2r.simulate_rates(r, duration=0.1 * second, drives=STEP).rate_
    np.testing.assert_array_equal(run(model), run(resonant))
    half = made(moves=("E",)).equations
    assert half["I"] == resonant.equations["I"] and "tau_now" in half["E"] and "tau_now" not in half["I"]


def test_fixed_points_are_those_of_any_other_time_constants():
    for drive in (11 * Hz, 16 * Hz):
        (point,), (other,) = (
            fixed_points(r, drives={"ext": drive}) for r in (made(), reduced(tau="membrane"))
        )
        np.testing.assert_allclose(list(point.rates_.values()), list(other.rates_.values()), rtol=1e-9)
        last = b2r.simulate_rates(made(), duration=0.6 * second, drives={"ext": drive}).rate_[:, -1]
        np.testing.assert_allclose(last, list(other.rates_.values()), rtol=1e-5)


def flow_of(model, drives):
    """(function of time and states, rates of states, states at the start) of the equations without delays."""
    system = rate_system(model, drives)
    text = "\n".join(
        [
            *(f"{name} = {value!r}" for name, (value, _) in system.parameters.items()),
            *(f"{state.name} = state[{k}]" for k, state in enumerate(system.states)),
            *(f"{name} = {printed(formula, 'numpy')}" for name, formula in system.definitions),
            f"rates = [{', '.join(system.rates.values())}]",
            f"slopes = [{', '.join(printed(state.derivative, 'numpy') for state in system.states)}]",
        ]
    )
    code = compile(text, "rates", "exec")

    def evaluated(t, state):
        space = {"np": np, "state": state, "inf": np.inf}
        for symbol, (_, rate) in system.drives.items():
            space[symbol] = float(rate_at(rate, t)) if isinstance(rate, tuple) else rate
        exec(code, space)
        return space

    return evaluated, [state.name for state in system.states], np.array([s.initial for s in system.states])


def test_another_integrator_agrees_as_steps_become_small():
    model = made()
    evaluated, _, start = flow_of(model, STEP)
    slopes = lambda t, state: evaluated(t, state)["slopes"]
    t, pieces = (np.arange(0, 0.2, 1e-4) + 5e-5), []
    for begin, end in ((0.0, 0.1), (0.1, 0.2)):  # the drive jumps at 0.1 s
        inside = t[(t > begin) & (t < end)]
        found = solve_ivp(
            slopes, (begin, end), start, t_eval=[*inside, end], rtol=1e-7, atol=1e-7, max_step=1e-3
        )
        pieces += [evaluated(time, state)["rates"] for time, state in zip(inside, found.y.T)]
        start = found.y[:, -1]
    expected = np.array(pieces).reshape(200, 10, 2).mean(axis=1).T
    run = lambda dt: b2r.simulate_rates(model, duration=0.2 * second, drives=STEP, dt=dt * ms, delays=False)
    errors = [np.abs(run(dt).rate_ - expected).max() for dt in (0.2, 0.05)]
    # Of first order: a quarter, and a step of 50 us errs by step/tau of what moves within a tau
    assert errors[1] < 0.35 * errors[0] and errors[1] < 0.03 * expected.max()
    assert errors[1] < 0.2 * np.abs(
        run(0.05).rate_ - b2r.simulate_rates(made(moves=()), duration=0.2 * second, drives=STEP,
                                            dt=0.05 * ms, delays=False).rate_
    ).max(), "a filter that stays would be seen"  # fmt: skip


def test_eigenvalues_are_those_of_differences_of_the_equations():
    model, found = made(), {}
    for drive in (11.0, 16.0):
        (point,) = fixed_points(model, drives={"ext": drive * Hz}, delays=False)
        evaluated, names, start = flow_of(model, {"ext": drive * Hz})
        settled = solve_ivp(
            lambda t, state: evaluated(t, state)["slopes"],
            (0, 0.5),
            start,
            method="LSODA",
            rtol=1e-10,
            atol=1e-10,
        ).y[:, -1]
        J = np.empty((len(names),) * 2)
        for k, value in enumerate(settled):
            step = np.zeros(len(names))
            step[k] = 1e-5 * max(abs(value), 1.0)
            up, down = (np.array(evaluated(0.0, settled + sign * step)["slopes"]) for sign in (1, -1))
            J[:, k] = (up - down) / (2 * step[k])
        whole, found[drive] = np.linalg.eigvals(J), np.asarray(point.eigenvalues)
        for value in found[drive]:
            # Differences of straight pieces are exact to rounding; settled to 1e-10, and close values of a
            # matrix are known to the root of that
            assert np.abs(whole - value).min() < 1e-3 * abs(value)
    # The filter of the other state would not do
    assert not all(np.abs(found[11.0] - value).min() < 1e-2 * abs(value) for value in found[16.0])


def test_a_small_displacement_dies_as_the_slowest_eigenvalue_says():
    model = made()
    (point,) = fixed_points(model, drives={"ext": 14 * Hz}, delays=False)
    slowest = max(np.asarray(point.eigenvalues).real)
    rest = np.array(list(point.rates_.values()))
    run = b2r.simulate_rates(
        model,
        duration=0.4 * second,
        drives={"ext": 14 * Hz},
        dt=0.05 * ms,
        delays=False,
        initial={name: 1.01 * rate * Hz for name, rate in point.rates_.items()},
    )
    away = np.linalg.norm(run.rate_ - rest[:, None], axis=0)
    late = (away < 1e-3 * away[0]) & (away > 1e-6 * away[0])
    slope = np.polyfit(run.t_[late], np.log(away[late]), 1)[0]
    # What dies faster is left behind, and a step of 50 us errs by step x eigenvalue/2, 0.1 %
    assert slope == pytest.approx(slowest, rel=0.05)


def steps_apart(model, kind, folder):
    """The largest difference of the rates of a script from those of simulate_rates, over the largest."""
    arguments = dict(duration=0.2 * second, drives=STEP, initial={"E": 3 * Hz, "I": 8 * Hz})
    written = script_rates(model.to_script(kind, **arguments), folder)[:, 1:]
    expected = b2r.simulate_rates(model, **arguments).rate_.T
    assert expected.max() > 1
    return np.abs(written - expected).max() / expected.max()


#: Tables travel as single floats, 6e-8 relative; this leaves room for what feedback makes of that
ALIKE = 1e-5


@pytest.mark.parametrize("kind", ["numpy", "brian2"])
def test_scripts_give_the_rates_step_for_step(kind, tmp_path):
    assert steps_apart(made(moves=("E",)), kind, tmp_path) <= ALIKE


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["numpy", "brian2"])
def test_scripts_of_tables_do_as_well(kind, tmp_path, ei_quiet):
    # Their rate is set by the statement that follows those of the filter
    assert steps_apart(made(model=ei_quiet("surface")), kind, tmp_path) <= ALIKE


@pytest.mark.slow
def test_scripts_of_plastic_synapses_do_as_well(tmp_path):
    plastic = b2r.reduce(depressing(), level="linear", noise="none", tau="synaptic")
    assert steps_apart(made(model=plastic), "numpy", tmp_path) <= ALIKE


@pytest.mark.parametrize("kind", [pytest.param("xpp", marks=needs("xppaut")), "pyrates"])
def test_programs_with_their_own_integrators_agree(kind, tmp_path):
    """What is held over a step there, and moves within it here, differs by the step over the time constants of
    some ms: 1e-3 of the largest rate at 10 us, as exports of other models do.
    """
    model, dt = at_once(made()), 0.01 * ms
    arguments = dict(duration=0.2 * second, drives=STEP, dt=dt)
    own = b2r.simulate_rates(model, **arguments)
    binned = program_rates(model.to_script(kind, **arguments), kind, tmp_path, own, 100)
    assert np.abs(binned - own.rate_.T).max() <= 1e-3 * own.rate_.max() and own.rate_.max() > 1
    stays = b2r.simulate_rates(at_once(made(moves=())), **arguments)  # a control: filters that do not move
    assert np.abs(binned - stays.rate_.T).max() > 1e-2 * own.rate_.max()


def test_latex_says_how_the_filter_moves():
    latex = made().to_latex()
    assert r"\ln\frac" in latex and "moves with the rate" in latex
    assert "moves with the rate" not in made(moves=()).to_latex()


def test_held_rates_stay_and_shots_and_cells_run():
    model = made()
    last = b2r.simulate_rates(model, duration=0.6 * second).rate_[:, -1]
    held = dict(zip(model.populations, last * Hz))
    still = b2r.simulate_rates(model, duration=5 * ms, initial=held).rate_
    np.testing.assert_allclose(still, np.repeat(last[:, None], 5, axis=1), rtol=1e-4)
    shots = b2r.simulate_rates(model, duration=0.5 * second, initial=held, noise="finite", seed=1).rate_
    # Counts of 80 and 40 cells in a second of 0.5: their means scatter by sqrt(r/(N T)), less with feedback
    scatter = np.sqrt(last / (np.array([80, 40]) * 0.5))
    assert (np.abs(shots.mean(axis=1) - last) < 4 * scatter).all() and shots.std() > 0
    cells = b2r.simulate_rates(replace(model, cells=True), duration=0.3 * second)
    np.testing.assert_allclose(cells.rate_[:, -1], last, rtol=0.1)  # cells at the bend of the threshold


def test_it_survives_its_file(tmp_path):
    model = made(moves=("E",))
    model.save(tmp_path / "moving.json")
    again = b2r.ReducedCircuit.load(tmp_path / "moving.json")
    assert again.equations == model.equations and again.to_dict() == model.to_dict()
    assert again.moving["E"].filter == model.moving["E"].filter


def test_what_resonant_refuses_is_refused():
    with pytest.raises(b2r.errors.InputError, match="noise"):
        b2r.reduce("ei_lif", noise="none", tau="moving")
    with pytest.raises(b2r.errors.InputError, match="adaptation"):
        b2r.reduce("ei_lif", adaptation="measured", tau="moving")


# Which filter is used.


def test_the_nearer_filter_is_used_beyond_chance():
    assert moving_response().moves and not moving_response(moves=False).moves
    found = moving_response()
    assert found.errors["moving"] == 0 < found.errors["static"] == found.to_frame()["static"].mean()
    assert not replace(found, static=found.moving).moves, "of equals the one that stays"
    # A difference of 0.5 in all parts where chance is 0.05 is sure, where it is 0.5 it is not
    assert not replace(found, measured_sem=np.full((2, 3), 0.5)).moves
    said = repr(made(moves=("I",)))
    assert "E: static filter" in said and "I: moving filter" in said
    assert "misses" in made().dynamics.about(made(), "E") and not made().dynamics.warnings(made())
    far = replace(
        made(),
        moving={
            name: replace(found, static=found.moving + 4, moving=found.moving + 3) for name in ("E", "I")
        },
    )
    assert len(far.dynamics.warnings(far)) == 2


@pytest.mark.slow
def test_cells_whose_filter_stays_keep_it():
    # They fire at a rate in proportion to the voltage of their membrane, whatever that rate is
    response = b2r.measure_linear_response(escape(), 100 * pA, 10 * nS, seed=3)
    with Progress(False) as bar:
        found = moving_response_at_(escape(), response, (), seed=1, dt_=1e-4, bar=bar)
    assert not found.moves
    # Chance of F, of 0.5 % at each of 19 points, and of the response, and rates that do not go below 0
    assert max(found.errors.values()) < 0.05
    taus = found.filter.tau_(np.array([each.rate_ for each in found.responses]))
    # The lowest rate is left out: half a millivolt below it they are silent
    assert len(found.responses) == 4 and np.abs(taus / 20e-3 - 1).max() < 0.5


@pytest.fixture(scope="module")
def measured():
    return b2r.reduce("ei_lif", tau="moving", seed=1)


@pytest.mark.slow
def test_leaky_cells_in_noise_need_a_filter_that_moves(measured):
    for name, found in measured.moving.items():
        assert found.moves and found.errors["moving"] < 0.8 * found.errors["static"], name
        assert found.responses[0].rate_ < 0.3 * found.reference_ < found.responses[-1].rate_
        # Later where rates are low, early where they are high (Ostojic & Brunel 2011)
        delays = [found.filter.at_(each.rate_).delay_ for each in found.responses]
        assert delays[0] > 0 > delays[-1] and (np.diff(delays) < 0).all()
    assert "moving filter" in repr(measured)


@pytest.mark.slow
def test_a_measured_model_survives_its_file(measured, tmp_path):
    measured.save(tmp_path / "moving.json")
    again = b2r.ReducedCircuit.load(tmp_path / "moving.json")
    assert again.equations == measured.equations and again.to_dict() == measured.to_dict()
    assert again.moving["E"].filter == measured.moving["E"].filter
    run = lambda r: b2r.simulate_rates(r, duration=0.1 * second).rate_
    np.testing.assert_array_equal(run(again), run(measured))
