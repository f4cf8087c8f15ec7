"""b2reduce: from a spiking network in Brian2 to the rate model that the theory says it is."""

import os

__version__ = "0.1.0"

# In a clone, models and scripts stand beside the package; installed, they are within it.
_CLONE = os.path.dirname(__path__[0])
if os.path.isfile(os.path.join(_CLONE, "setup.cfg")) and os.path.isdir(os.path.join(_CLONE, "models", "neurons")):
    __path__.append(_CLONE)

# Brian2 takes seconds to import. Names are fetched on first use, so that `b2reduce --help` answers at once.
_HOME = {
    "NeuronModel": "model", "ModelError": "model", "load_model": "model",
    "Circuit": "circuit", "Population": "circuit", "Projection": "circuit", "Drive": "circuit", "CircuitError": "circuit", "load_circuit": "circuit", "list_models": "circuit",
    "InputError": "units", "UnitError": "units",
    "OutputError": "provenance",
    "Activity": "activity",
    "DivergenceError": "session", "StoppedError": "session", "AccuracyWarning": "integration",
    "FISurface": "surface", "measure_fi": "surface", "rheobase": "surface",
    "LinearResponse": "response", "measure_response": "response",
    "TransferFunction": "transfer", "measure_transfer": "transfer",
    "GainFit": "gain", "fit_gain": "gain",
    "ReducedCircuit": "reduced", "reduce": "reduction", "OperatingPointError": "operating",
    "simulate_rates": "rate", "rate_network": "rate",
    "simulate_spikes": "spiking", "spiking_network": "spiking",
    "Comparison": "comparison", "compare": "comparison",
    "step_drive": "protocols", "ramp_drive": "protocols", "sinusoid_drive": "protocols", "ou_drive": "protocols",
    "ResponseComparison": "transients", "compare_response": "transients", "SlowVariation": "transients", "slow_variation": "transients",
    "check_assumptions": "assumptions",
    "Validation": "validation", "validate": "validation", "Verdict": "verdict",
    "Adaptation": "adaptation", "measure_adaptation": "adaptation",
    "FixedPoint": "stability", "fixed_points": "stability", "threshold_linear": "stability", "ThresholdLinearNetwork": "thresholdlinear",
    "UniformFeedback": "feedback", "uniform_feedback": "feedback", "Continuation": "continuation", "continue_fixed_points": "continuation",
    "PhasePlane": "phaseplane", "Separatrix": "phaseplane", "phase_plane": "phaseplane", "separatrix": "phaseplane",
    "Ring": "ring", "RingState": "ring", "RingProfile": "tuning", "ring_profile": "tuning", "tuning_curve": "tuning",
    "BinaryNetwork": "binary", "BinaryRun": "binaryrun", "simulate_binary": "binaryrun", "random_binary_network": "binarywiring",
    "BinaryMeanField": "balance", "binary_mean_field": "balance", "BalancedState": "balance", "balanced_rates": "balance",
    "save": "archive", "load": "loading", "scan": "scanning", "what_if": "whatif", "WhatIf": "whatif", "tune": "wantedrates", "Tuned": "wantedrates", "explore": "explorer", "write_notebook": "notebook", "regime_map": "regimes", "RegimeMap": "regimes",
    "plot_fi": "plots", "plot_transfer": "plots", "plot_rates": "plots", "plot_raster": "plots", "plot_comparison": "plots", "plot_levels": "plots", "plot_cells": "plots", "plot_map": "mapplots",
    "plot_phase_plane": "networkplots", "plot_continuation": "networkplots", "plot_adaptation": "networkplots",
    "plot_response": "responseplots", "plot_step": "responseplots", "plot_slow_variation": "responseplots",
    "write_report": "report",
}
_WITHOUT_BRIAN2 = {"units", "provenance", "session", "binary", "binaryrun", "binarywiring", "balance", "ring"}
__all__ = ["__version__", *_HOME]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'b2reduce' has no attribute {name!r}")
    from importlib import import_module

    from .interrupts import imported

    if _HOME[name] not in _WITHOUT_BRIAN2:
        for library in ("brian2", "pandas"):  # now, and whole: Ctrl-C within a later call must not leave half a library behind
            imported(library)
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
