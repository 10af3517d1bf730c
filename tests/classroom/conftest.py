"""What the tests of grading share: what starts students' processes, started once, without and with the sandbox."""

import os
from collections.abc import Iterator

import pytest

from classroom.errors import ClassroomError
from classroom.launcher import ForkServer, Launcher
from classroom.sandbox import Sandbox


@pytest.fixture(scope="session")
def launcher() -> Iterator[ForkServer]:
    """A real fork server."""
    with ForkServer() as started:
        yield started


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A real sandbox; the test is skipped where there is none, and fails where `CI` is set."""
    try:
        started = Sandbox()
    except ClassroomError as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))
    with started:
        yield started


@pytest.fixture(params=["launcher", "sandbox"])
def any_launcher(request: pytest.FixtureRequest) -> Launcher:
    """The one and the other."""
    return request.getfixturevalue(request.param)
