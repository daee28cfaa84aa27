"""The file formats in which data sets come: each reader turns a file's bytes into one array, or raises ValueError.

Archives of photographs are too large for that: `pictures_in` lists one, and `read_pictures` reads some of it.
"""

import gzip
import io
import pickle
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm


def read_idx(raw: bytes) -> np.ndarray:
    """An IDX file (gzip or not) of unsigned bytes: a magic number, the dimensions, the values."""
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise ValueError("it does not begin like an IDX file of bytes")
    header = 4 + 4 * raw[3]
    shape = np.frombuffer(raw[4:header], dtype=">u4").astype(int)
    values = np.frombuffer(raw[header:], dtype=np.uint8)
    if values.size != shape.prod():
        raise ValueError(f"it should hold {shape.prod()} values and holds {values.size}")
    return values.reshape(shape)


def read_npz(raw: bytes) -> np.ndarray:
    """The array `images` of an npz archive."""
    return np.load(io.BytesIO(raw), allow_pickle=False)["images"]


def read_amat(raw: bytes) -> np.ndarray:
    """Text: one image a line, each pixel a 0 or a 1, with spaces between. uint8 (images, pixels)."""
    lines = [line.replace(b" ", b"").strip() for line in raw.rstrip().split(b"\n")]
    values = np.frombuffer(b"".join(lines), dtype=np.uint8) - ord("0")
    if values.size == 0 or values.max() > 1:
        raise ValueError("it is not lines of 0 and 1")
    if len({len(line) for line in lines}) > 1:
        raise ValueError("its lines differ in length")
    return values.reshape(len(lines), -1)


def mat(key: str) -> Callable[[bytes], np.ndarray]:
    """A reader of the variable `key` of a MATLAB file (version 5 to 7.2)."""

    def read(raw: bytes) -> np.ndarray:
        from scipy.io import loadmat

        return _entry(loadmat(io.BytesIO(raw)), key)

    return read


def pickled(key: str) -> Callable[[bytes], np.ndarray]:
    """A reader of the array `key` of a pickled dict. A pickle may run code: this one may build numpy arrays and nothing else."""
    return lambda raw: np.asarray(_entry(_ArraysOnly(io.BytesIO(raw), encoding="latin1").load(), key))


class _ArraysOnly(pickle.Unpickler):
    ALLOWED = ("_reconstruct", "ndarray", "dtype")

    def find_class(self, module: str, name: str):
        if (module.split(".")[0] == "numpy" and name in self.ALLOWED) or (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise ValueError(f"it wants to run {module}.{name}; arrays need no such thing")


def _entry(entries, key: str):
    if not isinstance(entries, dict) or key not in entries:
        raise ValueError(f"it has no entry {key!r}")
    return entries[key]


PICTURES = (".jpg", ".jpeg", ".png", ".webp")


def pictures_in(path: Path) -> list[str]:
    """The names of the pictures in a zip archive, in alphabetical order."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(PICTURES))
    if not names:
        raise ValueError("there is no JPEG, PNG or WebP picture in it")
    return names


def read_pictures(path: Path, names: Sequence[str], side: int) -> np.ndarray:
    """Pictures of a zip archive, each the middle square, made side x side: uint8 (n, 3, side, side)."""
    from PIL import Image

    found = np.empty((len(names), 3, side, side), np.uint8)
    with zipfile.ZipFile(path) as archive:
        for at, name in enumerate(tqdm(names, leave=False, unit="picture")):
            try:
                picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
            except OSError as error:
                raise ValueError(f"{name} is no picture: {error}") from None
            short = min(picture.size)
            left, top = ((length - short) // 2 for length in picture.size)
            square = picture.resize((side, side), Image.Resampling.BOX, (left, top, left + short, top + short))
            found[at] = np.asarray(square).transpose(2, 0, 1)
    return found
