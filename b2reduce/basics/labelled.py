"""Results for the libraries that others analyse with: xarray and neo, both optional."""

from __future__ import annotations

import numpy as np

from .errors import InputError

__all__ = ["activity_dataset", "neo_segment", "surface_dataset", "table_dataset", "transfer_dataset"]


def _library(name):
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise InputError(f"the library {name} is not installed: pip install 'b2reduce[{name}]'") from None


def _plain(provenance):
    """Provenance as attributes that files take: text and numbers."""
    import json

    from .files import without_nan

    return {
        key: (
            value
            if isinstance(value, (str, int, float)) and not isinstance(value, bool)
            else json.dumps(without_nan(value))
        )
        for key, value in provenance.items()
    }


def surface_dataset(surface):
    """An f-I surface as an xarray.Dataset over I and g."""
    xr = _library("xarray")
    grid = lambda values, unit: (("I", "g"), np.array(values), {"units": unit})
    return xr.Dataset(
        {
            "rate": grid(surface.rate_, "Hz"),
            "rate_sem": grid(surface.rate_sem_, "Hz"),
            "onset_rate": grid(surface.onset_rate_, "Hz"),
            "cv": grid(surface.cv_, "1"),
            "time": grid(surface.time_, "s"),
        },
        {
            "I": ("I", np.array(surface.I_), {"units": surface.current_unit, "long_name": "mean current"}),
            "g": (
                "g",
                np.array(surface.g_),
                {"units": surface.conductance_unit, "long_name": "mean total leak"},
            ),
        },
        _plain(surface.provenance),
    )


def transfer_dataset(transfer):
    """A transfer function as an xarray.Dataset over the presynaptic rates."""
    xr = _library("xarray")
    dims = tuple(f"r_{name}" for name in transfer.rates_)
    grid = lambda values, unit: (dims, np.array(values), {"units": unit})
    area = "/m^2" if transfer.per_area else ""
    return xr.Dataset(
        {
            "rate": grid(transfer.rate_, "Hz"),
            "rate_sem": grid(transfer.rate_sem_, "Hz"),
            "cv": grid(transfer.cv_, "1"),
            "I": grid(transfer.I_, f"A{area}"),
            "g": grid(transfer.g_, f"S{area}"),
            "time": grid(transfer.time_, "s"),
        },
        {
            dim: (dim, np.array(values), {"units": "Hz"})
            for dim, values in zip(dims, transfer.rates_.values())
        },
        _plain(transfer.provenance),
    )


def activity_dataset(activity):
    """Rates over time as an xarray.Dataset.

    Recorded conductances and rates of cells have dimensions of their own.
    """
    xr = _library("xarray")
    data = {"rate": (("population", "t"), np.array(activity.rate_), {"units": "Hz"})}
    coordinates = {
        "population": list(activity.populations),
        "t": ("t", np.array(activity.t_), {"units": "s", "long_name": "centre of the bin"}),
        "size": (
            "population",
            [activity.sizes.get(name, 0) for name in activity.populations],
            {"long_name": "number of cells"},
        ),
    }
    if activity.conductances_ is not None:
        coordinates["conductance_t"] = ("conductance_t", np.array(activity.conductance_t_), {"units": "s"})
        for label, values in activity.conductances_.items():
            data[f"g {label}"] = (
                (f"recorded {label}", "conductance_t"),
                np.array(values),
                {"units": activity.conductance_units[label]},
            )
    if activity.cell_rate_ is not None:
        for name, values in activity.cell_rate_.items():
            data[f"cell_rate {name}"] = ((f"cell {name}", "block"), np.array(values), {"units": "Hz"})
        coordinates["block"] = (
            "block",
            np.arange(next(iter(activity.cell_rate_.values())).shape[1]) * activity.cell_bin_,
            {"units": "s", "long_name": "start of the block"},
        )
    return xr.Dataset(data, coordinates, _plain(activity.provenance))


def table_dataset(points, parameters):
    """A table with one row a point of a grid as an xarray.Dataset over the parameters.

    Pairs that were not run are missing values.
    """
    _library("xarray")
    return points.reset_index().set_index(list(parameters)).to_xarray()


def neo_segment(activity):
    """Spikes of every cell as a neo.Segment, one SpikeTrain a cell with its population and number among the
    annotations.
    """
    neo = _library("neo")
    if activity.spikes_ is None:
        raise InputError(
            "to_neo: got a run without spikes, expected a spiking run; simulate_spikes(circuit, duration=...)"
            " makes one"
        )
    segment = neo.Segment(
        name=str(activity.provenance.get("circuit", "")),
        **{
            key: value
            for key, value in _plain(activity.provenance).items()
            if key in ("circuit_hash", "seed", "engine")
        },
    )
    for name, (i, t) in activity.spikes_.items():
        order = np.lexsort((t, i))
        ends = np.searchsorted(i[order], np.arange(1, activity.sizes[name]))
        for cell, times in enumerate(np.split(t[order], ends)):
            segment.spiketrains.append(
                neo.SpikeTrain(
                    np.array(times),
                    units="s",
                    t_start=0.0,
                    t_stop=activity.duration_,
                    population=name,
                    cell=cell,
                )
            )
    return segment
