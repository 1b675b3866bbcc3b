"""What a cell can say that is no Rust, and what environment it has."""

import os
import shutil
import subprocess
import time

import nbformat
import psutil
import pytest
from conftest import ADLAB, ROOT
from nbformat.v4 import new_code_cell, new_notebook


@pytest.fixture(scope="module")
def kernel(started):
    return started(MINE="a  b", RUST_BACKTRACE="0")


def refused(kernel, code):
    reply, _ = kernel.run(code)
    assert reply["status"] == "error", reply
    return reply["evalue"]


def test_help_shows_ours(kernel):
    text = kernel.text(":help")
    commands = {line.split()[0] for line in text.splitlines()}
    assert {"?name", "!program", ":opt", ":backtrace", ":dep", ":clear", ":restart", ":env"} <= commands
    assert not {":fmt", ":quit", ":toolchain", ":internal_debug"} & commands


@pytest.mark.parametrize(
    "code, word",
    [
        (":quit", "shut the kernel down"),
        (":fmt {}", "made for reading"),
        (":types", "`:vars`"),
        (":efmt {}", "describes itself"),
        (":toolchain nightly", "set up for"),
        (":codegen_backend cranelift", "set up for"),
        (":allow_static_linking 0", "keeps compiled cells"),
        (":no_such_thing", "`:help`"),
        (":opt much", ":opt 3"),
        (":opt 3\nlet x = 1;\n:vars", "expected"),
    ],
)
def test_what_is_not_for_this_kernel_is_refused_and_does_no_harm(kernel, code, word):
    kernel.run("let kept = 42;")
    assert word in refused(kernel, code)
    assert kernel.text("kept") == "42"


def test_commands_stand_above_code(kernel):
    assert kernel.text(":opt 3\n:backtrace\n\n// ten\nlet ten = 10;\nten").endswith("10")
    assert kernel.text(":backtrace off\n:opt auto\nten + 1").endswith("11")
    assert "ten: i32" in kernel.text(":vars") and kernel.text(":type ten") == "ten: i32"
    assert refused(kernel, ":type eleven").startswith("Variable does not exist")
    reply, _ = kernel.run(":opt 3\n\npanic!(\"here\")")
    assert reply["ename"] == "Panic" and "line 3" in "\n".join(reply["traceback"])
    assert kernel.text(":opt auto") == "From now on, cells that loop are compiled at level 1, others at 0."


def test_a_path_may_begin_with_colons(kernel):
    assert kernel.text("::std::mem::size_of::<f64>()") == "8"
    assert kernel.text("::std::mem::drop(1);\n2") == "2"


def test_restart_ends_the_variables_and_nothing_else(kernel):
    kernel.run("let gone = vec![1.0]; fn stays() -> i32 { 5 }")
    assert "All variables are gone" in kernel.text(":restart")
    assert "cannot find value `gone`" in refused(kernel, "gone")
    assert kernel.text(":restart\nlet new = stays(); new").endswith("5")
    reply, _ = kernel.run("\npanic!(\"still told\")")
    assert reply["ename"] == "Panic" and "line 2" in "\n".join(reply["traceback"])
    assert kernel.text("new") == "5"


def test_documentation_is_a_page(kernel):
    for code in ("?f64::sin", ":doc f64::sin"):
        reply, _ = kernel.run(code)
        assert "sine" in reply["payload"][0]["data"]["text/plain"]
    assert "`no_such`" in refused(kernel, "?no_such")


def test_programs_run_in_a_shell(kernel):
    # As Rust, each of these would be something else.
    assert kernel.text("!true") == "" and kernel.text("!echo done") == "done\n"
    assert kernel.text("!echo to stderr >&2") == "to stderr\n"
    assert kernel.text("!printf 'no line end'\nlet five = 5; five") == "no line end5"
    assert refused(kernel, "!exit 3") == "`exit 3` ended with exit code 3"
    request = kernel.send("!sleep 100 & sleep 100")
    time.sleep(0.5)
    interrupted = time.time()
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["ename"] == "Interrupted" and time.time() - interrupted < 2
    assert kernel.text("five") == "5"
    time.sleep(0.3)
    left = [p for p in psutil.Process(kernel.manager.provisioner.process.pid).children(recursive=True) if p.name() == "sleep"]
    assert not left


def test_cells_and_what_they_start_have_the_environment_of_the_user(kernel):
    user = psutil.Process(kernel.manager.provisioner.process.pid).environ()
    show = 'for (name, value) in std::env::vars() { println!("{name}={value:?}"); }'
    seen = dict(line.split("=", 1) for line in kernel.text(show).splitlines())
    ours = {"ADLAB_SESSION", "ADLAB_MULTIPLE_OUTPUTS"}
    # A student has to ask for a backtrace.
    assert set(seen) - ours == set(user) - {"RUST_BACKTRACE"} and set(seen) & ours == ours
    assert seen["MINE"] == '"a  b"' and seen["PATH"] == '"' + user["PATH"] + '"'
    for start in ("!{}", 'print!("{{}}", String::from_utf8_lossy(&std::process::Command::new("sh").args(["-c", "{}"]).output()?.stdout));'):
        assert kernel.text(start.format("command -v cargo; command -v rustc")).split() == [shutil.which("cargo"), shutil.which("rustc")]
        assert kernel.text(start.format("echo $MINE$RUST_SRC_PATH$EVCXR_TMPDIR$ADLAB_TOOLS")) == "a b\n"


def test_a_variable_of_the_environment_is_set_at_once(kernel):
    assert kernel.text(':env COLOUR=deep blue\nstd::env::var("COLOUR")?').endswith('"deep blue"')
    assert kernel.text('println!("{}", std::env::var("COLOUR")?)') == "deep blue\n"
    assert "NAME=value" in refused(kernel, ":env COLOUR")


def test_a_cell_that_was_commented_out_defines_nothing(kernel):
    assert kernel.text("fn half(x: f64) -> f64 { x / 2.0 }\nhalf(1.0)", cell="c0") == "0.5"
    kernel.run("// fn half(x: f64) -> f64 { x / 2.0 }", cell="c0")
    assert "cannot find" in refused(kernel, "half(1.0)")


def run(tmp_path, *notebooks, **environment):
    paths = []
    for number, cells in enumerate(notebooks):
        metadata = {"kernelspec": {"name": "adlab", "display_name": "x", "language": "rust"}}
        paths.append(tmp_path / f"n{number}.ipynb")
        nbformat.write(new_notebook(cells=[new_code_cell(code) for code in cells], metadata=metadata), paths[-1])
    command = [ADLAB, "run", "--output", str(tmp_path / "out"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | environment)
    return done, [nbformat.read(tmp_path / "out" / path.name, as_version=4) for path in paths]


def test_the_runner_understands_the_same(tmp_path):
    cells = ["?f64::sin", ":help", ":opt 3\n1 + 1", "!echo hello", ":env A=b", 'std::env::var("A")?']
    done, (notebook,) = run(tmp_path, cells)
    assert done.returncode == 0, done.stdout
    texts = ["".join(o.get("text", "") or o["data"]["text/plain"] for o in cell.outputs) for cell in notebook.cells]
    assert ":backtrace" in texts[1] and texts[2].endswith("2") and texts[3] == "hello\n" and texts[5] == '"b"'
    done, _ = run(tmp_path, [":quit", "1"])
    assert done.returncode == 1 and "a notebook ends by itself" in done.stdout


def test_a_runner_s_notebooks_begin_afresh_beside_their_files(tmp_path):
    (tmp_path / "data.txt").write_text("beside it")
    first = [":opt 3\n:env MINE=1", "!ls data.txt", 'std::fs::read_to_string("data.txt")?']
    second = [":help", 'assert!(std::env::var("MINE").is_err());']
    done, (notebook, _) = run(tmp_path, first, second)
    assert done.returncode == 0, done.stdout
    assert notebook.cells[1].outputs[0].text == "data.txt\n" and "beside it" in str(notebook.cells[2].outputs)
    # One notebook's level is not the next one's.
    loops = "!test ! -e $ADLAB_SESSION/fixed-level"
    assert run(tmp_path, [":opt 3"], [loops])[0].returncode == 0 and run(tmp_path, [":opt 3", loops])[0].returncode == 1


def test_a_runner_s_notebooks_leave_no_threads_behind(tmp_path):
    # The shell's parent is the runner.
    done, notebooks = run(tmp_path, *[["let x = 1;", "!cat /proc/$PPID/task/*/comm"]] * 5)
    assert done.returncode == 0, done.stdout
    threads = [notebook.cells[1].outputs[0].text.split("\n") for notebook in notebooks]
    # What rust-analyzer drops its memory with is begun whenever it is first needed, and then never again.
    once = [name for name in threads[-1] if "Droppe" in name]
    assert len(once) == len(set(once)), once
    counts = [sum("Droppe" not in name for name in names) for names in threads]
    assert counts[-1] <= counts[0] + 2, counts


def test_a_kernel_that_is_ended_while_it_starts_says_nothing(tmp_path):
    from jupyter_client.connect import write_connection_file

    for delay in (0.02, 0.1, 0.3, 0.6):
        file, _ = write_connection_file(str(tmp_path / f"{delay}.json"))
        kernel = subprocess.Popen([ADLAB, "kernel", "--connection-file", file], stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        kernel.terminate()
        assert kernel.communicate(timeout=20)[1] == ""


def test_a_process_that_ends_before_a_command_is_told_of(fresh_kernel):
    fresh_kernel.run("let gone = 1; std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_millis(300)); std::process::exit(3) });")
    time.sleep(1)
    reply, _ = fresh_kernel.run(":env A=1")
    assert reply["ename"] == "Crash" and "all variables are lost" in reply["evalue"]
    assert "cannot find value `gone`" in refused(fresh_kernel, "gone")
    reply, _ = fresh_kernel.run("\npanic!(\"told\")")
    assert reply["ename"] == "Panic" and "line 2" in "\n".join(reply["traceback"])


@pytest.mark.parametrize("command", [":restart", ":clear"])
def test_an_interrupt_while_everything_begins_anew_is_for_the_cell(kernel, command):
    for delay in (0, 0.01, 0.05, 0.3):
        request = kernel.send(f"{command}\nloop {{}}")
        # An interrupt has a socket of its own, and may overtake it.
        while kernel.client.get_iopub_msg(timeout=60)["parent_header"].get("msg_id") != request:
            pass
        time.sleep(delay)
        kernel.manager.interrupt_kernel()
        assert kernel.reply(request)["ename"] == "Interrupted"
        # It runs no more.
        assert kernel.text("1 + 1") == "2"
