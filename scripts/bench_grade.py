"""How many submissions a minute are marked, and with what memory, by four ways in one run; see `bench`.

The submissions are right answers to lesson 2, in which each student has written each answer a little differently: no two
compile to the same. They are marked with an empty cache. `adlab grade` marks all of them; the other three, which are slower,
mark a sample, and the table has the rate of each. By default, two processors take about an hour: 200 submissions, and eight by
each of the slower ways. Memory is the most that a way had at one time, with all processes that it started; what processes share
counts once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from bench_kernel import ADLAB, ENVIRONMENT, ROOT

LESSON = "2-reverse-mode.ipynb"
NBCLIENT = """
import json, sys
import nbformat
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
argv, environment, paths = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
for path in paths:
    manager = KernelManager(kernel_name="bench")
    manager._kernel_spec = KernelSpec(argv=argv, env=environment, language="rust", display_name="bench", interrupt_mode="message")
    NotebookClient(nbformat.read(path, as_version=4), km=manager, timeout=300, startup_timeout=300, allow_errors=True).execute()
    manager.shutdown_kernel()
"""


def submissions(folder, count):
    solution = json.loads((ROOT / "notebooks" / "solutions" / LESSON).read_text())
    paths = []
    for student in range(count):
        made = json.loads(json.dumps(solution))
        for cell in made["cells"]:
            flags = cell["metadata"].get("nbgrader", {})
            if cell["cell_type"] == "code" and flags.get("solution"):
                lines = "".join(cell["source"]).splitlines(keepends=True)
                at = next(i for i, line in enumerate(lines) if "BEGIN SOLUTION" in line)
                lines[at] = f"let _student = {student};\n"
                cell["source"] = [line for line in lines if "END SOLUTION" not in line]
            cell.pop("outputs", None) if cell["cell_type"] != "code" else cell.update(outputs=[], execution_count=None)
        path = folder / f"student-{student}" / LESSON
        path.parent.mkdir()
        path.write_text(json.dumps(made))
        paths.append(str(path))
    return paths


class Watched:
    """A command, what it took, and the most memory that it and all it started had at one time."""

    def __init__(self, command, cache):
        environment = os.environ | {"ADLAB_CELL_CACHE": cache}
        started = time.perf_counter()
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, cwd=ROOT)
            self.peak = 0
            watch = threading.Thread(target=self.watch, args=(psutil.Process(process.pid), process))
            watch.start()
            code = process.wait()
            watch.join()
            said.seek(0)
            self.said = said.read().decode(errors="replace")
        self.seconds = time.perf_counter() - started
        if code:
            sys.exit(f"{command[:3]} failed:\n{self.said[-2000:]}")

    def watch(self, root, process):
        while process.poll() is None:
            total = 0
            try:
                family = [root, *root.children(recursive=True)]
            except psutil.Error:
                return
            for each in family:
                try:
                    total += each.memory_full_info().pss
                except psutil.Error:
                    pass
            self.peak = max(self.peak, total)
            time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, prog="bench grade", epilog="All by default: ./scripts/bench grade --submissions 200 --sample 8")
    parser.add_argument("--submissions", type=int, default=200, metavar="N", help="how many `adlab grade` marks (200)")
    parser.add_argument("--sample", type=int, default=8, metavar="N", help="how many of them the slower ways mark (8)")
    options = parser.parse_args()
    solution = str(ROOT / "notebooks" / "solutions" / LESSON)
    stock = [ADLAB, "stock", "--control_file", "{connection_file}"]
    ours = [ADLAB, "kernel", "--connection-file", "{connection_file}"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        paths = submissions(Path(folder), options.submissions)
        few = paths[: options.sample]
        nbclient = [sys.executable, "-c", NBCLIENT]
        ways = {
            "nbclient, stock kernel": ([*nbclient, json.dumps(stock), "{}", *few], len(few)),
            "nbclient, adlab": ([*nbclient, json.dumps(ours), json.dumps(ENVIRONMENT["adlab"]), *few], len(few)),
            "adlab run": ([ADLAB, "run", *few], len(few)),
            "adlab grade": ([ADLAB, "grade", *paths, "--against", solution], len(paths)),
        }
        print(f"{LESSON}, {os.cpu_count()} processors\n")
        print(f"| {'':22} | submissions | a minute | to stock | to nbclient | peak MB |")
        print(f"|{'-' * 24}|{'---:|' * 5}")
        rates = {}
        for name, (command, count) in ways.items():
            with tempfile.TemporaryDirectory(prefix="cells-") as cache:
                watched = Watched(command, cache)
            if name == "adlab grade" and f"{count} marked, 6 points" not in watched.said:
                sys.exit(f"marks are not as they should be:\n{watched.said[-2000:]}")
            rates[name] = rate = 60 * count / watched.seconds
            to_stock = rate / rates["nbclient, stock kernel"]
            to_ours = rate / rates.get("nbclient, adlab", rate)
            print(
                f"| {name:22} | {count:11} | {rate:8.1f} | {to_stock:8.2f} | {to_ours:11.2f} "
                f"| {watched.peak / 1e6:7.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
