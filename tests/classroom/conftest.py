"""What the tests of grading share: what starts students' processes, started once, without and with the sandbox."""

from collections.abc import Iterator

import pytest

from classroom.launcher import ForkServer, Launcher
from classroom.sandbox import Sandbox


@pytest.fixture(scope="session")
def launcher() -> Iterator[ForkServer]:
    """A real fork server."""
    with ForkServer() as started:
        yield started


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A real sandbox."""
    with Sandbox() as started:
        yield started


@pytest.fixture(params=["launcher", "sandbox"])
def any_launcher(request: pytest.FixtureRequest) -> Launcher:
    """The one and the other."""
    return request.getfixturevalue(request.param)
