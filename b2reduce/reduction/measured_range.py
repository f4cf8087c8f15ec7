"""What the gains give where cells fire at given rates."""

from __future__ import annotations

import numpy as np

from ..circuit.wiring import draw_sizes, draw_wiring, ones_matrix

__all__ = ["mean_response_"]


def mean_response_(reduced, cell_rates, drives_, seed):
    """{population: mean rate in Hz} that the gains give where cells fire at given rates, each cell with the
    inputs that its wiring names.

    Parameters
    ----------
    cell_rates : mapping of str to ndarray, shape (cell,)
        Hz.
    drives_ : mapping of (drive, target) to float
    seed : int
        Of the wiring.
    """
    circuit, wiring, found = reduced.circuit, draw_wiring(reduced.circuit, seed), {}
    sizes = draw_sizes(circuit, wiring, seed)
    for target in circuit.populations:
        carried = {
            p.label: (
                drives_[p.source, target] * circuit.drive_weights_(p.source, target)
                if p.is_drive
                else ones_matrix(circuit, wiring[p.label], p.source, target, sizes.get(p.label))
                @ p.sent_(cell_rates[p.source])
                / p.K
            )
            for p in circuit.pathways(target)
        }
        found[target] = float(
            np.mean(reduced.functions_[target](*reduced.carried_arguments_(target, carried)))
        )
    return found
