"""Executing one chapter in a kernel of its own: one thread, a list of what it read, and a failure that says where."""

import asyncio
import json
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell

from book_tools.building.chapter import Chapter
from book_tools.errors import BookError

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
RECORD = "__import__('book_tools.building.reads').building.reads.start({root!r})"
# Outside the chapter's names and history: the recorder is found again among the objects of its module.
REPORT = "print(__import__('json').dumps(__import__('book_tools.building.reads').building.reads.RECORDERS[-1].read()))"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class CellError(BookError):
    """A cell raised an error, warned, took too long or ended its kernel. Says chapter, cell and line."""

    def __init__(self, chapter: Chapter, index: int, within: int, what: str, traceback: str = ""):
        line = chapter.line(index, within)
        place = f"{chapter.path.name}, cell {chapter.cell_number(index)}" + (f", line {line}" if line else "")
        super().__init__(f"{place}: {what}")
        self.line = line
        self.traceback = traceback


@dataclass(frozen=True)
class Executed:
    """What an execution gave besides the outputs, which stand in the chapter's notebook."""

    seconds: float
    reads: list[str]


class Executor:
    """Executes chapters, several at once if it is called from several threads; `stop` ends the kernels at work."""

    def __init__(self, root: Path, timeout: float, environment: dict[str, str] | None = None):
        self.root = root
        self.timeout = timeout
        self.environment = os.environ | ONE_THREAD | (environment or {})
        self._lock = Lock()
        self._kernels: set[int] = set()
        self._stopped = False

    def execute(self, chapter: Chapter) -> Executed:
        """Fills the outputs of the chapter's cells, in order, up to the first that fails.

        Raises:
            CellError: the cells so far have their outputs.
        """
        return asyncio.run(self._execute(chapter))

    async def _execute(self, chapter: Chapter) -> Executed:
        start = time.perf_counter()
        client = NotebookClient(
            chapter.notebook,
            timeout=self.timeout,
            kernel_name=chapter.notebook.metadata.get("kernelspec", {}).get("name", "python3"),
            resources={"metadata": {"path": str(chapter.path.parent)}},
            record_timing=False,  # it would stand in the cells' metadata, by which MyST-NB finds them again
            extra_arguments=["--log-level=ERROR"],  # a warning about the transport, for every kernel
        )
        async with client.async_setup_kernel(env=self.environment):
            process = client.km.provisioner.pid
            self._begin(process)
            try:
                await _hidden(client, RECORD.format(root=str(self.root)))
                about = await client.async_wait_for_reply(client.kc.kernel_info())
                chapter.notebook.metadata["language_info"] = about["content"]["language_info"]
                for index, cell in enumerate(chapter.notebook.cells):
                    if cell.cell_type == "code":
                        await _execute(client, chapter, index)
                reads = json.loads(await _hidden(client, REPORT))
                client.set_widgets_metadata()
            finally:
                self._end(process)
        return Executed(time.perf_counter() - start, reads)

    def stop(self) -> None:
        """Ends all kernels at once; their chapters fail."""
        with self._lock:
            self._stopped = True
            for process in self._kernels:
                os.kill(process, signal.SIGKILL)

    def _begin(self, process: int) -> None:
        with self._lock:
            self._kernels.add(process)
            if self._stopped:
                os.kill(process, signal.SIGKILL)

    def _end(self, process: int) -> None:
        with self._lock:
            self._kernels.discard(process)


async def _hidden(client: NotebookClient, code: str) -> str:
    """Executes code that is not the chapter's and leaves no trace in its history; returns what it printed."""
    cell = new_code_cell(code + ";")
    client.nb.cells.append(cell)  # nbclient writes a cell's outputs where its index says
    try:
        await client.async_execute_cell(cell, len(client.nb.cells) - 1, store_history=False)
    finally:
        client.nb.cells.pop()
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


async def _execute(client: NotebookClient, chapter: Chapter, index: int) -> None:
    cell = chapter.notebook.cells[index]
    try:
        await client.async_execute_cell(cell, index)
    except CellExecutionError as error:
        within = _line_within(error.traceback)
        raise CellError(chapter, index, within, f"{error.ename}: {error.evalue}", error.traceback) from error
    except CellTimeoutError as error:
        raise CellError(chapter, index, 1, f"took longer than {client.timeout:g} s") from error
    except DeadKernelError as error:
        raise CellError(chapter, index, 1, "its kernel died (out of memory, or stopped)") from error
    if "remove-stderr" in cell.metadata.get("tags", []):
        return
    complaint = "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stderr")
    if complaint:
        raise CellError(chapter, index, 1, f"wrote to standard error: {complaint.strip()}")


def _line_within(traceback: str) -> int:
    """The line of the failing cell in which the error arose: its last frame there, not in a cell that it calls."""
    frames = re.findall(r"Cell In\[(\d+)\], line (\d+)", COLOURS.sub("", traceback))
    return next((int(line) for cell, line in reversed(frames) if cell == frames[0][0]), 1)
