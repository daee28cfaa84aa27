import gzip
import hashlib
import io
import pickle
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from vae_edu import data
from vae_edu.data import DataError, Source
from vae_edu.formats import pickled, read_amat, read_idx


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
    with pytest.raises(DataError, match="digits, binary-digits, mnist, mnist14, frey-faces"):
        data.load("mnst")


def test_digits_need_nothing_and_are_split_once():
    digits = data.load("digits")
    assert [len(part) for part in (digits.train, digits.valid, digits.test)] == [1297, 200, 300]
    together = torch.cat([digits.train, digits.valid, digits.test])
    assert together.min() == 0 and together.max() == 1
    assert len(digits.train_labels) == 1297 and len(digits.test_labels) == 300


def test_mnist_is_the_real_one(mnist):
    assert [len(part) for part in (mnist.train, mnist.valid, mnist.test)] == [50_000, 10_000, 10_000]
    assert torch.cat([mnist.train, mnist.valid]).mean().item() == pytest.approx(0.1307, abs=1e-4)
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_binarisation_draws_with_the_grey_value_as_probability(rng):
    grey = torch.tensor([0.0, 0.25, 1.0]).expand(100_000, 3)
    binary = data.binarize(grey, generator=rng)
    assert binary.mean(0).tolist() == pytest.approx([0.0, 0.25, 1.0], abs=0.01)


def handwriting(n, start=0):
    """Upright, white on black, taller than wide: the embedded digits at three times their size, uint8 (n, 28, 28)."""
    images = (data.load("digits").train[start : start + n].reshape(-1, 8, 8).numpy() * 255).round().astype(np.uint8)
    return np.pad(np.kron(images, np.ones((1, 3, 3), dtype=np.uint8)), ((0, 0), (2, 2), (2, 2)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the tests write files of the real formats; their sources ask for 30, 20 and 10 images (OMNIGLOT: 1,365 and 10)."""
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    monkeypatch.setattr(data, "cache_folder", lambda: tmp_path / "cache")
    counts = {"train images": 30, "validation images": 20, "test images": 10}
    for name in ("static-mnist", "omniglot", "caltech-silhouettes", "histopathology"):
        sources = {}
        for part, source in data.SOURCES[name].items():
            n = 1365 if (name, part) == ("omniglot", "train images") else counts[part]
            sources[part] = replace(source, shape=(784, n) if name == "omniglot" else (n, 784))
        monkeypatch.setitem(data.SOURCES, name, sources)
    return tmp_path


def write_static(folder, images, ending="\n"):
    for part, n in {"train": 30, "valid": 20, "test": 10}.items():
        lines = [" ".join(map(str, image)) for image in images[:n].reshape(n, -1)]
        (folder / f"binarized_mnist_{part}.amat").write_bytes((ending.join(lines) + ending).encode())


@pytest.mark.parametrize("ending", ["\n", " \r\n"])
def test_trap_24_static_mnist_is_read_from_its_three_files(folder, ending):
    """SOURCES.md, "Traps"."""
    images = (handwriting(30) > 127).astype(int)
    write_static(folder, images, ending)
    found = data.load("static-mnist")
    assert [len(part) for part in (found.train, found.valid, found.test)] == [30, 20, 10]
    np.testing.assert_array_equal(found.train.numpy(), images.reshape(30, 784))


def test_a_transposed_or_inverted_static_mnist_is_refused(folder):
    images = (handwriting(30) > 127).astype(int)
    write_static(folder, images.transpose(0, 2, 1))
    with pytest.raises(DataError, match="lie on their side"):
        data.load("static-mnist")
    write_static(folder, 1 - images)
    with pytest.raises(DataError, match="black on white"):
        data.load("static-mnist")


def test_omniglot_is_read_column_by_column_and_split_once(folder):
    train, test = handwriting(1365 - 300), handwriting(10, start=500)
    train = np.concatenate([train, train[:300]])
    as_file = lambda images: images.transpose(0, 2, 1).reshape(len(images), 784).T / 255  # MATLAB: columns first, images last
    savemat(folder / "chardata.mat", {"data": as_file(train), "testdata": as_file(test)})
    found, again = data.load("omniglot"), data.load("omniglot")
    assert [len(part) for part in (found.train, found.valid, found.test)] == [20, 1345, 10]
    assert torch.equal(found.train, again.train)
    np.testing.assert_allclose(found.test.numpy() * 255, test.reshape(10, 784), atol=1e-4)
    assert not torch.equal((found.train * 255).round().byte()[0], torch.from_numpy(train[0].reshape(-1))), "shuffled"
    rows = {row.tobytes() for row in (torch.cat([found.train, found.valid]) * 255).round().byte().numpy()}
    assert rows == {row.tobytes() for row in train.reshape(-1, 784)}
    savemat(folder / "chardata.mat", {"data": as_file(train).T, "testdata": as_file(test)})
    with pytest.raises(DataError, match="transposed"):
        data.load("omniglot")


def test_caltech_is_turned_upright_and_white_on_black(folder):
    images = (handwriting(30) > 127).astype(float)
    as_file = lambda n: 1 - images[:n].transpose(0, 2, 1).reshape(n, 784)
    entries = {"train_data": as_file(30), "val_data": as_file(20), "test_data": as_file(10)}
    savemat(folder / "caltech101_silhouettes_28_split1.mat", entries)
    np.testing.assert_array_equal(data.load("caltech-silhouettes").valid.numpy(), images[:20].reshape(20, 784))
    savemat(folder / "caltech101_silhouettes_28_split1.mat", {key: 1 - entry for key, entry in entries.items()})
    with pytest.raises(DataError, match="inverted already"):
        data.load("caltech-silhouettes")
    savemat(folder / "caltech101_silhouettes_28_split1.mat", {"train_data": as_file(30)})
    with pytest.raises(DataError, match="no entry 'val_data'"):
        data.load("caltech-silhouettes")


@pytest.mark.parametrize("scale", [1, 255])
def test_histopathology_is_read_without_running_its_pickle(folder, scale):
    images = handwriting(30) / 255 * scale
    parts = {"training": images, "validation": images[:20], "test": list(images[:10])}
    (folder / "histopathology.pkl").write_bytes(pickle.dumps(parts, protocol=2))
    found = data.load("histopathology")
    np.testing.assert_allclose(found.train.numpy() * scale, images.reshape(30, 784), atol=1e-4)
    assert found.test.shape == (10, 784)


def test_a_pickle_that_would_run_code_runs_none(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "written"), "w"))

    with pytest.raises(ValueError, match="wants to run"):
        pickled("training")(pickle.dumps({"training": Harmful()}))
    assert not (tmp_path / "written").exists()
    for name in (b"load", b"fromfile", b"save"):
        with pytest.raises(ValueError, match="wants to run numpy"):
            pickled("training")(b"cnumpy\n" + name + b"\n.")


@pytest.mark.parametrize(
    ("raw", "said"), [(b"", "0 and 1"), (b"0 1\n0 2\n", "0 and 1"), (b"0 1 1\n0\n", "length"), (b"<html>", "0 and 1")]
)
def test_a_text_that_is_no_amat_is_refused(raw, said):
    with pytest.raises(ValueError, match=said):
        read_amat(raw)


@pytest.mark.parametrize(
    "name", ["static-mnist", "omniglot", "caltech-silhouettes", "histopathology", "cifar10", "celeba", "lsun-bedroom", "tfd"]
)
def test_what_cannot_be_downloaded_says_where_to_get_it(folder, name):
    with pytest.raises(DataError, match=r"published at .*VAE_EDU_DATA") as error:
        data.load(name)
    assert next(iter(data.SOURCES[name].values())).paths[0] in str(error.value)


def test_a_file_of_the_wrong_size_or_range_is_named(folder):
    for values, said in [
        (np.zeros((5, 784)), "found 5 × 784"),
        (np.full((30, 784), np.nan), "values must lie"),
        (np.zeros((30, 784)), "and differ"),
    ]:
        entries = {"train_data": values, "val_data": np.zeros((20, 784)), "test_data": np.zeros((10, 784))}
        savemat(folder / "caltech101_silhouettes_28_split1.mat", entries)
        with pytest.raises(DataError, match=said):
            data.load("caltech-silhouettes")


def write_cifar(folder, pixels=3072):
    """The six batches as the archive has them, three images each: pickles of dicts, colour planes one after the other."""
    (folder / "cifar-10-batches-py").mkdir()
    for n, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        entries = {"data": np.arange(n, n + 3 * pixels).astype(np.uint8).reshape(3, pixels), "labels": [1, 2, 3]}
        (folder / "cifar-10-batches-py" / name).write_bytes(pickle.dumps(entries, protocol=2))


def test_cifar10_is_read_from_its_batches(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    three = {part: replace(source, shape=(3, 3072)) for part, source in data.SOURCES["cifar10"].items()}
    monkeypatch.setitem(data.SOURCES, "cifar10", three)
    write_cifar(tmp_path)
    found = data.load("cifar10")
    assert [len(part) for part in (found.train, found.valid, found.test)] == [12, 3, 3]
    assert (found.shape, found.colours, found.train.shape[1]) == ((32, 32), 3, 3072)
    assert found.valid[0, :3].mul(255).tolist() == pytest.approx([4, 5, 6])


def test_a_cifar10_of_the_wrong_size_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    write_cifar(tmp_path)
    with pytest.raises(
        DataError, match="data_batch_1 is not the batch 1 of cifar10: expected 10000 × 3072 values, found 3 × 3072"
    ):
        data.load("cifar10")


def write_tfd(folder, monkeypatch, folds):
    """A file as the owner has it, of as many faces as there are folds: each as grey as its place says, but for one corner."""
    images = np.arange(len(folds), dtype=np.uint8)[:, None, None].repeat(48, 1).repeat(48, 2)
    images[:, 0, 47] = 255  # the upper right corner
    savemat(folder / "TFD_48x48.mat", {"images": images, "folds": np.array(folds)[:, None].repeat(5, 1)}, do_compression=True)
    shapes = {"images": (len(folds), 48, 48), "folds": (len(folds), 5)}
    monkeypatch.setenv("VAE_EDU_DATA", str(folder))
    sources = {part: replace(source, shape=shapes[part]) for part, source in data.SOURCES["tfd"].items()}
    monkeypatch.setitem(data.SOURCES, "tfd", sources)


def test_tfd_is_split_by_its_first_fold_and_upright(tmp_path, monkeypatch):
    write_tfd(tmp_path, monkeypatch, [0, 3, 1, 2, 0, 3])
    found = data.load("tfd")
    assert found.shape == (48, 48) and found.train.shape == (3, 2304)
    places = [part[:, -1].mul(255).round().int().tolist() for part in (found.train, found.valid, found.test)]
    assert places == [[0, 2, 4], [3], [1, 5]]
    assert found.test.unflatten(1, (48, 48))[0, 0, 47] == 1


def test_a_tfd_of_the_wrong_size_or_without_folds_is_named(tmp_path, monkeypatch):
    full = data.SOURCES["tfd"]
    write_tfd(tmp_path, monkeypatch, [0, 1, 2, 3])
    savemat(tmp_path / "TFD_48x48.mat", {"images": np.arange(4 * 48 * 48).reshape(4, 48, 48).astype(np.uint8)})
    with pytest.raises(DataError, match=r"cannot be read as the folds of tfd .it has no entry 'folds'"):
        data.load("tfd")
    monkeypatch.setitem(data.SOURCES, "tfd", full)
    with pytest.raises(DataError, match="expected 102236 × 48 × 48 values, found 4 × 48 × 48"):
        data.load("tfd")


def picture(number, size=(178, 218)):
    """Red is its number, blue 255 in the middle square and 0 above and below it."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[..., 0] = number
    edge = (size[1] - size[0]) // 2
    pixels[edge : size[1] - edge, :, 2] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


@pytest.mark.parametrize(("name", "file"), [("celeba", "img_align_celeba.zip"), ("lsun-bedroom", "bedroom_train.zip")])
def test_photographs_are_cropped_and_split_in_the_order_of_their_names(tmp_path, monkeypatch, name, file):
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    monkeypatch.setattr("vae_edu.data.HELD_OUT", 2)
    monkeypatch.setattr("vae_edu.data.PHOTOS", 5)
    with zipfile.ZipFile(tmp_path / file, "w") as archive:
        archive.writestr("readme.txt", "no picture")
        for number in reversed(range(12)):
            archive.writestr(f"pictures/{number:06}.png", picture(number))
    found = data.load(name)
    assert (found.shape, found.colours, found.train.shape) == ((64, 64), 3, (5, 3 * 64 * 64))
    reds = [part[:, 0].mul(255).round().int().tolist() for part in (found.train, found.valid, found.test)]
    assert reds == [[0, 1, 2, 3, 4], [8, 9], [10, 11]]
    planes = found.train.unflatten(1, (3, 64, 64))
    assert planes[:, 1].max() == 0 and planes[:, 2].min() == 1, "the middle square alone"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "no JPEG, PNG or WebP picture"),
        ({"a.jpg": b"<html>", "b.jpg": b"", "c.jpg": b""}, "a.jpg is no picture"),
        (b"<html>404</html>", "not a zip file"),
    ],
)
def test_an_archive_without_pictures_is_named_and_refused(tmp_path, monkeypatch, content, said):
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    path = tmp_path / "img_align_celeba.zip"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name, raw in content.items():
                archive.writestr(name, raw)
    with pytest.raises(DataError, match=said) as error:
        data.load("celeba")
    assert "img_align_celeba.zip" in str(error.value) and "\n" not in str(error.value)
