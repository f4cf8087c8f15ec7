"""What a reduction measures: an operating point, and what the cells do around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..basics.streams import OfReduction, seed_streams
from .adapting import adaptation_of
from .inputs import same_inputs
from .local_measurements import responses_at
from .local_transfer import transfer_at
from .loops.responses import answers_of, check_answering, keyed
from .measured import MeasuredGains, gains_without_noise, measure_gains
from .moving_responses import moving_at
from .noises import NOISES
from .operating_point import find_operating_point, point_at

__all__ = ["Findings", "measure"]


@dataclass(frozen=True, eq=False)
class Findings:
    """All that was measured for the rate models of a request; its levels share it.

    Attributes
    ----------
    point : OperatingPoint
    gains : MeasuredGains
    adaptation, transfers, responses : mapping of str to Adaptation, TransferFunction, LinearResponse
        By population, where they were asked for.
    answers : mapping of str to SourceResponse
        By population and number of the kind of synapse, where they were asked for.
    moving : mapping of str to MovingResponse
        By population, where they were asked for.
    warnings : tuple of str
        What is to be said of the measurements, whatever the level.
    """

    point: object
    gains: MeasuredGains
    adaptation: Mapping
    transfers: Mapping
    responses: Mapping
    answers: Mapping
    moving: Mapping
    warnings: tuple

    @property
    def engines(self):
        """Engines that measured surfaces and transfer functions."""
        measured = (*self.gains.surfaces.values(), *self.transfers.values())
        return [each.provenance["engine"] for each in measured if "engine" in each.provenance]

    def at_rest_of(self, request, reduced):
        """The same at the rates at which a rate model without noise rests by itself.

        Without noise every level has an operating point of its own: the rates its gains give one another.
        """
        rest = reduced.states_[0]
        if request.noisy or self.gains.through or not np.isfinite(list(rest.values())).all():
            return self
        point = point_at(
            request.circuit,
            rest,
            request.drives_,
            {},
            noise=False,
            iterations=self.point.iterations,
            **request.settings,
        )
        return replace(self, point=point)


def measure(request, bar):
    """The Findings of a Request."""
    circuit, seed, settings = request.circuit, request.seed, request.settings
    surfaces = any(kind.measures_surface for kind in request.kinds)
    functions = any(kind.measures_transfer for kind in request.kinds)
    dynamic = request.dynamics.measures_response
    answering = request.dynamics.measures_answers
    if request.noisy and (request.missing or dynamic or answering or functions):
        point = find_operating_point(
            circuit, request.drives_, seed=seed, bar=bar, noise=NOISES[request.noise], **settings
        )
        if answering or dynamic:
            check_answering(circuit, point.rate_, point.drives_, "tau, " + request.dynamics.name)
        gains = measure_gains(
            circuit, point, request.gains, request.window, True, surfaces, seed, settings, bar
        )
    else:
        point, gains = gains_without_noise(
            circuit, request.drives_, request.gains, request.window, surfaces, seed, settings, bar
        )
    adaptation = adaptation_of(circuit, request.adaptation, point, seed, settings, bar)
    transfers = _transfers(request, point, bar) if functions else {}
    responses = (
        responses_at(circuit, point, seed=seed_streams(seed, OfReduction.RESPONSES), bar=bar, **settings)
        if dynamic
        else {}
    )
    answers = (
        keyed(answers_of(circuit, point, seed=seed, bar=bar, every=True, **settings)) if answering else {}
    )
    moving = (
        moving_at(circuit, point, responses, seed=seed, bar=bar, **settings)
        if request.dynamics.measures_moving
        else {}
    )
    said = [
        *request.notes,
        *point.warnings,
        *gains.warnings,
        *(f"population {name}: {text}" for name, each in transfers.items() for text in each.warnings),
        *_silent(request, point),
    ]
    return Findings(point, gains, adaptation, transfers, responses, answers, moving, tuple(said))


def _transfers(request, point, bar):
    """{population: TransferFunction}; equal cells of equal inputs have one in common."""
    circuit, transfers = request.circuit, {}
    for number, name in enumerate(circuit.populations):
        alike = next((other for other in transfers if same_inputs(circuit, name, other, point)), None)
        if alike is not None:
            known = transfers[alike]
            transfers[name] = replace(
                known, provenance={**known.provenance, "population": name, "measured on": alike}
            )
            continue
        transfers[name] = transfer_at(
            circuit,
            name,
            point,
            request.noisy,
            seed=seed_streams(request.seed, OfReduction.TRANSFERS, number),
            bar=bar,
            **request.settings,
        )
    return transfers


def _silent(request, point):
    """A warning for every population that is measured without the noise through which alone it fires."""
    return [
        f"population {name}: the cell without noise is silent at its mean input; what it fires in the network"
        " it fires through noise, which noise = 'none' leaves out; use noise = 'renewal'"
        for name in request.missing
        if not request.noisy and point.noise_free_rate_[name] == 0
    ]
