"""axe-core, which looks through a page as a screen reader or a keyboard would: every rule of WCAG A and AA.

The engine stands in `tests/vendored/axe-core/`, version 4.14.1 as npm has it, under the Mozilla Public License 2.0; it
is used here alone and is no part of the book. Its best practices (a page's landmarks and headings, say) are not asked
of a part of a page, and level AAA (contrast of 7, say) is not what this project promises.
"""

import functools
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendored" / "axe-core" / "axe.min.js"

RUN = """async selector => {
    const left = ['best-practice', 'wcag2aaa'];
    const rules = axe.getRules().filter(({ tags }) => !tags.some(tag => left.includes(tag)));
    const options = {
        runOnly: { type: 'rule', values: rules.map(({ ruleId }) => ruleId) },
        rules: Object.fromEntries(rules.map(({ ruleId }) => [ruleId, { enabled: true }])),  // experimental ones too
        resultTypes: ['violations'],
    };
    const { violations, passes } = await axe.run(selector, options);
    return {
        violations: violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) =>
            `${id}: ${help}\\n  ${html.slice(0, 160)}\\n  ${failureSummary}`)),
        passed: passes.map(({ id }) => id),
    };
}"""


@functools.cache
def _engine() -> str:
    return AXE.read_text(encoding="utf-8")


def axe_violations(page: Page, selector: str) -> tuple[list[str], list[str]]:
    """What axe objects to inside an element and the shadow roots in it, and the rules that it found kept."""
    page.evaluate(_engine())
    found = page.evaluate(RUN, selector)
    return found["violations"], found["passed"]
