import math

import pytest
import torch
from scipy.stats import multivariate_normal
from torch import nn

from vae_edu.likelihoods import Gaussian, Logistic256
from vae_edu.models import HVAE, VAE, Autoencoder, ConvHVAE, EpitomicVAE
from vae_edu.networks import gated_mlp, he_init_
from vae_edu.objectives import Elbo, warm_up
from vae_edu.priors import VampPrior
from vae_edu.reference import Probe
from vae_edu.reparam import reparameterize


def linear_vae():
    """x = W z + noise: here the evidence is a Gaussian, log p(x) = log N(x; b, W W' + s I)."""
    torch.manual_seed(0)
    model = VAE(3, 2, hidden=(8,), likelihood=Gaussian(0.5)).double()
    model.decoder = nn.Linear(2, 3).double()
    model.encoder.logvar.weight.data.zero_()
    model.encoder.logvar.bias.data.zero_()  # as wide as the prior: importance weights stay tame
    return model.requires_grad_(False)


def exact_evidence(model, x):
    w, b = model.decoder.weight.numpy(), model.decoder.bias.numpy()
    return multivariate_normal(b, w @ w.T + 0.5 * torch.eye(3).numpy()).logpdf(x.numpy())


def test_reparameterize_moments_gradients_and_broadcasting(rng):
    mu = torch.tensor([1.0, -2.0], requires_grad=True)
    logvar = torch.tensor([math.log(4.0), 0.0], requires_grad=True)
    z = reparameterize(mu.expand(200_000, 2), logvar, generator=rng)
    assert z.mean(0).tolist() == pytest.approx([1.0, -2.0], abs=0.02)
    assert z.std(0).tolist() == pytest.approx([2.0, 1.0], abs=0.02)
    (z**2).mean(0).sum().backward()  # E z^2 = mu^2 + sigma^2: slopes 2 mu and sigma^2
    assert mu.grad.tolist() == pytest.approx([2.0, -4.0], abs=0.05)
    assert logvar.grad.tolist() == pytest.approx([4.0, 1.0], abs=0.08)


def test_a_gated_layer_is_value_times_sigmoid_of_gate(rng):
    layer = gated_mlp([3, 2])
    x = torch.randn(5, 3, generator=rng)
    w, b = layer[0].weight, layer[0].bias
    expected = (x @ w[:2].T + b[:2]) * torch.sigmoid(x @ w[2:].T + b[2:])
    torch.testing.assert_close(layer(x), expected)


def test_the_paper_networks_have_the_papers_sizes():
    assert sum(p.numel() for p in VAE(784, 40).parameters()) == 1_116_864  # SOURCES.md, "Tomczak & Welling 2018: networks"


def test_he_init_has_the_stated_spread():
    layer = nn.Linear(400, 500)
    he_init_(layer)
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 400), rel=0.02)


def test_the_elbo_and_its_gap_are_exact_on_a_linear_model(rng):
    model, x = linear_vae(), torch.randn(1, 3, generator=rng).double()
    mu, logvar = model.encode(x)
    bounds = model.elbo(x.expand(200_000, -1), generator=rng).value()
    elbo, error = bounds.mean().item(), bounds.std().item() / len(bounds) ** 0.5
    w = model.decoder.weight
    precision = torch.eye(2) + w.T @ w / 0.5  # the exact posterior
    mean = torch.linalg.solve(precision, w.T @ (x[0] - model.decoder.bias) / 0.5)
    posterior = torch.distributions.MultivariateNormal(mean, precision_matrix=precision)
    q = torch.distributions.MultivariateNormal(mu[0], torch.diag(logvar[0].exp()))
    gap = torch.distributions.kl_divergence(q, posterior).item()
    assert elbo + gap == pytest.approx(exact_evidence(model, x), abs=4 * error)


def test_log_weights_estimate_the_evidence_at_batch_size_one_and_seven(rng):
    model, x = linear_vae(), torch.randn(7, 3, generator=rng).double()
    exact = exact_evidence(model, x)
    for batch in (x, x[:1]):
        weights = model.log_weights(batch, 50_000, generator=rng)
        assert weights.shape == (50_000, len(batch))
        estimate = weights.logsumexp(0) - math.log(50_000)
        assert estimate.tolist() == pytest.approx(exact[: len(batch)].tolist(), abs=0.03)


def test_elbo_parts_add_up_and_beta_weighs_only_the_kl(rng):
    model, x = VAE(16, 3, (8,)), torch.rand(5, 16, generator=rng)
    elbo = model.elbo(x, generator=rng)
    assert elbo.kl_parts.shape == (5, 3)
    torch.testing.assert_close(elbo.kl_parts.sum(-1), elbo.kl)
    torch.testing.assert_close(elbo.value(0.25), elbo.reconstruction - 0.25 * elbo.kl)
    assert Elbo(torch.zeros(2), torch.ones(2)).value().tolist() == [-1.0, -1.0]


def test_the_same_generator_gives_the_same_bound(rng):
    model, x = VAE(16, 3, (8,)), torch.rand(5, 16, generator=rng)
    first, second = (model.elbo(x, generator=torch.Generator().manual_seed(3)).value() for _ in range(2))
    assert torch.equal(first, second)


def test_samples_are_pixels_or_their_means(rng):
    model = VAE(16, 3, (8,))
    assert set(model.sample(50, generator=rng).unique().tolist()) == {0.0, 1.0}
    means = model.sample(50, mean=True, generator=rng)
    assert means.min() > 0 and means.max() < 1
    grey = VAE(16, 3, (8,), likelihood=Logistic256()).sample(9, generator=rng) * 255
    torch.testing.assert_close(grey, grey.round())


def test_logvar_is_clamped_and_the_kl_stays_finite():
    model = VAE(4, 2, (8,))
    model.encoder.logvar.bias.data = torch.tensor([-99.0, 99.0])
    _, logvar = model.encode(torch.zeros(1, 4))
    assert logvar.tolist() == [[-6.0, 2.0]]


def test_warm_up_counts_from_one():
    assert [warm_up(epoch, 4) for epoch in (1, 2, 4, 9)] == [0.25, 0.5, 1.0, 1.0]
    assert warm_up(1, 0) == 1.0


def test_the_autoencoder_restores_with_a_squared_error(rng):
    model, x = Autoencoder(6, 2, (4,)), torch.rand(3, 6, generator=rng)
    restored = model.decode(model.encode(x))
    assert model.loss(x).tolist() == pytest.approx([((r - i) ** 2).sum().item() for r, i in zip(restored, x)], rel=1e-5)


def with_vampprior(model):
    model.prior = VampPrior(model.encode, torch.rand(3, 16, dtype=torch.float64))
    return model


ANSWERING = {
    "vae": lambda: VAE(16, 3, (8,), likelihood=Logistic256()).double(),
    "vae, vampprior": lambda: with_vampprior(VAE(16, 3, (8,)).double()),
    "evae": lambda: EpitomicVAE(16, 4, (8,), size=2, stride=1).double(),
    "hvae": lambda: with_vampprior(HVAE(16, 3, 8).double()),
    "convhvae": lambda: with_vampprior(ConvHVAE((4, 4), 3, 8, channels=4, layers=2).double()),
}


@pytest.mark.parametrize("name", ANSWERING)
def test_a_models_answers_are_its_bound_and_weights_at_the_noise_that_is_given(name):
    """The same noise, given and drawn: log weights of all samples, the bound's terms at the first."""
    torch.manual_seed(0)
    model, x = ANSWERING[name]().eval().requires_grad_(False), torch.rand(5, 16, dtype=torch.float64).round()
    generator = torch.Generator().manual_seed(1)
    layers = model.noise_dim // model.latent_dim
    drawn = [torch.randn(6, 5, model.latent_dim, generator=generator, dtype=torch.float64) for _ in range(layers)]
    answers = model.answers(x, torch.cat(drawn[::-1], -1))  # two layers draw z2 first
    assert answers.keys() <= set(Probe._fields)
    torch.testing.assert_close(answers["log_weights"], model.log_weights(x, 6, generator=torch.Generator().manual_seed(1)))
    parameters = model.likelihood.parameters_of(answers["logits"])
    torch.testing.assert_close(model.likelihood.log_prob(x, parameters), answers["reconstruction"])
    generator = torch.Generator().manual_seed(2)
    drawn = [torch.randn(5, model.latent_dim, generator=generator, dtype=torch.float64) for _ in range(layers)]
    answers = model.answers(x, torch.cat(drawn[::-1], -1).unsqueeze(0))
    terms = model.elbo(x, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(answers["reconstruction"], terms.reconstruction)
    if layers == 1:  # of two layers, the bound has KL(q(z1|x, z2) || p(z1|z2)) in closed form
        torch.testing.assert_close(answers["kl"], terms.kl)
    torch.testing.assert_close(answers["mu"], model.posterior(x)[0])
