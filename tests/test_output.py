"""What a cell prints, shows and asks: at once, in order, and all of it."""

import json
import re
import subprocess
import time
from pathlib import Path

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


def named_file(note):
    """The text of the file that a note names; the file goes."""
    path = Path(re.search(r"/\S*adlab-output-\w+\.txt", note)[0])
    text = path.read_text()
    path.unlink()
    return text


LINES = "".join(f"line {i}\n" for i in range(200_000))


@pytest.mark.parametrize(
    "code",
    [
        'for i in 0..200_000 { println!("line {i}"); }',
        'for i in 0..200_000 { eprintln!("line {i}"); }',
        'std::thread::spawn(|| for i in 0..200_000 { println!("line {i}"); }).join().unwrap();',
        'std::process::Command::new("sh").args(["-c", "seq -f \'line %.0f\' 0 199999"]).status()?;',
        "!seq -f 'line %.0f' 0 199999",
        "!seq -f 'line %.0f' 0 199999 >&2",
    ],
    ids=["stdout", "stderr", "thread", "program", "shell", "shell-stderr"],
)
def test_of_much_text_the_beginning_and_the_end_are_shown_and_a_file_has_it_all(kernel, code):
    seen = outputs(kernel, code)
    first_note = next(i for i, (kind, _) in enumerate(seen) if kind == "display_data")
    beginning = "".join(text for _, text in seen[:first_note])
    assert 199_000 < len(beginning) <= 200_000 and LINES.startswith(beginning) and beginning.endswith("\n")
    assert seen[first_note][1].startswith("⋯ still printing; output cut here: ")
    (kind, note), (_, end) = seen[-2:]
    assert kind == "update_display_data" and note.startswith("⋯ output cut here: 2.1 MB more (all of it is in /")
    assert LINES.endswith(end) and end.count("\n") == 30
    assert sum(len(text) for _, text in seen) < 260_000 and len(seen) < 100
    assert named_file(note) == LINES


def test_a_long_line_is_cut_and_what_comes_after_it_is_seen(kernel):
    seen = outputs(kernel, 'println!("{}", "∂".repeat(3_000_000)); eprintln!("end"); 7')
    assert seen[-2:] == [("stderr", "end\n"), ("execute_result", "7")]
    assert named_file(seen[-3][1]) == "∂" * 3_000_000 + "\nend\n"


@pytest.mark.parametrize(
    "code, last",
    [
        ('loop { println!("still here"); }', "still here\n"),
        ('loop { println!("{}", "x".repeat(1000)); }', "x\n"),
        ('loop { println!("out"); eprintln!("err"); }', "\n"),
        ('let mut i = 0; loop { print!("\\r{i}"); i += 1; }', ""),
        ("!yes", "y\n"),
        ("!yes >&2", "y\n"),
        ("!yes & sleep 1000", "y\n"),
        ("let mut i = 0; loop { display(&i); i += 1; }", ""),
        ("let shown = display(&0); let mut i = 0; loop { shown.update(&i); i += 1; }", ""),
        ('loop { display(&"x".repeat(1_000_000)); }', ""),
        ('loop { clear_output(true); println!("{}", "x".repeat(1000)); }', ""),
    ],
)
def test_a_flood_without_end_is_bounded_and_can_be_stopped(kernel, code, last):
    process = psutil.Process(kernel.manager.provisioner.process.pid)
    kernel.text("1")
    before = process.memory_info().rss
    # Nobody reads meanwhile.
    request = kernel.send(code)
    peak = 0
    for _ in range(25):
        time.sleep(0.1)
        peak = max(peak, process.memory_info().rss)
    assert peak - before < 100e6, f"{(peak - before) / 1e6:.0f} MB"
    kernel.manager.interrupt_kernel()
    messages = list(kernel.outputs(request))
    reply = kernel.reply(request)
    assert reply["ename"] == "Interrupted", reply
    sizes = [len(json.dumps(m["content"])) for m in messages]
    assert 100 < sum(sizes) < 6e6 and len(sizes) < 3500, (sum(sizes), len(sizes))
    texts = [text for _, text in shown(messages)]
    if last:
        assert texts[-1].endswith(last) and any("output cut here" in text for text in texts)
    if code.startswith("!"):
        # Neither the shell nor what it has started lives on.
        assert not [child for child in process.children(recursive=True) if child.name() in ("sh", "yes", "sleep")]


def test_a_shell_that_is_interrupted_ends_at_once(kernel):
    process = psutil.Process(kernel.manager.provisioner.process.pid)
    names = lambda: [child.name() for child in process.children(recursive=True)]
    request = kernel.send("!sleep 1000 & (trap '' TERM INT; sleep 1000)")
    while names().count("sleep") < 2:
        time.sleep(0.05)
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["ename"] == "Interrupted"
    assert "sleep" not in names() and "sh" not in names()
    assert kernel.text("1 + 1") == "2"


def test_of_many_outputs_the_first_are_shown_and_the_last(kernel):
    seen = outputs(kernel, "for i in 0..2500 { display(&i); }")
    assert [text for _, text in seen[:200]] == [str(i) for i in range(200)]
    assert seen[-2][0] == "update_display_data" and "2300 outputs more" in seen[-2][1]
    assert seen[-1] == ("display_data", "2499") and len(seen) < 250
    assert named_file(seen[-2][1]) == "".join(f"{i}\n" for i in range(2500))
    # What was left out may change, and is the last.
    many = "for i in 0..300 { display(&i); } let last = display(&0); for i in 0..9 { last.update(&i); } display(&last);"
    assert outputs(kernel, many)[-1] == ("display_data", "8")


def test_an_output_that_no_page_bears_is_left_out(kernel):
    html = 'println!("EVCXR_BEGIN_CONTENT text/html\\n{}\\nEVCXR_END_CONTENT", "x".repeat(%d));'
    left_out = "(its form text/html is left out: 30.0 MB are too much for a page)"
    assert outputs(kernel, html % 30_000_000) == [("execute_result", left_out)]
    code = html % 30_000_000 + ' println!("text");'
    assert outputs(kernel, code) == [("display_data", left_out), ("stdout", "text\n")]
    _, messages = kernel.run(html % 1_000_000)
    assert len(messages[-1]["content"]["data"]["text/html"]) == 1_000_000


def test_a_panic_of_many_words_is_cut(kernel):
    for code in ['panic!("{}end", "x".repeat(5_000_000))', "assert_eq!(vec![1; 1_000_000], vec![2; 1_000_000]);"]:
        reply, messages = kernel.run(code)
        assert reply["ename"] == "Panic" and len(json.dumps(reply)) < 100_000 and "left out" in reply["evalue"] + "\n".join(reply["traceback"])


LONG_VALUES = [
    ('"x".repeat(50_000_000)', '"xxx', 'xxx"  (50.0 MB of text)'),
    ("vec![0.5; 1_000_000]", "[0.5, 0.5", "0.5, 0.5]  (1000000 elements)"),
    ("vec![vec![0.5; 300_000]; 2]", "[[0.5, 0.5", "0.5, 0.5]]  (2 elements)"),
    ("&vec![7; 100_000][..]", "[7, 7", "7, 7]  (100000 elements)"),
    ("[7; 100_000]", "[7, 7", "7, 7]  (100000 elements)"),
    ("(0..100_000).map(|i| (i, i)).collect::<std::collections::BTreeMap<_, _>>()", "{0: 0, 1: 1", "99999: 99999}  (100000 entries)"),
    ("(0..100_000).collect::<std::collections::HashSet<_>>()", "{", "}  (100000 entries)"),
    ("Some(vec![1; 100_000])", "Some([1, 1", "1, 1])  (300 kB of text)"),
    ("Tensor::zeros(&[2, 300_000])", "[[0, 0, 0, …, 0, 0, 0], [0", "0]]  (2 × 300000)"),
    ("vec![Tensor::zeros(&[300_000]); 2]", "[[0.0, 0.0", "0.0]]  (2 elements)"),
    ("vec![0_u8; 50_000_000]", "[0, 0", "0, 0]  (50000000 elements)"),
    ("(0..100_000).map(|i| format!(\"line {i}\\n\")).collect::<String>()", '"line 0\\nline 1', 'line 99999\\n"  (1.2 MB of text)'),
]


@pytest.mark.parametrize("code, begin, end", LONG_VALUES)
def test_a_long_value_has_its_ends_and_how_much_it_is(kernel, code, begin, end):
    for kind, cell in (("execute_result", code), ("display_data", f"display(&{code});")):
        reply, messages = kernel.run(cell)
        assert reply["status"] == "ok", reply
        seen = list(shown(messages))
        assert len(seen) == 1 and seen[0][0] == kind and len(json.dumps(messages[-1]["content"])) < 20_000
        assert seen[0][1].startswith(begin) and "…" in seen[0][1] and seen[0][1].endswith(end), seen[0][1]


def test_a_display_can_change(kernel):
    code = 'let live = display(&0); for i in 1..=3 { std::thread::sleep(std::time::Duration::from_millis(150)); live.update(&i); }'
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
    pause = "std::thread::sleep(std::time::Duration::from_millis(150));"
    code = f'print!("a"); {pause} clear_output(true); print!("b"); {pause} clear_output(false);'
    assert outputs(kernel, code) == [("stdout", "a"), ("clear_output", True), ("stdout", "b"), ("clear_output", False)]
    # What would be gone within a moment is not shown, and what is shown last is.
    code = 'for i in 0..10_000 { clear_output(true); println!("step {i}"); display(&i); }'
    steps = outputs(kernel, code)
    assert steps[-3:] == [("clear_output", True), ("stdout", "step 9999\n"), ("display_data", "9999")] and len(steps) < 100


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
    ('print!("{}", "x".repeat(190_000)); clear_output(false); print!("{}", "y".repeat(190_000));', ["y" * 190_000]),
]


def run_notebook(tmp_path, cells, *options):
    """The outputs of each cell as `adlab run` writes them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    nbformat.write(notebook, tmp_path / "live.ipynb")
    run = subprocess.run([ADLAB, "run", *options, "--output", tmp_path / "out", tmp_path / "live.ipynb"], capture_output=True, text=True)
    return run, nbformat.read(tmp_path / "out" / "live.ipynb", as_version=4)


def test_adlab_run_keeps_the_last_state(tmp_path):
    run, notebook = run_notebook(tmp_path, [code for code, _ in CELLS])
    assert run.returncode == 0, run.stdout + run.stderr
    for cell, (_, expected) in zip(notebook.cells, CELLS):
        assert [o["text"] if "text" in o else o["data"]["text/plain"] for o in cell.outputs] == expected
    nbformat.validate(notebook)


def test_adlab_run_makes_no_big_notebooks(tmp_path):
    flood = 'for i in 0..1_000_000 { println!("line {i}"); }'
    cells = [flood, "!yes | head -c 50000000", "for i in 0..3000 { display(&i); }", 'loop { println!("more"); }']
    run, notebook = run_notebook(tmp_path, [code for code, *_ in LONG_VALUES[:4]] + cells, "--timeout", "8")
    assert run.returncode == 1 and "longer than 8 s" in run.stdout
    assert (tmp_path / "out" / "live.ipynb").stat().st_size < 3_000_000
    nbformat.validate(notebook)
    texts = lambda cell: [o["text"] if "text" in o else o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    lines, shell, many, endless = map(texts, notebook.cells[-4:])
    assert lines[-1].endswith("line 999999\n") and named_file(lines[1]).count("\n") == 1_000_000
    assert shell[-1].endswith("y\ny\n") and len(named_file(shell[1])) == 50_000_000
    assert many[-1] == "2999" and "2800 outputs more" in many[-2]
    assert endless[-2].endswith("more\nmore\n") and "output cut here" in endless[1]


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
