"""Training models with epitomes: who gets which image, what is logged, and what goes wrong with one sentence."""

import math

import pytest
import torch

from vae_edu import data, evaluation
from vae_edu.epitome import usage
from vae_edu.models import EpitomicVAE, MixtureVAE, epitomic
from vae_edu.training import Settings, TrainingError, fit

DIGITS = data.load("digits")


def small(seed=0, **sizes):
    torch.manual_seed(seed)
    return EpitomicVAE(64, 8, (16,), **{"size": 2, "stride": 2, **sizes})


def test_the_loop_assigns_once_an_epoch_and_logs_who_uses_what(monkeypatch):
    """Trap 6 (SOURCES.md, "Traps"): counts are logged, no epitome starves, and each minibatch holds its share."""
    model, calls, batches = small(), [], []
    assign = model.assign
    monkeypatch.setattr(model, "assign", lambda x, **how: calls.append((len(x), how["sampled"])) or assign(x, **how))
    cut = epitomic.stratified_batches
    monkeypatch.setattr(epitomic, "stratified_batches", lambda y, *a, **k: batches.append((y, cut(y, *a, **k))) or batches[-1][1])
    elbo, pairs = model.elbo, []
    monkeypatch.setattr(model, "elbo", lambda x, y, generator: pairs.append((x, y)) or elbo(x, y, generator=generator))
    history = fit(model, DIGITS.train, None, Settings(epochs=3, lr=3e-3), progress=False)
    assert calls == [(1297, True)] * 3
    swept = [(DIGITS.train[batch], y[batch]) for y, rows in batches for batch in rows]
    assert all(torch.equal(a, b) for pair, wanted in zip(pairs, swept, strict=True) for a, b in zip(pair, wanted))
    for record, (y, rows) in zip(history, batches):
        assert record["usage"] == usage(y, 4).tolist() and sum(record["usage"]) == 1297 and min(record["usage"]) > 0
        counts = torch.stack([usage(y[batch], 4) for batch in rows])
        assert (counts.amax(0) - counts.amin(0)).max() <= 1


@pytest.mark.parametrize("make", [small, lambda seed=0: MixtureVAE(64, 4, 2, (9,))], ids=["evae", "mvae"])
def test_a_resumed_run_of_epitomes_ends_with_the_same_numbers(make, tmp_path):
    torch.manual_seed(0)
    whole, first, second = make(), make(), make()
    first.load_state_dict(whole.state_dict())
    settings = Settings(epochs=4, lr=3e-3, seed=3)
    history = fit(whole, DIGITS.train, DIGITS.valid, settings, progress=False)
    fit(first, DIGITS.train, DIGITS.valid, Settings(epochs=2, lr=3e-3, seed=3), folder=tmp_path, progress=False)
    again = fit(second, DIGITS.train, DIGITS.valid, settings, folder=tmp_path, progress=False)
    assert [r["usage"] for r in again] == [r["usage"] for r in history]
    assert [r["train"] for r in again] == pytest.approx([r["train"] for r in history], rel=1e-6)


def test_empty_epitomes_and_fewer_images_than_epitomes_are_no_crash():
    for model in (small(), MixtureVAE(64, 4, 2, (9,))):
        history = fit(model, DIGITS.train[:3], None, Settings(epochs=3), progress=False)
        assert all(sum(r["usage"]) == 3 and 0 in r["usage"] and math.isfinite(r["train"]) for r in history)
        assert evaluation.unit_activity(model, DIGITS.train[:3]).shape == (8,)


def test_no_vae_of_a_mixture_starts_with_an_advantage():
    torch.manual_seed(0)
    model = MixtureVAE(64, 4, 2, (9,))
    columns = model.costs(DIGITS.train[:50])
    assert (columns == columns[:, :1]).all()
    history = fit(model, DIGITS.train, None, Settings(epochs=4, lr=3e-3), progress=False)
    assert min(history[0]["usage"]) > 250 and min(history[-1]["usage"]) > 50
    weights = [vae.encoder.mu.weight for vae in model.vaes]
    assert all(not torch.equal(weights[0], other) for other in weights[1:]), "they part"


def test_a_model_warns_of_the_latents_it_leaves_unused_and_trains_all_the_same():
    with pytest.warns(UserWarning, match=r"No epitome uses the latents \[6, 7\]"):
        model = small(size=3, stride=3)
    fit(model, DIGITS.train[:200], None, Settings(epochs=2), progress=False)
    assert (evaluation.unit_activity(model, DIGITS.test)[6:] == 0).all()


def test_a_run_that_diverges_is_named_before_it_is_validated():
    with pytest.raises(TrainingError, match=r"no longer finite in epoch .*; lower the learning rate"):
        fit(small(), DIGITS.train, DIGITS.valid, Settings(epochs=8, lr=1e6), progress=False)


def test_with_dynamic_binarization_the_assigned_images_are_the_trained_ones(monkeypatch):
    model, seen = small(), {}
    assign, elbo = model.assign, model.elbo
    monkeypatch.setattr(model, "assign", lambda x, **how: seen.update(x=x, y=assign(x, **how)) or seen["y"])
    monkeypatch.setattr(model, "elbo", lambda x, y, generator: swept.extend(zip(x, y)) or elbo(x, y, generator=generator))
    swept: list = []
    fit(model, DIGITS.train[:200], None, Settings(epochs=1, dynamic_binarization=True), progress=False)
    assert set(seen["x"].unique().tolist()) == {0.0, 1.0}
    key = lambda x, y: (*x.tolist(), int(y))
    assert sorted(key(x, y) for x, y in swept) == sorted(key(x, y) for x, y in zip(seen["x"], seen["y"]))


def test_a_model_in_float64_trains_on_float32_images():
    fit(small().double(), DIGITS.train[:100], DIGITS.valid, Settings(epochs=1), progress=False)


def test_nan_among_the_images_or_the_weights_is_named():
    x = DIGITS.train.clone()
    x[5, 5] = float("nan")
    with pytest.raises(TrainingError, match=r"pixels in \[0, 1\]; it holds NaN"):
        fit(small(), x, progress=False)
    with pytest.raises(ValueError, match="costs holds NaN: look for NaN among the images or the weights"):
        small().elbo(x)
