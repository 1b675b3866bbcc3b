"""GradBench, the benchmark of differentiation in all languages, run on our tool in `bench/gradbench`; see `bench`.

It is the public repository gradbench/gradbench, which is taken from $ADLAB_GRADBENCH or bench/peers/gradbench, as it is
there. Its evals are Python programs; what they import (numpy, scipy, pydantic, dataclasses-json) is installed into an
environment of its own. They compare answers with those of its tool `manual`, so that what is not built of that is left out;
so are other tools in C++ (`tools/NAME/bin/EVAL`) and `pytorch`, which is run where that environment has torch.

Of an eval and a tool, the least of all times counts. All run one after the other on one machine.
"""

import argparse
import json
import math
import os
import platform
import re
import subprocess
import tempfile
import venv
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent / "bench"
PAGE = BENCH.parent / "docs/benchmarks.md"
OURS = BENCH / "target/release/adlab-gradbench"
ENVIRONMENT = BENCH / "target/gradbench-environment"
PACKAGES = ["numpy", "scipy", "pydantic", "dataclasses-json"]

# The evals, with sizes that take minutes and not hours.
EVALS = {
    "hello": [],
    "llsq": ["-n", "256", "4096"],
    "lse": ["-n", "2500", "160000"],
    "ode": ["-n", "1000", "10000", "-s", "10"],
    "det": ["-l", "7", "9"],
    "gmm": ["-d", "10", "64", "-k", "25"],
    "ba": ["--min", "1", "--max", "5"],
    "lstm": ["-l", "2", "6", "-c", "1024"],
    "ht": ["--min", "2", "--max", "6", "--model", "small"],
    "kmeans": ["-k", "10", "100", "-n", "10000", "-d", "16"],
    "particle": [],
    "saddle": [],
}
# What else an eval needs, and a stored copy of the repository may lack.
NEEDS = {"lstm": "evals/lstm/data/lstm_full.txt"}
# One thread; and memory that is freed stays with the process, where the C library lets it: to have it mapped again for each run
# takes longer than many derivatives. The same for all tools.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
}
# What is a function alone, and no derivative.
PRIMAL = {"square", "primal", "objective", "cost"}
CPP = ["manual", "codipack", "adept", "cppad", "enzyme", "finite"]


def environment():
    """The Python that runs the evals."""
    python = ENVIRONMENT / "bin/python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def settings(root):
    return {**os.environ, **SETTINGS, "PYTHONPATH": str(root / "python/gradbench")}


class Process:
    """Another program, to which lines are sent and which answers with lines."""

    def __init__(self, command, **options):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([str(part) for part in command], **pipes, **options)

    def send(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def receive(self):
        return self.process.stdout.readline()

    def ask(self, line):
        self.send(line)
        return self.receive()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Cpp:
    """A tool in C++, as it is built: a program for each eval, which reads a file."""

    def __init__(self, root, name):
        self.root, self.name = root, name

    def ask(self, line):
        message = json.loads(line)
        answer = {"id": message["id"]}
        if message["kind"] == "start":
            answer["tool"] = self.name
        elif message["kind"] == "define":
            answer["success"] = True
        elif message["kind"] == "evaluate":
            answer |= self.run(message)
        return json.dumps(answer) + "\n"

    def run(self, message):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(message["input"], file)
            file.flush()
            command = [self.root / "tools" / self.name / "bin" / message["module"], file.name, message["function"]]
            ran = subprocess.run(command, capture_output=True, text=True, env=settings(self.root))
        if ran.returncode:
            return {"success": False, "error": ran.stderr or f"it ended with {ran.returncode}"}
        output, *timings = map(json.loads, ran.stdout.splitlines())
        return {"success": True, "output": output, "timings": timings}

    def close(self):
        pass


def run(root, python, eval_name, arguments, tool):
    """The least time of each function and size in seconds, or why there is none."""
    script = root / f"python/gradbench/gradbench/evals/{eval_name}/run.py"
    found, asked = {}, {}
    evaluation = Process([python, script, *arguments], cwd=root, env=settings(root))
    while line := evaluation.receive():
        message = json.loads(line)
        answer = tool.ask(line)
        if not answer:
            raise SystemExit(f"{eval_name}: the tool ended without an answer to {line[:200]}")
        if message["kind"] == "evaluate":
            answered = json.loads(answer)
            key = (message.get("description", ""), message["function"])
            asked[message["id"]] = key
            times = [one["nanoseconds"] for one in answered.get("timings") or [] if one["name"] == "evaluate"]
            found[key] = min(times) * 1e-9 if answered.get("success") and times else answered.get("error", "no answer")
        elif message["kind"] == "analysis" and not message["valid"]:
            found[asked[message["of"]]] = message["error"]
        evaluation.send(answer)
    evaluation.close()
    return found


def tools(root, python, eval_name):
    """Those that are there for an eval, by name."""
    yield "adlab", Process([OURS], env=settings(root))
    for name in CPP:
        if (root / f"tools/{name}/bin/{eval_name}").exists():
            yield name, Cpp(root, name)
    script = root / "python/gradbench/gradbench/tools/pytorch/run.py"
    there = subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0
    if there and (script.parent / f"{eval_name}.py").exists():
        yield "pytorch", Process([python, script], cwd=root, env=settings(root))


def shown(seconds):
    """With three digits that count."""
    if seconds is None:
        return ""
    if isinstance(seconds, str):
        return "**not valid**"
    for factor, unit in [(1e9, "ns"), (1e6, "µs"), (1e3, "ms"), (1, "s")]:
        if seconds * factor < 1000 or unit == "s":
            digits = max(0, 2 - math.floor(math.log10(max(seconds * factor, 1e-9))))
            return f"{seconds * factor:.{min(digits, 2)}f} {unit}"


def table(results, names):
    """A line for each eval, size and function, and the ratios of derivatives."""
    lines = [f"| eval | size | function | {' | '.join(names)} |", "|---" * (3 + len(names)) + "|"]
    for eval_name, by_tool in results.items():
        for description, function in by_tool["adlab"]:
            times = [by_tool.get(name, {}).get((description, function)) for name in names]
            lines.append(f"| {eval_name} | {description} | {function} | {' | '.join(map(shown, times))} |")
    lines += ["", "Our time to another tool's, for derivatives: the geometric mean of all, the least and the greatest.", ""]
    lines += ["| to | mean | least | greatest | of |", "|---|---|---|---|---|"]
    for name in names[1:]:
        ratios = []
        for eval_name, by_tool in results.items():
            for key, ours in by_tool["adlab"].items():
                other = by_tool.get(name, {}).get(key)
                if key[1] not in PRIMAL and eval_name != "hello" and isinstance(ours, float) and isinstance(other, float):
                    ratios.append(ours / other)
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            lines.append(f"| {name} | {mean:.2f} | {min(ratios):.2f} | {max(ratios):.2f} | {len(ratios)} |")
    return "\n".join(lines)


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    return f"{model[1] if model else platform.machine()}; rustc {rustc[1]}, level 3, no target-cpu; one thread."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evals", nargs="*", metavar="EVAL", help=f"by default all: {', '.join(EVALS)}")
    parser.add_argument("--gradbench", type=Path, metavar="FOLDER", help="a checkout of gradbench/gradbench")
    parser.add_argument("--min-seconds", type=float, default=0.5, help="how long a function runs, at least")
    parser.add_argument("--full", action="store_true", help="all sizes that the evals have, which takes hours")
    parser.add_argument("--ours", action="store_true", help="no other tools")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    arguments = parser.parse_args()
    root = arguments.gradbench or Path(os.environ.get("ADLAB_GRADBENCH") or BENCH / "peers/gradbench")
    root = root.resolve()
    if not (root / "python/gradbench/gradbench/evals").is_dir():
        raise SystemExit(f"GradBench is not in {root}: check out gradbench/gradbench there, or name a folder by --gradbench")
    if unknown := set(arguments.evals) - set(EVALS):
        raise SystemExit(f"there is no eval {', '.join(sorted(unknown))}; there are {', '.join(EVALS)}")
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "-p", "adlab-gradbench"], cwd=BENCH, check=True)
    python = environment()

    results, names, failed = {}, ["adlab"], []
    for eval_name in arguments.evals or EVALS:
        needed = NEEDS.get(eval_name)
        if needed and not (root / needed).exists():
            print(f"{eval_name}: left out, as {needed} is not there", flush=True)
            continue
        # The others are compared with constants, or with closed forms.
        if eval_name not in ("hello", "particle", "saddle") and not (root / f"tools/manual/bin/{eval_name}").exists():
            print(f"{eval_name}: left out, as tools/manual/bin/{eval_name}, which it is compared with, is not built", flush=True)
            continue
        sizes = [] if arguments.full else EVALS[eval_name]
        often = [] if eval_name == "hello" else ["--min-seconds", arguments.min_seconds]
        by_tool = {}
        for name, tool in tools(root, python, eval_name):
            if arguments.ours and name != "adlab":
                tool.close()
                continue
            by_tool[name] = run(root, python, eval_name, [*sizes, *often], tool)
            tool.close()
            wrong = {key: text for key, text in by_tool[name].items() if isinstance(text, str)}
            print(f"{eval_name}, {name}: {'valid' if not wrong else 'NOT VALID'}", flush=True)
            for (description, function), text in wrong.items():
                print(f"  {function} {description}: {text.strip()[:500]}", flush=True)
            if wrong and name == "adlab":
                failed.append(eval_name)
            if name not in names:
                names.append(name)
        results[eval_name] = by_tool
    valid = [eval_name for eval_name in results if eval_name not in failed]
    verdict = f"Valid: {len(valid)} of {len(results)} evals, {', '.join(valid)}."
    text = f"{machine()} {verdict}\n\n{table(results, names)}\n"
    print(f"\n{text}")
    if arguments.write:
        marked = r"(<!-- gradbench -->\n).*(<!-- end of gradbench -->)"
        page = PAGE.read_text()
        PAGE.write_text(re.sub(marked, lambda found: f"{found[1]}{text}{found[2]}", page, flags=re.DOTALL))
    if failed:
        raise SystemExit(f"not valid: {', '.join(failed)}")


main()
