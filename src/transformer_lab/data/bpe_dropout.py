"""BPE-dropout: each epoch cuts words otherwise, so that their parts are learned too (Provilkov et al., 2020).

Byte-pair encoding cuts a word the same way every time, and a token that mostly stands inside longer ones is hardly
ever trained; yet a new compound is made of such tokens. With some merges left out at random, the model sees many
spellings of one sentence. Only training does so: translation cuts as usual.
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from transformer_lab.data.tokenizer import SPACE, Tokenizer


class BPEDropout:
    """Cuts encoded sentences anew, leaving out each merge with `probability` wherever it could come next."""

    def __init__(self, tokenizer: Tokenizer, probability: float):
        tokens = tokenizer.tokens(range(tokenizer.size))
        ids = {token: index for index, token in enumerate(tokens)}
        self.probability = probability
        self._merges: dict[tuple[int, int], tuple[int, int]] = {}  # neighbours: their rank, the token they become
        self._characters = [[index] for index in range(len(tokens))]  # what each token is merged from
        for rank, (left, right) in enumerate(tokenizer.merges()):
            merged = ids[left + right]
            self._merges[ids[left], ids[right]] = rank, merged
            self._characters[merged] = [ids[character] for character in left + right]
        self._begins_word = [token.startswith(SPACE) for token in tokens]

    def epoch(self, examples: Sequence[Any], seed: int, epoch: int) -> Sequence[Any]:
        """The examples, tuples of encoded sentences, as this epoch spells them: by `seed` and `epoch` alone.

        No example becomes longer than the longest was: it would not fit in a model or a batch that fits the others.
        """
        if not self.probability:
            return examples
        generator = random.Random(f"{seed} {epoch} BPE-dropout")
        longest = max(example.length for example in examples)
        anew = (type(example)(*(self.cut(side, generator) for side in example)) for example in examples)
        return [new if new.length <= longest else old for old, new in zip(examples, anew, strict=True)]

    def cut(self, sentence: Sequence[int], generator: random.Random) -> list[int]:
        """Other ids of the same text, drawn from `generator` (Provilkov et al. 2020, algorithm 1)."""
        cut: list[int] = []
        word: list[int] = []
        for token in sentence:
            if self._begins_word[token]:  # no merge crosses it
                cut += self._merged(word, generator)
                word = []
            word += self._characters[token]
        return cut + self._merged(word, generator)

    def _merged(self, word: list[int], generator: random.Random) -> list[int]:
        """The word's characters, joined by the merges that are not left out."""
        while True:
            possible = sorted(
                (*self._merges[pair], place) for place, pair in enumerate(pairwise(word)) if pair in self._merges
            )
            for _, merged, place in possible:
                if generator.random() >= self.probability:
                    word = [*word[:place], merged, *word[place + 2 :]]
                    break
            else:
                return word
