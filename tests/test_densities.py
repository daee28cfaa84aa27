import math

import numpy as np
import pytest
import torch
from scipy.special import log_expit
from scipy.stats import logistic, norm

from vae_edu.densities import (
    log_bernoulli,
    log_logistic_256,
    log_logistic_256_without_edges,
    log_normal,
    log_standard_normal,
)
from vae_edu.likelihoods import Bernoulli, Gaussian, Logistic256, Logistic256WithoutEdges
from vae_edu.priors import StandardNormal

as_tensor = lambda value: torch.tensor([value], dtype=torch.float64)
LEVELS = torch.arange(256, dtype=torch.float64)[:, None] / 255


def test_normal_is_normalised_and_finite_far_away(rng):
    z, mu, logvar = torch.randn(3, 5, 4, generator=rng, dtype=torch.float64)
    np.testing.assert_allclose(log_normal(z, mu, logvar), norm.logpdf(z, mu, (logvar / 2).exp()).sum(-1), rtol=1e-12)
    assert log_normal(torch.tensor([1e4]), torch.zeros(1), torch.zeros(1)).item() == pytest.approx(-5e7)
    np.testing.assert_allclose(log_standard_normal(z), norm.logpdf(z).sum(-1), rtol=1e-12)


def test_bernoulli_is_finite_for_every_finite_logit():
    logits = torch.tensor([[-1e4, -30.0, 0.0, 3.0, 30.0, 1e4]], dtype=torch.float64)
    for x in (torch.zeros_like(logits), torch.ones_like(logits), torch.full_like(logits, 0.3)):
        expected = (x.numpy() * log_expit(logits.numpy()) + (1 - x.numpy()) * log_expit(-logits.numpy())).sum(-1)
        np.testing.assert_allclose(log_bernoulli(x, logits), expected, rtol=1e-12)
        with_gradient = log_bernoulli(x, logits.clone().requires_grad_())  # another path: the cross-entropy in one pass
        np.testing.assert_allclose(with_gradient.detach(), expected, rtol=1e-12)


@pytest.mark.parametrize("mean", [-0.2, 0.0, 0.31, 0.5, 1.0])
@pytest.mark.parametrize("log_scale", [-8.0, -4.5, -2.0, 0.0])
def test_the_256_bins_sum_to_one(mean, log_scale):
    log_p = log_logistic_256(LEVELS, as_tensor(mean), as_tensor(log_scale))
    assert log_p.logsumexp(0).item() == pytest.approx(0.0, abs=1e-9)


def test_a_logistic_bin_is_a_difference_of_cdfs():
    mean, scale = 0.4, 0.1
    edges = (np.arange(257) - 0.5) / 255
    edges[0], edges[-1] = -np.inf, np.inf
    expected = np.diff(logistic.cdf(edges, mean, scale))
    found = log_logistic_256(LEVELS, as_tensor(mean), as_tensor(math.log(scale))).exp()
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("log_scale", "mass"), [(-4.5, 1.000), (-2.0, 0.9515), (-1.0, 0.591), (0.0, 0.245)])
def test_trap_23_the_papers_code_loses_what_lies_outside(log_scale, mass):
    """SOURCES.md, "Traps": without edge bins the 256 values do not sum to one; "logvar" is a log-scale."""
    log_p = log_logistic_256_without_edges(LEVELS, as_tensor(0.5), as_tensor(log_scale))
    assert log_p.exp().sum().item() == pytest.approx(mass, abs=1e-3)
    edges = np.arange(257) / 256
    expected = np.diff(logistic.cdf(edges, 0.5, math.exp(log_scale))) + 1e-7
    np.testing.assert_allclose(log_p.exp(), expected, atol=1e-12)


def test_the_samples_of_the_papers_form_follow_it_as_normalised(rng):
    likelihood = Logistic256WithoutEdges()
    mean, log_scale = likelihood.parameters_of(torch.tensor([[9.0, -1.0]], dtype=torch.float64))
    assert mean.item() == 1 - 1 / 512
    assert likelihood.parameters_of(torch.tensor([[-9.0, -1.0]]))[0].item() == 1 / 512
    far = likelihood.log_prob(torch.tensor([[47 / 255]]), (torch.tensor([[0.002]]), torch.tensor([[-4.5]])))  # float32
    exact = likelihood.log_prob(torch.tensor([[47 / 255]]).double(), (as_tensor(0.002), as_tensor(-4.5)))
    assert far.item() == pytest.approx(exact.item(), abs=1e-3)
    x = likelihood.sample((mean.expand(100_000, 1), log_scale), generator=rng)
    p = likelihood.log_prob(LEVELS, (mean, log_scale)).exp()
    for cut in (0.2, 0.5, 0.9):
        expected = (p[LEVELS[:, 0] <= cut].sum() / p.sum()).item()
        assert (x <= cut).double().mean().item() == pytest.approx(expected, abs=0.006)


def test_a_hopeless_grey_pixel_still_has_a_gradient():
    mean = torch.tensor([0.0], requires_grad=True)
    value = log_logistic_256(torch.tensor([200 / 255]), mean, torch.tensor([-9.0]))
    value.backward()
    assert math.isfinite(value.item())
    assert mean.grad.item() > 100


@pytest.mark.parametrize(
    ("likelihood", "raw"),
    [
        (Bernoulli(), torch.tensor([[-1.0, 2.0]])),
        (Gaussian(0.2), torch.tensor([[0.3, -1.0]])),
        (Gaussian(), torch.tensor([[0.3, -1.0, -1.2, 0.4]])),
        (Logistic256(), torch.tensor([[0.3, -1.0, -2.0, -1.0]])),
    ],
    ids=["bernoulli", "gaussian-fixed", "gaussian-learned", "logistic"],
)
def test_sampler_and_density_agree(likelihood, raw, rng):
    """E over own samples of log p equals minus the entropy, here from the density alone on a grid or by formula."""
    parameters = likelihood.parameters_of(raw.double().expand(200_000, -1))
    x = likelihood.sample(parameters, generator=rng)
    average = likelihood.log_prob(x, parameters).mean().item()
    if isinstance(likelihood, Gaussian):
        logvar = likelihood.parameters_of(raw.double())[1]
        expected = -0.5 * (math.log(2 * math.pi * math.e) + logvar).sum().item()
    else:  # discrete: sum p log p over all values of each pixel
        values = LEVELS if isinstance(likelihood, Logistic256) else torch.tensor([[0.0], [1.0]], dtype=torch.float64)
        expected, means = 0.0, []
        for pixel in range(2):
            own = likelihood.parameters_of(raw.double()[:, pixel::2])
            log_p = likelihood.log_prob(values, own)
            expected += (log_p.exp() * log_p).sum().item()
            means.append((log_p.exp() * values[:, 0]).sum().item())
        assert x.mean(0).tolist() == pytest.approx(means, abs=0.01)
    assert average == pytest.approx(expected, abs=0.02)
    if not isinstance(likelihood, Logistic256):  # the cut tails shift a logistic's mean
        assert (x.mean(0) - likelihood.mean(parameters)[0]).abs().max() < 0.01


def test_gaussian_refuses_a_variance_that_is_none():
    with pytest.raises(ValueError, match="positive"):
        Gaussian(0.0)


def test_prior_sampler_and_density_agree(rng):
    prior = StandardNormal(3).double()
    z = prior.sample(200_000, generator=rng)
    assert z.dtype == torch.float64
    assert prior.log_prob(z).mean().item() == pytest.approx(-1.5 * math.log(2 * math.pi * math.e), abs=0.01)
