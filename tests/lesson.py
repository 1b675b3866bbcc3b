"""A lesson as its checks see it: answers, the check of each, what is given; and wrong answers to try."""

import re
from dataclasses import dataclass

import nbformat
from conftest import ROOT

WRONG = ROOT / "notebooks" / "wrong"
REGION = re.compile(r"(?P<indent>[ \t]*)// BEGIN SOLUTION.*?// END SOLUTION", re.DOTALL)
# What a cell gives to those after it stands at the left margin.
DEFINES = re.compile(r"^(?:pub )?(?:use|fn|struct|enum|trait|impl|mod|const|static|macro_rules!|let)\b", re.MULTILINE)


@dataclass
class Wrong:
    """A wrong answer, the check that must fail, and what it must say."""

    cell: str
    name: str
    check: str
    says: str
    code: str


class Lesson:
    def __init__(self, path):
        self.name = path.stem
        self.cells = [
            cell
            for cell in nbformat.read(path, as_version=4).cells
            if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        ]
        self.sources = {cell.id: cell.source for cell in self.cells}
        self.answers = [cell.id for cell in self.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        self.graded = [cell.id for cell in self.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        order = list(self.sources)
        # A task is its answers and the check that comes next.
        self.check = {
            answer: next(id for id in order[order.index(answer) :] if id.startswith("check-")) for answer in self.answers
        }
        self.checks = list(dict.fromkeys(self.check.values()))
        self.counted = [answer for answer in self.answers if self.check[answer] in self.graded]
        self.given = [
            cell.id
            for cell in self.cells
            if cell.metadata.get("nbgrader", {}).get("locked")
            and not cell.id.startswith("check-")
            and DEFINES.search(cell.source)
        ]

    def with_answer(self, cell, code):
        """The source of an answer's cell with other code in place of the solution."""

        def replaced(region):
            return "\n".join(region["indent"] + line if line else "" for line in code.splitlines())

        source, count = REGION.subn(replaced, self.sources[cell])
        assert count == 1, f"{cell} should have one solution"
        return source

    def wrong(self):
        """To answers that a check with points follows."""
        return [wrong for wrong in self.all_wrong() if wrong.check in self.graded]

    def all_wrong(self):
        """`## cell`, then for each `### name` a line such as "fails `check`: word", and code between fences."""
        text = (WRONG / f"{self.name}.md").read_text()
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            cell, *entries = re.split(r"^### ", section, flags=re.MULTILINE)
            for entry in entries:
                name, check, says, code = re.fullmatch(
                    r"(.+)\n\nfails `(.+?)`: (.+)\n\n```rust\n(.*?)\n```\s*", entry, re.DOTALL
                ).groups()
                yield Wrong(cell.strip(), name, check, says, code)
