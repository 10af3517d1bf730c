"""Which Chinese fonts matplotlib can draw with. `python -m book_tools.fonts` exits with 1 where there is none.

With `--forget` it first drops matplotlib's list of fonts, which does not notice a font installed since.
"""

import sys
from pathlib import Path

FAMILIES = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Micro Hei", "PingFang SC")
"""In order of preference. Of a font collection matplotlib knows the first face only: for Noto that is JP."""


def chinese() -> list[str]:
    """The families of `FAMILIES` that are installed."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [family for family in FAMILIES if family in installed]


def forget() -> None:
    """Deletes matplotlib's cached list of fonts; the next process makes a new one."""
    import matplotlib

    for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        path.unlink()


if __name__ == "__main__":
    if "--forget" in sys.argv[1:]:
        forget()
    sys.exit(0 if chinese() else 1)
