"""The two-layer VAE against brute-force quadrature. Trap numbers: SOURCES.md, "Traps"."""

import math
from itertools import product

import pytest
import torch
from torch.distributions import Bernoulli, Normal

from vae_edu import data, evaluation
from vae_edu.models import HVAE
from vae_edu.networks import he_init_
from vae_edu.priors import GaussianMixture, VampPrior, pseudo_inputs
from vae_edu.training import Settings, fit, normalize_gradients_

PIXELS = 4


def small(prior="vampprior", latent_dim=1):
    """One latent a layer, so that p(x) is an integral over a plane; the z2 in each of its three roles matters."""
    torch.manual_seed(3)
    model = HVAE(PIXELS, latent_dim, hidden=6).double()
    he_init_(model)
    if prior == "vampprior":
        model.prior = VampPrior(model.encode, torch.rand(3, PIXELS, dtype=torch.float64))
    for part in (model.encoder, model.encoder_z1, model.prior_z1):
        part.mu.weight.data *= 0.4
        part.logvar.weight.data *= 0.1
    model.encoder.logvar.bias.data += 0.5  # q wider than the posterior: importance weights stay tame
    model.encoder_z1.logvar.bias.data += 1.5
    return model.requires_grad_(False)


def on_a_plane(model, x):
    """log p(x, z1, z2) and log q(z1, z2|x) on a grid, term by term with torch.distributions, and the area of a cell."""
    axis = torch.linspace(-12, 12, 801, dtype=torch.float64)
    z1, z2 = (z.reshape(-1, 1) for z in torch.meshgrid(axis, axis, indexing="ij"))
    normal = lambda mu, logvar: Normal(mu, (0.5 * logvar).exp())
    log_p = Bernoulli(logits=model.decode((z1, z2))).log_prob(x).sum(-1) + normal(*model.prior_z1(z2)).log_prob(z1).sum(-1)
    if isinstance(model.prior, VampPrior):
        components = [normal(*model.encode(u.unsqueeze(0))).log_prob(z2).sum(-1) for u in model.prior.pseudo_inputs]
        log_p = log_p + torch.stack(components).exp().mean(0).log()
    else:
        log_p = log_p + Normal(0.0, 1.0).log_prob(z2).sum(-1)
    log_q = normal(*model.encode(x)).log_prob(z2).sum(-1) + normal(*model.encode_z1(x, z2)).log_prob(z1).sum(-1)
    return log_p, log_q, (axis[1] - axis[0]).item() ** 2


@pytest.mark.parametrize("prior", ["standard", "vampprior"])
def test_trap_20_the_weights_average_to_p_of_x(prior, rng):
    """All five log terms: with one missing, or with another z2 in one of them, the average is another number."""
    model, x = small(prior), torch.tensor([[1.0, 0, 1, 1], [0, 0, 1, 0]]).double()
    exact = [((log_p).exp().sum() * cell).log().item() for row in x for log_p, _, cell in [on_a_plane(model, row.unsqueeze(0))]]
    for batch in (x, x[:1]):
        weights = model.log_weights(batch, 100_000, generator=rng)
        assert weights.shape == (100_000, len(batch))
        estimate = weights.logsumexp(0) - math.log(100_000)
        assert estimate.tolist() == pytest.approx(exact[: len(batch)], abs=0.02)


@pytest.mark.parametrize("prior", ["standard", "vampprior"])
def test_trap_19_the_bound_is_that_of_one_and_the_same_z2(prior, rng):
    """E_q[log p(x, z1, z2) - log q(z1, z2|x)] on the grid, and its two parts."""
    model, x = small(prior), torch.tensor([[1.0, 0, 1, 1]]).double()
    log_p, log_q, cell = on_a_plane(model, x)
    exact = (log_q.exp() * (log_p - log_q)).sum().item() * cell
    terms = model.elbo(x.expand(200_000, -1), generator=rng)
    error = terms.value().std().item() / 200_000**0.5
    assert terms.value().mean().item() == pytest.approx(exact, abs=4 * error)
    torch.testing.assert_close(terms.kl_parts.sum(-1), terms.kl)


def test_trap_16_beta_weighs_the_kl_of_both_layers(rng):
    terms = small().elbo(torch.ones(5, PIXELS).double(), generator=rng)
    both = terms.kl_parts[:, 0] + terms.kl_parts[:, 1]
    torch.testing.assert_close(terms.value(0.25), terms.reconstruction - 0.25 * both)


def test_z2_reaches_the_decoder_and_both_conditionals():
    model = small()
    a, b = torch.zeros(1, 1).double(), torch.ones(1, 1).double()
    assert not torch.equal(model.decode((a, a)), model.decode((a, b)))
    assert not torch.equal(model.decode((a, a)), model.decode((b, a)))
    assert not torch.equal(model.prior_z1(a)[0], model.prior_z1(b)[0])
    x = torch.ones(1, PIXELS).double()
    assert not torch.equal(model.encode_z1(x, a)[0], model.encode_z1(x, b)[0])
    assert not torch.equal(model.encode_z1(x, a)[0], model.encode_z1(0 * x, a)[0])


def test_samples_follow_the_model(rng):
    """All 16 images of four binary pixels, against their probability on the grid."""
    model = small()
    drawn = model.sample(40_000, generator=rng)
    for pixels in product([0.0, 1.0], repeat=PIXELS):
        x = torch.tensor([pixels]).double()
        log_p, _, cell = on_a_plane(model, x)
        expected = log_p.exp().sum().item() * cell
        assert (drawn == x).all(1).double().mean().item() == pytest.approx(expected, abs=4 * (expected / 40_000) ** 0.5 + 1e-3)


def test_the_weights_do_not_depend_on_how_they_are_chunked(rng, monkeypatch):
    model, x = small(), torch.ones(3, PIXELS).double()
    whole = evaluation.log_likelihood_from_weights(model.log_weights(x, 20_000, generator=rng))
    monkeypatch.setattr(HVAE, "rows", 50)
    pieces = model.log_weights(x, 20_000, generator=rng)
    assert pieces.shape == (20_000, 3)
    torch.testing.assert_close(evaluation.log_likelihood_from_weights(pieces), whole, atol=0.1, rtol=0)


def test_bad_calls_are_met_with_a_sentence():
    model = small(latent_dim=2)
    with pytest.raises(ValueError, match="two layers"):
        evaluation.latent_manifold(model)
    for score in (lambda x: evaluation.log_likelihood(model, x, samples=2), lambda x: evaluation.elbo_terms(model, x)):
        with pytest.raises(ValueError, match="must lie in"):
            score(255 * torch.ones(3, PIXELS).double())


def test_the_papers_network_has_the_papers_size():
    model = HVAE(784, 40)
    count = lambda: sum(p.numel() for p in model.parameters())
    assert count() == 2_431_024  # SOURCES.md, "Tomczak & Welling 2018: networks"
    model.prior = VampPrior(model.encode, pseudo_inputs(500, 784))
    assert count() == 2_431_024 + 392_000


@pytest.mark.parametrize("prior", ["standard", "mog", "vampprior"])
def test_it_learns_the_digits_and_resumes_with_every_prior(prior, tmp_path):
    images = data.load("digits")

    def untrained():
        torch.manual_seed(0)
        model = HVAE(64, 4, hidden=30)
        if prior == "mog":
            model.prior = GaussianMixture(10, 4)
        if prior == "vampprior":
            model.prior = VampPrior(model.encode, pseudo_inputs(10, 64, mean=0.5))
        return model

    settings = lambda epochs: Settings(epochs=epochs, lr=2e-3, normalize_gradients=True, dynamic_binarization=True)
    whole, pieces = untrained(), untrained()
    history = fit(whole, images.train, images.valid, settings(3), progress=False)
    assert history[-1]["valid"] < history[0]["valid"] - 2
    fit(pieces, images.train, images.valid, settings(2), folder=tmp_path, progress=False)
    fit(pieces, images.train, images.valid, settings(3), folder=tmp_path, progress=False)
    for a, b in zip(whole.state_dict().values(), pieces.state_dict().values()):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_trap_16_validation_has_the_whole_kl_while_training_warms_up():
    """In the first of ten warm-up epochs beta is 0.1; the validation loss is the bound all the same."""
    images, model = data.load("digits"), HVAE(64, 2, hidden=8)
    model.prior = VampPrior(model.encode, pseudo_inputs(5, 64, mean=0.5))
    seen = []
    elbo = model.elbo
    model.elbo = lambda x, generator: seen.append(elbo(x, generator=generator)) or seen[-1]
    history = fit(model, images.train, images.valid, Settings(epochs=1, lr=1e-9, warmup=10), progress=False)
    bound = -torch.cat([terms.value() for terms in seen if not terms.kl.requires_grad]).mean().item()
    warm = -torch.cat([terms.value(0.1) for terms in seen if terms.kl.requires_grad]).mean().item()
    assert history[0]["valid"] == pytest.approx(bound, rel=1e-5) and history[0]["train"] == pytest.approx(warm, rel=1e-5)


def test_trap_17_each_tensors_gradient_is_divided_by_its_own_norm_the_pseudo_inputs_too():
    model = small()
    model.requires_grad_(True)
    (-model.elbo(torch.ones(3, PIXELS).double()).value().mean()).backward()
    assert model.prior.pseudo_inputs.grad.norm() != pytest.approx(1)
    normalize_gradients_(model)
    for name, parameter in model.named_parameters():
        assert parameter.grad.norm().item() == pytest.approx(1, abs=1e-4), name


def test_trap_18_linear_layers_start_as_in_the_papers_code():
    """N(0, 2 / fan_in), not Glorot's 2 / (fan_in + fan_out); convolutions, biases and pseudo-inputs keep their start."""
    torch.manual_seed(0)
    model = HVAE(784, 40)
    model.prior = VampPrior(model.encode, pseudo_inputs(50, 784))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    he_init_(model)
    assert model.encoder.body[0].weight.std().item() == pytest.approx((2 / 784) ** 0.5, rel=0.02)
    kept = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    assert "prior.pseudo_inputs" in kept and all(name.endswith("bias") or "pseudo" in name for name in kept)


def test_a_unit_whose_mean_is_the_same_for_every_image_has_no_activity(rng):
    """z1 follows z2, which follows no image: an average over 32 samples of z2 varies all the same, their covariance does not."""
    model, x = small(latent_dim=2), torch.rand(2000, PIXELS, dtype=torch.float64, generator=rng).round()
    model.encode = lambda x: (torch.zeros(len(x), 2).double(), torch.zeros(len(x), 2).double())
    model.encode_z1 = lambda x, z2: (z2, 0 * z2)
    activity = evaluation.unit_activity(model, x, means=lambda rows: model.mean_z1(rows, generator=rng))
    assert activity.abs().max() < 0.005 < 1 / 32


def test_activity_of_both_layers(rng):
    """z2's posterior means depend on x alone; those of z1 are averaged over z2."""
    model = small(latent_dim=2)
    x = torch.bernoulli(torch.full((50, PIXELS), 0.5, dtype=torch.float64), generator=rng)
    z2 = evaluation.unit_activity(model, x)
    torch.testing.assert_close(z2, model.encode(x)[0].var(0))
    with torch.no_grad():
        model.encoder_z1.body.second[0].weight.mul_(20)  # z2 matters much, and not linearly
    z1 = evaluation.unit_activity(model, x, means=lambda rows: model.mean_z1(rows, samples=4000, generator=rng))
    mu2, logvar2 = model.encode(x)
    nodes = torch.linspace(-5, 5, 101, dtype=torch.float64)
    weights = Normal(0.0, 1.0).log_prob(nodes).exp() * 0.1
    grid = torch.cartesian_prod(nodes, nodes).unsqueeze(1)
    mass = (weights.unsqueeze(1) * weights).reshape(-1, 1, 1)
    exact = (mass * model.encode_z1(x, mu2 + (0.5 * logvar2).exp() * grid)[0]).sum(0)
    torch.testing.assert_close(z1, exact.var(0), rtol=0.1, atol=1e-3)
    at_the_mean = model.encode_z1(x, mu2)[0].var(0)
    assert (at_the_mean / exact.var(0) - 1).abs().max() > 0.2, "the mean of z1 is not z1 at the mean of z2"
