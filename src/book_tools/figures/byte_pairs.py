"""The figure *byte pairs*: byte-pair encoding step by step, on words that the reader may change."""

import html
import re
from collections.abc import Mapping

import traitlets

from book_tools.figures.attention_state import FigureError
from book_tools.figures.figure import Figure
from transformer_lab.data.byte_pairs import learn_merges, spell

WORDS = {
    "learn": 6,
    "learns": 2,
    "learning": 5,
    "machine": 4,
    "machines": 3,
    "teach": 3,
    "teaching": 2,
    "reading": 2,
}
MOST_WORDS, MOST_LETTERS, MOST_COUNT = 12, 20, 9999
WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|')*")


class BytePairs(Figure):
    """The merges of byte-pair encoding on a few words with counts, `step` of them done; `fresh` is a word to spell."""

    _state = ("text", "step", "fresh")

    text = traitlets.Unicode().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    fresh = traitlets.Unicode("relearning").tag(sync=True)

    def __init__(self, words: Mapping[str, int] | None = None, step: int = 0, fresh: str = "relearning") -> None:
        """Starts with some words.

        Raises:
            FigureError: there are none or too many, or one of them is no word or has no count.
        """
        self.words = dict(WORDS if words is None else words)
        if not 1 <= len(self.words) <= MOST_WORDS:
            raise FigureError(f"{len(self.words)} words are given; choose 1 to {MOST_WORDS}.")
        for word, count in [*self.words.items(), (fresh, 1)]:
            if not WORD.fullmatch(word) or len(word) > MOST_LETTERS:
                raise FigureError(f"{word!r} is not one word of 1 to {MOST_LETTERS} letters.")
            if not 1 <= count <= MOST_COUNT:
                raise FigureError(f"{word!r} is counted {count} times; choose a count from 1 to {MOST_COUNT}.")
        if step < 0:
            raise FigureError(f"step={step} is below 0; the figure starts with 0 merges done.")
        text = ", ".join(f"{word} {count}" for word, count in self.words.items())
        super().__init__(text=text, step=step, fresh=fresh)

    def fallback_html(self) -> str:
        """The first merges, as a table."""
        rows = [
            f'<tr><th scope="row">{i}</th><td>{html.escape(" + ".join(pair))}</td><td>{html.escape("".join(pair))}</td>'
            f"<td>{count}</td></tr>"
            for i, (pair, count) in enumerate(learn_merges(self.words, 12), start=1)
        ]
        head = "".join(f'<th scope="col">{name}</th>' for name in ("merge", "neighbours", "new piece", "times"))
        caption = f"The first merges of the words {html.escape(self.text)}."
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def __repr__(self) -> str:
        pieces = [" ".join(spell(word, learn_merges(self.words, self.step))) for word in self.words]
        return f"Byte pairs after {self.step} merges: {', '.join(pieces)}"
