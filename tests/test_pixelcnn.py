"""Decoders that draw pixel by pixel: what they see, that sampler and density agree, and what makes a VAE use its latents."""

import math
import time

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm

from vae_edu import data, evaluation, reference
from vae_edu.divergences import kl_normal
from vae_edu.evaluation import swap_loss
from vae_edu.information import mutual_information
from vae_edu.likelihoods import Bernoulli, Logistic256
from vae_edu.models import PixelCNN, PixelVAE, TwoLevelPixelVAE
from vae_edu.models.pixelcnn import CausalLayer, GatedPixelCNN
from vae_edu.priors import VampPrior, pseudo_inputs
from vae_edu.reparam import reparameterize
from vae_edu.training import Settings, fit

SHIPPED = [name for name in reference.names() if name.startswith(("pixel", "vlae"))]
LIVE = {"channels": 12, "kernels": (7, 3, 3)}
SETTINGS = {"epochs": 15, "batch_size": 50, "lr": 1e-2, "lr_decay": 0.01, "normalize_gradients": True}


def shaken(model, scale=0.4):
    """The model with smooth units and weights that no symmetry hides: what does not depend then, cannot depend."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=scale)
    for module in model.modules():
        if isinstance(module, GatedPixelCNN):
            module.head[0] = module.head[2] = torch.nn.Tanh()
    return model.double()


@pytest.mark.parametrize("kernels", [(3,), (3, 3), (5, 3), (3, 1, 1), (7, 3, 3)])
def test_a_pixel_sees_all_of_its_field_and_nothing_else(kernels):
    """By the Jacobian: no later pixel, not itself, no blind spot."""
    rows, columns = 6, 7
    network = shaken(GatedPixelCNN((rows, columns), channels=4, kernels=kernels))
    x = torch.rand(1, rows * columns, dtype=torch.float64)
    seen = torch.autograd.functional.jacobian(lambda x: network(x)[0], x)[:, 0] != 0
    reach = sum(kernel // 2 for kernel in kernels)
    assert network.receptive_field == reach * (2 * reach + 1) + reach
    for pixel in range(rows * columns):
        i, j = divmod(pixel, columns)
        field = [
            (k < i and i - k <= reach and abs(m - j) <= reach) or (k == i and 0 < j - m <= reach)
            for k, m in (divmod(other, columns) for other in range(rows * columns))
        ]
        assert seen[pixel].tolist() == field


def test_the_plain_masked_stack_of_lecture_10_has_a_blind_spot_and_this_one_has_not():
    from vae_edu.models import MaskedConv2d

    torch.manual_seed(0)
    plain = torch.nn.Sequential(*[MaskedConv2d(1, 1, 3, sees_centre=layer > 0) for layer in range(3)]).double()
    x = torch.rand(1, 1, 7, 9, dtype=torch.float64)
    seen = torch.autograd.functional.jacobian(lambda x: plain(x)[0, 0, 5, 4], x)[0, 0] != 0
    network = shaken(GatedPixelCNN((7, 9), channels=2, kernels=(3, 3, 3)))
    ours = torch.autograd.functional.jacobian(lambda x: network(x.flatten(1))[0, 5 * 9 + 4], x)[0, 0] != 0
    assert not seen[4, 6] and ours[4, 6]  # one row up, two to the right
    assert ours.sum() == network.receptive_field > seen.sum()


@pytest.mark.parametrize("options", [{}, {"latent_dim": 3}, {"latent_dim": 3, "z_as_map": True}, {"kernels": (3, 1, 1)}])
@pytest.mark.parametrize("n", [1, 5])
def test_cached_drawing_is_exact(options, n):
    """What was drawn with kept activations has the probabilities that one pass gives the finished image."""
    network = shaken(GatedPixelCNN((5, 6), **{"kernels": (3, 3, 3), **options}))
    z = torch.randn(n, 3, dtype=torch.float64) if "latent_dim" in options else None
    seeded = lambda: torch.Generator().manual_seed(1)
    images = network.draw(n, Bernoulli(), z, generator=seeded())
    means = network.draw(n, Bernoulli(), z, mean=True, generator=seeded())
    torch.testing.assert_close(network(images, z).sigmoid(), means, rtol=0, atol=1e-12)
    assert images.unique().tolist() in ([0.0, 1.0], [0.0], [1.0])


def test_pixels_are_drawn_with_the_probabilities_that_the_density_states():
    """All 16 binary images of 2 x 2 pixels: the masses sum to one, and 20,000 draws have them."""
    model = shaken(PixelCNN((2, 2), channels=4, kernels=(3, 3)), 0.8)
    images = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 4)
    p = model.log_prob(images).exp().detach()
    assert p.sum().item() == pytest.approx(1, abs=1e-12)
    drawn = model.sample(20_000, generator=torch.Generator().manual_seed(0))
    counts = (drawn @ torch.tensor([8.0, 4.0, 2.0, 1.0], dtype=torch.float64)).long().bincount(minlength=16)
    chi2 = ((counts - 20_000 * p) ** 2 / (20_000 * p)).sum().item()
    assert chi2 < 45  # 15 degrees of freedom: exceeded once in 10,000 times


def test_grey_pixels_have_their_two_outputs():
    model = shaken(PixelVAE((4, 3), 2, (8,), likelihood=Logistic256(), channels=4, kernels=(3, 3)))
    x = (torch.rand(5, 12, dtype=torch.float64) * 255).round() / 255
    assert model.elbo(x).value().shape == (5,) and model.sample(3).shape == (3, 12)


@pytest.mark.parametrize("kernel", [2, 4, 1, 0])
def test_a_first_kernel_that_is_not_causal_is_refused_in_one_sentence(kernel):
    with pytest.raises(ValueError, match=r"A causal kernel is odd.* got"):
        CausalLayer(1, 4, kernel, first=True)


def test_importance_weights_are_those_of_a_loop():
    model = shaken(PixelVAE((3, 3), 2, (8,), channels=3, kernels=(3, 3)), 0.3)
    model.rows = 3
    x = torch.rand(4, 9, dtype=torch.float64).round()
    weights = model.log_weights(x, 5, generator=torch.Generator().manual_seed(2)).detach()
    mu, logvar = (t.detach() for t in model.encode(x))
    generator = torch.Generator().manual_seed(2)
    for s in range(5):
        z = reparameterize(mu, logvar, generator=generator)
        for i in range(4):
            log_p = model.log_likelihood(x[i : i + 1], z[i : i + 1]).item() + norm.logpdf(z[i].numpy()).sum()
            log_q = norm.logpdf(z[i].numpy(), mu[i].numpy(), np.exp(0.5 * logvar[i].numpy())).sum()
            assert weights[s, i].item() == pytest.approx(log_p - log_q, abs=1e-10)


def test_the_levels_kl_add_up_to_the_joint_kl():
    """E_q(z2) KL(q(z1|x) || p(z1|z2)) + KL(q(z2|x) || p(z2)) against log q - log p at 200,000 samples of both levels."""
    model = shaken(TwoLevelPixelVAE((3, 3), 2, (8,), channels=3, kernels=(3,)), 0.3).requires_grad_(False)
    x = torch.rand(1, 9, dtype=torch.float64).round()
    many = x.expand(200_000, -1)
    q1, q2 = ([t.numpy() for t in q] for q in (model.encode(x), model.encoder_z2(x)))
    rng = np.random.default_rng(0)
    z1, z2 = (mu + np.exp(logvar / 2) * rng.normal(size=(200_000, 2)) for mu, logvar in (q1, q2))
    p1 = [t.numpy() for t in model.prior_z1(torch.from_numpy(z2))]
    log = lambda z, mu, logvar: norm.logpdf(z, mu, np.exp(logvar / 2)).sum(-1)
    joint = log(z1, *q1) + log(z2, *q2) - log(z1, *p1) - norm.logpdf(z2).sum(-1)
    parts = torch.stack([
        kl_normal(*model.encode(many), *model.prior_z1(torch.from_numpy(z2))).mean(),
        kl_normal(*model.encoder_z2(x), torch.zeros(2), torch.zeros(2)).mean(),
    ])  # fmt: skip
    error = joint.std() / 200_000**0.5
    assert abs(joint.mean() - parts.sum().item()) < 5 * error
    bound = model.elbo(many[:50_000], generator=torch.Generator().manual_seed(1))
    assert torch.allclose(bound.kl_parts.mean(0), parts, atol=0.02) and torch.allclose(bound.kl, bound.kl_parts.sum(1))
    weights = model.log_weights(x, 20_000)
    assert weights.mean().item() == pytest.approx(bound.value().mean().item(), abs=0.1)
    answers = model.answers(x.expand(64, -1), torch.randn(3, 64, model.noise_dim, dtype=torch.float64))
    assert torch.allclose(answers["log_weights"][0], answers["reconstruction"] - answers["kl"])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_draws_what_its_density_says(name):
    """The log-probability along generation is that of one pass, to a thousandth of a nat."""
    model, seeded = reference.load(name), lambda: torch.Generator().manual_seed(3)
    network = model.network if isinstance(model, PixelCNN) else model.decoder
    z = torch.randn(16, model.latent_dim) if model.latent_dim else None
    images = network.draw(16, model.likelihood, z, generator=seeded())
    means = network.draw(16, model.likelihood, z, mean=True, generator=seeded()).double()
    along = torch.where(images > 0, means, 1 - means).log().sum(1)
    at_once = model.likelihood.log_prob(images, network(images, z))
    assert (along - at_once).abs().max() < 1e-3


def test_what_the_cards_of_the_strong_decoders_show():
    cards = {name: reference.card(name)["metrics"] for name in SHIPPED}
    kl, information, swap, bound = (
        {name: card.get(key, 0.0) for name, card in cards.items()}
        for key in ("KL (nats)", "mutual information (nats)", "swap loss (nats)", "ELBO (nats)")
    )
    assert information["pixelvae-digits"] <= 0.3 and swap["pixelvae-digits"] < 1
    assert 3.8 <= kl["pixelvae-freebits-digits"] <= 4.2 and kl["pixelvae-freebits-digits"] > 10 * kl["pixelvae-digits"]
    assert information["pixelvae-map-digits"] > 2 and bound["pixelvae-map-digits"] > bound["pixelcnn-digits"] + 0.2
    assert kl["vlae-digits"] > 5 * kl["pixelvae-digits"] and swap["vlae-digits"] > 5
    cap = cards["pixelvae-nokl-digits"]["its cap, log M (nats)"]
    assert information["pixelvae-nokl-digits"] > cap - 0.1 and bound["pixelvae-nokl-digits"] < bound["pixelvae-digits"] - 10
    assert kl["vlae-mnist14"] >= 2 * kl["pixelvae-mnist14"]


@pytest.mark.slow
def test_collapse_and_its_remedies_on_digits_with_three_seeds():
    digits = data.load("binary-digits")
    test = torch.cat([digits.valid, digits.test])
    found = {}
    for seed in range(3):
        for name, network, options in (
            ("none", None, {}), ("bound", {}, {}), ("free bits", {}, {"free_bits": 0.5}),
            ("window", {"kernels": (3, 1), "z_as_map": True}, {}), ("vamp", {}, {}),
            ("map", {"z_as_map": True}, {}), ("window, bias", {"kernels": (3, 1)}, {}),
        ):  # fmt: skip
            torch.manual_seed(seed)
            model = PixelCNN((8, 8), **LIVE) if network is None else PixelVAE((8, 8), 8, **(LIVE | network))
            if name == "vamp":
                model.prior = VampPrior(model.encode, pseudo_inputs(30, 64, mean=0.5, std=0.3))
            fit(model, digits.train, None, Settings(seed=seed, **SETTINGS, **options), progress=False)
            terms = evaluation.elbo_terms(model, test)
            found.setdefault(name, []).append((terms.value().mean().item(), terms.kl.mean().item(), model))
    for _, kl, model in found["bound"]:
        mu, logvar = model.encode(test)
        assert mutual_information(reparameterize(mu, logvar), mu, logvar) <= 0.3 and swap_loss(model, test).mean() < 1
        assert kl < 0.3
    kls = {name: [kl for _, kl, _ in three] for name, three in found.items()}
    assert all(3.8 <= kl <= 4.2 for kl in kls["free bits"])
    assert all(window > 5 * kl for window, kl in zip(kls["window"], kls["bound"]))
    assert all(kl < 0.1 for kl in kls["vamp"])  # a better prior is no way out
    assert all(kl > 2 for kl in kls["map"]) and all(kl < 0.5 for kl in kls["window, bias"])  # it is the map, not the window
    assert all(a[0] > b[0] + 0.1 for a, b in zip(found["map"], found["none"]))
    means = {name: sum(bound for bound, *_ in three) / 3 for name, three in found.items()}
    assert abs(means["none"] - means["bound"]) < 0.5


def test_drawing_is_fifty_times_faster_than_a_pass_for_every_pixel():
    network = GatedPixelCNN((28, 28)).requires_grad_(False)
    network.draw(4, Bernoulli())
    started = time.process_time()
    images = network.draw(64, Bernoulli())
    cached = time.process_time() - started
    started = time.process_time()
    network(images)
    assert 784 * (time.process_time() - started) > 50 * cached


def test_mutual_information_against_the_truth_and_its_cap():
    """z = x + sigma noise with x ~ N(0, 1): I = log(1 + 1/sigma^2) / 2."""
    rng = torch.Generator().manual_seed(0)
    mu = torch.randn(2000, 1, generator=rng)
    for sigma in (1.0, 0.3):
        logvar = torch.full_like(mu, 2 * math.log(sigma))
        z = reparameterize(mu, logvar, generator=rng)
        assert mutual_information(z, mu, logvar).item() == pytest.approx(0.5 * math.log(1 + sigma**-2), abs=0.06)
    narrow = torch.full_like(mu, -60.0)
    assert mutual_information(mu, mu, narrow).item() == pytest.approx(math.log(2000), abs=1e-9)
    wide = 1e4 * torch.randn(300, 20, generator=rng)  # float32, spread-out codes: never above the cap
    estimate = mutual_information(wide + 0.01 * torch.randn(300, 20, generator=rng), wide, torch.full_like(wide, -9.2)).item()
    assert estimate <= math.log(300) + 1e-9


def test_mutual_information_is_that_of_a_plain_loop_over_several_blocks(monkeypatch):
    monkeypatch.setattr("vae_edu.information.BLOCK", 7)
    rng = np.random.default_rng(0)
    z, mu, logvar = rng.normal(size=(3, 20, 4))
    log_q = np.array([[norm.logpdf(a, m, np.exp(v / 2)).sum() for m, v in zip(mu, logvar)] for a in z])
    wanted = np.mean(np.diag(log_q) - logsumexp(log_q, axis=1, b=1 / 20))
    assert mutual_information(*map(torch.from_numpy, (z, mu, logvar))).item() == pytest.approx(wanted, abs=1e-12)


def test_what_mutual_information_and_the_swap_loss_refuse():
    one, two = torch.zeros(1, 2), torch.zeros(2, 2)
    with pytest.raises(ValueError, match="at least two images"):
        mutual_information(one, one, one)
    with pytest.raises(ValueError, match="must be finite"):
        mutual_information(two * math.nan, two, two)
    with pytest.raises(ValueError, match=r"must all be \(images, latents\)"):
        mutual_information(two, one, two)
    with pytest.raises(ValueError, match="at least two images"):
        swap_loss(PixelVAE((2, 2), 2, (4,), kernels=(3,)), torch.zeros(1, 4))


def test_ten_thousand_codes_take_less_than_three_seconds():
    mu = torch.randn(10_000, 20)
    started = time.process_time()
    mutual_information(mu, mu, torch.zeros_like(mu))
    assert time.process_time() - started < 3 * 3  # a noisy machine


def test_the_swap_loss_is_zero_where_z_is_ignored_and_positive_where_it_is_not():
    model = PixelVAE((3, 3), 2, (8,), channels=4, kernels=(3,))
    x = torch.rand(10, 9).round()
    assert swap_loss(model, x).abs().max() > 0
    for layer in model.decoder.of_z:
        torch.nn.init.zeros_(layer.weight)
    assert swap_loss(model, x).abs().max() == 0
