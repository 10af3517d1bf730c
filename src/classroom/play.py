"""Play with your own code: controls that call a function of the notebook again and show at once what it draws.

    def show(factor, key):
        print(steer(weights, key, factor))

    play(show, factor=slider(0, 10, start=1.0), key=choice({"first": 0, "last": 2}))

An author writes only the function. What it prints and draws, and what it returns, stands below the controls. It is
called anew with every change, and looks up the student's functions when it is called: a cell that is corrected and run
again counts at once.

Only the simplest widgets are used (a slider, a list, a check box, a button, a picture, text), which JupyterLab, VS Code
and Colab all draw. Where nothing draws widgets, the cell shows a still picture: what the starting values give.
"""

import base64
import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from classroom.errors import ClassroomError

__all__ = ["Button", "Choice", "Slider", "Switch", "button", "choice", "play", "slider", "switch"]

DPI = 144  # of a picture; it is shown at half of its size in pixels
MAX_TEXT = 20_000  # characters
NOT_YET = "Nothing to play with yet: write the answer above, run its cell, then run this cell again."


@dataclass(frozen=True)
class Slider:
    """A number between two others; whole numbers where all three and the step are whole."""

    low: float
    high: float
    start: float
    step: float
    label: str | None = None


@dataclass(frozen=True)
class Choice:
    """One of several values, by the names that a student reads."""

    options: Mapping[str, Any]
    start: str
    label: str | None = None


@dataclass(frozen=True)
class Switch:
    """On or off."""

    start: bool
    label: str | None = None


@dataclass(frozen=True)
class Button:
    """How often it was pressed: a seed for something drawn anew, a number of steps."""

    label: str


Control = Slider | Choice | Switch | Button


def slider(low: float, high: float, start: float, step: float | None = None, label: str | None = None) -> Slider:
    """A slider from `low` to `high`. Without a step: 1 between whole numbers, else a hundredth of the way.

    Raises:
        ClassroomError: the start is not between the ends.
    """
    if not low <= start <= high or low == high:
        raise ClassroomError(f"a slider starts between its ends: {start} is not between {low} and {high}")
    whole = all(isinstance(n, int) for n in (low, high, start))
    return Slider(low, high, start, step or (1 if whole else (high - low) / 100), label)


def choice(options: Mapping[str, Any] | Sequence[Any], start: str | None = None, label: str | None = None) -> Choice:
    """A choice among values: a mapping from names to values, or the values themselves. The first is the start.

    Raises:
        ClassroomError: there is nothing to choose, or the start is not among the names.
    """
    named = dict(options) if isinstance(options, Mapping) else {str(option): option for option in options}
    if not named or (start is not None and start not in named):
        raise ClassroomError(f"a choice starts with one of its names ({', '.join(named) or 'none'}), not {start!r}")
    return Choice(named, start or next(iter(named)), label)


def switch(start: bool = False, label: str | None = None) -> Switch:
    """A check box."""
    return Switch(start, label)


def button(label: str = "Draw anew") -> Button:
    """A button; the function is given how often it was pressed."""
    return Button(label)


@dataclass(frozen=True)
class Shown:
    """What one call gave: its text, and its pictures as PNG."""

    text: str
    pictures: tuple[bytes, ...]


def called(show: Callable[..., Any], values: Mapping[str, Any]) -> Shown:
    """Calls the function, and catches what it prints, draws and returns; an error in it becomes one sentence."""
    import matplotlib.pyplot as plt

    open_before = set(plt.get_fignums())
    printed, returned = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        try:
            returned = show(**values)
        except NotImplementedError:
            print(NOT_YET)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    drawn = [plt.figure(number) for number in plt.get_fignums() if number not in open_before]
    if hasattr(returned, "savefig") and returned not in drawn:
        drawn.append(returned)
    elif returned is not None and not hasattr(returned, "savefig"):
        printed.write(f"{returned!r}\n")
    pictures = tuple(map(_png, drawn))
    for figure in drawn:
        plt.close(figure)
    return Shown(printed.getvalue()[:MAX_TEXT].rstrip("\n"), pictures)


def play(show: Callable[..., Any], **controls: Control) -> None:
    """Shows the controls, each by the name of the argument that it gives to `show`, and what `show` makes of them.

    Raises:
        ClassroomError: there is no control, or something else in the place of one.
    """
    import ipywidgets
    from IPython.display import display

    for name, control in controls.items():
        if not isinstance(control, Control):
            raise ClassroomError(f"{name} is no control: write slider(…), choice(…), switch(…) or button(…)")
    if not controls:
        raise ClassroomError("there is nothing to play with: give a control for each argument of the function")
    widgets = {name: _widget(name, control) for name, control in controls.items()}
    stage = ipywidgets.VBox()
    presses = dict.fromkeys((name for name, c in controls.items() if isinstance(c, Button)), 0)

    def values() -> dict[str, Any]:
        read = {name: widget.value for name, widget in widgets.items() if name not in presses}
        return read | presses

    def redraw(_: object = None) -> None:
        _put(stage, called(show, values()))

    def press(name: str) -> None:
        presses[name] += 1
        redraw()

    for name, widget in widgets.items():
        if name in presses:
            widget.on_click(lambda _, name=name: press(name))
        else:
            widget.observe(redraw, names="value")
    still = called(show, values())
    _put(stage, still)
    panel = ipywidgets.HBox(tuple(widgets.values()), layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="0 1.5em"))
    box = ipywidgets.VBox((panel, stage))
    view = {k: v for k, v in (box._repr_mimebundle_() or {}).items() if not k.startswith("text/")}
    display(_as_still(still) | view, raw=True)


def _widget(name: str, control: Control) -> Any:
    import ipywidgets

    if isinstance(control, Button):
        return ipywidgets.Button(description=control.label, layout=ipywidgets.Layout(width="auto"))
    label = control.label or name.replace("_", " ")
    look = {"description": label, "style": {"description_width": "initial"}}
    if isinstance(control, Switch):
        return ipywidgets.Checkbox(control.start, indent=False, **look)
    if isinstance(control, Choice):
        return ipywidgets.Dropdown(options=list(control.options.items()), value=control.options[control.start], **look)
    whole = all(isinstance(n, int) for n in (control.low, control.high, control.start, control.step))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(value=control.start, min=control.low, max=control.high, step=control.step, **look)


def _put(stage: Any, shown: Shown) -> None:
    """Gives the stage what was shown; a picture that is there gets new content, so that nothing flickers."""
    import ipywidgets

    pictures = [child for child in stage.children if isinstance(child, ipywidgets.Image)]
    texts = [child for child in stage.children if isinstance(child, ipywidgets.HTML)]
    if len(pictures) != len(shown.pictures):
        pictures = [ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="100%")) for _ in shown.pictures]
    for widget, png in zip(pictures, shown.pictures, strict=True):
        widget.value, widget.width = png, str(_width(png) // 2)
    text = texts[0] if texts else ipywidgets.HTML()
    text.value = _pre(shown.text)
    children = (*pictures, text)
    if stage.children != children:
        stage.children = children


def _as_still(shown: Shown) -> dict[str, str]:
    """The same for whoever draws no widgets: the richest that there is comes first."""
    plain = shown.text or "A picture with controls: run this cell in JupyterLab, VS Code or Colab."
    if not shown.pictures:
        return {"text/plain": plain}
    if len(shown.pictures) == 1 and not shown.text:
        return {"text/plain": plain, "image/png": base64.b64encode(shown.pictures[0]).decode()}
    images = "".join(
        f'<img alt="{escape(plain, quote=True)}" width="{_width(png) // 2}" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for png in shown.pictures
    )
    return {"text/plain": plain, "text/html": f"<div>{images}{_pre(shown.text)}</div>"}


def _pre(text: str) -> str:
    return f'<pre style="margin:0;line-height:1.35;white-space:pre-wrap">{escape(text)}</pre>' if text else ""


def _png(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, bbox_inches="tight")
    return file.getvalue()


def _width(png: bytes) -> int:
    return int.from_bytes(png[16:20], "big")  # of the header, in pixels
