"""Line charts on logarithmic axes as SVG that can be read on a light and on a dark page."""

from dataclasses import dataclass
from pathlib import Path

INK = "#010203"  # stands for the page's text colour until the file is written
COLOURS = ("#2f81f7", "#db6d28", "#3fa34d")  # readable on white and on black
STYLE = "<style>svg{color:#1f2328;background:none}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}</style>"


@dataclass(frozen=True)
class Line:
    """One line and its name."""

    name: str
    x: list[float]
    y: list[float]


def plot(path: Path, x_label: str, panels: dict[str, list[Line]]) -> None:
    """Panels side by side, by the label of their vertical axis, over the same horizontal one."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullLocator

    # Text stays text, and the same numbers give the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bench"}):
        figure = Figure(figsize=(10, 4), layout="constrained")
        for axes, (label, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
            for line, colour, marker in zip(lines, COLOURS, "os^", strict=False):
                axes.plot(line.x, line.y, color=colour, marker=marker, label=line.name)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set_xticks(lines[0].x)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
                axis.set_minor_locator(NullLocator())
            axes.set_xlabel(x_label, color=INK)
            axes.set_ylabel(label, color=INK)
            axes.tick_params(colors=INK)
            axes.grid(color="#8b949e", alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
            axes.spines[["left", "bottom"]].set_color(INK)
            axes.set_facecolor("none")
            axes.legend(frameon=False, labelcolor=INK)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})
    svg = path.read_text(encoding="utf-8").replace(INK, "currentColor")
    head, tag, rest = svg.partition("<defs>")
    path.write_text(head + STYLE + "\n " + tag + rest, encoding="utf-8")
