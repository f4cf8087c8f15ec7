"""The spikes of finitely many cells in a rate network of one unit a population."""

from __future__ import annotations

import numpy as np

__all__ = ["COUNTED", "count_spikes", "equations_of"]

#: The variable of a population that is sent in place of its rate: spikes in a step over cells and step.
COUNTED = "counted"


def equations_of(equations):
    """The equations of a population that also counts its spikes."""
    return f"{equations}\n{COUNTED} : Hz\nexcess : Hz"


def count_spikes(reduced, name, group):
    """Let a population draw its spikes every step: Poisson counts, less regular at low frequencies as its
    trains are.

    The trains of N cells of CV c have the spectrum c^2 r/N at rest and r/N far out. Counts x less a low pass
    of their excess over the rate, x - a L(x - r), have |1 - a/(1 + i w tau)|^2 r/N: with a = 1 - c the first,
    and with tau = (1 - c^2)/(2 r) the integral over all frequencies of what it is below r/N is that of a cell
    that does not fire twice at once, r^2/N.
    """
    from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

    size, rate_ = reduced.circuit.populations[name].size, reduced.operating_rate_[name]
    cv2 = reduced.cv2.get(name, 1.0)
    a, tau_ = 1 - np.sqrt(cv2), abs(1 - cv2) / (2 * rate_) if rate_ > 0 else 0.0
    keep = float(np.exp(-float(group.clock.dt) / tau_)) if tau_ > 0 else 0.0
    group.namespace.update({"shots_N": size, "shots_a": float(a), "shots_keep": keep})
    group.run_regularly(
        f"{COUNTED} = poisson(shots_N*clip(r, 0*Hz, inf*Hz)*dt)/(shots_N*dt)\n"
        f"excess = shots_keep*excess + (1 - shots_keep)*({COUNTED} - r)\n"
        f"{COUNTED} = {COUNTED} - shots_a*excess",
        clock=group.clock,
        when="start",
        order=0,
        codeobj_class=NumpyCodeObject,
        name=f"spikes_of_{name}",
    )
