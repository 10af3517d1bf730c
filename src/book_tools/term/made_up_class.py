"""A made-up class for the instructor's guide: invented names, and answers as students write them, right and wrong."""

import json
import zipfile
from pathlib import Path
from typing import Any

from classroom.authoring.notebook import author_notebook
from classroom.authoring.release import notebook_bytes, release_notebook
from classroom.questions.assignment import Assignment

DUE = "2026-11-30 23:59 UTC"
ON_TIME, LATE = (2026, 11, 29, 18, 20, 0), (2026, 12, 2, 9, 5, 0)

NOT_SCALED = {
    "attention-scores": "def attention_scores(query, key):\n    return query @ key.transpose(-2, -1)",
}
OVER_QUERIES = {
    "softmax": "def softmax(scores):\n    e = (scores - scores.amax(-2, keepdim=True)).exp()\n"
    "    return e / e.sum(-2, keepdim=True)",
}
NAN_ROWS = {
    "masked-softmax": "def masked_softmax(scores, mask=None):\n    if mask is not None:\n"
    "        scores = scores.masked_fill(~mask, float('-inf'))\n    return scores.softmax(dim=-1)",
}
UPSIDE_DOWN = {
    "decoder-mask": "def decoder_mask(tokens, pad_id):\n    n = tokens.shape[-1]\n"
    "    causal = torch.ones(n, n, dtype=torch.bool).tril()\n"
    "    return ~(causal & (tokens != pad_id)[:, None, :])",
}
ENDLESS = {"decoder-mask": "def decoder_mask(tokens, pad_id):\n    while True:\n        pass"}
RAISES = {"steer": "def steer(weights, key, factor):\n    return weigths * factor"}
CALLS_IT = {"softmax": "def softmax(scores):\n    return torch.softmax(scores, dim=-1)"}
HALFWAY = ("project-qkv", "attention-scores", "softmax")

# Who hands in what: changes to the right answers, or the questions that were answered at all.
CLASS: dict[str, dict[str, str] | tuple[str, ...]] = {
    "Ada Example": {},
    "Bo Sample": NOT_SCALED,
    "Cai Specimen": OVER_QUERIES,
    "Dora Placeholder": NAN_ROWS,
    "Eli Invented": UPSIDE_DOWN | RAISES,
    "Finn Nobody": HALFWAY,
    "Gia Imaginary": {},
    "Hugo Madeup": NAN_ROWS | NOT_SCALED,
    "Ivy Fictitious": ENDLESS,
    "Jun Pretend": CALLS_IT,
    "Kim Hypothetical": NAN_ROWS,
    "Leo Notional": OVER_QUERIES | UPSIDE_DOWN,
    "Mia Supposed": (),
    "Noa Unreal": {},
}
LATECOMERS = ("Kim Hypothetical", "Noa Unreal")
RENAMED = {"Gia Imaginary": "self-attention (1).ipynb", "Leo Notional": "Self_Attention_final-2.ipynb"}


def moodle_download(assignment: Assignment, path: Path) -> None:
    """Writes what Moodle's "Download all submissions" would give of this class."""
    name = assignment.notebooks[0].stem
    authored = author_notebook(assignment.directory / f"{name}.py", assignment.asked)
    right = {c.id.removesuffix("-answer"): c.source for c in authored.cells if c.id.endswith("-answer")}
    blank = json.loads(notebook_bytes(release_notebook(authored)))
    # Most have deleted the cells that are only there to look at.
    blank["cells"] = [c for c in blank["cells"] if c["cell_type"] == "markdown" or "nbgrader" in c["metadata"]]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (person, written) in enumerate(CLASS.items(), start=4101):
            answers = {q: right[q] for q in written} if isinstance(written, tuple) else right | written
            file = RENAMED.get(person, f"{name}.ipynb")
            when = LATE if person in LATECOMERS else ON_TIME
            info = zipfile.ZipInfo(f"{person}_{number}_assignsubmission_file_/{file}", when)
            archive.writestr(info, json.dumps(_answered(blank, answers)))


def _answered(blank: dict[str, Any], answers: dict[str, str]) -> dict[str, Any]:
    made = json.loads(json.dumps(blank))
    for cell in made["cells"]:
        question = cell.get("id", "").removesuffix("-answer")
        if question in answers and cell["id"].endswith("-answer"):
            cell["source"] = answers[question]
    return made
