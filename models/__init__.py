"""Neurons and circuits as data: one TOML file each, read by `b2reduce.load_model` and `b2reduce.load_circuit`."""
