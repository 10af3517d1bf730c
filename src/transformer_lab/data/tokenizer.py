"""Subwords: text to token ids and back, with one vocabulary for both languages.

Byte-pair encoding (Sennrich et al., 2016) merges frequent neighbours inside words. Two choices matter here:

- A Chinese character is always a token of its own. Chinese does not write word boundaries, so merges would
  cross them; left alone, the characters of 机器学习 stay visible to attention.
- A character too rare for the vocabulary is spelt in UTF-8 bytes, so every text has a spelling; only line breaks
  are lost, in `decode`.

Text is NFKC-normalised first: ？ and ? become one token, and so do Ａ and A.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from transformer_lab.errors import LabError

PAD, BOS, EOS, UNKNOWN = "<pad>", "<bos>", "<eos>", "<unk>"
SPECIAL = [PAD, BOS, EOS, UNKNOWN]
BYTES = [f"<0x{value:02X}>" for value in range(256)]
SPACE = "▁"  # how a token shows that a space came before it
# What merges may not cross: a Chinese character, a digit, a run of other letters (don't is one), any other sign.
PIECES = Regex(rf"{SPACE}?(?:\p{{Han}}|\p{{N}}|[[\p{{L}}\p{{M}}']&&[^\p{{Han}}]]+|[^{SPACE}])|{SPACE}")
STARTS_WITH_HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Tokenizer:
    """Text to ids and back. Made by `Tokenizer.train` or `Tokenizer.from_json`."""

    def __init__(self, backend: Backend):
        self._backend = backend
        backend.encode_special_tokens = True  # "<eos>" in a sentence is text, not the end
        ids = [backend.token_to_id(token) for token in SPECIAL]
        if None in ids:
            raise LabError(f"the tokenizer has no {SPECIAL[ids.index(None)]} token; train it with Tokenizer.train.")
        self.pad_id, self.bos_id, self.eos_id, self.unknown_id = ids

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> "Tokenizer":
        """Learns at most `vocab_size` tokens from `texts` (more only where the alphabet alone needs more).

        Raises:
            LabError: there is no text.
        """
        texts = [_prepared(text) for text in texts]
        frequencies = Counter(character for text in texts for character in text)
        if not frequencies:
            raise LabError("there is no text to learn a vocabulary from.")
        backend = Backend(models.BPE(unk_token=UNKNOWN, byte_fallback=True))
        backend.pre_tokenizer = pre_tokenizers.Split(PIECES, "isolated")
        backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=SPECIAL + BYTES,
            limit_alphabet=sum(count >= 2 for count in frequencies.values()),
            min_frequency=2,
            show_progress=False,
        )
        backend.train_from_iterator(texts, trainer)
        return cls(backend)

    @property
    def size(self) -> int:
        """The number of tokens: the model's `vocab_size`."""
        return self._backend.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without <bos> and <eos>."""
        return self._backend.encode(_prepared(text), add_special_tokens=False).ids

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many texts at once, which is faster."""
        encodings = self._backend.encode_batch([_prepared(text) for text in texts], add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids, NFKC-normalised, on one line and without outer spaces. Special tokens vanish.

        Whatever breaks a line, such as bytes that a model writes, becomes a space: each text keeps to its line.
        """
        special = (self.pad_id, self.bos_id, self.eos_id, self.unknown_id)
        # The backend counts the bytes of rare characters as special too, so it must skip none.
        spelt = self._backend.decode([token for token in ids if token not in special], skip_special_tokens=False)
        return " ".join(spelt.replace(SPACE, " ").splitlines()).strip()

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """How each token looks, for labels in figures: `▁` marks the beginning of a word."""
        return [self._backend.id_to_token(token) for token in ids]

    def merges(self) -> list[tuple[str, str]]:
        """The neighbours that byte-pair encoding joins, in the order in which it does (Sennrich et al. 2016)."""
        return [tuple(pair) for pair in json.loads(self.to_json())["model"]["merges"]]

    def to_json(self) -> str:
        """Everything, as text: what a checkpoint stores."""
        return self._backend.to_str()

    @classmethod
    def from_json(cls, text: str) -> "Tokenizer":
        """The tokenizer that `to_json` wrote. Raises LabError for anything else."""
        try:
            return cls(Backend.from_str(text))
        except Exception as error:  # the Rust side raises plain Exception
            raise LabError(f"the stored tokenizer cannot be read ({error}).") from error


def _prepared(text: str) -> str:
    """NFKC, visible spaces, and one before a first word, which makes it the same token as inside a sentence."""
    text = unicodedata.normalize("NFKC", text)
    if text and not STARTS_WITH_HAN.match(text):
        text = " " + text
    return text.replace(" ", SPACE)
