"""Propositions 1 to 6 of Zhao, Song & Ermon 2017 on exact tables, with what has to be mended in them (ERRATA.md, E22 to E28); and
the linear VAE in which the price of a direction is exact."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import entropy, norm

from vae_edu.divergences import kl_discrete
from vae_edu.information import images_given_code
from vae_edu.objectives import capacity_cost

IMAGES, CODES, PIXELS = 12, 7, 5


@pytest.fixture(params=[0, 1, 2])
def tables(request):
    """x (images, pixels), q(z|x) (images, codes), p_data (images,), and q(x|z), q(z) by loops."""
    rng = np.random.default_rng(request.param)
    x, q, p_data = rng.normal(size=(IMAGES, PIXELS)), rng.dirichlet(np.ones(CODES), size=IMAGES), rng.dirichlet(np.ones(IMAGES))
    of_code = np.array([sum(p_data[i] * q[i, k] for i in range(IMAGES)) for k in range(CODES)])
    given = np.array([[p_data[i] * q[i, k] / of_code[k] for i in range(IMAGES)] for k in range(CODES)])
    return x, q, p_data, given, of_code


def test_the_table_of_images_given_a_code(tables):
    _, q, p_data, given, _ = tables
    np.testing.assert_allclose(images_given_code(torch.tensor(q), torch.tensor(p_data)), given, atol=1e-14)


def test_the_naive_bound_has_one_best_member_for_all_codes(tables):
    """E_{p(z)} log p(x|z), Gaussians of variance 1/2: by gradient steps from anywhere all means come to the mean image."""
    x, _, p_data, _, of_code = tables
    start = np.random.default_rng(9).normal(size=CODES * PIXELS)

    def cost(means):
        return sum(
            of_code[k] * p_data[i] * ((x[i] - means.reshape(CODES, PIXELS)[k]) ** 2).sum()
            for k in range(CODES)
            for i in range(IMAGES)
        )

    found = minimize(cost, start, tol=1e-10).x.reshape(CODES, PIXELS)
    np.testing.assert_allclose(found, np.tile(p_data @ x, (CODES, 1)), atol=1e-3)


def test_proposition_1_each_code_gets_its_own_projection(tables):
    """Of factorised Bernoullis the best for q(x|z), found numerically, is the one with its means."""
    x, _, _, given, _ = tables
    on = (x > 0).astype(float)
    for weights in given:

        def cost(logits, weights=weights):
            return -(weights @ (on * logits - np.logaddexp(0, logits)).sum(1))

        found = minimize(cost, np.zeros(PIXELS), tol=1e-12).x
        np.testing.assert_allclose(expit(found), weights @ on, atol=1e-4)


def test_proposition_2_the_chain_converges_to_the_data(tables):
    _, q, p_data, given, of_code = tables
    step = q @ given  # x -> z -> x'
    start = np.eye(IMAGES)[0]
    np.testing.assert_allclose(start @ np.linalg.matrix_power(step, 200), p_data, atol=1e-12)
    np.testing.assert_allclose(of_code @ given, p_data, atol=1e-14)
    assert 0 < sorted(np.abs(np.linalg.eigvals(step)))[-2] < 1


def test_proposition_2_needs_an_ergodic_chain():
    """Two groups of images with codes of their own: the chain never leaves the group that it began in."""
    q = torch.block_diag(torch.full((2, 2), 0.5), torch.full((2, 2), 0.5)).double()
    step = q @ images_given_code(q, torch.full((4,), 0.25, dtype=torch.float64))
    assert torch.linalg.matrix_power(step, 100)[0].tolist() == pytest.approx([0.5, 0.5, 0.0, 0.0])


def test_proposition_3_ancestral_draws_need_the_right_prior(tables):
    _, _, p_data, given, of_code = tables
    assert 0.5 * np.abs(of_code @ given - p_data).sum() < 1e-15
    assert 0.5 * np.abs(np.full(CODES, 1 / CODES) @ given - p_data).sum() > 0.005


def test_proposition_4_the_best_image_is_the_mean_and_its_error_the_variance(tables):
    x, _, _, given, _ = tables
    for weights in given:

        def error(g, weights=weights):
            return weights @ ((x - g) ** 2).sum(1)

        mean, variance = weights @ x, sum(np.cov(column, aweights=weights, ddof=0) for column in x.T)
        assert error(mean) == pytest.approx(variance, rel=1e-12)
        assert min(error(mean + 0.1 * step) for step in np.eye(PIXELS)) > error(mean) + 0.009


def variance(values, weights):
    return np.cov(values, aweights=weights, ddof=0).item()


def test_proposition_5_holds_with_the_conditional_and_fails_as_printed():
    """E24: 0 (1/2), 10 and -10 (1/4 each); z1 = 0 at 0, and with probability 0.01 elsewhere; z2 says whether x is 0."""
    x, p = np.array([0.0, 10.0, -10.0]), np.array([0.5, 0.25, 0.25])
    z1_is_0 = np.array([1.0, 0.01, 0.01])
    z2 = np.array([0, 1, 1])
    given_z1 = p * z1_is_0 / (p * z1_is_0).sum()
    before = variance(x, given_z1)
    after = [0.0 if value == 0 else variance(x[1:], given_z1[1:]) for value in (0, 1)]
    conditional = [given_z1[z2 == value].sum() for value in (0, 1)]
    printed = [p[z2 == value].sum() for value in (0, 1)]
    assert before == pytest.approx(0.990, abs=1e-3)
    assert np.dot(conditional, after) == pytest.approx(0.990, abs=1e-3) and np.dot(conditional, after) <= before + 1e-12
    assert np.dot(printed, after) == pytest.approx(50)


def test_proposition_5_mended_on_random_tables(tables):
    x, q, p_data, _, _ = tables
    second = np.random.default_rng(5).dirichlet(np.ones(4), size=IMAGES)
    for k in range(CODES):
        given = p_data * q[:, k] / (p_data @ q[:, k])
        share = given @ second
        after = sum(share[j] * variance(x[:, 0], given * second[:, j]) for j in range(4))
        assert after <= variance(x[:, 0], given) + 1e-12


def test_proposition_6_pixel_by_pixel_and_the_sign_of_its_entropy(tables):
    x, _, _, given, of_code = tables
    on = (x > 0).astype(float)
    best = negative_entropy = 0.0
    for weights, share in zip(given, of_code):
        pi = (weights @ on).clip(1e-12, 1 - 1e-12)
        best += share * (weights @ (on * np.log(pi) + (1 - on) * np.log(1 - pi)).sum(1))
        negative_entropy -= share * sum(entropy([p, 1 - p]) for p in pi)
    assert best == pytest.approx(negative_entropy, abs=1e-9) and best < 0


def test_without_a_regulariser_the_objective_is_information_minus_entropy(tables):
    _, q, p_data, given, of_code = tables
    objective = sum(of_code[k] * given[k] @ np.log(given[k]) for k in range(CODES))
    information = p_data @ [entropy(row, of_code) for row in q]
    assert objective == pytest.approx(information - entropy(p_data), abs=1e-12)


def test_surgery_on_a_table_and_that_the_mean_kl_is_not_zero_where_q_z_is_p_z(tables):
    _, q, p_data, _, of_code = tables
    q, p_data, of_code = map(torch.tensor, (q, p_data, of_code))
    prior = torch.full((CODES,), 1 / CODES, dtype=torch.float64)
    information = p_data @ kl_discrete(q, of_code.expand_as(q))
    assert (p_data @ kl_discrete(q, prior.expand_as(q))).item() == pytest.approx(
        (information + kl_discrete(of_code, prior)).item(), abs=1e-13
    )
    assert information > 0.1, "E26: with p(z) = q(z) the ELBO's R is this, not 0"


def test_e25_the_two_divergences_miss_the_entropy_of_the_data(tables):
    _, q, p_data, _, _ = tables
    rng = np.random.default_rng(3)
    prior, decoder = rng.dirichlet(np.ones(CODES)), rng.dirichlet(np.ones(IMAGES), size=CODES)
    p_x = prior @ decoder
    elbo = sum(p_data[i] * q[i] @ (np.log(decoder[:, i]) + np.log(prior) - np.log(q[i])) for i in range(IMAGES))
    posteriors = (prior[:, None] * decoder / p_x).T
    printed = -entropy(p_data, p_x) - p_data @ [entropy(q[i], posteriors[i]) for i in range(IMAGES)]
    assert elbo == pytest.approx(printed - entropy(p_data), abs=1e-12)


def test_e22_and_e9_the_squared_error_has_the_minus_sign():
    x, g = np.random.default_rng(0).normal(size=(2, 8))
    assert norm.logpdf(x, g, 0.5**0.5).sum() + ((x - g) ** 2).sum() == pytest.approx(-4 * np.log(np.pi), abs=1e-12)


def test_e27_it_is_the_gradient_of_the_logarithm():
    theta = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    p = torch.sigmoid(2 * theta - 1)  # lambda = 2 theta - 1
    (of_p,) = torch.autograd.grad(p, theta, retain_graph=True)
    (of_log,) = torch.autograd.grad(p.log(), theta)
    right = (1 - p).item() * 2  # d log P / d lambda times d lambda / d theta
    assert of_log.item() == pytest.approx(right) and of_p.item() != pytest.approx(right, rel=0.1)


def test_what_tables_must_be():
    half = torch.full((2, 2), 0.5)
    with pytest.raises(ValueError, match=r"q must sum to 1 over its last dimension, but one of its sums is 0\.9"):
        images_given_code(torch.tensor([[0.5, 0.4], [0.5, 0.5]]), half[0])
    with pytest.raises(ValueError, match="p_data must sum to 1"):
        images_given_code(half, torch.tensor([0.5, 0.6]))
    with pytest.raises(ValueError, match="No image ever gets code 1"):
        images_given_code(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), half[0])
    with pytest.raises(ValueError, match=r"q must be \(images, codes\)"):
        images_given_code(half, torch.tensor([0.5, 0.25, 0.25]))


LINEAR, NOISE = torch.tensor([4.0, 2.0, 1.0, 0.5], dtype=torch.float64), 0.3  # variances of four directions, and of the decoder


def linear_vae(cost):
    """The best linear VAE of four independent directions, by gradient descent: (weights, active part of each unit, its KL).

    q(z|x) = N(a x, v), p(x|z) = N(w z, NOISE); all expectations in closed form. cost: what the KLs (4,) cost, in nats.
    """
    a, w, log_v = (torch.full((4,), start, dtype=torch.float64, requires_grad=True) for start in (0.5, 0.5, 0.0))
    kl = lambda: 0.5 * (a**2 * LINEAR + log_v.exp() - log_v - 1)
    optimizer = torch.optim.Adam([a, w, log_v], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1200)
    for _ in range(1200):
        optimizer.zero_grad()
        error = (1 - w * a) ** 2 * LINEAR + w**2 * log_v.exp()
        (error.sum() / (2 * NOISE) + cost(kl())).backward()
        optimizer.step()
        schedule.step()
    return w.detach(), (a**2 * LINEAR).detach(), kl().detach()


@pytest.mark.parametrize("beta", [1.0, 2.0, 4.0, 8.0])
def test_p14_a_linear_beta_vae_uses_a_direction_whose_variance_exceeds_beta_times_the_noise(beta):
    w, activity, _ = linear_vae(lambda kl: beta * kl.sum())
    torch.testing.assert_close(w**2, (LINEAR - beta * NOISE).clamp(min=0), atol=5e-3, rtol=0)
    torch.testing.assert_close(activity, (1 - beta * NOISE / LINEAR).clamp(min=0), atol=5e-3, rtol=0)


@pytest.mark.parametrize(("gamma", "target", "found"), [(1, 2, 3.10), (10, 2, 2.0), (100, 2, 2.0), (10, 6, 6.0)])
def test_p15_and_e12_gamma_pins_the_kl_and_one_is_too_little(gamma, target, found):
    """With gamma = 1 the KL ends where the ELBO has it, 3.10 nats."""
    kl = linear_vae(lambda kl: capacity_cost(kl.sum()[None], target, gamma))[2].sum().item()
    assert kl == pytest.approx(found, abs=0.02)
