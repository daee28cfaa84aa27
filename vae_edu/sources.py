"""Where the file of each data set may be found, how it is decoded, and how one knows that it is the right one.

SOURCES: {data set: {part: Source}}. Sources of the splits: SOURCES.md, "Data sets".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .formats import mat, pickled, read_amat, read_idx, read_npz


@dataclass(frozen=True)
class Source:
    """One file: where it may be found, how it is decoded, and the SHA-256 of the decoded uint8 array.

    Where that is not known: the shape that the array must have, and where the file was published. columns_first: MATLAB's order,
    in which an image read row by row lies on its side; inverted: black on white.
    """

    paths: tuple[str, ...]  # relative to the data folder, first one found wins
    decode: Callable[[bytes], np.ndarray]
    sha256: str | None = None
    url: str | None = None  # where the last of `paths` can be downloaded
    shape: tuple[int, ...] | None = None
    published: str = ""
    columns_first: bool = False
    inverted: bool = False


_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"


def _by_hand(file: str, decode, shape: tuple[int, int], published: str, **layout: bool) -> Source:
    """A 28 x 28 data set's file of which no copy was at hand."""
    return Source((file, file.split("/")[1]), decode, shape=shape, published=published, **layout)


def _static(part: str, images: int) -> Source:
    home = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"
    return _by_hand(f"static-mnist/binarized_mnist_{part}.amat", read_amat, (images, 784), home)


def _omniglot(key: str, images: int) -> Source:
    home = "https://github.com/yburda/iwae, datasets/OMNIGLOT"
    return _by_hand("omniglot/chardata.mat", mat(key), (784, images), home, columns_first=True)


def _caltech(key: str, images: int) -> Source:
    file, home = "caltech/caltech101_silhouettes_28_split1.mat", "https://people.cs.umass.edu/~marlin/data"
    return _by_hand(file, mat(key), (images, 784), home, columns_first=True, inverted=True)


def _histopathology(key: str, images: int) -> Source:
    home = "https://github.com/jmtomczak/vae_vampprior, datasets/HistopathologyGray"
    return _by_hand("histopathology/histopathology.pkl", pickled(key), (images, 784), home)


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
    "static-mnist": {
        "train images": _static("train", 50_000),
        "validation images": _static("valid", 10_000),
        "test images": _static("test", 10_000),
    },
    "omniglot": {
        "train images": _omniglot("data", 24_345),
        "test images": _omniglot("testdata", 8_070),
    },
    "caltech-silhouettes": {
        "train images": _caltech("train_data", 4_100),
        "validation images": _caltech("val_data", 2_264),
        "test images": _caltech("test_data", 2_307),
    },
    "histopathology": {
        "train images": _histopathology("training", 6_800),
        "validation images": _histopathology("validation", 2_000),
        "test images": _histopathology("test", 2_000),
    },
}


SOURCES["mnist14"] = SOURCES["mnist"]  # the same files


def _cifar(part: str) -> Source:
    home = "https://www.cs.toronto.edu/~kriz/cifar.html, CIFAR-10 python version"
    return _by_hand(f"cifar-10-batches-py/{part}", pickled("data"), (10_000, 3072), home)


def _archive(file: str, published: str) -> dict[str, Source]:
    """Photographs in a zip archive, which is never read whole."""
    return {"pictures": Source((file, file.split("/")[1]), bytes, published=published)}


SOURCES["cifar10"] = {f"batch {n}": _cifar(f"data_batch_{n}") for n in range(1, 6)} | {"test batch": _cifar("test_batch")}
SOURCES["celeba"] = _archive("celeba/img_align_celeba.zip", "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html")
SOURCES["lsun-bedroom"] = _archive(
    "lsun/bedroom_train.zip", "https://github.com/fyu/lsun; its `data.py export` makes pictures of the database, to be zipped"
)


def _tfd(key: str, shape: tuple[int, ...]) -> Source:
    home = "http://www.cs.toronto.edu/~jsusskin/TFD, on request"
    return Source(("tfd/TFD_48x48.mat", "TFD_48x48.mat"), mat(key), shape=shape, published=home)


SOURCES["tfd"] = {"images": _tfd("images", (102_236, 48, 48)), "folds": _tfd("folds", (102_236, 5))}
