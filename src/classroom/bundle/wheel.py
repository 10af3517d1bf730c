"""A wheel, made of files without a build system: a zip archive with a list of what is in it (PEP 427).

The same files give the same bytes, and other files another version, so that `pip install` replaces an older one.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NAME = "attention-is-all-you-build-student"
BASE_VERSION = "0.1.0"
DATE = (1980, 1, 1, 0, 0, 0)
SUMMARY = "What a student's notebooks of the course Attention Is All You Build need to check themselves."


@dataclass(frozen=True)
class Wheel:
    """Its file."""

    name: str
    content: bytes


def make_wheel(files: Mapping[str, bytes], requires: Sequence[str], python: str, licence: str) -> Wheel:
    """Makes it of these files (by path in site-packages); `requires` names packages, `python` its versions."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
    version = f"{BASE_VERSION}.post{int(digest.hexdigest()[:8], 16)}"
    stem = f"{NAME.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    about = {"Metadata-Version": "2.4", "Name": NAME, "Version": version, "Summary": SUMMARY, "Requires-Python": python}
    metadata = [f"{key}: {value}" for key, value in about.items()]
    metadata += ["License-Expression: MIT", "License-File: LICENSE", *(f"Requires-Dist: {name}" for name in requires)]
    everything = dict(sorted(files.items())) | {
        f"{info}/METADATA": ("\n".join(metadata) + "\n").encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: course\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/licenses/LICENSE": licence.encode(),
    }
    record = "".join(f"{path},sha256={_hash(content)},{len(content)}\n" for path, content in everything.items())
    everything[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return Wheel(f"{stem}-py3-none-any.whl", zipped(everything))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of these files: the same bytes whenever and wherever it is made."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return made.getvalue()


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
