import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from tests.conftest import ROOT
from vae_edu import data, training
from vae_edu.likelihoods import Gaussian
from vae_edu.models import HVAE, VAE, Autoencoder
from vae_edu.priors import VampPrior, pseudo_inputs
from vae_edu.training import Settings, TrainingError, fit, mean_loss, normalize_gradients_

DIGITS = data.load("digits")


def small(seed=0):
    torch.manual_seed(seed)
    return VAE(64, 2, (16,))


def test_training_improves_the_bound_and_keeps_the_best_validation_epoch():
    model = small()
    history = fit(model, DIGITS.train, DIGITS.valid, Settings(epochs=6, lr=3e-3), progress=False)
    assert history[-1]["train"] < history[0]["train"] - 5
    again = mean_loss(model, DIGITS.valid, lambda x, g: -model.elbo(x, generator=g).value())
    assert again == pytest.approx(min(record["valid"] for record in history), abs=0.3)  # another draw of z


def test_a_resumed_run_ends_with_the_same_numbers(tmp_path):
    settings = Settings(epochs=4, warmup=3, dynamic_binarization=True, normalize_gradients=True, seed=5)
    whole = small()
    history = fit(whole, DIGITS.train, DIGITS.valid, settings, progress=False)
    fit(small(), DIGITS.train, DIGITS.valid, Settings(**{**vars(settings), "epochs": 2}), folder=tmp_path, progress=False)
    resumed = small(seed=99)
    again = fit(resumed, DIGITS.train, DIGITS.valid, settings, folder=tmp_path, progress=False)
    assert [r["train"] for r in again] == pytest.approx([r["train"] for r in history], rel=1e-6)
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values()):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def vamp_hvae():
    torch.manual_seed(1)
    model = HVAE(64, 3, hidden=12)
    model.prior = VampPrior(model.encode, pseudo_inputs(5, 64, mean=0.5))
    return model


KILLED = """
import os, signal, sys, torch
from tests.test_training import DIGITS, Settings, fit, training, vamp_hvae
torch.set_num_threads(1)
keep = training._keep_best
def killed(state, model, record):
    if record["epoch"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    keep(state, model, record)
training._keep_best = killed
settings = Settings(epochs=4, warmup=3, lr=2e-3, dynamic_binarization=True, seed=5, precision=sys.argv[2])
fit(vamp_hvae(), DIGITS.train, DIGITS.valid, settings, folder=sys.argv[1], progress=False)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a POSIX signal")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_killed_in_an_epoch_ends_with_the_same_weights_bit_for_bit(precision, tmp_path):
    """Killed in its third epoch, in a process of its own; resumed here, and held against one that nobody killed."""
    settings = Settings(epochs=4, warmup=3, lr=2e-3, dynamic_binarization=True, seed=5, precision=precision)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    whole, resumed = vamp_hvae(), vamp_hvae()
    history = fit(whole, DIGITS.train, DIGITS.valid, settings, progress=False)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), precision], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL and len(json.loads((tmp_path / "history.json").read_text())) == 2
    again = fit(resumed, DIGITS.train, DIGITS.valid, settings, folder=tmp_path, progress=False)
    torch.set_num_threads(threads)
    for a, b in zip(history, again, strict=True):
        assert a | {"seconds": 0} == b | {"seconds": 0}
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_bfloat16_is_for_the_networks_products_alone():
    """Layers multiply with the eight bits of bfloat16 and hand float32 on; any other product, density or KL is as it was."""
    model, x = vamp_hvae(), DIGITS.train[:50].round()
    layer = model.decoder[1]
    features = torch.randn(50, 12)
    with training.bfloat16_products(model):
        rough, product, prior = layer(features), features @ layer.weight.T, model.prior.log_prob(torch.ones(1, 3))
        terms = model.elbo(x, generator=torch.Generator().manual_seed(1))
    rounded = [tensor.bfloat16().double() for tensor in (features, layer.weight, layer.bias)]
    torch.testing.assert_close(rough.double(), torch.nn.functional.linear(*rounded), rtol=2**-8, atol=2**-8)
    assert rough.dtype == terms.reconstruction.dtype == terms.kl_parts.dtype == torch.float32
    assert not torch.equal(rough, layer(features)) and torch.equal(product, features @ layer.weight.T)
    torch.testing.assert_close(prior, model.prior.log_prob(torch.ones(1, 3)), rtol=1e-2, atol=0)
    exact = model.elbo(x, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(terms.value(), exact.value(), rtol=1e-2, atol=0)
    terms.value().sum().backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters())


def test_training_in_bfloat16_learns_as_much_and_validates_in_float32():
    models = {precision: small() for precision in ("float32", "bfloat16")}
    history = {
        precision: fit(model, DIGITS.train, DIGITS.valid, Settings(epochs=5, lr=3e-3, precision=precision), progress=False)
        for precision, model in models.items()
    }
    last, rough = (history[precision][-1] for precision in ("float32", "bfloat16"))
    assert rough["train"] == pytest.approx(last["train"], abs=0.3) and rough["train"] != last["train"]
    assert rough["train"] < history["bfloat16"][0]["train"] - 5
    best = min(range(1, 6), key=lambda epoch: history["bfloat16"][epoch - 1]["valid"])
    generator = training._generator(0, -best, DIGITS.valid.device)
    again = mean_loss(
        models["bfloat16"], DIGITS.valid, lambda x, g: -models["bfloat16"].elbo(x, generator=g).value(), generator=generator
    )
    assert again == pytest.approx(history["bfloat16"][best - 1]["valid"], rel=1e-6)


def test_a_checkpoint_from_before_there_was_a_precision_goes_on(tmp_path):
    fit(small(), DIGITS.train, None, Settings(epochs=1), folder=tmp_path, progress=False)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del saved["run"]["settings"]["precision"]
    torch.save(saved, tmp_path / "checkpoint.pt")
    with pytest.raises(TrainingError, match="choose another folder"):
        fit(small(), DIGITS.train, None, Settings(epochs=2, precision="bfloat16"), folder=tmp_path, progress=False)
    assert len(fit(small(), DIGITS.train, None, Settings(epochs=2), folder=tmp_path, progress=False)) == 2


def test_an_unknown_precision_is_refused():
    with pytest.raises(TrainingError, match=r"^precision must be one of float32, bfloat16, got 'half'\.$"):
        Settings(epochs=1, precision="half")


class Own(torch.nn.Module):
    """What a learner writes: a bound, and nothing said about batches."""

    def __init__(self):
        super().__init__()
        self.inner, self.seen = small(), []

    def elbo(self, images, *, generator=None):
        self.seen.append(images)
        return self.inner.elbo(images, generator=generator)


def test_a_model_that_says_nothing_of_batches_trains_on_shuffled_ones():
    own, ours = Own(), small()
    settings = Settings(epochs=2, dynamic_binarization=True)
    history = [fit(model, DIGITS.train, None, settings, progress=False) for model in (own, ours)]
    assert [record["train"] for record in history[0]] == [record["train"] for record in history[1]]
    epochs = torch.cat(own.seen).split(len(DIGITS.train))
    assert len(epochs) == 2 and not torch.equal(*epochs), "in a new order, and binarized anew"
    assert history[0][0].keys() == {"epoch", "train", "seconds"}


def test_a_model_may_cut_its_epochs_itself():
    """Here into single images, the first three only; what it records stands in the history."""
    model = small()
    model.batches = lambda train, batch_size, draw, generator: (((draw(x[None]), {}) for x in train[:3]), {"images": 3})
    history = fit(model, DIGITS.train, None, Settings(epochs=2, lr=1e-9), progress=False)
    assert [record["images"] for record in history] == [3, 3] and history[0]["train"] * len(DIGITS.train) / 3 > 20


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a POSIX signal")
def test_kill_dash_nine_loses_at_most_one_epoch(tmp_path):
    command = [sys.executable, "-m", "vae_edu.cli", "train", "--epochs", "400", "--out", str(tmp_path / "läuft hier")]
    history = tmp_path / "läuft hier" / "history.json"
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.time() + 120
    while not (history.exists() and len(json.loads(history.read_text())) >= 2):
        assert run.poll() is None and time.time() < deadline, "the run should have written its history"
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    before = json.loads(history.read_text())
    done = len(before)
    resumed = subprocess.run([*command[:5], str(done + 2), *command[6:]], capture_output=True, text=True)
    assert resumed.returncode == 1 and "another run" in resumed.stderr  # warm-up depends on --epochs
    images = DIGITS
    settings = Settings(epochs=done + 2, lr=1e-3, warmup=80)
    torch.manual_seed(0)
    model = VAE(64, 8, (128, 128))
    after = fit(model, images.train, images.valid, settings, folder=tmp_path / "läuft hier", progress=False)
    assert len(after) in (done + 2, done + 3) and after[:done] == before


@pytest.mark.parametrize("change", ["model", "data", "valid", "length of a decay"])
def test_a_folder_resumes_only_its_own_run(tmp_path, change):
    decay = 0.1 if change == "length of a decay" else 1.0
    fit(small(), DIGITS.train, DIGITS.valid, Settings(epochs=1, lr_decay=decay), folder=tmp_path, progress=False)
    model = VAE(64, 2, (16,), likelihood=Gaussian(0.1)) if change == "model" else small()
    train = 1 - DIGITS.train if change == "data" else DIGITS.train
    valid = None if change == "valid" else DIGITS.valid
    with pytest.raises(TrainingError, match="choose another folder"):
        fit(model, train, valid, Settings(epochs=2, lr_decay=decay), folder=tmp_path, progress=False)


def test_early_stopping_waits_for_the_warm_up_and_then_for_patience():
    model = small()
    flat = lambda x, generator: model.decoder(torch.zeros(len(x), 2)).sum(-1) * 0 + 1.0
    history = fit(model, DIGITS.train, DIGITS.valid, Settings(epochs=50, warmup=4, patience=3), loss=flat, progress=False)
    assert len(history) == 4 + 3 + 1


def test_normalized_gradients_have_length_one():
    model = small()
    (-model.elbo(DIGITS.train[:10]).value().mean()).backward()
    normalize_gradients_(model)
    norms = [p.grad.norm().item() for p in model.parameters()]
    assert norms == pytest.approx([1.0] * len(norms), abs=1e-3)


def test_the_batch_size_of_an_evaluation_does_not_matter():
    model = Autoencoder(64, 2, (16,))
    values = [mean_loss(model, DIGITS.test, lambda x, g: model.loss(x), batch_size=b) for b in (1, 7, 1000)]
    assert values == pytest.approx([values[0]] * 3, rel=1e-5)


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (DIGITS.train * 255, "pixels in \\[0, 1\\]"),
        (DIGITS.train.reshape(-1, 8, 8), "images, pixels"),
        (DIGITS.train.long(), "floating-point"),
        (DIGITS.train[:0], "at least one image"),
        (DIGITS.train * torch.nan, "pixels in"),
    ],
)
def test_bad_images_are_refused_in_one_sentence(train, said):
    with pytest.raises(TrainingError, match=said):
        fit(small(), train, None, Settings(epochs=1), progress=False)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"epochs": 1, "batch_size": 0}, {"epochs": 1, "lr": float("nan")}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(TrainingError, match="at least 1"):
        Settings(**wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"gamma": -1.0}, "must not be negative"),
        ({"capacity": (0.0, -2.0)}, "must not be negative"),
        ({"capacity_epochs": (3, 3)}, "two that rise"),
        ({"gamma": 10.0, "warmup": 2}, "leave out warmup"),
        ({"gamma": 10.0, "importance_samples": 5}, "leave out warmup"),
    ],
)
def test_impossible_capacities_are_refused(wrong, said):
    with pytest.raises(TrainingError, match=said):
        Settings(epochs=1, **wrong)


def test_capacity_pins_the_kl_where_gamma_is_large_and_resumes(tmp_path):
    """From 4 nats down to 0.5; with gamma = 1 the KL stays where the ELBO has it. A run cut off goes on as if it had not been."""
    settings = Settings(epochs=16, lr=3e-3, gamma=100.0, capacity=(4.0, 0.5), capacity_epochs=(4, 10), seed=2)
    kl = {}
    for gamma in (100.0, 1.0):
        model = small()
        fit(model, DIGITS.train, None, Settings(**{**vars(settings), "gamma": gamma}), progress=False)
        kl[gamma] = model.elbo(DIGITS.train, generator=torch.Generator().manual_seed(0)).kl.mean().item()
    assert kl[100.0] == pytest.approx(0.5, abs=0.1) and kl[1.0] > 0.7
    whole = small()
    history = fit(whole, DIGITS.train, DIGITS.valid, settings, progress=False)
    fit(small(), DIGITS.train, DIGITS.valid, Settings(**{**vars(settings), "epochs": 6}), folder=tmp_path, progress=False)
    again = fit(resumed := small(), DIGITS.train, DIGITS.valid, settings, folder=tmp_path, progress=False)
    for key in ("train", "valid", "KL per unit"):
        assert [record[key] for record in again] == [record[key] for record in history], key
    assert len(history[-1]["KL per unit"]) == 2 and sum(history[-1]["KL per unit"]) == pytest.approx(0.5, abs=0.15)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_a_loss_that_explodes_is_named():
    with pytest.raises(TrainingError, match="no longer finite in epoch 1"):
        fit(small(), DIGITS.train, None, Settings(epochs=1, lr=1e30), progress=False)


def test_a_damaged_checkpoint_says_what_to_do(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    with pytest.raises(TrainingError, match="delete it to start again"):
        fit(small(), DIGITS.train, None, Settings(epochs=1), folder=tmp_path, progress=False)


def test_a_lighter_kl_weighs_the_objective_and_never_the_model():
    torch.manual_seed(0)
    x = DIGITS.train[:100]
    light = VAE(64, 4, (16,))
    light.encoder.mu.bias.data[:] = 3.0  # a KL of some 18 nats, which no sampling noise hides
    history = fit(light, x, x, Settings(epochs=1, lr=1e-9, batch_size=100, kl_weight=0.2), progress=False)
    terms = light.elbo(x, generator=training._generator(0, -1, x.device))
    assert history[0]["train"] == pytest.approx(-terms.value(0.2).mean().item(), abs=1)
    assert history[0]["valid"] == pytest.approx(-terms.value(0.2).mean().item(), rel=1e-4)
    assert (
        terms.value(0.2).mean()
        > terms.value().mean()
        == light.elbo(x, generator=training._generator(0, -1, x.device)).value().mean()
    )
