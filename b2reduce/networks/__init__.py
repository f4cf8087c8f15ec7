"""The spiking network, in a program of its own, in Brian2 or in NEST, and the rate network in Brian2."""
