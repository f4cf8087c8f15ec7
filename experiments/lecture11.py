"""The derivation, equation by equation (lecture 11 of D. Kleinfeld, revised 9 Feb 2022): every numbered
equation as something to compute.

Each of the 39 equations, and each sentence between them that says something more, is held against a
simulation or against a derivation of its own. Where the lecture slips the row says so, uses the corrected
form, and shows what the printed one would give. A cell is clamped by a capacitance hundreds of thousands of
times its own: the charge that moves its potential by microvolts is the current of its own membrane equation.
"""

# %%
from __future__ import annotations

import matplotlib.pyplot as plt
from b2reduce.experiments import lecture11_averages as averages
from b2reduce.experiments import lecture11_cells as cells
from b2reduce.experiments import lecture11_currents as currents
from b2reduce.experiments import lecture11_dynamics as dynamics
from b2reduce.experiments import lecture11_feedback as feedback
from b2reduce.experiments import lecture11_gain as gain
from b2reduce.experiments import lecture11_laws as laws
from b2reduce.experiments import lecture11_network as network
from b2reduce.experiments import lecture11_rate_equation as rate_equation
from b2reduce.experiments import lecture11_synapses as synapses
from b2reduce.experiments import lecture11_trains as trains
from b2reduce.experiments.script import run

TITLE = "Lecture 11, equation by equation"
DOI = "doi:10.1162/08997660360675053"
SEED = cells.SEED
MINUTES = (0.6, 0.9)  # short, long
PICTURES = ("fig6",)
DEPARTURES = (
    "The source is the lecture; the DOI is of the paper that it follows.",
    (
        "The lecture gives no numbers: cells, synapses and drive are those of ei_lif, and every number is"
        " computed here."
    ),
    "The spiking network has 2000 of its 5000 cells, with the same number of inputs each.",
)


# %%
def fig1(long=False):
    """11.1-11.8: from the membrane equation to a rate that current raises and leak shifts."""
    return gain.figure_of(long)


# %%
def fig2(long=False):
    """11.9-11.20: synaptic conductances and their averages, of the network and of the drive."""
    figure, axes = plt.subplots(1, 4, figsize=(15.5, 3.5), layout="constrained")
    return figure, synapses.rows_of(axes, 8000 if long else 2000) + averages.rows_of(long)


# %%
def fig3(long=False):
    """11.21-11.26: synapses as a current and a leak, in the spiking network."""
    return currents.figure_of(long)


# %%
def fig4(long=False):
    """11.27-11.31: weights and thresholds of the rate equation, each by an experiment of its own."""
    return rate_equation.figure_of(long)


# %%
def fig5(long=False):
    """11.32-11.39: rates over time, uniform feedback with all its cases, and binary neurons."""
    return dynamics.figure_of(long)


# %%
def fig6(long=False):
    """The derivation in six panels.

    Leak shifts, averages, synapses are a current and a leak, weights, and what uniform feedback does.
    """
    figure, axes = plt.subplots(2, 3, figsize=(12.5, 7), layout="constrained")
    laws.draw_shift(axes[0, 0])
    trains.draw_step(axes[0, 1], 8000 if long else 2000)
    network.draw_clamp(axes[0, 2], 3.0 if long else 1.0)
    laws.draw_weights(axes[1, 0])
    feedback.draw_regimes(axes[1, 1], 1)
    feedback.draw_regimes(axes[1, 2], -1)
    return figure, []


# %%
if __name__ == "__main__":
    run(globals())
