"""The term's page: one self-contained HTML file, in the look of the class report."""

from collections import Counter
from importlib.resources import files
from statistics import median

from classroom.class_report.html_text import person, prose, text
from classroom.class_report.wordings import count, moment, number, percent
from classroom.term.build import EXCUSED, WAITS, Result, Row, TermReport

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
.term td.result{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.term th.result{text-align:right}
.term td.dropped{text-decoration:line-through;opacity:.65}
.term tr.class td{font-weight:600}
.term .name{min-width:8.5rem;position:sticky;left:0;background:var(--ground)}
.term td.total,.term td.progress{white-space:nowrap}
.term .total{text-align:right;font-weight:600}
svg.progress{width:7em;height:1.5em;display:block}
svg.progress polyline{fill:none;stroke:currentColor;stroke-width:1.5}
svg.progress circle{fill:currentColor}
"""


def term_page(report: TermReport) -> str:
    """The page as HTML."""
    style = files("classroom.class_report").joinpath("page.css").read_text(encoding="utf-8") + STYLE
    sections = [("students", "Students", _students(report)), ("mistakes", "Mistakes of the term", _mistakes(report))]
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{title}</h2>{content}</section>'
        for key, title, content in sections
    )
    contents = "".join(f'<li><a href="#{key}">{title}</a></li>' for key, title, _ in sections)
    name = text(report.course.root.name)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{name}: the term</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{name}: the term</h1>
<p class="soft">As of {moment(report.built)}. It names students: keep it where student records belong.</p>
<p>{_rule(report)}</p>
<nav aria-label="Sections"><ul>{contents}</ul></nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _rule(report: TermReport) -> str:
    weights = {a.weight for a in report.assignments}
    said = f"{count(len(report.assignments), 'assignment')} graded so far"
    if len(weights) == 1:
        said += ", all of one weight."
    else:
        usual = Counter(a.weight for a in report.assignments).most_common(1)[0][0]
        others = [f"{text(a.name)} counts {number(a.weight)}" for a in report.assignments if a.weight != usual]
        said += f": {', '.join(others)}, every other one {number(usual)}."
    if report.settings.drop:
        drop = report.settings.drop
        said += (
            f" The {'result that costs' if drop == 1 else f'{drop} results that cost'} a student most "
            f"{'is' if drop == 1 else 'are'} dropped."
        )
    return said + " What was not handed in counts 0; an excused assignment does not count."


def _students(report: TermReport) -> str:
    heads = "".join(f'<th class="result" scope="col">{text(a.name)}</th>' for a in report.assignments)
    medians = "".join(
        f'<td class="result">{"–" if a.median is None else percent(a.median)}</td>' for a in report.assignments
    )
    shares = [row.total.share for row in report.rows if row.total.share is not None]
    middle = percent(median(shares)) if shares else "–"
    rows = "".join(_row(row) for row in report.rows)
    progress = _progress([a.median for a in report.assignments], "The class's medians")
    return f"""<p class="soft">Shares of the points. Dropped results are struck through.</p>
<div class="scroll"><table class="term">
<thead><tr><th class="name" scope="col">Student</th><th class="total" scope="col">Total</th>
<th scope="col">Progress</th>{heads}</tr></thead>
<tbody><tr class="class"><td class="name">Median of those who handed in</td><td class="total">{middle}</td>
<td class="progress">{progress}</td>{medians}</tr>{rows}</tbody></table></div>"""


def _row(row: Row) -> str:
    cells = "".join(
        f'<td class="result{" dropped" if i in row.total.dropped else ""}">{_result(result)}</td>'
        for i, result in enumerate(row.results)
    )
    share = "–" if row.total.share is None else percent(row.total.share)
    waits = " <small>so far</small>" if row.waits else ""
    progress = _progress([r.share for r in row.results], f"Progress of {row.person.name or row.person.id}")
    return (
        f'<tr><td class="name">{person(row.person)}</td><td class="total">{share}{waits}</td>'
        f'<td class="progress">{progress}</td>{cells}</tr>'
    )


def _result(result: Result) -> str:
    if result.note in (EXCUSED, WAITS):
        return f"<small>{result.note}</small>"
    return "–" if result.share is None else f"{percent(result.share)}{' <small>missing</small>' if result.note else ''}"


def _progress(shares: list[float | None], title: str) -> str:
    """A line through the shares; what does not count leaves a gap that the line bridges."""
    step = 64 / max(1, len(shares) - 1)
    points = [(4 + step * i, 18 - 16 * share) for i, share in enumerate(shares) if share is not None]
    if not points:
        return ""
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in points)
    return (
        f'<svg class="progress" viewBox="0 0 72 20" role="img" aria-label="{text(title)}">'
        f'<polyline points="{line}"/>{dots}</svg>'
    )


def _mistakes(report: TermReport) -> str:
    if not report.mistakes:
        return "<p>No mistake was recognised by its name.</p>"
    items = []
    for mistake in report.mistakes:
        where = ", ".join(f"{text(name)}: {len(of)}" for name, of in mistake.students.items())
        again = f", {count(len(mistake.again), 'student')} in more than one assignment" if mistake.again else ""
        items.append(
            f"<li><p>{prose(mistake.sentence)}</p><p class='soft'>{count(len(mistake.everybody), 'student')}{again} "
            f"({where})</p></li>"
        )
    return f'<ol class="findings">{"".join(items)}</ol>'
