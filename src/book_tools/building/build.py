"""Bringing the results of all chapters up to date: what has changed is executed, side by side; the rest is kept."""

import ast
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from book_tools.building.chapter import Chapter
from book_tools.building.execution import Executor
from book_tools.building.ingredients import Ingredients, changed
from book_tools.building.models import READY, Models
from book_tools.building.reads import fingerprint
from book_tools.building.results import Result, Results, outputs
from book_tools.building.schedule import Task, cores, side_by_side
from book_tools.errors import BookError


class Build:
    """One build of a book whose library, models and claims lie under `root`."""

    def __init__(self, root: Path, results: Results, timeout: float, say: Callable[[str], None] = print):
        self.results = results
        self.say = say
        self.root = root
        self.ingredients = Ingredients(root)
        self.models = Models(root, self.ingredients)
        self.executor = Executor(root, timeout, {READY: str(self.models.folder)})

    def bring_up_to_date(
        self, chapters: Iterable[Chapter], workers: int | None = None
    ) -> dict[str, Result | BookError]:
        """The result of each chapter, or why it has none. A chapter that fails keeps the others from nothing."""
        chapters = {chapter.name: chapter for chapter in chapters}
        needs = {name: self._models_of(chapter) for name, chapter in chapters.items()}
        due_models = {model for model in set().union(*needs.values()) if self.models.changes(model)}
        found: dict[str, Result | BookError] = {}
        tasks = [Task(f"model {name}", lambda name=name: self.models.make(name)) for name in sorted(due_models)]
        for model in sorted(due_models):
            self.say(f"model {model} will be trained: {_few(self.models.changes(model))}")
        for name, chapter in chapters.items():
            kept = self.results.load(name)
            waits_for = needs[name] & due_models
            why = self.changes(chapter, kept)
            if kept and not why and not waits_for:
                found[name] = kept
                continue
            if why:
                self.say(f"{name} will be executed: {_few(why)}")
            seconds = kept.seconds if kept else float("inf")
            task_needs = frozenset(f"model {model}" for model in waits_for)
            tasks.append(Task(name, lambda chapter=chapter: self._execute(chapter), seconds, task_needs))
        return found | (self._run(tasks, chapters, workers or cores()) if tasks else {})

    def changes(self, chapter: Chapter, kept: Result | None) -> list[str]:
        """What has changed since the chapter gave this result; empty where it may be kept."""
        if kept is None:
            return ["it has no result yet"]
        now = self.ingredients.of(chapter)
        return changed(kept.ingredients, now) + changed(
            kept.reads, {name: fingerprint(self.root, name) for name in kept.reads}
        )

    def _run(self, tasks: list[Task], chapters: dict[str, Chapter], workers: int) -> dict[str, Result | BookError]:
        found: dict[str, Result | BookError] = {}
        start = time.perf_counter()
        with closing(side_by_side(tasks, workers, self._stop)) as ended:
            for number, (task, future) in enumerate(ended, start=1):
                error = future.exception()
                if error is not None and not isinstance(error, BookError):
                    raise error
                if task.name in chapters:
                    found[task.name] = error or future.result()
                word = "failed" if error else "done"
                self.say(f"{task.name}: {word} ({number} of {len(tasks)}, after {time.perf_counter() - start:.0f} s)")
        return found

    def _execute(self, chapter: Chapter) -> Result:
        """Executes a chapter and keeps what it gave, unless it turns out that nothing has changed."""
        for model in self._models_of(chapter):
            if self.models.changes(model):
                self.models.make(model)  # its own task has failed: the same error, for this chapter
        kept = self.results.load(chapter.name)
        if kept is not None and not self.changes(chapter, kept):
            return kept
        ingredients = self.ingredients.of(chapter)  # before: what is edited meanwhile counts as changed
        executed = self.executor.execute(chapter)
        cells, metadata = outputs(chapter)
        reads = {name: fingerprint(self.root, name) for name in executed.reads}
        result = Result(ingredients, reads, executed.seconds, cells, metadata)
        self.results.save(chapter.name, result)
        return result

    def _models_of(self, chapter: Chapter) -> frozenset[str]:
        """The models that the chapter names, or a module that loads one for it."""
        loaders = [chapter.python]
        for file in self.ingredients.library.files(self.ingredients.library.imported(chapter.python)):
            if file.suffix == ".py" and "book_tools.models" in (text := file.read_text(encoding="utf-8")):
                loaders.append(text)
        return frozenset(set().union(*map(_loaded, loaders)) & self.models.rows.keys())

    def _stop(self) -> None:
        self.executor.stop()
        self.models.stop()


def _loaded(code: str) -> set[str]:
    """The names that stand in calls such as `load("translator")` or `models.load("translator")`."""
    calls = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and node.args)
    return {
        call.args[0].value
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", None)) == "load"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _few(names: list[str]) -> str:
    """The first few changes, for a line on the screen."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
