"""A student corrects a cell and runs it again, in any order, all evening."""

import pytest
from conftest import notes

# Each case is a list of (cell, code, what it shows). `!` stands before the first words of an error, `~` before those of a
# line that the kernel adds.
CASES = {
    "a function": [
        ("a", "fn f() -> i32 { 1 }", ""),
        ("b", "f()", "1"),
        ("a", "fn f() -> f64 { 2.5 }", ""),
        ("a", "fn f() -> f64 { 2.5 }", ""),
        ("a", "fn f() -> f64 { 2.5 }", ""),
        ("b", "f()", "2.5"),
    ],
    "a struct with its impl": [
        ("a", "struct P(i32); impl P { fn g(&self) -> i32 { self.0 } }", ""),
        ("b", "P(1).g()", "1"),
        ("a", "struct P(i32); impl P { fn g(&self) -> i32 { self.0 + 10 } }", ""),
        ("b", "P(1).g()", "11"),
        ("a", "struct P { x: f64 } impl P { fn h(&self) -> f64 { self.x } }", ""),
        ("c", "P { x: 2.0 }.h()", "2.0"),
    ],
    "a struct of which there are variables": [
        ("a", "#[derive(Debug, Clone)] struct Q(i32);", ""),
        ("b", "let q = Q(1); let qs = vec![Q(2)]; let other = 7;", ""),
        ("a", "#[derive(Debug, Clone)] struct Q(i32);", ""),
        ("c", "q", "Q(1)"),
        ("a", "#[derive(Debug, Clone)] struct Q { x: f64 }", "~note: the variables `q` and `qs` are gone"),
        ("c", "other", "7"),
        ("d", "q", "!cannot find value `q`"),
        ("b", "let q = Q { x: 1.0 };", ""),
        ("d", "q", "Q { x: 1.0 }"),
    ],
    "methods, while a variable lives": [
        ("a", "#[derive(Debug)] struct U(i32); impl U { fn m(&self) -> i32 { 1 } }", ""),
        ("b", "let u = U(1);", ""),
        ("a", "#[derive(Debug)] struct U(i32); impl U { fn m(&self) -> i32 { 2 } }", ""),
        ("c", "u.m()", "2"),
    ],
    "an impl in a cell of its own": [
        ("a", "struct V(i32);", ""),
        ("i", "impl V { fn m(&self) -> i32 { 1 } }", ""),
        ("c", "V(0).m()", "1"),
        ("i", "impl V { fn m(&self) -> i32 { 2 } fn k(&self) -> i32 { 9 } }", ""),
        ("c", "V(0).m() + V(0).k()", "11"),
        ("i", "impl V { fn k(&self) -> i32 { 8 } fn m(&self) -> i32 { 2 } }", ""),
        ("c", "V(0).k()", "8"),
    ],
    "an impl that moves to another cell": [
        ("a", "struct V2;", ""),
        ("i", "impl V2 { fn m(&self) -> i32 { 1 } }", ""),
        ("j", "impl V2 { fn m(&self) -> i32 { 2 } }", ""),
        ("c", "V2.m()", "2"),
    ],
    "operators, while variables live": [
        ("a", "#[derive(Debug, Clone, Copy)] struct O(f64);", ""),
        ("v", "let o = O(1.0); let os = vec![o];", ""),
        ("i", "impl std::ops::Add for O { type Output = O; fn add(self, o: O) -> O { O(self.0 + o.0) } }", ""),
        ("c", "o + os[0]", "O(2.0)"),
        ("j", "impl std::ops::Mul<f64> for O { type Output = O; fn mul(self, k: f64) -> O { O(self.0 * k) } }", ""),
        ("c", "o * 3.0", "O(3.0)"),
    ],
    "an operator": [
        ("a", "#[derive(Debug)] struct D(f64);", ""),
        ("i", "impl std::ops::Add for D { type Output = D; fn add(self, o: D) -> D { todo!() } }", ""),
        ("c", "D(1.0) + D(2.0)", "!not yet implemented"),
        ("i", "impl std::ops::Add for D { type Output = D; fn add(self, o: D) -> D { D(self.0 + o.0) } }", ""),
        ("c", "D(1.0) + D(2.0)", "D(3.0)"),
    ],
    "a trait and its implementation": [
        ("a", "trait Area { fn area(&self) -> f64; }", ""),
        ("b", "struct Sq(f64); impl Area for Sq { fn area(&self) -> f64 { self.0 } }", ""),
        ("c", "Sq(2.0).area()", "2.0"),
        ("b", "struct Sq(f64); impl Area for Sq { fn area(&self) -> f64 { self.0 * self.0 } }", ""),
        ("c", "Sq(3.0).area()", "9.0"),
        ("a", "trait Area { fn area(&self) -> f64; fn twice(&self) -> f64 { 2.0 * self.area() } }", ""),
        ("c", "Sq(3.0).twice()", "18.0"),
    ],
    "a trait that asks for more": [
        ("a", "trait Shape { fn area(&self) -> f64; }", ""),
        ("b", "struct Unit; impl Shape for Unit { fn area(&self) -> f64 { 1.0 } }", ""),
        ("a", "trait Shape { fn area(&self) -> f64; fn sides(&self) -> u8; }", "~note: `impl Shape for Unit`"),
        ("b", "struct Unit; impl Shape for Unit { fn area(&self) -> f64 { 1.0 } fn sides(&self) -> u8 { 4 } }", ""),
        ("c", "Unit.sides()", "4"),
        ("a", "trait Shape { fn area(&self) -> f64; fn sides(&self) -> u8; }", ""),
        ("c", "Unit.sides()", "4"),
    ],
    "a function whose users no longer fit": [
        ("a", "fn base() -> i32 { 1 }", ""),
        ("b", "fn top() -> i32 { base() + 1 }", ""),
        ("a", "fn base() -> f64 { 10.0 }", "~note: `fn top`"),
        ("c", "top()", "!cannot find function `top`"),
        ("b", "fn top() -> f64 { base() + 1.0 }", ""),
        ("c", "top()", "11.0"),
    ],
    "a constant": [
        ("a", "const N: usize = 3;", ""),
        ("b", "[0; N]", "[0, 0, 0]"),
        ("a", "const N: usize = 4;", ""),
        ("b", "[0; N].len()", "4"),
        ("a", "const N: f64 = 4.5;", ""),
        ("b", "N", "4.5"),
    ],
    "a use": [
        ("a", "use std::collections::HashMap as Map;", ""),
        ("b", "Map::<i32, i32>::new().len()", "0"),
        ("a", "use std::collections::BTreeMap as Map;", ""),
        ("a", "use std::collections::BTreeMap as Map;", ""),
        ("b", "Map::<i32, i32>::new().first_key_value()", "None"),
    ],
    "a macro": [
        ("a", "macro_rules! sq { ($x:expr) => { $x } }", ""),
        ("b", "sq!(3)", "3"),
        ("a", "macro_rules! sq { ($x:expr) => { $x * $x } }", ""),
        ("a", "macro_rules! sq { ($x:expr) => { $x * $x } }", ""),
        ("b", "sq!(3)", "9"),
    ],
    "a module": [
        ("a", "mod m { pub fn inner() -> i32 { 1 } }", ""),
        ("b", "use m::*;", ""),
        ("b", "use m::*;", ""),
        ("c", "inner()", "1"),
        ("a", "mod m { pub fn inner() -> i32 { 2 } pub fn more() -> i32 { 3 } }", ""),
        ("c", "inner() + more()", "5"),
    ],
    "a type and an enum": [
        ("a", "type F = f32; #[derive(Debug)] enum E { A }", ""),
        ("b", "(E::A, 1.5 as F)", "(A, 1.5)"),
        ("a", "type F = f64; #[derive(Debug)] enum E { A, B }", ""),
        ("b", "(E::B, 1.1 as F)", "(B, 1.1)"),
    ],
    "a variable that changes its type": [
        ("a", "let v = 1;", ""),
        ("a", "let v = \"a\";", ""),
        ("b", "v", '"a"'),
        ("a", "let v = vec![1.0];", ""),
        ("a", "let v = vec![1.0];", ""),
        ("b", "v", "[1.0]"),
    ],
    "a variable that was moved": [
        ("a", "let s = String::from(\"a\");", ""),
        ("b", "let t = s;", ""),
        ("b", "let t = s;", "!cannot find value `s`"),
        ("a", "let s = String::from(\"a\");", ""),
        ("b", "let t = s;", ""),
        ("c", "t", '"a"'),
    ],
    "a cell that is wrong at first": [
        ("a", "fn half(x: f64) -> f64 { \"x\" }", "!mismatched types"),
        ("a", "fn half(x: f64) -> f64 { x / 2.0 }", ""),
        ("a", "fn half(x: f64) -> f64 { nothing }", "!cannot find value `nothing`"),
        ("b", "half(1.0)", "~note: `fn half` is that of cell ["),
        ("b", "assert_eq!(half(1.0), 0.5);", "~note: `fn half` is that of cell ["),
        ("a", "fn half(x: f64) -> f64 { x / 2.0 }", ""),
        ("b", "half(1.0)", "0.5"),
    ],
}

# What only a front end that names its cells can have: a definition that is gone from its cell is gone.
REMOVED = {
    "a function": [
        ("a", "fn one() -> i32 { 1 } fn two() -> i32 { 2 }", ""),
        ("a", "fn one() -> i32 { 1 }", ""),
        ("b", "two()", "!cannot find function `two`"),
    ],
    "a function that got another name": [
        ("a", "fn first() -> i32 { 1 }", ""),
        ("a", "fn second() -> i32 { 1 }", ""),
        ("b", "first()", "!cannot find"),
        ("b", "second()", "1"),
    ],
    "a function that another cell uses": [
        ("a", "fn used() -> i32 { 1 }", ""),
        ("b", "fn user() -> i32 { used() }", ""),
        ("a", "fn unrelated() -> i32 { 2 }", ""),
        ("c", "user() + unrelated()", "3"),
    ],
    "a function that has moved": [
        ("a", "fn mover() -> i32 { 1 } fn stay() -> i32 { 0 }", ""),
        ("b", "fn mover() -> i32 { 2 }", ""),
        ("a", "fn stay() -> i32 { 0 }", ""),
        ("c", "mover()", "2"),
    ],
    "a function that stood in two cells": [
        ("a", "fn twice() -> i32 {\n    // the first\n    1\n}", ""),
        ("b", "fn twice() -> i32 { 2 }", ""),
        ("c", "twice()", "2"),
        ("b", "let failing = nothing;", "!cannot find value `nothing`"),
        ("c", "twice()", "2"),
        ("b", "twice() + 10", "~note: `fn twice` is that of cell ["),
        ("c", "twice()", "1"),
        ("a", "", ""),
        ("c", "twice()", "!cannot find function `twice`"),
        ("a", "fn twice() -> i32 { 1 }", ""),
        ("a", "fn other() -> i32 { 3 }", ""),
        ("c", "twice()", "!cannot find function `twice`"),
    ],
    "a method whose cell has the rest": [
        ("a", "struct M; impl M { fn one(&self) -> i32 { 1 } fn two(&self) -> i32 { 2 } }", ""),
        ("b", "impl M { fn two(&self) -> i32 { 22 } }", "~note: this cell's `impl M` takes the place of that of cell ["),
        ("c", "M.two()", "22"),
        ("c", "M.one()", "!no method named `one`"),
        ("b", "1", "~note: `impl M` is that of cell ["),
        ("c", "M.one() + M.two()", "3"),
    ],
    "a type of which a variable lives": [
        ("a", "#[derive(Debug)] struct Alive(i32); fn f() -> i32 { 1 }", ""),
        ("b", "let alive = Alive(1);", ""),
        ("a", "fn f() -> i32 { 2 }", ""),
        ("c", "f() + alive.0", "3"),
    ],
    "an implementation": [
        ("a", "struct X; trait T { fn q(&self) -> i32 { 0 } }", ""),
        ("i", "impl T for X { fn q(&self) -> i32 { 1 } }", ""),
        ("i", "impl X { fn q(&self) -> i32 { 2 } }", ""),
        ("c", "X.q()", "2"),
        ("d", "T::q(&X)", "!"),
    ],
}


def check(kernel, name, steps, names_cells):
    for cell, code, expected in steps:
        reply, messages = kernel.run(code, cell=f"{name}, {cell}" if names_cells else None)
        where = (cell, code, reply, [m["content"] for m in messages])
        if expected.startswith("!"):
            assert reply["status"] == "error" and reply["evalue"].startswith(expected[1:]), where
            continue
        assert reply["status"] == "ok", where
        shown = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream") + notes(messages)
        shown += "".join(m["content"]["data"]["text/plain"] for m in messages if m["msg_type"] == "execute_result")
        assert shown.startswith(expected[1:]) if expected.startswith("~") else shown == expected, where


@pytest.fixture(scope="module")
def edited(started):
    return started()


@pytest.fixture(scope="module", params=[True, False], ids=["with cell ids", "without"])
def names_cells(request, edited):
    assert edited.run(":clear")[0]["status"] == "ok"
    return request.param


@pytest.mark.parametrize("case", CASES)
def test_what_is_corrected_counts(edited, case, names_cells):
    check(edited, case, CASES[case], names_cells)


@pytest.mark.parametrize("case", REMOVED)
def test_what_is_gone_from_its_cell_is_gone(edited, case):
    check(edited, case, REMOVED[case], True)


def test_clear_takes_away_everything_but_the_prelude(edited):
    edited.run("let kept = 1; fn f9() -> i32 { 9 }")
    edited.run(":clear")
    assert edited.run("kept")[0]["evalue"].startswith("cannot find")
    assert edited.run("f9()")[0]["evalue"].startswith("cannot find")
    assert edited.text("Dual::variable(1.0)") == "1 + 1ε"
    assert edited.run('panic!("still told well")')[0]["ename"] == "Panic"
