import gzip
import hashlib
import struct

import numpy as np
import pytest
import torch

from vae_edu import data
from vae_edu.data import DataError, Source, read_idx


def idx(array):
    return b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A data set of one file, in a folder whose name has a space and letters beyond ASCII."""
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    folder = tmp_path / "Übung 1"
    folder.mkdir()
    source = Source(("tiny.gz",), read_idx, hashlib.sha256(images.tobytes()).hexdigest(), "https://127.0.0.1:9/tiny.gz")
    monkeypatch.setitem(data.SOURCES, "tiny", {"images": source})
    monkeypatch.setenv("VAE_EDU_DATA", str(folder))
    monkeypatch.setattr(data, "cache_folder", lambda: tmp_path / "cache")
    return folder / "tiny.gz", images


def test_gzipped_and_plain_idx_are_read_alike(tiny):
    path, images = tiny
    for raw in (idx(images), gzip.compress(idx(images))):
        path.write_bytes(raw)
        np.testing.assert_array_equal(data.read("tiny", "images"), images)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda raw: raw[:-3], "should hold 24 values and holds 21"),
        (lambda raw: gzip.compress(raw)[:-9], "cannot be read"),
        (lambda raw: b"", "begin like an IDX file"),
        (lambda raw: b"<html>404</html>", "begin like an IDX file"),
        (lambda raw: raw[:-1] + b"\xff", "SHA-256"),
    ],
)
def test_a_damaged_file_is_named_and_refused(tiny, damage, said):
    path, images = tiny
    path.write_bytes(damage(idx(images)))
    with pytest.raises(DataError, match=said) as error:
        data.read("tiny", "images")
    assert "tiny.gz" in str(error.value) and "\n" not in str(error.value)


def test_without_file_and_network_the_error_says_what_to_do_and_leaves_no_cache(tiny, tmp_path):
    with pytest.raises(DataError, match="set VAE_EDU_DATA to that folder"):
        data.read("tiny", "images")
    left = list((tmp_path / "cache").rglob("*")) if (tmp_path / "cache").exists() else []
    assert not [path for path in left if path.is_file()]


def test_no_space_for_the_cache_is_one_sentence(tiny, monkeypatch):
    import pooch

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pooch, "retrieve", full)
    with pytest.raises(DataError, match="No space left on device"):
        data.read("tiny", "images")


def test_what_cannot_be_downloaded_says_where_to_put_it(monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    monkeypatch.setattr(data, "cache_folder", lambda: tmp_path)
    with pytest.raises(DataError, match=r"put frey_faces\.npz into a folder"):
        data.load("frey-faces")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(DataError, match="digits, mnist, frey-faces"):
        data.load("mnst")


def test_digits_need_nothing_and_are_split_once():
    digits = data.load("digits")
    assert [len(part) for part in (digits.train, digits.valid, digits.test)] == [1297, 200, 300]
    together = torch.cat([digits.train, digits.valid, digits.test])
    assert together.min() == 0 and together.max() == 1
    assert len(digits.train_labels) == 1297 and len(digits.test_labels) == 300


def test_mnist_is_the_real_one(mnist):
    assert [len(part) for part in (mnist.train, mnist.valid, mnist.test)] == [50_000, 10_000, 10_000]
    assert torch.cat([mnist.train, mnist.valid]).mean().item() == pytest.approx(0.1307, abs=1e-4)  # FACTS 1.8
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_binarisation_draws_with_the_grey_value_as_probability(rng):
    grey = torch.tensor([0.0, 0.25, 1.0]).expand(100_000, 3)
    binary = data.binarize(grey, generator=rng)
    assert binary.mean(0).tolist() == pytest.approx([0.0, 0.25, 1.0], abs=0.01)
