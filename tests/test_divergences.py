"""Oracles: quadrature in float64, SciPy, torch.distributions."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import rel_entr
from scipy.stats import norm
from torch.distributions import Normal

from vae_edu.divergences import WIDTHS, kl_discrete, kl_monte_carlo, kl_normal, kl_standard_normal, mmd


def test_the_lectures_coin_is_ten_times_less_than_printed():
    q, p = torch.tensor([0.5, 0.5], dtype=torch.float64), torch.tensor([0.3, 0.7], dtype=torch.float64)
    assert kl_discrete(q, p).item() == pytest.approx(0.0871767, abs=1e-7)
    assert kl_discrete(p, q).item() == pytest.approx(0.0822829, abs=1e-7)


def test_discrete_agrees_with_scipy_for_any_leading_shape(rng):
    q, p = torch.rand(2, 3, 4, 5, generator=rng, dtype=torch.float64)
    q, p = q / q.sum(-1, keepdim=True), p / p.sum(-1, keepdim=True)
    np.testing.assert_allclose(kl_discrete(q, p), rel_entr(q.numpy(), p.numpy()).sum(-1), rtol=1e-12)


def test_discrete_zeros_and_their_gradients():
    p = torch.tensor([0.5, 0.5, 0.0], requires_grad=True)
    q = torch.tensor([1.0, 0.0, 0.0])
    kl = kl_discrete(q, p)
    kl.backward()
    assert kl.item() == pytest.approx(math.log(2))
    assert torch.equal(p.grad, torch.tensor([-2.0, 0.0, 0.0]))
    assert kl_discrete(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0])).item() == math.inf


@pytest.mark.parametrize(
    ("q", "said"),
    [
        (torch.tensor([0.5, 0.6]), "sum to 1"),
        (torch.tensor([1.5, -0.5]), "smallest entry is -0.5"),
        (torch.tensor([math.nan, 1.0]), "probabilities"),
        (torch.tensor([1, 0]), "floating-point"),
        ([0.5, 0.5], "a list"),
        (torch.tensor(1.0), "at least one dimension"),
    ],
)
def test_discrete_refuses_what_is_no_distribution_in_one_sentence(q, said):
    with pytest.raises(ValueError, match=said):
        kl_discrete(q, torch.tensor([0.5, 0.5]))


@pytest.mark.parametrize(("mu_q", "s_q", "mu_p", "s_p"), [(1, 2, -1, 0.5), (-1, 0.5, 1, 2), (0, 1, 0, 1), (3, 0.1, -2, 4)])
def test_normal_agrees_with_quadrature(mu_q, s_q, mu_p, s_p):
    def integrand(z):
        return norm.pdf(z, mu_q, s_q) * (norm.logpdf(z, mu_q, s_q) - norm.logpdf(z, mu_p, s_p))

    expected, _ = quad(integrand, mu_q - 12 * s_q, mu_q + 12 * s_q, epsabs=1e-12)
    arguments = [torch.tensor([v], dtype=torch.float64) for v in (mu_q, 2 * math.log(s_q), mu_p, 2 * math.log(s_p))]
    assert kl_normal(*arguments).item() == pytest.approx(expected, abs=1e-8)


def test_standard_normal_is_the_special_case_also_far_from_the_origin(rng):
    mu, logvar = 100 * torch.randn(2, 7, 3, generator=rng, dtype=torch.float64)
    logvar = logvar / 20
    expected = torch.distributions.kl_divergence(Normal(mu, (0.5 * logvar).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_standard_normal(mu, logvar), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(kl_normal(mu, logvar, torch.zeros(3), torch.zeros(3)), expected, rtol=1e-12, atol=1e-12)


def test_the_regulariser_pulls_variances_to_one_and_not_only_means_to_zero():
    values = [kl_standard_normal(torch.zeros(1), 2 * torch.tensor([s]).log()).item() for s in (0.01, 0.1, 1.0, 2.0)]
    assert values == pytest.approx([4.105, 1.808, 0.0, 0.807], abs=1e-3)


def test_monte_carlo_converges_to_the_closed_form(rng):
    mu, logvar = torch.tensor([0.7, -1.0]), torch.tensor([0.3, -0.8])
    z = mu + (0.5 * logvar).exp() * torch.randn(400_000, 2, generator=rng)
    q, p = Normal(mu, (0.5 * logvar).exp()), Normal(0.0, 1.0)
    estimate = kl_monte_carlo(q.log_prob(z).sum(-1), p.log_prob(z).sum(-1))
    assert estimate.item() == pytest.approx(kl_standard_normal(mu, logvar).item(), abs=0.01)


def gaussian_kernel_mean(mean, variance, width, dim):
    """E exp(-|a - b|^2 / (2 width dim)) with a - b ~ N(mean, variance I), per dimension in closed form."""
    scale = width * dim
    each = np.sqrt(scale / (scale + variance)) * np.exp(-(np.asarray(mean) ** 2) / (2 * (scale + variance)))
    return np.prod(each * np.ones(dim))


def test_mmd_of_two_gaussians_is_on_average_what_it_must_be():
    rng, dim, shift, std = np.random.default_rng(0), 3, 0.7, 0.5
    expected = sum(
        gaussian_kernel_mean(0, 2 * std**2, w, dim) + gaussian_kernel_mean(0, 2, w, dim)
        - 2 * gaussian_kernel_mean(shift, 1 + std**2, w, dim)
        for w in WIDTHS
    )  # fmt: skip
    found = [
        mmd(torch.from_numpy(shift + std * rng.normal(size=(20, dim))), torch.from_numpy(rng.normal(size=(30, dim)))).item()
        for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / 20)
    same = [mmd(*torch.from_numpy(rng.normal(size=(2, 20, dim)))).item() for _ in range(400)]
    assert abs(np.mean(same)) < 4 * np.std(same) / 20 and min(same) < 0, "unbiased: also below 0"


def test_what_mmd_refuses():
    for z, p in (
        (torch.zeros(1, 2), torch.zeros(5, 2)),
        (torch.zeros(5, 2), torch.zeros(5, 3)),
        (torch.zeros(5), torch.zeros(5)),
    ):
        with pytest.raises(ValueError, match="Two samples of at least two points"):
            mmd(z, p)
