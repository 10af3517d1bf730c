"""What decides a run: the architecture, its sizes and how it is trained. Named ones are small differences."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from torch import nn

from transformer_lab.beyond.vision import VisionConfig
from transformer_lab.errors import LabError
from transformer_lab.tasks.task import Task
from transformer_lab.tasks.translation import TRANSLATION
from transformer_lab.training.architectures import ARCHITECTURES as ARCHITECTURES
from transformer_lab.training.architectures import CHOSEN_BY_DATA, MODELS, SIZES
from transformer_lab.training.compiling import COMPILE
from transformer_lab.training.precision import PRECISIONS
from transformer_lab.transformer import TransformerConfig

FEW_TOKENS = 1_000  # the vocabulary of a recipe that had none
LARGEST = 2**63 - 1  # torch counts with 64 bits
MOST_TOKENS = 10_000_000  # a tokenizer that is being trained takes memory for as many as it may learn


def setting(default: Any, meaning: str) -> Any:
    """A field that says what it means: for the reader of this file, and for `course train --list-settings`."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained. The defaults are the paper's for its base model (sections 5.1–5.4, 6.1)."""

    batch_tokens: int = setting(25_000, "of source or of target, whichever is longer, with padding")
    steps: int = setting(100_000, "updates of the weights")
    warmup: int = setting(4_000, "steps in which the learning rate rises")
    decay: int = setting(0, "steps at the end in which it falls in a straight line to 0; 0 = never, as in the paper")
    rate_factor: float = setting(1.0, "multiplies equation 3, the paper's learning rate")
    label_smoothing: float = setting(0.1, "share of the wanted probability that is spread over the whole vocabulary")
    bpe_dropout: float = setting(
        0.0, "chance that training leaves out a merge of subwords, wherever one could come next"
    )
    clip: float = setting(0.0, "the gradient's largest norm; 0 = not clipped, as in the paper")
    accumulate: int = setting(1, "batches a step: as large a step as wanted, in the memory of one batch")
    precision: str = setting("auto", "of matrix products: float32 or bf16; auto = bf16 on CUDA, float32 elsewhere")
    compile: str = setting("auto", "by torch.compile: 1 = yes, 0 = no; auto = on CUDA, but for recurrent models")
    validate_every: int = setting(1_500, "steps; a checkpoint is written as often")
    patience: int = setting(0, "validations without a better loss before training stops; 0 = never")
    average: int = setting(5, "the best model is sought among averages of this many last checkpoints")
    seed: int = setting(1, "of all that is drawn: the first weights, the order of batches, dropout")
    pairs: int = setting(20_000, "how many are generated when training on the built-in corpus")

    def __post_init__(self) -> None:
        for name in ("batch_tokens", "steps", "warmup", "accumulate", "validate_every", "average", "pairs"):
            if getattr(self, name) < 1:
                raise LabError(f"{name}={getattr(self, name)} must be at least 1.")
        for name in ("decay", "rate_factor", "clip", "patience"):
            if not getattr(self, name) >= 0:  # nan neither
                raise LabError(f"{name}={getattr(self, name)} must not be negative.")
        for name in ("label_smoothing", "bpe_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise LabError(f"{name}={getattr(self, name)} must be at least 0 and below 1.")
        for name, choices in (("precision", PRECISIONS), ("compile", COMPILE)):
            if getattr(self, name) not in choices:
                raise LabError(f"{name}={getattr(self, name)!r} is none of {', '.join(choices)}.")


@dataclass(frozen=True)
class Recipe:
    """One run, but for its data. In `model`, `vocab_size` is the most that the tokenizer may learn."""

    name: str
    model: Any = field(default_factory=lambda: TransformerConfig(vocab_size=37_000))
    training: TrainingConfig = field(default_factory=TrainingConfig)
    architecture: str = "transformer"

    def __post_init__(self) -> None:
        if self.architecture not in MODELS:
            raise LabError(_unknown("architecture", self.architecture, MODELS))
        self.task.check_training(self.training.bpe_dropout)
        for config in (self.model, self.training):
            for known in fields(config):
                value, most = getattr(config, known.name), MOST_TOKENS if known.name == "vocab_size" else LARGEST
                if isinstance(value, int) and abs(value) > most:
                    raise LabError(f"{known.name}={value} is out of range; choose at most {most}.")

    @property
    def task(self) -> Task:
        """What the model learns to do."""
        return MODELS[self.architecture][2]

    def build(self) -> nn.Module:
        """A new model of these sizes, initialised from torch's global generator: to translate, a `Seq2Seq`."""
        return MODELS[self.architecture][1](self.model)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a checkpoint or JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_dict` wrote. Raises LabError for keys that no recipe has."""
        architecture = stored.get("architecture", "transformer")
        if architecture not in MODELS:
            raise LabError(_unknown("architecture", architecture, MODELS))
        return cls(
            name=stored["name"],
            model=_make(MODELS[architecture][0], stored["model"]),
            training=_make(TrainingConfig, stored["training"]),
            architecture=architecture,
        )


_base = Recipe("base")
_tiny = TransformerConfig(vocab_size=500, d_model=32, num_heads=2, d_ff=64, num_layers=1, dropout=0.0, max_length=64)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _base,
        Recipe(
            "big",
            replace(_base.model, d_model=1024, num_heads=16, d_ff=4096, dropout=0.3),
            replace(_base.training, steps=300_000, average=20),
        ),
        # For 20 thousand short pairs and a processor without an accelerator: small, regularised by dropout, and
        # pre-norm, which learns faster from few sentences.
        Recipe(
            "tatoeba",
            replace(
                _base.model, vocab_size=4_000, d_model=256, num_heads=4, d_ff=512, num_layers=3, dropout=0.2,
                max_length=128,
            ),
            replace(
                _base.training, batch_tokens=1_500, steps=4_000, warmup=600, decay=1_200, rate_factor=0.6, clip=1.0,
                validate_every=200, patience=10,
            ),
            architecture="prenorm",
        ),
        # For 29 thousand captions of pictures.
        Recipe(
            "multi30k",
            replace(
                _base.model, vocab_size=6_000, d_model=256, num_heads=4, d_ff=512, num_layers=3, dropout=0.2,
                max_length=128,
            ),
            replace(
                _base.training, batch_tokens=2_000, steps=4_000, warmup=400, rate_factor=0.4, clip=1.0,
                validate_every=200, patience=15,
            ),
            architecture="prenorm",
        ),
        # For the book: it trains within its build.
        Recipe(
            "book",
            replace(_tiny, vocab_size=1_000, d_model=128, num_heads=4, d_ff=256, num_layers=2, dropout=0.1),
            replace(
                _base.training, batch_tokens=1_500, steps=400, warmup=100, rate_factor=0.4, validate_every=100,
                average=1, pairs=12_000,
            ),
        ),
        # The decoder alone, on the English of the built-in corpus.
        Recipe(
            "causal-lm",
            replace(_tiny, vocab_size=1_000, d_model=128, num_heads=4, d_ff=256, num_layers=2, dropout=0.1),
            replace(
                _base.training, batch_tokens=1_500, steps=400, warmup=100, rate_factor=0.4, label_smoothing=0.0,
                validate_every=100, average=1, pairs=12_000,
            ),
            architecture="decoder-only",
        ),
        # The encoder alone, on the same; it is asked little of each sentence, and needs more steps.
        Recipe(
            "masked-lm",
            replace(_tiny, vocab_size=1_000, d_model=128, num_heads=4, d_ff=256, num_layers=2, dropout=0.1),
            replace(
                _base.training, batch_tokens=1_500, steps=1_000, warmup=200, rate_factor=0.4, label_smoothing=0.0,
                validate_every=200, average=1, pairs=12_000,
            ),
            architecture="masked-lm",
        ),
        # An encoder of patches, on generated images of shapes.
        Recipe(
            "patches",
            VisionConfig(),
            replace(
                _base.training, batch_tokens=1_100, steps=600, warmup=100, rate_factor=0.2, label_smoothing=0.0,
                validate_every=100, average=1, pairs=4_000,
            ),
            architecture="vision",
        ),
        # For a try on any machine: seconds.
        Recipe(
            "tiny",
            _tiny,
            replace(
                _base.training, batch_tokens=1_000, steps=200, warmup=50, validate_every=100, average=1,
                pairs=2_000,
            ),
        ),
    )
}  # fmt: skip


def list_settings(recipe: Recipe) -> str:
    """The architectures with their sizes, and every setting of the recipe with its value and meaning."""
    lines = [f"architecture={recipe.architecture}; the architectures and the sizes that each has:"]
    for name, (kind, _, task) in MODELS.items():
        other = "" if task is TRANSLATION else f" ({task.name})"
        lines.append(f"  {name:<18} {', '.join(_settable(kind))}{other}")
    for title, config in (("sizes of the model", recipe.model), ("training", recipe.training)):
        lines += ["", f"{title}:"]
        for name, known in _settable(type(config)).items():
            meaning = known.metadata.get("meaning") or SIZES[name]
            lines.append(f"  {f'{name}={getattr(config, name)}':<22} {meaning}")
    return "\n".join(lines)


def _settable(kind: type) -> dict[str, dataclasses.Field]:
    """The fields that a person may choose. What marks padding is the tokenizer's choice, an image's size the data's."""
    return {one.name: one for one in fields(kind) if one.name not in CHOSEN_BY_DATA}


def find_recipe(name: str, overrides: Iterable[str] = ()) -> Recipe:
    """A named recipe with `key=value` changes. Raises LabError for an unknown name or key, or a wrong value."""
    if name not in RECIPES:
        raise LabError(_unknown("configuration", name, RECIPES))
    recipe = RECIPES[name]
    wanted: dict[str, str] = {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise LabError(f"{override!r} is not of the form key=value.")
        wanted[key.strip()] = value.strip()
    return _changed(recipe, wanted)


def _changed(recipe: Recipe, wanted: Mapping[str, str]) -> Recipe:
    """The recipe with some values changed, all at once: sizes must fit each other only in the end."""
    architecture = wanted.get("architecture", recipe.architecture)
    if architecture not in MODELS:
        raise LabError(_unknown("architecture", architecture, MODELS))
    kind = MODELS[architecture][0]
    # Sizes that the other architecture does not have are left behind.
    model = {f.name: getattr(recipe.model, f.name) for f in fields(kind) if hasattr(recipe.model, f.name)}
    if "vocab_size" in {f.name for f in fields(kind)}:
        model.setdefault("vocab_size", FEW_TOKENS)
    training = dataclasses.asdict(recipe.training)
    names = ["architecture", *_settable(kind), *_settable(TrainingConfig)]
    for key, value in wanted.items():
        if key not in names:
            raise LabError(_unknown("setting", key, names))
        for values, config in ((model, kind), (training, TrainingConfig)):
            for known in fields(config):
                if known.name == key:
                    values[key] = _parsed(key, value, values.get(key, known.default))
    return replace(recipe, architecture=architecture, model=kind(**model), training=TrainingConfig(**training))


def _parsed(key: str, value: str, like: Any) -> Any:
    """The text `value` as a value of the same type as `like`."""
    kind = type(like)
    try:
        return kind(value)
    except ValueError:
        raise LabError(f"{key}={value!r} is not {'a whole' if kind is int else 'a'} number.") from None


def _make(kind: type, values: Mapping[str, Any]) -> Any:
    """A dataclass from a mapping; a key that it does not have raises LabError."""
    known = {one.name: one.type for one in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise LabError(_unknown("setting", key, known))
        if type(value) is not known[key] and (type(value), known[key]) != (int, float):
            raise LabError(f"{key}={value!r} is not of type {known[key].__name__}.")
    return kind(**values)


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known names."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}."
    return f"there is no {what} {name!r}; {hint}"
