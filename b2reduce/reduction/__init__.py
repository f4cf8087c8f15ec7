"""From a circuit and what its cells do to the rate model."""
