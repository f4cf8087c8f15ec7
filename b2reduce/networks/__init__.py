"""The spiking network and the rate network, run in Brian2."""
