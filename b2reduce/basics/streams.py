"""Independent random streams from one seed, and the register of what they are for.

A seed is divided by numbers: the first says what a stream is for, further ones count rounds, populations or
pathways. Whoever divides a seed takes the number of a purpose from here. Purposes that divide the same seed
stand in one table and differ. Those of different tables may be equal: the seed of cells or of a surface is
mostly one that was divided before, and where a network and cells are both given the user's own, generators of
different kinds draw from it. These numbers decide what a seed gives: a new purpose takes a new one, and none
is ever changed.
"""

from __future__ import annotations

from enum import IntEnum, unique

import numpy as np

from .arguments import whole

__all__ = [
    "OfBinary",
    "OfCells",
    "OfMoving",
    "OfNative",
    "OfNetwork",
    "OfReduction",
    "OfResponse",
    "OfSearch",
    "OfSurface",
    "OfTransfer",
    "seed_streams",
]


@unique
class OfNetwork(IntEnum):
    """The seed of a spiking network."""

    START = 0  #: starting values, and parameters that vary over cells
    NOISE = 1  #: the events of the drives, and noise of the equations
    WIRING = 2  #: then the number of the projection
    SIZES = 3  #: of its synapses, where they differ; then the number of the projection
    DRIVE_SIZES = 4  #: then the number of the drive
    DRIVE_WIRING = 9  #: which of its trains a cell sees; then the number of the drive
    DRIVE_RATES = 10  #: where they differ; then the number of the drive
    INITIAL = 11  #: starting values that a circuit or a run says; then the number of what starts


@unique
class OfNative(IntEnum):
    """The seed of the noise of a network in its own program, divided from that of a spiking network."""

    CELLS = 0  #: then the number of the population, or behind them of the shared trains


@unique
class OfBinary(IntEnum):
    """The seed of a network of binary units."""

    INITIAL = 20  #: which units are on at the start
    ORDER = 21  #: which unit is updated when
    WIRING = 22  #: then the numbers of the target and of the source


@unique
class OfCells(IntEnum):
    """The seed of a measurement of uncoupled cells."""

    RUN = 0  #: noise of the cells
    MORE = 1  #: further rounds at points that are not precise yet; then the number of the round
    SPREAD = 7  #: parameters that vary over cells
    CHECK = 31  #: which cells are run again at half the step


@unique
class OfResponse(IntEnum):
    """The seed of a linear response."""

    PILOT = 0  #: the rates at a little less and a little more current
    TONES = 1  #: the modulated cells; then whether a current's tones are turned round
    STEP = 2  #: the trial of the time step


@unique
class OfMoving(IntEnum):
    """The seed of a filter that moves with the rate, of one population."""

    RANGE = 0  #: the currents of the rates of interest
    CURVE = 1  #: the rates over these currents
    RESPONSES = 2  #: linear responses; then the number of the rate
    LARGE = 3  #: cells in large currents; then the number of the frequency


@unique
class OfReduction(IntEnum):
    """The seed of a reduction."""

    OPERATING_POINT = 1  #: then the number of the search, or `OfSearch`
    GAINS = 2  #: f-I surfaces; then the number of the population
    TRANSFERS = 4  #: transfer functions; then the number of the population
    RESPONSES = 5  #: linear responses, divided by the number of the population
    SHUNTS = 6  #: f-I curves of the page's explorer; then the number of the population
    VOLTAGES = 8  #: of cells at the operating point; then the number of the population
    ANSWERS = 9  #: to presynaptic rates; then the numbers of the population and of the source
    MOVING = 10  #: filters that move with the rate; then the number of the population


@unique
class OfSearch(IntEnum):
    """Beside the numbers of the searches for an operating point, which are small."""

    SETTLING = 99  #: how long cells take to settle; then the number of the population
    SPREAD = 98  #: whether cells that get different inputs fire as the mean cell does


@unique
class OfSurface(IntEnum):
    """The seed of the f-I surface of a population."""

    GRID = 2  #: its points; then the number of a second round
    PILOT = 3  #: where the rates of interest lie; then the number of the round


@unique
class OfTransfer(IntEnum):
    """The seed of the transfer function of a population; a number of the round follows."""

    PILOT = 0  #: rough rates at new points
    GRID = 1  #: precise rates where they are needed
    BETWEEN = 2  #: which points between those of the grid are looked at
    CHECKED = 3  #: the rates there


def seed_streams(seed, *key):
    """A 32-bit seed for one purpose, independent of those for other purposes.

    Parameters
    ----------
    seed : int
        The user's seed.
    *key : int
        What the stream is for: a purpose of this module's tables, then a round, a population...
    """
    return int(np.random.SeedSequence(entropy=whole(seed, "seed"), spawn_key=key).generate_state(1)[0])
