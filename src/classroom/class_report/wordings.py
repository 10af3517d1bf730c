"""How the report writes numbers, times and plurals."""

from datetime import datetime


def number(value: float) -> str:
    """At most two decimals, none that are 0: "15.5", "3"."""
    text = f"{round(value, 2):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def percent(share: float) -> str:
    """ "83%"; only nothing is 0% and only everything is 100%."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        return "99%"
    return "<1%" if rounded == 0 < share else f"{rounded}%"


def count(number_: int, one: str, many: str | None = None) -> str:
    """ "1 student", "1,000 students"."""
    return f"{number_:,} {one if number_ == 1 else many or one + 's'}"


def moment(time: datetime) -> str:
    """Date and time in UTC, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def listed(items: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
