"""`adlab grade`: marks of submissions, by their solution."""

import csv
import json
import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from conftest import ADLAB

# A small course: three tasks that don't need each other, and one for a person.
CELLS = [
    ("given", "code", {"locked": True}, "struct Pair(f64, f64);\nfn helper() -> f64 { 2.0 }"),
    ("double", "code", {"solution": True}, "fn double(x: f64) -> f64 {\n    // BEGIN SOLUTION\n    2.0 * x\n    // END SOLUTION\n}"),
    (
        "check-double",
        "code",
        {"grade": True, "locked": True, "points": 2},
        'assert_eq!(double(3.0), 6.0, "twice 3 is 6");\n// BEGIN HIDDEN TESTS\n'
        'assert_eq!(double(-1.5), -3.0, "twice -1.5 is -3");\n// END HIDDEN TESTS\nassert_eq!(helper(), 2.0);',
    ),
    ("square", "code", {"solution": True}, "fn square(x: f64) -> f64 {\n    // BEGIN SOLUTION\n    x * x\n    // END SOLUTION\n}"),
    (
        "check-square",
        "code",
        {"grade": True, "locked": True, "points": 3},
        'let d = Dual::variable(3.0);\nassert_eq!(square(d.value), 9.0, "3² is 9");',
    ),
    ("why", "markdown", {"grade": True, "solution": True, "points": 1}, "<!-- BEGIN SOLUTION -->\nBecause.\n<!-- END SOLUTION -->"),
]
ALL = {"check-double": 2, "check-square": 3}


def notebook(cells):
    kernel = {"kernelspec": {"display_name": "Rust (adlab)", "language": "rust", "name": "adlab"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def cell(name, kind, flags, source):
    nbgrader = {"grade": False, "locked": False, "solution": False, "schema_version": 3, "grade_id": name} | flags
    made = {"cell_type": kind, "id": name, "metadata": {"nbgrader": nbgrader}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def own(source):
    return {"cell_type": "code", "id": "own", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    solution = folder / "solution" / "n.ipynb"
    solution.parent.mkdir()
    solution.write_text(json.dumps(notebook([cell(*each) for each in CELLS])))
    subprocess.run([ADLAB, "assign", solution, "--output", folder / "release"], check=True, capture_output=True)
    return folder


def handed_out(course, **answers):
    made = json.loads((course / "release" / "n.ipynb").read_text())
    for each in made["cells"]:
        if each["id"] in answers:
            each["source"] = answers[each["id"]]
    return made


RIGHT = {
    "double": "fn double(x: f64) -> f64 { x + x }",
    "square": "fn square(x: f64) -> f64 { x * x }",
    "why": "It is so.",
}


def right(course, **answers):
    return handed_out(course, **(RIGHT | answers))


def hand_in(course, folder, submissions):
    for student, made in submissions.items():
        path = folder / student / "n.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(made if isinstance(made, bytes) else json.dumps(made).encode())
    return folder


def run(*arguments, **options):
    return subprocess.run([ADLAB, *map(str, arguments)], capture_output=True, text=True, timeout=600, **options)


def grade(course, folder, *arguments):
    """The marks of each student, and what was said."""
    marks = folder / "marks.json"
    said = run("grade", folder / "in", "--against", course / "solution" / "n.ipynb", "--json", marks, *arguments)
    assert marks.exists(), said.stderr
    return {each["student"]: each for each in json.loads(marks.read_text())["submissions"]}, said


def points(marks):
    return {mark["grade_id"]: mark["points"] for mark in marks["marks"] if mark["grade_id"] in ALL}


def verdicts(marks):
    return {mark["grade_id"]: mark["verdict"] for mark in marks["marks"] if mark["grade_id"] in ALL}


SECOND = {"check-double": 0, "check-square": 3}
# An answer to the first task; the verdict on it. The second task is right in each.
FAULTS = {
    "stub": ("fn double(x: f64) -> f64 {\n    todo!()\n}", "panic"),
    "wrong": ("fn double(x: f64) -> f64 { 6.0 }", "wrong"),
    "no-rust": ("fn double(x: f64) -> f64 {", "compile-error"),
    "type": ('fn double(x: f64) -> f64 { "6" }', "compile-error"),
    "panic": ("fn double(x: f64) -> f64 { None.unwrap() }", "panic"),
    "loop": ("fn double(x: f64) -> f64 { loop {} }", "time-out"),
    "exit": ("fn double(x: f64) -> f64 { std::process::exit(0) }", "killed"),
    "abort": ("fn double(x: f64) -> f64 { std::process::abort() }", "killed"),
    "silent": ("fn double(x: f64) -> f64 { std::panic::set_hook(Box::new(|_| {})); 6.0 }", ("panic", "wrong")),
    "assert": ("fn double(x: f64) -> f64 { 0.0 }\nmacro_rules! assert_eq { ($($t:tt)*) => {} }", "compile-error"),
    "used": ("fn double(x: f64) -> f64 { 0.0 }\nmod m { macro_rules! q { ($($t:tt)*) => {} } pub(crate) use q as assert_eq; }\nuse m::assert_eq;", "compile-error"),
    "library": ("struct Dual; fn double(x: f64) -> f64 { 2.0 * x }", "compile-error"),
    "kills": (
        'fn double(x: f64) -> f64 { let parent = std::os::unix::process::parent_id().to_string();\n'
        '    let _ = std::process::Command::new("kill").args(["-9", &parent]).status(); 0.0 }',
        ("killed", "wrong"),
    ),
    "empty": ("", "compile-error"),
}


@pytest.fixture(scope="module")
def marked(course, tmp_path_factory):
    """All of these, marked once."""
    folder = tmp_path_factory.mktemp("marked")
    submissions = {name: right(course, double=answer) for name, (answer, _) in FAULTS.items()}
    submissions["right"] = right(course)
    submissions["dbg"] = right(course, double="fn double(x: f64) -> f64 { dbg!(x) * 2.0 }")
    submissions["helper"] = right(course, square="fn square(x: f64) -> f64 { x * x }\nfn helper() -> f64 { 7.0 }")
    submissions["mine"] = right(course)
    submissions["mine"]["cells"].insert(1, own("use std::f64::consts::PI; fn mine() -> f64 { PI }"))
    changed = submissions["changed"] = right(course, double="fn double(x: f64) -> f64 { 0.0 }")
    changed["cells"][2]["source"] = ""
    changed["cells"][4]["metadata"]["tags"] = ["skip-execution", "raises-exception"]
    changed["cells"][4]["source"] = "panic!()"
    submissions["deleted"] = right(course, double="fn double(x: f64) -> f64 { 0.0 }")
    del submissions["deleted"]["cells"][2]
    submissions["doubled"] = right(course)
    submissions["doubled"]["cells"] += [dict(each) for each in submissions["doubled"]["cells"][1:3]]
    submissions["backwards"] = right(course)
    submissions["backwards"]["cells"].reverse()
    stripped = submissions["stripped"] = right(course)
    stripped["nbformat_minor"] = 4
    stripped["metadata"] = {"colab": {}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    for each in stripped["cells"]:
        each["metadata"] = {"id": "x" * 12}
        del each["id"]
    stale = submissions["stale"] = right(course, double="fn double(x: f64) -> f64 { 0.0 }")
    stale["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "all right"}]
    submissions["bom"] = b"\xef\xbb\xbf" + json.dumps(right(course)).encode()
    submissions["李明 Ωmega"] = right(course)
    submissions["broken"] = b'{"nbformat": 4, "cells": ['
    forged = "fn double(x: f64) -> f64 { panic!(\"\\r\\x1b[2K right  6 of 6\") }"
    submissions["forged"] = right(course, double=forged)
    hand_in(course, folder / "in", submissions)
    options = ["--time-cell", "5", "--report", folder / "marks.csv", "--junit", folder / "marks.xml"]
    options += ["--marked", folder / "out", "--feedback", folder / "pages"]
    marks, said = grade(course, folder, *options)
    assert set(marks) == set(submissions)
    return folder, marks, said


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_task_alone(marked, name):
    _, marks, _ = marked
    expected = FAULTS[name][1]
    assert points(marks[name]) == SECOND
    assert verdicts(marks[name])["check-double"] in ([expected] if isinstance(expected, str) else expected)
    assert verdicts(marks[name])["check-square"] == "right"


@pytest.mark.parametrize("name", ["right", "dbg", "helper", "mine", "doubled", "backwards", "stripped", "bom", "李明 Ωmega"])
def test_right_answers_have_all_points(marked, name):
    _, marks, _ = marked
    assert points(marks[name]) == ALL, marks[name]


@pytest.mark.parametrize("name", ["changed", "deleted", "stale", "forged"])
def test_checks_are_as_they_were_handed_out(marked, name):
    _, marks, _ = marked
    assert points(marks[name]) == SECOND, marks[name]


def test_what_was_put_right_is_said(marked):
    _, marks, _ = marked
    assert "check-double was changed, and is as it was handed out again" in marks["changed"]["notes"]
    assert "check-double was deleted, and is there again" in marks["deleted"]["notes"]
    assert "check-double was there more than once, and counts once" in marks["doubled"]["notes"]
    assert any("another order" in note for note in marks["backwards"]["notes"])
    assert any("its kernel was" in note for note in marks["stripped"]["notes"])
    assert marks["right"]["notes"] == []


def test_what_cannot_be_read_has_no_marks_and_stops_nobody(marked):
    folder, marks, said = marked
    assert said.returncode == 1
    assert "it is not JSON" in marks["broken"]["not_marked"]
    row = next(row for row in csv.DictReader((folder / "marks.csv").open()) if row["student"] == "broken")
    assert row["points"] == "" and "not marked" in row["status"]
    assert "could not be marked" in (folder / "pages" / "broken" / "n.html").read_text()


def test_no_student_writes_a_line_of_the_report(marked):
    folder, _, said = marked
    assert "\x1b" not in said.stdout and "\r" not in said.stdout
    assert sum("forged" in line for line in said.stdout.splitlines()) == 1
    page = (folder / "pages" / "forged" / "n.html").read_text()
    assert "\x1b" not in page and "<script" not in page


def test_reports_agree(marked):
    folder, marks, said = marked
    rows = {row["student"]: row for row in csv.DictReader((folder / "marks.csv").open())}
    suites = ElementTree.parse(folder / "marks.xml").getroot()
    assert len(rows) == len(suites) == len(marks)
    for name, each in marks.items():
        if each["not_marked"]:
            continue
        assert float(rows[name]["points"]) == sum(points(each).values())
        assert rows[name]["by hand"] == "1"
    failures = {suite.get("name").split(" n")[0]: suite.get("failures") for suite in suites}
    assert failures["right right/n.ipynb"] == "0" and failures["wrong wrong/n.ipynb"] == "1"
    assert f"{len(marks) - 1} marked" in said.stdout and "1 NOT MARKED" in said.stdout


def test_the_marked_notebook_is_what_ran(marked):
    folder, _, _ = marked
    ran = json.loads((folder / "out" / "wrong" / "n.ipynb").read_text())["cells"]
    check = next(each for each in ran if each["id"] == "check-double")
    assert "twice -1.5 is -3" in check["outputs"][0]["evalue"]
    page = (folder / "pages" / "wrong" / "n.html").read_text()
    assert "<strong>3 of 6 points</strong>" in page and "twice -1.5 is -3" in page
    # Only the outcome of a hidden test is told.
    assert "hidden" not in page.lower() and "assert_eq!(double(-1.5)" not in page


def test_marking_goes_on_where_it_was_interrupted(course, tmp_path):
    hand_in(course, tmp_path / "in", {f"s{i}": right(course, double=f"fn double(x: f64) -> f64 {{ x * 2.0 + {i}.0 - {i}.0 }}") for i in range(6)})
    marks = tmp_path / "marks.json"
    command = [ADLAB, "grade", tmp_path / "in", "--against", course / "solution" / "n.ipynb", "--json", marks, "--jobs", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    part = tmp_path / "marks.json.part"
    while not (part.exists() and part.read_text().count("\n") >= 2):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not marks.exists()
    done = part.read_text().count("\n")
    said = run(*command[1:], "--resume")
    assert said.returncode == 0, said.stderr
    assert f"{6 - done}/{6 - done}" in said.stderr and f"/{7 - done}" not in said.stderr
    all_marks = json.loads(marks.read_text())["submissions"]
    assert [points(each) for each in all_marks] == [ALL] * 6
    assert not part.exists()
    # Nothing is left to do; a changed submission is marked again.
    assert run(*command[1:], "--resume").stderr == ""
    (tmp_path / "in" / "s3" / "n.ipynb").write_text(json.dumps(right(course, double="fn double(x: f64) -> f64 { x }")))
    said = run(*command[1:], "--resume")
    assert "1/1" in said.stderr
    assert points(json.loads(marks.read_text())["submissions"][3]) == SECOND


def test_marking_again_says_what_has_changed(course, tmp_path):
    hand_in(course, tmp_path / "in", {"ann": right(course), "bo": right(course, double="fn double(x: f64) -> f64 { 6.0 }")})
    grade(course, tmp_path)
    # The instructor drops the hidden test.
    solution = json.loads((course / "solution" / "n.ipynb").read_text())
    solution["cells"][2]["source"] = "assert_eq!(double(3.0), 6.0);"
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "n.ipynb").write_text(json.dumps(solution))
    said = run("regrade", tmp_path / "marks.json", "--against", tmp_path / "new" / "n.ipynb")
    assert said.returncode == 0, said.stderr
    assert "changed  bo/n.ipynb: check-double: 0 → 2 of 2" in said.stdout
    assert "1 marks have changed" in said.stdout
    after = json.loads((tmp_path / "marks.json").read_text())["submissions"]
    assert [points(each) for each in after] == [ALL, ALL]
    assert "no student" in run("regrade", tmp_path / "marks.json", "zoe").stderr


def test_submissions_are_looked_at_before_they_are_marked(course, tmp_path):
    doubled = right(course)
    doubled["cells"].append(dict(doubled["cells"][2]))
    lost, more = right(course), right(course)
    for each in lost["cells"]:
        each["metadata"] = {}
    more["cells"][2]["metadata"]["nbgrader"]["points"] = 100
    hand_in(course, tmp_path / "in", {"a": right(course), "b": b"no notebook", "c": doubled, "d": lost, "e": more})
    said = run("inspect", tmp_path / "in", "--against", course / "solution" / "n.ipynb", "--repair", tmp_path / "out")
    assert said.returncode == 1
    assert [line.split()[0] for line in said.stdout.splitlines()] == ["ok", "NOT", "repaired", "repaired", "repaired"]
    assert "d/n.ipynb: the metadata of 6 cells were lost, and are there again" in said.stdout
    assert "e/n.ipynb: the metadata of check-double were changed, and are as they were handed out again" in said.stdout
    repaired = json.loads((tmp_path / "out" / "c" / "n.ipynb").read_text())
    names = [each["metadata"].get("nbgrader", {}).get("grade_id") for each in repaired["cells"]]
    assert len(names) == len(set(names)) == len(CELLS)
    assert "HIDDEN" not in json.dumps(repaired) and "-1.5" not in json.dumps(repaired)
    assert not (tmp_path / "out" / "b").exists()


# What one submission tries to leave for the next, and how the next looks for it.
REMAINS = {
    "variable": ("let left = 1;", "fn double(x: f64) -> f64 { left as f64 }"),
    "definition": ("fn left() -> f64 { 6.0 }", "fn double(x: f64) -> f64 { left() }"),
    "setting": (":opt 2", None),
    "environment": (
        'unsafe { std::env::set_var("LEFT", "1") };',
        'fn double(x: f64) -> f64 { std::env::var("LEFT").map_or(0.0, |_| 2.0 * x) }',
    ),
    "folder": (
        'std::env::set_current_dir("/").unwrap();',
        'fn double(x: f64) -> f64 { if std::env::current_dir().unwrap() == std::path::Path::new("/") { 2.0 * x } else { 0.0 } }',
    ),
    "file": (
        'let _ = std::fs::write("left.txt", "2"); let _ = std::fs::write("../left.txt", "2");',
        'fn double(x: f64) -> f64 { if std::fs::exists("left.txt").unwrap_or(false) || std::fs::exists("../left.txt").unwrap_or(false) { 2.0 * x } else { 0.0 } }',
    ),
    "panic hook": (
        "std::panic::set_hook(Box::new(|_| {}));",
        "fn double(x: f64) -> f64 { 0.0 }",
    ),
    "thread": (
        'std::thread::spawn(|| loop { let _ = std::fs::write("thread.txt", "1"); std::thread::sleep(std::time::Duration::from_millis(5)); });',
        'fn double(x: f64) -> f64 { std::thread::sleep(std::time::Duration::from_millis(50)); if std::fs::exists("thread.txt").unwrap_or(false) { 2.0 * x } else { 0.0 } }',
    ),
}


def test_nothing_of_a_submission_reaches_the_next(course, tmp_path):
    """One process marks all of them, one after the other."""
    submissions = {}
    for number, (leaves, looks) in enumerate(REMAINS.values()):
        first = right(course)
        first["cells"].insert(0, own(leaves))
        submissions[f"{number}a"] = first
        submissions[f"{number}b"] = right(course) if looks is None else right(course, double=looks)
    hand_in(course, tmp_path / "in", submissions)
    marks, _ = grade(course, tmp_path, "--jobs", "1")
    for number, (what, (_, looks)) in enumerate(REMAINS.items()):
        assert points(marks[f"{number}a"]) == ALL, (what, marks[f"{number}a"])
        assert points(marks[f"{number}b"]) == (ALL if looks is None else SECOND), (what, marks[f"{number}b"])


def test_equal_submissions_have_equal_marks(course, tmp_path):
    """In whatever order variables are written, and whatever was compiled before: those that were not moved stay."""
    names = "abcdefgh"
    cells = [f"let {name} = vec![{number}];" for number, name in enumerate(names)]
    cells += ["let first = a;", "let second = d;", "assert_eq!([b, c, e, f, g, h, first, second].concat(), [1, 2, 4, 5, 6, 7, 0, 3]);"]
    notebook = right(course)
    notebook["cells"] += [own(source) | {"id": f"own-{number}"} for number, source in enumerate(cells)]
    hand_in(course, tmp_path / "in", {f"{number}": notebook for number in range(6)})
    marks, _ = grade(course, tmp_path, "--jobs", "1")
    assert [one["failures"] for one in marks.values()] == [[]] * 6


def test_bad_input_is_refused_with_advice(course, tmp_path):
    solution = course / "solution" / "n.ipynb"
    (tmp_path / "empty").mkdir()
    for arguments, says in [
        (["grade", tmp_path / "empty", "--against", solution], "there is no notebook in"),
        (["grade", tmp_path, "--against", tmp_path / "none.ipynb"], "cannot read"),
        (["grade", solution, "--against", course / "release" / "missing.ipynb"], "cannot read"),
        (["grade", solution, "--against", solution, "--resume"], "--json"),
        (["regrade", tmp_path / "none.json"], "cannot read"),
    ]:
        said = run(*arguments)
        assert said.returncode != 0 and says in said.stderr, said.stderr


def test_solutions_are_fit_to_mark_by(course, tmp_path):
    solution = course / "solution" / "n.ipynb"
    wrong = tmp_path / "n.md"

    def entry(cell, name, check, says, code):
        return f"## {cell}\n\n### {name}\n\nfails `{check}`: {says}\n\n```rust\n{code}\n```\n\n"

    wrong.write_text(
        entry("double", "a constant", "check-double", "-1.5", "6.0") + entry("square", "twice", "check-square", "3² is 9", "x + x")
    )
    said = run("check", solution, "--wrong", tmp_path)
    assert (said.returncode, said.stdout) == (0, "ok      n.ipynb: the solution passes, stubs fail, 2 wrong answers are caught\n")
    # An answer that is right but for one number, and words that nobody says.
    wrong.write_text(
        entry("double", "wrong at 7 alone", "check-double", "7", "if x == 7.0 { 0.0 } else { 2.0 * x }")
        + entry("square", "twice", "check-square", "cube", "x + x")
    )
    said = run("check", solution, "--wrong", tmp_path)
    assert said.returncode == 1
    assert 'double: "wrong at 7 alone" passes' in said.stdout
    assert 'square: "twice" fails, without the words "cube": wrong' in said.stdout
    # A check that nothing can fail, and a solution that fails.
    made = json.loads(solution.read_text())
    made["cells"][2]["source"] = "assert!(true);"
    made["cells"][4]["source"] = 'assert_eq!(square(3.0), 8.0, "3² is 8");'
    bad = tmp_path / "n.ipynb"
    bad.write_text(json.dumps(made))
    said = run("check", bad)
    assert said.returncode == 1
    assert "check-double: passes where nothing was answered" in said.stdout
    assert "check-square: the solution does not pass: wrong" in said.stdout
    # The same where neither counts, and where one is not marked at all.
    for cell in made["cells"][2], made["cells"][4]:
        cell["metadata"]["nbgrader"]["points"] = 0
    bad.write_text(json.dumps(made))
    said = run("check", bad)
    assert "check-double: passes where nothing was answered" in said.stdout
    assert "check-square: the solution does not pass: wrong" in said.stdout
    made = json.loads(solution.read_text())
    made["cells"][2]["metadata"]["nbgrader"]["grade"] = False
    made["cells"][2]["source"] = 'assert_eq!(double(-1.5), -3.0, "twice -1.5 is -3");'
    bad.write_text(json.dumps(made))
    for says, code in (("-1.5", "6.0"), ("-1.5", "2.0 * x")):
        wrong.write_text(entry("double", "tried", "check-double", says, code))
        said = run("check", bad, "--wrong", tmp_path)
        assert ('double: "tried" passes' in said.stdout) == (code == "2.0 * x") == (said.returncode == 1), said.stdout


def test_cells_are_held_as_was_asked_for(course, tmp_path):
    """With less memory, an answer that takes much fails; without a sandbox, it may read what its user may."""
    much = "fn double(x: f64) -> f64 { let much = vec![x; 100_000_000]; 2.0 * much[99_999_999] }"
    secret = tmp_path / "secret.txt"
    secret.write_text("2")
    reads = f'fn double(x: f64) -> f64 {{ std::fs::read_to_string("{secret}").map_or(0.0, |two| two.parse::<f64>().unwrap()) * x }}'
    hand_in(course, tmp_path / "in", {"much": right(course, double=much), "reads": right(course, double=reads)})
    marks, _ = grade(course, tmp_path)
    assert (points(marks["much"]), points(marks["reads"])) == (ALL, SECOND)
    marks, _ = grade(course, tmp_path, "--memory", "500M", "--sandbox", "off")
    assert (points(marks["much"]), points(marks["reads"])) == (SECOND, ALL)
    assert verdicts(marks["much"])["check-double"] == "memory"


def test_what_is_shown_is_bounded(course, tmp_path):
    """Twelve cells print much; marks are as without them."""
    print_much = 'println!("{}", "x".repeat(190_000));'
    made = right(course, square=f"fn square(x: f64) -> f64 {{ {print_much} x * x }}")
    made["cells"][1:1] = [own(print_much) for _ in range(12)]
    hand_in(course, tmp_path / "in", {"much": made, "right": right(course)})
    ran = tmp_path / "out" / "much" / "n.ipynb"
    sizes = []
    for limit in ([], ["--output-limit", "1M"]):
        marks, _ = grade(course, tmp_path, "--marked", tmp_path / "out", *limit)
        assert points(marks["much"]) == points(marks["right"]) == ALL and marks["much"]["failures"] == []
        sizes.append(ran.stat().st_size)
    assert sizes[0] > 13 * 190_000 and 1_000_000 < sizes[1] < 1_100_000, sizes
    # A word for each cell that has lost something.
    assert ran.read_text().count("the cells of this notebook may show 1.0 MB altogether") == 8
    refused = run("grade", tmp_path / "in", "--against", course / "solution" / "n.ipynb", "--output-limit", "much")
    assert refused.returncode == 2 and "write a number with K, M or G behind it" in refused.stderr


@pytest.mark.parametrize("options, count, sessions", [([], 42, [2, 40]), (["--memory", "100M"], 3, [1, 1, 1])])
def test_processes_that_mark_are_replaced(course, tmp_path, options, count, sessions):
    """After so many submissions, or where one has grown: memory stays bounded over a class."""
    made = handed_out(course)
    made["cells"] = [own("println!(\"{}\", std::env::current_dir().unwrap().display());")]
    hand_in(course, tmp_path / "in", {f"s{n}": made for n in range(count)})
    grade(course, tmp_path, "--jobs", "1", "--sandbox", "off", "--marked", tmp_path / "out", *options)
    folders = []
    for path in (tmp_path / "out").glob("*/n.ipynb"):
        [said] = [each for each in json.loads(path.read_text())["cells"] if each["source"] == made["cells"][0]["source"]]
        folders.append(os.path.dirname("".join(said["outputs"][0]["text"])))
    assert sorted(Counter(folders).values()) == sessions


def test_what_only_waits_is_late_as_well(course, tmp_path):
    sleeps = "fn double(x: f64) -> f64 { std::thread::sleep(std::time::Duration::from_secs(3600)); 2.0 * x }"
    hand_in(course, tmp_path / "in", {"ann": right(course, double=sleeps)})
    marks, _ = grade(course, tmp_path, "--time-cell", "1")
    assert (points(marks["ann"]), verdicts(marks["ann"])["check-double"]) == (SECOND, "time-out")
