"""The figure *alignment*: a trained GRU with attention translates; move its weights, and the words after follow."""

import html
import math
from collections.abc import Mapping, Sequence

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from book_tools.figures.attention_state import FigureError
from book_tools.figures.figure import Figure
from book_tools.figures.steered_gru import SteeredGRU, Written
from transformer_lab.translation.translator import Translator

MOST_GOALS = 2  # of one sentence


class Alignment(Figure):
    """The weights of a translation, one row a piece that is written, to be moved by hand.

    `moved` holds [step, weights]: at these steps the decoder takes the weights given (divided by their sum), at all
    others its own. `sentence` and `step` say what is shown.
    """

    _state = ("sentence", "step", "moved", "decoder", "sentences")

    sentence = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    moved = traitlets.Any().tag(sync=True)
    decoder = traitlets.Dict().tag(sync=True)
    sentences = traitlets.List().tag(sync=True)

    def __init__(
        self,
        translator: Translator,
        wanted: Mapping[str, Sequence[str]],
        targets: Sequence[str],
        *,
        sentence: int = 0,
        step: int = 0,
        moved: Sequence[tuple[int, Sequence[float]]] = (),
    ) -> None:
        """Shows the sentences `wanted`, with translations that a hand should bring about.

        Of these, the goals are those that all the weight of one step on one token does bring about; where it does none,
        the first other translation that it does. `targets` are sentences whose pieces the page can write.

        Raises:
            FigureError: there is no sentence, or the state is none of these sentences'.
        """
        if not wanted:
            raise FigureError("There is no sentence to translate; give Alignment at least one.")
        self._gru = SteeredGRU(translator, targets)
        super().__init__(
            sentence=sentence,
            step=step,
            moved=[[at, list(map(float, weights))] for at, weights in moved],
            decoder=self._gru.data,
            sentences=[self._sentence(text, goals) for text, goals in wanted.items()],
        )
        self._check()

    def _sentence(self, text: str, wanted: Sequence[str]) -> dict[str, object]:
        tokenizer, memory = self._gru.translator.tokenizer, self._gru.read(text)
        plain = self._gru.text(self._gru.write(memory, {})[0])
        reached = list(dict.fromkeys(said for _, _, said in self._gru.reached(memory) if said != plain))
        goals = [said for said in wanted if said in reached] or reached[:1]
        tokens = tokenizer.tokens(self._gru.translator.encode(text))
        return {"text": text, "tokens": tokens, "memory": memory, "goals": goals[:MOST_GOALS]}

    def _check(self) -> None:
        if not 0 <= self.sentence < len(self.sentences):
            raise FigureError(f"sentence={self.sentence} is none; choose from 0 to {len(self.sentences) - 1}.")
        if self.step < 0:
            raise FigureError(f"step={self.step} is negative; steps are counted from 0.")
        n = len(self.sentences[self.sentence]["tokens"])
        for at, weights in self.moved:
            if len(weights) != n:
                raise FigureError(
                    f"Step {at} has {len(weights)} weights, the sentence has {n} tokens; give one for each."
                )
            if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or sum(weights) <= 0:
                raise FigureError(f"The weights of step {at} must be 0 or more, and not all 0.")

    def written(self) -> Written:
        """The translation as the figure shows it, by the library's decoder."""
        moved: dict[int, Float[Tensor, "1 source"]] = {}
        for at, weights in self.moved:
            row = torch.tensor([weights], dtype=torch.float64)
            moved[at] = row / row.sum()
        return self._gru.write(self.sentences[self.sentence]["memory"], moved)[0]

    def translation(self) -> str:
        """The sentence that is written."""
        return self._gru.text(self.written())

    def effects(self) -> list[tuple[str, int]]:
        """Each piece of the sentence's own translation, and how many tokens change it when they get all its weight."""
        memory = self.sentences[self.sentence]["memory"]
        plain = self._gru.write(memory, {})[0]
        changed = [0] * len(plain.pieces)
        for step, _, said in self._gru.reached(memory):
            changed[step] += said != self._gru.text(plain)
        return [(self._gru.pieces[piece], count) for piece, count in zip(plain.pieces, changed, strict=True)]

    def fallback_html(self) -> str:
        """The map of the sentence shown, in per cent."""
        shown, now = self.sentences[self.sentence], self.written()
        head = "".join(f'<th scope="col">{html.escape(token)}</th>' for token in shown["tokens"])
        rows = "".join(
            f'<tr><th scope="row">{html.escape(self._gru.pieces[piece].replace("▁", ""))}</th>'
            + "".join(f"<td>{weight:.0%}</td>" for weight in row)
            + "</tr>"
            for piece, row in zip(now.pieces, now.weights.tolist(), strict=True)
        )
        caption = f"{html.escape(shown['text'])} → {html.escape(self._gru.text(now))}. A row: the weights of one step."
        return (
            f"<table><caption>{caption}</caption><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def __repr__(self) -> str:
        by_hand = f", {len(self.moved)} steps moved by hand" if self.moved else ""
        return f"alignment: {self.sentences[self.sentence]['text']} → {self.translation()}{by_hand}"
