"""The kernel over Jupyter's protocol: it tells the truth, in the student's own terms, and loses nothing."""

import os
import re
import shutil
import subprocess
import time

import pytest
from conftest import Session, notes


def kinds(messages):
    return [m["msg_type"] for m in messages]


def the_error(kernel, code):
    """A cell that fails says so once, and in its reply."""
    reply, messages = kernel.run(code)
    errors = [m["content"] for m in messages if m["msg_type"] == "error"]
    assert reply["status"] == "error", (reply, messages)
    assert len(errors) == 1, messages
    for field in ("ename", "evalue", "traceback"):
        assert errors[0][field] == reply[field]
    assert "\n" not in errors[0]["evalue"]
    return errors[0]["ename"], errors[0]["evalue"], "\n".join(errors[0]["traceback"])


def test_counts_start_at_one(fresh_kernel):
    reply, messages = fresh_kernel.run("1 + 1")
    assert reply["execution_count"] == 1
    result = next(m["content"] for m in messages if m["msg_type"] == "execute_result")
    assert result["execution_count"] == 1 and result["data"]["text/plain"] == "2"
    assert fresh_kernel.run("3")[0]["execution_count"] == 2
    assert fresh_kernel.run("4", silent=True)[1] == []
    assert fresh_kernel.run("5")[0]["execution_count"] == 3


def test_a_first_cell_needs_no_import(kernel):
    assert kernel.text("let a = Dual::variable(0.5); a * 4.2 + a.sin()") == "2.5794 + 5.0776ε"


def test_a_failed_assertion_is_an_error(kernel):
    ename, evalue, trace = the_error(kernel, "let four = 4;\nassert_eq!(2 + 3, four, \"count again\");")
    assert ename == "Panic" and "count again" in evalue
    assert "left: 5" in trace and "right: 4" in trace and "line 2" in trace
    assert "evcxr" not in trace and "lib.rs" not in trace


def test_a_panic_in_an_earlier_cell_names_that_cell(kernel):
    reply, _ = kernel.run("fn third(x: &[i32]) -> i32 {\n    x[2]\n}")
    _, evalue, trace = the_error(kernel, "third(&[1]);")
    assert "index out of bounds" in evalue
    assert f"cell [{reply['execution_count']}]" in trace and "x[2]" in trace


@pytest.mark.parametrize(
    "code, start",
    [
        ("let v = vec![1];\n  let w = v[0] + v[8];", "[8]"),
        ("let n: Option<i32> = None;\nlet ε = 2; let m = n.unwrap();", "unwrap"),
        ("struct D; impl D { fn f(&self) { panic!() } }\nD.f()", "panic"),
        ("[1, 2].iter().map(|x| 6 / (x - 1)).sum::<i32>()", "6 /"),
    ],
)
def test_a_panic_shows_its_place(kernel, code, start):
    _, _, trace = the_error(kernel, code)
    line, caret = re.sub(r"\x1b\[[\d;]*m", "", trace).splitlines()[-2:]
    assert line.index(start) == caret.index("^"), trace


def test_a_question_mark_on_an_err_is_an_error(kernel):
    ename, evalue, _ = the_error(kernel, 'let n: i32 = "abc".parse()?;')
    assert ename == "Err" and evalue == "invalid digit found in string"
    code = 'eprintln!("{}", "a warning"); Err::<(), String>("first line\\nsecond line".into())?;'
    _, messages = kernel.run(code)
    printed = [m["content"]["text"] for m in messages if m["msg_type"] == "stream"]
    error = next(m["content"] for m in messages if m["msg_type"] == "error")
    assert printed == ["a warning\n"]
    assert error["evalue"] == "first line" and "second line" in error["traceback"]


def test_a_compile_error_shows_the_student_s_line(kernel):
    ename, evalue, trace = the_error(kernel, "let fine = 1;\nlet n: i32 = \"text\";")
    assert ename == "CompileError" and evalue == "mismatched types"
    assert "E0308" in trace and "this cell:2:14" in trace.replace("\x1b[0m", "")


def test_after_a_fault_every_variable_is_as_before(kernel):
    kernel.run("let mut n = 1; let names = vec![String::from(\"a\")];")
    faults = {
        "n += 3; panic!(\"half way\");": "Panic",
        "drop(names); std::process::exit(3);": "Crash",
        "n += 1; unsafe { *(8 as *mut i32) = 1; }": "Crash",
        "std::process::abort();": "Crash",
        "fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + deep(n + 1) } } n += 1; deep(0)": "Crash",
    }
    for code, expected in faults.items():
        assert the_error(kernel, code)[0] == expected, code
        assert kernel.text('println!("{n} {names:?}");') == '1 ["a"]\n', code


def test_all_output_comes_before_idle(kernel):
    _, messages = kernel.run('println!("out"); eprintln!("err"); print!("no end of line");')
    streams = {"stdout": "", "stderr": ""}
    for m in messages:
        if m["msg_type"] == "stream":
            streams[m["content"]["name"]] += m["content"]["text"]
    assert streams == {"stdout": "out\nno end of line", "stderr": "err\n"}
    assert kernel.text('println!("next"); 7') == "next\n7"


def test_several_figures_in_a_cell_all_show_in_order(kernel):
    code = 'plot(|x| x.sin(), 0.0..1.0).show(); println!("between"); display(&Dual::new(1.0, 2.0)); plot(|x| x.cos(), 0.0..1.0)'
    _, messages = kernel.run(code)
    shown = [m for m in messages if m["msg_type"] != "execute_input"]
    assert kinds(shown) == ["display_data", "stream", "display_data", "execute_result"]
    for figure in (shown[0], shown[3]):
        assert {"image/svg+xml", "image/png", "text/plain"} <= set(figure["content"]["data"])


def test_an_impl_in_a_cell_of_its_own_can_be_corrected(kernel):
    kernel.run("#[derive(Debug, Clone, Copy)] struct P(f64);")
    wrong = "impl std::ops::Add for P { type Output = P; fn add(self, o: P) -> P { todo!() } }"
    right = "impl std::ops::Add for P { type Output = P; fn add(self, o: P) -> P { P(self.0 + o.0) } }"
    for _ in range(2):
        assert kernel.run(wrong)[0]["status"] == "ok"
        assert the_error(kernel, "P(1.0) + P(2.0)")[1] == "not yet implemented"
        assert kernel.run(right)[0]["status"] == "ok"
        assert kernel.text("P(1.0) + P(2.0)") == "P(3.0)"
    kernel.run("impl P { fn twice(self) -> P { P(0.0) } }")
    kernel.run("impl P { fn twice(self) -> P { self + self } }")
    assert kernel.text("P(1.5).twice()") == "P(3.0)"


def test_an_interrupt_stops_the_cell_and_keeps_the_variables(kernel):
    kernel.run("let kept = 42;")
    request = kernel.client.execute("loop { std::hint::black_box(1); }")
    time.sleep(1.5)
    started = time.time()
    kernel.manager.interrupt_kernel()
    reply = kernel.reply(request)
    assert reply["status"] == "error" and reply["ename"] == "Interrupted"
    assert time.time() - started < 2
    assert kernel.text("kept") == "42"


def test_cells_behind_an_error_are_aborted(kernel):
    requests = [kernel.client.execute(code) for code in ("1", 'panic!("stop")', "2", "3")]
    assert [kernel.reply(r)["status"] for r in requests] == ["ok", "error", "aborted", "aborted"]
    assert kernel.text("4") == "4"


def test_complete_inspect_is_complete_history_comm_info(kernel):
    kernel.run("let angle = 0.5;")
    reply = kernel.reply(kernel.client.complete("// ε\nangle.si", 13))
    assert "sin()" in reply["matches"] and (reply["cursor_start"], reply["cursor_end"]) == (11, 13)
    reply = kernel.reply(kernel.client.complete("Dual::var", 9))
    assert any(match.startswith("variable") for match in reply["matches"])
    reply = kernel.reply(kernel.client.inspect("angle.sin()", 8))
    assert reply["found"] and "sine" in reply["data"]["text/plain"]
    assert kernel.reply(kernel.client.is_complete("fn f() {"))["status"] == "incomplete"
    assert kernel.reply(kernel.client.is_complete("let x = 1;"))["status"] == "complete"
    kernel.run("let marked = \"here\";")
    history = kernel.reply(kernel.client.history(hist_access_type="tail", n=1))["history"]
    assert history[0][2] == "let marked = \"here\";"
    assert kernel.reply(kernel.client.comm_info())["comms"] == {}


def test_restart_begins_anew_and_shutdown_leaves_nothing(fresh_kernel):
    fresh_kernel.run("let gone = 1;")
    fresh_kernel.manager.restart_kernel()
    fresh_kernel.client.wait_for_ready(timeout=60)
    ename, evalue, _ = the_error(fresh_kernel, "gone")
    assert ename == "CompileError" and "gone" in evalue
    assert fresh_kernel.run("2")[0]["execution_count"] == 2
    pid = fresh_kernel.manager.provisioner.process.pid
    fresh_kernel.manager.shutdown_kernel()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_cell_may_ask_for_a_library_of_the_system(tmp_path):
    """The linker that comes with Rust knows no such folders; the C compiler does."""
    (tmp_path / "probe.c").write_text("int adlab_probe(void) { return 42; }")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "libadlabprobe.so", "probe.c"], cwd=tmp_path, check=True)
    session = Session(LIBRARY_PATH=str(tmp_path), LD_LIBRARY_PATH=str(tmp_path))
    try:
        asks = '#[cfg_attr(unix, link (name = "adlabprobe"))] unsafe extern "C" { safe fn adlab_probe() -> i32; }'
        assert session.text(f"{asks}\nadlab_probe()") == "42"
        assert session.text("adlab_probe() + 1") == "43"
    finally:
        session.close()


def test_errors_of_evcxr_are_errors_too(kernel):
    ename, _, _ = the_error(kernel, ":no_such_command")
    assert ename == "CompileError"
    kernel.run('let text = "a text slice must not get in the way";')
    ename, evalue, trace = the_error(kernel, "let f = |x: f64| x * 2.0;")
    assert ename == "CompileError" and "closure" in evalue and "fn f" in trace


def test_types_of_crates_that_were_added_are_found(fresh_kernel, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "made"\nversion = "0.1.0"\nedition = "2024"\n')
    (tmp_path / "src/lib.rs").write_text("pub struct Made(pub i32);\npub fn make() -> Made {\n    Made(7)\n}\n")
    assert fresh_kernel.run(f':dep made = {{ path = "{tmp_path}" }}', timeout=120)[0]["status"] == "ok"
    reply, messages = fresh_kernel.run("let one = made::make();", timeout=120)
    assert reply["status"] == "ok" and notes(messages) == "", reply
    assert fresh_kernel.text("one.0") == "7"
