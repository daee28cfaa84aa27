"""The sequential VAE: what each step sees, the gate's direction, gradients between steps, learned priors, its own answers."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from vae_edu.models import SequentialVAE
from vae_edu.models.sequential import GatedStep, Ladder

T, CODES, PIXELS = 3, 5, 192


def ladders(**options):
    return SequentialVAE([Ladder((3, 8, 8), (2, 3), (4, 6)) for _ in range(T)], CODES, **options)


def gated(learned_prior=False, **options):
    steps = [GatedStep(PIXELS, CODES, 7, first=t == 0, learned_prior=learned_prior) for t in range(T)]
    return SequentialVAE(steps, CODES, **options).double()


@pytest.fixture(params=[ladders, gated], ids=["ladder", "gated"])
def model(request):
    torch.manual_seed(0)
    return request.param().double().eval()


def images_of(model, noise):
    return model.unroll(noise)[0]


def test_each_step_sees_the_image_before_and_its_own_code_alone(model):
    noise = torch.randn(4, T * CODES, dtype=torch.float64)
    images = images_of(model, noise)
    assert images.shape == (T, 4, PIXELS) and bool((images >= 0).all()) and bool((images <= 1).all())
    other = noise.clone()
    other[:, CODES : 2 * CODES] += 1.0
    changed = images_of(model, other)
    assert torch.equal(changed[0], images[0]) and not torch.allclose(changed[1], images[1])


def test_trap_30_alpha_keeps_the_image_before(model):
    """SOURCES.md, "Traps": x_t = alpha x_(t-1) + (1 - alpha) new, as the paper writes it; its code has 1 - alpha."""
    noise = torch.randn(4, T * CODES, dtype=torch.float64)
    last = model.steps[2]
    bias = last.last.bias.data[-1:] if isinstance(last, Ladder) else last.gate.bias.data
    bias += 50.0
    images = images_of(model, noise)
    torch.testing.assert_close(images[2], images[1])
    bias -= 100.0
    assert not torch.allclose(images_of(model, noise)[2], images[1], atol=0.01)


def test_trap_31_no_gradient_passes_from_step_to_step_unless_it_is_asked_for():
    """SOURCES.md, "Traps": networks of their own for each step, and a stop between them."""
    for through in (False, True):
        model = gated(through=through)
        images_of(model, torch.randn(4, T * CODES, dtype=torch.float64))[2].sum().backward()
        assert bool(model.steps[1].new.weight.grad.any()) is through and model.steps[2].new.weight.grad.any()


def test_the_objective_counts_every_step_and_each_kl(model):
    x = torch.rand(4, PIXELS, dtype=torch.float64)
    terms = model.elbo(x, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(4, T * CODES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mu, logvar = (part.detach().numpy() for part in model.encode(x))
    images = model.unroll(noise, model.encode(x))[0].detach().numpy()
    by_hand = sum(norm.logpdf(x.numpy(), image, 32**-0.5).sum(1) for image in images)
    np.testing.assert_allclose(terms.reconstruction.detach().numpy(), by_hand, rtol=1e-10)
    kl = 0.5 * (mu**2 + np.exp(logvar) - logvar - 1).reshape(4, T, CODES).sum(2)
    np.testing.assert_allclose(terms.kl_parts.detach().numpy(), kl, rtol=1e-9)
    torch.testing.assert_close(terms.kl, terms.kl_parts.sum(1))


def test_a_learned_prior_is_read_off_the_image_before_and_used_for_kl_and_draws():
    torch.manual_seed(1)
    model, x = gated(learned_prior=True), torch.rand(4, PIXELS, dtype=torch.float64)
    noise = torch.randn(4, T * CODES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    q = model.encode(x)
    images, _, mu, logvar = model.unroll(noise, q)
    assert not mu[:, :CODES].any() and not logvar[:, :CODES].any(), "the first step has N(0, I)"
    torch.testing.assert_close(mu[:, CODES : 2 * CODES], model.steps[1].before(images[0])[0])
    _, drawn, *prior = model.unroll(noise)
    torch.testing.assert_close(drawn, prior[0] + (0.5 * prior[1]).exp() * noise)
    kl = (0.5 * ((q[1] - logvar).exp() + (q[0] - mu) ** 2 / logvar.exp() - q[1] + logvar - 1)).sum(1)
    torch.testing.assert_close(model.elbo(x, generator=torch.Generator().manual_seed(0)).kl, kl)


def test_its_own_answers_are_those_of_its_parts():
    torch.manual_seed(2)
    model, x = gated(learned_prior=True).requires_grad_(False), torch.rand(4, PIXELS, dtype=torch.float64)
    noise = torch.randn(6, 4, model.noise_dim, dtype=torch.float64)
    a = model.answers(x, noise)
    assert a["z"].shape == (6, 4, T * CODES) and a["logits"].shape == (4, T * PIXELS) and a["log_weights"].shape == (6, 4)
    images, z, mu, logvar = (part.numpy() for part in model.unroll(noise[2], model.encode(x)))
    np.testing.assert_allclose(a["z"][2].numpy(), z)
    log_p = norm.logpdf(x.numpy(), images[-1], 32**-0.5).sum(1) + norm.logpdf(z, mu, np.exp(logvar / 2)).sum(1)
    weight = log_p - norm.logpdf(z, a["mu"].numpy(), np.exp(a["logvar"].numpy() / 2)).sum(1)
    np.testing.assert_allclose(a["log_weights"][2].numpy(), weight, rtol=1e-9)
    torch.testing.assert_close(a["logits"].unflatten(1, (T, PIXELS))[:, 0], model.unroll(noise[0], model.encode(x))[0][0])


def test_draws_are_means_or_have_the_likelihood_s_noise(model):
    dice = torch.Generator()
    with torch.no_grad():
        means, steps = model.sample(5, generator=dice.manual_seed(0)), model.sample_steps(5, generator=dice.manual_seed(0))
        drawn = model.sample(5, mean=False, generator=dice.manual_seed(0))
    assert torch.equal(means, steps[-1]) and steps.shape == (T, 5, PIXELS)
    assert (drawn - means).std().item() == pytest.approx(math.sqrt(1 / 32), rel=0.1)


def test_what_a_sequential_vae_refuses():
    with pytest.raises(ValueError, match="at least one step"):
        SequentialVAE([], 5)
    for pixels, first in ((6, False), (8, True)):  # a gate of the wrong shape, a first step in second place
        with pytest.raises(ValueError, match=r"This step takes .*; got \(3, 8\)"):
            SequentialVAE([GatedStep(8, 2, 4, first=True), GatedStep(pixels, 2, 4, first=first)], 2).sample(3)
    with pytest.raises(ValueError, match=r"takes the image before as \(3, 8\), a gate for each pixel; got None"):
        SequentialVAE([GatedStep(8, 2, 4)], 2).sample(3)
    for shape, codes, channels in (((3, 6, 8), (2, 3), (4, 6)), ((3, 8, 8), (2, 3), (4,))):
        with pytest.raises(ValueError, match="codes need as many channels"):
            Ladder(shape, codes, channels)
