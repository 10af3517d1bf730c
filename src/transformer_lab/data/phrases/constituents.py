"""Parts of a sentence of the built-in corpus: nouns with what stands before them, subjects, places, times."""

import random
from functools import cache
from typing import NamedTuple

from transformer_lab.data.phrases import lexicon as words
from transformer_lab.data.phrases.lexicon import Adjective, Noun, Person, Verb


class Phrase(NamedTuple):
    """Both sides and the combinations of words that they hold."""

    zh: str
    en: str
    combinations: tuple[tuple[str, str], ...] = ()
    number: str = "one"  # for the English verb that follows: "I", "one" or "many"


@cache
def nouns_of(kinds: str) -> list[Noun]:
    """The nouns of any of these kinds."""
    return [noun for noun in [*words.NOUNS, *words.SYSTEMS] if set(noun.kinds.split()) & set(kinds.split())]


@cache
def adjectives_for(noun: Noun) -> list[Adjective]:
    """The adjectives that may be said of a noun."""
    return [a for a in words.ADJECTIVES if set(a.kinds.split()) & set(noun.kinds.split())]


def article(en: str) -> str:
    """a or an, by sound: an apple, a useful book."""
    return f"an {en}" if en[0] in "aeiou" and not en.startswith(("use", "uni")) else f"a {en}"


def described(g: random.Random, noun: Noun, share: float = 0.35) -> tuple[str, str, str, tuple]:
    """The noun, perhaps with an adjective: Chinese, English singular and plural, combinations."""
    fitting = adjectives_for(noun)
    if not fitting or g.random() > share:
        return noun.zh, noun.en, noun.plural, ()
    adjective = g.choice(fitting)
    return (
        adjective.attributive + noun.zh,
        f"{adjective.en} {noun.en}",
        f"{adjective.en} {noun.plural}",
        ((adjective.en, noun.en),),
    )


def definite(g: random.Random, noun: Noun, share: float = 0.35) -> Phrase:
    """this, that, these, those or someone's: 这本书, my new book."""
    zh, one, many, combinations = described(g, noun, share)
    kind = g.random()
    if kind < 0.5:
        far = g.random() < 0.4
        return Phrase(
            f"{'那' if far else '这'}{noun.measure}{zh}", f"{'that' if far else 'this'} {one}", combinations, "one"
        )
    if kind < 0.7:
        far = g.random() < 0.4
        return Phrase(f"{'那些' if far else '这些'}{zh}", f"{'those' if far else 'these'} {many}", combinations, "many")
    owner, whose = g.choice(list(words.POSSESSIVES.items()))
    of = "" if "的" in zh else "的"  # 我有趣的书, not 我的有趣的书
    return Phrase(f"{owner}{of}{zh}", f"{whose} {one}", combinations, "one")


def counted(g: random.Random, noun: Noun) -> Phrase:
    """One or several: 一本书, three books."""
    zh, one, many, combinations = described(g, noun)
    if g.random() < 0.5:
        return Phrase(f"一{noun.measure}{zh}", article(one), combinations, "one")
    number, en = g.choice(list(words.NUMBERS.items()))
    return Phrase(f"{number}{noun.measure}{zh}", f"{en} {many}", combinations, "many")


def acted_on(g: random.Random, verb: Verb, known: bool = False) -> Phrase:
    """Something for the verb to act on, with the combination that the two make. `known`: this book, not a book."""
    if "subject" in verb.objects and g.random() < 0.4:
        zh, en = g.choice(words.TERMS)
        return Phrase(zh, en, ((verb.base, en),))
    noun = g.choice(nouns_of(verb.objects))
    # One likes this book, or books (see generic), but not a book.
    phrase = (definite if known or verb.stative or g.random() < 0.5 else counted)(g, noun)
    return phrase._replace(combinations=(*phrase.combinations, (verb.base, noun.en)))


def generic(g: random.Random, verb: Verb) -> Phrase:
    """Things of a kind, bare in Chinese and plural in English: 看书, read books."""
    noun = g.choice(nouns_of(verb.objects))
    return Phrase(noun.zh, noun.plural, ((verb.base, noun.en),), "many")


def subject(g: random.Random, asked: bool = False) -> Person:
    """Who acts. Questions are not about the one who asks."""
    kind = g.random()
    if kind < 0.6:
        return g.choice(words.PRONOUNS[1 if asked else 0 :])
    if kind < 0.75:
        return g.choice(words.NAMES)
    if kind < 0.9:
        owner, whose = g.choice(list(words.POSSESSIVES.items()))
        zh, en = g.choice(words.RELATIONS)
        return Person(f"{owner}的{zh}", f"{whose} {en}", "one")
    person = g.choice(words.PEOPLE)
    far = g.random() < 0.4
    return Person(
        f"{'那' if far else '这'}{person.measure}{person.zh}", f"{'that' if far else 'this'} {person.en}", "one"
    )


def active(g: random.Random) -> Verb:
    """A verb for what one does at some time, unlike liking and needing."""
    return g.choice([verb for verb in words.VERBS if not verb.stative])


def be(number: str) -> str:
    """am, is or are."""
    return {"I": "am", "one": "is", "many": "are"}[number]


def do(number: str) -> str:
    """do or does, for negations and questions."""
    return "does" if number == "one" else "do"


def present(verb: Verb, number: str) -> str:
    """read or reads."""
    return verb.third if number == "one" else verb.base


def place(g: random.Random, verb: Verb, share: float = 0.45) -> tuple[str, str]:
    """Where one does that, or nowhere: Chinese, and English with a space before."""
    if not verb.places or g.random() > share:
        return "", ""
    en = g.choice(verb.places.split(","))
    return words.PLACES[en], f" {en}"


def when(g: random.Random, person: Person, times: list[tuple[str, str]]) -> tuple[str, str]:
    """Subject and time, in either order in Chinese, and the English time at the end with a space before."""
    zh, en = g.choice(times)
    return (person.zh + zh if g.random() < 0.65 else zh + person.zh), f" {en}"


def sentence(zh: str, en: str, combinations: tuple = (), end: str = ".") -> Phrase:
    """A clause with its capital and its full stop or question mark."""
    return Phrase(zh + {".": "。", "?": "？"}[end], en[0].upper() + en[1:] + end, combinations)
