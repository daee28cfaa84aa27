import math
import warnings

import pytest
import torch
from sklearn.neighbors import KernelDensity

from tests.test_models import exact_evidence, linear_vae
from vae_edu import evaluation
from vae_edu.models import VAE, EpitomicVAE


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
    assert evaluation.bits_per_dimension(-1750.6, 560) == pytest.approx(4.51, abs=1e-3)  # HVAE, VampPrior


def test_activity_is_the_variance_of_the_posterior_mean_over_images(rng):
    """And trap 11 (SOURCES.md, "Traps"): the threshold is the caller's; 0.02 is the eVAE paper's, 0.01 that of Burda's code."""
    model, x = VAE(16, 3, (8,)), torch.rand(40, 16, generator=rng)
    model.encoder.mu.weight.data[1] = 0  # this latent says the same for every image
    model.encoder.mu.bias.data[1] = 7.0
    activity = evaluation.unit_activity(model, x, batch_size=9)
    assert activity[1].item() == pytest.approx(0.0, abs=1e-9)
    assert activity[0].item() == pytest.approx(model.encode(x)[0][:, 0].var().item(), rel=1e-4)
    assert evaluation.active_units(torch.tensor([0.005, 0.015, 0.03]), threshold=0.01) == 2
    assert evaluation.active_units(torch.tensor([0.005, 0.015, 0.03]), threshold=0.02) == 1
    with pytest.raises(TypeError, match="threshold"):
        evaluation.active_units(activity)


def test_the_activity_of_an_epitomic_vae_is_that_of_the_masked_mean(rng):
    torch.manual_seed(0)
    model, x = EpitomicVAE(16, 4, (8,), size=2, stride=2), torch.rand(40, 16, generator=rng)
    model.encoder.mu.bias.data[:] = 7.0  # hardly varies in the encoder, but 0 for every image of the other epitome
    masked = model.masks[model.assign(x)] * model.encode(x)[0]
    activity = evaluation.unit_activity(model, x, batch_size=9)
    torch.testing.assert_close(activity, masked.var(0), rtol=1e-4, atol=1e-5)
    assert (activity > 1).all() and (model.encode(x)[0].var(0) < 1).all()


def test_the_kl_per_unit_comes_with_the_terms(rng):
    model, x = VAE(16, 3, (8,)), torch.rand(40, 16, generator=rng)
    terms = evaluation.elbo_terms(model, x, batch_size=9, generator=rng)
    assert terms.kl_parts.shape == (40, 3)
    torch.testing.assert_close(terms.kl_parts.sum(1), terms.kl)


@pytest.mark.parametrize("offset", [0.0, 30.0, -1000.0])
@pytest.mark.parametrize("images", [1, 7])
def test_parzen_is_scikit_learns_kernel_density(images, offset, rng):
    """An independent implementation in float64: near the samples, far from them, and between two clusters."""
    samples = torch.randn(50, 6, generator=rng, dtype=torch.float64)
    samples[25:] += 8
    x = torch.rand(images, 6, generator=rng, dtype=torch.float64) * 8 + offset
    for sigma in (0.05, 0.7):
        oracle = KernelDensity(bandwidth=sigma, rtol=1e-14).fit(samples.numpy()).score_samples(x.numpy())
        found = evaluation.parzen_log_density(x, samples, sigma)
        torch.testing.assert_close(found, torch.as_tensor(oracle), rtol=1e-9, atol=1e-9)


def test_parzen_does_not_depend_on_its_blocks(rng, monkeypatch):
    x, samples = torch.rand(23, 6, generator=rng), torch.rand(40, 6, generator=rng)
    whole = evaluation.parzen_log_density(x, samples, 0.2)
    for pairs in (1, 90, 400):
        monkeypatch.setattr(evaluation, "DISTANCES", pairs)
        torch.testing.assert_close(evaluation.parzen_log_density(x, samples, 0.2), whole)


def test_parzen_in_float32_is_good_to_a_thousandth_of_a_nat_on_images(rng):
    x, samples = torch.rand(20, 784, generator=rng), torch.rand(500, 784, generator=rng)
    exact = evaluation.parzen_log_density(x, samples.double(), 0.1668)  # the wider dtype of the two
    torch.testing.assert_close(evaluation.parzen_log_density(x, samples, 0.1668).double(), exact, rtol=0, atol=5e-3)


def test_sigma_is_the_best_on_the_first_thousand_validation_images_and_never_on_the_test_images(rng):
    """Trap 10. Three sets around one sample, each with a spread of its own: only the first 1,000 of `valid` may decide."""
    assert pytest.approx(torch.logspace(-1, 0, 10).tolist()) == evaluation.PARZEN_SIGMAS
    sample = torch.zeros(1, 5)
    spread = lambda std, n: std * torch.randn(n, 5, generator=rng)
    valid, test = torch.cat([spread(0.28, 1000), spread(0.9, 4000)]), spread(0.6, 2000)
    found = evaluation.parzen(sample, valid, test)
    assert found.sigma == pytest.approx(10 ** (4 / 9 - 1))  # 0.278, the nearest of the grid
    density = torch.distributions.Normal(0.0, found.sigma).log_prob(test).sum(1)
    assert found.mean == pytest.approx(density.mean().item(), rel=1e-4)
    assert found.standard_error == pytest.approx(density.std().item() / 2000**0.5, rel=1e-3)


@pytest.mark.parametrize("std", [0.01, 5.0])
def test_a_best_sigma_at_either_edge_of_the_grid_warns(std, rng):
    x = std * torch.randn(200, 5, generator=rng)
    with pytest.warns(UserWarning, match="at the edge of the grid: widen it"):
        evaluation.parzen(torch.zeros(1, 5), x, x)
    with pytest.warns(UserWarning, match="at the edge"):
        evaluation.parzen(torch.zeros(1, 5), x, x, sigmas=(std * 3, std, std * 2))  # in whatever order
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluation.parzen(torch.zeros(1, 5), x, x, sigmas=(std, std / 5, 5 * std))


def test_ten_thousand_real_digits_score_243_nats(mnist):
    """The protocol's calibration, which lecture 08b quotes."""
    chosen = torch.randperm(50_000, generator=torch.Generator().manual_seed(0))[:10_000]
    found = evaluation.parzen(mnist.train[chosen], mnist.valid, mnist.test)
    assert found.mean == pytest.approx(242.7, abs=0.1) and found.standard_error == pytest.approx(2.1, abs=0.05)
    assert found.sigma == pytest.approx(0.1668, abs=1e-4)


@pytest.mark.slow
def test_k_means_centroids_beat_them_by_ninety_nats(mnist):
    """Three Lloyd steps from the same images."""
    centroids = mnist.train[torch.randperm(50_000, generator=torch.Generator().manual_seed(0))[:10_000]]
    for _ in range(3):
        nearest = torch.cat([torch.cdist(block, centroids).argmin(1) for block in mnist.train.split(1000)])
        sums = torch.zeros_like(centroids).index_add_(0, nearest, mnist.train)
        counts = torch.bincount(nearest, minlength=10_000).unsqueeze(1)
        centroids = torch.where(counts > 0, sums / counts.clamp(min=1), centroids)
    assert evaluation.parzen(centroids, mnist.valid, mnist.test).mean == pytest.approx(334.7, abs=0.5)


@pytest.mark.slow
def test_real_digits_score_better_blurred_and_best_as_local_averages(mnist):
    """Lecture 08b: 243 nats as they are, 320 blurred, 349 averaged with their eleven nearest: more than any published model."""
    real = mnist.train[torch.randperm(50_000, generator=torch.Generator().manual_seed(0))[:10_000]]
    row = torch.tensor([1.0, 2, 1]) / 4
    blurred = torch.nn.functional.conv2d(real.reshape(-1, 1, 28, 28), row.outer(row)[None, None], padding=1).flatten(1)
    nearest = torch.cat([torch.cdist(block, mnist.train).topk(12, largest=False).indices for block in real.split(500)])
    assert evaluation.parzen(blurred, mnist.valid, mnist.test).mean == pytest.approx(320.3, abs=0.5)
    assert evaluation.parzen(mnist.train[nearest].mean(1), mnist.valid, mnist.test).mean == pytest.approx(348.7, abs=0.5)


def test_a_manifold_of_two_of_many_latents_leaves_the_others_at_zero():
    model = VAE(16, 5, (8,))
    seen = []
    model.decode = lambda z: seen.append(z) or torch.zeros(len(z), 16)
    evaluation.latent_manifold(model, 4, units=(1, 3))
    assert (seen[0][:, [0, 2, 4]] == 0).all() and seen[0][:, 1].unique().numel() == seen[0][:, 3].unique().numel() == 4


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
        (lambda m: evaluation.latent_manifold(VAE(16, 3, (8,))), "This model has 3 latents: say which two"),
        (lambda m: evaluation.latent_manifold(VAE(16, 3, (8,)), units=(1, 1)), "This model has 3 latents: say which two"),
        (lambda m: evaluation.latent_manifold(VAE(16, 3, (8,)), units=(0, 3)), "This model has 3 latents: say which two"),
        (lambda m: evaluation.unit_activity(m, torch.zeros(1, 16)), "One image has no variance"),
        (lambda m: evaluation.parzen_log_density(torch.zeros(2, 16), torch.zeros(2, 16), 0.0), "sigma must be positive"),
        (lambda m: evaluation.parzen_log_density(torch.zeros(2, 16), torch.zeros(2, 16), math.nan), "sigma must be positive"),
        (lambda m: evaluation.parzen_log_density(torch.zeros(2, 16), torch.zeros(0, 16), 1.0), "at least one image"),
        (lambda m: evaluation.parzen_log_density(torch.zeros(2, 16), torch.full((2, 16), math.nan), 1.0), "must be finite"),
        (lambda m: evaluation.parzen_log_density(torch.zeros(2, 16), torch.zeros(2, 64), 1.0), "16 pixels, samples 64"),
        (lambda m: evaluation.parzen_log_density(torch.zeros(16), torch.zeros(2, 16), 1.0), "images, pixels"),
        (lambda m: evaluation.log_likelihood(m, torch.zeros(2, 16), samples=0), "at least 1"),
        (lambda m: evaluation.elbo_terms(m, torch.zeros(16)), "images, pixels"),
        (lambda m: evaluation.unit_activity(m, torch.zeros(0, 16)), "at least one image"),
    ],
)
def test_bad_input_is_one_sentence(call, said):
    with pytest.raises(ValueError, match=said):
        call(VAE(16, 2, (8,)))
