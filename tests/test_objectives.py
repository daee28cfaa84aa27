"""How the two terms of the bound are weighed: annealing, free bits, and as settings of a training run that resumes."""

import math

import pytest
import torch

from vae_edu.models import VAE
from vae_edu.objectives import Elbo, capacity, capacity_cost, free_bits, mmd_to_normal, regularized, warm_up
from vae_edu.training import Settings, TrainingError, fit, weighed


def test_the_three_shapes_of_annealing():
    assert [warm_up(t, 4) for t in (1, 4, 9)] == [0.25, 1.0, 1.0]
    assert warm_up(4, 4, "exponential") == pytest.approx(1 - math.exp(-1)) and warm_up(400, 4, "exponential") <= 1
    assert [warm_up(t, 4, "cyclic") for t in range(1, 7)] == [0.5, 1.0, 1.0, 1.0, 0.5, 1.0]


def test_the_batch_mean_stands_inside_the_maximum():
    kl = torch.tensor([[0.1], [0.3], [0.6], [1.0]])  # mean 0.5; the mean of max(0.5, kl) would be 0.65
    assert free_bits(kl, 0.5).item() == pytest.approx(0.5)
    assert free_bits(kl, 0.2).item() == pytest.approx(0.5)


def test_below_the_floor_a_group_has_no_gradient_and_above_it_the_mean_s():
    kl = torch.tensor([[0.1, 2.0, 0.2], [0.1, 4.0, 0.2]], requires_grad=True)
    (slope,) = torch.autograd.grad(free_bits(kl, 1.0, [[0, 2], [1]]), kl)
    assert slope.tolist() == [[0.0, 0.5, 0.0]] * 2
    assert free_bits(kl, 1.0, [[0, 2], [1]]).item() == pytest.approx(4.0)
    assert free_bits(kl, 0.0).item() == pytest.approx(kl.sum(1).mean().item())


def test_what_free_bits_refuse():
    kl = torch.ones(2, 3)
    with pytest.raises(ValueError, match="0 or more; got -1"):
        free_bits(kl, -1)
    with pytest.raises(ValueError, match="0 or more; got nan"):
        free_bits(kl, math.nan)
    for groups in ([[0], [1]], [[0, 1], [1, 2]], [[0, 1, 2, 3]]):
        with pytest.raises(ValueError, match="each of the 3 latents once"):
            free_bits(kl, 1.0, groups)


def test_what_is_maximised():
    terms = Elbo(torch.tensor([-3.0, -5.0]), torch.tensor([0.3, 0.7]), torch.tensor([[0.1, 0.2], [0.3, 0.4]]))
    torch.testing.assert_close(weighed(terms, 0.5, 0.0), torch.tensor([-3.15, -5.35]))
    torch.testing.assert_close(weighed(terms, 1.0, 0.25), torch.tensor([-3.55, -5.55]))  # 0.25 + 0.3


@pytest.mark.parametrize(
    "options",
    [
        {"warmup": 3, "annealing": "cyclic"},
        {"warmup": 2, "annealing": "exponential"},
        {"free_bits": 0.3},
        {"importance_samples": 3},
    ],
)
def test_every_objective_resumes_bit_for_bit(tmp_path, options):
    x = torch.rand(60, 12, generator=torch.Generator().manual_seed(0)).round()

    def train(epochs, folder):
        torch.manual_seed(1)
        model = VAE(12, 3, (8,))
        history = fit(model, x, x[:30], Settings(epochs=epochs, batch_size=20, lr=1e-2, **options), folder=folder, progress=False)
        return model, history

    whole, history = train(6, None)
    train(3, tmp_path)
    resumed, again = train(6, tmp_path)
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values()):
        assert torch.equal(a, b)
    assert [r["train"] for r in history] == [r["train"] for r in again]
    plain = Settings(epochs=6, batch_size=20, lr=1e-2)
    torch.manual_seed(1)
    other = VAE(12, 3, (8,))
    assert fit(other, x, x[:30], plain, progress=False)[-1]["train"] != history[-1]["train"]


def test_the_importance_weighted_bound_is_tighter_than_the_bound():
    """The same model and images, trained on neither: the loss of 20 samples is below the loss of one."""
    x = torch.rand(200, 12, generator=torch.Generator().manual_seed(0)).round()
    torch.manual_seed(1)
    model = VAE(12, 3, (8,))
    losses = [fit(model, x, x, Settings(epochs=1, lr=1e-12, importance_samples=n), progress=False)[0]["valid"] for n in (1, 20)]
    assert losses[1] < losses[0] - 0.01


def test_free_bits_keep_the_kl_at_their_floor():
    x = torch.rand(200, 12, generator=torch.Generator().manual_seed(0)).round()
    found = []
    for floor in (0.0, 0.6):
        torch.manual_seed(1)
        model = VAE(12, 3, (8,))
        fit(model, x, None, Settings(epochs=60, lr=1e-2, free_bits=floor), progress=False)
        found.append(model.elbo(x).kl.mean().item())
    assert found[0] < 1.0 and found[1] == pytest.approx(1.8, abs=0.2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"annealing": "sudden"}, "annealing must be one of linear, exponential, cyclic, got 'sudden'"),
        ({"free_bits": -1.0}, "free_bits must not be negative"),
        ({"free_bits": math.nan}, "free_bits must not be negative"),
        ({"importance_samples": 0}, "importance_samples at least 1"),
        ({"importance_samples": 5, "free_bits": 0.1}, "no KL to weigh"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, words):
    with pytest.raises(TrainingError, match=words):
        Settings(epochs=1, **options)


def test_without_a_penalty_the_reconstruction_is_left_and_with_the_mean_kl_the_bound():
    model, x = VAE(12, 3, (8,)).double(), torch.rand(6, 12, dtype=torch.float64).round()
    generator = torch.Generator()
    terms = model.elbo(x, generator=generator.manual_seed(0))
    torch.testing.assert_close(regularized(model, x, generator=generator.manual_seed(0)), terms.reconstruction)
    found = regularized(model, x, lambda z: terms.kl.mean(), generator=generator.manual_seed(0))
    assert found.mean().item() == pytest.approx(terms.value().mean().item())


def test_a_penalty_on_the_codes_alone_sees_the_codes_and_sends_its_gradient_to_the_encoder_only():
    model, x = VAE(12, 3, (8,)), torch.rand(6, 12).round()
    free, held = (regularized(model, x, R, generator=torch.Generator().manual_seed(0)) for R in (None, mmd_to_normal))
    assert (free - held).std() < 1e-5, "one number for the batch"
    (free - held).mean().backward()
    assert model.encoder.mu.weight.grad.abs().sum() > 0 and model.decoder[1].weight.grad.abs().max() < 1e-5


def test_capacity_moves_in_a_straight_line_between_its_epochs_up_and_down():
    assert [capacity(epoch, (0.0, 10.0), (2, 6)) for epoch in (1, 2, 3, 6, 9)] == [0, 0, 2.5, 10, 10]
    assert [capacity(epoch, (12.0, 1.0), (0, 2)) for epoch in (1, 2)] == [6.5, 1]


def test_the_mean_kl_stands_inside_the_absolute_value():
    """Trap: per image the cost is another one, and does not pin the mean."""
    kl = torch.tensor([1.0, 5.0], requires_grad=True)
    assert capacity_cost(kl, 3.0, 100.0).item() == 0 and capacity_cost(kl, 4.0, 100.0).item() == pytest.approx(100)
    (slope,) = torch.autograd.grad(capacity_cost(kl, 2.0, 10.0), kl)
    assert slope.tolist() == pytest.approx([5, 5]), "also for the image whose own KL is below C"
    with pytest.raises(ValueError, match="gamma must not be negative"):
        capacity_cost(kl, 3.0, -1.0)
