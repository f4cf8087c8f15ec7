"""Spike-frequency adaptation, measured.

The current by which a cell's own firing or depolarisation counters its input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..basics.errors import InputError
from ..basics.fields import Listed, Maybe, Measured, Plain, Table, Text
from ..basics.frozen import FrozenDict, Record

if TYPE_CHECKING:
    from typing import Any

    import pandas

__all__ = ["Adaptation"]


@dataclass(frozen=True, eq=False)
class Adaptation(Record):
    """The averaged variable of adaptation: r = f(mu - a), tau da/dt = -a + a_0 [active] + J r.

    Attributes
    ----------
    kind : {"none", "spike-driven", "voltage-driven"}
        What drives it: nothing; spikes, which divide the gain by 1 + beta J and leave the threshold; or
        depolarisation, which is there below threshold already and raises the threshold for firing that lasts.
    J : Quantity
        Current per hertz of firing, C or C/m^2.
    a_0 : Quantity
        Current at threshold, A or A/m^2, at the mean of the conductances; 0 where spikes drive it.
    rise : Quantity
        d a_0/d g, V: by how much a shunt adds to it, on top of v_theta.
    tau : Quantity or None
        Time constant, s; None where nothing adapts or the intervals do not tell.
    J_stderr, tau_stderr : Quantity
    rmse : Quantity
        Root mean squared deviation of the measured currents from the law.
    windows : pandas.DataFrame
        For each leak conductance the smallest current that makes the cell fire at all, the smallest at which
        it goes on, and the window between them; SI with units in the columns.
    curve : pandas.DataFrame
        Adaptation current over rate and conductance: ``I_steady - I_onset``, the currents that give the same
        rate in the steady state and at onset.
    warnings : list of str
    provenance : mapping
    """

    kind: str
    J: Any
    a_0: Any
    rise: Any
    tau: Any
    J_stderr: Any
    tau_stderr: Any
    rmse: Any
    windows: pandas.DataFrame
    curve: pandas.DataFrame
    warnings: list
    provenance: dict

    FIELDS = FrozenDict(
        kind=Text,
        J=Measured("C", "C/m^2"),
        a_0=Measured("A", "A/m^2"),
        rise=Measured("V"),
        tau=Maybe(Measured("s")),
        J_stderr=Measured("C", "C/m^2"),
        tau_stderr=Maybe(Measured("s")),
        rmse=Measured("A", "A/m^2"),
        windows=Table(),
        curve=Table(),
        warnings=Listed(Text),
        provenance=Plain,
    )

    J_ = property(lambda self: float(np.asarray(self.J)), doc="J in SI.")
    a_0_ = property(lambda self: float(np.asarray(self.a_0)), doc="a_0 in SI.")
    tau_ = property(lambda self: float(np.asarray(self.tau)), doc="tau in s.")

    def onset_slope_(self, beta_: Any) -> Any:
        """Slope of the gain at onset from that in the steady state: beta/(1 - beta J).

        Raises
        ------
        InputError
            If beta J is not below 1: then no gain of the unadapted cell is so shallow in the steady state.
        """
        if not beta_ * self.J_ < 1:
            raise InputError(
                f"adaptation: beta J = {beta_ * self.J_:.3g} for the steady gain beta, expected below 1: the"
                " steady-state slope can be at most 1/J; was the adaptation measured on another cell?"
            )
        return beta_ / (1 - beta_ * self.J_)

    def __repr__(self):
        return f"Adaptation({self.kind}: J = {self.J}, a_0 = {self.a_0}, tau = {self.tau})"
