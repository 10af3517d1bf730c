"""The panel under a check cell: self-contained HTML, readable in light and dark themes, without colour, on a phone.

Everything that comes from outside (messages quote student code) is escaped. No script, no style sheet: JupyterLab,
VS Code, Colab and nbgrader's feedback page keep inline styles and drop the rest. Colours are half transparent, so
that the page's own background and text colour carry the theme.
"""

from collections.abc import Sequence
from html import escape

from classroom.questions.results import CriterionResult, QuestionResult

GREEN, AMBER, RED, GREY = "#1a7f5a", "#a15c00", "#c0392b", "#6b7280"
TINT = {
    GREEN: "rgba(26,127,90,.12)",
    AMBER: "rgba(214,137,16,.14)",
    RED: "rgba(192,57,43,.10)",
    GREY: "rgba(128,128,128,.14)",
}
SHELL = (
    "border:1px solid rgba(128,128,128,.4);border-left:4px solid {colour};border-radius:6px;padding:.7em 1em;"
    "margin:.3em 0;max-width:46em;color:inherit;background:transparent;font-size:14px;line-height:1.45;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;overflow-wrap:anywhere"
)
BADGE = "color:#fff;border-radius:3px;font-size:.8em;line-height:1.4;width:1.4em;text-align:center;flex:none"


def points_text(points: float) -> str:
    """A number of points as nbgrader reads it and people write it: "2.5", "3", "0"."""
    return f"{round(points, 2):g}"


def panel(result: QuestionResult) -> str:
    """One question's result as HTML."""
    colour = _colour(result)
    rows = "".join(_row(criterion, result) for criterion in result.criteria)
    return (
        f'<section aria-label="Result of {escape(result.id, quote=True)}" style="{SHELL.format(colour=colour)}">'
        f"{_heading(result)}{_bar(result, colour)}{_diagnosis(result, colour)}"
        f'<ul style="list-style:none;margin:.6em 0 0;padding:0">{rows}</ul></section>'
    )


def summary(results: Sequence[QuestionResult]) -> str:
    """All questions of a notebook as HTML: one line each, and the total."""
    score, maximum = sum(r.score for r in results), sum(r.max_score for r in results)
    rows = "".join(
        f'<tr style="background:transparent;border-top:1px solid rgba(128,128,128,.3)">'
        f'<td style="text-align:left;padding:.35em .6em .35em 0">'
        f'<span style="white-space:nowrap">{status_text(r)}:</span> {escape(r.title)}</td>'
        f'<td style="text-align:right;padding:.35em 0;white-space:nowrap">'
        f"{points_text(r.score)} / {points_text(r.max_score)}</td></tr>"
        for r in results
    )
    colour = GREEN if score == maximum else AMBER if score else RED
    return (
        f'<section aria-label="All questions" style="{SHELL.format(colour=colour)}">'
        f"<strong>{points_text(score)} of {points_text(maximum)} points</strong>"
        f'<table style="border-collapse:collapse;width:100%;margin:.5em 0 0;color:inherit;font-size:inherit">'
        f"<tbody>{rows}</tbody></table></section>"
    )


def _heading(result: QuestionResult) -> str:
    return (
        '<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:.2em 1em">'
        f"<strong>{escape(result.title)}</strong>"
        f'<span style="white-space:nowrap"><strong>{points_text(result.score)}</strong> of '
        f"{points_text(result.max_score)} points</span></div>"
    )


def _bar(result: QuestionResult, colour: str) -> str:
    share = 100 * result.score / result.max_score if result.max_score else 0
    return (
        '<div aria-hidden="true" style="height:6px;border-radius:3px;margin:.5em 0;background:rgba(128,128,128,.3)">'
        f'<div style="height:6px;border-radius:3px;width:{share:.1f}%;background:{colour}"></div></div>'
    )


def _diagnosis(result: QuestionResult, colour: str) -> str:
    if not result.diagnosis:
        return ""
    return (
        f'<p style="margin:.6em 0;padding:.5em .7em;border-radius:4px;background:{TINT[colour]}">'
        f"{_text(result.diagnosis)}</p>"
    )


def _row(criterion: CriterionResult, result: QuestionResult) -> str:
    mark, word, colour = ("✓", "passed", GREEN) if criterion.passed else ("✗", "failed", RED)
    if result.not_written:
        mark, word, colour = "·", "to do", GREY
    message = ""
    if criterion.message and criterion.message != result.diagnosis:  # not said twice
        message = f'<div style="opacity:.85;margin-left:1.65em">{_text(criterion.message)}</div>'
    return (
        '<li style="margin:.3em 0;padding:0">'
        '<div style="display:flex;gap:.5em;align-items:baseline">'
        f'<span aria-hidden="true" style="{BADGE};background:{colour}">{mark}</span>'
        f'<span style="flex:1">{escape(criterion.name)}: {word}</span>'
        f'<span style="white-space:nowrap;opacity:.85">{points_text(criterion.score)} / '
        f"{points_text(criterion.max_score)}</span></div>{message}</li>"
    )


def _text(sentence: str) -> str:
    """Escaped, with `code` and *emphasis* as our sentences write them."""
    pieces = escape(sentence).split("`")
    if len(pieces) % 2 == 0:
        return escape(sentence)
    style = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.92em;background:none;color:inherit;padding:0"
    return "".join(
        f'<code style="{style}">{piece}</code>' if i % 2 else _emphasis(piece) for i, piece in enumerate(pieces)
    )


def _emphasis(text: str) -> str:
    pieces = text.split("*")
    if len(pieces) % 2 == 0:
        return text
    return "".join(f"<em>{p}</em>" if i % 2 and p.strip() == p and p else (f"*{p}*" if i % 2 else p)
                   for i, p in enumerate(pieces))  # fmt: skip


def _colour(result: QuestionResult) -> str:
    if result.complete:
        return GREEN
    return GREY if result.not_written else AMBER if result.score else RED


def status_text(result: QuestionResult) -> str:
    """Where a student stands with a question, as a mark and words."""
    if result.complete:
        return "✓ complete"
    return "· to do" if result.not_written else "◐ in part" if result.score else "✗ no points yet"
