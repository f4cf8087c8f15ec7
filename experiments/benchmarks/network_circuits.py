"""The networks that engines are timed on."""

from __future__ import annotations

import b2reduce as b2r

__all__ = ["CIRCUITS", "events_of", "seconds"]


def _larger():
    """As many inputs to each cell, of four times as many cells."""
    return b2r.load_circuit("ei_lif").replace({"population.E.size": 16_000, "population.I.size": 4_000})


def _shriki():
    """1,000 cells that make their own spikes."""
    synapses = {
        "E": dict(G="0.02 mS/cm^2", tau="5 ms", E="0 mV"),
        "I": dict(G="0.1 mS/cm^2", tau="10 ms", E="-80 mV"),
    }
    return b2r.Circuit(
        name="ei_shriki",
        populations={"E": b2r.Population("shriki2003", 800), "I": b2r.Population("shriki2003", 200)},
        projections=[
            b2r.Projection(source, target, in_degree=40, delay=("0.1 ms", "3 ms"), **synapse)
            for source, synapse in synapses.items()
            for target in "EI"
        ],
        drives=[
            b2r.Drive("ext", name, 100, "20 Hz", G="0.01 mS/cm^2", tau="5 ms", E="0 mV") for name in "EI"
        ],
        dt="0.02 ms",
    )


def _column():
    """A tenth of the cells of the cortical column of Potjans & Diesmann, with the probabilities that it has."""
    circuit = b2r.load_circuit("potjans2014")
    return circuit.replace(
        {f"population.{name}.size": round(each.size / 10) for name, each in circuit.populations.items()}
    )


#: name: (what makes the circuit, how long it runs)
CIRCUITS = {
    "ei_lif": (lambda: b2r.load_circuit("ei_lif"), "2 s"),
    "ei_lif of 20,000": (_larger, "1 s"),
    "ei_shriki": (_shriki, "0.5 s"),
    "potjans2014 / 10": (_column, "1 s"),
}


def events_of(circuit, spikes):
    """Spikes that arrive at cells of the network."""
    out = dict.fromkeys(circuit.populations, 0.0)
    for p in circuit.projections:
        K = p.in_degree or p.probability * circuit.populations[p.source].size
        out[p.source] += K * circuit.populations[p.target].size / circuit.populations[p.source].size
    return sum(out[source] * number for source, number in spikes.items())


def seconds(text):
    """Of a text such as '2 s'."""
    return float(text.split()[0])
