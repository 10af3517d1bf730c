"""Recording a checkpoint: what is measured of it, and the tables that several records make."""

import json
import shlex
import sys
from dataclasses import replace

import pytest
import torch

from bench import readme, report, translation, translation_notes
from course.cli import parser
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.training.checkpoint import Checkpoint, save_checkpoint
from transformer_lab.training.config import Recipe, find_recipe
from transformer_lab.training.run import prepare
from transformer_lab.translation.evaluation import Score

RECORDS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(report.RESULTS.glob("*.json"))]
TRANSLATORS = [record for record in RECORDS if "recipe" in record]
TRAINED = {"name": "phrases", "pairs": 80, "fingerprint": 1, "validation_loss": 2.0, "worse": 0, "seconds": 90.0}
MACHINE = {"processor": "one", "cores": 1, "threads": 1, "load": 0.0, "versions": {"torch": "2"}}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An untrained model, as a run would have left it after 25 steps, 12 of them in the third epoch."""
    out = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    recipe, tokenizer, _, _ = prepare(phrase_corpus(100), find_recipe("tiny", ["vocab_size=200", "d_model=16"]))
    weights = recipe.build().state_dict()
    for name, step, trainer in (("best", 20, None), ("last", 25, {"epoch": 2, "position": 5})):
        stored = Checkpoint(recipe, tokenizer, weights, step, ("zh", "en"), TRAINED, trainer)
        save_checkpoint(out / f"{name}.pt", stored)
    (out / "test.tsv").write_text("the book\t书\na teacher | a book\t老师\nbooks\t书\n", encoding="utf-8")
    return out


def recorded(run, monkeypatch, tmp_path, *options: str) -> int:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(readme, "RESULTS", tmp_path)
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    arguments = [str(run / "best.pt"), "--data", str(run / "test.tsv"), "--command", "course train", *options]
    monkeypatch.setattr(sys, "argv", ["bench.translation", "tried", *arguments])
    return translation.main()


def test_a_checkpoint_is_recorded_with_how_it_was_made(run):
    made = translation.measure(run / "best.pt", run / "test.tsv", [2])
    assert list(made["scores_by_beam"]) == ["1", "2", "4"]
    assert (made["steps"], made["training_seconds"], made["seed"]) == (20, 90.0, 1)
    assert made["test_sentences"] == len(made["examples"]) == 3
    assert "version:" in made["signature"]
    # 2 epochs took 20 steps, so 25 steps are 2.5 epochs.
    assert made["whole_run"] == {"steps": 25, "seconds": 90.0, "epochs": 2.5}


def test_of_several_length_penalties_the_best_on_the_validation_split_is_taken(run, monkeypatch, tmp_path):
    def scored(translator, pairs, beam, length_penalty, language):
        assert language == "en"
        validation = len(pairs) != 3
        asked.append((validation, beam, length_penalty))
        bleu = {0.6: 10.0, 1.2: 12.0, 1.4: 11.0}[length_penalty] if validation else 9.0
        return Score(bleu, "", len(pairs), ""), pairs

    asked: list[tuple[bool, int, float]] = []
    monkeypatch.setattr("transformer_lab.translation.evaluation.evaluate", scored)
    data = tmp_path / "data"
    data.mkdir()
    (data / "test.tsv").write_text((run / "test.tsv").read_text(encoding="utf-8"), encoding="utf-8")
    (data / "train.tsv").write_text("".join(f"book {n}\t书 {n}\n" for n in range(100)), encoding="utf-8")
    made = translation.measure(run / "best.pt", data, [5], [0.6, 1.2, 1.4])
    assert asked == [(True, 5, 0.6), (True, 5, 1.2), (True, 5, 1.4), *((False, beam, 1.2) for beam in (1, 4, 5))]
    assert made["length_penalty"] == 1.2
    assert made["validation_bleu_by_length_penalty"] == {"0.6": 10.0, "1.2": 12.0, "1.4": 11.0}


def test_runs_of_a_comparison_stand_in_one_table(run, monkeypatch, tmp_path):
    assert recorded(run, monkeypatch, tmp_path, "--beams", "1,5", "--comparison", "phrases-zh-en") == 0
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "### phrases-zh-en" in page
    header, _, row = [line for line in page.splitlines() if line.startswith("| ")][:3]
    assert header.endswith("| BLEU, greedy | beam 4 | beam 5 | signature |")
    cells = row.replace("\\|", "").split(" | ")
    assert len(cells) == len(header.split(" | "))
    assert cells[:6] == ["| tried, zh→en", "transformer", cells[2], "20", "2.0", "2 min"]
    assert "a teacher \\| a book" in page


def test_a_checkpoint_that_is_not_there_is_one_sentence(run, monkeypatch, tmp_path, capsys):
    assert recorded(run.parent, monkeypatch, tmp_path) == 2
    assert "best.pt does not exist" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_runs_are_listed_from_the_lowest_score_and_only_the_best_shows_translations(run):
    one = translation.measure(run / "best.pt", run / "test.tsv")
    runs = []
    for name, bleu in (("good", 30.0), ("bad", 10.0)):
        scores = {beam: {"bleu": bleu, "details": ""} for beam in ("1", "4")}
        runs.append(one | {"name": name, "command": name, "machine": MACHINE, "scores_by_beam": scores})
    text = translation_notes.notes(runs)
    assert text.index("| bad,") < text.index("| good,")
    assert text.count("Its translations") == 1
    assert text.index("**good**") < text.index("Its translations") < text.index("**bad**")


@pytest.mark.parametrize(
    ("patience", "worse", "most", "by_hand"),
    [(0, 0, 200, True), (5, 4, 200, True), (5, 5, 200, False), (0, 0, 25, False)],
)
def test_a_run_that_was_stopped_by_hand_says_so(run, patience, worse, most, by_hand):
    one = translation.measure(run / "best.pt", run / "test.tsv")
    one |= {"name": "one", "command": "course train", "machine": MACHINE, "note": "It rained."}
    one["recipe"]["training"] |= {"patience": patience, "steps": most}
    one["data"] = one["data"] | {"worse": worse}
    text = translation_notes.notes([one])
    assert (f"of at most {most}, was after 20; it was stopped by hand. It rained." in text) is by_hand
    assert "It rained." in text


def test_an_average_says_of_what(run):
    one = translation.measure(run / "best.pt", run / "test.tsv")
    one |= {"name": "one", "command": "course train", "machine": MACHINE}
    assert "The average of" not in translation_notes.notes([one])
    one["data"] = one["data"] | {
        "averaged": [{"steps": 1_300, "validation_loss": 1.5}, {"steps": 2_000, "validation_loss": 1.25}]
    }
    text = translation_notes.notes([one])
    assert (
        "The average of the models after 1,300 steps (validation loss 1.500) and 2,000 steps (validation loss" in text
    )
    assert "The best of" not in text


@pytest.mark.parametrize("record", TRANSLATORS, ids=lambda record: record["name"])
def test_the_command_of_a_record_gives_its_recipe(record):
    """With the recipes of today; what a recipe is called has no part in training."""
    asked = parser().parse_args(shlex.split(record["command"])[1:])
    recipes = find_recipe(asked.config, asked.set), Recipe.from_dict(record["recipe"])
    described, recorded = (replace(one, name="") for one in recipes)
    assert described == recorded
    assert asked.source in (None, record["languages"][0])
    assert asked.target == record["languages"][1]
