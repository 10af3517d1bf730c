"""The book's models: made once, made again when something that they need has changed, and loaded by chapters."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from book_tools import models as loading
from book_tools.building.models import Models, rows
from book_tools.errors import BookError

from .conftest import Project, page

ROOT = Path(__file__).parents[3]
TABLE = """
small: {about: a model of a moment, config: tiny, set: [steps=2, pairs=200, validate_every=1]}
other: {about: another, config: tiny, set: [steps=2, pairs=200, seed=2]}
wrong: {about: its setting does not exist, config: tiny, set: [stepz=2]}
"""


@pytest.fixture
def with_models(project: Project, monkeypatch) -> Project:
    """A project with the real library, so that its models can be trained, and a table of tiny ones."""
    shutil.copytree(ROOT / "src", project.root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    project.write("book/models.yml", TABLE)
    monkeypatch.delenv(loading.READY, raising=False)
    return project


def append_line(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")


def test_a_model_is_made_once_and_again_when_the_library_changes(with_models):
    models = Models(with_models.root)
    assert models.changes("small") == ["it is not made yet"]
    assert models.make("small")
    assert models.changes("small") == []
    assert not models.make("small")
    folder = with_models.root / "_build" / "models" / "small"
    assert {path.name for path in folder.iterdir()} == {".made", "best.pt", "log.csv"}

    with_models.write("book/any.md", page("A chapter", "1"))
    append_line(with_models.root / "src/book_tools/tables.py")  # not for training
    assert Models(with_models.root).changes("small") == []
    append_line(with_models.root / "src/transformer_lab/training/loss.py")
    assert Models(with_models.root).changes("small") == ["src/transformer_lab/training/loss.py"]
    assert Models(with_models.root).make("small")
    with_models.write("book/models.yml", TABLE.replace("seed=2", "seed=3"))
    assert Models(with_models.root).changes("small") == []


def test_its_row_decides(with_models):
    models = Models(with_models.root)
    models.make("small")
    with_models.write("book/models.yml", TABLE.replace("steps=2, pairs=200, validate", "steps=3, pairs=200, validate"))
    assert Models(with_models.root).changes("small") == ["its row"]


def test_a_loaded_model_is_what_its_training_left(with_models, monkeypatch):
    models = Models(with_models.root)
    models.make("small")
    monkeypatch.setenv(loading.READY, str(models.folder))
    trained, again = loading.load("small"), loading.load("small")
    assert [step.number for step in trained.steps] == [1, 2]
    assert all(step.validation_loss > 0 for step in trained.steps)
    assert trained.recipe.training.steps == 2
    assert not trained.model.training
    assert trained.seconds > 0
    assert trained.model is not again.model
    for one, other in zip(trained.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert isinstance(trained.translator.translate("机器学习"), str)
    with pytest.raises(BookError, match="'huge' is not in"):
        loading.load("huge")


def test_training_again_gives_the_same_weights(with_models, monkeypatch):
    models = Models(with_models.root)
    monkeypatch.setenv(loading.READY, str(models.folder))
    models.make("small")
    first = loading.load("small").model.state_dict()
    shutil.rmtree(models.folder / "small")
    models.make("small")
    for name, tensor in loading.load("small").model.state_dict().items():
        assert torch.equal(first[name], tensor), name


def test_a_training_that_fails_says_why_and_leaves_nothing(with_models):
    models = Models(with_models.root)
    with pytest.raises(BookError, match=r"'wrong' .*there is no setting 'stepz'; did you mean 'steps'"):
        models.make("wrong")
    assert not (models.folder / "wrong").exists()
    with pytest.raises(BookError, match=r"There is no model 'nobody' in book/models\.yml; it has small, other, wrong"):
        models.make("nobody")


def test_a_chapter_waits_for_the_models_that_it_loads_and_a_failed_one_fails_it_alone(with_models):
    code = "from book_tools.models import load\nprint(len(load('small').steps))"
    with_models.write("book/good.md", page("Good", with_models.note("good"), code))
    with_models.write("book/bad.md", page("Bad", with_models.note("bad"), code.replace("small", "wrong")))
    found, executed = with_models.build()
    assert executed == ["good"]
    assert found["good"].cells[1]["outputs"][0]["text"] == "2\n"
    assert "Training the model 'wrong'" in str(found["bad"])
    assert not (with_models.root / "_build/models/other").exists()  # nobody loads it

    # A changed sentence trains nothing, and a change that leaves the chapter's modules alone neither.
    path = with_models.root / "book" / "good.md"
    path.write_text(path.read_text().replace("A sentence.", "Another."))
    assert with_models.build()[1] == []
    # The chapter depends on the model: made otherwise, it is loaded again.
    with_models.write("book/models.yml", TABLE.replace("steps=2", "steps=3"))
    found, executed = with_models.build()
    assert executed == ["good"]
    assert found["good"].cells[1]["outputs"][0]["text"] == "3\n"


def test_the_table_of_the_book_can_be_trained():
    """Every row names a recipe and settings that exist, and a chapter's model is not trained for more than a minute."""
    from transformer_lab.training.config import find_recipe

    table = rows(ROOT / "book" / "models.yml")
    assert {"translator", "gru", "attention-gru"} <= table.keys()
    for row in table.values():
        assert find_recipe(row.config, row.settings).training.steps <= 400


@pytest.mark.parametrize("text", ["a: {about: x}", "a: 3", "- a", "{"])
def test_a_mistake_in_the_table_is_a_sentence(tmp_path, text):
    file = tmp_path / "models.yml"
    file.write_text(text)
    with pytest.raises(BookError, match=r"models\.yml: a model needs `about` and `config`"):
        rows(file)


def test_by_hand_with_the_program(with_models):
    """`course train --models NAME` in the project, from its own sources."""
    environment = os.environ | {"PYTHONPATH": str(with_models.root / "src")}

    def course(*words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "course.cli", "train", "--models", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    made = course("small", "other")
    assert made.returncode == 0, made.stderr
    assert made.stdout.split() == [str(with_models.root / "_build/models" / name) for name in ("small", "other")]
    assert "small: will be trained" in made.stderr
    assert "trained (2 of 2)" in made.stderr
    assert "small: up to date" in course("small").stderr
    unknown = course("smal")
    assert unknown.returncode == 2
    assert "There is no model 'smal'" in unknown.stderr


def test_a_reader_who_executes_a_chapter_by_hand_gets_the_model(with_models):
    """`load` where no build has made the models: it trains, and says so."""
    code = "from book_tools.models import load; print(len(load('small').steps)); load('smal')"
    environment = os.environ | {"PYTHONPATH": str(with_models.root / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "2\n"
    assert "small: will be trained" in done.stderr
    assert "2/2" in done.stderr  # the bar of its training
    assert done.stderr.rstrip().endswith("run `course train --models smal`, which says why.")
