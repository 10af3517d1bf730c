"""BLEU that others can reproduce: sacreBLEU on plain text, with its signature (Post 2018)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sacrebleu.metrics import BLEU

from transformer_lab.data.corpus import Pair
from transformer_lab.errors import LabError

CHINESE = {"zh", "cmn", "zho", "chi"}  # sacreBLEU knows the first, Tatoeba's files have the second


@runtime_checkable
class TranslatesText(Protocol):
    """What can be scored: a trained model (`Translator`), or a dictionary (`DictionaryTranslator`)."""

    def translate_all(
        self, texts: Sequence[str], beam: int = 1, length_penalty: float = 0.6, batch_tokens: int = 4_000
    ) -> list[str]:
        """The translations in the order given."""
        ...


@dataclass(frozen=True)
class Score:
    """A corpus's BLEU, 0 to 100. The signature says how it was computed; without it the number means nothing."""

    bleu: float
    signature: str
    sentences: int
    details: str  # n-gram precisions, brevity penalty, length ratio


def bleu(
    translations: Sequence[str], references: Sequence[str], lowercase: bool = False, language: str = "en"
) -> Score:
    """sacreBLEU of translations against one reference each.

    Words are told apart as sacreBLEU does for `language`: Chinese by its characters, most others by spaces and signs
    (13a, which takes a whole Chinese sentence for one word).

    Raises:
        LabError: there is nothing to score, or sacreBLEU lacks what it needs for the language.
    """
    if not translations or len(translations) != len(references):
        raise LabError(f"{len(translations)} translations against {len(references)} references: expected as many.")
    metric = _metric(lowercase, language)
    result = metric.corpus_score(list(translations), [list(references)])
    return Score(result.score, str(metric.get_signature()), len(translations), str(result))


def _metric(lowercase: bool, language: str) -> BLEU:
    code = language.replace("_", "-").split("-")[0].lower()
    code = "zh" if code in CHINESE else code
    try:
        return BLEU(lowercase=lowercase, trg_lang=code)
    except RuntimeError as error:
        raise LabError(
            f"sacreBLEU needs more to score translations into {language!r}: run `pip install 'sacrebleu[{code}]'`."
        ) from error


def evaluate(
    translator: TranslatesText,
    pairs: Sequence[Pair],
    beam: int = 1,
    lowercase: bool = False,
    length_penalty: float = 0.6,
    batch_tokens: int = 4_000,
    language: str = "en",
) -> tuple[Score, list[str]]:
    """The score of a translator on some pairs, and its translations.

    The settings are those of `translate_all` and, for the score, of `bleu`.
    """
    _metric(lowercase, language)  # tried now, not after hours of translating
    translations = translator.translate_all([pair.source for pair in pairs], beam, length_penalty, batch_tokens)
    return bleu(translations, [pair.target for pair in pairs], lowercase, language), translations
