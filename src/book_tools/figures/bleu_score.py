"""The figure *BLEU*: runs of words that count, the four shares, the brevity penalty, and one output in six scores."""

import html
from collections.abc import Sequence

import traitlets
from sacrebleu.metrics import BLEU

from book_tools.figures.attention_state import FigureError
from book_tools.figures.figure import Figure

MOST_SENTENCES, LONGEST = 3, 200
CUTS = {  # the figure's name of a way, and sacreBLEU's settings for it
    "13a": {"tokenize": "13a"},
    "lower": {"tokenize": "13a", "lowercase": True},
    "none": {"tokenize": "none"},
    "zh": {"tokenize": "zh"},
    "char": {"tokenize": "char"},
}
NAMES = {
    "13a": "13a",
    "lower": "13a, lower-cased",
    "none": "cut at spaces",
    "zh": "zh",
    "char": "characters",
    "average": "mean of sentences",
}
PRESETS = (
    {
        "name": "animal",
        "outputs": ["The animal was tired, so it rested."],
        "references": ["The animal was tired, so it slept."],
    },
    {
        "name": "three",
        "outputs": ["I like machine learning.", "the animal slept because it was tired.", "Machine learning"],
        "references": ["I like machine learning.", "The animal was tired, so it slept.", "machine learning"],
    },
    {"name": "chinese", "outputs": ["我很喜欢机器学习。"], "references": ["我喜欢机器学习。"]},
)


def six_scores(outputs: Sequence[str], references: Sequence[str], *, smooth: bool) -> dict[str, float]:
    """BLEU by sacreBLEU: cut in five ways with all counts pooled, and as the mean over the sentences' own scores."""
    method = {"smooth_method": "exp" if smooth else "none", "force": True}
    scores = {
        name: BLEU(**settings, **method).corpus_score(list(outputs), [list(references)]).score
        for name, settings in CUTS.items()
    }
    alone = BLEU(**CUTS["13a"], **method, effective_order=True)
    sentences = [alone.sentence_score(a, [b]).score for a, b in zip(outputs, references, strict=True)]
    return {**scores, "average": sum(sentences) / len(sentences)}


def signatures() -> dict[str, str]:
    """What sacreBLEU writes beside each score, without what all of them share."""
    texts = {}
    for name, settings in {**CUTS, "average": {**CUTS["13a"], "effective_order": True}}.items():
        metric = BLEU(**settings, smooth_method="none", force=True)
        metric.corpus_score(["a"], [["a"]])  # the number of references is known only now
        parts = str(metric.get_signature()).split("|")
        texts[name] = " ".join(part for part in parts if part.startswith(("case", "tok", "eff")))
    return texts


class BleuScore(Figure):
    """BLEU of one to three outputs that the reader edits, `current` of them shown with its runs of `k` words.

    `cut` says how words are told apart, `smooth` whether a share of 0 is replaced as sacreBLEU does by default.
    """

    _state = ("outputs", "references", "current", "k", "cut", "smooth", "presets", "signatures")

    outputs = traitlets.List(traitlets.Unicode()).tag(sync=True)
    references = traitlets.List(traitlets.Unicode()).tag(sync=True)
    current = traitlets.Int(0).tag(sync=True)
    k = traitlets.Int(1).tag(sync=True)
    cut = traitlets.Unicode("13a").tag(sync=True)
    smooth = traitlets.Bool(False).tag(sync=True)
    presets = traitlets.List().tag(sync=True)
    signatures = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        outputs: Sequence[str] = tuple(PRESETS[0]["outputs"]),
        references: Sequence[str] = tuple(PRESETS[0]["references"]),
        *,
        k: int = 1,
        cut: str = "13a",
        smooth: bool = False,
    ) -> None:
        """Starts with some sentences.

        Raises:
            FigureError: the sentences are none, too many, too long, empty or not paired, or `k` or `cut` is unknown.
        """
        if not 1 <= len(outputs) <= MOST_SENTENCES or len(outputs) != len(references):
            raise FigureError(
                f"{len(outputs)} outputs and {len(references)} references are given; "
                f"choose 1 to {MOST_SENTENCES} of both, as many of one as of the other."
            )
        for text in (*outputs, *references):
            if not text.strip() or len(text) > LONGEST:
                raise FigureError(f"{text[:20]!r} has {len(text)} signs; a sentence has 1 to {LONGEST}.")
        if k not in (1, 2, 3, 4):
            raise FigureError(f"k={k} is unknown; choose 1, 2, 3 or 4.")
        if cut not in CUTS:
            raise FigureError(f"cut={cut!r} is unknown; choose one of {', '.join(CUTS)}.")
        super().__init__(
            outputs=list(outputs),
            references=list(references),
            k=k,
            cut=cut,
            smooth=smooth,
            presets=list(PRESETS),
            signatures=signatures(),
        )

    def fallback_html(self) -> str:
        """The six scores of what the figure starts with, of three sentences and of a Chinese output, by sacreBLEU."""
        examples = [(self.outputs, self.references), *((one["outputs"], one["references"]) for one in PRESETS[1:])]
        scores = [six_scores(outputs, references, smooth=self.smooth) for outputs, references in examples]
        head = "".join(f'<th scope="col">{html.escape(" / ".join(outputs))}</th>' for outputs, _ in examples)
        rows = "".join(
            f'<tr><th scope="row">{label}</th>' + "".join(f"<td>{score[name]:.1f}</td>" for score in scores) + "</tr>"
            for name, label in NAMES.items()
        )
        caption = "BLEU of the same outputs, scored in six ways."
        return (
            f"<table><caption>{caption}</caption><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def __repr__(self) -> str:
        score = six_scores(self.outputs, self.references, smooth=self.smooth)[self.cut]
        return f"BLEU, {NAMES[self.cut]}: {score:.1f} for {' / '.join(self.outputs)}"
