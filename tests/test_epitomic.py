"""The epitomic VAE and its rivals. Trap numbers: SOURCES.md, "Traps"."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_edu import evaluation
from vae_edu.models import VAE, DropoutVAE, EpitomicVAE, MixtureVAE, matched_width
from vae_edu.models.epitomic import parameter_count
from vae_edu.training import Settings, fit


def epitomic(latent_dim=6, size=2, stride=2, pixels=5, seed=0):
    """A small network whose means are large enough that reconstruction and KL disagree about the best epitome."""
    torch.manual_seed(seed)
    model = EpitomicVAE(pixels, latent_dim, (7,), size=size, stride=stride).double()
    model.encoder.mu.weight.data *= 5
    model.decoder[0][0].weight.data *= 5
    model.decoder[1].weight.data *= 5
    return model


def mixture(seed=0):
    """VAEs that have parted already: each with weights of its own."""
    torch.manual_seed(seed)
    model = MixtureVAE(5, 3, 2, (4,))
    for vae in model.vaes:
        vae.load_state_dict(MixtureVAE(5, 1, 2, (4,)).vaes[0].state_dict())
    return model.double()


def images(rng, n=12, pixels=5):
    return torch.rand(n, pixels, generator=rng, dtype=torch.float64)


def by_hand(model, x, y, noise):
    """Reconstruction and KL of every image at one epitome, with torch.distributions and index selection, no masks."""
    mu, logvar = model.encode(x)
    own = slice(y * model.stride, y * model.stride + model.size)
    q = Normal(mu[:, own], (0.5 * logvar[:, own]).exp())
    z = torch.zeros_like(mu)
    z[:, own] = q.mean + q.stddev * noise[:, own]
    pixels = Bernoulli(logits=model.decoder(z), validate_args=False).log_prob(x)
    return pixels.sum(1), kl_divergence(q, Normal(0.0, 1.0)).sum(1)


def test_with_one_epitome_it_is_the_vae_number_for_number(rng):
    """The same weights and the same noise give the same bound, weights and gradient."""
    vae = VAE(5, 4, (7,), gated=False, logvar_range=None).double()
    whole = EpitomicVAE(5, 4, (7,), size=4, stride=1).double()
    whole.load_state_dict(vae.state_dict())
    x = images(rng)
    for a, b in zip(*(m.elbo(x, generator=torch.Generator().manual_seed(1)) for m in (vae, whole))):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    for model in (vae, whole):
        (-model.elbo(x, generator=torch.Generator().manual_seed(1)).value().mean()).backward()
    for a, b in zip(vae.parameters(), whole.parameters()):
        torch.testing.assert_close(a.grad, b.grad, rtol=0, atol=0)
    a, b = (m.log_weights(x, 3, generator=torch.Generator().manual_seed(1)) for m in (vae, whole))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sizes", [(6, 2, 2), (6, 2, 1), (6, 3, 2), (7, 2, 3)])
@pytest.mark.filterwarnings("ignore:No epitome")
def test_the_bound_of_every_epitome_is_the_one_without_masks(sizes, rng):
    """Traps 1, 2 and 7: mean, log-variance and z are masked, and log E is in the KL."""
    model, x = epitomic(*sizes), images(rng)
    noise = torch.randn(12, sizes[0], generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for y in range(model.epitomes):
        found = model.elbo(x, torch.full((12,), y), generator=torch.Generator().manual_seed(3))
        reconstruction, kl = by_hand(model, x, y, noise)
        torch.testing.assert_close(found.reconstruction, reconstruction)
        torch.testing.assert_close(found.kl, kl + math.log(model.epitomes))
        outside = model.masks[y] == 0
        assert (found.kl_parts[:, outside] == 0).all() and (found.kl_parts[:, ~outside] > 0).all()


def test_nothing_outside_the_epitome_gets_a_gradient(rng):
    """Trap 1: exact zeros for the encoder's heads and for the decoder's columns of the other latents."""
    model = epitomic()
    (-model.elbo(images(rng), torch.ones(12, dtype=torch.long)).value().mean()).backward()
    outside = model.masks[1] == 0
    for gradient in (model.encoder.mu.bias.grad, model.encoder.logvar.bias.grad, model.decoder[0][0].weight.grad.T):
        assert (gradient[outside] == 0).all() and (gradient[~outside] != 0).any()


@pytest.mark.parametrize("sampled", [False, True])
def test_costs_are_minus_the_bound_of_every_epitome_and_the_full_cost_decides(sampled, rng):
    """Trap 5: KL and reconstruction together; neither alone gives the same choice."""
    model, x = epitomic(), images(rng, n=200)
    noise = torch.zeros(200, 6, dtype=torch.float64)
    if sampled:  # the generator of one chunk: 200 images x 3 epitomes fit into one
        noise = torch.randn(200, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    parts = [by_hand(model, x, y, noise) for y in range(3)]
    expected = torch.stack([kl - reconstruction for reconstruction, kl in parts], 1) + math.log(3)
    found = model.costs(x, sampled=sampled, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(found, expected)
    chosen = model.assign(x, sampled=sampled, generator=torch.Generator().manual_seed(4))
    assert torch.equal(chosen, expected.argmin(1))
    for alone in (torch.stack([-r for r, _ in parts], 1), torch.stack([kl for _, kl in parts], 1)):
        assert (alone.argmin(1) != chosen).any()


@pytest.mark.parametrize("model", [epitomic(), mixture()], ids=["evae", "mvae"])
def test_without_y_the_bound_is_that_of_the_epitome_of_least_cost_and_repeats(model, rng):
    x = images(rng)
    y = model.assign(x)
    given, found = (model.elbo(x, which, generator=torch.Generator().manual_seed(1)) for which in (y, None))
    for a, b in zip(given, found):
        torch.testing.assert_close(a, b)
    assert torch.equal(torch.cat([model.assign(row) for row in x.split(1)]), y), "batch size one"


def test_assignment_is_one_encoder_pass_every_decoding_in_bounded_batches_and_no_gradient(rng, monkeypatch):
    """Trap 4."""
    model, rows = epitomic(), {"encoder": 0, "decoder": 0, "at once": 0}

    def count(name):
        def hook(module, inputs, output):
            decoded = (output[0] if isinstance(output, tuple) else output).shape[:-1].numel()
            rows[name] += decoded
            rows["at once"] = max(rows["at once"], decoded)

        return hook

    model.encoder.register_forward_hook(count("encoder"))
    model.decoder.register_forward_hook(count("decoder"))
    monkeypatch.setattr("vae_edu.models.epitomic.ROWS", 64)
    costs = model.costs(images(rng, n=1000))
    assert rows["encoder"] == 1000 and rows["decoder"] == 3000 and rows["at once"] <= 64
    assert not costs.requires_grad


def exact(model, x):
    """log p(x, y) of every epitome by quadrature over the one latent each has: (batch, epitomes)."""
    grid = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    columns = []
    for y in range(model.epitomes):
        z = torch.zeros(len(grid), model.latent_dim, dtype=torch.float64)
        z[:, y] = grid
        with torch.no_grad():
            log_joint = model.log_likelihood(x.unsqueeze(1), z) + Normal(0.0, 1.0).log_prob(grid)
        columns.append(log_joint.logsumexp(1) + math.log(18 / 4000))
    return torch.stack(columns, 1) - math.log(model.epitomes)


def test_the_bound_is_one_and_would_not_be_without_log_e(rng):
    """Trap 7, and eq. 10 with its signs put right (ERRATA.md, E1), against the evidence of a small model."""
    model, x = epitomic(latent_dim=3, size=1, stride=1, pixels=4), images(rng, n=6, pixels=4).round()
    model.encoder.logvar.weight.data.zero_()
    model.encoder.logvar.bias.data.zero_()
    model.encoder.mu.weight.data.zero_()
    model.encoder.mu.bias.data.zero_()  # posterior = prior: the bound's only loss is Jensen's and the other epitomes'
    model.decoder[0][0].weight.data *= 0.05  # and a decoder that hardly listens: no loss by Jensen, log p(x|z) = log p(x)
    evidence = exact(model, x).logsumexp(1)
    bound = torch.stack([model.elbo(x).value() for _ in range(200)]).mean(0).detach()
    assert (bound < evidence).all()
    assert (bound + math.log(3) > evidence - 0.05).all(), "without log E it is no longer below"


def test_importance_weights_estimate_p_of_x_and_y_star(rng):
    model, x = epitomic(latent_dim=3, size=1, stride=1, pixels=4), images(rng, n=5, pixels=4).round()
    model.encoder.logvar.weight.data.zero_()
    model.encoder.logvar.bias.data.zero_()
    model.encoder.mu.weight.data *= 0.1
    joint = exact(model, x)
    found = evaluation.log_likelihood(model, x, samples=40_000, generator=rng)
    torch.testing.assert_close(found, joint[torch.arange(5), model.assign(x)], rtol=0, atol=0.05)
    assert (found < joint.logsumexp(1)).all()


@pytest.mark.parametrize("model", [epitomic(), mixture()], ids=["evae", "mvae"])
def test_generation_draws_epitomes_uniformly_and_only_their_latents(model, monkeypatch, rng):
    """Trap 8."""
    if isinstance(model, EpitomicVAE):
        seen = []
        monkeypatch.setattr(model, "decode", lambda z: seen.append(z) or torch.zeros(len(z), 5))
        model.sample(30_000, generator=rng)
        used = (seen[0] != 0).double()
        assert torch.equal(used.unique(dim=0).sort().values, model.masks.unique(dim=0).sort().values)
        counts = (used @ model.masks.T == 2).sum(0)
        assert seen[0][seen[0] != 0].std().item() == pytest.approx(1.0, abs=0.01)
    else:
        for shade, vae in enumerate(model.vaes):  # each draws a grey level of its own
            monkeypatch.setattr(vae, "decode", lambda z, shade=shade: torch.full((len(z), 5), float(shade)))
        grey = model.sample(30_000, mean=True, generator=rng)[:, 0]
        counts = torch.stack([(grey - torch.tensor(float(e)).sigmoid()).abs() < 1e-6 for e in range(3)]).sum(1)
        assert grey[:50].unique().numel() == 3, "shuffled, not sorted by VAE"
    assert counts.sum() == 30_000 and counts.float().std() < 300


@pytest.mark.parametrize(
    ("latent_dim", "hidden", "size", "widths"),  # SOURCES.md, "Yeung et al. 2017: widths of the mixture"
    [
        (8, 500, 4, (252, 298, 316)), (24, 500, 4, (86, 120, 141)), (48, 500, 4, (45, 66, 81)),
        (8, 1000, 4, (504, 631, 661)), (24, 1000, 4, (173, 282, 326)), (48, 1000, 4, (90, 162, 200)),
        (24, 500, 3, (65, 93, 112)), (48, 1000, 3, (67, 126, 160)),
    ],
)  # fmt: skip
def test_the_mixtures_width_matches_all_parameters_and_is_not_a_share(latent_dim, hidden, size, widths):
    """Trap 9."""
    epitomes = latent_dim // size
    for layers, width in enumerate(widths, 1):
        shared = [hidden] * layers
        assert matched_width(784, latent_dim, shared, size=size, epitomes=epitomes) == width != hidden // epitomes
        ours = epitomes * parameter_count(784, size, [width] * layers)
        assert ours == pytest.approx(parameter_count(784, latent_dim, shared), rel=0.02)


def test_counted_parameters_are_those_of_the_models():
    assert parameter_count(64, 6, [30, 20]) == sum(p.numel() for p in EpitomicVAE(64, 6, (30, 20), size=2, stride=1).parameters())
    assert 3 * parameter_count(64, 2, [9]) == sum(p.numel() for p in MixtureVAE(64, 3, 2, (9,)).parameters())


def test_the_mixture_gives_every_image_to_its_own_vae(rng):
    model, x = mixture(), images(rng)
    with torch.no_grad():
        at_mean = []
        for vae in model.vaes:
            mu, logvar = vae.encode(x)
            kl = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)).sum(1)
            at_mean.append(kl - Bernoulli(logits=vae.decoder(mu), validate_args=False).log_prob(x).sum(1) + math.log(3))
    torch.testing.assert_close(model.costs(x), torch.stack(at_mean, 1))
    y = torch.tensor([0, 2] * 6)  # nobody takes the second
    found = model.elbo(x, y, generator=rng)
    for e in (0, 2):
        mu, logvar = model.vaes[e].encode(x[y == e])
        parts = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0))
        torch.testing.assert_close(found.kl[y == e], parts.sum(1) + math.log(3))
        torch.testing.assert_close(found.kl_parts[y == e][:, 2 * e : 2 * e + 2], parts)
        torch.testing.assert_close(model.posterior(x, y)[0][y == e][:, 2 * e : 2 * e + 2], mu)
    torch.testing.assert_close(found.kl_parts.sum(1) + math.log(3), found.kl)


def test_the_mixtures_importance_weights_are_those_of_the_chosen_vae(rng):
    model, x = mixture(), images(rng)
    y = model.assign(x)
    assert len(y.unique()) > 1
    found = evaluation.log_likelihood(model, x, samples=20_000, generator=rng)
    for e in y.unique():
        own = evaluation.log_likelihood(model.vaes[e], x[y == e], samples=20_000, generator=rng)
        torch.testing.assert_close(found[y == e], own - math.log(3), rtol=0, atol=0.05)


def test_dropout_drops_half_of_the_latents_in_training_and_none_afterwards(rng):
    torch.manual_seed(0)
    model, plain = DropoutVAE(5, 40, (7,)).double(), VAE(5, 40, (7,)).double()
    plain.load_state_dict(model.state_dict())
    x, seen = images(rng, n=400), []
    model.decoder.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    trained = model.elbo(x, generator=torch.Generator().manual_seed(2))
    z = plain.elbo(x, generator=torch.Generator().manual_seed(2))
    assert (seen[0] == 0).double().mean().item() == pytest.approx(0.5, abs=0.02)
    torch.testing.assert_close(trained.kl, z.kl)  # of all latents
    fit(model, x, settings=Settings(epochs=1, lr=1e-9), progress=False)
    plain.load_state_dict(model.state_dict())
    for a, b in zip(*(m.elbo(x, generator=torch.Generator().manual_seed(2)) for m in (model, plain))):
        torch.testing.assert_close(a, b)
    mu, logvar = model.encode(x)
    noise = torch.randn(mu.shape, generator=torch.Generator().manual_seed(2), dtype=mu.dtype)
    kept = seen[0] != 0
    torch.testing.assert_close(seen[0][kept], 2 * (mu + (logvar / 2).exp() * noise)[kept])


@pytest.mark.parametrize("wrong", [dict(size=9), dict(stride=0), dict(size=2.0)])
def test_impossible_sizes_are_refused_by_the_model_too(wrong):
    with pytest.raises(ValueError, match=r"does not fit|must be an integer"):
        EpitomicVAE(64, 8, (16,), **{"size": 2, "stride": 2, **wrong})


def test_one_overflowing_latent_spoils_only_its_own_epitomes(rng):
    model, x = epitomic(), images(rng)
    usual = model.costs(x)
    model.encoder.logvar.bias.data[3] = 1000.0  # in epitome 1 of 0, 1, 2
    found = model.costs(x)
    assert (found[:, 1] > 1e20).all()
    torch.testing.assert_close(found[:, [0, 2]], usual[:, [0, 2]])
