"""Reads how the crates' files use each other, and finds what runs the wrong way.

    python3 tests/house.py          prints each crate's floors, rooms and arrows; fails on a circle, or on an arrow upwards

A room is a top-level module, a file or a folder. Its place is stated in the crate's own documentation, in a sentence
"Rooms, each using only those below it: `a`, `b`, ….". A file that hands names on with `pub use` is a table of contents:
an arrow goes to the file that defines the name. Tests are left out: they may look at everything.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Strings, characters and comments: what is in them is no code. Lifetimes are left alone.
NO_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\[^\n]+?|[^\'\\\n])\'', re.DOTALL
)
TESTS = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:pub\s+)?mod\s+\w+\s*")
USE = re.compile(r"(pub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);")
INLINE = re.compile(r"\bmod\s+(\w+)\s*\{")
CHILD = re.compile(r"\bmod\s+(\w+)\s*;")
PATH = re.compile(r"(?<![\w:])([A-Za-z_]\w*(?:::[A-Za-z_]\w*)+)")
FUNCTION = re.compile(r"\bfn\s+(\w+)[^;{}]*\{")
ORDER = re.compile(r"Rooms, each using only those below it: ([^.]*)\.")


def block_end(text, start):
    """Behind the brace that closes the first one from here; the text's end where there is none."""
    depth = 0
    for at in range(text.find("{", start), len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)


def code_of(text):
    """Without strings, comments and tests; lines stay."""
    blank = lambda found: re.sub(r"[^\n]", " ", found[0])
    text = NO_CODE.sub(blank, text)
    while found := TESTS.search(text):
        end = block_end(text, found.end()) if text[found.end()] == "{" else text.index(";", found.end()) + 1
        text = text[: found.start()] + re.sub(r"[^\n]", " ", text[found.start() : end]) + text[end:]
    return text


def leaves(tree, prefix=()):
    """The paths of a `use`, each with the name that it brings in."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    names = [part.strip() for part in head.split("::") if part.strip()]
    if brace:
        depth, part = 0, ""
        for letter in rest[: rest.rindex("}")] + ",":
            depth += {"{": 1, "}": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                if part.strip():
                    yield from leaves(part, (*prefix, *names))
                part = ""
            else:
                part += letter
        return
    last, _, alias = names[-1].partition(" as ") if names else ("", "", "")
    path = (*prefix, *names[:-1], last.strip())
    if path[-1] == "self" and len(path) > 1:
        path = path[:-1]
    yield path, alias.strip() or path[-1]


@dataclass
class File:
    path: Path
    module: tuple
    text: str
    code: str
    children: set = field(default_factory=set)
    # What it hands on, by name; and whole modules.
    handed_on: dict = field(default_factory=dict)
    globs: list = field(default_factory=list)
    # Paths that it uses, with the module in which they stand.
    used: list = field(default_factory=list)

    def read(self, code, module):
        while found := INLINE.search(code):
            end = block_end(code, found.end() - 1)
            self.read(code[found.end() : end - 1], (*module, found[1]))
            code = code[: found.start()] + code[end:]
        if module == self.module:
            self.children = set(CHILD.findall(code))
        modules = {}
        for public, tree in USE.findall(code):
            for path, name in leaves(tree):
                if public and name == "*":
                    self.globs.append((module, path[:-1]))
                elif public:
                    self.handed_on[name] = (module, path)
                else:
                    self.used.append((module, path[:-1] if name == "*" else path))
                    modules[name] = path
        for path in PATH.findall(USE.sub("", code)):
            first, *rest = path.split("::")
            start = (first,) if first in ("crate", "super", "self") else modules.get(first, (first,))
            self.used.append((module, (*start, *rest)))


class Crate:
    def __init__(self, folder):
        self.name, source = folder.name, folder / "src"
        self.files = {}
        for path in sorted(source.rglob("*.rs")):
            parts = path.relative_to(source).with_suffix("").parts
            module = parts[:-1] if parts[-1] in ("mod", "lib", "main") else parts
            text = path.read_text()
            self.files[module] = File(path.relative_to(folder), module, text, code_of(text))
        for file in self.files.values():
            file.read(file.code, file.module)
        order = ORDER.search(re.sub(r"\n//!", " ", self.files[()].text))
        self.order = re.findall(r"`(\w+)`", order[1]) if order else []
        self.arrows = {module: self.arrows_of(file) for module, file in self.files.items()}

    def arrows_of(self, file):
        found = set()
        for module, path in file.used:
            target = self.find(module, path)
            if target is not None and target != file.module:
                found.add(target)
        return found

    def find(self, module, path, depth=0):
        """The module whose file defines what a path means; nothing for another crate's."""
        first, *rest = path
        if first == "crate":
            here = ()
        elif first == "self":
            here = module
        elif first == "super":
            here = module[:-1]
        elif module in self.files and first in self.files[module].children:
            here = (*module, first)
        else:
            return None
        for at, name in enumerate(rest):
            if name == "super":
                here = here[:-1]
            elif (*here, name) in self.files:
                here = (*here, name)
            elif here not in self.files:
                break
            elif depth < 9 and (on := self.files[here].handed_on.get(name)):
                target = self.find(on[0], on[1], depth + 1)
                return here if target is None else target
            else:
                for where, glob in self.files[here].globs if depth < 9 else ():
                    target = self.find(where, (*glob, *rest[at:]), depth + 1)
                    if target is not None and re.search(rf"\b{name}\b", self.files[target].code):
                        return target
                break
        # A module within a file.
        while here not in self.files:
            here = here[:-1]
        return here

    def circles(self):
        """Files that use each other, directly or on a way around."""
        index, low, stack, found = {}, {}, [], []

        def visit(file):
            index[file] = low[file] = len(index)
            stack.append(file)
            for other in self.arrows[file]:
                if other not in index:
                    visit(other)
                if other in stack:
                    low[file] = min(low[file], low[other])
            if low[file] == index[file]:
                circle = stack[stack.index(file) :]
                del stack[stack.index(file) :]
                if len(circle) > 1:
                    found.append(circle)

        for file in self.files:
            if file not in index:
                visit(file)
        return found

    def room_arrows(self):
        """From room to room, each with the files that make it."""
        found = {}
        for file, targets in self.arrows.items():
            for target in targets:
                if file and target and file[0] != target[0]:
                    found.setdefault((file[0], target[0]), []).append((file, target))
        return found

    def rooms(self):
        return sorted({module[0] for module in self.files if module})

    def floors(self):
        """How many rooms stand on each other at most."""
        arrows = self.room_arrows()
        floor = lambda room, seen: 1 + max(
            (floor(to, seen | {to}) for start, to in arrows if start == room and to not in seen), default=0
        )
        return max((floor(room, {room}) for room in self.rooms()), default=0)

    def faults(self):
        path = lambda module: str(self.files[module].path)
        if sorted(self.order) != self.rooms():
            yield f"{self.name}: the order of rooms names {sorted(self.order)}, and there are {self.rooms()}"
        for (start, to), files in sorted(self.room_arrows().items()):
            if start in self.order and to in self.order and self.order.index(start) > self.order.index(to):
                for file, target in files:
                    yield f"{self.name}: {path(file)} uses {path(target)}, and `{to}` stands above `{start}`"
        for circle in self.circles():
            ties = [f"{path(a)} -> {path(b)}" for a in circle for b in self.arrows[a] if b in circle]
            yield f"{self.name}: a circle of {len(circle)} files: {'; '.join(sorted(ties))}"

    def report(self):
        arrows, circles = self.room_arrows(), self.circles()
        lines = {str(file.path): len(file.text.splitlines()) for file in self.files.values()}
        functions = {
            f"{found[1]} in {file.path}": file.code.count("\n", found.start(), block_end(file.code, found.end() - 1)) + 1
            for file in self.files.values()
            for found in FUNCTION.finditer(file.code)
        }
        longest = max(lines, key=lines.get)
        function = max(functions, key=functions.get)
        between = sum(map(len, self.arrows.values()))
        return (
            f"{self.name}: {len(self.rooms())} rooms on {self.floors()} floors, {len(arrows)} arrows between them; "
            f"{len(self.files)} files, {between} arrows, {len(circles)} circles {sorted(map(len, circles), reverse=True)}; "
            f"{sum(lines.values())} lines, the longest file {lines[longest]} ({longest}), "
            f"the longest function {functions[function]} ({function})"
        )


def main():
    crates = [Crate(path.parent) for path in sorted((ROOT / "crates").glob("*/Cargo.toml"))]
    faults = [fault for crate in crates for fault in crate.faults()]
    print(*[crate.report() for crate in crates], *faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
