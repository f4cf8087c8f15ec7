"""The spiking network beside the rate model: how far apart they are, and why."""
