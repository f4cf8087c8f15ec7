"""Networks of binary neurons, their mean field, and the balanced state."""

from .theory.binary.balanced import BalancedState, balanced_rates
from .theory.binary.mean_field import BinaryMeanField, binary_mean_field
from .theory.binary.network import BinaryNetwork
from .theory.binary.run import BinaryRun
from .theory.binary.simulate import simulate_binary
from .theory.binary.wiring import random_binary_network

__all__ = [
    "BalancedState",
    "BinaryMeanField",
    "BinaryNetwork",
    "BinaryRun",
    "balanced_rates",
    "binary_mean_field",
    "random_binary_network",
    "simulate_binary",
]
