"""What a cell prints, shows and asks: at once, in order, and all of it."""

import subprocess
import time

import nbformat
import psutil
import pytest
from conftest import ADLAB
from test_faults import wait_until_it_runs


@pytest.fixture(scope="module")
def kernel(started):
    return started()


def shown(messages):
    """(kind, content) of each output."""
    for m in messages:
        kind, content = m["msg_type"], m["content"]
        if kind == "stream":
            yield content["name"], content["text"]
        elif kind in ("display_data", "update_display_data", "execute_result"):
            yield kind, content["data"]["text/plain"]
        elif kind == "clear_output":
            yield kind, content["wait"]


def outputs(kernel, code, **options):
    reply, messages = kernel.run(code, **options)
    assert reply["status"] == "ok", reply
    return list(shown(messages))


def test_stdout_and_stderr_keep_their_order(kernel):
    code = 'for i in 0..50 { println!("out {i}"); eprintln!("err {i}"); print!("part {i}"); eprint!("e"); }'
    pieces = lambda i: [("stdout", f"out {i}\n"), ("stderr", f"err {i}\n"), ("stdout", f"part {i}"), ("stderr", "e")]
    assert outputs(kernel, code) == [piece for i in range(50) for piece in pieces(i)]
    code = 'println!("a"); display(&1); eprintln!("b"); display(&2); print!("c"); 3'
    expected = [("stdout", "a\n"), ("display_data", "1"), ("stderr", "b\n"), ("display_data", "2"), ("stdout", "c")]
    assert outputs(kernel, code) == [*expected, ("execute_result", "3")]


def test_parts_of_lines_come_within_50_ms(kernel):
    """Each piece tells when it was printed, by the clock that this test reads as well."""
    stamp = "std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64()"
    pause = "std::thread::sleep(std::time::Duration::from_millis(150));"
    pieces = [
        f'print!("{{}} ", {stamp});',
        f'print!("\\r{{}} ", {stamp});',
        f'print!("{{}} ", {stamp}); std::io::Write::flush(&mut std::io::stdout())?;',
        f'eprint!("{{}} ", {stamp});',
    ]
    kernel.run("1")
    late = []
    for message in kernel.outputs(kernel.send(pause.join([""] + pieces * 3 + [""]))):
        if message["msg_type"] == "stream":
            late.append(time.time() - float(message["content"]["text"]))
    # A busy machine is late now and then.
    assert len(late) == 12 and sorted(late)[9] < 0.05, late


def test_a_flush_after_a_part_of_a_line_does_not_hang(kernel):
    assert outputs(kernel, 'use std::io::Write; print!("abc"); std::io::stdout().flush()?;') == [("stdout", "abc")]


def test_other_bytes_than_utf8(kernel):
    code = 'std::io::Write::write_all(&mut std::io::stdout(), b"ok \\xff\\xfe \\xce")?; println!("\\u{b1}");'
    assert outputs(kernel, code) == [("stdout", "ok \ufffd\ufffd \ufffd±\n")]
    cut = 'for byte in "∂ε😀".bytes() { std::io::Write::write_all(&mut std::io::stderr(), &[byte])?; }'
    assert outputs(kernel, cut) == [("stderr", "∂ε😀")]


def test_what_other_programs_print(kernel):
    code = 'std::process::Command::new("sh").args(["-c", "echo out; echo err >&2"]).status()?; println!("after");'
    streams = {"stdout": "", "stderr": ""}
    for name, text in outputs(kernel, code):
        streams[name] += text
    assert sorted(streams["stdout"].split()) == ["after", "out"] and streams["stderr"] == "err\n"


def test_a_flood_is_whole_and_comes_in_few_messages(kernel):
    reply, messages = kernel.run('for i in 0..200_000 { println!("line {i}"); }')
    text = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
    assert text == "".join(f"line {i}\n" for i in range(200_000))
    assert len(messages) < 500
    big = outputs(kernel, 'println!("{}", "z".repeat(3_000_000)); eprintln!("end");')
    assert "".join(text for name, text in big if name == "stdout") == "z" * 3_000_000 + "\n"
    assert big[-1] == ("stderr", "end\n")


def test_a_flood_without_end_takes_no_memory_and_can_be_stopped(kernel):
    process = psutil.Process(kernel.manager.provisioner.process.pid)
    kernel.text("1")
    before = process.memory_info().rss
    # Nobody reads meanwhile.
    request = kernel.send('loop { println!("{}", "x".repeat(1000)); }')
    peak = 0
    for _ in range(30):
        time.sleep(0.1)
        peak = max(peak, process.memory_info().rss)
    assert peak - before < 100e6, f"{(peak - before) / 1e6:.0f} MB"
    kernel.manager.interrupt_kernel()
    sizes = [len(m["content"]["text"]) for m in kernel.outputs(request) if m["msg_type"] == "stream"]
    assert kernel.reply(request)["ename"] == "Interrupted" and sum(sizes) > 1e6


def test_not_more_messages_than_a_server_takes(kernel):
    request = kernel.send("for i in 0..2500 { display(&i); }")
    times = [(time.time(), m["content"]["data"]["text/plain"]) for m in kernel.outputs(request) if m["msg_type"] == "display_data"]
    assert [text for _, text in times] == [str(i) for i in range(2500)]
    assert times[-1][0] - times[0][0] > 2.4, "at most 1000 a second"


def test_a_display_can_change(kernel):
    code = 'let live = display(&0); for i in 1..=3 { std::thread::sleep(std::time::Duration::from_millis(60)); live.update(&i); }'
    reply, messages = kernel.run(code)
    updates = [("update_display_data", str(i)) for i in (1, 2, 3)]
    assert list(shown(messages)) == [("display_data", "0"), *updates]
    ids = {m["content"]["transient"]["display_id"] for m in messages if "display_data" in m["msg_type"]}
    assert len(ids) == 1
    # From another cell too; and the handle itself is not shown.
    assert outputs(kernel, 'live.update(&plot(|x| x * x, -1.0..1.0)); live')[0][1].startswith("Plot of")
    # Of many updates within a moment, the last one comes.
    many = outputs(kernel, "for i in 0..=100_000 { live.update(&i); }")
    assert many[-1] == ("update_display_data", "100000") and len(many) < 200


def test_output_can_be_cleared(kernel):
    assert outputs(kernel, 'print!("a"); clear_output(true); print!("b"); clear_output(false);') == [
        ("stdout", "a"),
        ("clear_output", True),
        ("stdout", "b"),
        ("clear_output", False),
    ]


def test_a_loop_shows_its_progress(kernel):
    code = "let mut sum = 0; for i in progress(0..40) { std::thread::sleep(std::time::Duration::from_millis(10)); sum += i; } sum"
    bar = outputs(kernel, code)
    assert bar[0][0] == "display_data" and " 0/40, " in bar[0][1]
    assert all(kind == "update_display_data" for kind, _ in bar[1:-1]) and 2 <= len(bar) - 2 <= 6
    assert bar[-2][1].startswith("████████████████████ 40/40, ") and bar[-1] == ("execute_result", "780")


def test_a_cell_can_ask(kernel):
    def answers(code, *texts):
        request = kernel.send(code, allow_stdin=True)
        prompts = []
        for text in texts:
            question = kernel.client.get_stdin_msg(timeout=30)
            prompts.append((question["content"]["prompt"], question["content"]["password"]))
            kernel.client.input(text)
        values = [text for kind, text in shown(kernel.outputs(request)) if kind == "execute_result"]
        assert kernel.reply(request)["status"] == "ok"
        return prompts, values

    assert answers('let name = input("Your name? "); name', "Ada ∂") == ([("Your name? ", False)], ['"Ada ∂"'])
    assert answers('(input("a"), input(""))', "1", "") == ([("a", False), ("", False)], ['("1", "")'])
    # As the Rust book does it.
    code = "let mut line = String::new(); let length = std::io::stdin().read_line(&mut line)?; (length, line)"
    assert answers(code, "42") == ([("", False)], ['(3, "42\\n")'])
    long = "x" * 100_000
    assert answers('input("long ").len()', long) == ([("long ", False)], ["100000"])


def test_a_busy_cell_is_not_asked_twice(kernel):
    """A machine that is slow to read an answer is no cell that wants another."""
    code = """
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        std::thread::sleep(std::time::Duration::from_millis(300));
        line"""
    request = kernel.send(code, allow_stdin=True)
    kernel.client.get_stdin_msg(timeout=30)
    process = wait_until_it_runs(kernel)
    process.suspend()
    kernel.client.input("once")
    time.sleep(0.12)
    process.resume()
    assert [text for kind, text in shown(kernel.outputs(request)) if kind == "execute_result"] == ['"once\\n"']
    assert kernel.reply(request)["status"] == "ok" and not kernel.client.stdin_channel.msg_ready()


def test_a_front_end_that_can_not_ask(kernel):
    reply, _ = kernel.run('input("Your name? ")')
    assert reply["ename"] == "Panic" and "nobody is there to answer" in reply["evalue"]
    assert "this cell" in "\n".join(reply["traceback"])
    code = "let mut line = String::new(); let length = std::io::stdin().read_line(&mut line)?; (length, line)"
    assert outputs(kernel, code) == [("execute_result", '(0, "")')]


def test_a_backtrace_comes_on_request_only(kernel):
    def trace():
        reply, messages = kernel.run("fn unlucky() { panic!(\"why\"); }\nunlucky();")
        assert reply["ename"] == "Panic" and "line 1" in "\n".join(reply["traceback"])
        return "".join(text for _, text in shown(messages))

    assert trace() == ""
    kernel.run(":backtrace")
    assert "run_user_code" in trace()
    kernel.run(":backtrace off")
    assert trace() == ""


CELLS = [
    ('let shown = display(&1); shown.update(&2); println!("text");', ["2", "text\n"]),
    ("for _ in progress(0..3) {}", ["████████████████████ 3/3, 0.0 s"]),
    ('println!("old"); clear_output(true); println!("new");', ["new\n"]),
    ('let later = display(&1);', ["3"]),
    ('later.update(&2); println!("here"); later.update(&3);', ["here\n"]),
    ('print!("{}", "x".repeat(9_000_000)); clear_output(false); print!("{}", "y".repeat(9_000_000));', ["y" * 9_000_000]),
]


def run_notebook(tmp_path, cells):
    """The outputs of each cell as `adlab run` writes them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    nbformat.write(notebook, tmp_path / "live.ipynb")
    run = subprocess.run([ADLAB, "run", "--output", tmp_path / "out", tmp_path / "live.ipynb"], capture_output=True, text=True)
    return run, nbformat.read(tmp_path / "out" / "live.ipynb", as_version=4)


def test_adlab_run_keeps_the_last_state(tmp_path):
    run, notebook = run_notebook(tmp_path, [code for code, _ in CELLS])
    assert run.returncode == 0, run.stdout + run.stderr
    for cell, (_, expected) in zip(notebook.cells, CELLS):
        assert [o["text"] if "text" in o else o["data"]["text/plain"] for o in cell.outputs] == expected
    nbformat.validate(notebook)


def test_adlab_run_has_nobody_to_ask(tmp_path):
    run, notebook = run_notebook(tmp_path, ['let name = input("Your name? ");'])
    assert run.returncode == 1 and "nobody is there to answer" in run.stdout + run.stderr


@pytest.fixture(scope="module")
def stock(started):
    return started(kernel="stock")


def test_under_the_stock_kernel_all_becomes_plain(stock):
    """It knows one output a cell, and lines; the last of which it may send when the cell is over."""
    pause = "std::thread::sleep(std::time::Duration::from_millis(200));"
    assert outputs(stock, "let shown = display(&1); shown.update(&2);") == [("execute_result", "2")]
    assert outputs(stock, f"for _ in progress(0..3) {{}} {pause}") == [("stdout", "3/3, 0.0 s\n")]
    assert outputs(stock, 'println!("old"); clear_output(true); println!("new");' + pause) == [
        ("stdout", "old\n"),
        ("stdout", "new\n"),
    ]
