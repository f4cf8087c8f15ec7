"""Sweeps of current-clamp and dynamic-clamp recordings: read from files, spikes found, turned into points."""
