"""`adlab assign` makes of a notebook what nbgrader makes of it, and never hands out what nbgrader would."""

import copy
import json
import re
import subprocess

import nbformat
import pytest
from conftest import ADLAB, SOLUTIONS
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell


def by_nbgrader(notebook):
    """What `nbgrader generate_assignment` makes, without its gradebook: these are its steps, in its order."""
    from nbgrader.preprocessors import (
        CheckCellMetadata,
        ClearHiddenTests,
        ClearMarkScheme,
        ClearOutput,
        ClearSolutions,
        LockCells,
    )
    from traitlets.config import Config

    config = Config()
    config.ClearSolutions.code_stub = {"rust": "todo!()"}
    config.ClearSolutions.text_stub = "*Your answer here.*"
    notebook, resources = copy.deepcopy(notebook), {}
    for step in (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ClearHiddenTests, ClearMarkScheme):
        notebook, resources = step(config=config).preprocess(notebook, resources)
    return notebook


def by_adlab(notebook, folder):
    """The students' notebook, or what is said why there is none."""
    folder.mkdir(exist_ok=True)
    path = folder / "n.ipynb"
    # As it is: nbformat would mend it.
    path.write_text(json.dumps(notebook))
    out = folder / "out"
    done = subprocess.run([ADLAB, "assign", "--output", out, path], capture_output=True, text=True)
    if done.returncode:
        assert not out.exists(), "nothing is written where something is wrong"
        return done.stdout + done.stderr
    return nbformat.read(out / "n.ipynb", as_version=4)


def assert_same(ours, theirs):
    """All is the same but for these three, which nbgrader leaves as they are:
    - our stub has the hint that stands behind the marker, `todo!("add the values")`;
    - what front ends note of a cell's last run, and who ran it, goes with its outputs;
    - pictures of an answer that was cut go with it."""
    assert len(ours.cells) == len(theirs.cells)
    for mine, other in zip(ours.cells, theirs.cells):
        mine, other = copy.deepcopy(mine), copy.deepcopy(other)
        if mine.cell_type == "code" and mine.metadata.get("nbgrader", {}).get("solution"):
            mine.source = re.sub(r'todo!\("(?:[^"\\]|\\.)*"\)', "todo!()", mine.source)
        for left in ("ExecuteTime", "execution", "executionInfo", "outputId"):
            other.metadata.pop(left, None)
            assert left not in mine.metadata
        kept = {name: data for name, data in other.pop("attachments", {}).items() if f"attachment:{name}" in other.source}
        if kept:
            other.attachments = kept
        assert mine == other
    assert ours.metadata == theirs.metadata


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_lessons_are_made_as_nbgrader_makes_them(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    ours = by_adlab(notebook, tmp_path)
    assert_same(ours, by_nbgrader(notebook))
    # It is a notebook of the format, and has no trace of an answer.
    nbformat.validate(ours)
    text = nbformat.writes(ours)
    assert not [word for word in ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME") if word in text]


def marked(cell, **flags):
    cell.metadata["nbgrader"] = {
        "grade": False,
        "grade_id": cell.id,
        "locked": False,
        "schema_version": 3,
        "solution": False,
        "task": False,
    } | flags
    return cell


def code(source, **flags):
    return marked(new_code_cell(source), **flags)


def text(source, **flags):
    return marked(new_markdown_cell(source), **flags)


def lesson(*cells):
    return new_notebook(
        cells=[copy.deepcopy(cell) for cell in cells],
        metadata={"kernelspec": {"name": "adlab", "display_name": "Rust", "language": "rust"}},
    )


ANSWER = "fn f() -> f64 {{\n    {0}\n    1.5\n    {1}\n}}"
ONE = {"solution": True}
TEST = {"grade": True, "locked": True, "points": 0.5}
WRITTEN = {"grade": True, "solution": True, "points": 2}
TASK = {"task": True, "locked": True, "points": 1}

# Right ones: nbgrader makes the same of them.
RIGHT = {
    "plain": code(ANSWER.format("// BEGIN SOLUTION", "// END SOLUTION"), **ONE),
    "hint": code(ANSWER.format('// BEGIN SOLUTION: say "why", as {a}', "// END SOLUTION"), **ONE),
    "python's": code(ANSWER.format("### BEGIN SOLUTION", "### END SOLUTION"), **ONE),
    "no space": code(ANSWER.format("//BEGIN SOLUTION", "//END SOLUTION"), **ONE),
    "documentation": code(ANSWER.format("/// BEGIN SOLUTION", "/// END SOLUTION"), **ONE),
    "blocks": code(ANSWER.format("/* BEGIN SOLUTION */", "/* END SOLUTION */"), **ONE),
    "one block": code(ANSWER.format("/* BEGIN SOLUTION", "END SOLUTION */"), **ONE),
    "tabs": code("fn f() {\n\t// BEGIN SOLUTION\n\t1;\n\t// END SOLUTION\n}\n", **ONE),
    "two regions": code("\n".join([ANSWER.format("// BEGIN SOLUTION", "// END SOLUTION")] * 2).replace("f()", "g()", 1), **ONE),
    "the whole cell": code("// BEGIN SOLUTION\nlet x = 1;\n// END SOLUTION", **ONE),
    "blank lines": code("\n\n// BEGIN SOLUTION\n\n1\n\n// END SOLUTION\n\n", **ONE),
    "code that a person marks": code(ANSWER.format("// BEGIN SOLUTION", "// END SOLUTION"), **WRITTEN),
    "locked as well": code(ANSWER.format("// BEGIN SOLUTION", "// END SOLUTION"), solution=True, locked=True),
    "test": code("assert!(true);\n// BEGIN HIDDEN TESTS\nassert!(2 > 1);\n// END HIDDEN TESTS\nassert!(true);", **TEST),
    "two hidden": code("// BEGIN HIDDEN TESTS\n1;\n// END HIDDEN TESTS\n" * 2, **TEST),
    "all hidden": code("### BEGIN HIDDEN TESTS\n1;\n### END HIDDEN TESTS", **TEST),
    "written": text("Why?\n<!-- BEGIN SOLUTION -->\nBecause.\n<!-- END SOLUTION -->\nSo?", **WRITTEN),
    "written, bare": text("BEGIN SOLUTION\nBecause.\nEND SOLUTION", **WRITTEN),
    "written as python's": text("### BEGIN SOLUTION\nBecause.\n### END SOLUTION", **WRITTEN),
    "task": text("Do.\n<!-- BEGIN MARK SCHEME -->\n2 for it\n<!-- END MARK SCHEME -->", **TASK),
    "given": code("fn given() {}", locked=True),
    "given text": text("Read.", locked=True),
    "known, and nothing": code("1", **{}),
    "to play with": new_code_cell("1 + 1"),
    "prose": new_markdown_cell("# Solution\n\nIn the end, solutions differ.\n\n- begin\n- end"),
    "raw": new_raw_cell("raw"),
    "unicode": code('fn ε() {\n    // BEGIN SOLUTION: ∂z/∂x\n    "′";\n    // END SOLUTION\n}', **ONE),
}
RIGHT["pictures"] = text("![q](attachment:q.png)\n<!-- BEGIN SOLUTION -->\n![a](attachment:a.png)\n<!-- END SOLUTION -->", **WRITTEN)
RIGHT["pictures"]["attachments"] = {"q.png": {"image/png": "cQ=="}, "a.png": {"image/png": "YQ=="}}
RIGHT["run"] = code("assert!(true);", **TEST)
RIGHT["run"].update(execution_count=7, outputs=[nbformat.v4.new_output("stream", text="the answer is 42")])
RIGHT["run"].metadata.update(
    collapsed=True,
    scrolled=True,
    tags=["kept"],
    ExecuteTime={"start_time": "2026-01-01T00:00:00Z"},
    execution={"iopub.execute_input": "2026-01-01T00:00:00Z"},
    executionInfo={"user": {"displayName": "Teacher"}},
    outputId="1",
)


@pytest.mark.parametrize("name", RIGHT)
def test_of_one_cell_nbgrader_makes_the_same(name, tmp_path):
    notebook = lesson(RIGHT[name])
    ours = by_adlab(notebook, tmp_path)
    assert not isinstance(ours, str), ours
    assert_same(ours, by_nbgrader(notebook))


def test_of_all_of_them_nbgrader_makes_the_same(tmp_path):
    notebook = lesson(*RIGHT.values())
    notebook.metadata["celltoolbar"] = "Create Assignment"
    ours = by_adlab(notebook, tmp_path)
    assert not isinstance(ours, str), ours
    assert_same(ours, by_nbgrader(notebook))


SECRET = "let secret = 42;"

# Each would hand out the secret, or stop nbgrader, or can't be marked: it must be refused with a word on what to do.
REFUSED = {
    "no region": (code(SECRET, **ONE), "all of it would be handed out"),
    "a locked solution without a region": (code(SECRET, solution=True, locked=True), "all of it would be handed out"),
    "no region in text": (text(SECRET, **WRITTEN), "all of it would be handed out"),
    "lower case": (code(f"// begin solution\n{SECRET}\n// end solution", **ONE), "is no marker; write `// BEGIN SOLUTION`"),
    "a typo": (code(f"// BEGIN SOLUTON\n{SECRET}\n// END SOLUTON", **ONE), "is no marker"),
    "a typo at the end": (code(f"// BEGIN SOLUTION\n{SECRET}\n// END SOLUTIN", **ONE), "is no marker"),
    "a typo in a given cell": (code(f"// BEGIN SOLUTON\n{SECRET}\n// END SOLUTON", locked=True), "is no marker"),
    "a plural": (code(f"// BEGIN SOLUTIONS\n{SECRET}\n// END SOLUTIONS", **ONE), "is no marker"),
    "beside code": (code(f"{SECRET} // BEGIN SOLUTION\n// END SOLUTION", **ONE), "is no marker"),
    "no end": (code(f"// BEGIN SOLUTION\n{SECRET}", **ONE), "without an `END SOLUTION`"),
    "no beginning": (code(f"{SECRET}\n// END SOLUTION", **ONE), "without a `BEGIN SOLUTION`"),
    "one in another": (code(f"// BEGIN SOLUTION\n// BEGIN SOLUTION\n{SECRET}\n// END SOLUTION\n{SECRET}", **ONE), "before the `END"),
    "of no solution cell": (code(f"// BEGIN SOLUTION\n{SECRET}\n// END SOLUTION", locked=True), "not marked as a solution cell"),
    "of a cell that nbgrader does not know": (new_code_cell(f"// BEGIN SOLUTION\n{SECRET}\n// END SOLUTION"), "not marked as a solution"),
    "of a raw cell": (new_raw_cell(f"# BEGIN SOLUTION\n{SECRET}\n# END SOLUTION"), "not marked as a solution"),
    "otter's line": (new_code_cell("let secret = 42; // SOLUTION"), "is no marker"),
    "otter's line in a solution": (code("let secret = 42; # SOLUTION NO PROMPT", **ONE), "is no marker"),
    "otter's prompt": (code(f"// BEGIN PROMPT\n{SECRET}\n// END PROMPT", **ONE), "is no marker"),
    "a book's block": (new_markdown_cell(f"```{{solution}} ex\n{SECRET}\n```"), "is no marker; write `<!-- BEGIN SOLUTION -->`"),
    "a tag": (new_code_cell(SECRET, metadata={"tags": ["solution"]}), 'is tagged "solution"'),
    "an extension's": (new_markdown_cell(SECRET, metadata={"solution2": "hidden"}), 'is tagged "solution2"'),
    "hidden in no test": (code(f"// BEGIN HIDDEN TESTS\n{SECRET}\n// END HIDDEN TESTS", locked=True), "not marked as a test"),
    "hidden in one": (code(f"// BEGIN HIDDEN TEST\n{SECRET}\n// END HIDDEN TEST", **TEST), "is no marker; write `// BEGIN HIDDEN TESTS`"),
    "hidden, in small letters": (code(f"// begin hidden tests\n{SECRET}\n// end hidden tests", **TEST), "is no marker"),
    "a scheme in no task": (text(f"BEGIN MARK SCHEME\n{SECRET}\nEND MARK SCHEME", locked=True), "not marked as a task"),
    "another scheme": (text(f"<!-- BEGIN MARKING SCHEME -->\n{SECRET}\n<!-- END MARKING SCHEME -->", **TASK), "is no marker"),
    "no points": (code("1;", grade=True, locked=True), 'has no "points"'),
    "negative points": (code("1;", **TEST | {"points": -1}), 'has no "points"'),
    "points in words": (code("1;", **TEST | {"points": "two"}), 'has no "points"'),
    "no name": (code("1;", **TEST | {"grade_id": ""}), 'no "grade_id"'),
    "an old schema": (code("1;", **TEST | {"schema_version": 1}), "no schema 3"),
    "text with points and no answer": (text("Why?", **TEST), "needs both"),
    "a stub after which more comes": (
        code("fn f() -> f64 {\n    // BEGIN SOLUTION\n    let secret = 42.0;\n    // END SOLUTION\n    secret\n}", **ONE),
        "it is no Rust",
    ),
    "a stub in place of a function": (
        code("impl A {\n    // BEGIN SOLUTION\n    fn secret() {}\n    // END SOLUTION\n}", **ONE),
        "it is no Rust",
    ),
    "a stub in a constant": (code("const SECRET: f64 = {\n    // BEGIN SOLUTION\n    42.0\n    // END SOLUTION\n};", **ONE), "of a constant"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_hand_out_an_answer_is_refused(name, tmp_path):
    cell, reason = REFUSED[name]
    said = by_adlab(lesson(RIGHT["plain"], cell), tmp_path)
    assert isinstance(said, str), said
    named = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.id
    assert reason in said and f'cell "{named}"' in said, said


def test_equal_names_are_refused(tmp_path):
    cell = RIGHT["test"]
    other = copy.deepcopy(cell)
    other.id = "other"
    assert 'another cell has the same "grade_id"' in by_adlab(lesson(cell, other), tmp_path / "a")
    notebook = lesson(cell, marked(other, **TEST | {"grade_id": "other"}))
    notebook.cells[1].id = notebook.cells[0].id
    assert "another cell has the same id" in by_adlab(notebook, tmp_path / "b")
