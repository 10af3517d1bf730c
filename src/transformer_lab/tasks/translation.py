"""Translating: sentence pairs, and after each prefix of the target its next token (Sutskever et al. 2014)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformer_lab.data.batching import Batch, Example, collate, encode_pairs
from transformer_lab.data.corpus import Corpus, Pair, load_corpus, load_pairs
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.errors import LabError
from transformer_lab.tasks.task import Task


class TextTask(Task):
    """A task with subwords: what those that translate and those that know one language share."""

    size, unit = "tokens", "tokens"

    def built_in(self, source: str, target: str, count: int, seed: int) -> Corpus:
        """The generated phrases. Raises LabError where another direction is asked for."""
        if (source, target) != ("zh", "en"):
            raise LabError(f"the built-in corpus is Chinese to English, not {source}→{target}; give --data for those.")
        return phrase_corpus(count, seed=seed)

    def load(self, path: Path, source: str | None, target: str) -> Corpus:
        """See `load_corpus`."""
        return load_corpus(path, source, target)

    def load_test(self, path: Path, source: str, target: str) -> list[Pair]:
        """See `load_pairs`."""
        return load_pairs(path, source, target)

    def vocabulary(self, text: str) -> Tokenizer:
        """See `Tokenizer.from_json`."""
        return Tokenizer.from_json(text)

    def fitted(self, model: Any, vocabulary: Tokenizer, data: Corpus) -> Any:
        """With the tokenizer's number of tokens."""
        return replace(model, vocab_size=vocabulary.size, pad_id=vocabulary.pad_id)

    def check(self, model: Any, vocabulary: Tokenizer) -> None:
        """Raises LabError where the tokenizer is another model's."""
        if vocabulary.size != model.vocab_size:
            raise LabError(
                f"the checkpoint's vocabulary has {vocabulary.size} tokens, its model is made for {model.vocab_size}; "
                "use the checkpoint as `course train` wrote it."
            )
        if vocabulary.pad_id != model.pad_id:
            raise LabError(
                f"the checkpoint's vocabulary pads with token {vocabulary.pad_id}, its model with "
                f"{model.pad_id}; use the checkpoint as `course train` wrote it."
            )


class Translation(TextTask):
    """From one language to another. Its models are `Seq2Seq`; they are scored by BLEU (`translation.evaluation`)."""

    name, verb, item = "translation", "translates", "pair"
    size = "source and target tokens"

    def learn(self, data: Corpus, model: Any) -> str:
        """One tokenizer for both languages."""
        return Tokenizer.train((side for pair in data.train for side in pair), model.vocab_size).to_json()

    def examples(self, items: Sequence[Pair], vocabulary: Tokenizer, model: Any) -> tuple[list[Example], int]:
        """See `encode_pairs`."""
        return encode_pairs(items, vocabulary, model.max_length)

    def collate(self, examples: Sequence[Example], vocabulary: Tokenizer) -> Batch:
        """See `data.batching.collate`."""
        return collate(examples, vocabulary)

    def count(self, example: Example) -> int:
        """The target's tokens and <eos>."""
        return len(example.target) + 1


TRANSLATION = Translation()
