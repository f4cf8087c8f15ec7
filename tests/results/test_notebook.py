"""A notebook of one's own circuit: it runs as it is written, and asks nothing that the circuit has not."""

import pytest
from brian2 import Hz, ms, mV, nS, second

import b2reduce as b2r

from ..command import b2reduce

pytestmark = pytest.mark.slow
nbformat = pytest.importorskip("nbformat")


def test_it_runs_and_holds_the_results(tmp_path):
    path = tmp_path / "mine.ipynb"
    circuit = b2r.load_circuit("ei_lif").replace(
        {"population.E.size": 400, "population.I.size": 100, "name": "mine"}
    )
    b2r.write_notebook(circuit, path, seeds=1, duration=0.5 * second)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code) and not any(
        output.output_type == "error" for cell in code for output in cell.outputs
    )
    shown = " ".join(
        str(output.get("data", {}).get("text/html", "")) for cell in code for output in cell.outputs
    )
    assert (
        "v_theta (mV)" in shown
        and "premise" in shown
        and sum("image/png" in output.get("data", {}) for cell in code for output in cell.outputs) >= 2
    )
    with pytest.raises(b2r.errors.OutputError, match="overwrites nothing"):
        b2r.write_notebook(circuit, path)
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    "circuit",
    [
        b2r.Circuit(
            populations={"E": b2r.Population("lif", 100)},
            drives=[b2r.Drive("ext", "E", 500, 14 * Hz, 1 * nS, 5 * ms, 0 * mV)],
            title='quotes """ and \\ back',
        ),
        b2r.load_circuit("ring_lif"),
    ],
    ids=["no projection", "profiles"],
)
def test_every_cell_of_other_circuits_is_python(circuit, tmp_path):
    b2r.write_notebook(circuit, tmp_path / "it.ipynb", execute=False)
    cells = [
        cell for cell in nbformat.read(tmp_path / "it.ipynb", as_version=4).cells if cell.cell_type == "code"
    ]
    names = {}
    for cell in cells:
        compile(cell.source, "cell", "exec")
    exec(compile(cells[0].source, "cell", "exec"), names)
    assert names["circuit"].hash == circuit.hash


def test_a_cell_that_fails_leaves_no_file(tmp_path):
    """A circuit whose cells never fire within any window has no operating point to reduce at."""
    dead = b2r.load_circuit("ei_lif").replace(
        {"population.E.size": 110, "population.I.size": 30, "drive.ext.rate": 0 * Hz}
    )
    with pytest.raises(b2r.errors.InputError, match="a cell of the notebook failed"):
        b2r.write_notebook(dead, tmp_path / "it.ipynb", seeds=1, duration=0.3 * second)
    assert not list(tmp_path.iterdir())


def test_from_a_shell(tmp_path):
    result = b2reduce("notebook", "ei_lif", "--no-run", "-o", "it.ipynb", cwd=tmp_path)
    assert result.returncode == 0 and (tmp_path / "it.ipynb").exists()
