"""JupyterLab in a real browser: sliders are dragged, and the picture below them changes."""

import re

import pytest
from browser import SHOTS, VIEW, finish, menu, needs_browser, wait_for_notebook
from playwright.sync_api import expect

pytestmark = needs_browser

CODE = """fn f<T: Scalar>(x: T) -> T { x * 4.2 + x.sin() }
interact((slider("x", -3.0..3.0), checkbox("tangent", true), button("again")), |x, tangent, presses| {
    println!("f({x}) = {:.4}, pressed {presses} times", f(x));
    let chart = plot(f, -3.0..3.0);
    if tangent { chart.tangent(x) } else { chart }
})"""


def drag(page, share):
    """The slider's handle, to this share of its way."""
    handle = page.locator(".widget-slider .noUi-handle")
    start, way = handle.bounding_box(), page.locator(".widget-slider .noUi-base").bounding_box()
    y = start["y"] + start["height"] / 2
    page.mouse.move(start["x"] + start["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(way["x"] + share * way["width"], y, steps=20)
    page.mouse.up()


def run_first(page):
    page.wait_for_selector("[data-status='idle']", timeout=20_000)
    editor = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    editor.click()
    expect(editor).to_be_focused()
    editor.press("Shift+Enter")


def figure(page, words):
    return page.locator(f".widget-html svg[aria-label*='{words}']")


def test_a_slider_is_dragged_and_the_picture_follows(lab, chromium):
    lab.write("widgets.ipynb", CODE)
    page = chromium.new_page(viewport=VIEW)
    lab.open(page, "widgets.ipynb")
    run_first(page)
    cell = page.locator(".jp-Notebook .jp-CodeCell").first
    finish(cell)
    expect(figure(page, "The tangent at x = 0 ")).to_be_visible()
    page.screenshot(path=SHOTS / "widget-first.png")
    drag(page, 0.75)
    expect(page.locator(".widget-slider .widget-readout")).to_have_text(re.compile(r"1\.[45]\d"))
    value = float(page.locator(".widget-slider .widget-readout").inner_text())
    words = f"The tangent at x = {value:g} "
    expect(figure(page, words)).to_be_visible()
    expect(page.locator(".widget-html")).to_contain_text(f"f({value:g}) =")
    # By the keyboard, as well.
    page.locator(".widget-slider .noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    expect(figure(page, f"The tangent at x = {value + 0.05:g} ")).to_be_visible()
    page.locator(".widget-button").click()
    expect(page.locator(".widget-html")).to_contain_text("pressed 1 times")
    page.screenshot(path=SHOTS / "widget-moved.png")

    # A second page on the same kernel has the same, and follows.
    other = chromium.new_page(viewport=VIEW)
    menu(page, "File", "Save Notebook")
    lab.open(other, "widgets.ipynb")
    expect(figure(other, f"The tangent at x = {value + 0.05:g} ")).to_be_visible(timeout=20_000)
    drag(other, 0.25)
    expect(figure(page, "The tangent at x = -1.")).to_be_visible()
    page.locator(".widget-checkbox input").click()
    expect(figure(other, "tangent")).to_have_count(0)
    other.close()

    # So has the page when it is loaded again.
    page.reload()
    wait_for_notebook(page)
    expect(page.locator(".widget-checkbox input")).not_to_be_checked(timeout=20_000)
    drag(page, 0.9)
    expect(page.locator(".widget-html")).to_contain_text(re.compile(r"f\(2\.\d"))

    # Run again, the cell has one slider, at its beginning.
    run_first(page)
    expect(figure(page, "The tangent at x = 0 ")).to_be_visible(timeout=20_000)
    expect(page.locator(".widget-slider")).to_have_count(1)

    # Without its kernel, the saved notebook has the picture still.
    menu(page, "File", "Save Notebook")
    menu(page, "Kernel", "Shut Down Kernel")
    page.wait_for_timeout(1000)
    page.close()
    page = chromium.new_page(viewport=VIEW)
    lab.open(page, "widgets.ipynb")
    expect(figure(page, "The tangent at x = 0 ")).to_be_visible(timeout=20_000)
    page.screenshot(path=SHOTS / "widget-saved.png")

    # It takes a run of the cell to move it again.
    run_first(page)
    expect(page.locator(".jupyter-widgets-disconnected")).to_have_count(0, timeout=20_000)
    drag(page, 0.25)
    expect(figure(page, "The tangent at x = -1.")).to_be_visible()
    expect(page.locator(".widget-slider")).to_have_count(1)
    page.close()
