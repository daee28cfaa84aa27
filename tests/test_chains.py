"""The chain between images and codes, the variance that a code leaves to the pixels, and the two parts of the mean KL."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from vae_edu import reference
from vae_edu.data import Dataset
from vae_edu.densities import log_standard_normal
from vae_edu.evaluation import gibbs_chain, plane
from vae_edu.information import surgery, variance_left
from vae_edu.models import VAE, PixelVAE
from vae_edu.reference.measures import Subject, variance_map
from vae_edu.reparam import reparameterize


class Linear(torch.nn.Module):
    """q(z|x) = N(x / 2, 1/2), p(x|z) = N(z, 1/4): a chain whose law can be written down."""

    latent_dim = 1

    def encode(self, x):
        return x / 2, torch.full_like(x, np.log(0.5))

    def sample_given(self, z, *, generator=None):
        return z + 0.5 * torch.randn(z.shape, generator=generator)


def test_the_chain_has_the_law_that_it_must_have():
    """x' = x/2 + noise of variance 3/4: after t steps from 1, mean 2^-t, variance (1 - 4^-t) * 1."""
    states = gibbs_chain(Linear(), torch.ones(40_000, 1), 4, generator=torch.Generator().manual_seed(0))
    assert states.shape == (4, 40_000, 1)
    for t, state in enumerate(states, 1):
        assert state.mean().item() == pytest.approx(0.5**t, abs=0.02)
        assert state.var().item() == pytest.approx(1 - 0.25**t, abs=0.03)


def test_every_model_with_one_layer_has_a_chain():
    x = torch.rand(5, 12).round()
    for model in (VAE(12, 2, (8,)), PixelVAE((3, 4), 2, (8,), kernels=(3,))):
        states = gibbs_chain(model, x, 3)
        assert states.shape == (3, 5, 12) and set(states.unique().tolist()) <= {0.0, 1.0}


def test_what_a_chain_refuses():
    model, x = VAE(4, 2, (8,)), torch.zeros(2, 4)
    with pytest.raises(ValueError, match="at least one step, got 0"):
        gibbs_chain(model, x, 0)
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        gibbs_chain(model, x - 1, 1)


def test_the_variance_left_is_that_of_a_plain_sum(monkeypatch):
    monkeypatch.setattr("vae_edu.information.BLOCK", 3)
    rng = np.random.default_rng(0)
    x, z = rng.uniform(size=(9, 4)), rng.normal(size=(7, 2))
    mu, logvar = rng.normal(size=(2, 9, 2))
    found = variance_left(*map(torch.from_numpy, (x, z, mu, logvar)))
    for at, code in enumerate(z):
        w = np.array([norm.pdf(code, m, np.exp(v / 2)).prod() for m, v in zip(mu, logvar)])
        w /= w.sum()
        mean = w @ x
        assert found[0][at].item() == pytest.approx((w @ (x - mean) ** 2).sum(), abs=1e-10)
        assert found[1][at].item() == pytest.approx(1 / (w**2).sum(), rel=1e-9)


def test_where_one_image_lives_alone_no_variance_is_left_and_the_count_says_why():
    mu = torch.tensor([[0.0], [0.0], [100.0]])
    x = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])
    variance, images = variance_left(x, torch.tensor([[0.0], [100.0]]), mu, torch.zeros(3, 1))
    torch.testing.assert_close(variance, torch.tensor([0.25, 0.0]))
    torch.testing.assert_close(images, torch.tensor([2.0, 1.0]))


def test_surgery_adds_up_and_its_second_part_is_that_of_the_mixture():
    """One latent: KL(q(z)||p(z)) of the mixture of posteriors by quadrature; information: what is left of the mean KL."""
    mu, logvar = np.array([[-1.0], [0.5], [2.0]]), np.array([[-1.0], [0.0], [-2.0]])
    grid = np.linspace(-12, 12, 40_001)
    parts = norm.pdf(grid[:, None], mu[:, 0], np.exp(logvar[:, 0] / 2))
    q, p = parts.mean(1), norm.pdf(grid)
    kl = (q * np.log(q / p)).sum() * (grid[1] - grid[0])
    mean_kl = np.mean(0.5 * (mu**2 + np.exp(logvar) - logvar - 1))
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(4000):
        mu_, logvar_ = torch.from_numpy(mu), torch.from_numpy(logvar)
        z = reparameterize(mu_, logvar_, generator=generator)
        found.append(torch.stack(surgery(z, mu_, logvar_, log_standard_normal(z))))
    information, marginal = torch.stack(found).mean(0).tolist()
    assert marginal == pytest.approx(kl, abs=0.05) and information == pytest.approx(mean_kl - kl, abs=0.05)


def test_what_surgery_refuses():
    z = torch.zeros(3, 2)
    with pytest.raises(ValueError, match=r"log p\(z\) of each of the 3 z"):
        surgery(z, z, z, torch.zeros(2))
    with pytest.raises(ValueError, match="at least two images"):
        surgery(z[:1], z[:1], z[:1], torch.zeros(1))


def test_the_variance_map_is_that_of_the_plane_and_needs_two_latents():
    images = Dataset("noise", (3, 4), *[torch.rand(40, 12)] * 3)
    model = VAE(12, 2, (8,)).requires_grad_(False)
    found = variance_map(Subject(model, images, images.test, None, 1, torch.Generator().manual_seed(0)))
    card = found["variance left on the plane"]
    assert card["training images"] == 40 and np.shape(card["variance"]) == np.shape(card["effective images"]) == (30, 30)
    x = torch.bernoulli(images.train, generator=torch.Generator().manual_seed(0))
    at = plane().reshape(30, 30, 2)
    assert at[0, 0].tolist() == [-3, 3] and at[-1, -1].tolist() == [3, -3], "rows from the top"
    variance, count = variance_left(x, at[4, [7]], *model.encode(x))
    assert card["variance"][4][7] == pytest.approx(variance.item(), abs=0.01)
    assert card["effective images"][4][7] == pytest.approx(count.item(), abs=0.1)


def test_p25_blur_is_posterior_variance_on_the_trained_model():
    """Figure 2 of Zhao et al. 2017: where enough images live, sum p(1 - p) of the decoder is the variance that is left."""
    card = reference.card("vae2d-mnist")["metrics"]["variance left on the plane"]
    left, images = torch.tensor(card["variance"]).flatten(), torch.tensor(card["effective images"]).flatten()
    p = reference.load("vae2d-mnist").decode(plane()).sigmoid()
    blur, enough = (p * (1 - p)).sum(1), images >= 10
    assert torch.corrcoef(torch.stack([left[enough], blur[enough]]))[0, 1] > 0.97
    assert torch.corrcoef(torch.stack([left, blur]))[0, 1] < 0.85, "where hardly an image lives it falls for another reason"
