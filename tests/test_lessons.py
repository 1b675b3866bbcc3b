"""What every lesson should be, beside what `adlab check` looks at; and that it looks."""

import json
import os
import re
import shutil
import subprocess

import nbformat
import pytest
from conftest import ADLAB, ROOT, SOLUTIONS
from test_run import notebook, run

HANDED_OUT = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_solution = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)


def cells(path):
    return nbformat.read(path, as_version=4).cells


@each_solution
def test_something_is_to_be_foretold(path):
    """Each lesson asks before it shows, and what answers follows at once."""
    all_cells = cells(path)
    asking = [place for place, cell in enumerate(all_cells) if re.search(r"\*\*[Ww]hat do you expect", cell.source)]
    assert len(asking) >= 3
    for place in asking:
        # A definition may stand between.
        after = all_cells[place + 1 : place + 3]
        assert any(cell.cell_type == "code" and cell.outputs for cell in after), all_cells[place].id


def test_stubs_compile_as_they_are_handed_out():
    """Each has its `todo!`, with a word on what to do."""
    for path in HANDED_OUT:
        answers = [cell for cell in cells(path) if cell.metadata.get("nbgrader", {}).get("solution")]
        assert answers
        for cell in answers:
            assert re.search(r'todo!\("[^"]+"\)|\*Your answer here\.\*', cell.source), cell.id


@pytest.mark.parametrize("lesson, moves, before", [
    ("2-reverse-mode", "move-path", "fn valley<T: Scalar>(x: T, y: T) -> T { x * x + y * y }\nlet path = vec![(0.0, 1.0)];"),
    ("3-automatic-differentiation", "move-rate", "fn descent(_: f64) -> Vec<(f64, Vec<f64>)> { vec![(1.0, vec![1.0; 3])] }"),
], ids=["2", "3"])
def test_pictures_of_a_descent_take_the_steps_that_there_are(lesson, moves, before, tmp_path):
    """A student may have taken fewer."""
    [cell] = [cell for cell in cells(ROOT / f"notebooks/{lesson}.ipynb") if cell.id == moves]
    done = run("--in-place", notebook(tmp_path / "n.ipynb", before, cell.source))
    assert done.returncode == 0, done.stdout


def check(folder, **environment):
    done = subprocess.run([ADLAB, "check", folder], capture_output=True, text=True, env=os.environ | environment)
    return done.returncode, done.stdout + done.stderr


def test_a_folder_of_lessons_is_looked_at_whole(tmp_path):
    (tmp_path / "solutions").mkdir()
    nbgrader = {"schema_version": 3, "grade": False, "solution": False, "locked": False}
    answer = {"grade_id": "one", "solution": True}
    of_check = {"grade_id": "check-one", "grade": True, "locked": True, "points": 1}
    sources = [("one", answer, "fn one() -> f64 {\n// BEGIN SOLUTION\n1.0\n// END SOLUTION\n}"), ("check-one", of_check, "assert_eq!(one(), 1.0);")]
    made = [
        nbformat.v4.new_code_cell(source, id=name, metadata={"nbgrader": nbgrader | more}) for name, more, source in sources
    ]
    text = nbformat.v4.new_markdown_cell("Teh one. [More](nowhere.md)", id="text")
    kernel = {"kernelspec": {"display_name": "Rust", "language": "rust", "name": "adlab"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[text, *made], metadata=kernel), tmp_path / "solutions/n.ipynb")
    code, said = check(tmp_path)
    assert code == 1
    for fault in (
        "one: the text above it has to end in <details>",
        "one: rustfmt would write fn one() -> f64 {     // BEGIN",
        "text: Teh ==> The",
        "text: its link nowhere.md leads to no file",
        f"{tmp_path}/n.ipynb is not what the solution makes: run `adlab assign`",
    ):
        assert fault in " ".join(said.split(chr(10))), said
    # What is not on the machine is named, and the rest is looked at.
    (tmp_path / "bin").mkdir()
    for program in ("cargo", "rustc", "cc"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))
    code, said = check(tmp_path, PATH=str(tmp_path / "bin"))
    assert code == 1 and "not looked at: codespell is not on this machine" in said and "Teh" not in said, said


def test_what_is_no_folder_of_lessons_is_refused(tmp_path):
    assert check(tmp_path) == (1, f"adlab: {tmp_path} is no folder of lessons: those have their solutions in {tmp_path}/solutions: No such file or directory (os error 2)\n")
    (tmp_path / "solutions").mkdir()
    assert check(tmp_path) == (1, f"adlab: there is no notebook in {tmp_path}/solutions\n")
