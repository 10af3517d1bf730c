"""The trainer learns; what cannot go on stops with a sentence; checkpoints are whole or refused."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from runs import rows, small

from transformer_lab.data.corpus import Corpus
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.data.toy import TASKS, toy_corpus
from transformer_lab.device import choose_device
from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import FORMAT, VERSION, load_checkpoint
from transformer_lab.training.config import RECIPES, Recipe, find_recipe
from transformer_lab.training.out_of_memory import out_of_memory
from transformer_lab.training.run import Run, prepare
from transformer_lab.training.trainer import Trainer, validation_loss
from transformer_lab.translation.evaluation import bleu, evaluate
from transformer_lab.translation.translator import Translator

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    whole = phrase_corpus(300)
    return replace(whole, validation=whole.validation[:20], test=whole.test[:20])


def test_copying_is_learned():
    """The loss on unseen sequences comes near 0, and the copies are right."""
    toy = toy_corpus("copy", train=450, held_out=40, longest=3, letters=8)
    settings = ["d_model=64", "steps=240", "warmup=40", "rate_factor=0.5", "label_smoothing=0", "batch_tokens=300"]
    recipe, tokenizer, train, validation = prepare(toy, find_recipe("tiny", settings))
    torch.manual_seed(1)
    model = recipe.build()
    losses = [step.loss for step in Trainer(model, train, tokenizer, recipe.training, recipe.model.d_model)]
    assert losses[0] > 2
    assert validation_loss(model, validation, tokenizer) < 0.1
    _, translations = evaluate(Translator(model, tokenizer), toy.test)
    right = sum(text == pair.target for text, pair in zip(translations, toy.test, strict=True))
    assert right >= 0.9 * len(toy.test), translations


@pytest.mark.parametrize("architecture", ["prenorm", "gru"])
def test_the_same_trainer_serves_other_architectures(architecture):
    toy = toy_corpus("reverse", train=450, held_out=40, longest=3, letters=8)
    settings = [f"architecture={architecture}", "d_model=32", "steps=50", "warmup=20", "batch_tokens=300"]
    recipe, tokenizer, train, validation = prepare(toy, find_recipe("tiny", settings))
    torch.manual_seed(1)
    model = recipe.build()
    before = validation_loss(model, validation, tokenizer)
    assert len(list(Trainer(model, train, tokenizer, recipe.training, recipe.model.d_model))) == 50
    assert validation_loss(model, validation, tokenizer) < 0.5 * before


def test_toy_tasks():
    for task, expected in {"copy": "b c a", "reverse": "a c b", "sort": "a b c"}.items():
        assert " ".join(TASKS[task](["b", "c", "a"])) == expected
        pairs = toy_corpus(task, train=200, held_out=20)
        assert len({p.source for p in pairs.train + pairs.validation + pairs.test}) == 240
    with pytest.raises(LabError, match="no toy task 'swap'"):
        toy_corpus("swap")
    with pytest.raises(LabError, match="60 sequences are wanted but there are only 6"):
        toy_corpus("copy", train=40, held_out=10, longest=2, letters=2)


def test_another_recipe_or_other_data_is_not_resumed(corpus, tmp_path):
    Run(small("steps=8"), corpus, tmp_path).train(progress=False)
    with pytest.raises(LabError, match=r"was trained with d_ff=16, not 32; give another --out"):
        Run(small("steps=16", "d_ff=32"), corpus, tmp_path)
    with pytest.raises(LabError, match=r"was trained on other data \(phrases\)"):
        Run(small("steps=16"), replace(corpus, train=corpus.train[::-1]), tmp_path)
    finished = Run(small("steps=8"), corpus, tmp_path)
    assert finished.finished
    assert finished.resumed_from == 8


def test_early_stopping_and_the_best_model(corpus, tmp_path):
    """With a learning rate of 0 no validation is better than the first."""
    run = Run(small("steps=1000", "rate_factor=0", "patience=2", "average=1"), corpus, tmp_path)
    run.train(progress=False)
    assert run.trainer.step == 24
    assert load_checkpoint(run.best).step == 8
    assert {row["validation_loss"] for row in rows(tmp_path)} - {""} == {repr(run.best_loss)}


def test_a_loss_that_is_not_finite_stops_with_a_sentence(corpus, tmp_path):
    run = Run(small("steps=30"), corpus, tmp_path)
    run.train(progress=False)
    run = Run(small("steps=40"), corpus, tmp_path)
    run.model.embedding.weight.data[5:] = float("nan")
    with pytest.raises(LabError, match=r"step 31: the loss is nan.*the last good state is .*last\.pt"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 30
    assert len(rows(tmp_path)) == 30


def test_a_gradient_that_is_not_finite_stops_before_it_spoils_the_weights(corpus, tmp_path):
    """The loss of such a step is finite still; the next step's would not be, after a state was saved perhaps."""
    run = Run(small("steps=40"), corpus, tmp_path)
    calls = iter(range(1, 100))
    run.model.embedding.weight.register_hook(lambda grad: grad * float("inf" if next(calls) == 16 else 1))
    with pytest.raises(LabError, match=r"step 16: the gradient is not finite \(the loss is [\d.]+\).*last\.pt"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 8
    assert all(weight.isfinite().all() for weight in run.model.parameters())


def test_losses_asked_for_late_are_the_same_and_stop_at_the_same_step(corpus, tmp_path):
    """As on a device, which works on a step while the program looks at the one before and prepares the next."""
    logs = []
    for late in (False, True):
        run = Run(small("steps=20"), corpus, tmp_path / str(late))
        run.trainer.late = late
        run.train(progress=False)
        logs.append((tmp_path / str(late) / "log.csv").read_text())
    assert len(rows(tmp_path / "True")) == 20
    assert logs[0] == logs[1]
    run = Run(small("steps=40"), corpus, tmp_path / "True")
    run.trainer.late = True
    calls = iter(range(21, 100))
    run.model.embedding.weight.register_hook(lambda grad: grad * float("nan" if next(calls) == 30 else 1))
    with pytest.raises(LabError, match=r"step 30: the gradient is not finite.*the last good state is .*last\.pt"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 24
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}


def test_memory_that_runs_out_stops_with_a_sentence(corpus, tmp_path):
    """The error is torch's own: a tensor that is larger than any memory, in step 10 and in a validation."""
    run = Run(small("steps=40"), corpus, tmp_path)
    training = iter(range(1, 100))

    def greedy(module, inputs) -> None:
        if module.training and next(training) == 10:
            torch.empty(2**55)

    run.model.encoder.register_forward_pre_hook(greedy)
    sentence = (
        r"step 10, a batch of \d+ source and target tokens on cpu: out of memory \([\d,.]+ GiB more were wanted\); "
        r"lower batch_tokens=400 \(accumulate=2 with half of it makes steps as large\), .*last good state is .*last\.pt"
    )
    with pytest.raises(LabError, match=sentence):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 8
    run = Run(small("steps=16"), corpus, tmp_path)

    def greedy_in_validation(module, inputs) -> None:
        if not module.training:
            torch.empty(2**55)

    run.model.encoder.register_forward_pre_hook(greedy_in_validation)
    with pytest.raises(LabError, match=r"validation after step 16: out of memory .*; lower batch_tokens=400, or the"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 8


def test_other_errors_stay_as_they_are():
    with pytest.raises(RuntimeError, match="shapes"), out_of_memory("this", "lower that"):
        raise RuntimeError("shapes differ")
    sentence = r"^this: out of memory( \(0\.02 GiB more were wanted\))?; lower that\.$"
    for error in (MemoryError(), torch.OutOfMemoryError("Tried to allocate 20.00 MiB. GPU 0 has …")):
        with pytest.raises(LabError, match=sentence), out_of_memory("this", "lower that"):
            raise error


def test_a_step_says_the_tokens_of_all_its_batches(corpus):
    """So that tokens a second are right where a step accumulates, and one epoch's are all there are."""
    recipe, tokenizer, train, _ = prepare(corpus, small("accumulate=4", "batch_tokens=200"))
    torch.manual_seed(1)
    trainer = Trainer(recipe.build(), train, tokenizer, recipe.training, recipe.model.d_model)
    tokens = []
    for step in trainer:
        tokens.append(step.tokens)
        if trainer.epoch == 1:
            break
    assert sum(tokens) == sum(len(example.target) + 1 for example in train)
    assert trainer.position == 0


def test_what_a_step_draws_depends_on_its_number_alone(corpus):
    recipe, tokenizer, train, _ = prepare(corpus, small("steps=3"))
    losses = []
    for disturb in (False, True):
        torch.manual_seed(1)
        trainer = Trainer(recipe.build(), train, tokenizer, recipe.training, recipe.model.d_model)
        losses.append([])
        for step in trainer:
            losses[-1].append(step.loss)
            if disturb:
                torch.rand(5)
    assert losses[0] == losses[1]


@pytest.fixture(scope="module")
def checkpoint(corpus, tmp_path_factory) -> Path:
    run = Run(small("steps=8", "max_length=40"), corpus, tmp_path_factory.mktemp("run"))
    run.train(progress=False)
    return run.best


def test_a_checkpoint_holds_all_that_translating_needs(checkpoint, corpus):
    stored = load_checkpoint(checkpoint)
    state = torch.get_rng_state()
    model = stored.model()
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training
    assert stored.languages == ("zh", "en")
    assert Recipe.from_dict(stored.recipe.to_dict()) == stored.recipe
    direct = Translator(model, stored.tokenizer).translate_all([pair.source for pair in corpus.test])
    assert Translator.load(checkpoint).translate_all([pair.source for pair in corpus.test]) == direct


def test_a_checkpoint_of_an_earlier_version_of_the_course_still_loads(corpus, tmp_path):
    """Its mark and number as they are in files that people keep: names in the library may change, these may not."""
    Run(small("steps=8"), corpus, tmp_path).train(progress=False)
    content = torch.load(tmp_path / "best.pt", weights_only=True)
    kept = content | {"format": "transformer_lab.checkpoint", "version": 1}
    torch.save(kept, tmp_path / "kept.pt")
    assert load_checkpoint(tmp_path / "kept.pt").step == 8


def damaged(kind: str, whole: Path, folder: Path) -> Path:
    path = folder / "damaged.pt"
    content = torch.load(whole, weights_only=True)
    if kind == "missing":
        return path
    if kind == "directory":
        return folder
    if kind == "truncated":
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("Attention is all you need.\n" * 50)
    elif kind == "other":
        torch.save({"weights": torch.ones(2)}, path)
    elif kind == "log":
        path.write_text("step,loss,learning_rate,validation_loss\n1,5.5,0.01,\n")
    elif kind == "picture":
        path.write_bytes(b"GIF89a")
    elif kind == "flipped bit":
        path.write_bytes(b"Q" + whole.read_bytes()[1:])
    elif kind in ("languages", "data", "weights", "step"):
        torch.save(content | {kind: None}, path)
    elif kind == "architecture":
        torch.save(content | {"recipe": content["recipe"] | {"architecture": "oracle"}}, path)
    elif kind == "code":
        torch.save({"format": FORMAT, "run": Path.home}, path)
    elif kind == "version":
        torch.save(content | {"version": VERSION + 1}, path)
    elif kind == "incomplete":
        torch.save({key: value for key, value in content.items() if key != "tokenizer"}, path)
    return path


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "does not exist; train one"),
        ("directory", "is a directory; name a checkpoint inside it"),
        ("truncated", "truncated or not a checkpoint"),
        ("empty", "truncated or not a checkpoint"),
        ("text", "truncated or not a checkpoint"),
        ("log", "truncated or not a checkpoint"),
        ("picture", "truncated or not a checkpoint"),
        ("flipped bit", "truncated or not a checkpoint"),
        ("languages", r"damaged.pt is damaged \(its 'languages' is no list\); copy it again"),
        ("data", r"damaged.pt is damaged \(its 'data' is no dict\); copy it again"),
        ("weights", r"damaged.pt is damaged \(its 'weights' is no dict\); copy it again"),
        ("step", r"damaged.pt is damaged \(its 'step' is no int\); copy it again"),
        ("architecture", "damaged.pt: there is no architecture 'oracle'"),
        ("other", "not a checkpoint of this course"),
        ("code", "truncated or not a checkpoint"),
        ("version", rf"version {VERSION + 1}, this program reads version {VERSION}"),
        ("incomplete", "lacks its 'tokenizer'"),
    ],
)
def test_files_that_are_not_checkpoints_get_a_sentence(checkpoint, tmp_path, kind, sentence):
    with pytest.raises(LabError, match=sentence):
        load_checkpoint(damaged(kind, checkpoint, tmp_path))


FIELDS = {
    "three languages": (("languages",), ["zh", "en", "de"], "its 'languages' are not two names"),
    "languages in one text": (("languages",), "zh", "its 'languages' is no list"),
    "a step before the first": (("step",), -5, "its 'step' is -5"),
    "a state that is a list": (("trainer",), [1], "its 'trainer' is no dict"),
    "a weight that is a list": (
        ("weights", "embedding.weight"),
        [1.0],
        "its weight 'embedding.weight' is no tensor of real numbers",
    ),
    "a weight without a name": (("weights", 3), torch.ones(2), "its weight 3 is no tensor of real"),
    "a sparse weight": (("weights", "embedding.weight"), torch.eye(2).to_sparse(), "weight' is no tensor"),
    "whole numbers": (("weights", "embedding.weight"), torch.ones(2, 2).int(), "is no tensor of real numbers"),
    "no number": (("weights", "embedding.weight"), torch.full((2, 2), torch.nan), "is not finite"),
    "half a layer": (("recipe", "model", "num_layers"), 1.0, r"num_layers=1\.0 is not of type int"),
    "a width in words": (("recipe", "model", "d_model"), "wide", "d_model='wide' is not of type int"),
    "pairs with a point": (("recipe", "training", "pairs"), 20.0, r"pairs=20\.0 is not of type int"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_training_does_not_write_is_named(checkpoint, tmp_path, field):
    (*outer, name), value, sentence = FIELDS[field]
    content = torch.load(checkpoint, weights_only=True)
    inner = content
    for key in outer:
        inner = inner[key]
    inner[name] = value
    torch.save(content, tmp_path / "damaged.pt")
    with pytest.raises(LabError, match=rf"damaged\.pt.*{sentence}"):
        load_checkpoint(tmp_path / "damaged.pt")


def test_a_model_that_pads_with_another_token_than_its_vocabulary(checkpoint):
    stored = load_checkpoint(checkpoint)
    wrong = replace(stored, recipe=replace(stored.recipe, model=replace(stored.recipe.model, pad_id=1)))
    with pytest.raises(LabError, match="vocabulary pads with token 0, its model with 1"):
        wrong.model()


def test_a_path_that_no_file_can_have(checkpoint):
    """As where the checkpoint is forgotten and a long sentence stands in its place."""
    with pytest.raises(LabError, match=r"书 cannot be read: File name too long\."):
        load_checkpoint("书" * 200)


def test_weights_that_do_not_fit_get_a_sentence(checkpoint):
    stored = load_checkpoint(checkpoint)
    wrong = replace(stored, recipe=replace(stored.recipe, model=replace(stored.recipe.model, d_ff=999)))
    with pytest.raises(LabError, match="weights do not fit"):
        wrong.model()


def test_sentences_that_cannot_be_translated_are_named(checkpoint):
    translator = Translator.load(checkpoint)
    with pytest.raises(LabError, match="the sentence is empty"):
        translator.translate("  ")
    with pytest.raises(LabError, match="sentence 2: the sentence is empty"):
        translator.translate_all(["你好", ""])
    with pytest.raises(LabError, match="has 51 tokens with its <eos>, this model takes at most 40; split it"):
        translator.translate("书" * 50)


def test_translations_do_not_depend_on_company(checkpoint, corpus):
    translator = Translator.load(checkpoint)
    sources = [pair.source for pair in corpus.test if len(pair.source) < 12][:5]
    for beam in (1, 2):
        together = translator.translate_all(sources, beam)
        assert together == [translator.translate(source, beam) for source in sources]


def test_bleu_is_sacrebleus_with_its_signature():
    references = ["The cat is on the mat.", "There is a dog in the park."]
    perfect = bleu(references, references)
    assert perfect.bleu == pytest.approx(100)
    assert "case:mixed|eff:no|tok:13a|smooth:exp|version:" in perfect.signature
    # By hand: of 7, 6, 5 and 4 n-grams of "the cat is on a mat ." 6, 4, 2 and 1 are right; the lengths are equal.
    score = bleu(["the cat is on a mat."], ["the cat is on the mat."])
    expected = 100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25
    assert score.bleu == pytest.approx(expected, rel=1e-9)
    assert bleu(["THE CAT"] * 2, references, lowercase=True).signature.startswith("nrefs:1|case:lc")
    with pytest.raises(LabError, match="0 translations"):
        bleu([], [])


def test_chinese_is_scored_by_its_characters():
    """By hand: of 6, 5, 4 and 3 n-grams of 我们去学校吧 5, 4, 3 and 2 are right, and it is as long as the reference."""
    score = bleu(["我们去学校吧"], ["我们去学校。"], language="zh")
    assert score.bleu == pytest.approx(100 * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25, rel=1e-9)
    assert "tok:zh" in score.signature
    for language in ("zh-CN", "zh_TW", "cmn"):
        assert bleu(["我们去学校吧"], ["我们去学校。"], language=language) == score
    assert bleu(["eins zwei"], ["eins zwei"], language="de").signature.split("|")[3] == "tok:13a"
    with pytest.raises(LabError, match=r"needs more to score .* into 'ja': run `pip install 'sacrebleu\[ja\]'"):
        bleu(["私"], ["私"], language="ja")


def test_recipes_and_their_errors():
    base, big = RECIPES["base"], RECIPES["big"]
    assert (base.model.d_model, base.model.num_heads, base.model.d_ff, base.model.num_layers) == (512, 8, 2048, 6)
    assert (base.model.dropout, base.training.label_smoothing, base.training.warmup) == (0.1, 0.1, 4_000)
    assert (big.model.d_model, big.model.num_heads, big.model.d_ff, big.model.dropout) == (1024, 16, 4096, 0.3)
    changed = find_recipe("tiny", ["d_model=64", "steps=7"])
    assert (changed.model.d_model, changed.training.steps) == (64, 7)
    for overrides, sentence in [
        (["d_modle=64"], "no setting 'd_modle'; did you mean 'd_model'"),
        (["steps"], "not of the form key=value"),
        (["steps=many"], "steps='many' is not a whole number"),
        (["steps=0"], "steps=0 must be at least 1"),
        (["d_model=100", "num_heads=8"], "d_model=100 is not divisible by num_heads=8"),
        (["label_smoothing=1"], "must be at least 0 and below 1"),
        (["bpe_dropout=1"], "must be at least 0 and below 1"),
        (["clip=-1"], "must not be negative"),
        ([f"seed={10**20}"], f"seed={10**20} is out of range; choose at most {2**63 - 1}"),
        ([f"d_ff={10**20}"], "d_ff=1.* is out of range"),
        (["vocab_size=10000001"], "vocab_size=10000001 is out of range; choose at most 10000000"),
        (["architecture=lstn"], "no architecture 'lstn'"),
    ]:
        with pytest.raises(LabError, match=sentence):
            find_recipe("tiny", overrides)
    with pytest.raises(LabError, match="no configuration 'bok'; did you mean 'book'"):
        find_recipe("bok")
    with pytest.raises(LabError, match="no setting 'width'"):
        Recipe.from_dict(RECIPES["tiny"].to_dict() | {"model": {"vocab_size": 9, "width": 3}})


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_where_there_is_none():
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(LabError, match="no CUDA device"):
        choose_device("cuda")


def test_what_another_run_left_is_not_averaged(corpus, tmp_path):
    """Its checkpoints are gone, its snapshots are still there: they belong to another model."""
    Run(small("steps=16"), corpus, tmp_path).train(progress=False)
    for name in ("last.pt", "best.pt"):
        (tmp_path / name).unlink()
    alone, after = tmp_path / "alone", tmp_path
    for out in (alone, after):
        Run(small("steps=12", "validate_every=6", "average=5", "d_model=32"), corpus, out).train(progress=False)
    assert (after / "log.csv").read_text() == (alone / "log.csv").read_text()


def test_settings_need_to_fit_each_other_only_in_the_end():
    for settings in (["num_heads=3", "d_model=48"], ["d_model=48", "num_heads=3"]):
        model = find_recipe("tiny", settings).model
        assert (model.d_model, model.num_heads) == (48, 3)
    settings = ["num_groups=1", "architecture=grouped-query"]
    assert find_recipe("tiny", settings) == find_recipe("tiny", settings[::-1])
    with pytest.raises(LabError, match="there is no setting 'num_groups'"):
        find_recipe("tiny", ["num_groups=1"])
