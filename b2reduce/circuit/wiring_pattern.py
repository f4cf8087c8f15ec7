"""Whether wiring that is given has a pattern, such as groups that project onto themselves."""

from __future__ import annotations

import numpy as np

__all__ = ["MOST", "pattern_of"]

#: Above it wiring counts as patterned. Wiring by chance, of 50 to 4000 cells, with equal and lognormal sizes,
#: of given and of drawn in-degrees, measures 0.6 to 1.1; two groups of twice the mean within them 2.4.
MOST = 1.25
SHUFFLED = 3  # copies
FEWEST = 50  # cells a side


def pattern_of(wiring, cells, seed=0):
    """Largest singular value of the sizes between cells, about their mean, over that of shuffled copies.

    In a copy every synapse keeps its target and has the source and the size of two others, so that
    in-degrees, out-degrees and sizes are those of the wiring. What stands out of a random matrix moves rates
    of its cells together, and one rate a population does not have it. None for small populations.

    Parameters
    ----------
    wiring : GivenWiring
    cells : (int, int)
        Of the source and of the target.
    seed : int
        Of the copies.
    """
    if min(cells) < FEWEST:
        return None
    rng = np.random.default_rng(seed)
    sizes = np.ones(wiring.number) if wiring.relative is None else wiring.relative
    own = _largest(wiring.i, wiring.j, sizes, cells)
    copies = [
        _largest(rng.permutation(wiring.i), wiring.j, rng.permutation(sizes), cells) for _ in range(SHUFFLED)
    ]
    return own / float(np.mean(copies))


def _largest(i, j, sizes, cells):
    """Largest singular value of a matrix of sums of sizes about what row and column sums alone make of it."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator, svds

    matrix = csr_matrix((sizes, (j, i)), shape=cells[::-1])
    rows, columns = (np.asarray(matrix.sum(axis)).ravel() for axis in (1, 0))
    whole = sizes.sum()
    about = LinearOperator(
        matrix.shape,
        matvec=lambda x: matrix @ x.ravel() - rows * (columns @ x.ravel()) / whole,
        rmatvec=lambda y: matrix.T @ y.ravel() - columns * (rows @ y.ravel()) / whole,
    )
    start = np.random.default_rng(0).standard_normal(min(matrix.shape))
    return float(svds(about, k=1, v0=start, return_singular_vectors=False)[0])
