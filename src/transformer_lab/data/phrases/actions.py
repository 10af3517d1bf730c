"""What people do, ask, want and like: rules of the built-in corpus, each writing both languages together."""

import random
from collections.abc import Callable

from transformer_lab.data.phrases import lexicon as words
from transformer_lab.data.phrases.constituents import (
    Phrase,
    acted_on,
    active,
    be,
    definite,
    do,
    generic,
    nouns_of,
    place,
    present,
    sentence,
    subject,
    when,
)


def past(g: random.Random) -> Phrase:
    """我昨天在图书馆看了一本书。 · I read a book in the library yesterday."""
    person, verb, no = subject(g), active(g), g.random() < 0.25
    thing, (where_zh, where), (start, time) = acted_on(g, verb, no), place(g, verb), when(g, person, words.PAST)
    if no:
        zh, en = f"{start}没{where_zh}{verb.zh}{thing.zh}", f"{person.en} did not {verb.base} {thing.en}{where}{time}"
    else:
        zh, en = f"{start}{where_zh}{verb.zh}了{thing.zh}", f"{person.en} {verb.past} {thing.en}{where}{time}"
    return sentence(zh, en, thing.combinations)


def future(g: random.Random) -> Phrase:
    """她明天会在公园画一只猫。 · She will draw a cat in the park tomorrow."""
    person, verb, no = subject(g), active(g), g.random() < 0.2
    thing, (where_zh, where), (start, time) = acted_on(g, verb, no), place(g, verb), when(g, person, words.FUTURE)
    zh = f"{start}{'不会' if no else '会'}{where_zh}{verb.zh}{thing.zh}"
    return sentence(
        zh, f"{person.en} will {'not ' if no else ''}{verb.base} {thing.en}{where}{time}", thing.combinations
    )


def habit(g: random.Random) -> Phrase:
    """他每天在家看书。 · He reads books at home every day."""
    person, verb = subject(g), active(g)
    thing, (where_zh, where) = generic(g, verb), place(g, verb)
    if g.random() < 0.5:
        start, time = when(g, person, words.HABIT)
        zh, en = f"{start}都{where_zh}{verb.zh}{thing.zh}", f"{present(verb, person.number)} {thing.en}{where}{time}"
    else:
        adverb, often = g.choice([("经常", "often"), ("总是", "always")])
        zh = f"{person.zh}{adverb}{where_zh}{verb.zh}{thing.zh}"
        en = f"{often} {present(verb, person.number)} {thing.en}{where}"
    return sentence(zh, f"{person.en} {en}", thing.combinations)


def progressive(g: random.Random) -> Phrase:
    """玛丽正在办公室训练这个模型。 · Mary is training this model in the office."""
    person, verb = subject(g), active(g)
    thing, (where_zh, where) = acted_on(g, verb), place(g, verb)
    zh = f"{person.zh}正{where_zh or '在'}{verb.zh}{thing.zh}"
    return sentence(zh, f"{person.en} {be(person.number)} {verb.progressive} {thing.en}{where}", thing.combinations)


def question(g: random.Random) -> Phrase:
    """你昨天看了这本书吗？ · Did you read this book yesterday?"""
    person, verb = subject(g, asked=True), active(g)
    thing, (where_zh, where) = acted_on(g, verb), place(g, verb, 0.3)
    if g.random() < 0.6:
        start, time = when(g, person, words.PAST)
        zh, en = f"{start}{where_zh}{verb.zh}了{thing.zh}吗", f"did {person.en} {verb.base} {thing.en}{where}{time}"
    else:
        start, time = when(g, person, words.FUTURE)
        zh, en = f"{start}会{where_zh}{verb.zh}{thing.zh}吗", f"will {person.en} {verb.base} {thing.en}{where}{time}"
    return sentence(zh, en, thing.combinations, "?")


def where_question(g: random.Random) -> Phrase:
    """你昨天在哪里买了这辆车？ · Where did you buy this car yesterday?"""
    person, verb = subject(g, asked=True), g.choice([v for v in words.VERBS if v.places])
    thing, (start, time) = acted_on(g, verb, known=True), when(g, person, words.PAST)
    return sentence(
        f"{start}在哪里{verb.zh}了{thing.zh}",
        f"where did {person.en} {verb.base} {thing.en}{time}",
        thing.combinations,
        "?",
    )


def who_question(g: random.Random) -> Phrase:
    """谁写了这篇论文？ · Who wrote this paper?"""
    verb = active(g)
    noun = g.choice(nouns_of(verb.objects))
    thing = definite(g, noun)
    return sentence(
        f"谁{verb.zh}了{thing.zh}", f"who {verb.past} {thing.en}", (*thing.combinations, (verb.base, noun.en)), "?"
    )


def liking(g: random.Random) -> Phrase:
    """她不喜欢这部电影。 · She does not like this film."""
    verb = g.choice([verb for verb in words.VERBS if verb.stative])
    asked = g.random() < 0.25
    person = subject(g, asked)
    thing = (generic if verb.base == "like" and g.random() < 0.4 else acted_on)(g, verb)
    if asked:
        return sentence(
            f"{person.zh}{verb.zh}{thing.zh}吗", f"{do(person.number)} {person.en} {verb.base} {thing.en}",
            thing.combinations, "?",
        )  # fmt: skip
    if g.random() < 0.3:
        zh, en = f"{person.zh}不{verb.zh}{thing.zh}", f"{do(person.number)} not {verb.base} {thing.en}"
    else:
        also = g.random() < 0.2
        zh = f"{person.zh}{'也' if also else ''}{verb.zh}{thing.zh}"
        en = f"{'also ' if also else ''}{present(verb, person.number)} {thing.en}"
    return sentence(zh, f"{person.en} {en}", thing.combinations)


def _wish(g: random.Random) -> Phrase:
    """A clause: 我想喝一杯茶 · I want to drink a cup of tea"""
    person = subject(g)
    no = g.random() < 0.15
    want = f"{do(person.number)} not want" if no else "wants" if person.number == "one" else "want"
    zh = f"{person.zh}{'不想' if no else '想'}"
    if g.random() < 0.2:
        drink_zh, drink = g.choice(words.DRINKS)
        return Phrase(f"{zh}喝一杯{drink_zh}", f"{person.en} {want} to drink a cup of {drink}")
    if g.random() < 0.25:
        term_zh, term_en = g.choice(words.TERMS)
        return Phrase(f"{zh}学习{term_zh}", f"{person.en} {want} to learn {term_en}", (("learn", term_en),))
    verb = active(g)
    thing, (where_zh, where) = acted_on(g, verb), place(g, verb)
    return Phrase(
        f"{zh}{where_zh}{verb.zh}{thing.zh}", f"{person.en} {want} to {verb.base} {thing.en}{where}", thing.combinations
    )


def wish(g: random.Random) -> Phrase:
    """我想学习机器学习。 · I want to learn machine learning."""
    clause = _wish(g)
    return sentence(clause.zh, clause.en, clause.combinations)


def because(g: random.Random) -> Phrase:
    """因为今天很冷，所以我想喝一杯茶。 · I want to drink a cup of tea because it is very cold today."""
    (reason_zh, reason), clause = g.choice(words.REASONS), _wish(g)
    return sentence(f"因为{reason_zh}，所以{clause.zh}", f"{clause.en} because {reason}", clause.combinations)


def condition(g: random.Random) -> Phrase:
    """如果明天下雨，我就在家看这本书。 · If it rains tomorrow, I will read this book at home."""
    (if_zh, if_en), person, verb = g.choice(words.CONDITIONS), subject(g), active(g)
    thing, (where_zh, where) = acted_on(g, verb), place(g, verb)
    return sentence(
        f"如果{if_zh}，{person.zh}就{where_zh}{verb.zh}{thing.zh}",
        f"if {if_en}, {person.en} will {verb.base} {thing.en}{where}",
        thing.combinations,
    )


def instrument(g: random.Random) -> Phrase:
    """我们用机器学习翻译句子。 · We use machine learning to translate sentences."""
    (term_zh, term_en), (task_zh, task) = g.choice(words.TERMS), g.choice(words.TASKS)
    combinations = ((term_en, task),)
    if g.random() < 0.5:
        person = subject(g)
        use = "uses" if person.number == "one" else "use"
        return sentence(f"{person.zh}用{term_zh}{task_zh}", f"{person.en} {use} {term_en} to {task}", combinations)
    if g.random() < 0.5:
        noun = g.choice(nouns_of("system"))
        thing = definite(g, noun, share=0.2)
        use = "uses" if thing.number == "one" else "use"
        return sentence(
            f"{thing.zh}用{term_zh}{task_zh}",
            f"{thing.en} {use} {term_en} to {task}",
            (*combinations, *thing.combinations),
        )
    whom_zh, whom = g.choice(
        [("我们", "us"), ("他们", "them"), ("你", "you"), ("学生", "students"), ("医生", "doctors")]
    )
    return sentence(f"{term_zh}可以帮助{whom_zh}{task_zh}", f"{term_en} can help {whom} {task}", combinations)


# How often each is drawn, relative to the others.
RULES: dict[Callable[[random.Random], Phrase], float] = {
    past: 7,
    future: 5,
    habit: 4,
    progressive: 5,
    question: 5,
    where_question: 3,
    who_question: 3,
    liking: 5,
    wish: 5,
    because: 5,
    condition: 4,
    instrument: 6,
}
