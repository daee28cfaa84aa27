"""Speed, as ratios within one run: `make bench`. Nothing here asserts a time; the README quotes what was measured.

Where pythae is installed (it is no dependency: pip install --no-deps pythae pydantic ...), its VAE with the same network
is measured beside ours; elsewhere those rows are skipped.
"""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vae_edu import reference, sprites
from vae_edu.disentanglement import higgins_score, mig
from vae_edu.evaluation import log_likelihood, parzen_log_density
from vae_edu.models import VAE, EpitomicVAE
from vae_edu.priors import VampPrior, pseudo_inputs
from vae_edu.training import Settings, fit

torch.manual_seed(0)
BATCH = torch.bernoulli(torch.rand(100, 784))
STEP = dict(rounds=500, warmup_rounds=50)


def gated(a, b):
    return nn.Sequential(nn.Linear(a, 2 * b), nn.GLU())


class Straightforward(nn.Module):
    """The same network as anyone would write it down from Kingma & Welling 2014."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(gated(784, 300), gated(300, 300))
        self.mu, self.logvar = nn.Linear(300, 40), nn.Linear(300, 40)
        self.decoder = nn.Sequential(gated(40, 300), gated(300, 300), nn.Linear(300, 784))

    def loss(self, x):
        h = self.encoder(x)
        mu, logvar = self.mu(h), self.logvar(h).clamp(-6, 2)
        logits = self.decoder(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu))
        cross_entropy = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
        return (cross_entropy + 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)).mean()


def pythae(kind):
    """Its "VAE" or its "VAMP" (500 components), with the network above."""
    models = pytest.importorskip("pythae.models", reason="pythae is not installed: nothing to compare with")
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(gated(784, 300), gated(300, 300))
            self.mu, self.logvar = nn.Linear(300, 40), nn.Linear(300, 40)

        def forward(self, x):
            h = self.body(x.reshape(len(x), -1))
            return ModelOutput(embedding=self.mu(h), log_covariance=self.logvar(h).clamp(-6, 2))

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(gated(40, 300), gated(300, 300), nn.Linear(300, 784), nn.Sigmoid())

        def forward(self, z):
            return ModelOutput(reconstruction=self.body(z).reshape(-1, 1, 28, 28))

    extra = {"number_components": 500} if kind == "VAMP" else {}
    config = getattr(models, f"{kind}Config")(input_dim=(1, 28, 28), latent_dim=40, reconstruction_loss="bce", **extra)
    return getattr(models, kind)(config, Encoder(), Decoder())


def vamp_vae():
    model = VAE(784, 40)
    model.prior = VampPrior(model.encode, pseudo_inputs(500, 784))
    return model


def step(model, loss, fused=True):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4, fused=fused or None)

    def one():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return one


@pytest.mark.benchmark(group="a training step of vae-mnist's network, batch 100")
def test_step_ours(benchmark):
    model = VAE(784, 40)
    benchmark.pedantic(step(model, lambda: -model.elbo(BATCH).value().mean()), **STEP)


@pytest.mark.benchmark(group="a training step of vae-mnist's network, batch 100")
def test_step_straightforward(benchmark):
    model = Straightforward()
    benchmark.pedantic(step(model, lambda: model.loss(BATCH)), **STEP)


@pytest.mark.benchmark(group="a training step of vae-mnist's network, batch 100")
def test_step_pythae(benchmark):
    model = pythae("VAE")
    batch = {"data": BATCH.reshape(-1, 1, 28, 28)}
    benchmark.pedantic(step(model, lambda: model(batch).loss, fused=False), **STEP)  # its trainer's Adam, with its defaults


@pytest.mark.benchmark(group="importance sampling, 20 images x 1,000 samples")
def test_importance_ours(benchmark):
    model = VAE(784, 40).eval()
    benchmark.pedantic(lambda: log_likelihood(model, BATCH[:20], samples=1000), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="importance sampling, 20 images x 1,000 samples")
def test_importance_pythae(benchmark):
    model = pythae("VAE").eval()
    images = BATCH[:20].reshape(-1, 1, 28, 28)
    with torch.no_grad():
        benchmark.pedantic(lambda: model.get_nll(images, n_samples=1000, batch_size=100), rounds=3, warmup_rounds=1)


VAMP_STEP = "a training step with 500 pseudo-inputs, batch 100"


@pytest.mark.benchmark(group=VAMP_STEP)
@pytest.mark.parametrize("prior", ["standard", "vampprior"])
def test_vamp_step(benchmark, prior):
    model = vamp_vae() if prior == "vampprior" else VAE(784, 40)
    benchmark.pedantic(step(model, lambda: -model.elbo(BATCH).value().mean()), rounds=60, warmup_rounds=5)


@pytest.mark.benchmark(group=VAMP_STEP)
def test_vamp_step_pythae(benchmark):
    model = pythae("VAMP")
    batch = {"data": BATCH.reshape(-1, 1, 28, 28)}
    benchmark.pedantic(step(model, lambda: model(batch, epoch=1).loss, fused=False), rounds=60, warmup_rounds=5)


VAMP_SAMPLING = "importance sampling with 500 pseudo-inputs, 20 images x 1,000 samples"


@pytest.mark.benchmark(group=VAMP_SAMPLING)
def test_vamp_importance(benchmark):
    model = vamp_vae().eval()
    benchmark.pedantic(lambda: log_likelihood(model, BATCH[:20], samples=1000), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=VAMP_SAMPLING)
def test_vamp_importance_pythae(benchmark):
    model = pythae("VAMP").eval()
    images = BATCH[:20].reshape(-1, 1, 28, 28)
    with torch.no_grad():
        benchmark.pedantic(lambda: model.get_nll(images, n_samples=1000, batch_size=100), rounds=3, warmup_rounds=1)


ASSIGN = "assigning 2,000 MNIST-sized images to 12 epitomes (48 latents)"  # cost is proportional to the images
GREY = torch.rand(2000, 784)


def paper_evae():
    return EpitomicVAE(784, 48, (500,), size=4, stride=4).eval()


@pytest.mark.benchmark(group=ASSIGN)
def test_assign_ours(benchmark):
    model = paper_evae()
    benchmark.pedantic(lambda: model.assign(GREY), rounds=7, warmup_rounds=1)


@pytest.mark.benchmark(group=ASSIGN)
def test_assign_in_a_plain_loop(benchmark):
    """Epitome by epitome, image batch by image batch of 100: one full cost after the other."""
    model = paper_evae()

    @torch.no_grad()
    def plain():
        costs = torch.empty(len(GREY), 12)
        for y, mask in enumerate(model.masks):
            for first in range(0, len(GREY), 100):
                x = GREY[first : first + 100]
                mu, logvar = model.encode(x)
                mu, logvar = mask * mu, mask * logvar
                logits = model.decoder(mask * mu)
                cross_entropy = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
                costs[first : first + 100, y] = cross_entropy + 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
        return costs.argmin(1)

    assert (plain() == model.assign(GREY)).float().mean() > 0.99  # noise images and an untrained model: near ties
    benchmark.pedantic(plain, rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="an epoch of 2,000 MNIST-sized images, the paper's network with 48 latents")
@pytest.mark.parametrize("kind", ["vae", "evae"])
def test_epoch(benchmark, kind):
    model = paper_evae() if kind == "evae" else VAE(784, 48, (500,), gated=False, logvar_range=None)
    benchmark.pedantic(lambda: fit(model, GREY, None, Settings(epochs=1, lr=1e-3), progress=False), rounds=7, warmup_rounds=1)


PARZEN = "Parzen: 2,000 images against 10,000 samples of 784 pixels"
SAMPLES = torch.rand(10_000, 784)


def test_sprites(benchmark):
    """All 11,520 of them."""
    factors = sprites.factors_of(torch.arange(sprites.NUMBER))
    benchmark.pedantic(lambda: sprites.render(factors), rounds=10, warmup_rounds=1)


@pytest.mark.parametrize("score", ["higgins", "gap", "codes alone"])
def test_scores_of_all_sprites(benchmark, score):
    """Of ten latents, once encoded; beside them the encoding."""
    images = sprites.render(sprites.factors_of(torch.arange(sprites.NUMBER)))
    model = reference.load("betavae4-sprites")
    codes = model.encode(images)[0]
    run = {
        "higgins": lambda: higgins_score(codes, sprites.COUNTS, generator=torch.Generator().manual_seed(0)),
        "gap": lambda: mig(codes, sprites.COUNTS),
        "codes alone": lambda: model.encode(images),
    }
    benchmark.pedantic(run[score], rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=PARZEN)
def test_parzen(benchmark):
    benchmark.pedantic(lambda: parzen_log_density(GREY, SAMPLES, 0.1668), rounds=7, warmup_rounds=1)


@pytest.mark.benchmark(group=PARZEN)
def test_parzens_matrix_product_alone(benchmark):
    benchmark.pedantic(lambda: GREY @ SAMPLES.T, rounds=7, warmup_rounds=1)


@pytest.mark.benchmark(group="a check, after import")
@pytest.mark.parametrize("name", ["kl_normal", "match_reference"])
def test_check(benchmark, name):
    from tests.exercises.answers import answers_to
    from vae_edu.checks.diagnosis import run
    from vae_edu.exercises import EXERCISES

    solution = next(iter(answers_to(name).rights.values()))
    benchmark.pedantic(lambda: run(EXERCISES[name], solution, 1), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="import, in a fresh Python")
@pytest.mark.parametrize("module", ["torch", "vae_edu", "vae_edu.models", "vae_edu.checks"])
def test_import(benchmark, module):
    benchmark.pedantic(lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True), rounds=5, warmup_rounds=1)
