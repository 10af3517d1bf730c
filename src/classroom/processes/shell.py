"""An IPython shell that collects what a cell shows as nbformat outputs, bounded in size."""

import io
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from classroom.student_code.student import CellOutcome

MAX_TEXT = 100_000  # characters of printed text in one cell
MAX_RICH = 4 * 2**20  # characters of plots and other rich output in one cell
TRUNCATED = "\n… output truncated\n"


class Outputs:
    """What one cell has shown so far. Text beyond the bounds is dropped as it comes, so memory stays bounded."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets everything: the next cell starts."""
        self.collected: list[dict[str, Any]] = []
        self.text_left, self.rich_left = MAX_TEXT, MAX_RICH

    def write(self, name: str, text: str) -> None:
        """Text printed to stdout or stderr; successive texts of one stream become one output."""
        if not text or self.text_left < 0:
            return
        if len(text) > self.text_left:
            text = text[: self.text_left] + TRUNCATED
            self.text_left = -1
        else:
            self.text_left -= len(text)
        last = self.collected[-1] if self.collected else {}
        if last.get("name") == name:
            last["text"].append(text)
        else:
            self.collected.append({"output_type": "stream", "name": name, "text": [text]})

    def show(self, output_type: str, data: dict[str, Any], metadata: dict[str, Any], **fields: Any) -> None:
        """A value or a picture, in the formats that IPython made of it."""
        kept = {}
        for mime, value in data.items():
            size = len(value) if isinstance(value, str) else len(repr(value))
            if size <= self.rich_left:
                kept[mime] = value
                self.rich_left -= size
        if kept:
            self.collected.append({"output_type": output_type, "data": kept, "metadata": metadata, **fields})
        else:
            self.write("stdout", TRUNCATED)

    def finished(self) -> list[dict[str, Any]]:
        """The outputs, as nbformat has them."""
        return [o | {"text": "".join(o["text"])} if "text" in o else o for o in self.collected]


class _Stream(io.TextIOBase):
    encoding, errors = "utf-8", "strict"

    def __init__(self, outputs: Outputs, name: str):
        self.outputs, self.name = outputs, name

    def write(self, text: str) -> int:
        self.outputs.write(self.name, str(text))
        return len(text)

    def writable(self) -> bool:
        return True


class _Publisher(DisplayPublisher):
    outputs: Outputs

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs):
        self.outputs.show("display_data", dict(data), dict(metadata or {}))

    def clear_output(self, wait=False):
        self.outputs.collected.clear()


class _DisplayHook(DisplayHook):
    outputs: Outputs

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        count = self.shell.execution_count
        self.outputs.show("execute_result", dict(format_dict), dict(md_dict or {}), execution_count=count)

    def finish_displayhook(self):
        pass


class _Formatter(DisplayFormatter):
    """Jupyter's. Where figures are not drawn, they are named: drawing takes longer than all else in a notebook."""

    draw_figures = True

    def format(self, obj, include=None, exclude=None):
        figure = getattr(sys.modules.get("matplotlib.figure"), "Figure", None)
        if self.draw_figures or figure is None or not isinstance(obj, figure):
            return super().format(obj, include, exclude)
        return {"text/plain": f"{obj!r}, not drawn"}, {}


class CapturingShell(InteractiveShell):
    """Runs cells as Jupyter's kernel does (magics, `await`, rich display, inline plots) and keeps the outputs."""

    def __init__(self, **kwargs: Any):
        self.shown = Outputs()
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        super().__init__(config=config, display_pub_class=_Publisher, displayhook_class=_DisplayHook, **kwargs)
        self.display_pub.outputs = self.shown
        self.displayhook.outputs = self.shown
        self.enable_matplotlib("inline")

    def init_display_formatter(self):
        self.display_formatter = _Formatter(parent=self)
        self.configurables.append(self.display_formatter)

    def enable_gui(self, gui=None):
        """No window system here."""

    def reset(self, new_session=True, aggressive=False):
        """Forgets what cells defined, and keeps what multiprocessing asks of the main module."""
        super().reset(new_session=new_session, aggressive=aggressive)
        self.user_module.__spec__ = None

    def _showtraceback(self, etype, evalue, stb):
        error = {"ename": etype.__name__, "evalue": str(evalue)[:MAX_TEXT]}
        lines = [line[:MAX_TEXT] for line in stb[:200]]
        self.shown.collected.append({"output_type": "error", **error, "traceback": lines})

    def run(self, source: str) -> tuple[CellOutcome, BaseException | None]:
        """Runs one cell; gives its outputs, and the exception that ended it, if one did."""
        self.shown.clear()
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream(self.shown, "stdout"), _Stream(self.shown, "stderr")
        error: BaseException | None = None
        try:
            with interruptible():
                result = self.run_cell(source, store_history=True)
            error = result.error_before_exec or result.error_in_exec
        except (Exception, KeyboardInterrupt, SystemExit) as raised:  # IPython let it through
            error = raised
            lines = traceback.format_exception_only(raised)
            self._showtraceback(type(raised), raised, lines)
        finally:
            sys.stdout, sys.stderr = streams
        said = None if error is None else f"{type(error).__name__}: {error}"[:500]
        return CellOutcome(self.shown.finished(), said), error


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, an interrupt raises KeyboardInterrupt in the student's code; outside, it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
