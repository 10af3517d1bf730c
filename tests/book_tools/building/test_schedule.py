"""The order of tasks, and what happens when one fails or the caller goes away."""

import threading

import pytest

from book_tools.building.schedule import Task, side_by_side


def names(tasks: list[Task], workers: int = 1) -> list[str]:
    return [task.name for task, _ in side_by_side(tasks, workers, stop=lambda: None)]


def test_needed_ones_first_then_the_longest_and_unknown_ones_count_as_long():
    tasks = [
        Task("short", int, 1),
        Task("long", int, 50),
        Task("needs model", int, 99, frozenset({"model"})),
        Task("unknown", int),
        Task("model", int, 5),
    ]
    assert names(tasks) == ["model", "unknown", "needs model", "long", "short"]


def test_a_task_waits_for_all_that_it_needs_even_if_they_fail():
    def fail() -> None:
        raise ValueError

    tasks = [Task("last", int, 99, frozenset({"a", "b"})), Task("a", fail, 9), Task("b", int, 1)]
    ended = [(task.name, future.exception()) for task, future in side_by_side(tasks, 2, stop=lambda: None)]
    assert ended[-1] == ("last", None)
    assert {name: type(error) for name, error in ended[:2]} == {"a": ValueError, "b": type(None)}


def test_a_need_that_is_not_among_the_tasks_is_done():
    assert names([Task("a", int, 1, frozenset({"made earlier"}))]) == ["a"]


def test_as_many_at_once_as_there_are_workers():
    barrier = threading.Barrier(3, timeout=10)
    assert sorted(names([Task(str(i), barrier.wait) for i in range(3)], workers=3)) == ["0", "1", "2"]


@pytest.mark.timeout(30)
def test_when_the_caller_goes_away_the_running_ones_are_stopped():
    stopped, running = threading.Event(), threading.Event()

    def wait() -> None:
        running.set()
        stopped.wait()

    tasks = [Task("first", running.wait, 2), Task("endless", wait, 3), Task("never", int, 1)]
    ended = side_by_side(tasks, 2, stop=stopped.set)
    assert next(ended)[0].name == "first"
    ended.close()
    assert stopped.is_set()
