"""The time constants of the synapses, and then the cells' response as a filter that moves with their rate."""

from __future__ import annotations

from ...basics.display import number
from ...circuit.circuit_latex import escaped
from .resonant import Resonant

__all__ = ["Moving"]

FAR = 0.2  # of the swing; a chosen filter that misses large currents by more is warned of


class Moving(Resonant):
    """Behind every synapse the filter of the cells' response at the rate that they have.

    As linear-nonlinear cascades with an adaptive time constant do (Ostojic & Brunel 2011,
    doi:10.1371/journal.pcbi.1001056). The rate that decides follows that of the population with the filter's
    own time constant. A population whose large currents the filter of the operating point foretells as well
    keeps that one: its equations are those of "resonant".
    """

    name = "moving"
    meaning = (
        "one filter a pathway, and behind it that of the cells' measured response, moving with their rate"
    )
    measures_moving = True

    def statements(self, reduced, population):
        """The time constant and what passes at once are held over a step: all variables then stay linear in
        themselves, as the integration of exponentials needs.
        """
        if self._moving(reduced, population) is None:
            return []
        return [
            "tau_now = tau_0*exp(tau_1*log_m + tau_2*log_m**2)",
            "lead_now = lead_0 + lead_1*log_m + lead_2*log_m**2",
        ]

    def past_synapse(self, reduced, population, f):
        if self._moving(reduced, population) is None:
            return super().past_synapse(reduced, population, f)
        return [
            f"dx_{f.key}/dt = (s_{f.key} - x_{f.key})/tau_now : Hz",
            f"q_{f.key} = x_{f.key} + lead_now*(s_{f.key} - x_{f.key}) : Hz",
        ]

    def lines(self, reduced, population, sources, external, area):
        if self._moving(reduced, population) is None:
            return super().lines(reduced, population, sources, external, area)
        tau, lead = self.statements(reduced, population)
        return [
            *self.of_synapses(reduced, population, sources, external),
            "dm/dt = (r - m)/tau_now : Hz",
            "log_m = log(clip(m, lowest, highest)/reference) : 1",
            f"tau_now : second  # {tau}, every step",
            f"lead_now : 1  # {lead}, every step",
            *(f"{name} : Hz (constant)" for name in ("reference", "lowest", "highest")),
            "tau_0 : second (constant)",
            *(f"{name} : 1 (constant)" for name in ("tau_1", "tau_2", "lead_0", "lead_1", "lead_2")),
        ]

    def values(self, reduced, population, sources):
        if (own := self._moving(reduced, population)) is None:
            return super().values(reduced, population, sources)
        return {
            **self.of_synapses_values(sources),
            "reference": own.reference_,
            "lowest": own.lowest_,
            "highest": own.highest_,
            "tau_0": float(own.tau_(own.reference_)),
            **{f"tau_{k}": own.log_tau[k] for k in (1, 2)},
            **{f"lead_{k}": value for k, value in enumerate(own.lead)},
        }

    def started(self, reduced, population, rate):
        return {} if self._moving(reduced, population) is None else {"m": rate}

    def fastest_(self, reduced):
        moving = [self._moving(reduced, name) for name in reduced.populations]
        return [*super().fastest_(reduced), *(own.fastest_ for own in moving if own is not None)]

    def chains_(self, reduced, pathways, rates_):
        """Of a synapse and a cell each, at the rates of a state.

        How the filter moves with the rate is no part of small changes: at rest what it filters stands still,
        so that the variable m is driven and drives nothing.
        """
        found = []
        for p in pathways:
            own = self._moving(reduced, p.target)
            filter_ = self._filter(reduced, p.target) if own is None else own.at_(rates_[p.target])
            found.append(filter_.chain_(p.synapse.filter))
        return found

    def about(self, reduced, population):
        found = reduced.moving[population]
        errors = {name: f"{100 * error:.0f} %" for name, error in found.errors.items()}
        used, other = ("moving", "static") if found.moves else ("static", "moving")
        return f"{used} filter, misses large currents by {errors[used]} ({other}: {errors[other]})"

    def warnings(self, reduced):
        return [
            f"population {name}: its f-I curve behind the {'moving' if found.moves else 'static'} filter"
            f" misses the rate of cells in large sinusoidal currents by {100 * found.error:.0f} % of its"
            " swing: large transients are not to be relied on"
            for name, found in reduced.moving.items()
            if found.error > FAR
        ]

    def latex(self, reduced, population):
        if (own := self._moving(reduced, population)) is None:
            return super().latex(reduced, population)
        name = rf"\mathrm{{{escaped(population)}}}"
        r, m, x, tau, lead = (rf"{symbol}_{{{name}}}" for symbol in ("r", "m", "x", r"\tau", r"\lambda"))
        level = rf"\ell_{{{name}}}"
        series = lambda values: "".join(
            f"{'+' if value >= 0 else '-'} {number(abs(value))}{power}"
            for value, power in zip(values, ("", rf"\,{level}", rf"\,{level}^2"))
        ).removeprefix("+ ")
        return [
            rf"&\text{{each }} s \text{{ through the cell's own filter, which moves with the rate:}} \\"
            "\n"
            rf"{tau}\;\frac{{d{x}}}{{dt}} &= -{x} + s,\quad s \to {x} + {lead}\,(s - {x})",
            rf"{tau}\;\frac{{d{m}}}{{dt}} &= -{m} + {r},\quad {level} ="
            rf" \ln\frac{{\min(\max({m}, {number(own.lowest_)}), {number(own.highest_)})}}"
            rf"{{{number(own.reference_)}}}\ \text{{(Hz)}}",
            rf"\ln({tau}/\mathrm{{s}}) &= {series(own.log_tau)}",
            rf"{lead} &= {series(own.lead)}",
        ]

    def _moving(self, reduced, population):
        """The MovingFilter of a population; None where that of the operating point does as well."""
        found = reduced.moving[population]
        return found.filter if found.moves else None
