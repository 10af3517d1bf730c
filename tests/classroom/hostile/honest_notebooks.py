"""Notebooks as programs and people leave them: other editors, other formats, other orders, and things left over."""

import json

from attacks import ANSWERS, Submission, cell, code_cell, everything_released
from submissions import answered


def everywhere(**fields):
    """A change of every cell."""

    def change(notebook):
        for one in notebook["cells"]:
            one.update(json.loads(json.dumps(fields)))
        return notebook

    return change


def as_lines(notebook):
    """Sources as lists of lines, as most programs save them."""
    for one in notebook["cells"]:
        one["source"] = "".join(one["source"]).splitlines(keepends=True)
    return notebook


def by_vs_code(notebook):
    notebook = as_lines(notebook)
    for number, one in enumerate(notebook["cells"]):
        one["metadata"] |= {"vscode": {"languageId": "python"}, "collapsed": False}
        one["execution_count"] = number
    notebook["metadata"] = {
        "kernelspec": {"display_name": ".venv (3.12.3)", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "version": "3.12.3", "pygments_lexer": "ipython3"},
        "orig_nbformat": 4,
        "vscode": {"interpreter": {"hash": "f" * 64}},
    }
    return notebook


def by_colab(notebook):
    for number, one in enumerate(notebook["cells"]):
        one["metadata"] |= {"id": f"aB{number}", "colab": {"base_uri": "https://localhost:8080/"}, "outputId": "x"}
        del one["id"]
    notebook["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
        "accelerator": "GPU",
        "widgets": {"application/vnd.jupyter.widget-state+json": {}},
    }
    return notebook | {"nbformat_minor": 0}


def by_lab(notebook):
    for one in notebook["cells"]:
        one["metadata"] |= {"editable": True, "slideshow": {"slide_type": ""}, "scrolled": True, "trusted": True}
        one["metadata"]["execution"] = {"iopub.execute_input": "2026-11-20T10:00:00Z", "shell.execute_reply": "x"}
        one["execution_count"] = 7
    return notebook


def minor(number):
    """The same in an older minor version, which knows no cell ids."""

    def change(notebook):
        for one in notebook["cells"]:
            del one["id"]
        return notebook | {"nbformat_minor": number}

    return change


def text(source):
    return {"cell_type": "markdown", "id": f"text-{abs(hash(source)) % 10**8}", "metadata": {}, "source": source}


def with_text(notebook):
    notes = [
        "# My notes\n\n<b>softmax</b>: $\\sigma(x)_i < 1$ and $a<b>c$, see `<script>` and `onclick=` in *HTML*",
        "![a picture](attachment:mine.png) <img src='https://example.org/a.png' width=200>",
        "<details><summary>More</summary>\n\ntext\n\n</details>\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "```html\n<script>alert('an example')</script>\n```\n\n<font color='red'>**red**</font> <br> 中文",
        "$$\\begin{bmatrix} 1 & 0 \\\\ 0 & 1 \\end{bmatrix}$$ <https://example.org> [link](https://example.org)",
        "x < y, p & q, <pad> and <eos> are tokens; F.softmax is forbidden",
    ]
    cells = []
    for number, one in enumerate(notebook["cells"]):
        cells += [text(notes[number % len(notes)] + f"\n\n{number}"), one]
    attached = text(notes[1]) | {"attachments": {"mine.png": {"image/png": "iVBORw0KGgo="}}}
    raw = {"cell_type": "raw", "id": "raw", "metadata": {"raw_mimetype": "text/x-rst"}, "source": "raw <b>text</b>"}
    return notebook | {"cells": [*cells, attached, raw]}


def split_answers(notebook):
    """Each answer in two cells: the official one holds the last half."""
    cells = []
    for one in notebook["cells"]:
        if one["id"] == "softmax-answer":
            cells.append(code_cell("def stable_exp(s):\n    return (s - s.amax(-1, keepdim=True)).exp()", "helper"))
            one["source"] = "def softmax(s):\n    e = stable_exp(s)\n    return e / e.sum(-1, keepdim=True)"
        cells.append(one)
    return notebook | {"cells": cells}


def moved_answers(notebook):
    """The answers in cells of their own; the official ones are left as they were released."""
    fresh = {c["id"]: c["source"] for c in everything_released()["cells"]}
    cells = []
    for one in notebook["cells"]:
        if one["id"].endswith("-answer"):
            mine = code_cell(one["source"], f"mine-{one['id']}")
            one["source"] = fresh[one["id"]]
            cells += [one, mine]
        else:
            cells.append(one)
    return notebook | {"cells": cells}


def outputs_kept(notebook):
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=\n"}, "metadata": {}}
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["\x1b[31mKeyError\x1b[0m"]}
    for number, one in enumerate(notebook["cells"]):
        one["outputs"], one["execution_count"] = [picture, error], 100 - number
    return notebook


def odd_outputs(notebook):
    """Outputs that some program wrote and no schema allows."""
    for one in notebook["cells"]:
        one["outputs"] = [{"output_type": "pyout", "text": 5}, "lost", {"output_type": "stream"}]
        one["execution_count"] = "12"
        one["prompt_number"] = 3
    return notebook


def long(notebook):
    more = [code_cell(f"x{i} = {i}  # note {i}", f"more-{i}") for i in range(300)]
    return notebook | {"cells": [*notebook["cells"], *more]}


def wide(notebook):
    return notebook | {"cells": [*notebook["cells"], code_cell("data = [" + "1.5, " * 20_000 + "]", "data")]}


def whole(notebook):
    """Everything that was released, executed, with pictures and training."""
    return answered(everything_released(), ANSWERS)


def run_twice(notebook):
    """Answers pasted again in scratch cells after the checks."""
    again = [code_cell(code, f"again-{question}") for question, code in ANSWERS.items()]
    return notebook | {"cells": [*notebook["cells"], *again]}


def later_wrong(notebook):
    """Redefined after its check, as an experiment."""
    check = notebook["cells"].index(cell(notebook, "softmax"))
    notebook["cells"].insert(check + 1, code_cell("kept = softmax\nsoftmax = lambda s: s", "experiment"))
    notebook["cells"].insert(check + 2, code_cell("softmax = kept", "back"))
    return notebook


def earlier_forbidden(notebook):
    """A first version that called torch's, replaced before the check."""
    answer = notebook["cells"].index(cell(notebook, "softmax-answer"))
    first = code_cell("def softmax(s):\n    return torch.softmax(s, -1)\nsoftmax(torch.ones(2, 2))", "first-try")
    notebook["cells"].insert(answer, first)
    return notebook


SUBMISSIONS = [
    Submission("saved by VS Code", change=by_vs_code),
    Submission("saved by Colab", change=by_colab),
    Submission("saved by JupyterLab", change=by_lab),
    Submission("sources as lines", change=as_lines),
    *(Submission(f"format 4.{number}", change=minor(number)) for number in (0, 2, 4)),
    Submission("a newer minor format", change=lambda n: n | {"nbformat_minor": 9}),
    Submission("a byte order mark", change=lambda n: b"\xef\xbb\xbf" + json.dumps(n).encode()),
    Submission("Windows lines in the file", change=lambda n: json.dumps(n, indent=1).replace("\n", "\r\n")),
    Submission("Windows lines in the code", answers={q: c.replace("\n", "\r\n") for q, c in ANSWERS.items()}),
    Submission("indented and sorted JSON", change=lambda n: json.dumps(n, indent=4, sort_keys=True)),
    Submission("JSON in ASCII", answers=ANSWERS | {"softmax": ANSWERS["softmax"] + "\n# 注释"}, change=json.dumps),
    Submission("JSON in UTF-8", answers=ANSWERS | {"softmax": ANSWERS["softmax"] + "\n# 注释 – ñ 🙂"},
               change=lambda n: json.dumps(n, ensure_ascii=False)),
    Submission("the same id everywhere", change=everywhere(id="same")),
    Submission("tags for slides", change=everywhere(attachments={})),
    Submission("text of many kinds", change=with_text),
    Submission("the whole notebook", change=whole),
    Submission("an answer in several cells", change=split_answers),
    Submission("answers beside the answer cells", change=moved_answers),
    Submission("outputs and errors kept", change=outputs_kept),
    Submission("outputs that no schema allows", change=odd_outputs),
    Submission("three hundred more cells", change=long),
    Submission("a cell of 120 kB", change=wide),
    Submission("answers pasted again at the end", change=run_twice),
    Submission("redefined after its check", change=later_wrong),
    Submission("a forbidden first version, replaced", change=earlier_forbidden),
    Submission("another kernel's name", change=lambda n: n | {"metadata": {
        "kernelspec": {"name": "conda-env-ml-py", "display_name": "Python [conda env:ml]", "language": "python"}}}),
    Submission("no metadata at all", change=lambda n: n | {"metadata": {}}),
]  # fmt: skip
