"""The priors. Trap numbers: SOURCES.md, "Traps"."""

import copy
import math

import pytest
import torch
from scipy.stats import kstest
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vae_edu.densities import log_normal_components
from vae_edu.models import VAE
from vae_edu.networks import he_init_
from vae_edu.priors import GaussianMixture, StandardNormal, VampPrior, pseudo_inputs


def oracle(mu, logvar):
    """The same mixture as torch.distributions sees it."""
    weights = Categorical(logits=torch.zeros(len(mu), dtype=mu.dtype))
    return MixtureSameFamily(weights, Independent(Normal(mu, (0.5 * logvar).exp()), 1))


def spread_mixture(components=7, dim=3):
    torch.manual_seed(0)
    prior = GaussianMixture(components, dim).double().requires_grad_(False)
    prior.mu *= 3
    prior.logvar.uniform_(-5, 2)
    return prior


def vamp(components=6, learned=True):
    torch.manual_seed(1)
    model = VAE(5, 3, (8,)).double()
    he_init_(model)
    model.encoder.mu.weight.data *= 5  # posteriors far enough apart to tell their images
    model.prior = VampPrior(model.encode, torch.rand(components, 5, dtype=torch.float64), learned)
    return model


@pytest.mark.parametrize("prior", [spread_mixture(), spread_mixture(components=1), vamp().prior], ids=["mog", "K=1", "vamp"])
def test_log_prob_is_the_mixture_at_modes_between_them_and_far_away(prior, rng):
    mu, logvar = prior.components()
    between = (mu[:-1] + mu[1:]) / 2
    z = torch.cat([mu, between, 100 * torch.randn(20, 3, generator=rng).double(), torch.full((1, 3), 1e4).double()])
    torch.testing.assert_close(prior.log_prob(z), oracle(mu, logvar).log_prob(z), atol=1e-4, rtol=0)
    assert prior.log_prob(z.reshape(-1, 1, 3)).shape == (len(z), 1)
    torch.testing.assert_close(prior.log_prob(z[:1]), prior.log_prob(z)[:1])


def test_a_corner_between_two_modes_is_far_from_both():
    """A logsumexp per dimension, summed, gives -3.22 at the corner instead of -19.84, and the right value in between."""
    prior = GaussianMixture(2, 2)
    prior.mu.data = torch.tensor([[-3.0, -3.0], [3.0, 3.0]])
    assert prior.log_prob(torch.tensor([3.0, -3.0])).item() == pytest.approx(-19.838, abs=1e-3)


def test_trap_12_the_mixture_is_normalised():
    """With - log K: a grid over two dimensions sums to one."""
    prior = spread_mixture(5, 2)
    axis = torch.linspace(-30, 30, 3001, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    mass = sum(prior.log_prob(rows).exp().sum() for rows in grid.split(200_000)) * 0.02**2
    assert mass.item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("shift", [0, 30])
def test_float32_loses_little(shift, rng):
    """40 latents, variances down to the clamp: what the products cancel stays below 0.02 nats where images put z.

    A VampPrior ties the latents to no place: all of them may live far from the origin.
    """
    mu = 2 * torch.randn(500, 40, generator=rng) + shift
    logvar = -6 + 2 * torch.rand(500, 40, generator=rng)
    z = mu[:100] + (0.5 * logvar[:100]).exp() * torch.randn(100, 40, generator=rng)
    exact = log_normal_components(z.double(), mu.double(), logvar.double()).logsumexp(-1)
    assert (log_normal_components(z, mu, logvar).logsumexp(-1) - exact).abs().max() < 0.02


@pytest.mark.parametrize("prior", [StandardNormal(1), spread_mixture(5, 1), vamp().prior], ids=["standard", "mog", "vamp"])
def test_the_sampler_draws_from_the_density(prior, rng):
    """Kolmogorov-Smirnov on one coordinate. A sampler from N(0, I), or of the first components only, fails (trap 25)."""
    drawn = prior.sample(20_000, generator=rng).detach()[:, 0].double()
    if isinstance(prior, StandardNormal):
        cdf = lambda t: torch.special.ndtr(torch.as_tensor(t)).numpy()
    else:
        mu, logvar = (c.detach()[:, :1] for c in prior.components())
        cdf = lambda t: torch.special.ndtr((torch.as_tensor(t).unsqueeze(-1) - mu.T) / (0.5 * logvar.T).exp()).mean(-1).numpy()
    assert kstest(drawn.numpy(), cdf).pvalue > 0.001


def test_few_samples_come_from_all_components(rng):
    """Trap: the reference sampler takes the first n pseudo-inputs; here each draw chooses its own."""
    prior = GaussianMixture(100, 1)
    prior.mu.data, prior.logvar.data = torch.arange(100.0).unsqueeze(1) * 10, torch.full((100, 1), -6.0)
    drawn = (prior.sample(50, generator=rng)[:, 0] / 10).round().unique()
    assert drawn.max() > 50 and len(drawn) < 50


def test_trap_13_log_variances_are_clamped_for_pseudo_inputs_too():
    model = vamp()
    model.encoder.logvar.bias.data += 100
    assert model.prior.components()[1].max() == 2
    mixture = GaussianMixture(2, 2)
    mixture.logvar.data = torch.tensor([[100.0, -100.0], [0.0, 0.0]])
    assert mixture.components()[1].tolist() == [[2.0, -6.0], [0.0, 0.0]]


def test_trap_14_pseudo_inputs_are_clamped_to_pixels_and_a_dead_start_is_refused():
    model = VAE(5, 3, (8,))
    images = VampPrior(model.encode, torch.tensor([[-1.0, 0.0, 0.5, 1.0, 2.0]])).images()
    assert images.tolist() == [[0.0, 0.0, 0.5, 1.0, 1.0]]
    for seed in range(5):  # one pixel in some 500,000 may start alive: the others of its image are dead all the same
        torch.manual_seed(seed)
        with pytest.raises(ValueError, match=r"50 of 51 pseudo-inputs .* never move"):
            VampPrior(model.encode, torch.cat([torch.full((50, 5), -0.05), torch.rand(1, 5)]))
        with pytest.raises(ValueError, match="never move"):
            VampPrior(VAE(784, 2, (4,)).encode, pseudo_inputs(500, 784, mean=-0.05))
    start = pseudo_inputs(500, 784)
    assert start.mean().item() == pytest.approx(0.05, abs=1e-4) and start.std().item() == pytest.approx(0.01, abs=1e-4)


def test_bad_pseudo_inputs_are_refused_in_a_sentence():
    model = VAE(5, 3, (8,))
    with pytest.raises(ValueError, match="at least one"):
        GaussianMixture(0, 3)
    with pytest.raises(ValueError, match="at least 1"):
        VampPrior(model.encode, pseudo_inputs(0, 5))
    with pytest.raises(ValueError, match="7 pixels"):
        VampPrior(model.encode, pseudo_inputs(4, 7))
    with pytest.raises(ValueError, match="images"):
        VampPrior(model.encode, 255 * torch.rand(4, 5), learned=False)
    with pytest.raises(ValueError, match="finite"):
        VampPrior(model.encode, torch.tensor([[0.5, math.nan, 0.5, 0.5, 0.5]]))
    with pytest.raises(ValueError, match="float64"):
        VampPrior(model.encode, torch.rand(4, 5).double())
    with pytest.raises(ValueError, match="z has 4 dimensions"):
        GaussianMixture(2, 3).log_prob(torch.zeros(1, 4))
    with pytest.raises(TypeError, match="bound method"):
        VampPrior(model.encoder, pseudo_inputs(4, 5))


def test_gradients_reach_the_pseudo_inputs_and_the_encoder_through_both_roles():
    """Do not detach: the encoder is part of the prior."""
    model = vamp()
    z = torch.randn(4, 3, dtype=torch.float64)
    model.prior.log_prob(z).sum().backward()
    assert model.prior.pseudo_inputs.grad.abs().max() > 0
    assert model.encoder.mu.weight.grad.abs().max() > 0


def test_the_gradient_is_that_of_the_written_out_mixture():
    """Against torch.distributions, pseudo-inputs and encoder alike."""
    model, z = vamp(), torch.randn(4, 3, dtype=torch.float64)
    wanted = [model.prior.pseudo_inputs, model.encoder.mu.weight]
    ours = torch.autograd.grad(model.prior.log_prob(z).sum(), wanted)
    theirs = torch.autograd.grad(oracle(*model.encode(model.prior.pseudo_inputs.clamp(0, 1))).log_prob(z).sum(), wanted)
    torch.testing.assert_close(ours, theirs)


def test_fixed_pseudo_inputs_do_not_move_but_their_components_do():
    model = vamp(learned=False)
    assert "prior.pseudo_inputs" in model.state_dict() and "prior.pseudo_inputs" not in dict(model.named_parameters())
    model.prior.log_prob(torch.zeros(1, 3, dtype=torch.float64)).sum().backward()
    assert model.encoder.mu.weight.grad.abs().max() > 0


def test_with_the_data_as_pseudo_inputs_it_is_the_aggregated_posterior(rng):
    """K = N and u_k = x_k give (1/N) sum_n q(z|x_n); the mean KL is then the mutual information, at most log N."""
    model = vamp()
    x = torch.rand(12, 5, generator=rng, dtype=torch.float64)
    model.prior = VampPrior(model.encode, x, learned=False)
    mu, logvar = model.encode(x)
    z = mu + (0.5 * logvar).exp() * torch.randn(2000, 12, 3, generator=rng, dtype=torch.float64)
    q = Normal(mu, (0.5 * logvar).exp())
    aggregated = torch.stack([q.log_prob(z[:, n : n + 1]).sum(-1) for n in range(12)], 1).logsumexp(-1) - math.log(12)
    torch.testing.assert_close(model.prior.log_prob(z), aggregated)
    information = model.prior.kl(mu, logvar, z).mean().item()
    assert 0 < information < math.log(12) < StandardNormal(3).kl(mu, logvar, z).sum(-1).mean().item()


def test_trap_15_the_kl_is_the_sample_difference_and_unbiased(rng):
    """Against a million samples of q, for a prior whose KL has no closed form."""
    prior = spread_mixture(4, 2)
    mu, logvar = torch.tensor([[0.5, -1.0]]).double(), torch.tensor([[-1.0, 0.3]]).double()
    q = Normal(mu, (0.5 * logvar).exp())
    z = mu + (0.5 * logvar).exp() * torch.randn(100_000, 2, generator=rng).double()
    estimate = prior.kl(mu, logvar, z)
    assert estimate.shape == (100_000, 1) and estimate.min() < 0
    torch.testing.assert_close(estimate[:, 0], q.log_prob(z).sum(-1) - oracle(*prior.components()).log_prob(z))
    axis = torch.linspace(-12, 12, 1201, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    log_q = q.log_prob(grid).sum(-1)
    exact = (log_q.exp() * (log_q - oracle(*prior.components()).log_prob(grid))).sum().item() * 0.02**2
    assert estimate.mean().item() == pytest.approx(exact, abs=4 * estimate.std().item() / 100_000**0.5)


def test_a_mixture_of_one_standard_normal_is_the_standard_normal():
    prior = GaussianMixture(1, 3)
    prior.mu.data.zero_()
    z = torch.randn(5, 3)
    torch.testing.assert_close(prior.log_prob(z), StandardNormal(3).log_prob(z))


def test_a_vampprior_is_a_mixture_tied_to_the_encoder(rng):
    """Handing its components to a GaussianMixture gives the same density and the same responsibilities."""
    prior = vamp().prior
    tied = GaussianMixture(6, 3).double()
    tied.mu.data, tied.logvar.data = (c.detach() for c in prior.components())
    z = torch.randn(9, 3, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(tied.log_prob(z), prior.log_prob(z))
    torch.testing.assert_close(tied.responsibilities(z), prior.responsibilities(z))
    torch.testing.assert_close(prior.responsibilities(z).sum(-1), torch.ones(9, dtype=torch.float64))
    apart = spread_mixture(components=4, dim=8)
    assert apart.responsibilities(apart.mu).argmax(-1).tolist() == list(range(4))


def test_trap_25_the_density_of_the_published_port_differs():
    """-1/2 (l + d^2) / e^l is not -1/2 (l + d^2 / e^l)."""
    z, mu, logvar = torch.tensor([[2.0]]), torch.tensor([[0.0]]), torch.tensor([[1.0]])
    wrong = -0.5 * (logvar + (z - mu) ** 2) / logvar.exp() - 0.5 * math.log(2 * math.pi)
    assert log_normal_components(z, mu, logvar).item() == pytest.approx(Normal(0.0, math.e**0.5).log_prob(z).item(), abs=1e-6)
    assert abs(log_normal_components(z, mu, logvar) - wrong).item() > 0.2


def test_the_prior_keeps_pseudo_inputs_of_its_own():
    """Training must not move the images that they were made from."""
    model, images = VAE(5, 3, (8,)), torch.rand(100, 5)
    for learned in (True, False):
        prior = VampPrior(model.encode, images[:4], learned)
        prior.pseudo_inputs.data.zero_()
        assert images[:4].min() > 0 and prior.pseudo_inputs.untyped_storage().nbytes() == 4 * 5 * 4


def test_float64_latents_meet_a_float32_mixture():
    prior = GaussianMixture(2, 3)
    z = torch.zeros(1, 3, dtype=torch.float64)
    torch.testing.assert_close(prior.log_prob(z).float(), prior.log_prob(z.float()))


def test_a_copy_of_the_model_encodes_with_its_own_encoder():
    """The bound method must follow: otherwise the copy's prior would train the original."""
    model = vamp()
    twin = copy.deepcopy(model)
    twin.encoder.mu.bias.data += 1
    torch.testing.assert_close(twin.prior.components()[0], model.prior.components()[0] + 1)
    assert not any("encode" in name for name in model.prior.state_dict())
