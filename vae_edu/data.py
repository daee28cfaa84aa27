"""Data sets as tensors: `load("digits")` needs no network, the others are read from a folder or downloaded once.

A file is looked for in the folder that VAE_EDU_DATA names, then in the cache, then downloaded into the cache. Whatever
its source, it is accepted only if the SHA-256 of its decoded pixels is the one written here. Of eight data sets no copy was at
hand when this was written: their files are never downloaded, and judged by shape, values and black or white; static MNIST also by
lying on its side or not. Whether those of the others lie on their side is not known to us: look at a few.
Grey images are served as v/255 in [0, 1]. Sources of the splits: SOURCES.md, "Data sets".
"""

import contextlib
import hashlib
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import sprites
from .formats import pictures_in, read_pictures
from .sources import SOURCES, Source


class DataError(Exception):
    """A data file is missing, unreadable or not the one expected. The message is one sentence for the user."""


@dataclass(frozen=True)
class Dataset:
    """Images as (n, pixels) float32 in [0, 1]; `shape` is (rows, columns). Labels are None where there are none.

    Images with `colours` have their colour planes one after the other, (n, colours * rows * columns).
    """

    name: str
    shape: tuple[int, int]
    train: Tensor
    valid: Tensor
    test: Tensor
    train_labels: Tensor | None = None
    test_labels: Tensor | None = None
    colours: int = 1


def names() -> list[str]:
    """The data sets that `load` knows."""
    return list(_LOADERS)


def load(name: str, *, split: int = 0) -> Dataset:
    """The data set called `name`. Raises DataError, in one sentence, where it cannot be had.

    split: of Frey faces, which has no split of its own: another shuffling.
    """
    if name not in _LOADERS:
        raise DataError(f"There is no data set called {name!r}; there are {', '.join(_LOADERS)}.")
    if split and name != "frey-faces":
        raise DataError(f"{name} has one split, 0; got {split}. (frey-faces has as many as one likes.)")
    return _frey_faces(split) if split else _LOADERS[name]()


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
    if source.sha256 is None:
        _require_shape(path, name, part, array, source.shape)
        return array
    found = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
    if found != source.sha256:
        raise DataError(
            f"{path} is not the {part} of {name}: its pixels have SHA-256 {found[:12]}…, expected "
            f"{source.sha256[:12]}…; replace it with the original."
        )
    return array


def _require_shape(path: Path, name: str, part: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.size != math.prod(shape) or (array.ndim == 2 and array.shape != shape):
        rows = " × ".join(map(str, array.shape))
        hint = " (transposed)" if array.shape == shape[::-1] else ""
        raise DataError(f"{path} is not the {part} of {name}: expected {' × '.join(map(str, shape))} values, found {rows}{hint}.")
    if array.dtype.kind not in "buif" or not (np.isfinite(array).all() and 0 <= array.min() < array.max() <= 255):
        raise DataError(f"{path} is not the {part} of {name}: its values must lie in 0..1, or in 0..255, and differ.")


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
        origin = f" (it was published at {source.published})" if source.published else ""
        raise DataError(f"{name} cannot be downloaded: put {wanted}{origin} into a folder and set VAE_EDU_DATA to that folder.")
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
    """uint8 (n, ...) to float32 (n, pixels), v/255."""
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


def _binary_digits() -> Dataset:
    """The digits with every pixel above one half on and all others off: the same images every time, for exact pixels."""
    digits = _digits()
    parts = ((part > 0.5).float() for part in (digits.train, digits.valid, digits.test))
    return Dataset("binary-digits", digits.shape, *parts, digits.train_labels, digits.test_labels)


def _mnist14() -> Dataset:
    """MNIST at half the size: the grey mean of every 2 x 2 pixels."""
    mnist = _mnist_split()
    halves = (part.unflatten(1, (14, 2, 14, 2)).mean((2, 4)).flatten(1) for part in (mnist.train, mnist.valid, mnist.test))
    return Dataset("mnist14", (14, 14), *halves, mnist.train_labels, mnist.test_labels)


def _frey_faces(split: int = 0) -> Dataset:
    """1,965 frames of one face, 28 x 20, shuffled (the split is the seed) and cut into 1,565 / 200 / 200."""
    images = read("frey-faces", "images")
    x = _pixels(images[np.random.default_rng(split).permutation(len(images))])
    return Dataset("frey-faces", (28, 20), x[:1565], x[1565:1765], x[1765:])


def _unverified_images(name: str, part: str, *, grey: bool = False) -> Tensor:
    """28 x 28 images of a file without a known SHA-256, as (n, 784) in [0, 1]; upright and, unless grey, white on black."""
    source, array = SOURCES[name][part], read(name, part)
    array = array.T if source.shape[0] == 784 else array
    x = torch.from_numpy(np.array(array, dtype=np.float32)).reshape(-1, 28, 28)
    x = x / 255 if x.max() > 1 else x
    x = x.mT if source.columns_first else x
    x = 1 - x if source.inverted else x
    mean = x.mean(0)
    if not grey and mean[[0, -1]].mean() > mean[7:21, 7:21].mean():
        raise DataError(f"The {part} of {name} are black on white: the file is not the original, or is inverted already.")
    return x.flatten(1)


def _three_parts(name: str, *, grey: bool = False) -> Dataset:
    """Caltech 101 silhouettes: outlines of objects. Histopathology: grey patches of stained tissue, as v/255."""
    parts = [_unverified_images(name, f"{part} images", grey=grey) for part in ("train", "validation", "test")]
    return Dataset(name, (28, 28), *((255 * x).round() / 255 for x in parts))


def _static_mnist() -> Dataset:
    """The fixed binarisation of Larochelle & Murray; no other draw gives its numbers."""
    found = _three_parts("static-mnist")
    for x in (found.train, found.valid, found.test):
        mean, place = x.mean(0).reshape(28, 28), torch.arange(28.0)
        height, width = (torch.cov(place, aweights=mean.sum(side)) for side in (1, 0))
        if width > height:  # MNIST's digits are taller than wide
            raise DataError("The digits of static-mnist lie on their side: the file is transposed.")
    return found


def _omniglot_split() -> Dataset:
    """Characters of 50 alphabets, grey; 1,345 of the shuffled (seed 0) training images are for validation."""
    x, test = (_unverified_images("omniglot", f"{part} images") for part in ("train", "test"))
    x = x[np.random.default_rng(0).permutation(len(x))]
    return Dataset("omniglot", (28, 28), x[:-1345], x[-1345:], test)


def _cifar10() -> Dataset:
    """Photographs of ten kinds of things, 32 x 32 in colour; the last of the five batches is for validation."""
    parts = [_pixels(read("cifar10", f"batch {n}")) for n in range(1, 6)]
    return Dataset("cifar10", (32, 32), torch.cat(parts[:4]), parts[4], _pixels(read("cifar10", "test batch")), colours=3)


PHOTOS, HELD_OUT = 50_000, 5_000  # of each archive: 2.5 GB, and 0.25 GB for validation and as much for the test


def _photos(name: str) -> Dataset:
    """The middle square of each picture, 64 x 64 in colour. In the order of their names: training images are the first ones, the
    last ones are for the test and those before them for validation (of CelebA, all within the test part of its own split).
    """
    source = SOURCES[name]["pictures"]
    path = find(source) or _download(name, source)
    try:
        names = pictures_in(path)
        held_out = min(HELD_OUT, len(names) // 3)
        parts = (names[: -2 * held_out][:PHOTOS], names[-2 * held_out : -held_out], names[-held_out:])
        images = [_pixels(read_pictures(path, part, 64)) for part in parts]
    except Exception as error:  # zipfile, Pillow and OS errors alike mean: not the file we need
        raise DataError(f"{path} cannot be read as the pictures of {name} ({error}); replace it with the original.") from None
    return Dataset(name, (64, 64), *images, colours=3)


def _tfd() -> Dataset:
    """Faces, 48 x 48, grey: in the first of the five folds 0 marks images without a label, 1 to 3 training, validation and test.

    Those without a label are trained on as well: 0.9 GB.
    """
    images, fold = read("tfd", "images"), read("tfd", "folds")[:, 0]
    return Dataset("tfd", (48, 48), *(_pixels(images[own]) for own in (fold < 2, fold == 2, fold == 3)))


def _sprites() -> Dataset:
    """Every sprite, at its address; validation and test are 1,000 of the same each, since there are no others."""
    images = sprites.render(sprites.factors_of(torch.arange(sprites.NUMBER)))
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return Dataset("sprites", (32, 32), images, images[rows[:1000]], images[rows[1000:2000]])


_LOADERS: dict[str, Callable[[], Dataset]] = {
    "digits": _digits,
    "binary-digits": _binary_digits,
    "mnist": _mnist_split,
    "mnist14": _mnist14,
    "frey-faces": _frey_faces,
    "static-mnist": _static_mnist,
    "omniglot": _omniglot_split,
    "caltech-silhouettes": lambda: _three_parts("caltech-silhouettes"),
    "cifar10": _cifar10,
    "celeba": lambda: _photos("celeba"),
    "lsun-bedroom": lambda: _photos("lsun-bedroom"),
    "histopathology": lambda: _three_parts("histopathology", grey=True),
    "tfd": _tfd,
    "sprites": _sprites,
}
