"""A course as an instructor has it, with the real nbgrader: made, handed out, marked twice, and given back."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

import nbformat
import pytest
from conftest import ADLAB, ROOT, SOLUTIONS
from lesson import Lesson
from nbgrader.api import Gradebook
from submissions import is_solution, source, submissions

LESSONS = {f"lesson-{path.stem[0]}": path.stem for path in SOLUTIONS}
# What is tried with lessons other than the first.
FEW = ["all_right", "all_stubs", "one_stub"]
# The kernel has the tests' machine for itself no more than a class's.
ENVIRONMENT = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "ADLAB_MEMORY": "2G"}
# In seconds, for a cell that runs until it is stopped. All else has the time that the course gives it.
SHORT = 15

# Linux's call that says which Landlock it has.
CONFINES = (ROOT / "crates/adlab-kernel/src/sandbox").is_dir() and ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def nbgrader(course, *arguments, **environment):
    command = [sys.executable, "-m", "nbgrader", *arguments]
    environment = os.environ | ENVIRONMENT | environment
    return subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)


def made(folder, lesson, released="release", solution="source"):
    """The submissions for a lesson, by name."""
    paths = (folder / step / f"{LESSONS[lesson]}.ipynb" for step in (released, solution))
    notebooks = (json.loads(path.read_text()) for path in paths)
    wrong = Lesson(ROOT / f"notebooks/solutions/{LESSONS[lesson]}.ipynb").wrong()
    return {one.name: one for one in submissions(*notebooks, wrong)}


# Before there is a course, they are made from what the project itself hands out.
NAMES = list(made(ROOT / "notebooks", "lesson-1", "", "solutions"))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """All lessons, ready to be handed out."""
    folder = tmp_path_factory.mktemp("courses") / "AD lab"
    done = subprocess.run([ADLAB, "course", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for lesson in LESSONS:
        done = nbgrader(folder, "generate_assignment", lesson)
        assert done.returncode == 0, done.stderr
    return folder


def made_in(course, lesson):
    return made(course, lesson, f"release/{lesson}", f"source/{lesson}")


def hand_in(course, lesson, group):
    """As they came; those that nbgrader needs help with, as `adlab inspect` leaves them. What that says of them."""
    raw = course.with_name(f"{course.name} as it came")
    for one in group:
        folder = (raw if one.needs_repair else course / "submitted") / one.student / lesson
        folder.mkdir(parents=True)
        (folder / f"{LESSONS[lesson]}.ipynb").write_bytes(one.content)
        # nbgrader notes beside a notebook when it was handed in.
        (folder / "timestamp.txt").write_text("2026-11-27 12:00:00 UTC")
    if not raw.exists():
        return ""
    against = course / "source" / lesson / f"{LESSONS[lesson]}.ipynb"
    command = [ADLAB, "inspect", raw, "--against", against, "--repair", course / "submitted"]
    return subprocess.run(command, capture_output=True, text=True).stdout


def marks(course, lesson, submission):
    """As the gradebook has them; none where nothing was marked."""
    if not (course / "autograded" / submission.student / lesson / f"{LESSONS[lesson]}.ipynb").exists():
        return {}
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        handed_in = book.find_submission(lesson, submission.student)
        assert handed_in.timestamp and handed_in.timestamp.hour == 12
        [notebook] = handed_in.notebooks
        return {grade.cell.name: grade.auto_score for grade in notebook.grades}


def autograde(course, lesson, group):
    """Marks a group, twice: what nbgrader says, and both times' marks by name."""
    said, both = "", []
    for _ in range(2):
        done = nbgrader(course, "autograde", lesson, "--force")
        said += done.stdout + done.stderr
        both.append({one.name: marks(course, lesson, one) for one in group})
        assert done.returncode == 0, said[-3000:]
    return said, both


@pytest.fixture(scope="module")
def marked(course):
    """All is handed in, in courses that are marked at the same time: a submission's course, what was said of it, its marks."""
    first = list(made_in(course, "lesson-1").values())
    endless, others = [one for one in first if one.is_endless], [one for one in first if not one.is_endless]
    groups = [[("lesson-1", others[::2])], [("lesson-1", others[1::2])], [("lesson-1", endless)]]
    groups[2] += [(lesson, [made_in(course, lesson)[name] for name in FEW]) for lesson in ("lesson-2", "lesson-3")]

    def mark(number):
        own = course.with_name(f"course {number}")
        shutil.copytree(course, own)
        if number == 2:
            with (own / "nbgrader_config.py").open("a") as config:
                config.write(f"c.Execute.timeout = {SHORT}\n")
        for lesson, group in groups[number]:
            inspected = hand_in(own, lesson, group)
            said, both = autograde(own, lesson, group)
            for one in group:
                yield (lesson, one.name), (own, inspected + said, [marks[one.name] for marks in both])

    with ThreadPoolExecutor() as pool:
        return dict(one for result in pool.map(lambda number: list(mark(number)), range(len(groups))) for one in result)


@pytest.fixture(scope="module")
def graded(course, marked, tmp_path_factory):
    """The same, marked by `adlab grade` as they came, in one run: points by lesson and name; none where nothing was marked."""
    folder, marks, names = tmp_path_factory.mktemp("graded"), tmp_path_factory.mktemp("marks") / "marks.json", {}
    for lesson, name in marked:
        one = made_in(course, lesson)[name]
        path = folder / one.student / lesson / f"{LESSONS[lesson]}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(one.content)
        names[str(path)] = lesson, name
    solutions = [course / "source" / lesson / f"{stem}.ipynb" for lesson, stem in LESSONS.items()]
    command = [ADLAB, "grade", folder, "--against", *solutions, "--json", marks, "--time-cell", str(SHORT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert marks.exists(), done.stderr
    points = lambda one: {} if one["not_marked"] else {mark["grade_id"]: mark["points"] for mark in one["marks"]}
    return {names[one["path"]]: points(one) for one in json.loads(marks.read_text())["submissions"]}


def check_marks(course, marked, lesson, name):
    submission = made_in(course, lesson)[name]
    if submission.needs_sandbox and not CONFINES:
        pytest.skip("cells are not confined here: there is no Landlock (Linux 5.13)")
    _, said, both = marked[lesson, name]
    right = submission.expected
    assert both == [right, right], f"{name}: {submission.note}: {[differences(marks, right) for marks in both]}\n{said[-3000:]}"
    # What no program can mark is said.
    assert (f"NOT GRADABLE  {submission.student}/" in said) == (right == {}), said[:3000]


def differences(marks, right):
    return {name: (marks.get(name), right.get(name)) for name in marks | right if marks.get(name) != right.get(name)}


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_as_they_must_be_twice_in_a_row(course, marked, name):
    check_marks(course, marked, "lesson-1", name)


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("lesson", ["lesson-2", "lesson-3"])
def test_marks_of_other_lessons(course, marked, lesson, name):
    check_marks(course, marked, lesson, name)


@pytest.mark.parametrize("lesson, name", [("lesson-1", name) for name in NAMES] + [(f"lesson-{n}", name) for n in (2, 3) for name in FEW])
def test_both_ways_agree(course, marked, graded, lesson, name):
    if made_in(course, lesson)[name].needs_sandbox and not CONFINES:
        pytest.skip("cells are not confined here: there is no Landlock (Linux 5.13)")
    by_nbgrader, by_adlab = marked[lesson, name][2][0], graded[lesson, name]
    assert by_adlab == by_nbgrader, f"{name}: {differences(by_adlab, by_nbgrader)}"


def test_it_is_tried_with_enough(course):
    tried = made_in(course, "lesson-1")
    assert len(tried) == len(NAMES) >= 85
    # Of each task, something goes wrong, and all else is right.
    hit = [[name for name, mark in one.expected.items() if mark == 0] for one in tried.values()]
    assert all([name] in hit for name, mark in tried["all_right"].expected.items() if mark)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_course_validates(course, lesson):
    solution = nbgrader(course, "validate", f"source/{lesson}/{LESSONS[lesson]}.ipynb")
    assert "Success! Your notebook passes all the tests." in solution.stdout, solution.stdout + solution.stderr
    if lesson == "lesson-1":
        handed_out = nbgrader(course, "validate", f"release/{lesson}/{LESSONS[lesson]}.ipynb")
        assert "VALIDATION FAILED ON" in handed_out.stdout, handed_out.stdout + handed_out.stderr


def test_a_fault_of_the_machine_is_no_mark(course, tmp_path):
    own, right = tmp_path / "course", made_in(course, "lesson-1")["all_right"]
    shutil.copytree(course, own)
    hand_in(own, "lesson-1", [right])
    # The kernel can't start.
    done = nbgrader(own, "autograde", "lesson-1", ADLAB_HOME=str(tmp_path))
    assert done.returncode != 0 and "error processing assignment 'lesson-1' for student 'all_right'" in done.stderr
    assert "set it to the adlab checkout" in done.stderr and marks(own, "lesson-1", right) == {}


def test_feedback_is_given_back(course, marked):
    tried = made_in(course, "lesson-1")
    all_right = tried["all_right"]
    mine = [name for name in tried if marked["lesson-1", name][0] == marked["lesson-1", "all_right"][0]]
    cells = json.loads(all_right.content)["cells"]
    most = sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in cells)
    own, pattern = marked["lesson-1", "all_right"][0], "[!b-z]*"
    some = [tried[name] for name in mine if tried[name].expected and fnmatch(tried[name].student, pattern)]
    done = nbgrader(own, "generate_feedback", "lesson-1", f"--student={pattern}")
    assert done.returncode == 0 and len(some) >= 6, done.stderr
    for one in some:
        page = (own / "feedback" / one.student / "lesson-1" / f"{LESSONS['lesson-1']}.html").read_text()
        points = sum(mark or 0 for mark in one.expected.values())
        assert f"(Score: {points:.1f} / {most:.1f})" in page, one.name


def test_an_answer_is_in_no_student_s_file(course):
    for lesson, name in LESSONS.items():
        handed_out = (course / "release" / lesson / f"{name}.ipynb").read_text()
        assert "SOLUTION" not in handed_out and "HIDDEN" not in handed_out and "todo!(hint)" not in handed_out
        # Stubs have their hints, as those have that the project itself hands out.
        answers = lambda path: [source(cell) for cell in json.loads(path.read_text())["cells"] if is_solution(cell)]
        assert answers(course / "release" / lesson / f"{name}.ipynb") == answers(ROOT / "notebooks" / f"{name}.ipynb")
        nbformat.validate(nbformat.reads(handed_out, 4))
