"""One word, two meanings (claim C42): 苹果 the fruit and 苹果 the company, in generated sentences.

The masked language model is never told which is meant. It only fills in hidden words, and to do that for the
words around 苹果 it must find out.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from transformer_lab.beyond.masked_lm import MaskedLanguageModel, hide_tokens, masked_loss
from transformer_lab.transformer import TransformerConfig

WORD = "苹果"
PAD, MASK = "<pad>", "<mask>"
# What may stand at each place of a sentence, by what 苹果 means in it. Some words occur with both.
_FRUIT = (WORD, "香蕉", "梨", "桃子")
_COMPANY = (WORD, "华为", "三星")
PATTERNS: dict[str, tuple[tuple[tuple[str, ...], ...], ...]] = {
    "fruit": (
        (("我", "她", "妈妈"), ("吃", "洗", "切", "喜欢"), ("了", "过"), _FRUIT, ("和",), ("葡萄", "橙子")),
        (("这个", "那个", "树上的"), _FRUIT, ("很", "真", "又"), ("甜", "酸", "新鲜", "红")),
        (("超市", "市场", "妈妈"), ("卖", "买", "送"), ("的",), _FRUIT, ("很", "真"), ("甜", "新鲜", "便宜")),
    ),
    "company": (
        (("我", "她", "老师"), ("买", "用", "喜欢", "换"), ("了", "过"), _COMPANY, ("的",), ("手机", "电脑")),
        (_COMPANY, ("公司",), ("发布", "设计", "推出"), ("了",), ("新",), ("手机", "系统", "芯片")),
        (("这个", "那个"), _COMPANY, ("手机", "电脑"), ("很", "真", "又"), ("贵", "快", "新", "便宜")),
    ),
}


@dataclass(frozen=True)
class Polysemy:
    """Generated sentences as token ids, what 苹果 means in each, and where it stands (−1 where it does not occur)."""

    vocabulary: tuple[str, ...]
    tokens: Int[Tensor, "sentences n"]
    meanings: tuple[str, ...]
    places: tuple[int, ...]

    def with_word(self) -> list[int]:
        """The sentences that hold 苹果."""
        return [i for i, place in enumerate(self.places) if place >= 0]


def vocabulary() -> tuple[str, ...]:
    """Every word, padding and the mask first."""
    words = {word for patterns in PATTERNS.values() for pattern in patterns for place in pattern for word in place}
    return (PAD, MASK, *sorted(words))


def generate(count: int, generator: torch.Generator) -> Polysemy:
    """Sentences drawn from the patterns, half with each meaning."""
    words = vocabulary()
    ids = {word: i for i, word in enumerate(words)}
    longest = max(len(pattern) for patterns in PATTERNS.values() for pattern in patterns)
    tokens = torch.zeros(count, longest, dtype=torch.long)
    meanings, places = [], []

    def pick(several: int) -> int:
        return int(torch.randint(several, (), generator=generator))

    for row in range(count):
        meaning = ("fruit", "company")[row % 2]
        pattern = PATTERNS[meaning][pick(len(PATTERNS[meaning]))]
        sentence = [place[pick(len(place))] for place in pattern]
        tokens[row, : len(sentence)] = torch.tensor([ids[word] for word in sentence])
        meanings.append(meaning)
        places.append(sentence.index(WORD) if WORD in sentence else -1)
    return Polysemy(words, tokens, tuple(meanings), tuple(places))


def train(data: Polysemy, steps: int, generator: torch.Generator, batch: int = 64) -> MaskedLanguageModel:
    """A small masked language model, trained to fill in hidden words of these sentences."""
    size = len(data.vocabulary)
    model = MaskedLanguageModel(
        TransformerConfig(vocab_size=size, d_model=32, num_heads=4, d_ff=64, num_layers=2, dropout=0.0, max_length=16)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        rows = torch.randint(len(data.tokens), (batch,), generator=generator)
        tokens = data.tokens[rows]
        given, asked = hide_tokens(tokens, mask_id=1, first_word_id=2, vocab_size=size, generator=generator)
        optimizer.zero_grad()
        masked_loss(model(given), tokens, asked).backward()
        optimizer.step()
    return model.eval()


@torch.no_grad()
def word_states(model: MaskedLanguageModel, data: Polysemy) -> Float[Tensor, "sentences d_model"]:
    """What the model makes of 苹果 in each sentence that holds it."""
    rows = data.with_word()
    return model.states(data.tokens[rows])[torch.arange(len(rows)), torch.tensor([data.places[r] for r in rows])]


def similarity(states: Float[Tensor, "sentences d"], meanings: tuple[str, ...] | list[str]) -> tuple[float, float]:
    """The mean cosine of two different sentences' vectors: with the same meaning, and with different ones."""
    unit = torch.nn.functional.normalize(states, dim=-1)
    cosine = unit @ unit.T
    same = torch.tensor([[a == b for b in meanings] for a in meanings])
    others = ~torch.eye(len(meanings), dtype=torch.bool)
    return cosine[same & others].mean().item(), cosine[~same].mean().item()
