"""The protocol's finer points: several front ends, silent cells, user expressions, comms, history, is_complete."""

import signal
import subprocess
import sys
import time

import pytest
from frames import Frames, published
from jupyter_client import BlockingKernelClient


@pytest.fixture
def second(kernel):
    """Another front end of the same kernel, with a session of its own."""
    client = BlockingKernelClient()
    client.load_connection_info(kernel.manager.get_connection_info(session=False))
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield client
    client.stop_channels()


def idle_requests(client, count):
    """The requests of which this front end sees the end, and what they print."""
    ended, printed = [], []
    deadline = time.time() + 60
    while len(ended) < count and time.time() < deadline:
        message = client.get_iopub_msg(timeout=60)
        if message["content"].get("execution_state") == "idle":
            ended.append(message["parent_header"]["msg_id"])
        elif message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
    return ended, "".join(printed).splitlines()


def test_two_front_ends_share_a_kernel(kernel, second):
    first = kernel.client
    assert first.session.session != second.session.session
    # What was asked before is not to be counted, and the second client hears of it in its own time.
    shared = kernel.send("let shared = 42;")
    kernel.reply(shared)
    for client in (first, second):
        while shared not in idle_requests(client, 1)[0]:
            pass
    requests = {first: [], second: []}
    for i in range(3):
        for name, client in (("first", first), ("second", second)):
            requests[client].append(client.execute(f'println!("{name} {i} {{shared}}");'))
    for client, own in requests.items():
        replies = [client.get_shell_msg(timeout=60) for _ in own]
        assert [r["parent_header"]["msg_id"] for r in replies] == own
        assert {r["content"]["status"] for r in replies} == {"ok"}
        assert {r["parent_header"]["session"] for r in replies} == {client.session.session}
    everything = {f"{name} {i} 42" for name in ("first", "second") for i in range(3)}
    for client in (first, second):
        ended, printed = idle_requests(client, 6)
        assert set(ended) == {*requests[first], *requests[second]}
        assert len(printed) == 6 and set(printed) == everything
        assert not client.shell_channel.msg_ready()


def test_a_front_end_that_takes_nothing_holds_up_nobody(fresh_kernel):
    kernel = fresh_kernel
    listener = subprocess.Popen([sys.executable, "-c", LISTEN, kernel.manager.connection_file], stdout=subprocess.PIPE)
    listener.stdout.readline()
    listener.send_signal(signal.SIGSTOP)
    try:
        # More than lies in all buffers on the way.
        request = kernel.send('display(&"x".repeat(30_000_000)); loop { println!("more"); }')
        time.sleep(2)
        start = time.time()
        kernel.manager.interrupt_kernel()
        assert kernel.reply(request)["ename"] == "Interrupted" and time.time() - start < 0.5
        # Until its connection is cut, the others wait; then they get what comes.
        assert kernel.text("1 + 1", timeout=30) == "2"
    finally:
        listener.kill()
        listener.wait()


LISTEN = """
import sys
from jupyter_client import BlockingKernelClient
client = BlockingKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
client.wait_for_ready(timeout=60)
print("ready", flush=True)
while True:
    client.get_iopub_msg()
"""


def test_a_comm_without_a_target_is_closed(kernel):
    with Frames(kernel) as frames:
        opened = frames.message("comm_open", {"comm_id": "c-1", "target_name": "nobody", "data": {}})
        frames.send(opened)
        seen = published(kernel, frames.id(opened))
    closed = [m["content"]["comm_id"] for m in seen if m["msg_type"] == "comm_close"]
    assert closed == ["c-1"]
    assert kernel.reply(kernel.client.comm_info())["comms"] == {}


def test_a_silent_cell_shows_nothing_and_does_not_count(kernel):
    count = kernel.run("1")[0]["execution_count"]
    reply, messages = kernel.run('let quiet = 7; println!("nobody sees it"); quiet', silent=True)
    assert reply["status"] == "ok" and messages == []
    assert kernel.run('panic!("nor this");', silent=True)[1] == []
    reply, messages = kernel.run("quiet", store_history=False)
    assert reply["execution_count"] == count
    assert [m["content"]["data"]["text/plain"] for m in messages if m["msg_type"] == "execute_result"] == ["7"]
    assert kernel.run("2")[0]["execution_count"] == count + 1
    history = kernel.reply(kernel.client.history(hist_access_type="tail", n=2))["history"]
    assert [code for _, _, code in history] == ["1", "2"]


def test_user_expressions_are_evaluated_after_the_cell(kernel):
    asked = {"a": "x + 1", "b": "no_such"}
    reply, messages = kernel.run("let x = 41;", user_expressions=asked)
    assert reply["status"] == "ok"
    good, bad = reply["user_expressions"]["a"], reply["user_expressions"]["b"]
    assert good["status"] == "ok" and good["data"]["text/plain"] == "42" and good["metadata"] == {}
    assert bad["status"] == "error" and bad["ename"] == "CompileError"
    assert "no_such" in bad["evalue"] and isinstance(bad["traceback"], list)
    # They are no cells: they show nothing, and don't count.
    assert [m["msg_type"] for m in messages] == ["execute_input"]
    assert kernel.run("x")[0]["execution_count"] == reply["execution_count"] + 1


def test_user_expressions_of_a_cell_that_fails_are_not_evaluated(kernel):
    reply, _ = kernel.run('panic!("stop");', user_expressions={"a": "1"})
    assert reply["status"] == "error" and not reply.get("user_expressions")


def test_history_by_tail_range_and_search(fresh_kernel):
    cells = ["let a = 1;", "a + 1", "let a = 1;", "let b = a;"]
    for code in cells:
        fresh_kernel.run(code)

    def ask(**options):
        reply = fresh_kernel.reply(fresh_kernel.client.history(**options))
        assert reply["status"] == "ok"
        return [entry[1:] for entry in reply["history"]]

    assert ask(hist_access_type="tail", n=2) == [[3, cells[2]], [4, cells[3]]]
    assert ask(hist_access_type="tail", n=3, output=True)[0] == [2, ["a + 1", "2"]]
    assert ask(hist_access_type="range", session=0, start=2, stop=4) == [[2, cells[1]], [3, cells[2]]]
    assert ask(hist_access_type="range", session=99, start=1, stop=9) == []
    assert ask(hist_access_type="search", pattern="let*", n=9) == [[1, cells[0]], [3, cells[2]], [4, cells[3]]]
    assert ask(hist_access_type="search", pattern="let*", n=9, unique=True) == [[3, cells[2]], [4, cells[3]]]
    assert ask(hist_access_type="search", pattern="let a*", n=1) == [[3, cells[2]]]
    assert ask(hist_access_type="search", pattern="nothing", n=9) == []


@pytest.mark.parametrize(
    "code, expected",
    [
        ("let x = 1;", {"status": "complete"}),
        ("fn f() {", {"status": "incomplete", "indent": "    "}),
        ("fn f() {\n    if true {", {"status": "incomplete", "indent": "        "}),
        ("let = 3;", {"status": "invalid"}),
        ("fn f( }", {"status": "invalid"}),
        pytest.param("(" * 100_000, {"status": "invalid"}, id="deep"),
    ],
)
def test_is_complete(kernel, code, expected):
    reply = kernel.reply(kernel.client.is_complete(code))
    assert {name: reply.get(name) for name in expected} == expected
