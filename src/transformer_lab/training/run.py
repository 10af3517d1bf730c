"""A training run in a directory: log, checkpoints, the choice of the best model, and resuming after any stop.

OUT/last.pt        the newest state; a run that was stopped, even killed, goes on from it
OUT/best.pt        the model with the lowest validation loss, for translating
OUT/log.csv        loss and learning rate of every step, and the validation losses
OUT/tensorboard/   the same as curves, for `tensorboard --logdir OUT`
OUT/snapshots/     the last few models, for averaging
"""

import dataclasses
import re
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from transformer_lab.errors import LabError
from transformer_lab.out_of_memory import out_of_memory
from transformer_lab.tasks.task import Data
from transformer_lab.training.checkpoint import FINGERPRINTS, Checkpoint, load_checkpoint, save_checkpoint
from transformer_lab.training.config import Recipe
from transformer_lab.training.distributed import ALONE, Processes
from transformer_lab.training.snapshots import Snapshots
from transformer_lab.training.trainer import Step, Trainer, validation_loss
from transformer_lab.training.training_log import CsvLog, Row, TensorBoardLog
from transformer_lab.whole_files import check_writable, remove_rests

VALIDATION_TOKENS = 4_000  # a batch; fewer where training has fewer


def prepare(corpus: Data, recipe: Recipe, processes: Processes = ALONE) -> tuple[Recipe, Any, list[Any], list[Any]]:
    """Learns the tokenizer from the training pairs (the first process does, for all) and applies it.

    Returns the recipe with the sizes of that tokenizer, the tokenizer, and the training and validation examples. Of
    another task than translation, what stands in the tokenizer's and the pairs' place.
    """
    task = recipe.task
    tokenizer = task.vocabulary(processes.agree(task.learn(corpus, recipe.model) if processes.first else ""))
    model = task.fitted(recipe.model, tokenizer, corpus)
    train, left_out = task.examples(corpus.train, tokenizer, model)
    validation, _ = task.examples(corpus.validation, tokenizer, model)
    if left_out and processes.first:
        print(
            f"{left_out} of {len(corpus.train)} training {task.item}s are longer than max_length={model.max_length} "
            "tokens and are left out.",
            file=sys.stderr,
        )
    for split, examples in (("training", train), ("validation", validation)):
        if not examples:
            raise LabError(
                f"no {split} {task.item} of {corpus.name} fits in max_length={model.max_length}; raise max_length."
            )
    return replace(recipe, model=model), tokenizer, train, validation


class Run:
    """Trains a recipe on a corpus in the directory `out`, from the start or from where it was stopped.

    Of several processes that train together, the first validates and writes; all must see the same `out`.
    """

    def __init__(
        self,
        recipe: Recipe,
        corpus: Data,
        out: Path,
        device: torch.device | str = "cpu",
        processes: Processes = ALONE,
    ):
        """Raises LabError when `out` cannot be written, or holds a run of another recipe or of other data."""
        self.out = Path(out)
        self.corpus = corpus
        self.processes = processes
        self._csv, self._tensorboard = CsvLog(self.out / "log.csv"), TensorBoardLog(self.out / "tensorboard")
        self.snapshots = Snapshots(self.out / "snapshots", recipe.training.average)
        if processes.first:
            self._check_writable()
        self.recipe, self.tokenizer, train, self.validation = prepare(corpus, recipe, processes)
        torch.manual_seed(recipe.training.seed)
        self.model = self.recipe.build()
        d_model = self.recipe.model.d_model
        self.trainer = Trainer(
            self.model, train, self.tokenizer, recipe.training, d_model, device, processes, recipe.task
        )
        self.best_loss, self.worse = float("inf"), 0
        self.seconds = 0.0  # spent in steps and validations, before and after interruptions
        self._clock = 0.0  # when the time was last looked at
        self._speed = 0.0  # target tokens a second
        self._fingerprints = {name: corpus.fingerprint(split) for split, name, _ in FINGERPRINTS}
        self.resumed_from = 0
        if self.last.exists():
            self._resume()
        elif self.best.exists():
            self._check_rest()
        self._agree_on_start()
        if processes.first:
            self._tidy()

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
        """Trains until finished.

        Raises:
            LabError: the loss is not finite, memory runs out, nothing can be written. The last good state is kept.
        """
        bar = tqdm(
            total=self.trainer.config.steps,
            initial=self.trainer.step,
            unit="step",
            disable=not (progress and self.processes.first),
            mininterval=0.5 if sys.stderr.isatty() else 30,
        )
        with bar, closing(self._tensorboard), closing(iter(self.trainer)) as steps:
            try:
                self._train(steps, bar)
            except LabError as error:
                kept = f"the last good state is {self.last}" if self.last.exists() else "no state was saved yet"
                raise LabError(f"{error} ({kept}.)") from error

    def _train(self, steps: Iterator[Step], bar: tqdm) -> None:
        config = self.trainer.config
        before = None
        self._clock = time.perf_counter()
        while not self.finished:
            step = next(steps)
            if before is not None:
                self._log(self._row(before, bar))
                before = None
            validates = step.number % config.validate_every == 0 or step.number == config.steps
            if self.trainer.late and not validates:
                before = step  # its loss is asked for when the device has the next step to work on
                continue
            row = self._row(step, bar)
            if not validates:
                self._log(row)
                continue
            loss = self._validate()
            if self.processes.first:
                best = " (best so far)" if self.worse == 0 else ""
                bar.write(f"step {step.number}: validation loss {loss:.4f}{best}", file=sys.stderr)
            self._log(replace(row, validation_loss=loss))
            self._save()
            self._elapsed()  # the next step's time begins here

    def _row(self, step: Step, bar: tqdm) -> Row:
        """What is known of a step, once it is done; shows it."""
        row = Row(step.number, step.loss, step.learning_rate, step.gradient_norm, step.tokens / self._elapsed())
        # Smoothed, so that the number can be read.
        self._speed = 0.95 * self._speed + 0.05 * row.tokens_per_second if self._speed else row.tokens_per_second
        bar.set_postfix_str(f"loss {row.loss:.3f}, {self._speed:,.0f} tokens/s, lr {row.learning_rate:.1e}", False)
        bar.update()
        return row

    def _elapsed(self) -> float:
        """Seconds since the last call, which count as the run's."""
        before, self._clock = self._clock, time.perf_counter()
        self.seconds += self._clock - before
        return self._clock - before

    def _log(self, row: Row) -> None:
        self._csv.add(row)
        self._tensorboard.add(row)

    def _validate(self) -> float:
        """The validation loss that the first process finds. All go by it, so that all stop at the same step."""
        if self.processes.first:
            remedy = f"lower batch_tokens={self.trainer.config.batch_tokens}, or the model's sizes"
            with out_of_memory(f"validation after step {self.trainer.step}", remedy):
                loss = self._best_of_candidates()
            self._elapsed()
        else:
            loss = 0.0
        loss, self.best_loss, self.worse = self.processes.agree((loss, self.best_loss, self.worse))
        return loss

    def _best_of_candidates(self) -> float:
        """The validation loss of the model or of the average of its last few states, whichever is lower.

        While training still makes large steps, states lie far apart and their average is worse than the newest of
        them; later it is better. The best of all so far becomes best.pt.
        """
        weights = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
        candidates, losses = [weights], [self._validation_loss()]
        if self.trainer.config.average > 1:
            self.snapshots.add(self.trainer.step, weights)
            candidates.append(self.snapshots.average(self.trainer.step))
            self.model.load_state_dict(candidates[-1])
            losses.append(self._validation_loss())
            self.model.load_state_dict(weights)
        loss = min(losses)
        if loss < self.best_loss:
            self.best_loss, self.worse = loss, 0
            save_checkpoint(self.best, self._checkpoint(candidates[losses.index(loss)]))
        else:
            self.worse += 1
        return loss

    def _validation_loss(self) -> float:
        batch_tokens = min(VALIDATION_TOKENS, self.trainer.config.batch_tokens)
        return validation_loss(self.model, self.validation, self.tokenizer, batch_tokens, self.recipe.task)

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
                **self._fingerprints,
                "validation_loss": self.best_loss,
                "worse": self.worse,
                "seconds": self.seconds,
                "snapshots": self.snapshots.steps(self.trainer.step),
            },
            trainer=trainer,
        )

    def _save(self) -> None:
        """Writes the logs, then the state; only then are the snapshots that neither needs any more removed."""
        if not self.processes.first:
            return
        self._csv.save()
        self._tensorboard.save()
        save_checkpoint(self.last, self._checkpoint(self.model.state_dict(), self.trainer.state()))
        if self.trainer.config.average > 1:
            self.snapshots.keep_newest(self.trainer.step)

    def _check_writable(self) -> None:
        """Now, not after hours of training. Raises LabError where a file of the run cannot be written."""
        within = (directory / "file" for directory in (self.snapshots.directory, self._tensorboard.directory))
        for path in (self.last, self.best, self._csv.path, *within):
            check_writable(path)

    def _tidy(self) -> None:
        """Removes what is left of a run in this directory that was killed."""
        self.snapshots.forget_after(self.resumed_from)
        remove_rests(self.out, "|".join(re.escape(path.name) for path in (self.last, self.best, self._csv.path)))
        remove_rests(self.snapshots.directory, r"\d+\.pt")

    def _agree_on_start(self) -> None:
        """Processes that went on from different steps would train on different batches, or wait for ever."""
        steps = self.processes.each(self.resumed_from)
        if len(set(steps)) > 1:
            raise LabError(
                f"the processes do not see the same {self.last}: they would go on from the steps "
                f"{', '.join(map(str, steps))}; give an --out that all of them share."
            )

    def _resume(self) -> None:
        stored = load_checkpoint(self.last)
        remedy = f"give another --out, or remove {self.out} to start again"
        if stored.trainer is None:
            raise LabError(
                f"{self.last} is a model to translate with, as best.pt is, without the state that training goes on "
                f"from; {remedy}."
            )
        if other := stored.other_data(self.corpus):
            raise LabError(f"{self.last} was {other} on other data ({stored.data.get('name')}); {remedy}.")
        difference = _difference(stored.recipe, self.recipe)
        if difference:
            raise LabError(f"{self.last} was trained with {difference}; {remedy}.")
        if stored.tokenizer.to_json() != self.tokenizer.to_json():
            raise LabError(
                f"{self.last} has a vocabulary of {stored.tokenizer.size} tokens that are not the "
                f"{self.tokenizer.size} learned from {self.corpus.name}; {remedy}."
            )
        try:
            stored.give_weights(self.model)
            self.trainer.restore(stored.trainer)
            self.best_loss, self.seconds = float(stored.data["validation_loss"]), float(stored.data["seconds"])
            self.worse = int(stored.data["worse"])
            averaged = {int(step) for step in stored.data.get("snapshots", [])}
            if self.trainer.step != stored.step:
                raise ValueError(f"it is of step {stored.step} and of step {self.trainer.step}")
        except (KeyError, LabError, OverflowError, TypeError, ValueError) as error:
            raise LabError(f"{self.last} is damaged ({str(error).rstrip('.')}); {remedy}.") from error
        self.resumed_from = stored.step
        self._csv.restore(stored.step)
        self._miss(averaged)

    def _miss(self, averaged: set[int]) -> None:
        """Says which files of the run somebody has removed, and does without them."""
        gone = averaged - set(self.snapshots.steps(self.resumed_from))
        if gone:
            steps = ", ".join(map(str, sorted(gone)))
            self._say(f"{self.snapshots.directory} lacks step {steps}: the next averages are of fewer models.")
        if not self.best.exists():
            self._say(f"{self.best}: missing; it will be the best model from here on.")
            self.best_loss, self.worse = float("inf"), 0

    def _check_rest(self) -> None:
        """A run that was killed at its first validation leaves a best model and no state; it begins again.

        Raises:
            LabError: the best model is another run's, which this one would replace.
        """
        remedy = "this run would replace it; give another --out, or move it away."
        try:
            stored = load_checkpoint(self.best)
        except LabError as error:
            raise LabError(f"{error} But {remedy}") from error
        later = stored.step > self.recipe.training.validate_every
        if later or stored.other_data(self.corpus) or _difference(stored.recipe, self.recipe):
            raise LabError(f"{self.best} is another run's, and {remedy}")

    def _say(self, sentence: str) -> None:
        if self.processes.first:
            print(sentence, file=sys.stderr)


def _difference(stored: Recipe, wanted: Recipe) -> str:
    """How two recipes differ where a run cannot change midway: `d_model=128, not 256`; else an empty string."""
    may_change = {"steps", "patience", "compile"}
    pairs = [(stored, wanted, ("architecture",))]
    for part in ("model", "training"):
        names = tuple(f.name for f in dataclasses.fields(getattr(wanted, part)) if f.name not in may_change)
        pairs.append((getattr(stored, part), getattr(wanted, part), names))
    for old, new, names in pairs:
        for name in names:
            if getattr(old, name, None) != getattr(new, name):
                return f"{name}={getattr(old, name, None)}, not {getattr(new, name)}"
    return ""
