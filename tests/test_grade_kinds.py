"""Submissions of many kinds, marked by `adlab grade` in one run: what cheats gives nothing, and what is right keeps its points."""

import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from conftest import ADLAB
from test_grade import cell, notebook, own


def answer(code):
    return f"// BEGIN SOLUTION\n{code}\n// END SOLUTION"


LOCKED, SOLUTION = {"locked": True}, {"solution": True}
# Given definitions and a variable, and tasks that don't need each other.
CELLS = [
    (
        "given",
        LOCKED,
        "use std::ops::Add;\n\n#[derive(Clone, Copy, Debug, PartialEq)]\nstruct Point {\n    x: f64,\n    y: f64,\n}\n\n"
        "fn near(a: f64, b: f64) -> bool {\n    (a - b).abs() < 1e-9\n}\n\nlet data = vec![1.0, 2.0, 4.0];",
    ),
    ("double", SOLUTION, f"fn double(x: f64) -> f64 {{\n{answer('x + x')}\n}}"),
    ("check-double", 2, "assert_eq!(double(3.0), 6.0);\n// BEGIN HIDDEN TESTS\nassert_eq!(double(-1.5), -3.0);\n// END HIDDEN TESTS"),
    ("mean", SOLUTION, f"fn mean(xs: &[f64]) -> f64 {{\n{answer('xs.iter().sum::<f64>() / xs.len() as f64')}\n}}"),
    ("check-mean", 2, "assert!(near(mean(&data), 7.0 / 3.0));\nassert!(near(mean(&[2.0]), 2.0));"),
    (
        "add",
        SOLUTION,
        "impl Add for Point {\n    type Output = Point;\n\n    fn add(self, other: Point) -> Point {\n"
        f"{answer('Point { x: self.x + other.x, y: self.y + other.y }')}\n    }}\n}}",
    ),
    ("check-add", 1, "assert_eq!(Point { x: 1.0, y: 2.0 } + Point { x: 0.5, y: -4.0 }, Point { x: 1.5, y: -2.0 });"),
    ("norm", LOCKED, "impl Point {\n    fn norm(self) -> f64 {\n        self.x.hypot(self.y)\n    }\n}"),
    (
        "unit",
        SOLUTION,
        "impl Point {\n    fn unit(self) -> Point {\n"
        f"{answer('let n = self.norm(); Point { x: self.x / n, y: self.y / n }')}\n    }}\n}}",
    ),
    ("check-unit", 1, "let u = Point { x: 3.0, y: 4.0 }.unit();\nassert!(near(u.x, 0.6) && near(u.y, 0.8) && near(u.norm(), 1.0));"),
    ("squares", SOLUTION, f"fn squares(n: usize) -> Vec<f64> {{\n{answer('(0..n).map(|i| (i * i) as f64).collect()')}\n}}"),
    (
        "check-squares",
        1,
        "let found = squares(3);\nassert_eq!(found.len(), 3);\n"
        "assert!(found.iter().zip([0.0, 1.0, 4.0]).all(|(a, b)| (a - b).abs() < 1e-9));",
    ),
    ("slope", SOLUTION, f"fn slope(f: impl Fn(Dual) -> Dual, x: f64) -> f64 {{\n{answer('f(Dual::variable(x)).derivative')}\n}}"),
    ("check-slope", 1, "assert!(near(slope(|x: Dual| x * x, 3.0), 6.0));"),
    ("total", SOLUTION, f"let total: f64 = {{\n{answer('42.0')}\n}};"),
    ("check-total", 1, "assert!((total - 42.0).abs() < 1e-9);"),
]
RIGHT = {name: "".join(line for line in text.splitlines(True) if "SOLUTION" not in line) for name, kind, text in CELLS if kind is SOLUTION}
CHECKS = {name: kind for name, kind, _ in CELLS if isinstance(kind, int)}
# Zeros, mostly.
WRONG = {
    "double": RIGHT["double"].replace("x + x", "0.0"),
    "mean": RIGHT["mean"].replace("xs.iter()", "[0.0].iter()"),
    "add": RIGHT["add"].replace("self.x + other.x", "0.0"),
    "squares": RIGHT["squares"].replace("(i * i) as f64", "7.0"),
}


def cells():
    for name, kind, text in CELLS:
        flags = {"grade": True, "locked": True, "points": kind} if isinstance(kind, int) else kind
        yield cell(name, "code", flags, text)


class Work:
    """A submission: at first, all of it is right."""

    def __init__(self, handed_out):
        self.notebook, self.content = json.loads(handed_out), None
        for name, text in RIGHT.items():
            self[name]["source"] = text

    def __getitem__(self, name):
        return next(cell for cell in self.cells if cell["id"] == name)

    @property
    def cells(self):
        return self.notebook["cells"]

    def wrong(self, *names):
        for name in names:
            self[name]["source"] = WRONG[name]
        return self

    def answer(self, **answers):
        for name, text in answers.items():
            self[name]["source"] = text
        return self

    def above(self, name, text):
        """The same answer, with this above it."""
        return self.answer(**{name: f"{text}\n{self[name]['source']}"})

    def own(self, before, *texts):
        place = self.cells.index(self[before])
        self.cells[place:place] = [own(text) for text in texts]
        return self


YES = (
    "#[derive(Debug)] struct Yes;\nimpl PartialEq<f64> for Yes { fn eq(&self, _: &f64) -> bool { true } }\n"
    "impl PartialEq<Point> for Yes { fn eq(&self, _: &Point) -> bool { true } }\n"
    "impl std::ops::Sub<f64> for Yes { type Output = f64; fn sub(self, _: f64) -> f64 { 0.0 } }"
)
NEAR = "(_: f64, _: f64) -> bool { true }"
WRITES = 'std::fs::write("cheat.rs", "macro_rules! quiet { ($($t:tt)*) => {} } pub(crate) use quiet as assert_eq;").unwrap();'
CALLS = 'unsafe extern "C" { fn dlsym(handle: usize, name: *const std::ffi::c_char) -> usize; }'


def steals(name, call):
    """A thread that calls what is for the kernel alone, without saying its name in one piece."""
    return (
        f"{CALLS}\n#[allow(dead_code)] extern \"C\" fn none(_: u8, _: *const u8, _: usize) {{}}\nfn double(_: f64) -> f64 {{\n"
        f"    std::thread::spawn(|| loop {{ unsafe {{ let at = dlsym(0, concat!(\"ad\", \"lab_{name}\\0\").as_ptr().cast()); {call} }} }});\n"
        "    std::thread::sleep(std::time::Duration::from_millis(50));\n    0.0\n}"
    )


# What is lost, and what the student does. Who is wrong in a task hopes to pass its check all the same.
CHEATS = {
    "a type that is equal to everything": ("double", lambda w: w.answer(double=f"{YES}\nfn double(_: f64) -> Yes {{ Yes }}")),
    "the same, from another cell, by another name": (
        "double",
        lambda w: w.own("double", f"{YES}\ntype Real = Yes;").answer(double="fn double(_: f64) -> Real { Yes }"),
    ),
    "the same, without a name": (
        "double",
        lambda w: w.own("double", YES).answer(double="fn double(_: f64) -> impl PartialEq<f64> + std::fmt::Debug { Yes }"),
    ),
    "the output of an operator": (
        "add",
        lambda w: w.own("add", YES).answer(add="impl Add for Point { type Output = Yes; fn add(self, _: Point) -> Yes { Yes } }"),
    ),
    "a variable from which nothing differs": ("total", lambda w: w.answer(total=f"{YES}\nlet total = Yes;")),
    "points that are all the same": (
        "add",
        lambda w: w.wrong("add").own("add", "impl PartialEq for Point { fn eq(&self, _: &Point) -> bool { true } }"),
    ),
    "a point of one's own": (
        "add",
        lambda w: w.wrong("add").own(
            "add",
            "#[derive(Clone, Copy, Debug)] struct Point { x: f64, y: f64 }\n"
            "impl PartialEq for Point { fn eq(&self, _: &Point) -> bool { true } }",
        ),
    ),
    "a method of all iterators": (
        "squares",
        lambda w: w.wrong("squares").own("squares", "trait Q: Sized { fn all<F>(self, _: F) -> bool { true } }", "impl<I: Iterator> Q for I {}"),
    ),
    "a function of that name": ("mean", lambda w: w.wrong("mean").own("mean", f"fn near{NEAR}")),
    "by a use": ("mean", lambda w: w.wrong("mean").own("mean", f"mod m {{ pub fn yes{NEAR} }}\nuse m::yes as near;")),
    "by a macro": ("mean", lambda w: w.wrong("mean").own("mean", f"macro_rules! make {{ () => {{ fn near{NEAR} }} }}\nmake!();")),
    "by a macro that is told the name": (
        "mean",
        lambda w: w.wrong("mean").own("mean", f"macro_rules! make {{ ($n:ident) => {{ fn $n{NEAR} }} }}", "make!(near);"),
    ),
    "by a variable": ("mean", lambda w: w.wrong("mean").own("mean", "let near: fn(f64, f64) -> bool = |_, _| true;")),
    "data of one's own": (
        "mean",
        lambda w: w.answer(mean="fn mean(xs: &[f64]) -> f64 { xs[0] }").own("mean", "let data = vec![7.0 / 3.0];"),
    ),
    "a given method that lies": (
        "unit",
        lambda w: w.answer(
            unit="impl Point {\n fn norm(self) -> f64 { 1.0 }\n fn unit(self) -> Point { Point { x: 0.6, y: 0.7 } }\n}"
        ),
    ),
    "a macro from a file": (
        "double",
        lambda w: w.wrong("double").own("double", WRITES, 'mod m { include!("cheat.rs"); }\nuse m::*;'),
    ),
    "a module from a file": ("double", lambda w: w.wrong("double").own("double", WRITES, '#[path = "cheat.rs"] mod m;\nuse m::*;')),
    "a panic without words": ("double", lambda w: w.answer(double="fn double(_: f64) -> f64 { std::panic::resume_unwind(Box::new(1)) }")),
    "a panic hook that ends the process": (
        "double",
        lambda w: w.answer(double="fn double(_: f64) -> f64 { std::panic::set_hook(Box::new(|_| std::process::exit(0))); 0.0 }"),
    ),
    "an end while a panic unwinds": (
        "double",
        lambda w: w.answer(
            double="struct E; impl Drop for E { fn drop(&mut self) { std::process::exit(0) } }\nfn double(_: f64) -> f64 { let _e = E; 0.0 }"
        ),
    ),
    "a thread that takes away what was told": (
        "double",
        lambda w: w.answer(double=steals("end", 'std::mem::transmute::<usize, unsafe extern "C" fn(usize)>(at)(none as usize)')),
    ),
    "a thread that begins anew": (
        "double",
        lambda w: w.answer(double=steals("begin", 'std::mem::transmute::<usize, unsafe extern "C" fn()>(at)()')),
    ),
    "the kernel's own functions": ("double", lambda w: w.answer(double="fn double(_: f64) -> f64 { ::adlab_store::drop_at_end(); 0.0 }")),
    "a second check of that name": (
        "double",
        lambda w: w.wrong("double")
        and (
            w["check-double"].update(source="assert!(true);"),
            w.cells.append(cell("check-double", "code", {"grade": True, "points": 2}, "assert!(true);") | {"id": "other"}),
        ),
    ),
    "a check that is raw": ("double", lambda w: w.wrong("double")["check-double"].update(cell_type="raw")),
    "the answer in the check": (
        "double",
        lambda w: w.answer(double="fn double(_: f64) -> f64 { todo!() }")["check-double"].update(source=RIGHT["double"]),
    ),
    "no check at all": (
        "double",
        lambda w: w.wrong("double").notebook.update(cells=[one for one in w.cells if not one["id"].startswith("check-")]),
    ),
}


def nothing(_):
    """It is right as it is."""


RIGHT_ALL_THE_SAME = {
    "as it is": nothing,
    "variables with names of given functions": lambda w: w.own("mean", "let near = 0.1;\nlet double = 3.0;"),
    "data of one's own": lambda w: w.own("mean", "let data = vec![9.0];\ndata.len()"),
    "data that was moved": lambda w: w.own("mean", "let mine = data;\nmine.len()"),
    "a given function with one more parameter": lambda w: w.own("mean", "fn near(a: f64, b: f64, by: f64) -> bool { (a - b).abs() < by }"),
    "a given type once more": lambda w: w.above("add", CELLS[0][2].split("\n\n")[1]),
    "what is derived, by hand": lambda w: w.own("add", "impl Clone for Point { fn clone(&self) -> Point { *self } }"),
    "a given method in another way": lambda w: w.above(
        "unit", "impl Point {\n    fn norm(self) -> f64 {\n        (self.x * self.x + self.y * self.y).sqrt()\n    }\n}"
    ),
    "a given method in the answer's block": lambda w: w.answer(
        unit=RIGHT["unit"].replace("impl Point {\n", "impl Point {\n    fn norm(self) -> f64 { self.x.hypot(self.y) }\n")
    ),
    "everything begins anew": lambda w: w.own("mean", ":clear", ":restart").above("squares", ":clear"),
    "commands": lambda w: w.own("mean", ":opt 3", ":toolchain nightly", ':dep rand = "0.8"', ":quit", ":env NBGRADER_EXECUTION=no"),
    "tests of one's own": lambda w: w.above(
        "double",
        "#[cfg(test)]\nmod tests {\n    use super::*;\n    use super::{double, near, Dual};\n    #[test]\n    fn works() { assert_eq!(double(1.0), 2.0); }\n}",
    ),
    "a main": lambda w: w.above("double", "fn main() { println!(\"{}\", double(2.0)); }").own("mean", "fn main() {}\nmain()"),
    "a generic answer": lambda w: w.answer(double="fn double<T: Add<Output = T> + Copy>(x: T) -> T { x + x }"),
    "a pointer to a function": lambda w: w.answer(double="let double: fn(f64) -> f64 = |x| 2.0 * x;"),
    "unsafe": lambda w: w.answer(mean="fn mean(xs: &[f64]) -> f64 { (0..xs.len()).map(|i| unsafe { *xs.get_unchecked(i) }).sum::<f64>() / xs.len() as f64 }"),
    "Self": lambda w: w.answer(add=RIGHT["add"].replace("Output = Point", "Output = Self").replace("other: Point) -> Point", "other: Self) -> Self")),
    "more of a given type": lambda w: w.above(
        "add",
        "impl std::ops::Mul<f64> for Point { type Output = Point; fn mul(self, k: f64) -> Point { Point { x: self.x * k, y: self.y * k } } }\n"
        "impl std::fmt::Display for Point { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"({})\", self.x) } }",
    ),
    "traits and types of one's own": lambda w: w.own(
        "add",
        "trait Elementary { fn sin(self) -> Self; }\nimpl Elementary for f64 { fn sin(self) -> f64 { f64::sin(self) } }\n"
        "impl Elementary for Dual { fn sin(self) -> Dual { Dual::sin(self) } }\n"
        "trait Stats { fn mean_of(&self) -> f64; fn sum(&self) -> f64; }\n"
        "impl Stats for Vec<f64> { fn mean_of(&self) -> f64 { 1.0 } fn sum(&self) -> f64 { 0.0 } }",
        "#[derive(Debug, PartialEq)] struct Mine { v: f64 }\nlet mine = Mine { v: 1.0 };\nassert_eq!(mine, Mine { v: 1.0 });",
        "macro_rules! unit { ($n:ident, $t:ty) => { struct $n($t); } }\nunit!(Metres, f64);",
    ),
    "imports": lambda w: w.own("double", "use std::f64::consts::*;\nuse std::collections::*;\nuse std::fmt::{self, Debug, Display};\nuse std::ops::*;"),
    "noise": lambda w: w.above("double", '#![allow(unused)]\ndbg!(1); eprintln!("<b>"); print!("EVCXR");'),
    "a type without a name": lambda w: w.answer(total="let total = 40.0;\nlet total = total + 2.0;"),
    "cells that fail": lambda w: w.own("mean", "let x: = ;", "fn f( {", "nowhere(1)", 'panic!("no")', "todo!()"),
    "cells that nobody can read": lambda w: w.own(
        "mean",
        "(" * 100_000,
        "let x = " + "-" * 100_000 + "1.0;",
        "let x = 1.0" + " + 1.0" * 20_000 + ";",
        f"fn h() -> {'Vec<' * 20_000}f64{'>' * 20_000} {{ todo!() }}",
        "// " + "x" * 5_000_000,
    ),
    "a thread, and then an end": lambda w: w.own(
        "mean", "std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(600)));", "std::process::abort();"
    ),
    "pictures and sliders": lambda w: w.own(
        "mean", 'interact(slider("k", 1..=16).at(1), move |k| {\n    println!("{k}");\n})', "plot(|x| x * x, -1.0..1.0)"
    ),
    "letters of any kind": lambda w: w.answer(double='fn double(x: f64) -> f64 {\n\tlet größe = x; // 🦀\n\tlet _s = "👩‍👩‍👧";\n\tgröße * 2.0\n}'),
    "an answer in two cells": lambda w: w.own("check-double", RIGHT["double"]).answer(double="fn twice(x: f64) -> f64 { x + x }"),
    "an answer in another cell": lambda w: w.own("double", RIGHT["double"]).answer(double=""),
    "all answers in one cell": lambda w: w.answer(
        **dict.fromkeys(("mean", "add", "squares"), ""), double="\n".join(RIGHT[name] for name in ("double", "mean", "add", "squares"))
    ),
    "an answer that is raw": lambda w: w["double"].update(cell_type="raw"),
    "an answer that calls itself a check": lambda w: w["double"]["metadata"]["nbgrader"].update(solution=False, locked=True, grade=True, points=50),
    "markers in an answer": lambda w: w.above("double", "// BEGIN SOLUTION\n// END SOLUTION\n// BEGIN HIDDEN TESTS\n// END HIDDEN TESTS"),
    "answers alone": lambda w: w.notebook.update(cells=[one for one in w.cells if one["id"] in RIGHT]),
    "one id": lambda w: [one.update(id="x") for one in w.cells],
    "no ids": lambda w: [one.pop("id") for one in w.cells] and w.notebook.update(nbformat_minor=2),
    "numbers that are none": lambda w: setattr(w, "content", json.dumps(w.notebook | {"metadata": {"x": float("nan")}}).encode()),
    "another encoding": lambda w: setattr(w, "content", json.dumps(w.notebook | {"metadata": {"x": "Zoë"}}, ensure_ascii=False).encode("latin-1")),
    "many empty cells": lambda w: w.cells.extend(own("") for _ in range(50_000)),
    "what is no cell": lambda w: w.cells.extend([None, 3, {}, {"cell_type": "code"}, {"cell_type": "code", "source": 5, "metadata": []}]),
    "other metadata": lambda w: (w.notebook.update(metadata=[]), w["double"].update(metadata={"nbgrader": [1]}), w["mean"].update(metadata=None)),
}
# What no program can mark, and the words that say so.
NONE = {
    "an empty file": (lambda path: path.write_bytes(b" "), "it is not JSON"),
    "an old format": (lambda path: path.write_text('{"nbformat": 3, "worksheets": []}'), "has notebook format 3"),
    "a deep file": (lambda path: path.write_bytes(b"[" * 1_000_000), "it is not JSON"),
    "a folder": (lambda path: path.mkdir(), "is a folder without a notebook"),
    "a link": (lambda path: path.symlink_to(__file__), "is a link"),
    "a pipe": (os.mkfifo, "is no file"),
    "another program": (lambda path: path.with_suffix(".py").write_text("1"), "is a folder without a notebook"),
}
# Names that are more than names, for who reads a report.
NAMES = ["=1+cmd|'x'!A1", "<img src=x onerror=alert(1)>", "two\nlines", "\x1b[2J\u202e", 'a,b"c', "-x", "é" * 100]


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """All of these, marked once; some cells take too long."""
    folder = tmp_path_factory.mktemp("kinds")
    solution = folder / "solution" / "n.ipynb"
    solution.parent.mkdir()
    solution.write_text(json.dumps(notebook(list(cells()))))
    subprocess.run([ADLAB, "assign", solution, "--output", folder / "release"], check=True, capture_output=True)
    handed_out = (folder / "release" / "n.ipynb").read_text()
    made = {f"cheat {name}": make for name, (_, make) in CHEATS.items()} | {f"right {name}": make for name, make in RIGHT_ALL_THE_SAME.items()}
    for name in [*made, *NAMES]:
        work = Work(handed_out)
        made.get(name, nothing)(work)
        path = folder / "in" / name / "n.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(work.content or json.dumps(work.notebook, ensure_ascii=False).encode())
    for name, (make, _) in NONE.items():
        path = folder / "in" / f"none {name}" / "n.ipynb"
        path.parent.mkdir()
        make(path)
    options = ["--json", "marks.json", "--report", "marks.csv", "--junit", "marks.xml", "--feedback", "pages", "--time-cell", "20"]
    said = subprocess.run([ADLAB, "grade", "in", "--against", solution, *options], cwd=folder, capture_output=True, text=True, timeout=1800)
    marks = json.loads((folder / "marks.json").read_text())["submissions"]
    return folder, {one["student"]: one for one in marks}, said


def lost(marks):
    assert not marks["not_marked"], marks["not_marked"]
    return [mark["grade_id"] for mark in marks["marks"] if mark["points"] != CHECKS[mark["grade_id"]]]


@pytest.mark.parametrize("name", CHEATS)
def test_who_cheats_has_the_points_of_the_rest(marked, name):
    _, marks, _ = marked
    mine = marks[f"cheat {name}"]
    assert lost(mine) == [f"check-{CHEATS[name][0]}"], mine


@pytest.mark.parametrize("name", RIGHT_ALL_THE_SAME)
def test_who_is_right_has_all_points(marked, name):
    _, marks, _ = marked
    mine = marks[f"right {name}"]
    assert lost(mine) == [], mine


@pytest.mark.parametrize("name", NONE)
def test_what_cannot_be_marked_is_said(marked, name):
    _, marks, said = marked
    assert NONE[name][1] in marks[f"none {name}"]["not_marked"]
    assert said.returncode == 1 and f"{len(NONE)} NOT MARKED" in said.stdout


def test_code_that_no_check_can_be_sure_of_is_named_for_a_person(marked):
    _, marks, _ = marked
    notes = marks["cheat a thread that begins anew"]["notes"]
    assert any("goes beneath Rust" in note and "read it" in note for note in notes), notes
    assert Counter(len(one["notes"]) for name, one in marks.items() if name in NAMES) == {0: len(NAMES)}


def test_names_do_no_harm(marked):
    folder, marks, said = marked
    assert all(lost(marks[name]) == [] for name in NAMES if "/" not in name)
    assert "\x1b" not in said.stdout + said.stderr and "\u202e" not in said.stdout
    assert len(said.stdout.splitlines()) == len(marks) + 1
    ElementTree.parse(folder / "marks.xml")
    table = (folder / "marks.csv").read_text()
    assert "\n'=1+cmd" in table and "\n\"=" not in table and "\n=" not in table
    assert "<img" not in (folder / "pages" / NAMES[1] / "n.html").read_text()
