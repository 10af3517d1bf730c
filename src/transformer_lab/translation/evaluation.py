"""BLEU that others can reproduce: sacreBLEU on plain text, with its signature (Post 2018)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics import BLEU

from transformer_lab.data.corpus import Pair
from transformer_lab.errors import LabError
from transformer_lab.translation.translator import Translator


@dataclass(frozen=True)
class Score:
    """A corpus's BLEU, 0 to 100. The signature says how it was computed; without it the number means nothing."""

    bleu: float
    signature: str
    sentences: int
    details: str  # n-gram precisions, brevity penalty, length ratio


def bleu(translations: Sequence[str], references: Sequence[str], lowercase: bool = False) -> Score:
    """sacreBLEU of translations against one reference each. Raises LabError when there is nothing to score."""
    if not translations or len(translations) != len(references):
        raise LabError(f"{len(translations)} translations against {len(references)} references: expected as many.")
    metric = BLEU(lowercase=lowercase)
    result = metric.corpus_score(list(translations), [list(references)])
    return Score(result.score, str(metric.get_signature()), len(translations), str(result))


def evaluate(
    translator: Translator,
    pairs: Sequence[Pair],
    beam: int = 1,
    lowercase: bool = False,
    length_penalty: float = 0.6,
    batch_tokens: int = 4_000,
) -> tuple[Score, list[str]]:
    """The score of a translator on some pairs, and its translations; the settings are those of `translate_all`."""
    translations = translator.translate_all([pair.source for pair in pairs], beam, length_penalty, batch_tokens)
    return bleu(translations, [pair.target for pair in pairs], lowercase), translations
