"""Made submissions: what students hand in, and the marks that each must get.

Each is made from a lesson as it was handed out and from its solution, by the names and places of cells alone: where lessons
change, these go with them. A lesson's answers are its solution cells that a graded check follows; what goes wrong in one of
them costs the checks up to the next answer, and no other.

    for submission in submissions(released, solution): submission.content, submission.expected
"""

import copy
import json
import re
from dataclasses import dataclass
from itertools import zip_longest


@dataclass
class Submission:
    name: str
    # Whose it is.
    student: str
    content: bytes
    # By grade_id; None waits for a person. Nothing at all: no program can mark it, which is said.
    expected: dict
    note: str
    # nbgrader gives it up, or marks it wrong, unless `adlab inspect` puts it right before.
    needs_repair: bool = False
    # A cell of it runs until it is stopped.
    is_endless: bool = False
    # It finds what it looks for, unless cells are confined.
    needs_sandbox: bool = False


KINDS = []


def kind(*, student=None, **needs):
    """A way to make a submission out of one in which everything is right; the function's text says what happened."""

    def add(make):
        KINDS.append((make, student, needs))
        return make

    return add


def submissions(released, solution, wrong=()):
    """All that can be made of a lesson, both as JSON has them; and of wrong answers, which have a cell, a check, and code."""
    made = []
    for place, (make, student, needs) in enumerate(KINDS):
        work, name = Work(released, solution, place), make.__name__
        if make(work) is not Work.NOT_HERE:
            made.append(Submission(name, student or name, work.content(), work.marks(), make.__doc__, **needs))
    tasks = {}
    for one in wrong:
        tasks.setdefault(one.check, []).append(one)
    # Each has a wrong answer to as many tasks as there are.
    for number, several in enumerate(zip_longest(*tasks.values())):
        work = Work(released, solution, number)
        for one in filter(None, several):
            put(work.cell(one.cell), with_body(work.solved[one.cell], one.code))
            work.lost.add(one.check)
        note = "; ".join(f"{one.cell}: {one.name}" for one in several if one)
        name = f"wrong_{number + 1}"
        made.append(Submission(name, name, work.content(), work.marks(), note))
    return made


class Work:
    """What a student has done: at first, all of it and right."""

    NOT_HERE = object()

    def __init__(self, released, solution, place):
        self.released, self.notebook = released, copy.deepcopy(released)
        self.solved = {grade_id(cell): source(cell) for cell in solution["cells"] if is_solution(cell)}
        # Bytes, where it is no notebook that JSON could write; and the checks that fail.
        self.hands_in, self.lost, self.is_markable = None, set(), True
        for cell in self.cells:
            if is_solution(cell):
                put(cell, without_markers(self.solved[grade_id(cell)]))
        # (answer, its checks), where there are graded checks.
        self.tasks, answer = [], None
        for cell in self.cells:
            if is_solution(cell):
                answer = grade_id(cell) if cell["cell_type"] == "code" else None
            elif is_check(cell) and answer:
                if not self.tasks or self.tasks[-1][0] != answer:
                    self.tasks.append((answer, []))
                self.tasks[-1][1].append(grade_id(cell))
        # Each kind hits another task.
        self.task = self.tasks[place % len(self.tasks)]

    @property
    def cells(self):
        return self.notebook["cells"]

    def cell(self, name):
        return next(cell for cell in self.cells if grade_id(cell) == name)

    @property
    def answer(self):
        return self.cell(self.task[0])

    @property
    def check(self):
        return self.cell(self.task[1][0])

    def use_last_task(self):
        """For what takes long: few cells call it."""
        self.task = self.tasks[-1]

    def costs_task(self):
        self.lost |= set(self.task[1])

    def answer_with(self, body):
        """The task's function has this body, and its checks fail."""
        put(self.answer, with_body(self.solved[self.task[0]], body))
        self.costs_task()

    def forget_answer(self):
        """As it was handed out."""
        self.answer_with("todo!()")

    def begin_answer_with(self, line):
        """The task's function does this first."""
        put(self.answer, with_body(self.solved[self.task[0]], line, keeps=True))

    def add_above_answer(self, text):
        put(self.answer, f"{text}\n{source(self.answer)}")

    def insert(self, before, text, **metadata):
        """A cell of the student's own."""
        self.cells.insert(self.cells.index(before), code_cell(text, **metadata))

    def marks(self):
        if not self.is_markable:
            return {}
        marks = {}
        stubs = {grade_id(cell): source(cell) for cell in self.released["cells"]}
        now = {grade_id(cell): source(cell) for cell in self.cells}
        for cell in self.released["cells"]:
            name = grade_id(cell)
            if is_check(cell):
                marks[name] = 0.0 if name in self.lost else float(cell["metadata"]["nbgrader"]["points"])
            elif is_solution(cell) and cell["metadata"]["nbgrader"]["grade"]:
                # A written answer waits for a person, or is not there.
                marks[name] = 0.0 if now.get(name) == stubs[name] else None
        return marks

    def content(self):
        return self.hands_in or text(self.notebook)


# What a notebook is made of.


def grade_id(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def is_solution(cell):
    return cell["metadata"].get("nbgrader", {}).get("solution", False)


def is_check(cell):
    nbgrader = cell["metadata"].get("nbgrader", {})
    return nbgrader.get("grade", False) and not nbgrader.get("solution", False) and cell["cell_type"] == "code"


def source(cell):
    return "".join(cell["source"])


def put(cell, text):
    cell["source"] = text.splitlines(keepends=True)


def code_cell(text, **metadata):
    cell = {"cell_type": "code", "execution_count": None, "id": f"own-{abs(hash(text)):x}"[:20], "metadata": metadata}
    cell |= {"outputs": []}
    put(cell, text)
    return cell


def text(notebook):
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode() + b"\n"


def without_markers(solved):
    return "".join(line for line in solved.splitlines(keepends=True) if not re.search("(BEGIN|END) SOLUTION", line))


def with_body(solved, body, keeps=False):
    """The first answer in a cell has this body, or begins with it; others are right."""
    before, begin, rest = re.split(r"^(.*BEGIN SOLUTION.*\n)", solved, maxsplit=1, flags=re.M)
    own, end, after = re.split(r"^(.*END SOLUTION.*(?:\n|\Z))", rest, maxsplit=1, flags=re.M)
    indent = re.match(r"\s*", begin)[0]
    lines = "".join(f"{indent}{line}\n" for line in body.splitlines())
    return without_markers(before + lines + (own if keeps else "") + after)


def mark_as_passed(cell, words):
    cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": [words + "\n"]}]
    cell["execution_count"] = 7


# All right, in whatever form it comes.


@kind()
def all_right(work):
    "the solution"


@kind(student="李雷")
def saved_by_colab(work):
    "Colab has saved it: no kernelspec.language, no ids, keys of its own"
    work.notebook["metadata"] = {
        "colab": {"provenance": []}, "kernelspec": {"name": "adlab", "display_name": "Rust (AD Lab)"}, "accelerator": "GPU"
    }
    work.notebook["nbformat_minor"] = 0
    for n, cell in enumerate(work.cells):
        cell["metadata"] |= {"id": cell.pop("id"), "colab": {"base_uri": "https://localhost:8080/"}, "outputId": f"{n:x}"}


@kind()
def python_s_metadata(work):
    "a Python kernel was chosen before it was saved"
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    work.notebook["metadata"] = {"kernelspec": python, "language_info": {"name": "python", "version": "3.12"}}


@kind()
def no_metadata(work):
    "nothing says which kernel it is for"
    work.notebook["metadata"] = {}


@kind(student="محمد")
def format_4_4(work):
    "cells without ids, as Jupyter wrote them before 2021"
    work.notebook["nbformat_minor"] = 4
    for cell in work.cells:
        del cell["id"]


@kind()
def sources_in_one_string(work):
    "each source as one string rather than lines; JSON on one line"
    for cell in work.cells:
        cell["source"] = source(cell)
    work.hands_in = json.dumps(work.notebook).encode()


@kind()
def windows_line_ends(work):
    "Windows line ends, in the file and in its cells"
    for cell in work.cells:
        put(cell, source(cell).replace("\n", "\r\n"))
    work.hands_in = text(work.notebook).replace(b"\n", b"\r\n")


@kind(needs_repair=True)
def byte_order_mark(work):
    "a byte order mark, as some editors of Windows write it"
    work.hands_in = b"\xef\xbb\xbf" + text(work.notebook)


@kind()
def warnings(work):
    "what the compiler warns of"
    work.begin_answer_with("let unused = 1; let mut never = 2; #[deprecated] fn old() {} old();")


@kind()
def debug_left_in(work):
    "dbg! and eprintln! were left in"
    work.begin_answer_with('dbg!(1 + 1); eprintln!("here");')


@kind()
def prints_and_shows(work):
    "the answer prints numbers, and shows some"
    work.begin_answer_with('println!("0.25"); display(&0.25);')


@kind()
def threads_left_running(work):
    "a thread that outlives its cell, of which the kernel tells"
    work.add_above_answer("std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(3)));")


@kind(student="🦀 Zoë O'Brien")
def own_helpers(work):
    "cells, functions and imports of the student's own"
    work.insert(work.answer, "use std::collections::{BTreeMap, HashMap};\nfn my_helper(x: f64) -> f64 { x.max(0.0) }")
    work.insert(work.check, "let mine: BTreeMap<i32, f64> = BTreeMap::from([(1, my_helper(2.0))]);\nmine")
    work.begin_answer_with("let _: HashMap<i32, f64> = HashMap::from([(1, my_helper(1.0))]);")


@kind()
def own_cells_that_fail(work):
    "cells of the student's own that fail, between those that matter"
    for line in ('panic!("tried")', "let x: = 1;", "nowhere()", "std::process::abort();"):
        work.insert(work.check, line)


@kind()
def versions_that_do_not_fit(work):
    "a helper that was changed, with which something else no longer fits, of which the kernel tells"
    first = "#[derive(Debug)] struct Mine { a: f64 }", "impl Mine { fn first(&self) -> f64 { self.a } }", "let mine = Mine { a: 1.0 };"
    for line in (*first, "#[derive(Debug)] struct Mine { b: f64 }"):
        work.insert(work.answer, line)


@kind()
def own_cells_emptied(work):
    "empty cells, at either end and between"
    for place in (0, len(work.cells) // 2, len(work.cells)):
        work.cells.insert(place, code_cell("  \n" if place else ""))


@kind()
def ten_million_lines(work):
    "a right answer, whose cell prints ten million lines"
    work.use_last_task()
    work.add_above_answer('for i in 0..10_000_000 { println!("{i}"); }')


@kind()
def answer_made_text(work):
    "an answer's cell was made text, and is code all the same"
    work.answer["cell_type"] = "markdown"
    del work.answer["outputs"], work.answer["execution_count"]


@kind()
def a_given_cell_is_changed(work):
    "a locked cell was changed, which is put back"
    given = next(c for c in work.cells if c["cell_type"] == "code" and not is_solution(c) and not is_check(c))
    put(given, "// I need no such thing.")


@kind()
def more_points(work):
    "points of the student's own"
    work.check["metadata"]["nbgrader"]["points"] = 100


@kind()
def tasks_in_another_order(work):
    "two tasks have changed places"
    if len(work.tasks) < 4:
        return Work.NOT_HERE
    # An answer may stand on those before it: the last two stand on none that follows them.
    moved = [work.cell(name) for name in (work.tasks[-1][0], *work.tasks[-1][1])]
    before = work.cell(work.tasks[-2][0])
    for cell in moved:
        work.cells.remove(cell)
        work.cells.insert(work.cells.index(before), cell)


@kind()
def cell_ids_twice(work):
    "two cells have one id, as where a notebook was merged by hand"
    work.check["id"] = work.answer["id"]


# Nothing, and what passes itself off as something.


@kind()
def all_stubs(work):
    "as it was handed out"
    work.notebook = copy.deepcopy(work.released)
    work.lost = {name for cell in work.cells if (name := grade_id(cell))}


@kind()
def outputs_that_lie(work):
    "as it was handed out, with stored outputs of success"
    all_stubs(work)
    for cell in filter(is_check, work.cells):
        mark_as_passed(cell, "This is right.")


@kind()
def one_stub(work):
    "one answer is missing"
    work.forget_answer()


# One answer goes wrong.


@kind()
def compile_error(work):
    "what is no Rust"
    work.answer_with("let x: = 1;")


@kind()
def half_a_cell(work):
    "a bracket is missing"
    work.answer_with("if true { {")


@kind()
def type_error(work):
    "a value of another type"
    work.answer_with('let x: i32 = "text"; todo!()')


@kind(student="Łukasz_01@example.org")
def panics(work):
    "a panic"
    work.answer_with('panic!("on purpose")')


@kind()
def panics_at_once(work):
    "a panic while the answer's cell runs, which then defines nothing"
    work.answer_with('panic!("on purpose")')
    put(work.answer, source(work.answer) + '\npanic!("here");')


@kind(is_endless=True)
def endless_loop(work):
    "a loop without end"
    work.use_last_task()
    work.answer_with("loop { std::hint::black_box(1); }")


@kind(is_endless=True)
def endless_output(work):
    "a loop that prints without end"
    work.use_last_task()
    work.answer_with('loop { println!("still here"); }')


@kind(is_endless=True)
def endless_sleep(work):
    "it waits for what never comes, and takes no time of the processor"
    work.use_last_task()
    work.answer_with("loop { std::thread::park(); }")


@kind()
def exit_0(work):
    "it ends the process, as if all were well"
    work.answer_with("std::process::exit(0)")


@kind()
def exit_in_the_cell(work):
    "it ends the process while the answer's cell runs"
    work.forget_answer()
    put(work.answer, source(work.answer) + "\nstd::process::exit(0);")


@kind()
def aborts(work):
    "abort"
    work.answer_with("std::process::abort()")


@kind()
def stack_overflow(work):
    "it calls itself without end"
    work.answer_with("fn deeper(n: u64) -> u64 { if n == u64::MAX { 0 } else { deeper(n + 1) + n } }\npanic!(\"{}\", deeper(0))")


@kind()
def null_pointer(work):
    "a null pointer"
    work.answer_with("panic!(\"{}\", unsafe { *std::hint::black_box(std::ptr::null::<i32>()) })")


@kind()
def memory(work):
    "it takes all memory"
    work.answer_with("let mut all: Vec<Vec<u8>> = Vec::new();\nloop { all.push(vec![1; 100_000_000]); }")


@kind()
def asks_for_input(work):
    "it asks, and nobody answers"
    work.answer_with('let name = input("Your name? ");\npanic!("{name:?}")')


@kind()
def chained_calls(work):
    "five thousand calls in a chain"
    work.answer_with(f"let x = 1.0f64{'.abs()' * 5000};\npanic!(\"{{x}}\")")


@kind()
def answer_deleted(work):
    "an answer's cell is gone"
    work.cells.remove(work.answer)
    work.costs_task()


@kind()
def answer_emptied(work):
    "an answer's cell is empty"
    put(work.answer, "")
    work.costs_task()


@kind()
def answer_copied(work):
    "a copy of an answer's cell, with its ids, and a change in it that is wrong: what stands first counts"
    other = copy.deepcopy(work.answer)
    put(other, "// a copy, of which nothing was made")
    work.cells.insert(work.cells.index(work.answer) + 1, other)


# A check is tampered with, where the answer is missing.


@kind()
def check_changed(work):
    "a check that asks nothing"
    work.forget_answer()
    put(work.check, "assert!(true);")


@kind()
def check_emptied(work):
    "a check that is empty"
    work.forget_answer()
    put(work.check, "")


@kind(student="Анна Каренина", needs_repair=True)
def check_deleted(work):
    "a check is gone, and the answer is right"
    work.cells.remove(work.check)


@kind(needs_repair=True)
def check_deleted_without_an_answer(work):
    "a check is gone, and so is the answer"
    work.forget_answer()
    work.cells.remove(work.check)


@kind()
def check_doubled(work):
    "a check stands there twice, and the answer is right"
    work.cells.insert(work.cells.index(work.check), copy.deepcopy(work.check))


@kind()
def check_doubled_and_changed(work):
    "a check stands there twice, one of them asks nothing, and the answer is missing"
    work.forget_answer()
    other = copy.deepcopy(work.check)
    other["id"] += "-copy"
    put(other, "assert!(true);")
    work.cells.insert(work.cells.index(work.check) + 1, other)


@kind(needs_repair=True)
def check_moved(work):
    "a check stands above its answer"
    check = work.check
    work.cells.remove(check)
    work.cells.insert(work.cells.index(work.answer), check)


@kind()
def check_made_text(work):
    "a check was made text, and the answer is missing"
    work.forget_answer()
    work.check["cell_type"] = "markdown"
    del work.check["outputs"], work.check["execution_count"]


@kind()
def check_skipped(work):
    "a check is tagged so that it does not run"
    work.forget_answer()
    work.check["metadata"]["tags"] = ["skip-execution"]


@kind()
def check_may_fail(work):
    "a check is tagged so that it may fail"
    work.forget_answer()
    work.check["metadata"]["tags"] = ["raises-exception"]


@kind(needs_repair=True)
def check_without_metadata(work):
    "a check has lost its metadata"
    del work.check["metadata"]["nbgrader"]


@kind(needs_repair=True)
def cells_without_metadata(work):
    "a program has taken the metadata from all cells"
    for cell in work.cells:
        cell["metadata"] = {}


@kind(needs_repair=True)
def check_that_is_no_grade(work):
    "a check says that it has no points, and the answer is missing"
    work.forget_answer()
    work.check["metadata"]["nbgrader"]["grade"] = False


@kind(needs_repair=True)
def check_that_is_an_answer(work):
    "a check says that it is an answer, and asks nothing"
    work.forget_answer()
    work.check["metadata"]["nbgrader"] |= {"solution": True, "locked": False}
    put(work.check, "assert!(true);")


@kind(needs_repair=True)
def given_cells_deleted(work):
    "all that was given in code is gone"
    given = lambda cell: cell["cell_type"] == "code" and not is_solution(cell) and not is_check(cell)
    work.notebook["cells"] = [cell for cell in work.cells if not given(cell)]


# It tries to cheat, where the answer is missing.


@kind()
def silences_panics(work):
    "a panic hook that says nothing"
    work.forget_answer()
    work.add_above_answer("std::panic::set_hook(Box::new(|_| {}));")


@kind()
def silences_panics_in_the_answer(work):
    "a panic hook that says nothing, set while a check runs"
    work.answer_with("std::panic::set_hook(Box::new(|_| {}));\ntodo!()")


MACROS = {
    "assert": "macro_rules! assert { ($($all:tt)*) => { () } }",
    "assert_eq": "macro_rules! assert_eq { ($($all:tt)*) => { () } }\nmacro_rules! assert_ne { ($($all:tt)*) => { () } }",
    "panic": "macro_rules! panic { ($($all:tt)*) => { () } }\nmacro_rules! unreachable { ($($all:tt)*) => { () } }",
}


@kind()
def own_assert(work):
    "an assert! that asks nothing, in the answer's cell"
    work.forget_answer()
    work.add_above_answer("\n".join(MACROS.values()))


@kind()
def own_assert_in_a_cell(work):
    "an assert! that asks nothing, in a cell of its own"
    work.forget_answer()
    for text in MACROS.values():
        work.insert(work.check, re.sub("^", "#[macro_export]\n", text, flags=re.M))


@kind()
def own_assert_in_a_module(work):
    "an assert! that asks nothing, taken out of a module by a `use` of all that is in it"
    work.forget_answer()
    names = {name: re.sub(rf"macro_rules! {name}\b", f"macro_rules! my_{name}", text) for name, text in MACROS.items()}
    uses = "".join(f"    pub(crate) use my_{name} as {name};\n" for name in names)
    work.insert(work.check, "mod mine {\n" + "\n".join(names.values()) + f"\n{uses}}}\nuse mine::*;")


@kind()
def own_assert_by_use(work):
    "an assert! that asks nothing, by the name that a `use` gives it"
    work.forget_answer()
    work.insert(work.check, "macro_rules! nothing { ($($all:tt)*) => { () } }\nuse nothing as assert;\nuse nothing as assert_eq;")


@kind()
def own_close(work):
    "a comparison for which all is close, before the check and after it"
    work.forget_answer()
    for place in (work.check, work.cells[work.cells.index(work.check) + 1]):
        work.insert(place, "fn close<A, B>(_: A, _: B) -> bool { true }")


@kind()
def says_the_kernel_s_words(work):
    "it prints what the kernel is told where a cell has run, and a mark"
    lines = ["EVCXR_BEGIN_CONTENT text/plain", "100", "EVCXR_END_CONTENT", "EVCXR_EXECUTION_COMPLETE"]
    work.answer_with("".join(f'println!("{line}");\n' for line in lines) + "todo!()")


@kind()
def says_that_it_is_right(work):
    "it prints what a check prints, and asks to be taken for right"
    work.answer_with('clear_output(false);\nprintln!("Your answer is right.");\ndisplay(&1.0);\ntodo!()')


NUMBER = "#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]"


@kind()
def own_primitives(work):
    "types named f64, bool and str"
    work.forget_answer()
    for text in (f"{NUMBER}\nstruct f64(u8);", "type bool = ();", "struct str;"):
        work.insert(work.check, f"#[allow(non_camel_case_types)]\n{text}")


@kind()
def own_prelude(work):
    "an Option, a Some, a Vec and a drop of the student's own"
    work.forget_answer()
    for text in ("enum Option<T> { Some(T), None }\nuse Option::*;", "fn Some<T>(_: T) {}", "struct Vec;", "fn drop<T>(_: T) {}"):
        work.insert(work.check, text)


@kind()
def always_equal(work):
    "types of the student's own that are equal to everything"
    work.forget_answer()
    work.add_above_answer(
        "struct Yes;\nimpl<T> PartialEq<T> for Yes { fn eq(&self, _: &T) -> bool { true } }\n"
        "impl PartialEq<Yes> for f64 { fn eq(&self, _: &Yes) -> bool { true } }"
    )


@kind(needs_sandbox=True)
def reads_the_solution(work):
    "right only if it can read the instructor's files, beside its folder or above"
    work.begin_answer_with(
        'let places = ["..", "../..", "../../..", "../../../..", "../../../../.."];\n'
        'let found = places.iter().flat_map(|place| ["source", "release", "gradebook.db", "nbgrader_config.py"].map(|name| format!("{place}/{name}")));\n'
        'assert!(found.into_iter().any(|path| std::fs::metadata(&path).is_ok() && (std::fs::read(&path).is_ok() || std::fs::read_dir(&path).is_ok())), "nothing to read");'
    )
    work.costs_task()


@kind(needs_sandbox=True)
def includes_the_solution(work):
    "right only if the compiler reads the instructor's files"
    work.begin_answer_with('let _ = include_str!("../../../nbgrader_config.py");')
    work.costs_task()


# No program can mark these; and they stop nobody else.


@kind(needs_repair=True)
def cut_off(work):
    "the upload broke off"
    work.hands_in = text(work.notebook)[:-2000]
    work.is_markable = False


@kind(needs_repair=True)
def nothing_at_all(work):
    "an empty file"
    work.hands_in = b"\n"
    work.is_markable = False


@kind(needs_repair=True)
def another_file(work):
    "a picture, by the notebook's name"
    work.hands_in = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    work.is_markable = False
