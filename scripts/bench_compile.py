"""How long cells that use duals, a tape and tensors take to compile, with the library as it is and as it was; see `bench`."""

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Before the tape had nodes of 24 bytes, and tensors their own products.
BEFORE = "ce6712f"
CELLS = {
    "duals": """
        let f = |x: Dual| (x * x).sin() + x.exp() / (x + 1.0);
        println!("{} {}", f(Dual::variable(2.0)), derivative(|x| x.powi(3), 2.0));
        let [x, y] = DualVec::variables([0.5, 4.2]);
        println!("{:.2}", x * y + x.sin());""",
    "a tape": """
        let tape = Tape::new();
        let (x, y) = (tape.var(1.5), tape.var(0.5));
        let mut z = x * y + x.sin();
        for _ in 0..10 { z = z * z - y.exp() + 1.0; }
        let adjoints = z.backward();
        println!("{z} {} {}", adjoints.wrt(x), adjoints.wrt(y));""",
    "tensors": """
        let x = tensor([[2.0], [1.0], [10.0]]).requires_grad();
        for _ in 0..100 {
            x.zero_grad();
            (&x * &x).sum().backward();
            x.set_data(x.data() - 0.1 * x.grad());
        }
        let loss = (x.matmul(&x.t()) + 1.0).tanh().mean();
        loss.backward();
        println!("{x} {loss} {}", x.grad());""",
}
CELLS["all three"] = "".join(f"{{ {cell} }}" for cell in CELLS.values())


def library(source, target):
    """The library, compiled as for students; where it is, and what it needs."""
    command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "adlab", "--target-dir", target]
    command += ["--message-format", "json", "--config", "profile.release.package.adlab.opt-level=3"]
    lines = subprocess.run(command, cwd=source, check=True, capture_output=True, text=True).stdout.splitlines()
    artifacts = [message for message in map(json.loads, lines) if message["reason"] == "compiler-artifact"]
    return next(file for a in artifacts if a["target"]["name"] == "adlab" for file in a["filenames"] if file.endswith(".rlib"))


def processor_time(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", nargs="?", default=BEFORE, help="the revision to compare with")
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        then = Path(folder, "then")
        then.mkdir()
        archive = subprocess.run(["git", "archive", options.before], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "x"], cwd=then, input=archive, check=True)
        libraries = {"before": library(then, f"{folder}/target-then"), "now": library(ROOT, f"{folder}/target-now")}
        times = {(cell, age): [] for cell in CELLS for age in libraries}
        for _ in range(options.rounds):
            for cell, age in times:
                source = Path(folder, "cell.rs")
                source.write_text("use adlab::*;\n#[unsafe(no_mangle)]\npub fn cell() {\n" + CELLS[cell] + "\n}\n")
                command = ["rustc", "--edition=2024", "--crate-type=rlib", "-Copt-level=0", "-Ccodegen-units=1", source]
                command += ["--extern", f"adlab={libraries[age]}", "-L", str(Path(libraries[age]).parent / "deps")]
                times[cell, age].append(processor_time([*command, "-o", f"{folder}/cell.so"]))
    print(f"Milliseconds of processor time to compile a cell at level 0, the median of {options.rounds}.\n")
    print(f"| | {options.before} | now | ratio |\n|---|---|---|---|")
    for cell in CELLS:
        before, now = (1000 * statistics.median(times[cell, age]) for age in libraries)
        print(f"| {cell} | {before:.0f} | {now:.0f} | {now / before:.2f} |")


main()
