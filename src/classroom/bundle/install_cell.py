"""The first code cell of a notebook in a bundle: installs what is missing, and does nothing where all is there.

Grading leaves it out while it is as it was, like every demonstration.
"""

import nbformat
from nbformat.notebooknode import NotebookNode

from classroom.authoring import demonstration

SOURCE = """\
# Run this cell first: where the course's checks are missing (on Colab, for example), it installs them.
import importlib.util
import pathlib
import urllib.parse
import urllib.request

_wheel, _files, _address = {wheel!r}, {files!r}, {address!r}
_places = [pathlib.Path(), pathlib.Path("..")]
_missing = [_name for _name in _files if not pathlib.Path(_name).exists()]
if importlib.util.find_spec("classroom") is None:
    _missing += [_wheel] if not any((_place / _wheel).exists() for _place in _places) else []
if _missing and _address:
    for _name in _missing:
        _folder = "" if _name == _wheel else {folder!r} + "/"
        urllib.request.urlretrieve(f"{{_address}}/{{_folder}}{{urllib.parse.quote(_name)}}", _name)
elif _missing and importlib.util.find_spec("google") and importlib.util.find_spec("google.colab"):
    print("From the folder that you were given, choose:", *_missing)
    importlib.import_module("google.colab").files.upload()
elif _missing:
    raise FileNotFoundError(f"{{_missing[0]}} is missing: keep this notebook in the folder that you were given.")
if importlib.util.find_spec("classroom") is None:
    _found = next(_place / _wheel for _place in _places if (_place / _wheel).exists())
    get_ipython().run_line_magic("pip", f"install --quiet {{_found}}")
"""


def with_install_cell(
    notebook: NotebookNode, wheel: str, files: tuple[str, ...], folder: str, address: str
) -> NotebookNode:
    """The notebook with the cell before its first code cell."""
    source = SOURCE.format(wheel=wheel, files=files, folder=folder, address=address.rstrip("/")).rstrip("\n")
    metadata = {"tags": [demonstration.TAG], demonstration.TAG: demonstration.digest(source)}
    cell = nbformat.v4.new_code_cell(source, id="install", metadata=metadata)
    first = next((i for i, c in enumerate(notebook.cells) if c.cell_type == "code"), len(notebook.cells))
    made = nbformat.from_dict(notebook)
    made.cells.insert(first, cell)
    return made
