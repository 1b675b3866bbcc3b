"""`adlab run` on notebooks as they come: damaged, of the same name, with outputs from some other time."""

import json
import subprocess

import nbformat
from conftest import ADLAB, ROOT


def notebook(path, *cells):
    """Cells are code, or cells."""
    made = [nbformat.v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    whole = nbformat.v4.new_notebook(cells=made)
    whole.metadata.kernelspec = {"name": "adlab", "display_name": "adlab", "language": "rust"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(whole, path)
    return path


def run(*arguments):
    return subprocess.run([ADLAB, "run", *map(str, arguments)], capture_output=True, text=True)


def shown(cell):
    return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def old(code, **metadata):
    output = nbformat.v4.new_output("stream", text="from another time")
    return nbformat.v4.new_code_cell(code, outputs=[output], execution_count=9, metadata=metadata)


def test_a_damaged_notebook_stops_no_other(tmp_path):
    (tmp_path / "broken.ipynb").write_text('{"cells": [')
    (tmp_path / "latin.ipynb").write_bytes(b'{"cells": ["\xe9"]}')
    good = notebook(tmp_path / "good.ipynb", "1 + 1")
    result = run(tmp_path / "broken.ipynb", good, tmp_path / "latin.ipynb", tmp_path / "none.ipynb")
    assert result.returncode == 1
    for words in ["FAILED", "broken.ipynb is no notebook", "ok      good.ipynb", "latin.ipynb", "none.ipynb"]:
        assert words in result.stdout, result


def test_what_python_writes_is_read(tmp_path):
    path = notebook(tmp_path / "n.ipynb", old("1 + 1"))
    text = path.read_text().replace('"from another time"', '"\\ud83d"').replace('"nbformat": 4', '"x": [NaN, Infinity], "nbformat": 4')
    path.write_text("\ufeff" + text.replace("\n", "\r\n"), encoding="utf-8")
    result = run("--in-place", path)
    assert result.returncode == 0, result
    assert json.loads(path.read_text())["cells"][0]["outputs"][0]["data"]["text/plain"] == ["2"]


def test_students_give_their_files_one_name(tmp_path):
    paths = [notebook(tmp_path / "in" / who / "week 1" / "n.ipynb", f'println!("{who}")') for who in ["ann", "bo"]]
    result = run("--output", tmp_path / "out", *paths)
    assert result.returncode == 0, result
    for who in ["ann", "bo"]:
        path = tmp_path / "out" / who / "week 1" / "n.ipynb"
        assert shown(nbformat.read(path, 4).cells[0]) == f"{who}\n"
    result = run("--output", tmp_path / "out2", paths[0], paths[0])
    assert result.returncode != 0 and "was named twice" in result.stderr


def test_what_did_not_run_shows_nothing(tmp_path):
    path = notebook(
        tmp_path / "n.ipynb", old(""), old("1 + 1"), old("2", tags=["skip-execution"]), old('panic!("x")'), old("3"),
    )
    assert run("--in-place", path).returncode == 1
    cells = nbformat.read(path, 4).cells
    assert [shown(cell) for cell in cells] == ["", "2", "from another time", "", ""]
    assert [cell.execution_count for cell in cells] == [None, 1, 9, 2, None]


def test_a_program_keeps_to_the_time_limit(tmp_path):
    path = notebook(tmp_path / "n.ipynb", "!sleep 60 & sleep 60")
    result = run("--timeout", 1, path)
    assert result.returncode == 1 and "longer than 1 s" in result.stdout, result


def test_each_notebook_begins_afresh(tmp_path):
    """What one sets does not reach the next: a definition, a variable, a level, the environment, a static."""
    code = 'static N: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);'
    count = "N.fetch_add(1, std::sync::atomic::Ordering::SeqCst)"
    first = notebook(tmp_path / "a.ipynb", ":env ADLAB_TRIED=1\n:opt 0\nlet x = 1;", code, count, count)
    second = notebook(tmp_path / "b.ipynb", code, count, 'std::env::var("ADLAB_TRIED").is_err()', "x")
    result = run("--output", tmp_path / "out", first, second)
    assert "ok      a.ipynb" in result.stdout and "cannot find value `x`" in result.stdout, result
    assert [shown(cell) for cell in nbformat.read(tmp_path / "out" / "a.ipynb", 4).cells[2:]] == ["0", "1"]
    assert [shown(cell) for cell in nbformat.read(tmp_path / "out" / "b.ipynb", 4).cells[1:]] == ["0", "true", ""]


def test_solutions_show_what_they_showed(tmp_path):
    """Before a term: what has drifted is said, and written where that is asked for."""
    original = (ROOT / "notebooks" / "solutions" / "1-forward-mode.ipynb").read_text()
    path = tmp_path / "n.ipynb"
    path.write_text(original)
    said = run("--verify", path)
    assert (said.returncode, said.stdout.splitlines()[0]) == (0, "ok      n.ipynb: shows what it showed"), said.stdout
    assert "rustc 1." in said.stdout and "plotters 0." in said.stdout
    # A number's last digit is not drift; another number, another error, another figure is.
    notebook = json.loads(original)
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    cells["dual-struct"]["outputs"][0]["text"] = ["0.50000000000001 + 1ε\n"]
    cells["dual-mul"]["outputs"][0]["text"] = ["x  = 3 + 1ε\n", "x² = 9 + 7ε\n"]
    figure = next(output for output in cells["plot-z"]["outputs"] if "image/svg+xml" in output["data"])["data"]
    figure["image/svg+xml"] = [line.replace("<svg", "<svg data-old='1'") for line in figure["image/svg+xml"]]
    cells["dzdx"]["outputs"] = []
    tampered = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    path.write_text(tampered)
    said = run("--verify", "--report", tmp_path / "report.json", path)
    assert said.returncode == 1 and path.read_text() == tampered
    assert "dual-mul: stdout: line 2: 7ε → 6ε" in said.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    drifted = [cell["cell"] for cell in report["notebooks"][0]["drifted"]]
    assert drifted == ["dual-mul", "dzdx", "plot-z"]
    assert report["versions"]["evcxr"] == "0.22.0"
    assert run("--update", path).returncode == 0
    updated = json.loads(path.read_text())
    expected = json.loads(original)
    # What was the same but for rounding is as it was.
    for cell in expected["cells"]:
        if cell["id"] == "dual-struct":
            cell["outputs"][0]["text"] = ["0.50000000000001 + 1ε\n"]
    assert updated == expected
    before = path.read_bytes()
    assert run("--update", path).returncode == 0
    assert path.read_bytes() == before
