"""What a student's notebook may show to whoever opens it: pictures, tables, text, mathematics, and nothing that acts.

formgrader and the feedback page put outputs and markdown into a web page, where a script would run with the rights
of the person who grades. So outputs keep the formats that cannot act, HTML keeps the elements that only show, and
a markdown cell that would act is shown as its own source.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer

MAX_HTML = 500_000  # characters of one HTML output; a table of a thousand rows has a tenth of it
MAX_OUTPUTS = 1_000  # of one cell
MARKUP = ("<", "&", "\\begin")  # what begins an element: their number decides how long a page takes
MAX_IN_TEXT, MAX_IN_OUTPUT, MAX_ELEMENTS = 1_000, 6_000, 40_000  # elements in a cell's text, an output, a notebook
# Nested marks take time that grows with the square of a text's length; pictures inside it, and attributes, add little.
MAX_TEXT, MAX_ATTRIBUTES = 100_000, 20_000
PICTURE = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+")
REMEMBERED = 20_000  # characters of one text whose inspection is remembered
TOO_MANY = "… more outputs than can be shown\n"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PICTURES = ("image/png", "image/jpeg", "image/gif")
TAGS = _words(
    "a abbr b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure"
    " font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strike strong sub summary"
    " sup table tbody td tfoot th thead tr tt u ul var"
)
ATTRIBUTES = _words(
    "align alt aria-hidden aria-label border cellpadding cellspacing class color colspan dir height href id lang"
    " open role rowspan scope size span src start style title type valign value width"
)
# Enough for tables and boxes; nothing that lays itself over the page or loads what lies elsewhere.
STYLES = _words(
    "align-items background-color border border-bottom border-bottom-color border-collapse border-color border-left"
    " border-radius border-right border-spacing border-style border-top border-width color column-gap display flex"
    " flex-wrap font-family font-size font-style font-variant font-weight gap height justify-content letter-spacing"
    " line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-height max-width"
    " min-width opacity overflow overflow-x padding padding-bottom padding-left padding-right padding-top text-align"
    " text-decoration text-indent vertical-align white-space width word-break"
)
# Elements that do something, for saying so; what is kept is decided by TAGS.
ACTIVE = _words("applet base embed form frame frameset iframe meta object script")
PICTURE_ADDRESS = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]*\Z|attachment:[\w .()-]+\Z")
ADDRESS = re.compile(r"(https?:|mailto:|attachment:|data:image/|[^:]*\Z|[#/?.])", re.IGNORECASE)
CODE_WITHOUT_TEXT = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
# MathJax makes a link of \href{…}, whatever it leads to, and lays out what \style says.
ACTING_MATHS = re.compile(r"\\(href|style|require|html[A-Z]?\w*)\b")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*\Z")


class Room:
    """How much markup one notebook may have looked at: making a page of it takes time that grows with its square."""

    def __init__(self, elements: int = MAX_ELEMENTS):
        self.elements = elements

    def takes(self, markup: str, most: int) -> bool:
        """Whether it fits: at most so many elements in it, and all before."""
        elements = sum(markup.count(sign) for sign in MARKUP)
        self.elements -= elements
        return elements <= most and self.elements >= 0


def safe_outputs(outputs: Sequence[Mapping[str, Any]], room: Room | None = None) -> list[dict[str, Any]]:
    """The outputs of one of a student's cells, without what acts: a thousand at most, as pages have to hold them.

    `room` is what the whole notebook has; without it, this cell is taken to be alone.
    """
    room = room or Room()
    kept = [safe_output(output, room) for output in outputs[:MAX_OUTPUTS]]
    if len(outputs) > MAX_OUTPUTS:
        kept.append({"output_type": "stream", "name": "stderr", "text": TOO_MANY})
    return kept


def safe_output(output: Mapping[str, Any], room: Room) -> dict[str, Any]:
    """The output without what acts. Text, pictures, tables and plots stay as they look."""
    kept: dict[str, Any] = {"output_type": output["output_type"]}
    if output["output_type"] == "stream":
        return kept | {"name": output["name"], "text": plain(output["text"])}
    if output["output_type"] == "error":
        names = {"ename": plain(output["ename"]), "evalue": plain(output["evalue"])}
        return kept | names | {"traceback": [plain(line) for line in output["traceback"]]}
    if output["output_type"] == "execute_result":
        kept["execution_count"] = output["execution_count"]
    data: dict[str, Any] = {}
    for mime, value in output["data"].items():
        text = "".join(value) if isinstance(value, list) and all(isinstance(v, str) for v in value) else value
        if isinstance(text, str):
            data |= _safe_format(mime, text, room)
    return kept | {"data": data or {"text/plain": ""}, "metadata": _sizes(output.get("metadata"))}


def safe_markdown(
    source: str, attachments: Mapping[str, Mapping[str, str]] | None = None, room: Room | None = None
) -> tuple[str, list[str]]:
    """A markdown cell's source as it may be shown, and what acts in it ("a script", "an event handler", …).

    A cell with nothing but text, mathematics, pictures and the usual HTML comes back as it is. Any other comes back
    as a block of code that shows its source; it is named only when something in it would really act.
    """
    if len(source) > MAX_TEXT and len(PICTURE.sub("", source)) > MAX_TEXT:
        return as_code(source), acting(source[:MAX_IN_TEXT])
    if not _needs_a_look(source):
        return source, []
    if not (room or Room()).takes(source, MAX_IN_TEXT):
        return as_code(source), acting(source[:MAX_IN_TEXT])
    known = len(source) <= REMEMBERED and not attachments
    safe, found = _looked_at(source) if known else _looked_at.__wrapped__(source, attachments)
    return safe, list(found)


@lru_cache(maxsize=1024)  # most of a class's text is the release's
def _looked_at(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> tuple[str, tuple[str, ...]]:
    from nbconvert.filters.markdown_mistune import InvalidNotebook

    try:
        rendered = _rendered(source, attachments)
    except InvalidNotebook:  # it shows an attachment that it does not have, which would stop formgrader too
        return as_code(source), tuple(acting(source))
    if _cleaner_keeps(rendered) and not ACTING_MATHS.search(source):
        return source, ()
    return as_code(source), tuple(acting(rendered) or acting(source))


def as_code(source: str) -> str:
    """Markdown that shows `source` letter by letter."""
    longest = max((len(run) for run in re.findall(r"`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{plain(source)}\n{fence}"


def safe_attachments(attachments: Any) -> dict[str, dict[str, str]]:
    """The pictures among a markdown cell's attachments."""
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        pictures = {m: v for m, v in bundle.items() if _is_picture(m, v)} if isinstance(bundle, dict) else {}
        if pictures and re.fullmatch(r"[\w .()-]+", name):
            kept[name] = pictures
    return kept


def plain(text: str) -> str:
    """The text without what no file can hold (half a character) and what no page should (control characters)."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(c for c in text if c >= " " or c in "\n\t\r\x1b\b")


def one_line(sentence: str) -> str:
    """A sentence that may quote names of files or cells, for a terminal and a page: printable, on one line."""
    sentence = " ".join(plain(sentence).split())
    return "".join(c if c.isprintable() else "?" for c in sentence)


def acting(html: str) -> list[str]:
    """What would act in this HTML, in words; empty where everything only shows."""
    parser = _Acting()
    parser.feed(html)
    parser.close()
    return sorted(parser.found)


@dataclass
class _Acting(HTMLParser):
    found: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ACTIVE:
            self.found.add(f"<{tag}>")
        for name, value in attrs:
            if re.fullmatch(r"on[a-z]{3,}", name):
                self.found.add(f"the event handler {name}")
            elif name in ("href", "action", "formaction", "xlink:href") and not _only_leads(value or ""):
                self.found.add("a link that runs a script")


def _safe_format(mime: str, value: str, room: Room) -> dict[str, str]:
    if mime == "text/plain":
        return {mime: plain(value)}
    if _is_picture(mime, value):
        return {mime: value}
    if len(value) > MAX_HTML or mime not in ("text/html", "text/markdown", "text/latex", "image/svg+xml"):
        return {}
    value = plain(value)
    if mime == "text/latex":
        return {} if ACTING_MATHS.search(value) else {mime: value}
    if mime == "image/svg+xml":  # as a picture it cannot run what it holds
        encoded = base64.b64encode(value.encode()).decode()
        return {"text/html": f'<img src="data:image/svg+xml;base64,{encoded}">'}
    if mime == "text/markdown":
        safe, _ = safe_markdown(value, room=room)
        value = _rendered(safe)
    if not room.takes(value, MAX_IN_OUTPUT) or value.count("=") > MAX_ATTRIBUTES + value.count("base64,"):
        return {}
    html = CODE_WITHOUT_TEXT.sub("", value)
    return {"text/html": ACTING_MATHS.sub(r"\\ \1", _cleaner().clean(html))}


def _sizes(metadata: Any) -> dict[str, Any]:
    """The width and height of pictures, which are all that a page needs."""
    kept: dict[str, Any] = {}
    for mime in PICTURES:
        sizes = metadata.get(mime) if isinstance(metadata, dict) else None
        if isinstance(sizes, dict):
            numbers = {n: sizes[n] for n in ("width", "height") if type(sizes.get(n)) in (int, float)}
            kept |= {mime: numbers} if numbers else {}
    return kept


def _is_picture(mime: str, value: Any) -> bool:
    if mime not in PICTURES or not isinstance(value, str) or not BASE64.match(value):
        return False
    try:
        base64.b64decode(value, validate=False)
    except binascii.Error:
        return False
    return True


def _needs_a_look(source: str) -> bool:
    lower = source.lower()
    return any(sign in lower for sign in ("<", "&", "```", "~~~", "data:", "script", "\\", "attachment:"))


def _rendered(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> str:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=False, attachments=dict(attachments or {}))
    return MarkdownWithMath(renderer=renderer).render(source)


def _attribute(tag: str, name: str, value: str) -> bool:
    if name not in ATTRIBUTES:
        return False
    if name == "src":
        return tag == "img" and PICTURE_ADDRESS.match(value) is not None
    if name == "href":
        return tag == "a" and _only_leads(value)
    return True


def _only_leads(address: str) -> bool:
    """Whether following the address opens a page, and runs nothing. Browsers overlook spaces and control codes."""
    address = "".join(c for c in unescape(address) if c > " ")
    return ADDRESS.match(address) is not None


def _cleaner() -> bleach.Cleaner:
    return bleach.Cleaner(
        tags=TAGS,
        attributes=_attribute,
        protocols={"http", "https", "mailto", "data", "attachment"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES, allowed_svg_properties=()),
        strip=True,
    )


def _cleaner_keeps(rendered: str) -> bool:
    """Whether the cleaner would leave every element and every attribute that could matter."""
    seen: list[bool] = []

    def attribute(tag: str, name: str, value: str) -> bool:
        seen.append(name in ATTRIBUTES and not (name == "style" and re.search(r"position|url|expression|@", value)))
        seen.append(name not in ("href", "src") or _only_leads(value))
        return True

    kept = bleach.clean(
        rendered,
        tags=TAGS,
        attributes=attribute,
        protocols={"http", "https", "mailto", "data", "attachment"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
        strip=False,
        strip_comments=False,
    )
    return all(seen) and kept.count("&lt;") <= rendered.count("&lt;")
