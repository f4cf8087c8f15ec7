"""Scripts of Brian2's in place of circuits."""

from __future__ import annotations

import click

__all__ = ["circuit_named", "save_audit"]

_KEPT = "b2reduce.imported"


def circuit_named(name):
    """A circuit by its name or file, or the network of a script, which a command runs once.

    Commands with one rate unit a cell or a population refuse the second for a network whose rates hang on
    which synapse has which weight.
    """
    from ..basics.errors import CircuitError
    from ..circuit.circuit import load_circuit
    from ..importing.scripts import import_script, is_script

    if not is_script(name):
        return load_circuit(name)
    context = click.get_current_context()
    kept = context.meta
    if _KEPT not in kept:
        click.echo(f"running {name} up to its first run(), as Python would", err=True)
        populations = context.params.get("cells") is False
        found = import_script(
            name,
            strict=not kept.get("b2reduce.leave_out"),
            shuffle=populations and not kept.get("b2reduce.any_weights"),
            progress=True,
        )
        if found.printed:
            click.echo(found.printed.rstrip(), err=True)
        for line in found.warnings:
            click.echo(f"Warning: {line}", err=True)
        if found.moved:
            raise CircuitError(
                f"{name}: {found.moved}; give --cells, or --any-weights to have that mean field all the same"
            )
        kept[_KEPT] = found
    return kept[_KEPT].circuit


def save_audit(folder):
    """Write what was read of a script into a folder of results."""
    found = click.get_current_context().meta.get(_KEPT)
    if found is not None:
        found.table.to_csv(f"{folder}/imported.csv", index=False)
