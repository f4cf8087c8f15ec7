"""Transfer functions between the points of their grid."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..basics.errors import InputError
from .lookup import FINE, axis_table
from .smoothing import APART, APART_, CHI2_LIMIT, ORDER, SIGMAS, softplus_polynomial

__all__ = ["transfer_lookup", "missed_between"]

# Of the polynomials that are tried for a transfer function
ORDERS = (2, 3, 4, 5, 6, 7, 8, 10)


def missed_between(table, transfer):
    """By how much a table misses the cells that were simulated between the points of a transfer function, in
    units of 3 % and three standard errors.
    """
    rate, sem = transfer.between["rate"], transfer.between["rate_sem"]
    return np.abs(table(*transfer.between["rates"].T) - rate) / (SIGMAS * sem + APART * rate + APART_)


def transfer_lookup(transfer, top_=None, spread_over_cells=True):
    """r = F(r_1, ..., r_n) from a transfer function.

    Rates up to `top_` are smoothed: a polynomial in the presynaptic rates behind r = r_0 log(1 + exp(x)),
    which is exponential where cells fire through noise and linear above, fitted by weighted least squares, of
    the order with the smallest information criterion (Akaike). Where monotone cubics through the points along
    each axis meet the cells simulated between them better, they answer. Beyond `top_` they do in any case. A
    transfer function without points between has order 4, if that misses its own points by no more than their
    errors.

    Parameters
    ----------
    transfer : TransferFunction
    top_ : float, optional
        Hz; by default that of the transfer function, if it has one; without it nothing is smoothed.
    spread_over_cells : bool
        Whether to average over cells that differ in what they get, as `spread` says.

    Raises
    ------
    InputError
        If an axis has fewer than two rates, or there are more than four axes.
    """
    axes = list(transfer.rates_.values())
    if len(axes) > max(FINE) or min(map(len, axes)) < 2:
        raise InputError(
            f"transfer: got axes of {' x '.join(str(len(axis)) for axis in axes)} rates, expected at most"
            f" {max(FINE)} of at least two each"
        )
    table = _table(transfer, transfer.top_ if top_ is None else top_)
    if spread_over_cells and transfer.spread:
        table = table.over_cells([transfer.spread.get(name, 0.0) for name in transfer.rates_])
    return table


@lru_cache(maxsize=16)
def _table(transfer, top_):
    """The same of the mean cell; kept, since it is asked for at every look at the rates of a reduction."""
    axes = list(transfer.rates_.values())
    rough = axis_table(axes, transfer.rate_)
    if not np.isfinite(top_):
        return rough
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    # A point that stayed silent is known to one spike in its time.
    sem = np.where(transfer.rate_sem_ > 0, transfer.rate_sem_, 1 / np.maximum(transfer.time_, 1.0)).ravel()

    def blended(smooth, cubic):
        """A polynomial's rates below the top, those of the cubics above it, and silence where all points
        around are silent: its tail means nothing there.
        """
        share = np.clip((1.3 * top_ - cubic) / (0.3 * top_), 0.0, 1.0)
        return np.where(cubic > 0, share * smooth + (1 - share) * cubic, 0.0)

    fits = []
    for order in ORDERS if transfer.between else (ORDER,):
        fit = softplus_polynomial(
            points, transfer.rate_.ravel(), sem, top_, order, fits[-1] if fits else None
        )
        if fit is None:
            break
        fits.append(fit)
    chosen = min(fits, key=lambda fit: fit.criterion, default=None)
    if transfer.between:
        at, rate, scatter = (transfer.between[name] for name in ("rates", "rate", "rate_sem"))
        cubic = rough(*at.T)
        # An error counts against what chance makes and against the size of the rate.
        score = lambda values: np.mean((values - rate) ** 2 / (scatter**2 + (APART * rate + APART_) ** 2))
        chosen = None if chosen is None or score(cubic) < score(blended(chosen(at), cubic)) else chosen
    elif chosen is not None and chosen.chi2 > CHI2_LIMIT:
        chosen = None
    table = rough
    if chosen is not None:
        table = replace(
            rough,
            values=blended(
                chosen.on_grid([np.linspace(axis[0], axis[-1], FINE[len(axes)]) for axis in axes]),
                rough.values,
            ),
        )
    if transfer.between:
        miss = table(*at.T) - rate
        table = replace(
            table, error=float(np.sqrt(max(np.mean(miss**2 - scatter**2), 0.0) / np.mean(rate**2)))
        )
    return table
