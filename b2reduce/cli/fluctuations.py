"""The command that foretells spectra, correlations and rhythms."""

from __future__ import annotations

import click

from .arguments import CIRCUIT, JSON, OUTPUT, SEED
from .output import check_output, show_result, show_table, show_warnings, write_results
from .reductions import reduced_circuit


@click.command("fluctuations", short_help="Spectra, correlations and rhythms, foretold by uncoupled cells.")
@CIRCUIT
@SEED
@OUTPUT
@JSON
def fluctuations_command(circuit, changes, seed, folder, as_json, **options):
    """Spectra of the population rates of a CIRCUIT, correlations of its cells, and what goes on by itself.

    From uncoupled cells, sizes and delays: no spiking network is run.
    """
    from ..results.plain import fluctuations_data
    from ..results.plots.fluctuations import plot_spectra
    from ..theory.fluctuations import fluctuations

    check_output(folder)
    reduced = reduced_circuit(circuit, changes, seed=seed, **options)
    found = fluctuations(reduced, seed=seed, progress=True)
    data = fluctuations_data(found)
    if folder:
        figures = {"spectra": lambda ax: plot_spectra(found, ax=ax)} if found.stable else {}
        write_results(folder, found, {"result.json": data}, {"spectra.csv": found.to_frame()}, figures)

    def show():
        show_table(
            f"what premises of {reduced.circuit.name} hang on, as its cells foretell it",
            ("quantity", "foretold", "limit", "holds", "where"),
            (
                (
                    row.Index,
                    f"{row.foretold:.3g}",
                    f"{row.limit:.2g}",
                    "yes" if row.holds else "no",
                    row.where,
                )
                for row in found.foretold.itertuples()
            ),
        )

    show_result(data, as_json, show)
    click.echo(repr(found), err=True)
    show_warnings(reduced.warnings)
