"""Knowing one language: writing on (a causal language model), and filling in hidden words (a masked one).

They learn from the target side of sentence pairs, each sentence once; the sources are not looked at.
"""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from transformer_lab.data.batching import pad, plan_batches
from transformer_lab.data.corpus import Corpus, Pair
from transformer_lab.data.questions import Questions
from transformer_lab.data.tokenizer import SPECIAL, Tokenizer
from transformer_lab.errors import LabError
from transformer_lab.seq2seq import evaluating
from transformer_lab.tasks.task import ScoredTask, Scores
from transformer_lab.tasks.translation import TextTask

HIDDEN_SHARE = 0.15  # of a sentence's tokens (Devlin et al. 2019, section 3.1)


class Sentence(NamedTuple):
    """A sentence as token ids, without <bos> and <eos>."""

    tokens: list[int]

    @property
    def length(self) -> int:
        """Its columns in a batch."""
        return len(self.tokens) + 1


class Cloze(NamedTuple):
    """A sentence with some tokens hidden; `wanted` has what stood there, and padding where nothing is asked."""

    given: list[int]
    wanted: list[int]
    asked: int

    @property
    def length(self) -> int:
        """Its columns in a batch."""
        return len(self.given) + 1


def one_language(corpus: Corpus) -> Corpus:
    """The target sides of a corpus, each sentence once and in one split only: sources differ where targets may not.

    Raises:
        LabError: no sentence is left to validate on.
    """
    met: set[str] = set()
    splits = []
    for split in (corpus.train, corpus.validation, corpus.test):
        texts = [text for text in dict.fromkeys(pair.target for pair in split) if text not in met]
        met.update(texts)
        splits.append([Pair("", text) for text in texts])
    if not splits[1]:
        raise LabError(f"{corpus.name}: every validation sentence is one to train on as well; give others.")
    return Corpus(corpus.name, corpus.source_language, corpus.target_language, *splits)


class LanguageTask(TextTask, ScoredTask):
    """What both share: sentences, and scores from the probability of each answer."""

    item = "sentence"

    def built_in(self, source: str, target: str, count: int, seed: int) -> Corpus:
        """One side of the generated phrases. Raises LabError for other languages than English and Chinese."""
        corpus = super().built_in("zh", "en" if target == "zh" else target, count, seed)
        if target == "zh":
            splits = (
                [Pair(*reversed(pair)) for pair in split] for split in (corpus.train, corpus.validation, corpus.test)
            )
            corpus = Corpus(corpus.name, "en", "zh", *splits)
        return one_language(corpus)

    def load(self, path: Path, source: str | None, target: str) -> Corpus:
        """One side of the pairs at `path`; see `load_corpus`."""
        return one_language(super().load(path, source, target))

    def direction(self, data: Corpus) -> str:
        """The one language."""
        return data.target_language

    def learn(self, data: Corpus, model: Any) -> str:
        """A tokenizer for the one language."""
        return Tokenizer.train((pair.target for pair in data.train), model.vocab_size).to_json()

    def examples(self, items: Sequence[Pair], vocabulary: Tokenizer, model: Any) -> tuple[list[Sentence], int]:
        """The target sides, each once, in order."""
        texts = list(dict.fromkeys(pair.target for pair in items))
        sentences = [Sentence(ids) for ids in vocabulary.encode_all(texts)]
        fitting = [sentence for sentence in sentences if sentence.length <= model.max_length]
        return fitting, len(sentences) - len(fitting)

    @torch.no_grad()
    def score(
        self, model: nn.Module, vocabulary: Tokenizer, items: Sequence[Pair], batch_tokens: int = 4_000
    ) -> Scores:
        """Perplexity and accuracy of the answers asked for, <eos> included where it is asked.

        The perplexity is the exponential of the mean −log p of an answer. It depends on how text is cut into tokens:
        compare only models of one vocabulary, or by `bits_per_character`, where a task asks for every token.
        """
        sentences = self.fitting(items, vocabulary, model.config)
        asked = self.ask(sentences, vocabulary, "test")
        device = next(model.parameters()).device
        lengths = [example.length for example in asked]
        loss, right, answers = 0.0, 0, 0
        with evaluating(model):
            for indices in plan_batches(lengths, max([batch_tokens, *lengths])):
                batch = self.collate([asked[i] for i in indices], vocabulary).to(device)
                log_p = model(*batch.inputs).double().log_softmax(dim=-1)
                real = batch.wanted != vocabulary.pad_id
                loss -= log_p.gather(-1, batch.wanted[..., None])[..., 0][real].sum().item()
                right += int((log_p.argmax(dim=-1) == batch.wanted)[real].sum())
                answers += batch.target_tokens
        values = {"perplexity": math.exp(min(loss / answers, 700.0)), "accuracy": right / answers}
        return Scores(values | self.more(loss, sentences, vocabulary), len(sentences))

    def more(self, loss: float, sentences: Sequence[Sentence], vocabulary: Tokenizer) -> dict[str, float]:
        """Further scores, from the sum of −log p of all answers."""
        return {}


class CausalLanguage(LanguageTask):
    """After each prefix of a sentence its next token, <eos> at the end."""

    name, verb = "causal language modelling", "writes on"

    def collate(self, examples: Sequence[Sentence], vocabulary: Tokenizer) -> Questions:
        """<bos> + sentence is given, sentence + <eos> is wanted."""
        given = pad([[vocabulary.bos_id, *example.tokens] for example in examples], vocabulary.pad_id)
        wanted = pad([[*example.tokens, vocabulary.eos_id] for example in examples], vocabulary.pad_id)
        return Questions(given, wanted, sum(map(self.count, examples)))

    def count(self, example: Sentence) -> int:
        """Every token and <eos>."""
        return len(example.tokens) + 1

    def more(self, loss: float, sentences: Sequence[Sentence], vocabulary: Tokenizer) -> dict[str, float]:
        """Bits a character: the same text is as long for every vocabulary. An end counts as one."""
        characters = sum(len(vocabulary.decode(sentence.tokens)) + 1 for sentence in sentences)
        return {"bits_per_character": loss / math.log(2) / characters}


class MaskedLanguage(LanguageTask):
    """What stands at the hidden places, from both sides (Devlin et al. 2019, section 3.1)."""

    name, verb = "masked language modelling", "fills in"

    def ask(self, examples: Sequence[Sentence], vocabulary: Tokenizer, key: str) -> list[Cloze]:
        """Each sentence with other tokens hidden for every `key`: in training, for every epoch."""
        generator = random.Random(f"{key} hidden")
        return [self.hide(example.tokens, vocabulary, generator) for example in examples]

    def hide(self, tokens: Sequence[int], vocabulary: Tokenizer, generator: random.Random) -> Cloze:
        """Of `HIDDEN_SHARE` of the tokens, at least one, 80 % become a mask, 10 % another token, 10 % stay.

        As many as in the paper's own program, not each token by chance as in `hide_tokens`: no sentence is without a
        question. The mask is <unk>, which no text has, since rare characters are spelt in bytes.
        """
        given, wanted = list(tokens), [vocabulary.pad_id] * len(tokens)
        places = generator.sample(range(len(tokens)), max(1, round(HIDDEN_SHARE * len(tokens))))
        for place in places:
            wanted[place] = tokens[place]
            how = generator.random()
            if how < 0.8:
                given[place] = vocabulary.unknown_id
            elif how < 0.9:
                given[place] = generator.randrange(len(SPECIAL), vocabulary.size)
        return Cloze(given, wanted, len(places))

    def collate(self, examples: Sequence[Cloze], vocabulary: Tokenizer) -> Questions:
        """The sentence with its gaps and <eos> is given, and padding is wanted where nothing is asked."""
        given = pad([[*example.given, vocabulary.eos_id] for example in examples], vocabulary.pad_id)
        wanted = pad([[*example.wanted, vocabulary.pad_id] for example in examples], vocabulary.pad_id)
        return Questions(given, wanted, sum(map(self.count, examples)))

    def count(self, example: Cloze) -> int:
        """The hidden tokens."""
        return example.asked


CAUSAL_LANGUAGE, MASKED_LANGUAGE = CausalLanguage(), MaskedLanguage()
