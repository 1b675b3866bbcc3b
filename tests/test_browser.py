"""JupyterLab in a real browser: a person opens the first solution notebook and chooses Run All."""

import shutil
import time

import nbformat
from browser import SHOTS, menu, needs_browser
from conftest import ROOT

pytestmark = needs_browser

# What JupyterLab makes of an error, and of a line on stderr alike.
TROUBLE = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
# The last is one that moves.
FIGURE = ".jp-RenderedSVG img, .jp-RenderedSVG svg, .jp-RenderedImage img, .widget-html svg"


def run_all(page):
    """Forgets the open notebook's stored outputs, and runs it to the end."""
    menu(page, "Edit", "Clear Outputs of All Cells")
    page.wait_for_function("document.querySelectorAll('.jp-OutputArea-output').length === 0", timeout=20_000)
    menu(page, "Run", "Run All Cells")
    # A cell has run, and nothing runs or waits any more.
    page.wait_for_function(
        """() => {
            const panel = document.querySelector('.jp-NotebookPanel');
            const prompts = [...panel.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent);
            return prompts.some(p => /\\[\\d+\\]/.test(p)) && !prompts.some(p => p.includes('*'))
                && !!document.querySelector('[data-status="idle"]');
        }""",
        timeout=240_000,
    )
    time.sleep(1)


def test_run_all_shows_the_figures_and_no_error(lab, page):
    solution = ROOT / "notebooks" / "solutions" / "1-forward-mode.ipynb"
    shutil.copy(solution, lab.folder)
    lab.open(page, solution.name)
    run_all(page)
    scroll_through(page)
    page.screenshot(path=SHOTS / "run-all.png")
    notebook = nbformat.read(solution, as_version=4)
    expected = [cell for cell in notebook.cells if cell.cell_type == "code"]
    figures = sum("image/png" in output.get("data", {}) for cell in expected for output in cell.outputs)
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == len(expected), "all cells are on the page"
    assert page.locator(FIGURE).count() == figures
    assert page.locator(TROUBLE).count() == 0


def test_hints_unfold_one_by_one_by_mouse_and_by_keyboard(lab, page):
    lesson = ROOT / "notebooks" / "1-forward-mode.ipynb"
    shutil.copy(lesson, lab.folder)
    lab.open(page, lesson.name)
    hints = page.locator(".jp-RenderedMarkdown details")
    question, rule, line = (hints.nth(i) for i in range(3))
    question.scroll_into_view_if_needed()
    assert not question.locator("p").is_visible()
    question.locator("summary").click()
    assert question.locator("p").is_visible() and not rule.locator("p").is_visible()
    rule.locator("summary").focus()
    page.keyboard.press("Enter")
    line.locator("summary").click()
    # What is in it is shown as text and code are, and formulas are set.
    rule.locator("mjx-container").first.wait_for(timeout=20_000)
    assert "derivative: …," in line.locator("pre").inner_text()
    page.screenshot(path=SHOTS / "hints.png")


def test_an_error_would_have_been_seen(lab, page):
    lab.write("failing.ipynb", 'eprintln!("to stderr"); panic!("on purpose");')
    lab.open(page, "failing.ipynb")
    run_all(page)
    page.screenshot(path=SHOTS / "error.png")
    stderr, error = page.locator(TROUBLE).all_inner_texts()
    assert "to stderr" in stderr and "Panic: on purpose" in error


def scroll_through(page):
    """JupyterLab draws the cells that come into view; keep a picture of each page."""
    scroller = ".jp-WindowedPanel-outer"
    height, view = page.eval_on_selector(scroller, "e => [e.scrollHeight, e.clientHeight]")
    for i in range(int(height / view) + 1):
        page.eval_on_selector(scroller, f"e => {{ e.scrollTop = {i * view} }}")
        time.sleep(0.4)
        page.screenshot(path=SHOTS / f"page-{i:02}.png")
    page.eval_on_selector(scroller, "e => { e.scrollTop = 0 }")
