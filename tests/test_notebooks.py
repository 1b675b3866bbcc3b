"""The notebooks through real Jupyter, and what nbgrader makes of them."""

import shutil
import subprocess

import nbformat
import pytest
from conftest import ROOT, SOLUTIONS
from nbclient import NotebookClient

# The values of the lab: each must stand in an output or in an assertion.
VALUES = {
    "1-forward-mode": [
        "1 + 1/1 − 1^1 = 1 + 0ε",
        "cos 0 = 1",
        "tan 0 = 0",
        "exp 0 = 1",
        "z     = 2.579425538604203",
        "∂z/∂x = 5.077582561890373",
        "∂z/∂y = 0.5",
    ],
    "2-reverse-mode": [
        "1 + 1/1 − 1^1 = 1",
        "∂z/∂x = 5.077582561890373",
        "∂z/∂y = 0.5",
        "z = 0.3125",
        "∂z/∂x = 1.5",
    ],
    "3-automatic-differentiation": [
        "z     = 2.579425538604203",
        "∂z/∂x = 5.077582561890373",
        "∂z/∂y = 0.5",
        "∂z/∂x = 1.5",
        "modified by an in-place operation",
        "this is a view of a leaf that requires a gradient",
        "[[2.5403023058681398], [3.1585290151921033]]",
        "0.8 times as large",
        "∂z/∂μ = 1",
    ],
    "4-exercise": [
        "loss of gradient descent:  15.2047",
        "loss of the truncated SVD: 15.2046",
    ],
}

POINTS = {"1-forward-mode": 10, "2-reverse-mode": 10, "3-automatic-differentiation": 10, "4-exercise": 0}


def test_there_are_four():
    assert [path.stem for path in SOLUTIONS] == list(VALUES)


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_a_solution_runs_in_jupyter(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    client = NotebookClient(
        notebook,
        timeout=120,
        startup_timeout=120,
        kernel_name="adlab",
        # The class by which a JupyterLab server starts its kernels.
        kernel_manager_class="jupyter_server.services.kernels.kernelmanager.ServerKernelManager",
        resources={"metadata": {"path": str(ROOT / "notebooks")}},
    )
    client.execute()
    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(figures) >= 3
    for figure in figures:
        assert {"image/svg+xml", "text/plain"} <= set(figure["data"])


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_value_of_the_lab_is_in_an_output_or_an_assertion(path):
    notebook = nbformat.read(path, as_version=4)
    seen = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if "assert" in cell.source:
            seen.append(cell.source)
        for output in cell.outputs:
            seen.append(output.get("text", "") + output.get("data", {}).get("text/plain", ""))
    everything = "\n".join(seen)
    missing = [value for value in VALUES[path.stem] if value not in everything]
    assert not missing


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_nbgrader_understands_the_notebook(path):
    from nbgrader.nbgraderformat import read
    from nbgrader.preprocessors import CheckCellMetadata

    notebook = read(str(path), as_version=4)
    CheckCellMetadata().preprocess(notebook, {})
    points = [cell.metadata.nbgrader.get("points", 0) for cell in notebook.cells if "nbgrader" in cell.metadata]
    # The exercise gives none.
    assert sum(points) == POINTS[path.stem]


def test_every_cell_for_students_compiles(tmp_path):
    """As handed out, with `todo!()` in place of the answers: one program for each notebook, without a warning but of what is
    not used yet."""
    (tmp_path / "src" / "bin").mkdir(parents=True)
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = [
            cell.source
            for cell in nbformat.read(path, as_version=4).cells
            if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        ]
        body = "\n;\n".join(cells)
        program = f"#![deny(warnings)]\n#![allow(unused)]\nuse adlab_notebook::prelude::*;\nfn main() {{\n{body}\n;\n}}\n"
        (tmp_path / "src" / "bin" / f"n{path.stem.replace('-', '_')}.rs").write_text(program)
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "students"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n'
        f'[dependencies]\nadlab-notebook = {{ path = "{ROOT}/crates/adlab-notebook" }}\n'
    )
    shutil.copy(ROOT / "Cargo.lock", tmp_path)
    target = ROOT / "target" / "students"
    check = ["cargo", "check", "--quiet", "--offline", "--target-dir", str(target)]
    result = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
