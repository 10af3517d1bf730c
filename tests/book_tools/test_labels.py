"""The words in drawings: every chapter's table is complete, and no word stands in the code."""

import ast
import re
from pathlib import Path

import pytest

from book_tools import labels as module
from book_tools.errors import BookError
from book_tools.labels import labels

ROOT = Path(__file__).parents[2]
DRAWINGS = {
    "self-attention": "self_attention",
    "encoder-decoder": "encoder_decoder",
    "training-a-translator": "training",
}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A function that writes a table for the page `one` in English."""

    def write(text: str):
        folder = tmp_path / "en"
        folder.mkdir()
        (folder / "one.yml").write_text(text, encoding="utf-8")

    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.delenv(module.LANGUAGE, raising=False)
    module._read.cache_clear()
    yield write
    module._read.cache_clear()


def test_a_label_with_fields(table):
    table("title: Weights\nalt: '{n} words, {share:.0%}'\n")
    say = labels("one")
    assert say("title") == "Weights"
    assert say("alt", n=3, share=0.5) == "3 words, 50%"


@pytest.mark.parametrize(
    ("text", "call", "message"),
    [
        ("a: b\n", lambda say: say("title"), "one.yml has no label 'title'"),
        ("a: 'b {n}'\n", lambda say: say("a"), r"its fields are \['n'\], not \[\]"),
        ("a: b\n", lambda say: say("a", n=1), r"its fields are \[\], not \['n'\]"),
        ("- a\n", None, "must hold lines like"),
        ("a: [\n", None, "not valid YAML"),
        (None, None, "one.yml is missing"),
    ],
)
def test_a_mistake_is_a_sentence(table, text, call, message):
    if text is not None:
        table(text)
    with pytest.raises(BookError, match=message):
        (call or (lambda say: None))(labels("one"))


def test_another_language_is_another_table(table, tmp_path, monkeypatch):
    table("a: key\n")
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "one.yml").write_text("a: 键\n", encoding="utf-8")
    monkeypatch.setenv(module.LANGUAGE, "zh")
    assert labels("one")("a") == "键"


@pytest.mark.parametrize("page", DRAWINGS)
def test_every_label_that_the_drawings_name_is_in_the_table(page):
    """Labels named by a variable are the keys of the chapter's own dictionaries; building the chapter checks those."""
    source = (ROOT / "src" / "book_tools" / "drawings" / f"{DRAWINGS[page]}.py").read_text(encoding="utf-8")
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    named = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "say" and isinstance(call.args[0], ast.Constant)
    }
    table = labels(page)._table
    assert len(named) > 10
    assert named <= set(table)
    unused = {name for name in table if name not in named and f'"{name}"' not in source}
    chapter = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    chapter += (ROOT / "src" / "book_tools" / "architecture.py").read_text(encoding="utf-8")
    assert {name for name in unused if f'"{name}"' not in chapter} == set()


def test_no_words_stand_in_the_drawings():
    """Between quotes there are names of labels and options, mathematics, and numbers."""
    texts = {"xlabel", "ylabel", "title", "label"}
    for path in (ROOT / "src" / "book_tools" / "drawings").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for keyword in getattr(node, "keywords", []):
                if keyword.arg in texts and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                    assert not re.search("[A-Za-z]{4}", str(keyword.value.value)), (path.name, keyword.value.value)
