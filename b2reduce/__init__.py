"""b2reduce: from a spiking network in Brian2 to the rate model that the theory says it is."""

import os

__version__ = "0.1.0"

# In a clone, models and scripts stand beside the package; installed, they are within it.
_CLONE = os.path.dirname(__path__[0])
if os.path.isfile(os.path.join(_CLONE, "setup.cfg")) and os.path.isdir(
    os.path.join(_CLONE, "models", "neurons")
):
    __path__.append(_CLONE)

# Brian2 takes seconds to import. Names are fetched on first use, so that `b2reduce --help` answers at once.
_HOME = {
    "NeuronModel": "circuit.neuron",
    "ModelError": "basics.errors",
    "load_model": "circuit.neuron",
    "Circuit": "circuit.circuit",
    "Population": "circuit.parts",
    "Projection": "circuit.parts",
    "Drive": "circuit.parts",
    "CircuitError": "basics.errors",
    "load_circuit": "circuit.circuit",
    "list_models": "circuit.library",
    "InputError": "basics.errors",
    "UnitError": "basics.errors",
    "OutputError": "basics.errors",
    "Activity": "networks.activity",
    "DivergenceError": "basics.errors",
    "StoppedError": "basics.errors",
    "AccuracyWarning": "basics.errors",
    "FISurface": "cells.surface",
    "measure_fi": "cells.measure_fi",
    "rheobase": "cells.rheobase",
    "LinearResponse": "cells.linear_response",
    "measure_response": "cells.response",
    "TransferFunction": "cells.transfer",
    "measure_transfer": "cells.measure_transfer",
    "GainFit": "cells.gain_fit",
    "fit_gain": "cells.gain",
    "ReducedCircuit": "reduction.reduced_circuit",
    "reduce": "reduction.reduce",
    "OperatingPointError": "basics.errors",
    "simulate_rates": "networks.simulate_rates",
    "rate_network": "networks.simulate_rates",
    "simulate_spikes": "networks.simulate_spikes",
    "spiking_network": "networks.simulate_spikes",
    "Comparison": "validation.comparison",
    "compare": "validation.comparison",
    "step_drive": "circuit.protocols",
    "ramp_drive": "circuit.protocols",
    "sinusoid_drive": "circuit.protocols",
    "ou_drive": "circuit.protocols",
    "ResponseComparison": "validation.transients",
    "compare_response": "validation.transients",
    "SlowVariation": "validation.frequencies",
    "slow_variation": "validation.frequencies",
    "check_assumptions": "validation.spike_premises",
    "Validation": "validation.validation",
    "validate": "validation.validate",
    "Verdict": "validation.verdict",
    "Adaptation": "cells.adaptation",
    "measure_adaptation": "cells.measure_adaptation",
    "FixedPoint": "theory.fixed_point",
    "fixed_points": "theory.fixed_points",
    "ThresholdLinearNetwork": "theory.threshold_linear",
    "UniformFeedback": "theory.uniform_feedback",
    "Continuation": "theory.continuation",
    "continue_fixed_points": "theory.continuation",
    "PhasePlane": "theory.phase_plane",
    "Separatrix": "theory.separatrix",
    "phase_plane": "theory.phase_plane",
    "separatrix": "theory.separatrix",
    "Ring": "theory.ring",
    "RingState": "theory.ring_state",
    "RingProfile": "theory.ring_profile",
    "ring_profile": "theory.ring_profile",
    "tuning_curve": "networks.tuning_curve",
    "BinaryNetwork": "theory.binary.network",
    "BinaryRun": "theory.binary.simulate",
    "simulate_binary": "theory.binary.simulate",
    "random_binary_network": "theory.binary.wiring",
    "BinaryMeanField": "theory.binary.mean_field",
    "binary_mean_field": "theory.binary.mean_field",
    "BalancedState": "theory.binary.balanced",
    "balanced_rates": "theory.binary.balanced",
    "save": "results.archive",
    "load": "results.loading",
    "scan": "scanning.scan",
    "what_if": "scanning.what_if",
    "WhatIf": "scanning.what_if",
    "tune": "scanning.tune",
    "Tuned": "scanning.tune",
    "explore": "results.explorer",
    "write_notebook": "results.notebook",
    "regime_map": "scanning.regime_map",
    "RegimeMap": "scanning.regime_map",
    "plot_fi": "results.plots.cells",
    "plot_transfer": "results.plots.cells",
    "plot_rates": "results.plots.networks",
    "plot_raster": "results.plots.networks",
    "plot_comparison": "validation.plots",
    "plot_levels": "validation.plots",
    "plot_cells": "validation.plots",
    "plot_map": "scanning.map_plot",
    "plot_phase_plane": "results.plots.theory",
    "plot_continuation": "results.plots.theory",
    "plot_adaptation": "results.plots.dynamics",
    "plot_response": "results.plots.dynamics",
    "plot_step": "results.plots.networks",
    "plot_slow_variation": "validation.plots",
    "write_report": "validation.report",
}
_WITHOUT_BRIAN2 = {
    "basics.units",
    "basics.provenance",
    "basics.session",
    "theory.binary.network",
    "theory.binary.simulate",
    "theory.binary.wiring",
    "theory.binary.balanced",
    "theory.binary.mean_field",
    "theory.ring",
    "theory.ring_state",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'b2reduce' has no attribute {name!r}")
    from importlib import import_module

    from .basics.whole_imports import imported

    if _HOME[name] not in _WITHOUT_BRIAN2:
        # Now, and whole: Ctrl-C within a later call must not leave half a library behind
        for library in ("brian2", "pandas"):
            imported(library)
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
