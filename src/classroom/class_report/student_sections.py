"""The sections of the page about single students: what needs a look, who resembles whom, everybody, how it came."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from classroom.class_report.build import ClassReport
from classroom.class_report.finals import Person
from classroom.class_report.html_text import link, person, prose, text
from classroom.class_report.links import Links
from classroom.class_report.similarity import Group, Pair, Shared
from classroom.class_report.standing import Standing
from classroom.class_report.wordings import count, listed, moment, number, percent

SHOWN_NOTICES = 10  # of a kind at once; the others unfold
SHOWN_GROUPS = 25
SHOWN_PAIRS = 5
SHOWN_PIECES = 2
EXCERPT, WIDTH = 14, 160  # lines, characters
GOOD, LOOK = {"graded", "excused"}, {"timeout", "memory", "missing", "no record"}


def needs_a_look(report: ClassReport, links: Links) -> str:
    """Outcomes, flags and work that waits, by kind."""
    if not report.notices:
        return "<p>Nothing: every submission was judged, and none is unusual.</p>"
    people = {s.person.id: s for s in report.standings}
    numbers = {s.person.id: i for i, s in enumerate(report.standings)}
    made = []
    for title, group in groupby(report.notices, key=lambda n: n.title):
        items = [
            f'<li><a href="#s{numbers[n.student]}">{person(people[n.student].person)}</a>'
            f"<span>{prose(n.sentence)}</span><span>{_links(people[n.student], report, links)}</span></li>"
            for n in group
        ]
        made.append(
            f'<h3>{text(title)} <span class="soft">({len(items)})</span></h3>'
            f'<ul class="notices">{"".join(items[:SHOWN_NOTICES])}</ul>'
        )
        if rest := items[SHOWN_NOTICES:]:
            made.append(
                f'<details><summary>{len(rest):,} more</summary><ul class="notices">{"".join(rest)}</ul></details>'
            )
    return "".join(made)


def together(report: ClassReport, links: Links) -> str:
    """Submissions to look at together. The wording accuses nobody: alike is not the same as copied."""
    if not report.groups:
        return (
            "<p>No two submissions share enough unusual code to say so. The smaller the class and the shorter the "
            "answers, the less can be told from chance.</p>"
        )
    people = _People({s.person.id: s for s in report.standings})
    shown = "".join(_group(g, people, report, links) for g in report.groups[:SHOWN_GROUPS])
    rest = len(report.groups) - SHOWN_GROUPS
    more = f'<p class="soft">{count(rest, "further group")} only in the JSON (--json).</p>' if rest > 0 else ""
    return (
        "<p>These share code that hardly anybody else in the class wrote and that neither the release nor the known "
        "solutions contain. Names of variables, comments, layout and the order of functions were ignored. "
        "<strong>This is a reason to look, and no proof of anything:</strong> a study group, a common source or a "
        f"tutor’s hint look the same.</p>{shown}{more}"
    )


def everybody(report: ClassReport, links: Links) -> str:
    """All students, sortable."""
    heads = "".join(f'<th scope="col"><abbr title="{text(q.title)}">{q.number}</abbr></th>' for q in report.questions)
    rows = "".join(_row(i, s, report, links) for i, s in enumerate(report.standings))
    return (
        f"<p>Final scores of {number(report.max_score)}. The numbered columns are the questions: ✎ marks points that a "
        "person gave, … points that wait for one.</p>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Students"><table class="students" data-sortable>'
        f'<caption>{count(len(report.standings), "student")}</caption><thead><tr><th scope="col" aria-sort="ascending">'
        f'Student</th><th scope="col">Score</th><th scope="col">Outcome</th>{heads}<th scope="col">Graded</th>'
        f'<th scope="col" data-fixed>Open</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def provenance(report: ClassReport, links: Links) -> str:
    """How every grade was obtained, what has gone back to students, which files there are."""
    ran = [s for s in report.standings if s.sandboxed is not None]
    shut_in = len(ran) - len(report.unsandboxed)
    times = sorted(s.graded for s in report.standings if s.graded)
    when = "" if not times else f"between {moment(times[0])} and {moment(times[-1])}"
    when = f"on {moment(times[0])}" if times and moment(times[0]) == moment(times[-1]) else when
    by_hand = sum(bool(s.final and s.final.manual) for s in report.standings)
    late = sum(bool(s.final and s.final.penalty) for s in report.standings)
    facts = [
        f"{count(shut_in, 'student')}: code run <strong>in the sandbox</strong>, without network or view of the course."
        if shut_in
        else "",
        f'<strong class="bad">{count(len(report.unsandboxed), "student")}: code run without a sandbox.</strong> '
        "It could have read or changed whatever the instructor’s account may."
        if report.unsandboxed
        else "",
        f"Graded {when}; “Graded” in the table above is each student’s time." if when else "",
        f"{count(by_hand, 'student')} with points that a person gave; these replace the examiner’s." if by_hand else "",
        f"{count(late, 'student')} with a late penalty; it is taken off the score, never below 0." if late else "",
        _feedback(report),
        '<a href="grades.csv">grades.csv</a> has everybody; <a href="canvas.csv">canvas.csv</a> and '
        '<a href="moodle.csv">moodle.csv</a> have '
        f"{count(sum(s.gradable for s in report.standings), 'grade')}: who handed in nothing or is not graded is left "
        "out, so that an import changes nothing for them.",
        _worksheet(report),
        f"“formgrader” links open {text(links.formgrader)}: start <code>jupyter lab</code> in the course directory "
        "first.",
    ]
    return f"<ul>{''.join(f'<li>{fact}</li>' for fact in facts if fact)}</ul>"


def _worksheet(report: ClassReport) -> str:
    """Who is not in Moodle's worksheet, where the class comes from Moodle."""
    chosen = [s for s in report.standings if s.gradable]
    lacking = [s for s in chosen if not s.number_at("Moodle")]
    if not lacking or len(lacking) == len(chosen):
        return ""
    return (
        f"Moodle’s offline worksheet passes over {count(len(lacking), 'student')} of moodle.csv, whose number only a "
        "download of this assignment tells; Grades → Import finds them by ID number or address where "
        "everybody has one."
    )


def unsandboxed_banner(report: ClassReport) -> str:
    """The banner that nobody can miss, where a grade was obtained without a sandbox."""
    if not report.unsandboxed:
        return ""
    ran = sum(s.sandboxed is not None for s in report.standings)
    number_ = len(report.unsandboxed)
    which = (
        "All grades here were"
        if number_ == ran
        else f"{number_} of {ran} grades here {'was' if number_ == 1 else 'were'}"
    )
    return (
        f'<p class="warning"><strong>{which} obtained without a sandbox.</strong> Code that is graded like this can '
        "read the course and reach the network. Do not rely on the scores of students you do not trust; "
        "<code>course grade --force</code> grades again.</p>"
    )


def _feedback(report: ClassReport) -> str:
    status = report.feedback
    if not status.graded:
        return ""
    if status.made == status.graded and not status.outdated:
        return f"Feedback pages are made for all {count(status.graded, 'notebook')}."
    missing, lacking = status.graded - status.made, []
    if missing:
        lacking.append(f"{missing:,} {'has' if missing == 1 else 'have'} no page yet")
    if status.outdated:
        lacking.append(
            f"{status.outdated:,} {'has' if status.outdated == 1 else 'have'} one that is older than the grade"
        )
    return (
        f"Feedback to return: of {count(status.graded, 'graded notebook')} {listed(lacking)}; "
        f"<code>nbgrader generate_feedback {text(report.assignment)}</code> makes the pages."
    )


def _row(index: int, standing: Standing, report: ClassReport, links: Links) -> str:
    style = "good" if standing.outcome in GOOD else "look" if standing.outcome in LOOK else "bad"
    chips = f'<span class="chip {style}">{text(standing.outcome)}</span>'
    if standing.sandboxed is False:
        chips += ' <span class="chip bad">no sandbox</span>'
    if standing.flags:
        chips += f' <span class="chip look">{count(len(standing.flags), "flag")}</span>'
    penalty = standing.final.penalty if standing.final else 0
    late = f'<br><span class="id">late −{number(penalty)}</span>' if penalty else ""
    key = standing.person.sortable_name or standing.person.id
    score = "" if standing.score is None else number(standing.score)
    graded = f"{standing.graded:%Y-%m-%d %H:%M}" if standing.graded else ""
    return (
        f'<tr id="s{index}"><th scope="row" data-value="{text(key)}">{person(standing.person)}</th>'
        f'<td data-value="{score}">{score or "–"}{late}</td>'
        f'<td data-value="{text(standing.outcome)}">{chips}</td>'
        f"{''.join(_points(standing, q.id) for q in report.questions)}"
        f"<td>{graded}</td><td>{_links(standing, report, links)}</td></tr>"
    )


def _points(standing: Standing, question: str) -> str:
    value = standing.questions.get(question)
    if value is None:
        return '<td data-value="">–</td>'
    final = standing.final
    mark = "✎" if final and question in final.manual else "…" if final and question in final.waiting else ""
    return f'<td data-value="{value:g}">{number(value)}{mark}</td>' if mark else f"<td>{number(value)}</td>"


def _links(standing: Standing, report: ClassReport, links: Links) -> str:
    student, made = standing.person.id, []
    for name in report.notebooks:
        which = f"{name}, " if len(report.notebooks) > 1 else ""
        for word, href in (
            ("notebook", links.notebook(student, name)),
            ("feedback", links.feedback(student, name)),
            ("formgrader", links.grading(standing, name)),
        ):
            if href:
                made.append(link(href, f"{text(which)}{word}"))  # the row's header says whose
    return " · ".join(made) or '<span class="soft">–</span>'


class _People(dict[str, Standing]):
    """The class, and whoever of another course is asked for, of whom only that is known."""

    def __missing__(self, student: str) -> Standing:
        return Standing(Person(student), (), None, None, submitted=True, changed=False)


def _group(group: Group, people: Mapping[str, Standing], report: ClassReport, links: Links) -> str:
    best = group.pairs[0]
    members = "".join(
        f'<li>{person(people[s].person)} <span class="small">({_links(people[s], report, links)})</span></li>'
        if s in people
        else f"<li>{person(people[s].person)}</li>"
        for s in group.students
    )
    pieces = "".join(_piece(shared, best, people) for shared in best.shared[:SHOWN_PIECES])
    said = f"<p>{_said(best)}</p>"
    if len(group.pairs) > 1:
        items = [f"<li>{_names((p.one, p.other), people)}: {_said(p)}</li>" for p in group.pairs[:SHOWN_PAIRS]]
        if (rest := len(group.pairs) - SHOWN_PAIRS) > 0:
            items.append(f'<li class="soft">and {count(rest, "more pair")}</li>')
        said = f"<ul>{''.join(items)}</ul>"
    return (
        f'<h3>{_names(group.students, people)}</h3>{said}<ul class="names">{members}</ul>'
        f"<details><summary>Side by side</summary>{pieces}</details>"
    )


def _names(students: Sequence[str], people: Mapping[str, Standing], most: int = 4) -> str:
    shown = [f"<bdi>{text(people[s].person.name or s)}</bdi>" for s in students[:most]]
    return listed(shown if len(students) <= most else [*shown, f"{len(students) - most} more"])


def _said(pair: Pair) -> str:
    names = list(dict.fromkeys(f"<code>{text(shared.one.name)}</code>" for shared in pair.shared))
    shown = names if len(names) <= 4 else [*names[:4], f"{len(names) - 4} more"]
    return f"{percent(pair.similarity)} of what is unusual in the one is in the other, in {listed(shown)}."


def _piece(shared: Shared, pair: Pair, people: Mapping[str, Standing]) -> str:
    sides = "".join(
        f"<figure><figcaption><bdi>{text(people[who].person.name or who)}</bdi>, "
        f"<code>{text(unit.name)}</code></figcaption>{_excerpt(unit.source, lines)}</figure>"
        for who, unit, lines in (
            (pair.one, shared.one, shared.lines_of_one),
            (pair.other, shared.other, shared.lines_of_other),
        )
    )
    return f'<div class="pair">{sides}</div>'


def _excerpt(source: str, alike: frozenset[int]) -> str:
    lines = source.splitlines()
    start = max(0, min(min(alike, default=1) - 2, len(lines) - EXCERPT))
    shown = lines[start : start + EXCERPT]
    marked = [_line(line[:WIDTH], alike=number_ in alike) for number_, line in enumerate(shown, start=start + 1)]
    before, after = ["…"] if start else [], ["…"] if start + EXCERPT < len(lines) else []
    return f'<pre tabindex="0">{chr(10).join([*before, *marked, *after])}</pre>'


def _line(line: str, alike: bool) -> str:
    if not alike or not line.strip():
        return text(line)
    code = line.lstrip()
    return f"{text(line[: len(line) - len(code)])}<mark>{text(code)}</mark>"
