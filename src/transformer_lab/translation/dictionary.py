"""A word-for-word translator: a dictionary that is learned from sentence pairs, and no order of its own.

The baseline that a translator has to beat. Which word means which is found by IBM model 1 (Brown et al. 1993): every
word of the target is thought to come from one word of the source, or from none, and how often it comes from which is
estimated again and again by the estimates of before (EM). Chinese writes no spaces; its words are found first, as
neighbours that seldom stand apart.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from transformer_lab.data.corpus import Pair
from transformer_lab.errors import LabError

NOTHING = "<nothing>"  # the empty word, from which words come that nothing in the source stands for
# A Chinese character, a number, a run of other letters (don't is one), or any sign: spaces vanish.
CHARACTER = r"\u2e80-\u2fdf\u3005-\u3007\u3040-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # no sign, such as 。
UNIT = re.compile(rf"[{CHARACTER}]|\d+|[^\W\d_{CHARACTER}]+(?:'\w+)*|[^\w\s]|_")
HAN = re.compile(f"[{CHARACTER}]+")
FEWEST = 0.3  # words that a source word becomes on average
CLOSING = set(".,!?;:)]}%")  # no space before these


def split_words(text: str) -> list[str]:
    """Words and signs in order; each Chinese character by itself."""
    return UNIT.findall(text)


def find_words(sentences: Sequence[list[str]], together: float = 0.4, rounds: int = 8) -> set[str]:
    """Chinese words: neighbours a, b that stand together in at least the share `together` of where a or b stands.

    The surest pairs are joined first, and in one round no unit twice; so longer words grow from shorter ones.
    """
    words: set[str] = set()
    for _ in range(rounds):
        joined = [join_words(sentence, words) for sentence in sentences]
        alone = Counter(unit for sentence in joined for unit in sentence)
        pairs = Counter(pair for sentence in joined for pair in pairwise(sentence))
        shares = {
            (a, b): count / (alone[a] + alone[b] - count)
            for (a, b), count in pairs.items()
            if count > 1 and HAN.fullmatch(a + b)
        }
        used: set[str] = set()
        for a, b in sorted(shares, key=lambda pair: (-shares[pair], pair)):
            if shares[a, b] >= together and not {a, b} & used:
                words.add(a + b)
                used |= {a, b}
        if not used:
            break
    return words


def join_words(sentence: Sequence[str], words: set[str]) -> list[str]:
    """The longest known word at every place, from the left; a character where there is none."""
    longest = max(map(len, words), default=1)
    joined, place = [], 0
    while place < len(sentence):
        size = min(longest, len(sentence) - place)
        while size > 1 and "".join(sentence[place : place + size]) not in words:
            size -= 1
        joined.append("".join(sentence[place : place + size]))
        place += size
    return joined


def ibm_model_1(
    pairs: Sequence[tuple[list[str], list[str]]], rounds: int = 10
) -> tuple[dict[tuple[str, str], float], list[float]]:
    """t(e | f), the probability that source word f becomes target word e, and log P of the targets before each round.

    EM (Brown et al. 1993, section 4.1): of each target word, source word f of the sentence gets the share
    t(e | f) / Σ_f' t(e | f'); the shares of all sentences, made to sum to 1 for each f, are the next t. It starts with
    all equal and never lowers the likelihood. `NOTHING` is a word of every source. The constants of sentence lengths,
    which t has no part in, are left out of log P but for 1/(l + 1) a word.

    Raises:
        LabError: there is no pair.
    """
    if not pairs:
        raise LabError("there are no sentence pairs to learn a dictionary from.")
    sources = {word: i for i, word in enumerate(dict.fromkeys([NOTHING, *(f for one, _ in pairs for f in one)]))}
    targets = {word: i for i, word in enumerate(dict.fromkeys(e for _, one in pairs for e in one))}
    # Flat: one entry for each target word with each word of its source, sentence after sentence.
    source_of, target_of, asked, choices = [], [], [], []
    for source, target in pairs:
        candidates = [0, *(sources[f] for f in source)]
        for e in target:
            asked += [len(choices)] * len(candidates)
            choices.append(len(candidates))
            source_of += candidates
            target_of += [targets[e]] * len(candidates)
    source_of, target_of, asked = (np.array(one, dtype=np.int64) for one in (source_of, target_of, asked))
    known, entry = np.unique(source_of * max(1, len(targets)) + target_of, return_inverse=True)
    owner = known // max(1, len(targets))
    t = np.full(len(known), 1 / max(1, len(targets)))
    log_likelihoods = []
    for _ in range(rounds):
        share = t[entry]
        total = np.bincount(asked, share, len(choices))
        log_likelihoods.append(float(np.log(total / np.array(choices)).sum()))
        counts = np.bincount(entry, share / total[asked], len(known))
        t = counts / np.bincount(owner, counts, len(sources))[owner]
    names, others = list(sources), list(targets)
    table = {
        (names[code // len(others)], others[code % len(others)]): float(p) for code, p in zip(known, t, strict=True)
    }
    return table, log_likelihoods


def fertilities(pairs: Iterable[tuple[list[str], list[str]]], table: dict[tuple[str, str], float]) -> dict[str, float]:
    """How many target words each source word is the likeliest origin of, on average over its occurrences."""
    made: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for source, target in pairs:
        met.update(source)
        made.update(max([NOTHING, *source], key=lambda f: table[f, e]) for e in target)
    return {f: made[f] / met[f] for f in met}


class DictionaryTranslator:
    """Writes for each word of the source the word that it most often becomes, in the order of the source.

    A word that seldom becomes any (fertility below `FEWEST`) is left out; an unknown word is written as it stands. What
    words mean is learned without regard to case, and written in the case that is most frequent; a sentence
    begins with a capital if most sentences do. It is made by `learn`,
    and scored by `evaluate` as any other translator.
    """

    def __init__(self, entries: dict[str, str], words: set[str] | None = None, capital: bool = True):
        self.entries = entries  # source word: target word, or an empty one
        self.words = words or set()
        self.capital = capital  # at the beginning of a sentence

    @classmethod
    def learn(cls, pairs: Sequence[Pair], rounds: int = 10) -> "DictionaryTranslator":
        """From sentence pairs. Raises LabError where there are none."""
        cased = [(split_words(pair.source.lower()), split_words(pair.target)) for pair in pairs]
        words = find_words([source for source, _ in cased])
        split = [(join_words(source, words), [word.lower() for word in target]) for source, target in cased]
        table, _ = ibm_model_1(split, rounds)
        best: dict[str, tuple[float, str]] = {}
        for (f, e), probability in table.items():
            if f not in best or probability > best[f][0]:
                best[f] = (probability, e)
        # In a sentence's first word the capital says nothing. The most frequent form comes last, and stays.
        forms = Counter(word for _, target in cased for word in target[1:]).most_common()
        written = {form.lower(): form for form, _ in reversed(forms)}
        fertility = fertilities(split, table)
        chosen = {f: best[f][1] if made >= FEWEST else "" for f, made in fertility.items()}
        begin = Counter(pair.target.lstrip()[:1].isupper() for pair in pairs)
        return cls({f: written.get(e, e) for f, e in chosen.items()}, words, capital=begin[True] >= begin[False])

    def translate(self, text: str) -> str:
        """One sentence, word for word. Raises LabError for an empty one."""
        if not text.strip():
            raise LabError("the sentence is empty; there is nothing to translate.")
        found = [self.entries.get(word, word) for word in join_words(split_words(text.lower()), self.words)]
        written = ""
        for word in filter(None, found):
            written += word if not written or word in CLOSING else f" {word}"
        return written[:1].upper() + written[1:] if self.capital else written

    def translate_all(
        self, texts: Sequence[str], beam: int = 1, length_penalty: float = 0.6, batch_tokens: int = 4_000
    ) -> list[str]:
        """The translations in the order given. A dictionary gives each word once: there is nothing to search for.

        Raises:
            LabError: a sentence is empty, named by its place, from 1; or `beam` is above 1.
        """
        if beam != 1:
            raise LabError(f"beam={beam}: a dictionary has one translation of each word; leave the beam at 1.")
        outputs = []
        for number, text in enumerate(texts, start=1):
            try:
                outputs.append(self.translate(text))
            except LabError as error:
                raise LabError(f"sentence {number}: {error}" if len(texts) > 1 else str(error)) from None
        return outputs
