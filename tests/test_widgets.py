"""Pictures with controls: the comm messages of Jupyter's widgets, protocol 2.1, as a front end sees them."""

import base64
import json
import re
import subprocess
import time

import nbformat
import pytest
from conftest import ADLAB, Session
from nbclient import NotebookClient

VIEW = "application/vnd.jupyter.widget-view+json"
SLIDER = "interact(slider(\"x\", -3.0..3.0), |x| plot(|x| x * x.sin(), -3.0..3.0).tangent(x))"


class FrontEnd:
    """A page: it keeps the models, as widget managers do, and all messages."""

    def __init__(self, session):
        self.session = session
        self.models, self.messages = {}, []

    def run(self, code, cell=None, **options):
        """The reply, and the messages of the cell."""
        request = self.session.send(code, cell=cell, allow_stdin=True, **options)
        messages = [self.take(m) for m in self.session.outputs(request)]
        return self.session.reply(request), messages

    def post(self, kind, content):
        message = self.session.client.session.msg(kind, content)
        self.session.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def say(self, kind, content):
        """What comes of a message, until it is idle."""
        return [self.take(m) for m in self.session.outputs(self.post(kind, content))]

    def drain(self, request):
        """All that comes until a request is idle, whatever it belongs to."""
        messages = []
        while True:
            message = self.session.client.get_iopub_msg(timeout=60)
            if message["msg_type"] != "status":
                messages.append(self.take(message))
            elif message["parent_header"].get("msg_id") == request and message["content"]["execution_state"] == "idle":
                return messages

    def comm(self, model, **data):
        return self.say("comm_msg", {"comm_id": model, "data": data})

    def set(self, model, **state):
        return self.comm(model, method="update", state=state, buffer_paths=[])

    def take(self, message):
        self.messages.append(message)
        content = message["content"]
        if message["msg_type"] == "comm_open":
            assert content["target_name"] == "jupyter.widget"
            assert message["metadata"]["version"].split(".")[0] == "2"
            assert content["comm_id"] not in self.models
            self.models[content["comm_id"]] = dict(content["data"]["state"])
            assert content["data"]["buffer_paths"] == []
        elif message["msg_type"] == "comm_msg" and content["data"]["method"] in ("update", "echo_update"):
            self.models[content["comm_id"]] |= content["data"]["state"]
        elif message["msg_type"] == "comm_close":
            del self.models[content["comm_id"]]
        return message

    def all(self, name):
        """The models of this kind, in order."""
        return [id for id, state in self.models.items() if state["_model_name"] == name]

    def one(self, name):
        [id] = self.all(name)
        return id

    @property
    def page(self):
        return self.models[self.one("HTMLModel")]["value"]


@pytest.fixture(scope="module")
def kernel():
    session = Session()
    yield session
    session.close()


@pytest.fixture
def front(kernel):
    """Each test has a page of its own, and leaves no widget behind."""
    front = FrontEnd(kernel)
    yield front
    front.run("()", cell="the cell")
    assert front.models == {}


def methods(messages):
    return [(m["content"]["comm_id"], m["content"]["data"]["method"]) for m in messages if m["msg_type"] == "comm_msg"]


def kinds(messages):
    return [m["msg_type"] for m in messages]


def test_a_slider_moves_the_picture(front):
    reply, messages = front.run(SLIDER, cell="the cell")
    assert reply["status"] == "ok", reply
    # Models come before the view of them, and each after those it refers to.
    assert kinds(messages) == ["execute_input"] + ["comm_open"] * 7 + ["display_data"]
    known = set()
    for message in messages[1:-1]:
        state = message["content"]["data"]["state"]
        assert set(re.findall(r"IPY_MODEL_([^'\"]+)", str(state))) <= known
        known.add(message["content"]["comm_id"])
        assert state["_model_module_version"] == state["_view_module_version"] == "2.0.0"
    [display] = [m["content"]["data"] for m in messages if m["msg_type"] == "display_data"]
    assert display[VIEW] == {"version_major": 2, "version_minor": 0, "model_id": front.one("VBoxModel")}
    assert display["image/svg+xml"].startswith("<svg") and display["image/png"].startswith("iVBOR")
    assert "The tangent at x = 0" in display["text/plain"]
    assert "x = 0, a slider from -3 to 3. In Jupyter, it moves the picture." in display["text/plain"]

    slider = front.one("FloatSliderModel")
    state = front.models[slider]
    assert [state[name] for name in ("description", "min", "max", "step", "value")] == ["x", -3.0, 3.0, 0.05, 0.0]
    assert display["image/svg+xml"] in front.page

    answer = front.set(slider, value=1.5)
    assert methods(answer) == [(slider, "echo_update"), (front.one("HTMLModel"), "update")]
    assert "The tangent at x = 1.5 has the slope" in front.page and "x = 0 " not in front.page
    box = front.models[front.one("VBoxModel")]
    assert box["children"] == [f"IPY_MODEL_{id}" for id in (slider, front.one("HTMLModel"))]


def test_a_page_that_is_loaded_again_finds_all_as_it_is(front):
    front.run(SLIDER, cell="the cell")
    slider = front.one("FloatSliderModel")
    front.set(slider, value=-2.0)
    # As JupyterLab does: it asks by a comm of its own.
    assert front.say("comm_open", {"comm_id": "ask", "target_name": "jupyter.widget.control", "data": {}}) == []
    [answer] = front.comm("ask", method="request_states")
    data = answer["content"]["data"]
    assert (answer["content"]["comm_id"], data["method"], data["buffer_paths"]) == ("ask", "update_states", [])
    assert {id: model["state"] for id, model in data["states"].items()} == front.models
    assert data["states"][slider]["state"]["value"] == -2.0
    assert data["states"][slider]["model_name"] == "FloatSliderModel"
    assert data["states"][slider]["model_module"] == "@jupyter-widgets/controls"
    assert data["states"][slider]["model_module_version"] == "2.0.0"
    front.say("comm_close", {"comm_id": "ask", "data": {}})
    assert front.comm("ask", method="request_states") == []
    # As older ones do: they ask for what there is, then for each.
    comms = front.session.reply(front.session.client.comm_info("jupyter.widget"))["comms"]
    assert comms == {id: {"target_name": "jupyter.widget"} for id in front.models}
    assert front.session.reply(front.session.client.comm_info("another"))["comms"] == {}
    for id, state in list(front.models.items()):
        [answer] = front.comm(id, method="request_state")
        assert answer["content"]["data"] == {"method": "update", "state": state, "buffer_paths": []}


def test_a_cell_that_runs_again_replaces_its_widget(front):
    front.run(SLIDER, cell="the cell")
    old = list(front.models)
    messages = front.run(SLIDER, cell="the cell")[1]
    closed = [m["content"]["comm_id"] for m in messages if m["msg_type"] == "comm_close"]
    assert front.run(SLIDER, cell="another")[0]["status"] == "ok" and len(front.models) == 2 * len(old)
    front.run("()", cell="another")
    assert closed == old[::-1] and not set(old) & set(front.models) and len(front.models) == len(old)
    # Nobody answers for what is closed.
    assert front.set(old[3], value=1.0) == []
    front.set(front.one("FloatSliderModel"), value=1.0)
    assert "The tangent at x = 1 " in front.page
    # A front end may close it, too: all of it.
    front.say("comm_close", {"comm_id": front.one("FloatSliderModel"), "data": {}})
    assert front.models == {}
    front.run(SLIDER, cell="another")
    front.run("1", cell="the cell", deleted=["another"])
    assert front.models == {}


def test_names_are_the_same_in_another_session(front, started):
    """So that a notebook which keeps what its widgets show does not grow."""
    twice = f"{SLIDER};\n{SLIDER}"
    front.run(twice, cell="the cell")
    other = FrontEnd(started())
    other.run(twice, cell="the cell")
    assert list(other.models) == list(front.models) and len(other.all("HTMLModel")) == 2
    for _ in range(4):
        other.run(twice, cell="the cell")
    assert list(other.models) == list(front.models)


def test_a_process_that_is_gone_is_said(front):
    front.run(SLIDER, cell="the cell")
    slider = front.one("FloatSliderModel")
    front.run(":restart", cell="restart")
    for code in ("", "1"):
        front.set(slider, value=1.0)
        assert "run the cell again" in front.page
        front.run(code, cell="restart")
    front.run(SLIDER, cell="the cell")
    front.set(front.one("FloatSliderModel"), value=1.0)
    assert "The tangent at x = 1 " in front.page


def test_all_controls(front):
    code = """interact((slider("n", 1..=9).at(2), dropdown("f", ["sin", "exp"]), checkbox("b", true)), |n, f, b| {
        println!("{n} {f} {b}")
    })"""
    front.run(code, cell="the cell")
    assert ">2 sin true\n</pre>" in front.page
    whole, choice, box = map(front.one, ("IntSliderModel", "DropdownModel", "CheckboxModel"))
    assert front.models[choice]["_options_labels"] == ["sin", "exp"]
    front.set(whole, value=7)
    front.set(choice, index=1)
    front.set(box, value=False)
    assert ">7 exp false\n</pre>" in front.page
    # What makes no sense is put right, and what is no property of it has no effect.
    answer = front.set(whole, value=99, nonsense=1)
    assert (whole, "update") in methods(answer) and front.models[whole]["value"] == 9 and "nonsense" not in str(answer)
    front.set(choice, index=None)
    assert front.models[choice]["index"] == 1 and ">9 exp false\n</pre>" in front.page


def test_each_press_of_a_button_is_answered(front):
    code = """{ let mut sum = 0.0;
        interact((button("step"), slider("rate", 0.0..1.0)), move |presses, rate| {
            sum += rate;
            println!("{presses} {sum}")
        }) }"""
    front.run(code, cell="the cell")
    button = front.one("ButtonModel")
    assert front.models[button]["description"] == "step" and ">0 0.5\n</pre>" in front.page
    clicks = [front.post("comm_msg", {"comm_id": button, "data": {"method": "custom", "content": {"event": "click"}}}) for _ in range(20)]
    for click in clicks:
        list(map(front.take, front.session.outputs(click)))
    front.set(front.one("FloatSliderModel"), value=0.0)
    assert ">20 10.5\n</pre>" in front.page


def test_a_control_is_read_in_later_cells(front):
    assert front.run('let k = slider("k", 0.0..1.0).show();', cell="the cell")[0]["status"] == "ok"
    assert front.page == ""
    front.set(front.one("FloatSliderModel"), value=0.3)
    assert front.page == ""
    reply, messages = front.run("k.value() * 2.0")
    [value] = [m["content"]["data"]["text/plain"] for m in messages if m["msg_type"] == "execute_result"]
    assert value == "0.6"


def test_a_move_changes_all_or_nothing(front):
    code = """{ let mut seen = 0;
        interact(slider("n", 0..=9).at(0), move |n| {
            seen += 1;
            println!("{seen}");
            if n == 5 { panic!("five") }
            n
        }) }"""
    front.run("let kept = vec![1, 2];")
    front.run(code, cell="the cell")
    slider = front.one("IntSliderModel")
    front.set(slider, value=5)
    assert "five" in front.page and "Panic" in front.page and "panic!(&quot;five&quot;)" in front.page and ">2\n</pre>" in front.page
    assert "this cell, line 5" in front.page and "\x1b" not in front.page
    front.set(slider, value=4)
    assert ">2\n</pre>" in front.page and ">4</pre>" in front.page
    assert front.run("kept.len()")[1][-1]["content"]["data"]["text/plain"] == "2"


def test_a_crash_and_an_endless_loop_leave_all_as_it_was(front):
    code = """interact(slider("n", 0..=9).at(0), |n| match n {
        3 => std::process::abort(),
        5 => loop { std::hint::black_box(1); },
        n => println!("n = {n}"),
    })"""
    front.run("let kept = vec![1, 2];")
    front.run(code, cell="the cell")
    slider = front.one("IntSliderModel")
    front.set(slider, value=3)
    assert "the cell aborted" in front.page
    request = front.post("comm_msg", {"comm_id": slider, "data": {"method": "update", "state": {"value": 5}, "buffer_paths": []}})
    time.sleep(0.5)
    front.session.manager.interrupt_kernel()
    list(map(front.take, front.session.outputs(request)))
    assert "Interrupted" in front.page
    front.set(slider, value=6)
    assert ">n = 6\n</pre>" in front.page
    assert front.run("kept.len()")[1][-1]["content"]["data"]["text/plain"] == "2"


def test_a_cell_that_fails_leaves_a_picture_that_does_not_move(front):
    front.run(SLIDER + "; panic!(\"no\");", cell="the cell")
    slider = front.one("FloatSliderModel")
    assert front.models[slider]["disabled"] is True
    assert "Its cell has failed" in front.page and "<svg" in front.page


def test_a_move_waits_for_the_cell_that_runs_and_comes_before_the_next(front):
    front.run('let k = slider("k", 0..=100).at(0).show();', cell="the cell")
    slider = front.one("IntSliderModel")
    long = front.session.send("std::thread::sleep(std::time::Duration::from_secs(1));", allow_stdin=True)
    for value in range(1, 51):
        front.post("comm_msg", {"comm_id": slider, "data": {"method": "update", "state": {"value": value}, "buffer_paths": []}})
    read = front.session.send("k.value()", allow_stdin=True)
    front.drain(long)
    messages = front.drain(read)
    assert messages[-1]["content"]["data"]["text/plain"] == "50"


def test_a_thousand_moves_leave_no_queue_and_the_newest_wins(front):
    front.run(SLIDER, cell="the cell")
    slider, page = front.one("FloatSliderModel"), front.one("HTMLModel")
    process = front.run("std::process::id()")[1][-1]["content"]["data"]["text/plain"]
    memory = lambda: int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process}/status").read())[1])
    front.set(slider, value=0.1)
    before = memory()
    for i in range(1000):
        last = front.post("comm_msg", {"comm_id": slider, "data": {"method": "update", "state": {"value": i * 0.003 - 1.5}, "buffer_paths": []}})
    messages = front.drain(last)
    # What came last is still to be answered, or has been.
    messages += front.set(slider, value=2.0)
    assert "The tangent at x = 2 " in front.page
    updates = [m for m in messages if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == page]
    assert 1 <= len(updates) < 500
    assert memory() - before < 20_000
    # No move is left: the next message is answered at once, by nothing.
    assert front.say("comm_msg", {"comm_id": "nobody", "data": {}}) == []


def test_nonsense_of_a_front_end_does_no_harm(front):
    front.run(SLIDER, cell="the cell")
    models = {id: dict(state) for id, state in front.models.items()}
    for id in [*models, "nobody"]:
        for data in (
            {},
            {"method": "custom"},
            {"method": "custom", "content": {"event": "click"}},
            {"method": "custom", "content": "click"},
            {"method": "update"},
            {"method": "update", "state": []},
            {"method": "update", "state": {"new": 1}},
            {"method": "request_states"},
            {"method": 1},
        ):
            assert front.comm(id, **data) == [], (id, data)
    for value in ("1", None, [], {}, True, "x" * 10_000):
        front.set(front.one("FloatSliderModel"), value=value)
    front.say("comm_close", {"comm_id": "nobody", "data": {}})
    assert front.models == models


def test_what_is_asked_wrongly_is_said(front):
    for code, words in [
        ('interact(slider("x", 1.0..1.0), |x| x)', "can't go over 1.0..1.0, which is empty"),
        ('interact(slider("x", f64::NAN..1.0), |x| x)', "which is not finite"),
        ('interact(slider("x", 0.0..1.0).at(2.0), |x| x)', "can't begin at 2.0"),
        ('interact((slider("x", 0.0..1.0), checkbox("x", true)), |x, y| x)', 'two controls have the name "x"'),
    ]:
        reply, messages = front.run(code, cell="the cell")
        assert reply["status"] == "error" and words in reply["evalue"], (code, reply)
        assert "comm_open" not in kinds(messages)
    front.run('interact(slider("x", 0.0..1.0), |x| { x; })', cell="the cell")
    assert "The closure shows nothing" in front.page


def test_nobody_is_told_where_nobody_would_hear(kernel, tmp_path):
    """nbclient and its like, which can't answer a question either; `adlab run`."""
    reply, messages = kernel.run(SLIDER)
    assert kinds(messages) == ["execute_input", "display_data", "display_data"]
    assert set(messages[1]["content"]["data"]) == {"image/svg+xml", "image/png", "text/plain"}
    words = "x = 0, a slider from -3 to 3. In Jupyter, it moves the picture."
    assert messages[2]["content"]["data"] == {"text/plain": words}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLIDER)])
    nbformat.write(notebook, tmp_path / "a.ipynb")
    subprocess.run([ADLAB, "run", "--in-place", tmp_path / "a.ipynb"], check=True)
    by_client = NotebookClient(notebook, kernel_name="adlab").execute()
    for executed in (nbformat.read(tmp_path / "a.ipynb", 4), by_client):
        figure, said = executed.cells[0].outputs
        assert set(figure.data) == {"image/svg+xml", "image/png", "text/plain"} and said.data["text/plain"] == words
        assert "widgets" not in executed.metadata


def as_saved(front, messages):
    """The notebook that JupyterLab saves: the outputs of the cell, and the state of all models."""
    shown = [m["content"] for m in messages if m["msg_type"] == "display_data"]
    outputs = [nbformat.v4.new_output("display_data", data=content["data"], metadata={}) for content in shown]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLIDER, outputs=outputs)])
    names = ("_model_name", "_model_module", "_model_module_version")
    states = {
        id: {**{name[1:]: state[name] for name in names}, "state": state} for id, state in front.models.items()
    }
    saved = {"version_major": 2, "version_minor": 0, "state": states}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": saved}
    return notebook


def test_a_saved_notebook_is_a_figure_in_nbconvert_s_page(front):
    """With the state of its models they come back; without it, the picture of the bundle is there."""
    from nbconvert import HTMLExporter

    notebook = as_saved(front, front.run(SLIDER, cell="the cell")[1])
    front.set(front.one("FloatSliderModel"), value=1.5)
    notebook.metadata["widgets"] = as_saved(front, [])["metadata"]["widgets"]
    nbformat.validate(notebook)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    [states] = re.findall(r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', page, re.DOTALL)
    [view] = re.findall(r'<script type="application/vnd.jupyter.widget-view\+json">(.*?)</script>', page, re.DOTALL)
    states = json.loads(states)["state"]
    assert json.loads(view)["model_id"] in states
    [html] = [model["state"]["value"] for model in states.values() if model["model_name"] == "HTMLModel"]
    assert "The tangent at x = 1.5 " in html and "<svg" in html
    del notebook.metadata["widgets"]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    [figure] = re.findall(r'<img [^>]*src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert "The tangent at x = 0 " in base64.b64decode(figure).decode()
    assert 'type="application/vnd.jupyter.widget-view+json"' not in page


def test_every_control_has_a_name(front):
    """A screen reader says it; and the picture says what it shows."""
    controls = '(slider("x", 0.0..1.0), checkbox("grid", true), button("again"))'
    front.run(f"interact({controls}, |x, _, _| plot(|v| v * v, 0.0..1.0).tangent(x))", cell="the cell")
    for kind, name in [("FloatSliderModel", "x"), ("CheckboxModel", "grid"), ("ButtonModel", "again")]:
        assert front.models[front.one(kind)]["description"] == name
    front.run('interact((slider("n", 1..5), dropdown("f", ["sin", "cos"])), |n, f| println!("{n} {f}"))', cell="the cell")
    for kind, name in [("IntSliderModel", "n"), ("DropdownModel", "f")]:
        assert front.models[front.one(kind)]["description"] == name
