"""What every chapter has, and in which order: the list of parts that `book/_templates/chapter.md` shows.

`faults` reads a chapter's text without building it, so that a test and an author know in a second what is missing.
"""

import re
from dataclasses import dataclass

LAST_SECTIONS = ("Quiz", "Exercises", "Build it yourself", "Summary", "Further reading")
OLD_WORDS = ("Try it", "Check yourself", "Common mistake", "A common mistake", "What you should have seen", "Next")


@dataclass(frozen=True)
class Part:
    """A part of a chapter: its name, how it is written, and how often at least."""

    name: str
    pattern: str
    least: int = 1


PARTS = (
    Part("an anchor with the page's name above the title", r"(?m)^\([a-z-]+\)=\n# "),
    Part(
        "an opening question in bold",
        r"(?s)\n# [^\n]*\n(?:(?!\n:::+\{abilities\}).)*\*\*[^*]+\?\*\*",
    ),
    Part("abilities with minutes and prerequisites", r"(?m)^:::+\{abilities\}\n(?:(?::\w+:.*\n)*:minutes: \d+\n)"),
    Part("a figure with a caption", r"(?m)^:::+\{figure-caption\} fig-"),
    Part("a numbered equation", r"(?m)^\$\$ \(eq-[\w-]+\)$"),
    Part("a reference to a figure", r"\{numref\}`fig-"),
    Part("a reference to an equation", r"\{eq\}`eq-"),
    Part("a mistake in the wild", r"(?m)^:::+\{mistake\} "),
    Part("a quiz", r"(?m)^:::+\{quiz\}$"),
    Part("questions in the quiz", r"(?m)^:::+\{question\} .*\?$", 4),
    Part("an exercise", r"(?m)^:::+\{exercise\}"),
    Part("an answer", r"(?m)^:::+\{answer\}$"),
    Part("a link to the notebooks", r"(?m)^:::+\{notebook\}"),
    Part("a source", r"\{cite(?::\w)?\}`"),
)


def sections(text: str) -> dict[str, str]:
    """The chapter's sections of the second level by heading, without what looks like a heading inside code."""
    found = re.split(r"(?m)^## (.+)$", re.sub(r"(?ms)^```.*?^```$", "", text))
    return dict(zip(found[1::2], found[2::2], strict=True))


def faults(text: str) -> list[str]:
    """What a chapter lacks of the template's parts, each as one sentence; nothing where all are there."""
    found = [
        f"There is no {part.name}." if part.least == 1 else f"There are fewer than {part.least} {part.name}."
        for part in PARTS
        if len(re.findall(part.pattern, text)) < part.least
    ]
    headings = list(sections(text).items())
    last = tuple(name for name, _ in headings[-len(LAST_SECTIONS) :])
    if last != LAST_SECTIONS:
        found.append(f"The last sections must be {', '.join(LAST_SECTIONS)}; they are {', '.join(last)}.")
    summary = dict(headings).get("Summary", "").strip()
    if summary and (len(re.split(r"\n\s*\n", summary)) != 1 or re.match(r"[-*\d]", summary)):
        found.append("The summary must be one paragraph, not a list and not several.")
    if "- " not in dict(headings).get("Further reading", "- "):
        found.append("Further reading must be a list.")
    exercises, answers = (len(re.findall(rf"(?m)^:::+\{{{name}\}}", text)) for name in ("exercise", "answer"))
    if exercises != answers:
        found.append("Every exercise has one answer.")
    found += [
        f"“{word}” is not how this book calls a part; CONTRIBUTING, *Add a chapter*, lists the parts."
        for word in OLD_WORDS
        if re.search(
            rf"(?m)^#+ {word}$|^:::+\{{admonition\}} (\d\. )?{word}$|^```\{{admonition\}} {word}$|\*\*{word}", text
        )
    ]
    if re.search(r"(?m)^(:::+|```+)\{dropdown\}", text):
        found.append("A dropdown is an answer without its exercise, or a fold without a name: use the parts.")
    return found
