"""Labelled images: generated shapes, an `.npz` file of arrays, or scikit-learn's handwritten digits."""

import random
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from transformer_lab.data.shapes import SHAPES, draw_shapes
from transformer_lab.errors import LabError

DIGITS = "digits"  # as a path, the name of scikit-learn's digits
HELD_OUT = 500  # generated images to validate and to test on, each
SHARE = 10  # of a file's images, one in 10 validates and one in 10 tests


class Picture(NamedTuple):
    """An image, (channels, height, width) numbers of about −1 … 1, and the place of its class in the list of names."""

    pixels: Float[Tensor, "channels size size"]
    label: int


@dataclass(frozen=True)
class Images:
    """Labelled images, in the place of a `Corpus`: from images to the names of classes."""

    name: str
    classes: tuple[str, ...]
    train: list[Picture]
    validation: list[Picture]
    test: list[Picture]
    source_language: str = "images"
    target_language: str = "classes"

    def fingerprint(self, split: str = "train") -> int:
        """A checksum of the images and labels of a split, in order."""
        checksum = zlib.crc32("\n".join(self.classes).encode())
        for picture in getattr(self, split):
            checksum = zlib.crc32(picture.pixels.numpy().tobytes() + str(picture.label).encode(), checksum)
        return checksum


def shape_images(count: int, seed: int = 1, size: int = 24) -> Images:
    """Generated shapes (see `draw_shapes`): `count` to train on, and always the same to validate and to test on."""

    def drawn(many: int, key: str) -> list[Picture]:
        generator = torch.Generator().manual_seed(random.Random(key).getrandbits(62))
        images, labels = draw_shapes(many, size, generator)
        return [Picture(*pair) for pair in zip(images, labels.tolist(), strict=True)]

    held = [drawn(HELD_OUT, f"{split} shapes") for split in ("validation", "test")]
    return Images("shapes", SHAPES, drawn(count, f"train {seed}"), *held)


def load_images(path: Path | str) -> Images:
    """The images at `path`, an `.npz` file with the arrays `images` and `labels`; or, for `digits`, scikit-learn's.

    `images` is (count, height, width) or (count, channels, height, width), square, as bytes or numbers; `labels` are
    whole numbers from 0, and `names`, if it is there, says what they mean. One in ten validates and one in ten tests,
    the same ones every time.

    Raises:
        LabError: the file is missing, damaged, or holds anything else; or scikit-learn is not installed.
    """
    path = Path(path)
    arrays = _digits() if str(path) == DIGITS and not path.exists() else _read(path)
    images, labels, names = _checked(path, **arrays)
    pictures = [Picture(*pair) for pair in zip(images, labels, strict=True)]
    random.Random(0).shuffle(pictures)
    held = max(1, len(pictures) // SHARE)
    if len(pictures) < 3:
        raise LabError(f"{path}: {len(pictures)} images are too few; give at least one to train, validate and test on.")
    return Images(path.stem, names, pictures[2 * held :], pictures[:held], pictures[held : 2 * held])


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in ("images", "labels", "names") if name in file}
    except FileNotFoundError:
        raise LabError(f"{path} does not exist; give an .npz file of images and labels, or {DIGITS}.") from None
    except OSError as error:
        raise LabError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # from a file that holds anything, NumPy raises anything
        raise LabError(f"{path} is damaged or no .npz file of plain arrays ({error}).") from error


def _digits() -> dict[str, np.ndarray]:
    """1,797 handwritten digits of 8 × 8 pixels (Alpaydin & Kaynak 1998), which come with scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise LabError(
            f"{DIGITS} come with scikit-learn, which is not installed; run `pip install scikit-learn`, or give an .npz "
            "file."
        ) from None
    digits = load_digits()
    return {"images": digits.images, "labels": digits.target}


def _checked(
    path: Path, images: np.ndarray | None = None, labels: np.ndarray | None = None, names: np.ndarray | None = None
) -> tuple[Float[Tensor, "count channels size size"], list[int], tuple[str, ...]]:
    """The arrays as what they should be; the brightest pixel becomes 1 and the darkest −1. Raises LabError."""
    if images is None or labels is None:
        raise LabError(f"{path} has no array {'images' if images is None else 'labels'!r}; it needs both.")
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[2] != images.shape[3] or images.dtype.kind not in "uif" or not images.size:
        found = " × ".join(map(str, images.shape))
        raise LabError(f"{path}: its images are {found} of {images.dtype}; give squares of numbers, one image a row.")
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "ui" or labels.min() < 0:
        raise LabError(f"{path}: its labels are not one whole number from 0 for each of {len(images)} images.")
    if not np.isfinite(images).all():
        raise LabError(f"{path}: some of its pixels are not finite numbers.")
    classes = int(labels.max()) + 1
    if classes > len(labels):
        raise LabError(f"{path}: its largest label is {classes - 1}, for {len(labels)} images; count classes from 0.")
    if names is not None and (names.ndim != 1 or len(names) < classes):
        raise LabError(f"{path}: it has {names.size} names for {classes} classes; give one for each.")
    said = tuple(map(str, range(classes) if names is None else names))
    wide = images.astype(np.float64)
    low, high = wide.min(), wide.max()
    scaled = 2 * (wide - low) / (high - low) - 1 if high > low else np.zeros_like(wide)
    return torch.from_numpy(scaled.astype(np.float32)), labels.tolist(), said
