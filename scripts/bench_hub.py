"""What a class costs: users of one installation, each with a home of their own, run a lesson at once; see `bench`."""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bench_kernel
import nbformat
from bench_kernel import ADLAB, ROOT, Kernel

FIRST = "let x = Dual::variable(0.5);\nx * x"
LESSON = "1-forward-mode.ipynb"


def install(prefix):
    """As `docs/hosting.md` says; from here on, kernels are its."""
    for command in ([ADLAB, "install", "--into", prefix], [prefix / "bin/adlab", "install", "--system"]):
        subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["chmod", "-R", "a-w", prefix], check=True)
    folder = prefix / "share/jupyter/kernels/adlab"
    spec = json.loads((folder / "kernel.json").read_text())
    bench_kernel.KERNELS["hub"] = [word.replace("{resource_dir}", str(folder)) for word in spec["argv"]]
    bench_kernel.ENVIRONMENT["hub"] = spec["env"]


def megabytes(folder):
    """On the disk."""
    return int(subprocess.check_output(["du", "-sk", folder], text=True).split()[0]) * 1024 / 1e6


class User:
    def __init__(self, home):
        self.home = home
        for name in ("tmp", "cargo"):
            (home / name).mkdir(parents=True)
        folders = {"HOME": "", "XDG_CACHE_HOME": "cache", "CARGO_HOME": "cargo", "TMPDIR": "tmp"}
        self.environment = {name: str(home / folder) for name, folder in folders.items()}
        sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
        self.environment["PATH"] = f"{sysroot}/bin:/usr/local/bin:/usr/bin:/bin"

        self.peak, self.errors, self.kernel = 0, [], None

    def work(self, cells):
        """Start, first cell, lesson; what it took and what went wrong."""
        self.kernel = Kernel("hub", **self.environment)
        self.ready, self.first = self.kernel.ready, self.kernel.run(FIRST)
        started = time.perf_counter()
        for cell in cells:
            self.kernel.run(cell)
            if self.kernel.reply["status"] != "ok":
                self.errors.append(self.kernel.reply["evalue"])
        self.lesson = time.perf_counter() - started
        self.processor = sum(sum(process.cpu_times()[:4]) for process in self.kernel.processes())

    def look(self):
        if self.kernel:
            self.peak = max(self.peak, self.kernel.memory())

    def rest(self):
        """When all is done."""
        self.idle = self.kernel.memory()
        self.session, self.cache = megabytes(self.kernel.session_folder()), megabytes(self.home / "cache")
        self.kernel.stop()


def class_of(count, folder, cells):
    """All at once."""
    users = [User(folder / f"{count}-{number}") for number in range(count)]
    done = threading.Event()

    def watch():
        while not done.wait(0.5):
            for user in users:
                user.look()

    watching = threading.Thread(target=watch)
    watching.start()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda user: user.work(cells), users))
    done.set()
    watching.join()
    time.sleep(3)
    for user in users:
        user.rest()
    return users


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=10)
    count = parser.parse_args().users
    notebook = nbformat.read(ROOT / "notebooks/solutions" / LESSON, as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-hub-", ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        install(folder / "adlab")
        one, many = class_of(1, folder, cells), class_of(count, folder, cells)
        installation = megabytes(folder / "adlab")
        subprocess.run(["chmod", "-R", "u+w", folder / "adlab"], check=True)
    print(f"{os.cpu_count()} cores; before it began, their load was {load:.1f}. Median, and the most of any user.\n")
    print(f"| | one user | {count} at once |\n|---|---|---|")
    rows = {
        "start to `kernel_info`, s": ("ready", 1),
        "a first cell sent then, s": ("first", 1),
        f"lesson 1, {len(cells)} cells, s": ("lesson", 1),
        "processor seconds, all of it": ("processor", 1),
        "memory of the kernel, idle, MB": ("idle", 0),
        "memory of the kernel at most, MB": ("peak", 0),
        "disk, session's folder, MB": ("session", 0),
        "disk, user's cache, MB": ("cache", 0),
    }
    for title, (name, digits) in rows.items():
        values = [[getattr(user, name) for user in users] for users in (one, many)]
        alone, median, most = values[0][0], statistics.median(values[1]), max(values[1])
        print(f"| {title} | {alone:.{digits}f} | {median:.{digits}f} (≤ {most:.{digits}f}) |")
    print(f"| errors | {sum(len(user.errors) for user in one)} | {sum(len(user.errors) for user in many)} |")
    print(f"\nOnce for all: {installation:.0f} MB on disk.")
    for error in {error for user in one + many for error in user.errors}:
        print(f"error: {error}")


if __name__ == "__main__":
    main()
