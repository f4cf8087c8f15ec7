"""The synapses of a projection, or of a drive whose trains are sources of spikes, as an object of Brian2."""

from __future__ import annotations

__all__ = ["connected"]


def connected(circuit, label, entry, source, target, draws, *, clock, codeobj_class=None):
    """The Synapses of a projection or drive.

    Parameters
    ----------
    circuit : Circuit
    label : str
    entry : Projection or Drive
    source, target : Group
    draws : Draws
    codeobj_class : class, optional
        As of `build_network`.
    """
    import brian2

    pathway = next(p for p in circuit.pathways(entry.target) if p.label == label)
    sizes, plasticity = draws.sizes.get(label), entry.plasticity
    factors, state, before, namespace, start = ["{}"], [], [], {}, {}
    if sizes is not None:
        factors.insert(0, "size_of_it")
        state.append("size_of_it : 1 (constant)")
        start["size_of_it"] = sizes
    if plasticity is not None:
        factors.append("released_stp")
        state += plasticity.equations()
        before = plasticity.at_spike()
        namespace = {**plasticity.variables_, "second": brian2.second}
        start |= {**plasticity.start, **draws.plastic.get(label, {})}
    jumps = pathway.synapse.jumps(pathway.symbol, circuit.populations[entry.target].model, at="_post")
    whole = "{}" if len(factors) == 1 else "*".join("({})" if each == "{}" else each for each in factors)
    synapses = brian2.Synapses(
        source,
        target,
        "\n".join(state) or None,
        on_pre="\n".join(
            [*before, *(f"{variable} += {whole.format(size)}" for variable, size in jumps.items())]
        ),
        namespace=namespace,
        clock=clock,
        codeobj_class=codeobj_class,
        name=f"synapses_{pathway.symbol}",
    )
    i, j, delay_ = draws.wiring[label]
    synapses.connect(i=i, j=j)
    synapses.delay = delay_ * brian2.second
    for variable, value in start.items():
        setattr(synapses, variable, value)
    synapses.pre.codeobj_class = None  # the pathway that carries the spikes is worth compiling
    return synapses
