"""Masked convolutions and the convolutional two-layer VAE. Trap numbers: SOURCES.md, "Traps"."""

from itertools import product

import pytest
import torch
from torch import nn

from vae_edu.likelihoods import Logistic256
from vae_edu.models import ConvHVAE, MaskedConv2d
from vae_edu.models.autoregressive import PixelCNNDecoder
from vae_edu.networks import gated_convs, he_init_
from vae_edu.priors import VampPrior, pseudo_inputs
from vae_edu.reparam import reparameterize


def model(shape=(4, 3), layers=3, **parts):
    torch.manual_seed(0)
    built = ConvHVAE(shape, 2, hidden=6, channels=4, layers=layers, **parts).double()
    for layer in built.decoder.stack:
        if isinstance(layer, nn.BatchNorm2d):  # statistics of some training
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.1, 0.3)
    return built.eval()


def linear(decoder):
    """Its stack without the ReLUs, behind which a path could be hidden."""
    return nn.Sequential(*[layer for layer in decoder.double().eval().stack if not isinstance(layer, nn.ReLU)])


def influence(network, shape, target):
    """Which input pixels move the output at `target`: from gradients, (channels, rows, columns) of booleans."""
    x = torch.randn(1, *shape, dtype=torch.float64, requires_grad=True)
    network(x)[0, :, target[0], target[1]].sum().backward()
    return x.grad[0] != 0


@pytest.mark.parametrize("sees_centre", [False, True])
def test_a_masked_convolution_sees_earlier_pixels_only(sees_centre):
    layer = MaskedConv2d(2, 3, 5, sees_centre=sees_centre).double()
    seen = influence(layer, (2, 7, 7), (3, 3))
    expected = torch.zeros(7, 7, dtype=torch.bool)
    expected[1:3, 1:6] = True
    expected[3, 1 : 3 + sees_centre] = True
    assert torch.equal(seen, expected.expand(2, 7, 7))


def test_trap_21_every_input_map_is_masked_and_the_decoder_is_causal():
    """By gradients: no pixel sees itself or a later one, of the image and of the latents' maps alike; the first sees nothing."""
    stack = linear(PixelCNNDecoder((6, 6), 2, 1, channels=4, layers=3))
    order = torch.arange(36).reshape(6, 6)
    for i, j in product(range(6), range(6)):
        seen = influence(stack, (3, 6, 6), (i, j))
        assert not seen[:, order >= order[i, j]].any()
        assert seen.any() == (i + j > 0)


def test_the_receptive_field_has_its_size_and_its_blind_spot():
    """SOURCES.md, "van den Oord et al. 2016: masked convolutions"."""
    for layers, pixels in [(1, 4), (2, 11), (3, 21), (4, 34)]:
        torch.manual_seed(0)
        stack = linear(PixelCNNDecoder((15, 15), 2, 1, channels=8, layers=layers))
        seen = influence(stack, (3, 15, 15), (7, 7))[0]
        assert seen.sum() == pixels
        assert not seen[6, 7 + 2 :].any()  # one row up, at most one column to the right


def test_p_of_x_given_z_sums_to_one():
    """Over all 64 images of six pixels: only a causal decoder does."""
    m = model((3, 2))
    x = torch.tensor(list(product([0.0, 1.0], repeat=6)), dtype=torch.float64)
    z = torch.randn(2, 1, 2, dtype=torch.float64)
    log_p = m.log_likelihood(x, (z[0].expand(64, -1), z[1].expand(64, -1)))
    assert log_p.logsumexp(0).item() == pytest.approx(0, abs=1e-9)


def test_samples_are_drawn_from_the_density_that_is_stated():
    """The means under which each pixel was drawn are those that the decoder states for the finished image."""
    m = model((6, 5), layers=2)
    start = lambda: torch.Generator().manual_seed(5)
    x, means = m.sample(7, generator=start()), m.sample(7, mean=True, generator=start())
    generator = start()
    z2 = m.prior.sample(7, generator=generator)
    z1 = reparameterize(*m.prior_z1(z2), generator=generator)
    torch.testing.assert_close(m.decode((z1, z2), x).sigmoid(), means)
    assert set(x.unique().tolist()) == {0.0, 1.0}
    frequency = m.sample(4000, generator=start())[:, 0].mean()  # the first pixel depends on nothing: one Bernoulli
    assert frequency.item() == pytest.approx(means[0, 0].item(), abs=0.03)


def test_the_weights_hold_all_five_terms_at_several_samples_and_batch_sizes(rng):
    """Against the same terms written out, one sample and one image at a time."""
    m, x = model(), torch.bernoulli(torch.full((3, 12), 0.5, dtype=torch.float64), generator=rng)
    m.rows = 6
    weights = m.log_weights(x, 5, generator=torch.Generator().manual_seed(1))
    generator = torch.Generator().manual_seed(1)
    normal = lambda mu, logvar: torch.distributions.Normal(mu, (0.5 * logvar).exp())
    expected = []
    for n in (2, 2, 1):
        q2 = normal(*m.encode(x))
        z2 = q2.mean + q2.stddev * torch.randn(n, 3, 2, generator=generator, dtype=torch.float64)
        q1 = normal(*m.encode_z1(x, z2))
        z1 = q1.mean + q1.stddev * torch.randn(n, 3, 2, generator=generator, dtype=torch.float64)
        for sample in range(n):
            row = []
            for image in range(3):
                own = (slice(image, image + 1),)
                a, b = z1[sample][own], z2[sample][own]
                pixels = torch.distributions.Bernoulli(logits=m.decode((a, b), x[own]))
                terms = pixels.log_prob(x[own]).sum() + normal(*m.prior_z1(b)).log_prob(a).sum() + m.prior.log_prob(b).sum()
                terms -= q1.log_prob(z1)[sample, image].sum() + q2.log_prob(z2)[sample, image].sum()
                row.append(terms)
            expected.append(torch.stack(row))
    torch.testing.assert_close(weights, torch.stack(expected))


def test_the_papers_network_is_the_default_and_each_latent_matters_in_every_role():
    paper = ConvHVAE((28, 28), 40)
    convs = [layer for layer in paper.decoder.stack if isinstance(layer, MaskedConv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size, c.bias) for c in convs] == [(3, 64, (3, 3), None)] + [
        (64, 64, (3, 3), None)
    ] * 7
    assert [type(layer).__name__ for layer in paper.decoder.stack[:3]] == ["MaskedConv2d", "BatchNorm2d", "ReLU"]
    kernels = lambda body: [layer.kernel_size[0] for layer in body if isinstance(layer, nn.Conv2d)]
    assert kernels(paper.encoder.body) == [7, 3, 5, 3, 3] and kernels(paper.encoder_z1.body.first) == [3, 3, 3, 3, 3]
    m, x = model(), torch.ones(1, 12).double()
    a, b = torch.zeros(1, 2).double(), torch.ones(1, 2).double()
    assert not torch.equal(m.decode((a, a), x), m.decode((a, b), x))
    assert not torch.equal(m.decode((a, a), x), m.decode((b, a), x))
    assert not torch.equal(m.encode_z1(x, a)[0], m.encode_z1(x, b)[0])
    assert not torch.equal(m.encode_z1(x, a)[0], m.encode_z1(0 * x, a)[0])


def test_trap_18_convolutions_keep_the_frameworks_start():
    m = model()
    before = {name: p.detach().clone() for name, p in m.named_parameters() if p.ndim == 4}
    he_init_(m)
    assert before and all(torch.equal(before[name], dict(m.named_parameters())[name]) for name in before)


def test_a_masked_kernel_has_a_middle():
    with pytest.raises(ValueError, match="odd"):
        MaskedConv2d(1, 1, 4, sees_centre=False)


def test_trap_22_training_mode_is_refused_where_images_must_not_mix():
    m = model()
    m.train()
    for call in (lambda: m.sample(2), lambda: m.log_weights(torch.zeros(2, 12).double(), 2)):
        with pytest.raises(RuntimeError, match="eval"):
            call()


def test_it_trains_with_a_vampprior_and_the_first_pixel_ignores_z():
    m = model((5, 4)).float()
    m.prior = VampPrior(m.encode, pseudo_inputs(3, 20, mean=0.5))
    m.train()
    (-m.elbo(torch.rand(6, 20).round()).value()).mean().backward()
    assert m.prior.pseudo_inputs.grad.abs().sum() > 0
    assert all(p.grad is not None for p in m.parameters())
    m.eval()
    z = torch.randn(2, 4, 2)
    logits = m.decode((z[0], z[1]), torch.zeros(4, 20))
    assert logits[:, 0].unique().numel() == 1 and logits[:, -1].unique().numel() == 4


def test_grey_pixels_have_two_outputs_each(rng):
    m = model((3, 3), likelihood=Logistic256())
    x = m.sample(5, generator=rng) * 255
    torch.testing.assert_close(x, x.round())
    mean, log_scale = m.decode((torch.zeros(5, 2).double(), torch.zeros(5, 2).double()), x / 255)
    assert mean.shape == log_scale.shape == (5, 9)


def test_gated_convolutions_leave_the_papers_294_features():
    from vae_edu.models.autoregressive import ENCODER_Z1, ENCODER_Z2

    for layers in (ENCODER_Z1, ENCODER_Z2):
        assert gated_convs((28, 28), layers)(torch.zeros(2, 784)).shape == (2, 294)
        assert gated_convs((28, 20), layers)(torch.zeros(2, 560)).shape == (2, 210)
