"""A course as an instructor has it, with the real nbgrader: made, handed out, marked twice, and given back. `adlab grade`
marks the same, and agrees."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from zipfile import ZipFile

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
# Whose submissions are marked a second time.
AGAIN = "[!f-z]*"
# In seconds, for a cell that runs until it is stopped. All else has the time that the course gives it.
SHORT = 15

# Linux's call that says which Landlock it has.
CONFINES = (ROOT / "crates/adlab-kernel/src/sandbox").is_dir() and ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def nbgrader(course, *arguments, **environment):
    # A cell that one submission has in common with another, or that is marked both ways, is compiled once.
    environment = os.environ | ENVIRONMENT | {"ADLAB_CELL_CACHE": str(course.with_name("cells of " + course.name))} | environment
    return run(sys.executable, "-m", "nbgrader", *arguments, cwd=course, env=environment)


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
    done = run(ADLAB, "course", folder)
    assert done.returncode == 0, done.stderr
    for lesson in LESSONS:
        done = nbgrader(folder, "generate_assignment", lesson)
        assert done.returncode == 0, done.stderr
    return folder


def made_in(course, lesson):
    return made(course, lesson, f"release/{lesson}", f"source/{lesson}")


def solution(course, lesson):
    return course / "source" / lesson / f"{LESSONS[lesson]}.ipynb"


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
    return run(ADLAB, "inspect", raw, "--against", solution(course, lesson), "--repair", course / "submitted").stdout


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
    """Marks a group, and some of it a second time: what nbgrader says, and the marks of each time by name."""
    said, times = "", []
    for students in ("*", AGAIN):
        done = nbgrader(course, "autograde", lesson, "--force", f"--student={students}")
        said += done.stdout + done.stderr
        times.append({one.name: marks(course, lesson, one) for one in group if fnmatch(one.student, students)})
        assert done.returncode == 0, said[-3000:]
    return said, times


def grade(course, lesson, group):
    """Marks a group by `adlab grade`, as it came: points by name; none where nothing was marked."""
    folder, report = course.with_name(f"{course.name} {lesson}"), course.with_name(f"{course.name} {lesson}.json")
    for one in group:
        path = folder / one.student / f"{LESSONS[lesson]}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(one.content)
    options = ["--json", report, "--jobs", 1]
    if any(one.is_endless for one in group):
        options += ["--time-cell", SHORT]
    cells = {"ADLAB_CELL_CACHE": str(course.with_name("cells of " + course.name))}
    done = run(ADLAB, "grade", folder, "--against", solution(course, lesson), *options, env=os.environ | cells)
    assert report.exists(), done.stderr
    by_student = {}
    for one in json.loads(report.read_text())["submissions"]:
        by_student[one["student"]] = {} if one["not_marked"] else {mark["grade_id"]: mark["points"] for mark in one["marks"]}
    return {one.name: by_student[one.student] for one in group}


@dataclass
class Marked:
    course: Path
    # What `adlab inspect` and nbgrader have said of the group that it belongs to.
    said: str
    # Of each time.
    by_nbgrader: list
    by_adlab: dict


@pytest.fixture(scope="module")
def marked(course):
    """All is handed in, in courses that are marked at the same time."""
    first = list(made_in(course, "lesson-1").values())
    endless, others = [one for one in first if one.is_endless], [one for one in first if not one.is_endless]
    # The cells of more than some thirty submissions would not all be kept.
    groups = [[("lesson-1", endless)], *([("lesson-1", others[place::3])] for place in range(3))]
    groups[0] += [(lesson, [made_in(course, lesson)[name] for name in FEW]) for lesson in ("lesson-2", "lesson-3")]

    def mark(number):
        own = course.with_name(f"course {number}")
        shutil.copytree(course, own)
        if number == 0:
            with (own / "nbgrader_config.py").open("a") as config:
                config.write(f"c.Execute.timeout = {SHORT}\n")
        for lesson, group in groups[number]:
            by_adlab = grade(own, lesson, group)
            inspected = hand_in(own, lesson, group)
            said, times = autograde(own, lesson, group)
            for one in group:
                by_nbgrader = [marks[one.name] for marks in times if one.name in marks]
                yield (lesson, one.name), Marked(own, inspected + said, by_nbgrader, by_adlab[one.name])

    with ThreadPoolExecutor() as pool:
        return dict(one for result in pool.map(lambda number: list(mark(number)), range(len(groups))) for one in result)


def check_marks(course, marked, note, lesson, name):
    submission = made_in(course, lesson)[name]
    if submission.needs_sandbox and not CONFINES:
        pytest.skip("cells are not confined here: there is no Landlock (Linux 5.13)")
    one, right = marked[lesson, name], submission.expected
    lost = ", ".join(check for check, mark in right.items() if mark == 0) or "–"
    by_nbgrader = ", ".join(map(points, one.by_nbgrader))
    row = {"must_be": points(right), "nbgrader": by_nbgrader, "adlab_grade": points(one.by_adlab), "lost": lost}
    note("submissions", lesson=lesson[-1], submission=name, what=submission.note, **row)
    for marks in one.by_nbgrader:
        assert marks == right, f"{name}: {submission.note}: {differences(marks, right)}\n{one.said[-3000:]}"
    assert one.by_adlab == right, f"{name}: {submission.note}: by adlab grade: {differences(one.by_adlab, right)}"
    # What no program can mark is said.
    assert (f"NOT GRADABLE  {submission.student}/" in one.said) == (right == {}), one.said[:3000]


def points(marks):
    """For people; a person adds what stands for `…`."""
    return f"{sum(mark or 0 for mark in marks.values()):g}{' …' * (None in marks.values())}" if marks else "none"


def differences(marks, right):
    return {name: (marks.get(name), right.get(name)) for name in marks | right if marks.get(name) != right.get(name)}


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_as_they_must_be_both_ways(course, marked, note, name):
    check_marks(course, marked, note, "lesson-1", name)


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("lesson", ["lesson-2", "lesson-3"])
def test_marks_of_other_lessons(course, marked, note, lesson, name):
    check_marks(course, marked, note, lesson, name)


def test_it_is_tried_with_enough(course, marked):
    tried = made_in(course, "lesson-1")
    assert len(tried) == len(NAMES) >= 85
    assert sum(len(one.by_nbgrader) == 2 for one in marked.values()) >= 40
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


def test_what_a_learning_platform_gives_is_collected(course, tmp_path):
    own, name = tmp_path / "course", LESSONS["lesson-1"]
    shutil.copytree(course, own)
    archive = own / "downloaded/lesson-1/archive"
    archive.mkdir(parents=True)
    students = {
        f"Zoë O'Brien_12345_assignsubmission_file_/{name}.ipynb": "Zoë O'Brien",
        f"Bo_12346_assignsubmission_file_{name}.ipynb": "Bo",
        f"doejane_late_12347_67890_{name}-2.ipynb": "doejane",
        f"李雷/{name}.ipynb": "李雷",
        f"anna_maria/{name} (1).ipynb": "anna_maria",
        "Carl_12348_assignsubmission_file_/thesis.ipynb": None,
    }
    with ZipFile(archive / "all.zip", "w") as zip:
        for path in students:
            zip.write(own / "release/lesson-1" / f"{name}.ipynb", path)
    done = nbgrader(own, "zip_collect", "lesson-1")
    assert done.returncode == 0, done.stderr
    collected = {path.relative_to(own / "submitted") for path in (own / "submitted").rglob("*.ipynb")}
    assert collected == {Path(student, "lesson-1", f"{name}.ipynb") for student in students.values() if student}


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
    own, pattern = marked["lesson-1", "all_right"].course, "[!d-z]*"
    mine = [name for name in tried if marked["lesson-1", name].course == own]
    cells = json.loads(all_right.content)["cells"]
    most = sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in cells)
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
