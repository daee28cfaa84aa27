"""Many models at once: the references on a bare machine, a paper's table, and what becomes of those that fail or are stopped."""

import copy
import math
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from tests.tiny_grid import RECIPES as TINY
from vae_edu import reference
from vae_edu.reference import grid, table
from vae_edu.reference.recipes import GRIDS, RECIPES, every
from vae_edu.reference.recipes.tomczak2018 import TABLE_1
from vae_edu.reference.recipes.yeung2017 import ARCHITECTURES, GRID, PUBLISHED, published
from vae_edu.training import fit


@pytest.fixture
def tiny_grid(tmp_path, monkeypatch):
    """Three models of a table, on the digits; each is trained by `tests/tiny_grid.py` in a process of its own."""
    monkeypatch.setattr(reference, "STORE", tmp_path / "store")
    monkeypatch.setitem(grid.GRIDS, "epitomic", TINY)
    script = lambda name, runs, store: [sys.executable, "-m", "tests.tiny_grid", name, str(runs), str(store)]
    monkeypatch.setattr(grid, "command", script)
    monkeypatch.chdir(ROOT)
    folders = tmp_path / "runs", tmp_path / "store"
    return lambda: grid.train_grid("epitomic", *folders, processes=2, archive=tmp_path / "out" / "all.zip")


def test_a_grid_trains_what_has_no_card_and_survives_failures(tiny_grid, tmp_path, monkeypatch):
    """One model raises, one process dies as if killed for memory: the third is trained, and the next call tries again."""
    monkeypatch.setenv("TINY_GRID_FAILS", "1")
    assert tiny_grid() == {"tiny-vae": "ZeroDivisionError: division by zero", "tiny-mvae": "it died with exit status 9"}
    store = tmp_path / "store"
    assert sorted(path.name for path in store.iterdir()) == [
        f"tiny-evae.{s}" for s in ("json", "probe.safetensors", "safetensors")
    ]
    before = {path.name: path.stat().st_mtime_ns for path in store.iterdir()}
    monkeypatch.delenv("TINY_GRID_FAILS")
    assert tiny_grid() == {}
    assert not (store / "tiny-vae.safetensors").exists(), "the card alone"
    assert reference.names() == [] and reference.carded() == ["tiny-vae", "tiny-mvae", "tiny-evae"]
    card = reference.card("tiny-evae")
    assert sum(card["metrics"]["images per epitome"]) == 300 and len(card["usage"]) == 2
    assert reference.load("tiny-evae").masks.shape == (2, 4)
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in store.iterdir()}.items(), (
        "finished ones are left alone"
    )
    with zipfile.ZipFile(tmp_path / "out" / "all.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in store.iterdir()
        }
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["all.zip"]
    rows = table.as_markdown().splitlines()[-3:]
    assert all(row.count("|") == 9 for row in rows)
    assert ["(card only)" in row for row in rows] == [True, True, False]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_a_grid_that_is_stopped_leaves_no_process_behind(how, tmp_path):
    """Ctrl-C ends the models that run and starts no others; after kill -9 each notices that its parent is gone."""
    code = (
        "import signal, sys; from pathlib import Path; from vae_edu.reference import grid\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with it ignored\n"
        "from types import SimpleNamespace as Recipe; grid.GRIDS['epitomic'] = dict.fromkeys('abc', Recipe(wants_gpu=False))\n"
        "wait = 'import sys, time; from vae_edu.reference.grid import end_with_parent; end_with_parent(); '\n"
        "wait += 'open(sys.argv[1], \"w\"); time.sleep(60)'\n"
        f"grid.command = lambda name, runs, store: [sys.executable, '-c', wait, r'{tmp_path}/' + name]\n"
        f"grid.train_grid('epitomic', Path(r'{tmp_path}'), Path(r'{tmp_path}/store'), processes=2)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    started = lambda: sorted(path.name for path in tmp_path.iterdir() if path.name in "abc")
    _wait_until(lambda: started() == ["a", "b"])
    own = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True).stdout.split()
    assert len(own) == 2
    parent.send_signal(getattr(signal, how))
    assert parent.wait(20) != 0
    _wait_until(lambda: not any(_runs(pid) for pid in own))
    assert started() == ["a", "b"]


def _runs(pid: str) -> bool:
    try:
        return (Path("/proc") / pid / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _wait_until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_a_bare_machine_can_train_all_references(tmp_path):
    """With torch, numpy, safetensors and tqdm and nothing else that the course depends on."""
    code = "import torch; from pathlib import Path; from vae_edu import data; from vae_edu.data import Dataset\n"
    code += "from vae_edu.models import VAE; from vae_edu.reference import train; from vae_edu.reference.recipe import Recipe\n"
    code += "from vae_edu.training import Settings\ndata.load('mnist') if data.at_hand('mnist') else None\n"
    code += f"x = torch.rand(20, 64); runs = Path(r'{tmp_path}')\n"
    code += "data._LOADERS['noise'] = lambda: Dataset('noise', (8, 8), x, x, x)\n"
    code += "from vae_edu.reference import measures as m; from vae_edu.reference.recipes import RECIPES\n"
    code += "measures = (m.likelihood, m.parzen_score); m.PARZEN_SAMPLES = 20\n"
    code += "RECIPES['tiny'] = Recipe(title='', data='noise', build=lambda: VAE(64, 2, (4,)), settings=Settings(epochs=1),"
    code += " metric='log-likelihood (nats)', published=None, source='', notes='', measures=measures)\n"
    code += "train.train('tiny', runs, runs / 'store'); "
    hidden = ["scipy", "sklearn", "pooch", "click", "matplotlib", "IPython", "nbclient", "nbgrader", "jupyterlab"]
    code = f"import sys; sys.modules.update(dict.fromkeys({hidden})); sys.argv = ['x', '--help']\n{code}"
    code += "import vae_edu.reference.__main__"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0 and "--archive" in done.stdout, done.stderr
    assert (tmp_path / "store" / "tiny.safetensors").exists()


VAMP = GRIDS["vampprior"]


def test_the_vampprior_papers_table_1_is_a_grid_of_six_data_sets_and_six_models():
    assert len(VAMP) == 6 * 6 + 2 * 6  # Frey faces are split three times
    assert [VAMP[f"vampprior-{name}"].published for name in ("omniglot", "histopathology")] == [-104.75, 6.04]
    assert VAMP["convhvae-caltech-silhouettes"].published == -85.51 and VAMP["hvae-vampprior-frey-faces-2"].published == 4.51
    assert len(VAMP["hvae-vampprior-omniglot"].build().prior.pseudo_inputs) == 1000
    assert every()["vampprior-mnist"] is RECIPES["vampprior-mnist"] is not VAMP["vampprior-mnist"]


@pytest.mark.parametrize("name", [name for name, recipe in VAMP.items() if not (recipe.split or recipe.wants_gpu)])
def test_a_cell_of_the_vampprior_grid_takes_a_step(name):
    """On images as its data set has them: binary or grey, 28 x 28 or 28 x 20."""
    recipe, images = VAMP[name], TABLE_1[VAMP[name].data]
    x = torch.rand(4, images.shape[0] * images.shape[1])
    x = (x * 255).round() / 255 if images.grey or images.dynamic else x.round()
    history = fit(recipe.build(), x, x, replace(recipe.settings, epochs=1), progress=False)
    assert math.isfinite(history[0]["valid"]) and (recipe.metric == "bits per dimension") == images.grey


def test_a_convolutional_cell_takes_a_step_on_both_shapes():
    for name in ("convhvae-omniglot", "convhvae-vampprior-frey-faces"):
        recipe, images = VAMP[name], TABLE_1[VAMP[name].data]
        model = recipe.build()
        x = (torch.rand(2, images.shape[0] * images.shape[1]) * 255).round() / 255
        fit(model, x, None, replace(recipe.settings, epochs=1), progress=False)
        assert model.answers(x, torch.randn(1, 2, model.noise_dim))["log_weights"].isfinite().all()


def test_splits_of_one_model_are_one_row_of_the_table(monkeypatch):
    card = reference.card("vae-frey")
    cards = {name: copy.deepcopy(card) for name in ("a", "b", "b-1", "b-2")}
    cards["b-1"]["split"], cards["b-2"]["split"] = 1, 2
    for number, (name, card) in enumerate(cards.items()):
        card["name"], card["metrics"]["bits per dimension"] = name, 4.0 + number
    monkeypatch.setattr(table, "carded", lambda: list(cards))
    monkeypatch.setattr(table, "card", cards.get)
    rows = [line for line in table.as_markdown().splitlines() if line.startswith(("| `a`", "| `b"))]
    assert len(rows) == 2 and "| 6.00 ± 1.00 over 3 splits bits/dim |" in rows[1]


def test_the_papers_grid_is_the_mnist_half_of_table_1():
    assert len(PUBLISHED) * len(ARCHITECTURES) == 54 and len(GRID) == 90  # mvae and evae with epitomes of 3 and of 4
    assert published("vae", 48, 500, 1) == (213, 24) and published("evae", 48, 500, 3) == (337, 48)
    assert published("mvae", 24, 1000, 3) == (338, 24)
    assert GRID["evae24k3-h1000x2-mnist"].published == 332
    assert GRID["mvae48-mnist"].build().vaes[0].encoder.mu.in_features == 45
