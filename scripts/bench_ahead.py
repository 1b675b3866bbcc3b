"""Times cells that are compiled before they are run, beside the same without; see `bench`.

A student reads: each cell is run a pause after the one before, as JupyterLab sends it, from a notebook that is there as a
file. Given cells are those of the student's notebook; at exercises, the solution's answer is typed. Nothing is cached.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import nbformat
from bench_cells import floor, percentile
from bench_kernel import ADLAB, ROOT, Kernel

LESSONS = sorted((ROOT / "notebooks/solutions").glob("*.ipynb"))
STUB = "todo!("
# How long a student looks at the first page.
OPENED = 3


# A cell that is to fail, so as to show an error.
FAILS = "raises-exception"


def cells_of(path):
    """Code and tags of each cell, by its name."""
    cells = nbformat.read(path, as_version=4).cells
    return {cell.id: (cell.source, cell.metadata.get("tags", [])) for cell in cells if cell.cell_type == "code"}


class Sitting:
    """A kernel that was started for a student's notebook."""

    def __init__(self, lesson, ahead, place):
        solution, student = cells_of(lesson), cells_of(ROOT / "notebooks" / lesson.name)
        # In the order of the student's notebook: the name, whether it is given, what is run, its tags.
        self.cells = [
            (name, STUB not in code, solution[name][0] if STUB in code else code, tags) for name, (code, tags) in student.items()
        ]
        self.cache = tempfile.TemporaryDirectory(prefix="cells-", dir=place)
        notebook = Path(place) / lesson.name
        notebook.write_bytes((ROOT / "notebooks" / lesson.name).read_bytes())
        environment = {"ADLAB_CELL_CACHE": self.cache.name, "JPY_SESSION_NAME": str(notebook), "ADLAB_AHEAD": str(int(ahead))}
        self.kernel = Kernel("adlab", **environment)

    def run(self, pause):
        """Whether it is given and the seconds, of each cell; what `:ahead` says; processor time; memory."""
        times = []
        time.sleep(OPENED)
        for name, is_given, code, tags in self.cells:
            times.append((is_given, self.kernel.run(code, name, tags)))
            assert self.kernel.reply["status"] == ("error" if FAILS in tags else "ok"), (name, self.kernel.reply)
            time.sleep(pause)
        said = self.kernel.text(":ahead")
        used = sum(sum(process.cpu_times()[:4]) for process in self.kernel.processes())
        memory = self.kernel.memory()
        self.kernel.stop()
        self.cache.cleanup()
        return times, said, used, memory


def sittings(lessons, pause):
    """With and without, in turn: given cells, answers, first cells; shares that were ready; processor time; memory."""
    figures = {ahead: {"given": [], "answers": [], "first": [], "used": [], "rest": [], "said": []} for ahead in (True, False)}
    for number, lesson in enumerate(lessons):
        for ahead in (True, False) if number % 2 else (False, True):
            with tempfile.TemporaryDirectory(prefix="ahead-") as place:
                times, said, used, memory = Sitting(lesson, ahead, place).run(pause)
            found = figures[ahead]
            found["first"].append(times[0][1])
            found["given"] += [seconds for given, seconds in times if given]
            found["answers"] += [seconds for given, seconds in times if not given]
            found["used"].append(used)
            found["rest"].append(memory)
            found["said"].append(said)
            print(f"pause {pause} s, {lesson.name}, {'ahead' if ahead else 'today'}: {said}", flush=True)
    return figures


def run_all(lessons):
    """All cells are sent at once. Seconds until the last is idle, and what bare rustc takes for them."""
    whole, bare = {True: [], False: []}, []
    for lesson in lessons:
        cells = [(name, *cell) for name, cell in cells_of(lesson).items()]
        for ahead in (True, False):
            with tempfile.TemporaryDirectory(prefix="ahead-") as cache:
                kernel = Kernel("adlab", ADLAB_CELL_CACHE=cache, ADLAB_AHEAD=str(int(ahead)))
                time.sleep(OPENED)
                whole[ahead].append(kernel.run_all(cells))
                kernel.stop()
        bare.append(sum(floor([code for _, code, _ in cells])))
        print(f"Run All, {lesson.name}: {whole[True][-1]:.2f} s, today {whole[False][-1]:.2f}, bare rustc {bare[-1]:.2f}", flush=True)
    return whole, bare


def runs(lessons):
    """`adlab run` of all of them."""
    seconds = {True: [], False: []}
    for _ in range(3):
        for ahead in (True, False):
            with tempfile.TemporaryDirectory(prefix="ahead-") as cache:
                environment = os.environ | {"ADLAB_CELL_CACHE": cache, "ADLAB_AHEAD": str(int(ahead))}
                started = time.perf_counter()
                subprocess.run([ADLAB, "run", *lessons], env=environment, check=True, capture_output=True)
                seconds[ahead].append(time.perf_counter() - started)
    return {ahead: min(all) for ahead, all in seconds.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pause", type=float, action="append", help="seconds between cells; by default 0.5, 2 and 10")
    parser.add_argument("lessons", nargs="*", type=Path, default=LESSONS)
    options = parser.parse_args()
    median = statistics.median
    rows = [("", "today", "ahead", "ratio")]
    pair = lambda label, today, ahead: rows.append((label, f"{today:.3f}", f"{ahead:.3f}", f"{ahead / today:.2f}"))
    for pause in options.pause or [0.5, 2, 10]:
        found = sittings(options.lessons, pause)
        for key, what in [("given", "a given cell, s"), ("answers", "an answer, s"), ("first", "a first cell, s"), ("rest", "memory, MB"), ("used", "processor time of a session, s")]:
            pair(f"{what}, median, pause {pause:g} s", median(found[False][key]), median(found[True][key]))
        pair(f"a given cell, 95th percentile, pause {pause:g} s", percentile(found[False]["given"], 0.95), percentile(found[True]["given"], 0.95))
        # A cell that was ready takes no compiler: it is faster than half of what it takes with one.
        half = median(found[False]["given"]) / 2
        ready = sum(seconds < half for seconds in found[True]["given"]) / len(found[True]["given"])
        rows.append((f"given cells that were ready, pause {pause:g} s", "", f"{ready:.0%}", ""))
    whole, bare = run_all(options.lessons)
    pair("Run All, s", sum(whole[False]), sum(whole[True]))
    rows.append(("Run All, to the sum of bare rustc", f"{sum(whole[False]) / sum(bare):.2f}", f"{sum(whole[True]) / sum(bare):.2f}", ""))
    seconds = runs(options.lessons)
    pair("`adlab run`, s", seconds[False], seconds[True])
    for number, row in enumerate(rows):
        print("| " + " | ".join(row) + " |")
        if number == 0:
            print("|---|---|---|---|")


if __name__ == "__main__":
    main()
