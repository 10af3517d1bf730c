"""The words that the parts of a page print by themselves, in one table per language.

A translation of the book adds a table and sets Sphinx's `language`; no other module holds a word that a reader sees.
"""

from sphinx.config import Config

WORDS = {
    "en": {
        "chapter": "chapter",
        "abilities": "After this chapter you can",
        "minutes": "about {minutes} minutes",
        "needs": "Read first",
        "know": "You need",
        "none": "nothing",
        "to_come": "to come",
        "mistake": "Mistake in the wild",
        "source": "Found in",
        "exercise": "Exercise",
        "answer": "Answer",
        "question": "Question",
        "right": "Right.",
        "wrong": "Not right.",
        "right_answer": "Right answer",
        "explanation": "Right or wrong?",
        "single": "One answer is right.",
        "several": "Several answers are right: choose all of them.",
        "number": "Answer with a number.",
        "chapter_notebook": "This chapter as a notebook",
        "assignment": "Assignment",
        "open_here": "Open it on your machine",
        "download": "Download .ipynb",
        "first_use": "First used in",
        "claims": "Claims",
    }
}


def words(config: Config) -> dict[str, str]:
    """The table of the book's language; English where there is none."""
    return WORDS.get(config.language, WORDS["en"])
