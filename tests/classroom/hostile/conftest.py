"""The stage for hostile submissions, and the class of everybody: made once for all tests here."""

from collections.abc import Iterator

import pytest
from everyone import Graded, grade_everyone
from stage import Stage, build_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A course with secrets, listeners, and a sandbox that was started after the secrets were in the environment."""
    yield from build_stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="session")
def graded(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Everybody in one class, graded."""
    return grade_everyone(stage, tmp_path_factory.mktemp("class") / "course")
