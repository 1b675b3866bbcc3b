"""JupyterLab in a real browser: a person writes cells, asks for help, interrupts and restarts."""

import pytest
from browser import SHOTS, VIEW, finish, menu, needs_browser, run, start, write
from playwright.sync_api import expect

pytestmark = needs_browser


# Opened once: a kernel takes a while to start.
@pytest.fixture(scope="module")
def opened(lab, chromium):
    page = chromium.new_page(viewport=VIEW)
    lab.write("interactive.ipynb")
    lab.open(page, "interactive.ipynb")
    yield page
    page.close()


@pytest.fixture
def notebook(opened, request):
    """A notebook of one empty cell, and a picture of what became of it."""
    opened.keyboard.press("Escape")
    for key in ("Control+a", "d", "d"):
        opened.keyboard.press(key)
    expect(opened.locator(".jp-Notebook .jp-CodeCell")).to_have_count(1)
    yield opened
    name = request.node.name.removeprefix("test_").replace("_", "-")
    opened.screenshot(path=SHOTS / f"{name}.png")


def test_rust_is_highlighted(notebook):
    write(notebook, 'let name = "text".len() + 42; // note')
    colours = """() => {
        const found = {};
        const line = document.querySelector('.jp-CodeCell .cm-line');
        const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const colour = getComputedStyle(texts.currentNode.parentElement).color;
            for (const word of texts.currentNode.data.trim().split(' ')) found[word] = colour;
        }
        return ['name', 'let', '"text"', '42', 'note'].map(word => found[word]);
    }"""
    # The editor colours a line a moment after it was typed.
    notebook.wait_for_function(f"new Set(({colours})()).size === 5", timeout=20_000)


def test_tab_completes(notebook):
    run(notebook, "let angle = 0.5;")
    write(notebook, "angle.si")
    # JupyterLab drops an answer that takes longer than a second: the first one has to be there by then. Nobody types this so
    # soon after the start that the standard library is still being read.
    notebook.wait_for_timeout(4_000)
    notebook.keyboard.press("Tab")
    items = notebook.locator(".jp-Completer .jp-Completer-item")
    expect(items.first).to_be_visible(timeout=10_000)
    notebook.screenshot(path=SHOTS / "completer.png")
    items.filter(has_text="sin(").first.click()
    expect(notebook.locator(".jp-CodeCell .cm-content").last).to_have_text("angle.sin()")


def test_shift_tab_documents(notebook):
    run(notebook, "let angle = 0.5;")
    write(notebook, "angle.sin()")
    for _ in range(3):
        notebook.keyboard.press("ArrowLeft")
    notebook.keyboard.press("Shift+Tab")
    tooltip = notebook.locator(".jp-Tooltip")
    expect(tooltip).to_contain_text("Computes the sine of a number", timeout=60_000)


def test_interrupt_stops_a_cell_and_keeps_the_variables(notebook):
    run(notebook, "let kept = 42;")
    endless = start(notebook, "loop { std::hint::black_box(1); }")
    expect(endless.locator(".jp-InputPrompt")).to_have_text("[*]:")
    notebook.wait_for_selector("[data-status='busy']", timeout=20_000)
    menu(notebook, "Kernel", "Interrupt Kernel")
    assert "Interrupted" in finish(endless)
    assert run(notebook, "kept") == "42"


def test_a_loop_that_prints_without_end_leaves_the_page_usable(notebook):
    endless = start(notebook, 'loop { println!("still here"); }')
    note = endless.locator(".jp-OutputArea-output", has_text="still printing; output cut here")
    expect(note).to_have_count(1, timeout=30_000)
    before = note.inner_text()
    expect(note).not_to_have_text(before, timeout=10_000)
    assert note.inner_text().rstrip().endswith("still here")
    menu(notebook, "Kernel", "Interrupt Kernel")
    text = finish(endless)
    assert "Interrupted" in text and "still here" in text.split("output cut here")[1] and len(text) < 250_000
    assert run(notebook, "6 * 7") == "42"


def test_restart_forgets_the_variables(notebook):
    run(notebook, "let forgotten = 42;")
    menu(notebook, "Kernel", "Restart Kernel…")
    notebook.click(".jp-Dialog button:has-text('Restart')")
    expect(notebook.locator(".jp-Dialog")).to_have_count(0)
    assert "cannot find value `forgotten`" in run(notebook, "forgotten")
    assert run(notebook, "6 * 7") == "42"


def test_the_launcher_shows_the_logo(lab, page):
    page.goto(f"{lab.address}/lab/workspaces/launcher?token={lab.token}")
    logo = page.locator(".jp-LauncherCard[data-category='Notebook']", has_text="Rust (AD Lab)").locator("img")
    expect(logo).to_be_visible(timeout=60_000)
    assert "/kernelspecs/adlab/logo" in logo.get_attribute("src")
    page.wait_for_function("image => image.naturalWidth > 0", arg=logo.element_handle(), timeout=20_000)
    page.screenshot(path=SHOTS / "launcher.png")
