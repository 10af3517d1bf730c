"""The stage for hostile submissions: a course with secrets in it, listeners on the network, and a real sandbox."""

from collections.abc import Iterator

import pytest
from stage import Stage, build_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage for all; its sandbox is started after the secrets are in the grader's environment."""
    yield from build_stage(tmp_path_factory.mktemp("stage"))
