"""Infusion training: what is mixed in, what each network learns from, the chain without a hint; how draws by step are judged."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.special import log_expit

from vae_edu.data import Dataset
from vae_edu.drawing import directions, frechet_distance
from vae_edu.evaluation import elbo_terms
from vae_edu.models import SequentialVAE
from vae_edu.models.infusion import InfusionChain, infuse
from vae_edu.models.sequential import GatedStep
from vae_edu.reference.measures import Subject, draws_by_step, errors_by_step, likelihoods_by_step, mixed_codes_by_step


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_share_of_the_pixels_is_true_and_the_others_stay():
    x, before = torch.ones(200, 50), torch.zeros(200, 50)
    mixed = infuse(x, before, 0.3, generator=dice())
    assert set(mixed.unique().tolist()) == {0.0, 1.0} and mixed.mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(infuse(x, before, 0.0), before) and torch.equal(infuse(x, before, 1.0), x)


def test_each_step_learns_the_image_from_a_drawn_state_with_its_own_share_of_true_pixels():
    torch.manual_seed(0)
    model, x = InfusionChain(12, 3, 5, rate=0.2).double().requires_grad_(False), torch.rand(4, 12, dtype=torch.float64).round()
    assert model.rates == pytest.approx([0.2, 0.4, 0.6])
    found, generator = model.log_likelihood(x, generator=dice()), dice()
    state = torch.rand(4, 12, generator=generator, dtype=torch.float64).round()
    for t, step in enumerate(model.steps):
        true = torch.rand(4, 12, generator=generator, dtype=torch.float64) < 0.2 * (t + 1)
        logits = step(torch.where(true, x, state)).numpy()
        by_hand = (x.numpy() * log_expit(logits) + (1 - x.numpy()) * log_expit(-logits)).sum(1)
        np.testing.assert_allclose(found[t].numpy(), by_hand, rtol=1e-10)
        state = torch.bernoulli(torch.from_numpy(logits).sigmoid(), generator=generator)
    torch.testing.assert_close(model.loss(x, generator=dice()), -found.sum(0))


def test_the_weights_of_infused_chains_have_the_likelihood_as_their_mean():
    """p(x) by the products of a small chain's transition matrices; a rate at which no weight is above 10."""
    torch.manual_seed(0)
    model = InfusionChain(2, 3, 4, rate=0.15).double().requires_grad_(False)
    images = torch.tensor(list(itertools.product((0.0, 1.0), repeat=2)), dtype=torch.float64)
    p = torch.full((4,), 0.25, dtype=torch.float64)  # of the first state
    for step in model.steps:
        p = p @ bernoulli(step(images), images)
    assert p.sum().item() == pytest.approx(1)
    for row, image in enumerate(images):
        weights = model.log_weights(image.repeat(200_000, 1), generator=dice())
        assert weights.exp().mean().item() == pytest.approx(p[row].item(), rel=0.02)
        assert weights.mean() < p[row].log()


def bernoulli(logits, images):
    """The probability of every image, (logits' rows, images)."""
    on = logits.sigmoid()[:, None]
    return torch.where(images == 1, on, 1 - on).prod(-1)


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_without_a_hint_the_states_cost_nothing_and_a_certain_hint_costs_what_p_gave_it(rate):
    model, x = InfusionChain(12, 2, 5, rate=rate).double().requires_grad_(False), torch.rand(6, 12, dtype=torch.float64).round()
    with torch.no_grad():
        model.steps[0][1].weight.zero_()
        model.steps[0][1].bias.zero_()  # the second state is noise, too
    found, states = model.log_weights(x, generator=dice()), model.infused(x, generator=dice())[0]
    last = model.log_likelihood(x, generator=dice())[-1]
    if rate == 0:
        torch.testing.assert_close(found, last)
    else:  # a pixel of the first state is the image's with probability 3/4, of the second always
        agree = (states[0] == x).sum(1)
        torch.testing.assert_close(found, last + agree * math.log(2 / 3) + (12 - agree) * math.log(2) + 12 * math.log(0.5))
        assert torch.equal(states[1], x)


def test_no_gradient_passes_through_the_states():
    model, x = InfusionChain(12, 3, 5, rate=0.2), torch.rand(4, 12).round()
    model.log_likelihood(x)[2].sum().backward()
    assert not model.steps[0][1].weight.grad.any() and model.steps[2][1].weight.grad.any()


def test_the_chain_without_a_hint_draws_pixels_and_its_means_are_those_of_the_same_states():
    model = InfusionChain(12, 3, 5, rate=0.2)
    states, means = (model.sample_steps(6, mean=mean, generator=dice()) for mean in (False, True))
    assert states.shape == means.shape == (3, 6, 12) and set(states.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(means[2], model.steps[2](states[1]).sigmoid())
    assert torch.equal(model.sample(6, generator=dice()), states[-1])


def test_what_an_infusion_chain_refuses():
    with pytest.raises(ValueError, match="at least one step, got 0"):
        InfusionChain(12, 0, rate=0.1)
    for rate in (-0.1, 0.4, float("nan")):
        with pytest.raises(ValueError, match=r"within \[0, 1\] over 3 steps"):
            InfusionChain(12, 3, rate=rate)


def test_frechet_distance_of_two_sets():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 4)), 0.5 + rng.normal(size=(400, 4)) @ rng.normal(size=(4, 4))
    c_a, c_b = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c_a + c_b - 2 * sqrtm(c_a @ c_b).real)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(a)) == pytest.approx(0, abs=1e-6)


def test_principal_directions_are_orthonormal_and_the_first_varies_most():
    x = torch.randn(500, 3, generator=dice()) * torch.tensor([1.0, 5.0, 2.0])
    axes = directions(x, 2)
    torch.testing.assert_close(axes.T @ axes, torch.eye(2), atol=1e-5, rtol=0)
    assert axes[:, 0].abs().argmax() == 1 and axes[:, 1].abs().argmax() == 2


def test_the_lines_of_a_card_of_models_that_draw_in_steps(monkeypatch):
    monkeypatch.setattr("vae_edu.reference.measures.DRAWN", 90)
    labels = torch.arange(120) % 10
    parts = [torch.rand(120, 64, generator=dice(seed)).round() for seed in range(3)]
    images = Dataset("noise", (8, 8), *parts, train_labels=labels)
    chain = InfusionChain(64, 3, 5, rate=0.2).requires_grad_(False)
    lines = likelihoods_by_step(Subject(chain, images, images.test, None, 1, dice()))
    lines |= draws_by_step(Subject(chain, images, images.test, None, 1, dice()))
    assert lines["share of true pixels by step"] == [0.2, 0.4, 0.6] and len(lines["-log p by step (nats)"]) == 3
    assert len(lines["Frechet distance by step"]) == len(lines["taken with confidence by step"]) == 3
    assert lines["Frechet distance by step of training images"][0] > 0 > lines["bound on log p(x) (nats)"]
    model = SequentialVAE([GatedStep(64, 2, 5, first=t == 0) for t in range(2)], 2).requires_grad_(False)
    terms = elbo_terms(model, images.test, generator=dice())
    lines = errors_by_step(Subject(model, images, images.test, terms, 1, dice()))
    assert len(lines["squared error by step"]) == len(lines["KL by step (nats)"]) == 2
    assert sum(lines["KL by step (nats)"]) == pytest.approx(terms.kl.mean().item(), abs=0.02)
    lines = mixed_codes_by_step(Subject(model, images, images.test, terms, 1, dice()))
    assert len(lines) == 4 and all(len(values) == 2 for values in lines.values())
