"""Controls that call a function again: what they show, what a page without widgets shows, and a real JupyterLab."""

import base64
import json

import matplotlib.pyplot as plt
import nbformat
import pytest
from playwright.sync_api import expect
from servers import formgrader

from classroom.errors import ClassroomError
from classroom.play import MAX_TEXT, NOT_YET, Shown, button, called, choice, play, slider, switch

WIDGET = "application/vnd.jupyter.widget-view+json"
SLOW = 60_000  # milliseconds; a server that has just started
CELL = """
from classroom.play import button, choice, play, slider, switch
import matplotlib.pyplot as plt

def twice(x):
    return 2 * x

def show(x, name, loud, seed):
    plt.figure(figsize=(1 + x, 1))
    print(f"{name}: {twice(x)}{'!' if loud else ''} seed {seed}")

play(show, x=slider(1, 3, start=1), name=choice({"one": "A", "two": "B"}), loud=switch(), seed=button("Draw anew"))
"""


@pytest.fixture
def displayed(monkeypatch):
    """What `play` displays, by MIME type, one entry a call."""
    made = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: made.append(data))
    return made


def draw(x=1.0):
    plt.figure(figsize=(2, 1))


def test_prints_pictures_and_the_returned_value_are_shown_and_figures_closed():
    def show(x):
        print("printed")
        draw()
        return x

    before = plt.get_fignums()
    shown = called(show, {"x": 3})
    assert shown.text == "printed\n3"
    assert [picture[:8] for picture in shown.pictures] == [b"\x89PNG\r\n\x1a\n"]
    assert plt.get_fignums() == before


def test_a_figure_of_somebody_else_stays_open_and_is_not_shown():
    other = plt.figure()
    try:
        assert called(lambda: None, {}) == Shown("", ())
        assert plt.fignum_exists(other.number)
    finally:
        plt.close(other)


def test_a_returned_figure_is_shown_once():
    assert len(called(lambda: plt.figure(), {}).pictures) == 1


@pytest.mark.parametrize(
    ("error", "text"), [(NotImplementedError("not written yet"), NOT_YET), (ValueError("bad"), "ValueError: bad")]
)
def test_an_error_in_the_student_s_code_is_a_sentence(error, text):
    def show():
        raise error

    assert called(show, {}).text == text


def test_endless_text_is_cut():
    assert len(called(lambda: print("x" * 10 * MAX_TEXT), {}).text) == MAX_TEXT


def test_a_still_picture_stands_for_the_widgets(displayed):
    play(draw, x=slider(0, 1, start=0.5))
    (data,) = displayed
    assert data.keys() == {WIDGET, "image/png", "text/plain"}
    assert base64.b64decode(data["image/png"])[:4] == b"\x89PNG"


def test_text_and_pictures_together_are_html_and_escaped(displayed):
    def show(x):
        print("<b>bold</b>")
        draw()

    play(show, x=slider(0, 1, start=0.5))
    assert "&lt;b&gt;bold&lt;/b&gt;" in displayed[0]["text/html"]
    assert "data:image/png;base64," in displayed[0]["text/html"]


def test_the_controls_drive_the_function(displayed):
    import ipywidgets

    seen = []
    before = set(ipywidgets.widgets.widget._instances)
    play(lambda **values: seen.append(values), n=slider(1, 9, start=2), k=choice([1, 5]), s=switch(), b=button("Anew"))
    made = [w for i, w in ipywidgets.widgets.widget._instances.items() if i not in before]
    by_kind = {type(w).__name__: w for w in made}
    assert seen == [{"n": 2, "k": 1, "s": False, "b": 0}]
    by_kind["IntSlider"].value = 7
    by_kind["Dropdown"].value = 5
    by_kind["Checkbox"].value = True
    by_kind["Button"].click()
    assert seen[1:] == [
        {"n": 7, "k": 1, "s": False, "b": 0},
        {"n": 7, "k": 5, "s": False, "b": 0},
        {"n": 7, "k": 5, "s": True, "b": 0},
        {"n": 7, "k": 5, "s": True, "b": 1},
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: slider(0, 1, start=2),
        lambda: slider(1, 1, start=1),
        lambda: choice([]),
        lambda: choice(["a"], start="b"),
        lambda: play(draw),
        lambda: play(draw, x=3),
    ],
)
def test_bad_controls_are_refused_in_a_sentence(make):
    with pytest.raises(ClassroomError):
        make()


@pytest.mark.browser
def test_in_a_real_jupyterlab_a_key_redraws_the_picture(browser, tmp_path):
    cells = [nbformat.v4.new_code_cell(CELL, id="play")]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    (tmp_path / "course").mkdir()
    (tmp_path / "runtime").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), tmp_path / "course" / "play.ipynb")
    with formgrader(tmp_path / "course", tmp_path / "runtime", "play") as address:
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.goto(f"{address}/lab/tree/play.ipynb?token=play", timeout=SLOW)
        page.locator(".jp-Notebook .jp-Cell").first.click(timeout=SLOW)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SLOW)
        page.keyboard.press("Shift+Enter")
        output = page.locator(".jp-OutputArea-output")
        text, picture = output.locator("pre"), output.locator("img")
        expect(text).to_have_text("A: 2 seed 0", timeout=SLOW)
        narrow = picture.bounding_box()["width"]
        output.locator(".noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        expect(text).to_have_text("A: 4 seed 0")
        assert picture.bounding_box()["width"] > narrow
        output.locator("select").select_option("two")
        output.get_by_label("loud").check()
        output.get_by_role("button", name="Draw anew").click()
        expect(text).to_have_text("B: 4! seed 1")
        page.close()


def test_the_still_is_what_a_page_made_of_the_notebook_shows(displayed, tmp_path):
    from nbconvert import HTMLExporter

    play(draw, x=slider(0, 1, start=0.5))
    output = nbformat.v4.new_output("display_data", data=json.loads(json.dumps(displayed[0])))
    cell = nbformat.v4.new_code_cell("play(…)", outputs=[output])
    html, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert displayed[0]["image/png"][:80] in html
    assert 'type="application/vnd.jupyter.widget-view' not in html
