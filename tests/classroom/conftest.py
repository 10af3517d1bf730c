"""What the tests of grading share: the process that forks students' processes, started once."""

from collections.abc import Iterator

import pytest

from classroom.launcher import ForkServer


@pytest.fixture(scope="session")
def launcher() -> Iterator[ForkServer]:
    """A real fork server."""
    with ForkServer() as started:
        yield started
