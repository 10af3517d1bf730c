"""The figure of the architecture: well formed, nothing outside its frame, every link leads somewhere."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from book_tools.architecture import BLOCKS, BOX, HEIGHT, RESIDUALS, WIDTH, architecture
from book_tools.labels import labels

CHAPTER = Path(__file__).parents[2] / "book" / "encoder-decoder.md"


@pytest.fixture(scope="module")
def svg() -> ElementTree.Element:
    return ElementTree.fromstring(architecture(labels("encoder-decoder"))).find("svg")


def test_it_is_well_formed_and_says_what_it_shows(svg):
    assert "memory" in svg.get("aria-label")
    assert {text.text for text in svg.iter("text")} >= {"memory", "k, v", "q", "(batch, source, d_model)"}


def test_every_block_links_to_an_anchor_of_the_chapter(svg):
    links = {link.get("href") for link in svg.iter("a")}
    anchors = {f"#{name}" for name in re.findall(r"^\((\S+)\)=$", CHAPTER.read_text(encoding="utf-8"), re.MULTILINE)}
    assert links == {f"#{block.anchor}" for block in BLOCKS}
    assert links <= anchors


def test_blocks_of_a_column_do_not_overlap_and_lie_inside_the_picture():
    for column in {block.column for block in BLOCKS}:
        blocks = sorted((block for block in BLOCKS if block.column == column), key=lambda block: block.top)
        assert all(a.bottom + 8 <= b.top for a, b in pairwise(blocks))
        assert blocks[-1].bottom < HEIGHT
        assert BOX / 2 < column < WIDTH - BOX / 2


def test_every_sub_layer_has_its_way_around():
    sub_layers = {block for block in BLOCKS if "attention" in block.lines[0] or "feed" in block.lines[0]}
    assert {layer for layer, _ in RESIDUALS} == sub_layers
    assert all(norm.lines == ("add & norm",) and norm.column == layer.column for layer, norm in RESIDUALS)


def test_colours_come_from_the_theme():
    assert not re.findall(r"#[0-9a-fA-F]{6}", architecture(labels("encoder-decoder")))
