"""How one comes by a thing that was expected, from another or by itself."""

from __future__ import annotations

__all__ = ["cure_of"]

#: How one comes by a thing that was expected.
MADE_BY = {
    "ReducedCircuit": "reduce(circuit) makes one, ReducedCircuit.load(path) reads one",
    "Circuit": "load_circuit(name) reads one",
    "NeuronModel": "load_model(name) reads one",
    "FISurface": "measure_fi(model, I, g) measures one, FISurface.from_frame(frame) reads a table",
    "GainFit": "fit_gain(surface) makes one",
    "SweepRecording": "read_sweeps(paths) reads one",
    "Activity": "simulate_spikes(circuit, ...) and simulate_rates(reduced, ...) make one",
    "TransferFunction": "measure_transfer(model, drives, rates) measures one",
    "Comparison": "compare(spikes, rates) makes one",
    "Validation": "validate(circuit) makes one",
    "RegimeMap": "map_regimes(circuit, grid) makes one",
    "LinearResponse": "measure_linear_response(model, I, g) measures one",
    "Adaptation": "measure_adaptation(model) measures one",
    "PhasePlane": "phase_plane(reduced) makes one",
    "Continuation": "continue_fixed_points(reduced, parameter, values) makes one",
    "FrequencyComparison": "compare_frequencies(circuit, reduced, ...) measures one",
    "BinaryNetwork": "random_binary_network(...) draws one",
    "ThresholdLinearNetwork": "ThresholdLinearNetwork.from_reduced(reduced) makes one",
    "Drive": "write Drive(name=, inputs=, rate=, G=, tau=, E=)",
}
#: What to do with a thing of one kind where another was expected: (expected, got).
CURES = {
    ("ReducedCircuit", "Circuit"): "call reduce(circuit) first",
    ("ReducedCircuit", "str"): "call reduce(...) with that name first",
    ("ReducedCircuit", "Validation"): "give its .reduced",
    ("ReducedCircuit", "GainFit"): "reduce(circuit, gains={population: fit}) makes a rate model of it",
    ("Circuit", "ReducedCircuit"): "give its .circuit",
    ("Circuit", "Validation"): "give its .circuit",
    (
        "Circuit",
        "NeuronModel",
    ): 'a cell becomes a circuit by Circuit(populations={"E": Population(model=, size=)}, ...)',
    ("Circuit", "dict"): "Circuit.from_dict(data) reads one",
    ("NeuronModel", "Population"): "give its .model",
    ("NeuronModel", "Circuit"): "give circuit.populations[name].model",
    ("NeuronModel", "FISurface"): "a surface is what measuring a model gives",
    ("NeuronModel", "ReducedCircuit"): "give reduced.circuit.populations[name].model",
    ("NeuronModel", "dict"): "NeuronModel.from_dict(data) reads one",
    ("FISurface", "DataFrame"): "FISurface.from_frame(frame) makes one of it",
    ("FISurface", "NeuronModel"): "measure_fi(model, I, g) measures one",
    (
        "FISurface",
        "str",
    ): "load(path) reads what save() wrote; FISurface.from_frame(pandas.read_csv(path)) reads a table",
    ("FISurface", "GainFit"): "give its .surface",
    ("FISurface", "ReducedCircuit"): "give reduced.surfaces[population]",
    ("FISurface", "SweepRecording"): "call its to_surface()",
    ("SweepRecording", "FISurface"): "a surface holds no traces; read_sweeps(paths) reads them",
    ("GainFit", "FISurface"): "fit_gain(surface) makes one of it",
    ("GainFit", "ReducedCircuit"): "give reduced.gains[population]",
    ("Activity", "Circuit"): "run it by simulate_spikes(circuit, duration=...)",
    ("Activity", "ReducedCircuit"): "run it by simulate_rates(reduced, duration=...)",
    ("Activity", "Validation"): "give one of its .spikes, or its .rates",
    ("Activity", "list"): "give one of them",
    ("Activity", "tuple"): "give one of them",
    ("Comparison", "Validation"): "give its .comparison",
    ("Comparison", "Activity"): "compare(spikes, rates) makes one",
    ("TransferFunction", "ReducedCircuit"): "give reduced.transfers[population]",
    ("RegimeMap", "DataFrame"): "map_regimes(circuit, grid) makes one; a table of scan() is not one",
    ("Validation", "ReducedCircuit"): "validate(circuit) makes one",
    ("Drive", "dict"): "write Drive(**{...})",
}
#: Kinds that a name or a path stands for as well.
NAMED = {
    "Circuit": "a Circuit, its name or the path of a .toml file",
    "NeuronModel": "a NeuronModel, its name or the path of a .toml file",
}


def cure_of(expected, got):
    """What to do with a thing of one class where another was expected; None where nothing is known."""
    return CURES.get((expected, got))
