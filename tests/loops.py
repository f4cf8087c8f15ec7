"""Made-up feedback: links with a gain, a time constant and delays, of populations that need not exist."""

from types import SimpleNamespace

from b2reduce.circuit.delays import AT_ONCE, Delays
from b2reduce.circuit.pathway import Pathway
from b2reduce.circuit.synapses.low_pass import LowPass
from b2reduce.reduction.loops.links import Link
from b2reduce.reduction.loops.spectra import Spectra


def fixed(delay_):
    """One delay for all, s."""
    return Delays((delay_,), (delay_,), (1.0,))


def uniform(least_, greatest_):
    """Delays between two times, s."""
    return Delays((least_,), (greatest_,), (1.0,))


def link(source, target, gain, tau_, delays=AT_ONCE, K=1.0, is_drive=False, share=0.0, rate_=0.0):
    """Cells that answer at once to exponential synapses."""
    pathway = Pathway(
        f"{source}->{target}",
        target,
        source,
        is_drive,
        K,
        SimpleNamespace(filter=LowPass(tau_), values_={}),
        share=share,
        delays=delays,
    )
    return Link(pathway, gain, None, rate_)


def spectra(loop, sizes, rates_, shared=()):
    """The Spectra of populations whose own trains are Poisson."""
    circuit = SimpleNamespace(populations={name: SimpleNamespace(size=size) for name, size in sizes.items()})
    return Spectra(loop, shared, {}, circuit, SimpleNamespace(rate_=rates_))
