"""What things are called, are like and where they are: rules of the built-in corpus, each writing both languages."""

import random
from collections.abc import Callable

from transformer_lab.data.phrases import lexicon as words
from transformer_lab.data.phrases.constituents import (
    Phrase,
    acted_on,
    active,
    adjectives_for,
    be,
    counted,
    definite,
    nouns_of,
    place,
    sentence,
)
from transformer_lab.data.phrases.lexicon import Noun


def term(g: random.Random) -> Phrase:
    """机器学习 · machine learning"""
    if g.random() < 0.7:
        return Phrase(*g.choice(words.TERMS))
    noun = g.choice(words.SYSTEMS)
    return Phrase(noun.zh, noun.en)


def noun_phrase(g: random.Random) -> Phrase:
    """三本有趣的书 · three interesting books"""
    noun = g.choice([*words.NOUNS, *words.SYSTEMS])
    return (definite if g.random() < 0.4 else counted)(g, noun)


def _judged(g: random.Random, noun: Noun, thing: Phrase) -> Phrase:
    """A clause that says how something is: 这本书很有趣 · this book is very interesting"""
    adjective = g.choice(adjectives_for(noun))
    zh, en = g.choice(
        [("很{}", "very {}"), ("很{}", "very {}"), ("不{}", "not {}"), ("太{}了", "too {}"), ("真{}", "really {}")]
    )
    return Phrase(
        thing.zh + zh.format(adjective.zh),
        f"{thing.en} {be(thing.number)} {en.format(adjective.en)}",
        (*thing.combinations, (adjective.en, noun.en)),
    )


def _judgeable(g: random.Random) -> Noun:
    """A noun that some adjective fits."""
    return g.choice([n for n in [*words.NOUNS, *words.SYSTEMS] if n.kinds != "person"])


def judgement(g: random.Random) -> Phrase:
    """这些旧桌子太贵了。 · These old tables are too expensive."""
    noun = _judgeable(g)
    clause = _judged(g, noun, definite(g, noun, share=0.0))
    return sentence(clause.zh, clause.en, clause.combinations)


def judgement_question(g: random.Random) -> Phrase:
    """这个问题重要吗？ · Is this problem important?"""
    noun = _judgeable(g)
    thing = definite(g, noun, share=0.0)
    adjective = g.choice(adjectives_for(noun))
    return sentence(
        f"{thing.zh}{adjective.zh}吗", f"{be(thing.number)} {thing.en} {adjective.en}", ((adjective.en, noun.en),), "?"
    )


def comparison(g: random.Random) -> Phrase:
    """我的电脑比你的电脑新。 · My computer is newer than your computer."""
    noun = _judgeable(g)
    adjective = g.choice(adjectives_for(noun))
    (owner, whose), (other, others) = g.sample(list(words.POSSESSIVES.items()), 2)
    if g.random() < 0.5:
        first, second = (
            Phrase(f"这{noun.measure}{noun.zh}", f"this {noun.en}"),
            Phrase(f"那{noun.measure}{noun.zh}", f"that {noun.en}"),
        )
    else:
        first, second = (
            Phrase(f"{owner}的{noun.zh}", f"{whose} {noun.en}"),
            Phrase(f"{other}的{noun.zh}", f"{others} {noun.en}"),
        )
    return sentence(
        f"{first.zh}比{second.zh}{adjective.zh}",
        f"{first.en} is {adjective.comparative} than {second.en}",
        ((adjective.en, noun.en),),
    )


def relative_clause(g: random.Random) -> Phrase:
    """我昨天买的书很有趣。 · The book that I bought yesterday is very interesting."""
    verb, person = active(g), g.choice([*words.PRONOUNS, *words.NAMES])
    noun = g.choice(nouns_of(verb.objects))
    time_zh, time = g.choice([("", ""), *((zh, f" {en}") for zh, en in words.PAST)])
    (where_zh, where), many = place(g, verb, 0.3), g.random() < 0.3
    thing = Phrase(
        f"{person.zh}{time_zh}{where_zh}{verb.zh}的{'那些' if many else ''}{noun.zh}",
        f"the {noun.plural if many else noun.en} that {person.en} {verb.past}{where}{time}",
        ((verb.base, noun.en),),
        "many" if many else "one",
    )
    clause = _judged(g, noun, thing)
    return sentence(clause.zh, clause.en, clause.combinations)


def relative_person(g: random.Random) -> Phrase:
    """正在看这本书的学生是我的朋友。 · The student who is reading this book is my friend."""
    verb, someone = active(g), g.choice(words.PEOPLE)
    thing, (where_zh, where) = acted_on(g, verb), place(g, verb, 0.3)
    owner, whose = g.choice(list(words.POSSESSIVES.items()))
    relation_zh, relation = g.choice(words.RELATIONS)
    return sentence(
        f"正{where_zh or '在'}{verb.zh}{thing.zh}的{someone.zh}是{owner}的{relation_zh}",
        f"the {someone.en} who is {verb.progressive} {thing.en}{where} is {whose} {relation}",
        thing.combinations,
    )


def existence(g: random.Random) -> Phrase:
    """桌子上有三本新书。 · There are three new books on the table."""
    noun, (spot_zh, spot) = g.choice(nouns_of("small")), g.choice(words.SPOTS)
    thing = counted(g, noun)
    return sentence(
        f"{spot_zh}有{thing.zh}", f"there {be(thing.number)} {thing.en} {spot}", (*thing.combinations, (spot, noun.en))
    )


def location(g: random.Random) -> Phrase:
    """我的书在哪里？ · Where is my book?"""
    noun, (spot_zh, spot) = g.choice(nouns_of("small")), g.choice(words.SPOTS)
    thing = definite(g, noun)
    if g.random() < 0.4:
        return sentence(f"{thing.zh}在哪里", f"where {be(thing.number)} {thing.en}", thing.combinations, "?")
    return sentence(
        f"{thing.zh}在{spot_zh}", f"{thing.en} {be(thing.number)} {spot}", (*thing.combinations, (spot, noun.en))
    )


def subject_matter(g: random.Random) -> Phrase:
    """这篇论文介绍机器翻译。 · This paper introduces machine translation."""
    term_zh, term_en = g.choice(words.TERMS)
    if g.random() < 0.5:
        noun = g.choice(nouns_of("text"))
        thing = definite(g, noun)
        verb = "introduces" if thing.number == "one" else "introduce"
        return sentence(
            f"{thing.zh}介绍{term_zh}", f"{thing.en} {verb} {term_en}", (*thing.combinations, ("introduce", term_en))
        )
    adjective = g.choice([a for a in words.ADJECTIVES if "subject" in a.kinds])
    return sentence(f"{term_zh}很{adjective.zh}", f"{term_en} is very {adjective.en}", ((adjective.en, term_en),))


def part_of(g: random.Random) -> Phrase:
    """这个模型的结构很简单。 · The structure of this model is very simple."""
    part_zh, part, number, sayings = g.choice(words.PARTS)
    noun = g.choice(nouns_of("system method"))
    whole, (saying_zh, saying) = definite(g, noun, share=0.2), g.choice(sayings)
    degree_zh, degree = g.choice([("很", "very"), ("很", "very"), ("不", "not")])
    return sentence(
        f"{whole.zh}的{part_zh}{degree_zh}{saying_zh}",
        f"the {part} of {whole.en} {be(number)} {degree} {saying}",
        (*whole.combinations, (part, noun.en)),
    )


# How often each is drawn, relative to the others.
RULES: dict[Callable[[random.Random], Phrase], float] = {
    term: 4,
    noun_phrase: 4,
    judgement: 4,
    judgement_question: 3,
    comparison: 4,
    relative_clause: 7,
    relative_person: 4,
    existence: 4,
    location: 4,
    subject_matter: 4,
    part_of: 5,
}
