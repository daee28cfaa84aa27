import math

import pytest
import torch

from tests.test_models import exact_evidence, linear_vae
from vae_edu import evaluation
from vae_edu.models import VAE


def test_log_likelihood_is_the_evidence_whatever_the_batch_size(rng):
    model, x = linear_vae(), torch.randn(11, 3, generator=rng).double()
    exact = torch.as_tensor(exact_evidence(model, x))
    for batch_size in (1, 4, 100):
        found = evaluation.log_likelihood(model, x, samples=20_000, batch_size=batch_size, generator=rng)
        torch.testing.assert_close(found, exact, atol=0.08, rtol=0)


def test_more_samples_tighten_the_bound_from_below(rng):
    model = linear_vae()
    model.encoder.logvar.bias.data += 2  # a poor, too wide posterior
    x = torch.randn(1, 3, generator=rng).double().expand(4000, -1)
    bounds = [evaluation.log_likelihood(model, x, samples=s, batch_size=500, generator=rng).mean().item() for s in (1, 10, 100)]
    assert bounds[0] < bounds[1] < bounds[2] < exact_evidence(model, x[:1]) + 0.01


def test_weights_far_below_zero_stay_in_log_space():
    weights = torch.tensor([[-2000.0], [-2000.0 + math.log(3)]])
    assert evaluation.log_likelihood_from_weights(weights).item() == pytest.approx(-2000 + math.log(2), abs=1e-3)


def test_elbo_terms_are_per_image_and_cover_all_batches(rng):
    model, x = VAE(16, 2, (8,)), torch.rand(23, 16, generator=rng)
    terms = evaluation.elbo_terms(model, x, batch_size=5, generator=rng)
    assert terms.reconstruction.shape == terms.kl.shape == (23,)
    torch.testing.assert_close(terms.kl, model.elbo(x).kl)


def test_bits_per_dimension_of_the_papers_frey_faces():
    assert evaluation.bits_per_dimension(-1750.6, 560) == pytest.approx(4.51, abs=1e-3)  # FACTS 1.2


def test_activity_is_the_variance_of_the_posterior_mean_over_images(rng):
    model, x = VAE(16, 3, (8,)), torch.rand(40, 16, generator=rng)
    model.encoder.mu.weight.data[1] = 0  # this latent says the same for every image
    model.encoder.mu.bias.data[1] = 7.0
    activity = evaluation.unit_activity(model, x, batch_size=9)
    assert activity[1].item() == pytest.approx(0.0, abs=1e-9)
    assert activity[0].item() == pytest.approx(model.encode(x)[0][:, 0].var().item(), rel=1e-4)
    assert evaluation.active_units(torch.tensor([0.005, 0.015, 0.03]), threshold=0.01) == 2
    assert evaluation.active_units(torch.tensor([0.005, 0.015, 0.03]), threshold=0.02) == 1


def test_the_manifold_is_even_in_probability_and_starts_top_left():
    model = VAE(16, 2, (8,))
    seen = []
    model.decode = lambda z: seen.append(z) or torch.zeros(len(z), 16)
    assert evaluation.latent_manifold(model, 4).shape == (16, 16)
    z = seen[0]
    assert z[0, 0] == z[:, 0].min() and z[0, 1] == z[:, 1].max()
    assert torch.special.ndtr(z[:4, 0]).tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875], abs=1e-5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: evaluation.latent_manifold(VAE(16, 3, (8,))), "this model has 3"),
        (lambda m: evaluation.log_likelihood(m, torch.zeros(2, 16), samples=0), "at least 1"),
        (lambda m: evaluation.elbo_terms(m, torch.zeros(16)), "images, pixels"),
        (lambda m: evaluation.unit_activity(m, torch.zeros(0, 16)), "at least one image"),
    ],
)
def test_bad_input_is_one_sentence(call, said):
    with pytest.raises(ValueError, match=said):
        call(VAE(16, 2, (8,)))
