"""Short-term plasticity: how much of its size a synapse has at each spike."""
