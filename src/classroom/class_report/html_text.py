"""Text in a page: whatever comes from students or the run is escaped here and nowhere else."""

from html import escape

from classroom.class_report.finals import Person


def text(value: object) -> str:
    """Escaped, for content and for attributes in double quotes."""
    return escape(str(value).replace("\0", "�"), quote=True)


def prose(sentence: str) -> str:
    """A sentence of the examiner, escaped, with `code` and *emphasis* as it writes them."""
    pieces = text(sentence).split("`")
    if len(pieces) % 2 == 0:  # a lone backtick
        return text(sentence)
    return "".join(f"<code>{p}</code>" if i % 2 else _emphasis(p) for i, p in enumerate(pieces))


def person(who: Person) -> str:
    """Name and id, each kept from turning the direction of what stands beside it."""
    if not who.name:
        return f"<bdi>{text(who.id)}</bdi>"
    return f'<bdi>{text(who.name)}</bdi> <bdi class="id">{text(who.id)}</bdi>'


def link(href: str | None, inner: str) -> str:
    """A link, or only its text where there is nowhere to go."""
    return inner if href is None else f'<a href="{text(href)}">{inner}</a>'


def _emphasis(piece: str) -> str:
    parts = piece.split("*")
    if len(parts) % 2 == 0 or any(not p or p != p.strip() for p in parts[1::2]):
        return piece
    return "".join(f"<em>{p}</em>" if i % 2 else p for i, p in enumerate(parts))
