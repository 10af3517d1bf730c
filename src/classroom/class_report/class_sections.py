"""The sections of the page about the class as a whole: scores, questions, what to explain again."""

from collections.abc import Mapping, Sequence

from classroom.class_report.build import ClassReport, QuestionFacts
from classroom.class_report.html_text import prose, text
from classroom.class_report.item_analysis import FEWEST, WEAK, Bin, Correlation, Distribution
from classroom.class_report.misconceptions import ERROR, MISCONCEPTION, Finding
from classroom.class_report.standing import Standing
from classroom.class_report.wordings import count, number, percent

SHOWN_CRITERIA = 3
NUMBER, QUESTION, EARNED, DISCRIMINATION, NOT_WRITTEN, FAILED = COLUMNS = (
    "No.",
    "Question",
    "Points earned",
    "Discrimination",
    "Not written",
    "Criteria that failed most",
)
SHOWN_FINDINGS = 10  # at once; the rarer ones unfold


def scores(report: ClassReport) -> str:
    """The distribution of the final scores."""
    if report.distribution is None:
        return "<p>No submission could be judged, so there are no scores to show.</p>"
    left_out = len(report.standings) - len(report.judged)
    note = f" {count(left_out, 'other')} could not be judged or handed in nothing." if left_out else ""
    return (
        f"<p>Final scores of the {count(len(report.judged), 'student')} whose notebook could be judged, with manual "
        f"grades and late penalties.{note}</p>"
        f"{_chart(report.histogram, report.distribution, report.max_score)}"
        f"{_histogram_table(report.histogram)}"
    )


def questions(report: ClassReport) -> str:
    """Questions, the hardest first."""
    if not report.judged:
        return "<p>No submission could be judged.</p>"
    ordered = sorted(report.questions, key=lambda q: (q.earned if q.earned is not None else 2, q.number))
    rows = "".join(_question_row(q, len(report.judged)) for q in ordered)
    heads = "".join(
        f'<th scope="col" role="columnheader"{" data-fixed" if name == FAILED else ""}>{name}</th>' for name in COLUMNS
    )
    return (
        '<table class="stacks" role="table" data-sortable><caption>Questions by difficulty, the hardest first. '
        f'Based on {count(len(report.judged), "student")}.</caption><thead role="rowgroup"><tr role="row">{heads}'
        f'</tr></thead><tbody role="rowgroup">{rows}</tbody></table>{_how_to_read(len(report.judged))}'
    )


def explain_again(report: ClassReport) -> str:
    """The misconceptions, most frequent first; then the errors that students' code raises."""
    numbers = {s.person.id: i for i, s in enumerate(report.standings)}
    people = {s.person.id: s for s in report.standings}
    titles = {q.id: q for q in report.questions}
    wrong = [f for f in report.findings if f.kind == MISCONCEPTION]
    errors = [f for f in report.findings if f.kind == ERROR]
    if not wrong and not errors:
        return "<p>No known mistake was met.</p>"
    made = ""
    if wrong:
        items = [_finding(f, titles, people, numbers, len(report.judged)) for f in wrong]
        made += (
            "<p>Mistakes that the examiner recognised, with the sentence that the student read, the most frequent "
            f'first.</p><ol class="again">{"".join(items[:SHOWN_FINDINGS])}</ol>'
        )
        if rarer := items[SHOWN_FINDINGS:]:
            made += (
                f"<details><summary>{count(len(rarer), 'rarer mistake')}</summary>"
                f'<ol class="again" style="counter-reset:place {SHOWN_FINDINGS}">{"".join(rarer)}</ol></details>'
            )
    if errors:
        rows = "".join(
            f"<tr><td>{_title(titles, f.question)}</td><td><code>{text(f.sentence)}</code></td>"
            f'<td class="n">{len(f.students)}</td><td>{_names(f.students, people, numbers)}</td></tr>'
            for f in errors
        )
        made += (
            '<h3>Errors in students’ code</h3><div class="scroll" tabindex="0" role="region" aria-label="Errors">'
            "<table><caption>Where code raised an error instead of giving an answer.</caption><thead><tr>"
            '<th scope="col">Question</th><th scope="col">Error</th><th scope="col" class="n">Students</th>'
            f'<th scope="col">Who</th></tr></thead><tbody>{rows}</tbody></table></div>'
        )
    return made


def _chart(bins: Sequence[Bin], facts: Distribution, maximum: float) -> str:
    most = max(b.count for b in bins)
    bars = "".join(
        f'<div><b>{b.count or ""}</b><i style="height:{86 * b.count / most if most else 0:.1f}%"></i></div>'
        for b in bins
    )
    end = bins[-1].end
    every = max(1, -(-len(bins) // 6))
    edges = [b.start for b in bins[::every] if b.start < end - 0.6 * every * (end / len(bins))] + [end]
    labels = "".join(f'<span style="left:{100 * edge / end:.2f}%">{number(edge)}</span>' for edge in edges)

    def at(value: float) -> str:
        return f"{100 * value / end:.2f}%"

    box = (
        f'<i class="range" style="left:{at(facts.lowest)};width:{at(facts.highest - facts.lowest)}"></i>'
        f'<i class="middle" style="left:{at(facts.lower_quartile)};'
        f'width:{at(facts.upper_quartile - facts.lower_quartile)}"></i>'
        f'<i class="median" style="left:{at(facts.median)}"></i>'
    )
    spoken = (
        f"Histogram of {count(facts.count, 'score')} out of {number(maximum)}: median {number(facts.median)}, "
        f"half of them between {number(facts.lower_quartile)} and {number(facts.upper_quartile)}, "
        f"lowest {number(facts.lowest)}, highest {number(facts.highest)}. The table below has the counts."
    )
    deviation = "" if facts.deviation is None else f", standard deviation {number(facts.deviation)}"
    return (
        f'<figure class="chart"><div role="img" aria-label="{text(spoken)}">'
        f'<div class="bars">{bars}</div><div class="edges">{labels}</div><div class="box">{box}</div></div>'
        f"<figcaption><strong>Median {number(facts.median)}</strong> of {number(maximum)} points; half of the class "
        f"lies between {number(facts.lower_quartile)} and {number(facts.upper_quartile)} (the box below the axis). "
        f'<span class="soft">Lowest {number(facts.lowest)}, highest {number(facts.highest)}, '
        f"mean {number(facts.mean)}{deviation}.</span></figcaption></figure>"
    )


def _histogram_table(bins: Sequence[Bin]) -> str:
    rows = "".join(
        f'<tr><td class="n">{number(b.start)} {"to" if b is bins[-1] else "to below"} {number(b.end)}</td>'
        f'<td class="n">{b.count}</td></tr>'
        for b in bins
    )
    return (
        "<details><summary>The same as a table</summary>"
        '<table style="width:auto"><caption>Students by final score.</caption><thead><tr>'
        '<th scope="col" class="n">Points</th><th scope="col" class="n">Students</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _question_row(question: QuestionFacts, judged: int) -> str:
    earned = question.earned or 0.0
    bar = f'<span class="share" aria-hidden="true"><i style="width:{100 * min(earned, 1):.1f}%"></i></span>'
    about = f'<br><span class="id">{text(question.id)}, {count_points(question.points)}</span>'
    found = question.correlation
    return (
        f'<tr role="row" id="{text(_anchor(question.id))}">{_cell(NUMBER, str(question.number), question.number)}'
        f'<th scope="row" role="rowheader" data-value="{text(question.title)}">{prose(question.title)}{about}</th>'
        f"{_cell(EARNED, bar + percent(earned), f'{earned:.6f}')}"
        f"{_cell(DISCRIMINATION, _correlation(found, judged), '' if found is None else f'{found.value:.6f}')}"
        f"{_cell(NOT_WRITTEN, _of(question.not_written, judged), question.not_written)}"
        f"{_cell(FAILED, _criteria(question), '')}</tr>"
    )


def _cell(column: str, inner: str, value: object) -> str:
    return f'<td role="cell" data-label="{column}" data-value="{value}"><div>{inner}</div></td>'


def _correlation(found: Correlation | None, judged: int) -> str:
    if found is None:
        return f'<span class="soft">{"too few students" if judged < FEWEST else "all alike"}</span>'
    look = ' <span class="chip look">weak</span>' if found.weak else ""
    interval = f'<span class="soft small">({signed(found.low)} to {signed(found.high)})</span>'
    return f"{signed(found.value)} {interval}{look}"


def _criteria(question: QuestionFacts) -> str:
    if not question.failed:
        return '<span class="soft">none</span>'
    shown = [f"{prose(c.name)}: {_of(c.failed, c.answered)}" for c in question.failed[:SHOWN_CRITERIA]]
    return "<br>".join(shown)


def _how_to_read(judged: int) -> str:
    said = (
        f"With fewer than {FEWEST} students ({judged} here) chance is larger than what there is to see, so nothing is "
        "said."
        if judged < FEWEST
        else f"In brackets its 95% interval. Below {WEAK:g} a question hardly tells strong students from weak ones: "
        "look at it. Where everybody has the same points, nothing can be said."
    )
    return (
        "<details><summary>How to read this table</summary>"
        "<p><strong>Points earned</strong> is the sum of the points that the class earned in the question, divided by "
        "what it could have earned. The higher, the easier.</p>"
        "<p><strong>Discrimination</strong> is the corrected item–total correlation: over students, Pearson’s "
        "correlation of the question’s points x with the points t − x in all other questions, "
        "r = cov(x, t − x) / (s<sub>x</sub> · s<sub>t−x</sub>) (Nunnally and Bernstein, <cite>Psychometric "
        f"Theory</cite>, 3rd ed. 1994). {said}</p>"
        "<p><strong>Criteria</strong> are counted among those whose answer was judged: not where nothing was written "
        "or the code was lost.</p></details>"
    )


def _finding(
    finding: Finding,
    titles: Mapping[str, QuestionFacts],
    people: Mapping[str, Standing],
    numbers: Mapping[str, int],
    judged: int,
) -> str:
    return (
        f"<li><blockquote>{prose(finding.sentence)}</blockquote>"
        f'<div class="small"><strong>{count(len(finding.students), "student")}</strong> '
        f'({percent(len(finding.students) / judged)}) <span class="soft">in question {_title(titles, finding.question)}'
        f"; {count_points(finding.lost)} lost</span></div>"
        f"{_names(finding.students, people, numbers)}</li>"
    )


def _names(students: Sequence[str], people: Mapping[str, Standing], numbers: Mapping[str, int]) -> str:
    items = "".join(f'<li><a href="#s{numbers[s]}">{text(people[s].person.name or s)}</a></li>' for s in students)
    return f'<details><summary>Who</summary><ul class="names">{items}</ul></details>'


def _title(titles: Mapping[str, QuestionFacts], question: str) -> str:
    known = titles.get(question)
    if known is None:
        return text(question)
    return f'<a href="#{text(_anchor(question))}">{known.number}, {prose(known.title)}</a>'


def _anchor(question: str) -> str:
    return f"q-{question}"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if part else "0"


def count_points(points: float) -> str:
    """ "1 point", "2.5 points"."""
    return f"{number(points)} {'point' if points == 1 else 'points'}"


def signed(value: float) -> str:
    """A correlation: two decimals, a real minus."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
