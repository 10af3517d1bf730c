"""What the tests of grading share: what starts students' processes, started once, without and with the sandbox."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from submissions import ROWS

from classroom.errors import ClassroomError
from classroom.grading.course_dir import init_course
from classroom.processes.launcher import ForkServer, Launcher
from classroom.processes.sandbox import Sandbox


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


@pytest.fixture(scope="session")
def make_course(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """A function that puts a course with the sample assignment somewhere. Making one takes seconds, copying it none."""
    made = tmp_path_factory.mktemp("instructor") / "course"
    init_course(made, [ROWS])
    return lambda root: Path(shutil.copytree(made, root))


@pytest.fixture(params=["launcher", "sandbox"])
def any_launcher(request: pytest.FixtureRequest) -> Launcher:
    """The one and the other."""
    return request.getfixturevalue(request.param)
