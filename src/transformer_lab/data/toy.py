"""Toy tasks: sequences of letters to copy, to reverse or to sort. A model learns them in seconds."""

import random
import string

from transformer_lab.data.corpus import Corpus, Pair
from transformer_lab.errors import LabError

TASKS = {"copy": list, "reverse": lambda row: row[::-1], "sort": sorted}


def toy_corpus(
    task: str, train: int = 2_000, held_out: int = 200, longest: int = 10, letters: int = 26, seed: int = 0
) -> Corpus:
    """Random sequences of 1 to `longest` of the first `letters` letters for `task`, no sequence twice.

    Raises:
        LabError: there is no such task, the alphabet has not so many letters, or there are not enough sequences.
    """
    if task not in TASKS:
        raise LabError(f"there is no toy task {task!r}; choose from {', '.join(TASKS)}.")
    if not 1 <= letters <= len(string.ascii_lowercase):
        raise LabError(f"letters={letters} must be at least 1 and at most {len(string.ascii_lowercase)}.")
    wanted, possible = train + 2 * held_out, sum(letters**length for length in range(1, longest + 1))
    if wanted > possible:
        raise LabError(f"{wanted} sequences are wanted but there are only {possible}; raise longest or letters.")
    generator = random.Random(seed)
    seen: dict[tuple[str, ...], None] = {}
    while len(seen) < wanted:
        length = generator.randint(1, longest)
        seen[tuple(generator.choices(string.ascii_lowercase[:letters], k=length))] = None
    pairs = [Pair(" ".join(row), " ".join(TASKS[task](list(row)))) for row in seen]
    # Short sequences run out first and would crowd at the beginning.
    generator.shuffle(pairs)
    test, validation = pairs[:held_out], pairs[held_out : 2 * held_out]
    return Corpus(f"toy-{task}", "letters", "letters", pairs[2 * held_out :], validation, test)
