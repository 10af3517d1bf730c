"""The committed bundles are what their sources make: by a digest without Node, byte for byte with it."""

import shutil
import subprocess

import pytest

from book_tools.errors import BookError
from book_tools.figures import bundles


@pytest.mark.parametrize("name", bundles.names())
def test_a_bundle_is_made_from_the_sources_that_are_here(name: str) -> None:
    assert bundles.recorded(name) == bundles.digest(name), f"{name}.js is older than its sources: run `make figures`"


def test_no_bundle_is_left_of_a_figure_that_is_gone() -> None:
    assert {path.stem for path in bundles.BUILT.glob("*.js")} == set(bundles.names())


@pytest.mark.parametrize("name", ["kit", "QueryKeyValue"])
def test_another_byte_in_a_source_makes_another_digest(name: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "js"
    shutil.copytree(bundles.SOURCES, sources, ignore=shutil.ignore_patterns("node_modules"))
    monkeypatch.setattr(bundles, "SOURCES", sources)
    for path in bundles.sources(name):
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert bundles.digest(name) != bundles.recorded(name), path.name
        path.write_bytes(before)
    assert bundles.digest(name) == bundles.recorded(name)


def test_a_figure_may_have_modules_beside_it() -> None:
    files = [path.relative_to(bundles.SOURCES).as_posix() for path in bundles.sources("QueryKeyValue")]
    own = [f"figures/QueryKeyValue{part}.js" for part in ("", "/edit", "/source", "/state", "/style")]
    assert files == ["build.mjs", "package-lock.json", *own, "words/en/QueryKeyValue.json"]


def test_no_module_of_a_figure_is_longer_than_the_kit_promises() -> None:
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in bundles.SOURCES.glob("figures/**/*.js")
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_where_node_is_the_bundles_are_made_again_byte_for_byte() -> None:
    if shutil.which("node") is None or not (bundles.SOURCES / "node_modules").is_dir():
        pytest.skip("needs Node and js/node_modules (npm ci in src/book_tools/figures/js): the digests stand in for it")
    done = subprocess.run(
        ["node", "build.mjs", "--check"], cwd=bundles.SOURCES, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_kits_licences_stand_beside_it() -> None:
    text = (bundles.BUILT / "kit.licences.txt").read_text(encoding="utf-8")
    for package in ("d3-scale", "d3-shape", "d3-selection", "d3-drag", "d3-axis"):
        assert f"{package}\n\nCopyright" in text


def test_a_page_gets_the_kit_once_and_each_script_once() -> None:
    figure = '<div class="interactive-figure" data-figure="{}">'
    page = figure.format("A") + figure.format("B") + figure.format("A")
    assert bundles.scripts_of(page) == ["kit", "A", "B"]
    assert bundles.scripts_of("<p>none</p>") == []


def test_a_figure_without_a_bundle_is_a_sentence() -> None:
    with pytest.raises(BookError, match=r"There is no bundle Nope\.js in built; run `make figures`"):
        bundles.script("Nope")
