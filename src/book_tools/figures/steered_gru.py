"""The decoder of a trained GRU with attention, small enough for a page, whose weights can be given by hand.

The page computes with the same numbers. A matrix is whole numbers from −31 to 31, a letter each, with a scale for each
row. Only those pieces of the vocabulary are kept that the target language is made of; the softmax is over these.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from transformer_lab.predecessors.additive_attention import AttentionGRU, AttentionGRUDecoder
from transformer_lab.translation.translator import Translator

LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"  # the middle one is 0
LARGEST = len(LETTERS) // 2 - 1
LIMIT = 32  # pieces of a translation, <eos> included; steered by hand it may not come to an end by itself
Packed = dict[str, object]


def pack(matrix: Float[Tensor, "rows columns"]) -> Packed:
    """Each row in whole numbers times a scale, the numbers as text."""
    scales = [float(f"{largest:.5g}") or 1.0 for largest in (matrix.abs().amax(dim=1) / LARGEST).tolist()]
    whole = (matrix / torch.tensor(scales, dtype=matrix.dtype)[:, None]).round().clamp(-LARGEST, LARGEST)
    text = "".join(LETTERS[number] for number in (whole.flatten().int() + LARGEST + 1).tolist())
    return {"shape": list(matrix.shape), "scales": scales, "values": text}


def unpack(packed: Packed) -> Float[Tensor, "rows columns"]:
    """What the page computes with, in float64."""
    numbers = {letter: number - LARGEST - 1 for number, letter in enumerate(LETTERS)}
    whole = torch.tensor([numbers[letter] for letter in packed["values"]], dtype=torch.float64)
    return whole.reshape(packed["shape"]) * torch.tensor(packed["scales"], dtype=torch.float64)[:, None]


@dataclass(frozen=True)
class Written:
    """A translation, piece by piece. The last row is <eos>, unless the limit came first."""

    pieces: list[int]
    weights: Float[Tensor, "pieces source"]
    probabilities: Float[Tensor, "pieces vocabulary"]


class SteeredGRU:
    """A translator's model with packed matrices and fewer pieces, in float64; `data` is what the page gets."""

    def __init__(self, translator: Translator, targets: Sequence[str]):
        """`targets` are sentences of the target language: the pieces that they hold are kept."""
        self.translator, tokenizer = translator, translator.tokenizer
        whole = translator.model
        held = {piece for text in targets for piece in tokenizer.encode(text)}
        self.ids = sorted({tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id} | held)
        self.pieces = tokenizer.tokens(self.ids)
        self.bos, self.eos = (self.ids.index(i) for i in (tokenizer.bos_id, tokenizer.eos_id))
        weights = {name: value.double() for name, value in whole.state_dict().items()}
        for name in ("embedding.weight", "output.weight", "output.bias"):
            weights[name] = weights[name][self.ids]
        self.packed: dict[str, Packed] = {}
        for name, value in weights.items():
            if not name.startswith(("forwards.", "backwards.")):  # the encoder reads before the page is made
                self.packed[name] = pack(value if value.ndim == 2 else value[:, None])  # a bias has a scale a number
                weights[name] = unpack(self.packed[name]).reshape(value.shape)
        config = replace(whole.config, vocab_size=len(self.ids), pad_id=self.ids.index(tokenizer.pad_id), dropout=0.0)
        self.model = AttentionGRU(config).double().eval()
        self.model.load_state_dict(weights)

    @property
    def data(self) -> dict[str, object]:
        """The decoder for the page."""
        return {"matrices": self.packed, "pieces": self.pieces, "bos": self.bos, "eos": self.eos, "limit": LIMIT}

    @torch.no_grad()
    def read(self, text: str) -> Packed:
        """The annotations of a sentence, by the whole model."""
        ids = torch.tensor([self.translator.encode(text)])
        return pack(self.translator.model.encode(ids)[0].double())

    @torch.no_grad()
    def write(self, memory: Packed, moved: Mapping[int, Float[Tensor, "rows source"]], rows: int = 1) -> list[Written]:
        """Greedy translations of one sentence; at the steps of `moved` the weights are those (a row each)."""
        annotations = unpack(memory).expand(rows, -1, -1)
        decoder = SteeredDecoder(self.model, annotations, torch.ones(annotations.shape[:2], dtype=torch.bool))
        piece, steps = torch.full((rows,), self.bos), []
        for t in range(LIMIT):
            decoder.given = moved.get(t)
            probabilities = decoder.step(piece).softmax(dim=-1)
            piece = probabilities.argmax(dim=-1)
            steps.append((piece, decoder.used, probabilities))
        pieces, weights, probabilities = (torch.stack(part, dim=1) for part in zip(*steps, strict=True))
        ends = [row.index(self.eos) + 1 if self.eos in row else LIMIT for row in pieces.tolist()]
        return [Written(pieces[i, :n].tolist(), weights[i, :n], probabilities[i, :n]) for i, n in enumerate(ends)]

    def text(self, written: Written) -> str:
        """The sentence without <eos>."""
        return self.translator.tokenizer.decode([self.ids[i] for i in written.pieces if i != self.eos])

    def reached(self, memory: Packed) -> list[tuple[int, int, str]]:
        """Step, source token and translation, wherever all of one step's weight is moved to one token."""
        plain = self.write(memory, {})[0]
        n = plain.weights.shape[1]
        alone = torch.eye(n, dtype=torch.float64)
        outcomes = [self.write(memory, {t: alone}, rows=n) for t in range(len(plain.pieces))]
        return [(t, j, self.text(one)) for t, row in enumerate(outcomes) for j, one in enumerate(row)]


class SteeredDecoder(AttentionGRUDecoder):
    """The library's decoder, whose weights at a step can be `given`; `used` are those of the last step."""

    given: Float[Tensor, "rows source"] | None = None
    used: Float[Tensor, "rows source"]

    def read(self, words: Float[Tensor, "rows d_model"]) -> Float[Tensor, "rows thrice_d_model"]:
        """As in the library, where no weights are given."""
        own = self.model.attention.weights(self.state, self.keys, self.mask)
        self.used = own if self.given is None else self.given.expand_as(own)
        context = (self.used[:, None] @ self.memory)[:, 0]
        cell = self.model.decoder
        self.state = cell.step(cell.project(torch.cat([words, context], dim=-1)), self.state)
        return torch.cat([self.state, context], dim=-1)

    def step(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocab_size"]:
        """See `IncrementalDecoder.step`."""
        words = self.model.embedding(tokens)
        return self.model.predict(self.read(words), words)
