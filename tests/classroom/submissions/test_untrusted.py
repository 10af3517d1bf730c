"""What of a student's outputs and text may stand in somebody else's page."""

import base64

import nbformat
import pytest

from classroom.submissions import untrusted
from classroom.submissions.untrusted import (
    MAX_IN_TEXT,
    MAX_OUTPUTS,
    MAX_TEXT,
    Room,
    as_code,
    safe_attachments,
    safe_markdown,
    safe_outputs,
)

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def shown(**data):
    """What is left of a display of these formats; `text_html` stands for text/html."""
    data = {name.replace("_", "/", 1): value for name, value in data.items()}
    (output,) = safe_outputs([{"output_type": "display_data", "data": data, "metadata": {}}])
    nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])]))
    return output["data"]


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<script>alert(1)</script>text", "text"),
        ("<img src=x onerror=alert(1)>", "<img>"),
        ("<a href='javascript:alert(1)'>marks</a>", "<a>marks</a>"),
        ("<a href='java\tscript:alert(1)'>marks</a>", "<a>marks</a>"),
        ("<a href='&#106;avascript:alert(1)'>marks</a>", "<a>marks</a>"),
        ("<a href='https://example.org'>there</a>", '<a href="https://example.org">there</a>'),
        ("<iframe srcdoc='<script>1</script>'></iframe><b>x</b>", "<b>x</b>"),
        ("<svg onload=alert(1)><a xlink:href='javascript:1'>x</a></svg>", "<a>x</a>"),
        ("<div style='position:fixed;inset:0;color:red'>20 of 20</div>", '<div style="color: red;">20 of 20</div>'),
        ("<style>* {display: none}</style><i>x</i>", "<i>x</i>"),
        ("<form action='https://example.org'><input name=a></form>", ""),
        ("<meta http-equiv=refresh content='0;url=//x'><base href=//x><link rel=stylesheet href=//x>", ""),
        ("<!--[if IE]><script>1</script><![endif]-->y", "y"),
        ("<math><mtext><table><mglyph><style><img title='</style><img src onerror=alert(1)>'>", "<table></table>"),
        ("$\\href{javascript:alert(1)}{x}$", "$\\ href{javascript:alert(1)}{x}$"),
    ],
)
def test_html_keeps_what_shows_and_loses_what_acts(html, left):
    assert shown(text_html=html)["text/html"].replace("color:red;", "color: red;") == left


def test_tables_and_pictures_stay():
    table = '<table border="1"><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    assert shown(text_html=table) == {"text/html": table}
    assert shown(image_png=PNG, text_plain="<Figure>") == {"image/png": PNG, "text/plain": "<Figure>"}
    assert shown(text_latex="$x^2$") == {"text/latex": "$x^2$"}
    drawn = shown(**{"image_svg+xml": "<svg><script>1</script><circle r='1'/></svg>"})
    assert drawn["text/html"].startswith('<img src="data:image/svg+xml;base64,')


@pytest.mark.parametrize(
    "data",
    [
        {"application_javascript": "alert(1)"},
        {"application_vnd.jupyter.widget-view+json": {"model_id": "x"}},
        {"image_png": 'x" onerror="alert(1)'},
        {"text_latex": r"$\href{javascript:1}{x}$"},
        {"text_html": "<b>" * 20_000},
    ],
)
def test_what_has_no_harmless_form_is_left_out(data):
    assert shown(**data) == {"text/plain": ""}
    assert shown(**data, text_plain="instead") == {"text/plain": "instead"}


def test_text_that_no_file_can_hold_is_replaced():
    made = safe_outputs(
        [
            {"output_type": "stream", "name": "stdout", "text": "a\ud800b\x00\n"},
            {"output_type": "error", "ename": "E\udfff", "evalue": "\ud800", "traceback": ["\x1b[31m\ud800"]},
        ]
    )
    assert made[0]["text"] == "a?b\n"
    assert made[1] == {"output_type": "error", "ename": "E?", "evalue": "?", "traceback": ["\x1b[31m?"]}


def test_outputs_are_bounded_in_number():
    outputs = [{"output_type": "stream", "name": "stdout", "text": "x"}] * (MAX_OUTPUTS + 5)
    made = safe_outputs(outputs)
    assert len(made) == MAX_OUTPUTS + 1
    assert "more outputs" in made[-1]["text"]


@pytest.mark.parametrize(
    "source",
    [
        "# A title\n\nwith $x<y$, $a < b$, `<script>`, **bold** & more, x -> y",
        "```html\n<script>alert(1)</script>\n```",
        "<b>x</b><br><details><summary>q</summary>a</details> <img src='https://example.org/a.png' width=3>",
        "<!-- a comment --> | a | b |\n|---|---|\n| 1 | 2 |",
        "$$\\begin{bmatrix} 1 & 0 \\\\ 0 & 1 \\end{bmatrix}$$ <https://example.org>",
        "<span style='color:red'>红</span> [link](https://example.org) [up](#top) [file](other.ipynb)",
    ],
)
def test_honest_text_comes_back_as_it_is(source):
    assert safe_markdown(source) == (source, [])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<script>alert(1)</script>", ["<script>"]),
        ("<img src=x onerror=alert(1)>", ["the event handler onerror"]),
        ("[marks](javascript:alert(1))", ["a link that runs a script"]),
        ("[marks](<java\tscript:alert(1)>)", ["a link that runs a script"]),
        ("<a href='&#106;avascript:alert(1)'>marks</a>", ["a link that runs a script"]),
        ("<iframe src='//example.org'></iframe>", ["<iframe>"]),
        ("<x onclick=alert(1)>marks</x>", ["the event handler onclick"]),
        ("```mermaid\n<img src=x onerror=alert(1)>\n```", ["the event handler onerror"]),
        ("`x` ` <script>alert(1)</script>", ["<script>"]),
        ("<div style='position:fixed'>20 of 20</div>", []),  # harmless in itself, and made to deceive
        ("$\\href{javascript:alert(1)}{x}$", []),
        ("![x](attachment:none.png)", []),  # would stop the page
        ("<pad> and <eos>", []),  # shown as written, since it is not HTML
    ],
)
def test_text_that_acts_is_shown_as_its_source(source, found):
    assert safe_markdown(source) == (as_code(source), found)


def test_a_fence_is_longer_than_any_in_the_text():
    assert as_code("a ```` b") == "`````text\na ```` b\n`````"


def test_attachments_are_pictures():
    given = {
        "a.png": {"image/png": PNG, "text/html": "<script>"},
        'x" onload="1': {"image/png": PNG},
        "b.html": {"text/html": "<script>"},
        "c.png": {"image/png": "not base64 <"},
        "d": 5,
    }
    assert safe_attachments(given) == {"a.png": {"image/png": PNG}}
    assert safe_attachments("x") == safe_attachments(None) == {}
    assert safe_markdown("![x](attachment:a.png)", safe_attachments(given)) == ("![x](attachment:a.png)", [])


@pytest.mark.parametrize("piece", ["<", "<a ", "<!--", "<div>", "&", "\\begin{a}"])
def test_text_that_takes_a_page_for_ever_is_not_rendered(piece, monkeypatch):
    source = piece * 30_000
    for takes_minutes in ("_rendered", "_cleaner", "_cleaner_keeps"):
        monkeypatch.delattr(untrusted, takes_minutes)
    assert safe_markdown(source)[0] == as_code(source)
    assert shown(text_html=source) == {"text/plain": ""}


def test_a_notebook_has_room_for_so_much_and_no_more():
    room = Room(elements=3 * MAX_IN_TEXT)
    source = "<b>x</b>\n\n" * (MAX_IN_TEXT // 2)
    assert [safe_markdown(source, room=room)[0] == source for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("mark", ["*a", ">", "[a]("])
def test_a_text_too_long_to_render_stays_code(mark):
    source = mark * (MAX_TEXT // len(mark) + 1)
    assert safe_markdown(source)[0] == as_code(source)


def test_a_picture_inside_a_text_is_not_a_long_text():
    source = f"![plot](data:image/png;base64,{'A' * 2 * MAX_TEXT})"
    assert safe_markdown(source)[0] == source


def test_a_tag_with_too_many_attributes_is_left_out():
    html = "<b " + "a=1 " * 50_000 + ">x</b>"
    shown = safe_outputs([{"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}])
    assert "text/html" not in shown[0]["data"]
