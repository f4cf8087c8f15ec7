"""How the rate of a population follows that of another through the cells between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...circuit.pathway import Pathway
from ...circuit.plasticity.averaged import averaged
from ...circuit.synapses.low_pass import LowPass

__all__ = ["Link"]

FASTEST_ = 2e-5  # s: of the filter that stands for synapses that act at once, where a state is needed


@dataclass(frozen=True)
class Link:
    """One pathway, from rates that are sent to the rate that cells make of them.

    Attributes
    ----------
    pathway : Pathway
    gain : float
        d rate/d presynaptic rate at rest.
    cell : RateFilter or None
        What stands behind the synapse; None of cells that answer at once.
    rate_ : float
        Of the source, Hz.
    """

    pathway: Pathway
    gain: float
    cell: Any
    rate_: float

    def transfer_(self, s):
        """D rate/d presynaptic rate at complex s in 1/s."""
        found = self.gain * self._synapse.transfer_(s) * self.pathway.delays.transfer_(s)
        if self.cell is not None:
            found = found * self.cell.transfer_(s)
        return found * self._released_(s)

    @property
    def _synapse(self):
        filter_ = self.pathway.synapse.filter
        return LowPass(FASTEST_) if filter_.at_once else filter_

    def _released_(self, s):
        """What short-term plasticity makes of a change of the rate, over what it makes of it at rest."""
        if self.pathway.plasticity is None:
            return 1.0
        A, B, C, D = self._releases()
        s, identity = np.asarray(s, dtype=complex), np.eye(len(A))
        at = lambda s: (
            D + np.einsum("i,...ij,j->...", C, np.linalg.inv(np.multiply.outer(s, identity) - A), B)
        )
        return at(s) / at(np.zeros(()))

    def _releases(self):
        at_once, slopes, driven, own = averaged(self.pathway.plasticity).linear_(self.rate_)
        return (
            np.asarray(own, dtype=float),
            np.asarray(driven, dtype=float),
            np.asarray(slopes),
            float(at_once),
        )

    def chain_(self):
        """(A, B, C) of d state/dt = A state + B (rate that arrives), d rate = C state, without the delay."""
        A, B, C = self._synapse.chain_() if self.cell is None else self.cell.chain_(self._synapse)
        if self.pathway.plasticity is not None:
            A_0, B_0, C_0, D_0 = self._releases()
            at_rest = D_0 - C_0 @ np.linalg.solve(A_0, B_0)
            A = np.block([[A_0, np.zeros((len(A_0), len(A)))], [np.outer(B, C_0) / at_rest, A]])
            B = np.concatenate([B_0, B * D_0 / at_rest])
            C = np.concatenate([np.zeros(len(A_0)), C])
        return A, B, self.gain * C
