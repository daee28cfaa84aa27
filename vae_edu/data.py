"""Data sets as tensors: `load("digits")` needs no network, the others are read from a folder or downloaded once.

A file is looked for in the folder that VAE_EDU_DATA names, then in the cache, then downloaded into the cache. Whatever
its source, it is accepted only if the SHA-256 of its decoded pixels is the one written here.
Grey images are served as v/255 in [0, 1]. Sources of the splits: FACTS 1.8 and 3.6.
"""

import contextlib
import gzip
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class DataError(Exception):
    """A data file is missing, unreadable or not the one expected. The message is one sentence for the user."""


@dataclass(frozen=True)
class Dataset:
    """Images as (n, pixels) float32 in [0, 1]; `shape` is (rows, columns). Labels are None where there are none."""

    name: str
    shape: tuple[int, int]
    train: Tensor
    valid: Tensor
    test: Tensor
    train_labels: Tensor | None = None
    test_labels: Tensor | None = None


@dataclass(frozen=True)
class Source:
    """One file: where it may be found, how it is decoded, and the SHA-256 of the decoded uint8 array."""

    paths: tuple[str, ...]  # relative to the data folder, first one found wins
    decode: Callable[[bytes], np.ndarray]
    sha256: str
    url: str | None = None  # where the last of `paths` can be downloaded


def read_idx(raw: bytes) -> np.ndarray:
    """Decode an IDX file (gzip or not) of unsigned bytes: a magic number, the dimensions, the values."""
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


_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"


def _mnist(part: str, sha256: str) -> Source:
    return Source((f"mnist/{part}.gz", f"{part}.gz", f"mnist/{part}"), read_idx, sha256, f"{_MNIST}{part}.gz")


SOURCES = {
    "mnist": {
        "train images": _mnist("train-images-idx3-ubyte", "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
        "train labels": _mnist("train-labels-idx1-ubyte", "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
        "test images": _mnist("t10k-images-idx3-ubyte", "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
        "test labels": _mnist("t10k-labels-idx1-ubyte", "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
    },
    "frey-faces": {
        "images": Source(("frey_faces.npz",), read_npz, "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78")
    },
}


def names() -> list[str]:
    """The data sets that `load` knows."""
    return list(_LOADERS)


def load(name: str) -> Dataset:
    """The data set called `name`. Raises DataError, in one sentence, where it cannot be had."""
    if name not in _LOADERS:
        raise DataError(f"There is no data set called {name!r}; there are {', '.join(_LOADERS)}.")
    return _LOADERS[name]()


def binarize(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """Draw x ~ Bernoulli(grey value): dynamic binarisation where it is done anew for every batch."""
    return torch.bernoulli(x, generator=generator)


def cache_folder() -> Path:
    """Where downloads are kept."""
    import pooch

    return Path(pooch.os_cache("vae-edu"))


def read(name: str, part: str) -> np.ndarray:
    """The verified decoded array of one file of a data set."""
    source = SOURCES[name][part]
    path = find(source) or _download(name, source)
    try:
        array = source.decode(path.read_bytes())
    except Exception as error:  # zlib, gzip, zipfile, numpy and OS errors alike mean: not the file we need
        raise DataError(f"{path} cannot be read as the {part} of {name} ({error}); delete it and try again.") from None
    found = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
    if found != source.sha256:
        raise DataError(
            f"{path} is not the {part} of {name}: its pixels have SHA-256 {found[:12]}…, expected "
            f"{source.sha256[:12]}…; replace it with the original."
        )
    return array


def find(source: Source) -> Path | None:
    """Where the file lies: in the folder that VAE_EDU_DATA names, else in the cache; None where it is in neither."""
    return next((folder / path for folder in _folders() for path in source.paths if (folder / path).is_file()), None)


def at_hand(name: str) -> bool:
    """Whether every file of a data set has been found (digits have none to find)."""
    return all(find(source) for source in SOURCES.get(name, {}).values())


def _folders() -> Iterator[Path]:
    """Where to look, in this order. The cache is pooch's: where pooch is missing (a bare GPU machine) there is none."""
    if os.environ.get("VAE_EDU_DATA"):
        yield Path(os.path.expanduser(os.environ["VAE_EDU_DATA"]))
    with contextlib.suppress(ImportError):
        yield cache_folder()


def _download(name: str, source: Source) -> Path:
    wanted = source.paths[0]
    if source.url is None:
        raise DataError(f"{name} cannot be downloaded: put {wanted} into a folder and set VAE_EDU_DATA to that folder.")
    try:
        import pooch

        # pooch writes to a temporary file and moves it into place only when it is complete
        target = cache_folder() / wanted
        return Path(pooch.retrieve(source.url, known_hash=None, fname=target.name, path=target.parent, progressbar=True))
    except Exception as error:
        raise DataError(
            f"{wanted} of {name} could not be downloaded from {source.url} ({type(error).__name__}: {error}); "
            f"put the file into a folder and set VAE_EDU_DATA to that folder."
        ) from None


def _pixels(images: np.ndarray) -> Tensor:
    """uint8 (n, rows, columns) to float32 (n, pixels), v/255."""
    return torch.from_numpy(images.reshape(len(images), -1).astype(np.float32)) / 255


def _digits() -> Dataset:
    """scikit-learn's 1,797 handwritten digits, 8 x 8, 17 grey levels, in a fixed shuffled order."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    x = torch.from_numpy(images[order].astype(np.float32)) / 16
    y = torch.from_numpy(labels[order])
    return Dataset("digits", (8, 8), x[:1297], x[1297:1497], x[1497:], y[:1297], y[1497:])


def _mnist_split() -> Dataset:
    """Training images 0..49,999, validation 50,000..59,999, the 10,000 test images."""
    images, test = read("mnist", "train images"), read("mnist", "test images")
    labels, test_labels = read("mnist", "train labels"), read("mnist", "test labels")
    x = _pixels(images)
    y, test_y = torch.from_numpy(labels.astype(np.int64)), torch.from_numpy(test_labels.astype(np.int64))
    return Dataset("mnist", (28, 28), x[:50_000], x[50_000:], _pixels(test), y[:50_000], test_y)


def _frey_faces() -> Dataset:
    """1,965 frames of one face, 28 x 20, shuffled (seed 0) and split 1,565 / 200 / 200."""
    images = read("frey-faces", "images")
    x = _pixels(images[np.random.default_rng(0).permutation(len(images))])
    return Dataset("frey-faces", (28, 20), x[:1565], x[1565:1765], x[1765:])


_LOADERS: dict[str, Callable[[], Dataset]] = {"digits": _digits, "mnist": _mnist_split, "frey-faces": _frey_faces}
