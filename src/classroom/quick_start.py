"""An import that takes longer than all others of a grading run together, and is of no use to it."""

import sys


def skip_grammar_of_addresses() -> None:
    """For a program of its own, before it imports nbformat.

    nbformat imports jsonschema, which spends two to three seconds on a grammar for internationalised addresses that
    notebooks do not contain. It does without where the import fails.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
