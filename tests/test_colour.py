"""Colour images: the mixture of logistics, the PixelCNN over pixels of three colours, and a training step of each configuration
of Zhao, Song & Ermon 2017 on synthetic images of its shape."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import logistic

from vae_edu import data
from vae_edu.likelihoods import LogisticMixture
from vae_edu.models import PixelVAE
from vae_edu.reference.recipes import GRIDS
from vae_edu.training import fit

LEVELS = torch.arange(256, dtype=torch.float64) / 255


def parameters(components, places=1, seed=0, n=1):
    raw = torch.randn(n, 10 * components * places, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return LogisticMixture(components).parameters_of(raw)


def bins(mean, scale):
    """The probabilities of the 256 levels: differences of the distribution function, the tails in the edge bins."""
    edges = np.concatenate([[-np.inf], (np.arange(255) + 0.5) / 255, [np.inf]])
    return np.diff(logistic.cdf(edges, mean, scale))


def test_the_probabilities_of_a_pixel_are_those_of_three_logistics_after_another():
    """Against SciPy: sum over green and blue of p(red, green, blue) is the mixture's red, and all levels together have mass 1."""
    found, of = parameters(2), LogisticMixture(2)
    log_shares, mean, log_scale, moved = (p[0, ..., 0].numpy() for p in found)
    pairs = torch.cartesian_prod(LEVELS, LEVELS)
    for level in (0, 100, 255):
        x = torch.cat([torch.full((65536, 1), level / 255, dtype=torch.float64), pairs], 1)
        total = of.log_prob(x, tuple(p.expand(65536, *p.shape[1:]) for p in found)).exp().sum().item()
        red = sum(np.exp(s) * bins(m[0], np.exp(v[0]))[level] for s, m, v in zip(log_shares, mean, log_scale))
        assert total == pytest.approx(red, rel=1e-9)
    r, g, _ = levels = 51, 178, 102
    x = torch.tensor([levels], dtype=torch.float64) / 255
    red, green = 2 * r / 255 - 1, 2 * g / 255 - 1
    by_hand = 0.0
    for s, m, v, c in zip(log_shares, mean, np.exp(log_scale), moved):
        means = m[0], m[1] + 0.5 * c[0] * red, m[2] + 0.5 * (c[1] * red + c[2] * green)
        by_hand += np.exp(s) * np.prod([bins(*at)[level] for *at, level in zip(means, v, levels)])
    assert of.log_prob(x, found).item() == pytest.approx(math.log(by_hand), abs=1e-9)


def test_draws_of_pixels_follow_their_probabilities():
    found, of, n = parameters(3, seed=4), LogisticMixture(3), 40_000
    many = tuple(p.expand(n, *p.shape[1:]) for p in found)
    x = of.sample(many, generator=torch.Generator().manual_seed(1))
    assert x.shape == (n, 3) and bool(((255 * x).round() / 255 - x).abs().max() < 1e-6)
    log_shares, mean, log_scale, _ = (p[0, ..., 0].numpy() for p in found)
    red = sum(np.exp(s) * bins(m[0], np.exp(v[0])) for s, m, v in zip(log_shares, mean, log_scale))
    counts = np.bincount((255 * x[:, 0]).round().int().numpy(), minlength=256) / n
    assert np.abs(np.cumsum(counts) - np.cumsum(red)).max() < 0.01
    held = [  # the entropy by draws, against a distribution that is off: the right one must give the higher likelihood
        of.log_prob(x, tuple(p.expand(n, *p.shape[1:]) for p in other)).mean().item() for other in (found, parameters(3, seed=5))
    ]
    assert held[0] > held[1]


def test_the_colours_of_a_pixel_are_drawn_in_their_order():
    """Green follows red where its movement is large, and blue does not where its movements are 0."""
    raw = torch.zeros(5000, 10, dtype=torch.float64)  # one component, one place
    raw[:, 4:7], raw[:, 7] = -2.0, 9.0  # log scales; green by red
    x = LogisticMixture(1).sample(LogisticMixture(1).parameters_of(raw), generator=torch.Generator().manual_seed(0))
    correlation = torch.corrcoef(x.T)
    assert correlation[0, 1] > 0.6 and abs(correlation[0, 2]) < 0.05


def test_several_places_are_independent_given_the_parameters():
    places = 4
    found, of = parameters(2, places, n=3), LogisticMixture(2)
    x = of.sample(found, generator=torch.Generator().manual_seed(0))
    whole, planes = of.log_prob(x, found), x.unflatten(1, (3, places))
    each = sum(of.log_prob(planes[..., at], tuple(p[..., [at]] for p in found)) for at in range(places))
    torch.testing.assert_close(whole, each)
    assert of.mean(found).shape == x.shape


def test_a_colour_pixel_sees_earlier_pixels_whole_and_nothing_of_itself():
    torch.manual_seed(0)
    model = PixelVAE((3, 4), 2, (8,), likelihood=LogisticMixture(2), colours=3, channels=4, kernels=(3, 3)).double()
    model.decoder.head[0] = model.decoder.head[2] = torch.nn.Tanh()  # a ReLU may be shut by chance
    x, z = torch.rand(1, 36, dtype=torch.float64), torch.randn(1, 2, dtype=torch.float64)
    slopes = torch.autograd.functional.jacobian(lambda x: model.raw(x, z), x)[0, :, 0].reshape(20, 12, 3, 12)
    seen = slopes.abs().amax((0, 2)) > 0  # (output's place, input's place), over all colours
    assert not seen.triu().any() and seen[5, 4] and seen[5, 1] and seen[5, 2]
    drawn = model.sample_given(z.expand(7, -1))
    assert drawn.shape == (7, 36) and model.log_likelihood(drawn, z.expand(7, -1)).isfinite().all()


def test_drawing_colours_pixel_by_pixel_agrees_with_one_pass():
    torch.manual_seed(0)
    model = PixelVAE((3, 3), 2, (8,), likelihood=LogisticMixture(2), colours=3, channels=4, kernels=(3, 3)).double()
    z = torch.randn(5, 2, dtype=torch.float64)
    drawn = model.sample_given(z, mean=False, generator=torch.Generator().manual_seed(0))
    means = model.sample_given(z, mean=True, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model.likelihood.mean(model.decode(z, drawn)), means)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * ("lsun" in name)) for name in GRIDS["colour"]])
def test_a_configuration_takes_one_step_on_images_of_its_shape(name):
    recipe = GRIDS["colour"][name]
    pixels = 3 * 32**2 if recipe.data == "cifar10" else 3 * 64**2
    assert recipe.data in data.names() and recipe.wants_gpu and recipe.published is None
    torch.manual_seed(0)
    model, x = recipe.build(), (255 * torch.rand(2, pixels)).round() / 255
    before = [parameter.sum().item() for parameter in model.parameters()]
    history = fit(model, x, None, replace(recipe.settings, epochs=1), progress=False)
    assert math.isfinite(history[0]["train"])
    moved = [was != parameter.sum().item() for was, parameter in zip(before, model.parameters(), strict=True)]
    assert sum(moved) > 0.8 * len(moved)
