"""The page in a real browser, as an instructor opens it: a file, without a server."""

import re
from pathlib import Path

import pytest
from contrast import CONTRASTS
from synthetic_class import ASSIGNMENT, NOTEBOOK, POINTS, class_report, finals, many, question, report, standing

from classroom.class_report.code_units import units
from classroom.class_report.finals import Final, Person
from classroom.class_report.similarity import look_alikes
from classroom.class_report.write import write

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'&amp;`*"
# What an accessibility checker would object to.
OBJECTIONS = r"""
() => {
  const said = [];
  const all = selector => [...document.querySelectorAll(selector)];
  const check = (selector, problem, test) => all(selector).forEach(
    e => test(e) || said.push(problem + ': ' + e.outerHTML.slice(0, 120)));
  check('html', 'no language', e => e.lang);
  check('table', 'no caption', e => e.caption && e.caption.textContent.trim());
  check('thead th', 'no scope', e => e.scope === 'col');
  check('tbody th', 'no scope', e => e.scope === 'row');
  check('[role=img], [role=region]', 'no name', e => e.getAttribute('aria-label'));
  check('button, a, summary', 'no name', e => e.textContent.trim());
  check('section', 'no heading', e => document.getElementById(e.getAttribute('aria-labelledby')));
  check('a[href^="#"]', 'leads nowhere', e => document.getElementById(decodeURIComponent(e.hash.slice(1))));
  check('ul, ol', 'not only items', e => [...e.children].every(c => c.tagName === 'LI'));
  check('dl', 'not only terms', e => [...e.children].every(c => c.querySelector('dt') && c.querySelector('dd')));
  check('.scroll', 'cannot be scrolled from the keyboard', e => e.tabIndex === 0);
  const ids = all('[id]').map(e => e.id);
  if (new Set(ids).size !== ids.length) said.push('an id is there twice');
  const levels = all('h1, h2, h3, h4').map(e => Number(e.tagName[1]));
  if (levels.filter(l => l === 1).length !== 1) said.push('not one h1');
  levels.slice(1).forEach((level, i) => level > levels[i] + 1 && said.push('a heading level is skipped'));
  if (all('main').length !== 1 || !document.title) said.push('no main, or no title');
  return said;
}"""


def copies():
    """Three submissions of which two are alike."""
    body = "\n    ".join(f"a{i} = torch.special.i{i % 2}(x).roll({i})" for i in range(3))
    cells = [f"def f{n}(x):\n    {body}\n    return x.cumprod({n}).flip({n}) # <b>{n}</b>" for n in range(12)]
    others = {f"o{i}": units([f"def g(x):\n    return [x, {i}, x.sum().clone() + {i}]"]) for i in range(8)}
    return look_alikes(others | {"s00003": units(cells), "s00004": units(cells)})


def all_sorts():
    """A class with everything that the page can show."""
    wrong = [question(name, 0.5, f"`{name}` is *wrong* {HOSTILE}") for name in POINTS]
    raised = [question(name, 0, f"ValueError in `f`, line 2 (`x`): {HOSTILE}.") for name in POINTS]
    waiting = Final(4, 1, dict.fromkeys(POINTS, 1.0), frozenset({"mask"}), frozenset({"layer"}))
    return [
        *many(60),
        standing(Person(HOSTILE[:100], HOSTILE[:30], "\u202eright to left"), report("x", wrong, flags=[HOSTILE])),
        standing("error", report("error", raised, "crashed", HOSTILE)),
        standing("by-hand", final=waiting),
        standing("open", report("open", sandboxed=False)),
        standing("new", final=None, reports=(), graded=None),
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("instructor") / "course <1> & more"
    students = all_sorts()
    for student in ("s00001", "s00002"):
        for step, ending in (("autograded", "ipynb"), ("feedback", "html")):
            path = root / step / student / ASSIGNMENT / f"{NOTEBOOK}.{ending}"
            path.parent.mkdir(parents=True)
            path.write_text("{}")
    made = class_report(root, students, copies())
    index = write(made, root / "reports" / ASSIGNMENT, "http://127.0.0.1:9999")[0]
    assert finals(students).max_score == made.max_score
    return index


@pytest.fixture
def open_report(new_page, written):
    """Opens the page; afterwards: nothing was logged, no dialog came up, nothing but the file was asked for."""
    noise, asked = [], []

    def start(**options):
        page = new_page(**options)
        page.on("console", lambda message: noise.append(message.text))
        page.on("dialog", lambda dialog: noise.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(written.as_uri())
        return page

    yield start
    assert noise == []
    assert set(asked) == {written.as_uri()}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_can_be_read(open_report, width, dark):
    page = open_report(width=width, dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    contrasts = page.locator("body").evaluate(CONTRASTS)
    assert len(contrasts) > 500
    assert [(ratio, words) for ratio, words in contrasts if ratio < 4.5] == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 200) is dark


def test_an_accessibility_checker_has_nothing_to_object_to(open_report):
    page = open_report()
    assert page.evaluate(OBJECTIONS) == []
    assert "median" in page.get_by_role("img").first.get_attribute("aria-label")
    page.get_by_role("table", name="Questions by difficulty").wait_for()


def test_students_text_is_text(open_report):
    page = open_report()
    assert page.evaluate("document.scripts.length") == 1
    assert page.locator("img").count() == 0
    assert page.locator("#students ~ div, #together ~ p").get_by_text("<img src=x onerror=alert(1)>").count() >= 1
    assert page.locator("bdi").filter(has_text="\u202eright to left").count() >= 1
    excerpt = page.locator("pre").first.text_content()
    assert "def f0(x):" in excerpt
    assert "# <b>0</b>" in excerpt


def test_an_inserted_script_would_not_run(written, new_page, tmp_path):
    broken = tmp_path / "broken.html"
    html = written.read_text().replace(
        "<main>", "<main><script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\">"
    )
    broken.write_text(html)
    page = new_page()
    page.goto(broken.as_uri())
    assert page.title() == f"{ASSIGNMENT}: the class at a glance"


def column(page, number):
    return page.locator(f".students tbody tr > :nth-child({number})").evaluate_all(
        "cells => cells.map(c => c.dataset.value ?? c.textContent.trim())"
    )


def test_the_table_sorts_from_the_keyboard(open_report):
    page = open_report()
    names = column(page, 1)
    assert len(names) == 65
    page.get_by_role("columnheader", name="Score").get_by_role("button").focus()
    page.keyboard.press("Enter")
    header = page.locator(".students thead th").nth(1)
    assert header.get_attribute("aria-sort") == "ascending"
    scores = column(page, 2)
    assert scores[-1] == ""  # who has none is last
    assert [float(s) for s in scores if s] == sorted(float(s) for s in scores if s)
    page.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "descending"
    again = column(page, 2)
    assert again[-1] == ""
    assert [float(s) for s in again if s] == sorted((float(s) for s in again if s), reverse=True)
    assert sorted(column(page, 1)) == sorted(names)
    page.get_by_role("columnheader", name="Student").get_by_role("button").press("Enter")
    assert column(page, 1) != names or names == sorted(names)


def test_lists_of_names_unfold_from_the_keyboard_and_lead_to_the_student(open_report):
    page = open_report()
    first = page.locator("#explain ~ ol details").first
    assert not first.locator("a").first.is_visible()
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    link = first.locator("a").first
    name = link.inner_text()
    link.press("Enter")
    assert name in page.locator("tr:target th").inner_text()


def test_it_says_who_and_how_without_its_script(new_page, written):
    page = new_page(java_script_enabled=False)
    page.goto(written.as_uri())
    assert page.get_by_role("button").count() == 0
    assert page.locator(".students tbody tr").count() == 65
    banner = page.locator(".warning").inner_text()
    assert re.search(r"1 of \d+ grades here was obtained without a sandbox", banner)
    row = page.locator(".students tr", has_text="open")
    assert "no sandbox" in row.last.inner_text()


def test_links_lead_to_files_and_to_formgrader(open_report, written):
    page = open_report()
    targets = page.locator("main a:not([href^='#'])").evaluate_all("links => links.map(a => a.href)")
    files = {target for target in targets if target.startswith("file:")}
    assert len(files) == 2 * 2 + 3
    for target in files:
        assert page.evaluate("decodeURIComponent", target).removeprefix("file://") in {
            str(path) for path in Path(written).parents[2].rglob("*") if path.is_file()
        }
    formgrader = [target for target in targets if not target.startswith("file:")]
    assert "http://127.0.0.1:9999/formgrader/submissions/id-of-s00001/" in formgrader
    assert all(target.startswith("http://127.0.0.1:9999/formgrader/submissions/") for target in formgrader)


def test_on_paper_everything_is_unfolded_and_fits(open_report):
    page = open_report(width=720)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_a_thousand_students_stay_below_a_megabyte(tmp_path):
    made = class_report(tmp_path, many(1000))
    index, *others = write(made, tmp_path / "out")
    assert index.stat().st_size < 1_000_000
    assert [path.name for path in others] == ["grades.csv", "canvas.csv", "moodle.csv"]
    assert not list(index.parent.glob(".*"))
