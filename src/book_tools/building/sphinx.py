"""Sphinx extension: before pages are read, every chapter that has to be is executed, side by side.

MyST-NB finds the results in its cache, which is written anew in every build; what is kept between builds lies in
`.executed` beside the site. A page is read again when its source or its results have changed, all pages when the code
of this book's extensions has.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import create_nb_reader
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from book_tools.building.build import Build
from book_tools.building.chapter import Chapter
from book_tools.building.execution import COLOURS, CellError
from book_tools.building.ingredients import Ingredients
from book_tools.building.results import Result, Results

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[3]


def note_code(app: Sphinx, config: Config) -> None:
    """Makes the code of the book's extensions a part of the configuration: when it changes, all pages are read anew."""
    ingredients = Ingredients(Path(config.book_root))
    code = ingredients.files(ingredients.library.needed(set(config.extensions)), data=True) | ingredients.environment
    config.book_code = hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()


def chapters_of(env: BuildEnvironment, names: Iterable[str]) -> list[Chapter]:
    """The pages that have code to execute, read as MyST-NB will read them."""
    found = []
    for name in sorted(names):
        path = Path(env.doc2path(name))
        text = path.read_text(encoding="utf-8")
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
        if reader is None:
            continue
        notebook = reader.read(text)
        own = notebook.metadata.get(env.mystnb_config.metadata_key, {})
        if own.get("execution_mode", env.mystnb_config.execution_mode) != "cache":
            continue
        if any(cell.cell_type == "code" for cell in notebook.cells):
            found.append(Chapter(name, path, notebook))
    return found


def execute(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Brings all results up to date; returns the pages whose results are not those that they were last made of."""
    chapters = chapters_of(env, env.found_docs)
    results = Results(Path(app.outdir).parent / ".executed")
    build = Build(Path(app.config.book_root), results, app.config.nb_execution_timeout, logger.info)
    found = build.bring_up_to_date(chapters)
    shown = getattr(env, "book_results", {})
    env.book_results = {}
    folder = Path(env.mystnb_config.execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
    shutil.rmtree(folder, ignore_errors=True)
    cache = get_cache(folder)
    outdated = []
    for chapter in chapters:
        result = found[chapter.name]
        seconds = None
        if isinstance(result, Result):
            result.give_to(chapter)
            seconds = result.seconds
            env.book_results[chapter.name] = result.digest
        else:
            _report(result, chapter)
        if chapter.name not in env.book_results or env.book_results[chapter.name] != shown.get(chapter.name):
            outdated.append(chapter.name)
        # A failed chapter too, with the outputs that it has: MyST-NB would execute it once more.
        bundle = CacheBundleIn(chapter.notebook, str(chapter.path), data={"execution_seconds": seconds})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return outdated


def _report(error: Exception, chapter: Chapter) -> None:
    line = error.line if isinstance(error, CellError) else None
    traceback = COLOURS.sub("", getattr(error, "traceback", ""))
    message = f"{error}\n{traceback}" if traceback else str(error)
    logger.warning("%s", message, location=(chapter.name, line), type="book", subtype="cell")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the events. The code is noted after every extension has been added."""
    app.add_config_value("book_root", str(ROOT), "")
    app.add_config_value("book_code", "", "env")
    app.connect("config-inited", note_code, priority=950)
    app.connect("env-get-outdated", execute)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
