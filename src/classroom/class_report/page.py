"""The page: one self-contained HTML file that asks no other host and works without its script."""

import base64
import hashlib
from importlib.resources import files

from classroom.class_report import class_sections, student_sections
from classroom.class_report.build import ClassReport
from classroom.class_report.html_text import text
from classroom.class_report.links import Links
from classroom.class_report.wordings import count, moment, number


def page(report: ClassReport, links: Links) -> str:
    """The report as HTML."""
    style, script = _asset("page.css"), _asset("page.js")
    sections = [
        ("scores", "Scores", class_sections.scores(report)),
        ("questions", "Questions", class_sections.questions(report)),
        ("explain", "What to explain again", class_sections.explain_again(report)),
        ("look", "Needs a look", student_sections.needs_a_look(report, links)),
        ("together", "Look at these together", student_sections.together(report, links)),
        ("students", "Students", student_sections.everybody(report, links)),
        ("how", "How these grades were made", student_sections.provenance(report, links)),
    ]
    contents = "".join(f'<li><a href="#{key}">{title}</a></li>' for key, title, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{title}</h2>{content}</section>'
        for key, title, content in sections
    )
    # Should anything of a student's ever get past the escaping, this keeps it from running and from calling out.
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src '{_hash(script)}'"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{text(report.assignment)}: the class at a glance</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#scores">Skip to the scores</a>
<header>
<h1>{text(report.assignment)}: the class at a glance</h1>
<p class="soft">Course {text(report.course.root.name)}, as of {moment(report.built)}. It names students: keep it where
student records belong.</p>
{student_sections.unsandboxed_banner(report)}
{_tiles(report)}
<nav aria-label="Sections"><ul>{contents}</ul></nav>
</header>
<main>
{body}
</main>
<script>{script}</script>
</body>
</html>
"""


def _tiles(report: ClassReport) -> str:
    facts = report.distribution
    looks = len({n.student for n in report.notices})
    status = report.feedback
    tiles = [
        ("Students", f"{len(report.standings):,}", f"{len(report.judged):,} judged"),
        ("Median", number(facts.median) if facts else "–", f"of {number(report.max_score)}"),
        ("Need a look", f"{looks:,}", "student" if looks == 1 else "students"),
        ("Look alike", f"{len(report.groups):,}", "group" if len(report.groups) == 1 else "groups"),
        ("Feedback made", f"{status.made - status.outdated:,}", f"of {count(status.graded, 'notebook')}"),
    ]
    inner = "".join(f"<div><dt>{name}</dt><dd>{value} <small>{more}</small></dd></div>" for name, value, more in tiles)
    return f'<dl class="tiles">{inner}</dl>'


def _asset(name: str) -> str:
    return files("classroom.class_report").joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
