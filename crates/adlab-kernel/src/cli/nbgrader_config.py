# nbgrader's settings for this course: what `nbgrader` takes that is run in this folder. Change what you like; a new
# `adlab course` changes nothing in it.
import json
import os
import re
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    DeduplicateIds,
    OverwriteCells,
    OverwriteKernelspec,
)

c = get_config()  # noqa: F821

# This folder, wherever it is; and the course's name where assignments are released and collected.
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.course_id = "adlab"

# What stands in the students' version in place of an answer: `hint` is replaced by what follows the marker. The markers are parts of lines, so that they are found in
# Rust (`// BEGIN SOLUTION: a hint`) and in written answers (`<!-- BEGIN SOLUTION -->`) alike.
c.ClearSolutions.code_stub = {"rust": "todo!(hint)"}
c.ClearSolutions.text_stub = "*Your answer here.*"
c.ClearSolutions.begin_solution_delimeter = "BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "END SOLUTION"
c.ClearHiddenTests.begin_test_delimeter = "BEGIN HIDDEN TESTS"
c.ClearHiddenTests.end_test_delimeter = "END HIDDEN TESTS"
c.ClearMarkScheme.begin_mark_scheme_delimeter = "BEGIN MARK SCHEME"
c.ClearMarkScheme.end_mark_scheme_delimeter = "END MARK SCHEME"


class StubsWithHints(ClearSolutions):
    """`// BEGIN SOLUTION: a hint` becomes `todo!("a hint")`."""

    def preprocess_cell(self, cell, resources, cell_index):
        hints = re.findall(rf"{re.escape(self.begin_solution_delimeter)}[ \t]*:?[ \t]*(.*?)[ \t]*$", cell.source, flags=re.M)
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if cell.cell_type == "code":
            for hint in hints or [""]:
                # What is written in braces is no place for a value.
                hint = hint and json.dumps(hint.replace("{", "{{").replace("}", "}}"), ensure_ascii=False)
                cell.source = cell.source.replace("todo!(hint)", f"todo!({hint})", 1)
        return cell, resources


c.GenerateAssignment.preprocessors = [
    StubsWithHints if step is ClearSolutions else step for step in GenerateAssignment.preprocessors.default()
]

# Submissions run in this kernel, whatever has become of their own metadata.
c.Execute.kernel_name = "adlab"

# In seconds, for a cell and for the kernel's start. nbgrader's own 30 are too few on a busy machine, and a cell that is
# stopped for that costs the student the marks.
c.Execute.timeout = 120
c.Execute.startup_timeout = 180

# A check with this tag would not run, and count as passed: so it is one that nobody can know. No lesson has such cells.
c.Execute.skip_cells_with_tag = os.urandom(16).hex()

# nbgrader would put a check that is gone back with a first line that is no Rust, and fails on cells that are only locked.
# A deleted check has no mark, and waits for yours.
c.OverwriteCells.add_missing_cells = False



class SeveralOfOneName(DeduplicateIds):
    """Of a cell that a student has copied, the last counts. nbgrader itself then stops, for the whole class, at the others."""

    def preprocess_cell(self, cell, resources, cell_index):
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if cell.metadata.get("nbgrader") == {}:
            del cell.metadata["nbgrader"]
        return cell, resources


c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    SeveralOfOneName,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]

# Whose the files are that a learning platform gives, and which notebook each is: Moodle's `NAME_NUMBER_…/NOTEBOOK.ipynb` or
# `NAME_NUMBER_…_NOTEBOOK.ipynb`, Canvas's `name_late_NUMBER_NUMBER_NOTEBOOK-2.ipynb`, or simply `NAME/NOTEBOOK.ipynb`.
notebooks = "|".join(re.escape(path.stem) for path in Path(c.CourseDirectory.root).glob("source/*/*.ipynb"))
c.FileNameCollectorPlugin.named_regexp = (
    r"(?:.*/)?(?P<student_id>[^/]+?)(?:(?:_late|_LATE)?_\d+[^/]*?)?[/_]"
    rf"(?P<file_id>{notebooks})(?:-\d+| ?\(\d+\))?\.ipynb$"
)

# A panic's message is short; a page of output is enough to see what went wrong.
c.LimitOutput.max_lines = 200
c.LimitOutput.max_traceback = 60
