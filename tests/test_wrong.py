"""Checks that can be trusted: wrong answers are many, and one student's fault in one task costs that task alone. That each wrong
answer fails its check, and no other, is looked at by `adlab check`."""

import re
from itertools import groupby

import pytest
from conftest import SOLUTIONS, Session
from lesson import Lesson

LESSONS = [Lesson(path) for path in SOLUTIONS]
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


class Marker:
    """Runs a lesson with some answers changed, and then its graded checks. What only shows something is left out, and
    so are the answers without points, which may build on others. To be quick, what is unchanged runs in one cell."""

    def __init__(self, lesson):
        self.lesson = lesson
        self.session = Session()

    def run(self, code, cell):
        """The error's text, or None."""
        reply, messages = self.session.run(code, cell=cell)
        assert not [m for m in messages if m["content"].get("name") == "stderr"], "nbgrader takes stderr for failure"
        if reply["status"] == "ok":
            values = [m for m in messages if m["msg_type"] == "execute_result"]
            assert not values or cell not in self.lesson.graded, "nbgrader takes a value for points"
            return None
        return re.sub("\x1b\\[[0-9;]*m", "", "\n".join([reply["evalue"], *reply["traceback"]]))

    def joined(self, cells):
        """Runs unchanged cells, as many as go into one. The first error, or None."""
        source = ""
        for last, cell in zip([*[False] * (len(cells) - 1), True], cells):
            source += self.lesson.sources[cell] + "\n"
            # A value that is shown stands at the end of its cell.
            if last or not source.endswith((";\n", "}\n")):
                if error := self.run(source, f"{cell}, and before"):
                    return error
                source = ""
        return None

    def mark(self, changed, expected):
        """Of `changed`, cell by cell, and of the graded checks: what those say that fail."""
        lesson, failed = self.lesson, {}
        self.session.run(":clear")
        cells = [cell for cell in lesson.sources if cell in lesson.given or cell in lesson.counted or cell in changed]
        for is_changed, group in groupby(cells, key=changed.__contains__):
            group = list(group)
            if is_changed:
                failed |= {cell: self.run(changed[cell], cell) for cell in group}
            elif error := self.joined(group):
                pytest.fail(f"a given cell, or another answer, needs one of {list(changed)}:\n{error}")
        others = [check for check in lesson.graded if check not in expected]
        checks = list(expected)
        if others and self.joined(others):
            # One by one, to name them.
            checks += others
        failed |= {check: self.run(lesson.sources[check], check) for check in checks}
        return {cell: error for cell, error in failed.items() if error}


@pytest.fixture(scope="module")
def markers():
    markers = {}

    def marker(lesson):
        if lesson.name not in markers:
            markers[lesson.name] = Marker(lesson)
        return markers[lesson.name]

    yield marker
    for started in markers.values():
        started.session.close()


@each_lesson
def test_every_check_of_an_answer_has_at_least_five_wrong_ones(lesson):
    seen = [wrong.check for wrong in lesson.all_wrong()]
    assert set(lesson.graded) <= set(seen) <= set(lesson.checks)
    assert not [check for check in lesson.checks if seen.count(check) < 5]


@each_lesson
def test_what_is_said_of_them_names_a_rule(lesson):
    """It is more than a word, stands in the check or is the compiler's, and is not the same for all wrong answers."""
    for check in lesson.checks:
        said = [wrong.says for wrong in lesson.all_wrong() if wrong.check == check]
        assert not [says for says in said if len(says) < 9], check
        assert len(set(said)) >= 2, check


def stub(lesson, answer):
    return lesson.with_answer(answer, "todo!()")


def type_error(lesson, answer):
    return lesson.with_answer(answer, "let wrong: String = 1.0;\ntodo!()")


def missing_brace(lesson, answer):
    return stub(lesson, answer).replace("}", "", 1)


def empty(lesson, answer):
    return ""


def missing(lesson, marker, fault, answers):
    """Without these answers, exactly their own checks fail."""
    expected = {lesson.check[answer] for answer in answers} & set(lesson.graded)
    failed = marker.mark({answer: fault(lesson, answer) for answer in answers}, expected)
    if fault in (type_error, missing_brace):
        assert set(answers) <= failed.keys(), "it should not compile"
    fails = failed.keys() & set(lesson.graded)
    return [] if fails == expected else [f"without {answers}: {fails} fail, and not {expected}"]


@pytest.mark.parametrize("fault", [stub, missing_brace], ids=lambda fault: fault.__name__)
@each_lesson
def test_one_answer_that_is_missing_costs_its_own_check_alone(lesson, fault, markers):
    bad = [line for answer in lesson.answers for line in missing(lesson, markers(lesson), fault, [answer])]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("fault", [type_error, empty], ids=lambda fault: fault.__name__)
@each_lesson
def test_every_other_answer_missing_costs_as_many_checks(lesson, fault, markers):
    halves = [lesson.answers[::2], lesson.answers[1::2]]
    bad = [line for half in halves for line in missing(lesson, markers(lesson), fault, half)]
    assert not bad, "\n".join(bad)


@each_lesson
def test_checks_call_nothing_that_a_student_could_have_replaced(lesson):
    """A check has its helpers within it. Of what is given it calls what makes a number, and nothing else."""
    for check in lesson.graded:
        source = lesson.sources[check]
        for cell in lesson.given:
            for helper in re.findall(r"^fn (\w+)", lesson.sources[cell], re.MULTILINE):
                if re.search(rf"(?<!\.)\b{helper}\(", source):
                    assert helper == "variable" or f"let {helper} = |" in source, f"{check} goes by {helper}"
