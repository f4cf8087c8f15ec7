"""The averaged variables of short-term plasticity beside a state of a rate model."""

from __future__ import annotations

import numpy as np
from scipy.linalg import block_diag

from ...circuit.plasticity.averaged import averaged

__all__ = ["PlasticStates"]


class PlasticStates:
    """How rates that arrive move with the rates that are sent and with u and x, and these with the rates.

    Parameters
    ----------
    reduced : ReducedCircuit
    rates_ : mapping of str to float
        Hz, at rest.

    Attributes
    ----------
    number : int
        Of variables.
    own : ndarray, shape (variable, variable)
        What they make of themselves, 1/s.
    driven : ndarray, shape (variable, population)
        What rates make of them, 1/s per Hz.
    """

    def __init__(self, reduced, rates_):
        names = list(reduced.populations)
        self._parts, self._places, rows, own = {}, {}, [], []
        for name in names:
            for plasticity in reduced.plastic_(name):
                part = averaged(plasticity).linear_(rates_[name])
                self._parts[name, plasticity] = part
                self._places[name, plasticity] = len(rows)
                rows += [value * (np.array(names) == name) for value in part[2]]
                own.append(part[3])
        self.number = len(rows)
        self.driven = np.array(rows).reshape(self.number, len(names))
        self.own = block_diag(*own) if own else np.zeros((0, 0))

    def at_once(self, pathway):
        """By how much the rate that arrives rises with the one that is sent, with u and x held."""
        return 1.0 if pathway.plasticity is None else self._parts[pathway.source, pathway.plasticity][0]

    def arriving(self, pathways):
        """By how much rates that arrive rise with the variables, Hz, shape (pathway, variable)."""
        found = np.zeros((len(pathways), self.number))
        for row, p in zip(found, pathways):
            if p.plasticity is not None:
                first, slopes = self._places[p.source, p.plasticity], self._parts[p.source, p.plasticity][1]
                row[first : first + len(slopes)] = slopes
        return found
