"""Flows: change of variables against determinants, and the same number as a prior and as an inverse posterior."""

import pytest
import torch
from torch.autograd.functional import jacobian
from torch.distributions import Normal

from vae_edu.flows import flow_log_prob, to_noise
from vae_edu.models import VAE
from vae_edu.networks import Autoregressive
from vae_edu.priors import FlowPrior
from vae_edu.reparam import reparameterize
from vae_edu.training import Settings, fit


def shaken(dim=3, hidden=16):
    torch.manual_seed(0)
    prior = FlowPrior(dim, hidden).double()
    for parameter in prior.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return prior.requires_grad_(False)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_the_network_is_autoregressive_and_uses_all_that_it_may(dim):
    torch.manual_seed(0)
    network = Autoregressive(dim, 40, outputs=2).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    z = torch.randn(dim, dtype=torch.float64)
    for part in range(2):
        seen = jacobian(lambda z, part=part: network(z)[part], z) != 0
        assert seen.equal(torch.ones(dim, dim).tril(-1).bool())


def test_the_density_is_the_noise_s_times_the_determinant():
    prior = shaken()
    for z in torch.randn(4, 3, dtype=torch.float64):
        back = lambda z: to_noise(z, *prior.shift_and_scale(z))[0]
        log_det = jacobian(back, z).det().abs().log()
        assert prior.log_prob(z).item() == pytest.approx((Normal(0.0, 1.0).log_prob(back(z)).sum() + log_det).item(), abs=1e-10)


def test_the_density_integrates_to_one_and_a_wrong_sign_does_not():
    """A sum over a grid; smooth and falling off fast, so that it is as exact as any quadrature."""
    prior = shaken(2)
    a, b = torch.arange(-12, 12, 0.03, dtype=torch.float64), torch.arange(-60, 60, 0.06, dtype=torch.float64)
    z = torch.cartesian_prod(a, b)
    log_p, (_, log_det) = prior.log_prob(z), to_noise(z, *prior.shift_and_scale(z))
    assert (log_p.exp().sum() * 0.03 * 0.06).item() == pytest.approx(1, abs=1e-3)
    assert abs(((log_p - 2 * log_det).exp().sum() * 0.03 * 0.06).item() - 1) > 0.1


def test_samples_have_the_density():
    """Mapped back, they are standard normal: mean, variance and correlations of 20,000."""
    prior = shaken()
    z = prior.sample(20_000, generator=torch.Generator().manual_seed(0))
    noise, _ = to_noise(z, *prior.shift_and_scale(z))
    assert noise.mean(0).abs().max() < 0.03 and (noise.T.cov() - torch.eye(3)).abs().max() < 0.05
    assert prior.sample(1).shape == (1, 3)


def test_an_autoregressive_prior_is_an_inverse_autoregressive_posterior():
    """E log p(x|z) aside: log p(z) - log q(z|x) = log N(z0) - log q(z0|x), with q(z0|x) the flow's posterior over the noise."""
    prior = shaken()
    mu, logvar = torch.randn(2, 50, 3, dtype=torch.float64)
    z = reparameterize(mu, logvar)
    log_q = Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(-1)
    z0, log_det = to_noise(z, *prior.shift_and_scale(z))
    as_prior = prior.log_prob(z) - log_q
    as_posterior = Normal(0.0, 1.0).log_prob(z0).sum(-1) - (log_q - log_det)
    torch.testing.assert_close(as_prior, as_posterior, rtol=0, atol=1e-11)
    assert torch.allclose(prior.kl(mu, logvar, z).squeeze(-1), -as_prior)


def test_a_scale_of_zero_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="A scale of 0"):
        flow_log_prob(torch.ones(2), torch.zeros(2), torch.tensor([1.0, 0.0]))


def test_a_vae_trains_with_a_flow_as_its_prior(tmp_path):
    torch.manual_seed(0)
    model = VAE(16, 3, (16,))
    model.prior = FlowPrior(3, 8)
    before = model.prior.network.out.weight.clone()
    x = torch.rand(60, 16).round()
    history = fit(model, x, x[:20], Settings(epochs=3, lr=1e-2), folder=tmp_path, progress=False)
    assert history[-1]["train"] < history[0]["train"] and not model.prior.network.out.weight.equal(before)
    assert model.sample(4).shape == (4, 16)
