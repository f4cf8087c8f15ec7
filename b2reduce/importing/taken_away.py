"""What a mean field leaves out, taken away from spiking networks: which synapse has which weight, and which
cells have which trains in common.
"""

from __future__ import annotations

from ..basics.errors import CircuitError
from .moved import moved, rate_of_run
from .own_runs import own_run

__all__ = ["compared_shuffled", "independent_circuit", "said_of_trains", "said_of_weights"]

_DURATION_, _AFTER_ = 1.0, 0.2  # s of both runs where a command compares them


def compared_shuffled(source, report, seed=1):
    """The sentence where rates of the user's network move when its weights are shuffled; None where they
    stay.

    Parameters
    ----------
    source : Source
    report : callable
        Called with the fraction done.
    seed : int
        Of one run with the weights as they are, and one with shuffled ones.

    Raises
    ------
    CircuitError
        If one of them cannot be run.
    """
    found = []
    for number, shuffled in enumerate((False, True)):
        part = lambda done, number=number: report((number + done) / 2)
        try:
            spikes, _ = own_run(source, _DURATION_, seed, _AFTER_, shuffled=shuffled, report=part)
        except Exception as error:
            cause = error.__cause__ or error  # of what Brian2 raises, which says where
            raise CircuitError(
                f"the network cannot be run with its weights {'shuffled' if shuffled else 'as they are'}"
                f" ({type(cause).__name__}: {cause}), so that nobody knows whether rates hang on which"
                " synapse has which weight; give --cells, or --any-weights to go on without the comparison"
            ) from error
        length_ = _DURATION_ - _AFTER_
        found.append(
            {
                name: [rate_of_run(times[times >= _AFTER_] - _AFTER_, size, length_)]
                for name, (_, times, size) in spikes.items()
            }
        )
    return said_of_weights(source.blocks, *found)


def said_of_weights(blocks, own, shuffled):
    """The sentence for weights that rates hang on; None where rates stay, or nothing was shuffled.

    Parameters
    ----------
    blocks : sequence of Block
    own, shuffled : mapping of str to list of Rate, or None
        Runs by populations.
    """
    rates = _that_move(own, shuffled, drawn_once=True)
    if rates is None:
        return None
    return (
        f"the weights of {_listed([block.name for block in blocks])} are not exchangeable: {rates} where they"
        " are shuffled within their blocks; a mean field knows how large weights are, not which synapse has"
        " which, and is that of another network, the shuffled one; cells=True has one rate unit a cell, with"
        " its own weights"
    )


def independent_circuit(circuit):
    """The circuit with independent trains of the same rates in place of shared ones; None where it has none.

    Trains that were recorded are left as they are, and of trains with rates of their own each cell sees the
    mean one.
    """
    shared = [each for each in circuit.drives if each.trains is not None and each.spikes is None]
    changes = {}
    for each in shared:
        label = f"drive.{each.name}->{each.target}"
        changes[f"{label}.trains"] = None
        if each.many_rates:
            changes[f"{label}.rate"] = each.rate_over_time
    return circuit.replace(changes) if changes else None


def said_of_trains(circuit, own, independent):
    """The sentence for shared trains that rates hang on; None where rates stay, or there are none."""
    rates = _that_move(own, independent, drawn_once=False)
    if rates is None:
        return None
    shared = {each.name: each for each in circuit.drives if each.trains is not None and each.spikes is None}
    names = [f"{name} ({100 * each.overlap:.3g} % in common)" for name, each in shared.items()]
    return (
        f"the trains that cells share, of {_listed(names)}, make rates: {rates} where every cell has trains"
        " of its own; a mean field knows no inputs in common and is that of another network, the one with"
        " independent trains"
    )


def _that_move(own, other, drawn_once):
    """'E fires at 8 Hz, and at 140 Hz', of the populations whose rates move; None where none do."""
    if not own or not other:
        return None
    mean = lambda runs: f"{sum(each.value for each in runs) / len(runs):.3g} Hz"
    found = [
        f"{name} fires at {mean(runs)}, and at {mean(other[name])}"
        for name, runs in own.items()
        if moved(runs, other[name], drawn_once)
    ]
    return "; ".join(found) or None


def _listed(names):
    first = list(dict.fromkeys(names))
    return ", ".join(first[:4]) + (f" and {len(first) - 4} more" if len(first) > 4 else "")
