"""A training run in a directory: log, checkpoints, the choice of the best model, and resuming after any stop.

OUT/last.pt        the newest state; a run that was stopped, even killed, goes on from it
OUT/best.pt        the model with the lowest validation loss, for translating
OUT/log.csv        loss and learning rate of every step, and the validation losses
OUT/snapshots/     the last few models, for averaging
"""

import csv
import dataclasses
import io
import sys
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from transformer_lab.batching import Example, encode_pairs
from transformer_lab.checkpoint import Checkpoint, atomic_write, load_checkpoint, save_checkpoint
from transformer_lab.config import Recipe
from transformer_lab.corpus import Corpus, Pair
from transformer_lab.errors import LabError
from transformer_lab.tokenizer import Tokenizer
from transformer_lab.trainer import Trainer, validation_loss

LOG_COLUMNS = ("step", "loss", "learning_rate", "validation_loss")


def prepare(corpus: Corpus, recipe: Recipe) -> tuple[Recipe, Tokenizer, list[Example], list[Example]]:
    """Learns the tokenizer from the training pairs and applies it.

    Returns the recipe with the sizes of that tokenizer, the tokenizer, and the training and validation examples.
    """
    tokenizer = Tokenizer.train((side for pair in corpus.train for side in pair), recipe.model.vocab_size)
    model = replace(recipe.model, vocab_size=tokenizer.size, pad_id=tokenizer.pad_id)
    train, left_out = encode_pairs(corpus.train, tokenizer, model.max_length)
    validation, _ = encode_pairs(corpus.validation, tokenizer, model.max_length)
    if left_out:
        print(
            f"{left_out} of {len(corpus.train)} training pairs are longer than max_length={model.max_length} "
            "tokens and are left out.",
            file=sys.stderr,
        )
    if not train or not validation:
        raise LabError(f"no pair of {corpus.name} fits in max_length={model.max_length}; raise max_length.")
    return replace(recipe, model=model), tokenizer, train, validation


def choose_device(name: str) -> torch.device:
    """`auto`, `cpu` or `cuda` as a device. Raises LabError for CUDA where there is none."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise LabError("--device cuda: torch finds no CUDA device here; use --device cpu or auto.")
    return torch.device(name)


class Run:
    """Trains a recipe on a corpus in the directory `out`, from the start or from where it was stopped."""

    def __init__(self, recipe: Recipe, corpus: Corpus, out: Path, device: torch.device | str = "cpu"):
        """Raises LabError when `out` holds a run of another recipe or of other data."""
        self.out = Path(out)
        self.corpus = corpus
        self.recipe, self.tokenizer, train, self.validation = prepare(corpus, recipe)
        torch.manual_seed(recipe.training.seed)
        self.model = self.recipe.build()
        self.trainer = Trainer(self.model, train, self.tokenizer, recipe.training, self.recipe.model.d_model, device)
        self.best_loss, self.worse = float("inf"), 0
        self.seconds = 0.0  # spent in steps and validations, before and after interruptions
        self._fingerprint = _fingerprint(corpus.train)
        self._rows: list[tuple[Any, ...]] = []
        self.resumed_from = 0
        if self.last.exists():
            self._resume()

    @property
    def last(self) -> Path:
        """The newest state."""
        return self.out / "last.pt"

    @property
    def best(self) -> Path:
        """The model with the lowest validation loss."""
        return self.out / "best.pt"

    @property
    def finished(self) -> bool:
        """No step is left, or the validation loss stopped falling."""
        config = self.trainer.config
        return self.trainer.step >= config.steps or bool(config.patience and self.worse >= config.patience)

    def train(self, progress: bool = True) -> None:
        """Trains until finished. Raises LabError when the loss is not finite: the last good state is kept."""
        every = self.trainer.config.validate_every
        with tqdm(
            total=self.trainer.config.steps,
            initial=self.trainer.step,
            unit="step",
            disable=not progress,
            mininterval=0.5 if sys.stderr.isatty() else 30,
        ) as bar:
            speed = 0.0
            steps = iter(self.trainer)
            while not self.finished:
                try:
                    step = next(steps)
                except LabError as error:
                    kept = f"the last good state is {self.last}" if self.last.exists() else "nothing was saved yet"
                    raise LabError(f"{error} ({kept}.)") from error
                self.seconds += step.seconds
                row = [step.number, step.loss, step.learning_rate, ""]
                # Smoothed, so that the number can be read.
                speed = 0.95 * speed + 0.05 * step.tokens / step.seconds if speed else step.tokens / step.seconds
                if step.number % every == 0 or step.number == self.trainer.config.steps:
                    row[3] = self._validate()
                    bar.write(
                        f"step {step.number}: validation loss {row[3]:.4f}"
                        f"{' (best so far)' if self.worse == 0 else ''}",
                        file=sys.stderr,
                    )
                self._rows.append(tuple(row))
                if row[3] != "":
                    self._save()
                bar.set_postfix_str(
                    f"loss {step.loss:.3f}, {speed:,.0f} tokens/s, lr {step.learning_rate:.1e}", refresh=False
                )
                bar.update()

    def _validate(self) -> float:
        """The validation loss of the model or of the average of its last few states, whichever is lower.

        While training still makes large steps, states lie far apart and their average is worse than the newest of
        them; later it is better. The best of all so far becomes best.pt.
        """
        start, step = time.perf_counter(), self.trainer.step
        weights = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
        candidates = [weights]
        if self.trainer.config.average > 1:
            with atomic_write(self._snapshot(step)) as file:
                torch.save(weights, file)
            candidates.append(average_weights(self._newest_snapshots()))
        losses = []
        for candidate in candidates:
            self.model.load_state_dict(candidate)
            losses.append(validation_loss(self.model, self.validation, self.tokenizer))
        self.model.load_state_dict(weights)
        loss = min(losses)
        self.seconds += time.perf_counter() - start
        if loss < self.best_loss:
            self.best_loss, self.worse = loss, 0
            save_checkpoint(self.best, self._checkpoint(candidates[losses.index(loss)]))
        else:
            self.worse += 1
        return loss

    def _snapshot(self, step: int) -> Path:
        return self.out / "snapshots" / f"{step:08}.pt"

    def _newest_snapshots(self) -> list[Path]:
        """The last few snapshots up to the present step; a killed run may have left a newer one."""
        done = [f for f in sorted((self.out / "snapshots").glob("*.pt")) if int(f.stem) <= self.trainer.step]
        return done[-self.trainer.config.average :]

    def _checkpoint(self, weights: dict[str, Tensor], trainer: dict[str, Any] | None = None) -> Checkpoint:
        return Checkpoint(
            recipe=self.recipe,
            tokenizer=self.tokenizer,
            weights=weights,
            step=self.trainer.step,
            languages=(self.corpus.source_language, self.corpus.target_language),
            data={
                "name": self.corpus.name,
                "pairs": len(self.corpus.train),
                "fingerprint": self._fingerprint,
                "validation_loss": self.best_loss,
                "worse": self.worse,
                "seconds": self.seconds,
            },
            trainer=trainer,
        )

    def _save(self) -> None:
        """Writes the log, then the state; only then are the snapshots that neither needs any more removed."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([LOG_COLUMNS, *self._rows])
        with atomic_write(self.out / "log.csv") as file:
            file.write(text.getvalue().encode())
        save_checkpoint(self.last, self._checkpoint(self.model.state_dict(), self.trainer.state()))
        if self.trainer.config.average > 1:
            kept = self._newest_snapshots()
            for file in (self.out / "snapshots").glob("*.pt"):
                if file not in kept:
                    file.unlink()

    def _resume(self) -> None:
        stored = load_checkpoint(self.last)
        remedy = f"give another --out, or remove {self.out} to start again"
        if stored.data["fingerprint"] != self._fingerprint:
            raise LabError(f"{self.last} was trained on other data ({stored.data['name']}); {remedy}.")
        difference = _difference(stored.recipe, self.recipe)
        if difference:
            raise LabError(f"{self.last} was trained with {difference}; {remedy}.")
        self.model.load_state_dict(stored.weights)
        self.trainer.restore(stored.trainer)
        self.best_loss, self.worse = stored.data["validation_loss"], stored.data["worse"]
        self.seconds = stored.data["seconds"]
        self.resumed_from = stored.step
        log = self.out / "log.csv"
        lines = log.read_text().splitlines() if log.exists() else []
        self._rows = [
            (int(row["step"]), float(row["loss"]), float(row["learning_rate"]), _number(row["validation_loss"]))
            for row in csv.DictReader(lines)
            if int(row["step"]) <= stored.step
        ]


def average_weights(files: Iterable[Path]) -> dict[str, Tensor]:
    """The mean of several models' weights (Vaswani et al. 2017, section 6.1), in float64 on the way."""
    states = [torch.load(file, map_location="cpu", weights_only=True) for file in files]
    return {
        name: (sum(state[name].double() for state in states) / len(states)).to(tensor.dtype)
        for name, tensor in states[0].items()
    }


def _difference(stored: Recipe, wanted: Recipe) -> str:
    """How two recipes differ where a run cannot change midway: `d_model=128, not 256`; else an empty string."""
    may_change = {"steps", "patience"}
    pairs = [(stored, wanted, ("architecture",))]
    for part in ("model", "training"):
        names = tuple(f.name for f in dataclasses.fields(getattr(wanted, part)) if f.name not in may_change)
        pairs.append((getattr(stored, part), getattr(wanted, part), names))
    for old, new, names in pairs:
        for name in names:
            if getattr(old, name, None) != getattr(new, name):
                return f"{name}={getattr(old, name, None)}, not {getattr(new, name)}"
    return ""


def _fingerprint(pairs: Sequence[Pair]) -> int:
    """A checksum of the training pairs, in order."""
    checksum = 0
    for pair in pairs:
        checksum = zlib.crc32(f"{pair.source}\t{pair.target}\n".encode(), checksum)
    return checksum


def _number(text: str) -> float | str:
    return float(text) if text else ""
