"""Feedback does not multiply errors by much."""

from __future__ import annotations

import numpy as np

from .base import Premise

__all__ = ["FarFromInstability"]


class FarFromInstability(Premise):
    """Largest real part of the eigenvalues of d rates/d rates of the rate model."""

    name = "far from instability"
    meaning = (
        "Feedback multiplies every error of the gains by 1/(1 - eigenvalue): by four at 0.75. Close to 1 the"
        " smallest error of a weight moves the rates far, and the network's own rates fluctuate slowly."
    )
    limit = 0.75
    reason = "errors of the gains are multiplied by up to 1/(1 - eigenvalue): by four at 0.75"
    serious = True
    otherwise = "move the circuit away from the border: less recurrent excitation, more inhibition"

    def measure(self, evidence):
        loop = evidence.reduced.loop_
        names = list(dict.fromkeys(target for target, _ in loop))
        matrix = np.array([[loop[a, b] for b in names] for a in names])
        value = float(np.max(np.linalg.eigvals(matrix).real))
        return self.judged(
            value,
            "largest real part of the eigenvalues of d rates/d rates at the operating point; at 1 the rates"
            " run away",
            (
                f"; errors of the gains are multiplied by about {1 / (1 - value):.2g}"
                if value < 1
                else "; the operating point is unstable"
            )
            + ": use level = 'transfer', or weaken the excitation",
        )
