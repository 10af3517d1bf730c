"""Sentences in, sentences out: a trained model with its tokenizer."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from transformer_lab.data.batching import pad, plan_batches
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.errors import LabError
from transformer_lab.seq2seq import Seq2Seq
from transformer_lab.tasks.translation import Translation
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.translation.decoding import beam_decode, check_length_penalty, greedy_decode, sample_decode

SEEDS = range(-(2**63), 2**63)  # what torch's generators take, and more than anyone needs


class Translator:
    """Translates text. Greedy with `beam=1`, else by beam search."""

    def __init__(self, model: Seq2Seq, tokenizer: Tokenizer):
        self.model = model
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, path: Path | str, device: torch.device | str = "cpu") -> "Translator":
        """The translator of a checkpoint. Raises LabError when the file is not one, or its model does not translate."""
        checkpoint = load_checkpoint(path)
        if not isinstance(checkpoint.recipe.task, Translation):
            raise LabError(
                f"{path} holds a model that {checkpoint.recipe.task.verb}, not a translator; score it with "
                "`course evaluate`."
            )
        return cls(checkpoint.model().to(device), checkpoint.tokenizer)

    def encode(self, text: str) -> list[int]:
        """The ids of a sentence, <eos> included. Raises LabError for an empty one, a too long one or invalid UTF-8."""
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise LabError(
                f"the sentence is not valid UTF-8 (character {error.start + 1}); convert it to UTF-8."
            ) from None
        if not text.strip():
            raise LabError("the sentence is empty; there is nothing to translate.")
        ids = [*self.tokenizer.encode(text), self.tokenizer.eos_id]
        if len(ids) > self.model.max_length:
            raise LabError(
                f"the sentence has {len(ids)} tokens with its <eos>, this model takes at most "
                f"{self.model.max_length}; split it, or train with a larger max_length: {text[:40]}…"
            )
        return ids

    def translate(self, text: str, beam: int = 1, length_penalty: float = 0.6) -> str:
        """One sentence's translation."""
        return self.translate_all([text], beam, length_penalty)[0]

    def translate_all(
        self, texts: Sequence[str], beam: int = 1, length_penalty: float = 0.6, batch_tokens: int = 4_000
    ) -> list[str]:
        """The translations in the order given; similar lengths are decoded together.

        Raises:
            LabError: a sentence is empty or longer than the model allows, named by its place, from 1; or
                `length_penalty` is out of its range, even where `beam=1` makes no use of it.
        """
        check_length_penalty(length_penalty)

        def decode(source: Int[Tensor, "batch source"]) -> list[list[int]]:
            bos, eos = self.tokenizer.bos_id, self.tokenizer.eos_id
            if beam == 1:
                return greedy_decode(self.model, source, bos, eos)
            return beam_decode(self.model, source, bos, eos, beam, length_penalty)

        return self._decode_all(texts, decode, batch_tokens // beam)

    def sample_all(
        self,
        texts: Sequence[str],
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int = 0,
        batch_tokens: int = 4_000,
    ) -> list[str]:
        """One drawn translation of each text; see `decoding.sample_decode`. The same seed draws the same.

        Raises:
            LabError: as `translate_all`, as `sample_decode`, or `seed` does not fit in 64 bits.
        """
        if seed not in SEEDS:
            raise LabError(f"seed={seed} does not fit in 64 bits; choose one from {SEEDS[0]} to {SEEDS[-1]}.")
        device = next(self.model.parameters()).device
        generator = torch.Generator(device).manual_seed(seed)

        def decode(source: Int[Tensor, "batch source"]) -> list[list[int]]:
            bos, eos = self.tokenizer.bos_id, self.tokenizer.eos_id
            return sample_decode(self.model, source, bos, eos, temperature, top_k, top_p, generator=generator)

        return self._decode_all(texts, decode, batch_tokens)

    def _decode_all(
        self,
        texts: Sequence[str],
        decode: Callable[[Int[Tensor, "batch source"]], list[list[int]]],
        batch_tokens: int,
    ) -> list[str]:
        """Applies `decode` to batches of similar lengths."""
        encoded = []
        for number, text in enumerate(texts, start=1):
            try:
                encoded.append(self.encode(text))
            except LabError as error:
                raise LabError(f"sentence {number}: {error}" if len(texts) > 1 else str(error)) from None
        device = next(self.model.parameters()).device
        outputs: list[str] = [""] * len(texts)
        lengths = [len(ids) for ids in encoded]
        for indices in plan_batches(lengths, max([batch_tokens, *lengths])):
            source = pad([encoded[i] for i in indices], self.tokenizer.pad_id).to(device)
            for index, ids in zip(indices, decode(source), strict=True):
                outputs[index] = self.tokenizer.decode(ids)
        return outputs
