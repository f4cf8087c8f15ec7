"""Levels whose f-I curve is shifted by leak: a straight line, or the form that predicts best."""

from __future__ import annotations

import numpy as np

from ...cells.gain import fit_gain
from ..rate_filters import carrier, sum_of
from .base import Level

__all__ = ["Gain", "Linear"]


class _ShiftLaw(Level):
    """r = f(mu), mu the current in excess of I_theta + v_theta g (Shriki, Hansel & Sompolinsky 2003)."""

    shift_law = True
    rate_step = parameter_step = 1e-5

    def functions(self, reduced):
        return {name: gain.predict_ for name, gain in reduced.gains.items()}

    def argument_units(self, reduced, population):
        return ["A"]

    def moved(self, reduced):
        return {
            name: gain.through["moved"] for name, gain in reduced.gains.items() if gain.through is not None
        }

    def place(self, reduced, population):
        return ["r"]

    def outside(self, reduced, population, values):
        lo, hi = (float(np.asarray(rate)) for rate in reduced.gains[population].rates)
        return (values["r"] < lo) | (values["r"] > hi)

    def is_outside(self, reduced, population, rates_, drives_):
        return bool(self.outside(reduced, population, {"r": rates_[population]}))

    def latex(self, reduced, population, write):
        mu, rate, gain = (
            write.symbol(r"\mu", population),
            write.symbol("r", population),
            reduced.gains[population],
        )
        terms = [
            write.signed(sum(map(reduced.weight_, write.pathways(*source)), 0.0), "C" + write.area)
            + r"\,"
            + write.filtered(*source)
            for source in write.sources
        ]
        excess = write.summed([*terms, write.signed(-reduced.theta_[population], "A" + write.area)])
        per_ampere = "Hz m^2/A" if write.area else "Hz/A"
        if reduced.by_pathway:
            lines = [f"{mu} &= {excess.removeprefix(' + ')}"]
        else:
            tau = write.amount(float(np.asarray(reduced.tau[population])), "s")
            lines = [rf"{tau}\;\frac{{d{mu}}}{{dt}} &= -{mu}{excess}"]
        if population in reduced.adaptation:
            adapts, a = reduced.adaptation[population], write.symbol("a", population)
            lines.append(
                rf"{write.amount(adapts.tau_, 's')}\;\frac{{d{a}}}{{dt}} &="
                rf" -{a}{write.signed(adapts.J_, 'C' + write.area)}\,{rate}"
                rf"{write.signed(adapts.a_0_, 'A' + write.area)}\,\Theta({mu})"
            )
            slope = adapts.onset_slope_(float(np.asarray(gain.beta)))
            f = rf"{write.amount(slope, per_ampere)}\,[{mu} - {a}]_+"
        elif gain.form == "threshold_linear":
            f = rf"{write.amount(float(np.asarray(gain.beta)), per_ampere)}\,[{mu}]_+"
        else:
            f = f"{write.symbol('f', population)}({mu}),\\quad f(x) = {write.form(gain.form)}"
        return [*lines, f"{rate} &= {f}"]

    def lines(self, reduced, population, sources, area):
        lines = []
        if reduced.by_pathway:
            terms = [f"W_{f.key}*{carrier(reduced, f)}" for f in sources]
            lines.append(f"mu = {sum_of([*terms, '-theta'])} : amp{area}")
            lines += [f"W_{f.key} : coulomb{area} (constant)" for f in sources]
        if population in reduced.adaptation:
            # The gain of the cell that has not adapted yet; mu is then the current in excess of the
            # threshold at onset.
            constants = (("theta", "amp"), ("a_0", "amp"), ("J", "coulomb"))
            return [
                *lines,
                f"r = beta_onset*x*int(x > 0*amp{area}) : Hz",
                f"x = mu - a : amp{area}",
                f"da/dt = (-a + a_0*int(mu > 0*amp{area}) + J*r)/tau_a : amp{area}",
                *(f"{name} : {unit}{area} (constant)" for name, unit in constants),
                "tau_a : second (constant)",
                f"beta_onset : Hz/amp{'*meter**2' if area else ''} (constant)",
            ]
        gain, statement = reduced.gains[population], self.assignment(reduced, population)
        return [
            *lines,
            f"r : Hz  # {statement}, every step" if statement else f"r = {gain.equation} : Hz",
            *gain.parameters,
            f"theta : amp{area} (constant)",
        ]

    def assignment(self, reduced, population):
        return "" if reduced.gains[population].equation else "r = F(mu)"

    def table(self, reduced, population):
        return reduced.gains[population].f_

    def values(self, reduced, population, sources):
        weight = lambda f: sum(map(reduced.weight_, f.pathways))
        gain, adapts = reduced.gains[population], reduced.adaptation.get(population)
        if adapts is None:
            values = {"theta": reduced.theta_[population], **gain.parameter_values}
        else:
            values = {
                "theta": reduced.theta_[population] - adapts.a_0_,
                "a_0": adapts.a_0_,
                "J": adapts.J_,
                "tau_a": adapts.tau_,
                "beta_onset": adapts.onset_slope_(float(np.asarray(gain.beta))),
            }
        if reduced.by_pathway:
            return {**values, **{f"W_{f.key}": weight(f) for f in sources}}
        return {**values, **{f"W_ext_{f.source}": weight(f) for f in sources if f.is_drive}}

    def bounded(self, reduced):
        return all(gain.form in ("logistic", "sqrt") for gain in reduced.gains.values())


class Linear(_ShiftLaw):
    """A straight line above a threshold."""

    name = "linear"
    meaning = "a straight f-I curve above a threshold, shifted by leak"
    straight = True


class Gain(_ShiftLaw):
    """The form that predicts best."""

    name = "gain"
    meaning = "the form of curve that predicts best, shifted by leak"

    def fits(self, fits, measured):
        best = {
            name: fit_gain(
                surface, form="auto", rates=measured.windows[name], through=measured.through.get(name)
            )
            for name, surface in measured.surfaces.items()
        }
        return {**fits, **best}
