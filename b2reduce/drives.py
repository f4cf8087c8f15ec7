"""Rates of drives over time: steps, ramps, sinusoids and noise, for the drives of a circuit."""

from .circuit.protocols import ou_drive, ramp_drive, sinusoid_drive, step_drive

__all__ = ["ou_drive", "ramp_drive", "sinusoid_drive", "step_drive"]
