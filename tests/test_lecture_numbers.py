"""What a lecture says of a trained reference is what stands on the reference's card, or is measured here again."""

import math

import pytest
import torch

from tests.conftest import ROOT
from vae_edu import data, notebooks, reference
from vae_edu.densities import log_normal
from vae_edu.priors import VampPrior
from vae_edu.reparam import reparameterize


def of(name, metric):
    return reference.card(f"{name}-mnist")["metrics"][metric]


def nats(name):
    """To the hundredth, as it is printed."""
    return round(of(name, "log-likelihood (nats)"), 2)


def published(name):
    return reference.card(f"{name}-mnist")["published"]


def terms(name):
    return [of(name, metric) for metric in ("reconstruction (nats)", "KL (nats)", "ELBO (nats)")]


def row(words, name):
    """A row of lecture 08b's table beside Table 3: our half of it."""
    return words, f"| {', '.join(f'{term:.1f}' for term in terms(name))} | {of(name, 'Parzen log-density (nats)'):.0f} |".replace(
        "-", "−"
    )


def gain(words, better, worse):
    """A row of lecture 10's table of what is added: ours and the published one."""
    return words, f"| +{nats(better) - nats(worse):.2f} | +{published(better) - published(worse):.2f} |"


def ahead(kind, rival, size):
    return of(f"{kind}{size}", "Parzen log-density (nats)") - of(f"{rival}{size}", "Parzen log-density (nats)")


QUOTES = {  # lecture: (the words before the numbers, the numbers as the cards have them)
    "07": [
        ("**What you should see:** ", f"{of('vae48', 'active units at 0.02')} units carry the image"),
        ("has ", f"{of('vae48', 'active units at 0.01')}."),
    ],
    "08b": [
        row("| VAE, $D=8$ | −89.4, 16.6, −106.0 | 278 ", "vae8"), row("| eVAE, $D=8$ | −110.1, 9.6, −119.7 | 298 ", "evae8"),
        row("| VAE, $D=24$ | −61.1, 29.3, −90.4 | 152 ", "vae24"), row("| eVAE, $D=24$ | −84.2, 15.7, −99.9 | 274 ", "evae24"),
        row("| VAE, $D=48$ | −59.1, 30.3, −89.4 | 151 ", "vae48"), row("| eVAE, $D=48$ | −82.8, 14.2, −97.0 | 284 ", "evae48"),
        ("By Parzen the eVAE is ", f"{ahead('evae', 'vae', 48):.0f} to {ahead('evae', 'vae', 24):.0f} nats ahead of the VAE"),
        ("our cards: ", ", ".join(f"{of(f'evae{size}', 'Parzen log-density (nats)'):.0f}" for size in (8, 24, 48))),
    ],
    "09": [
        ("are worth ", f"{nats('vampprior') - nats('vae'):.2f} nats over"),
        ("brings ", f"{nats('mog') - nats('vae'):.2f} of them"),
        ("end ", f"{nats('vae') - nats('vampdata'):.2f} nats *below*"),
        ("it has ", f"{terms('vampprior')[0] - terms('vampdata')[0]:.1f} nats less of reconstruction"),
        ("*and* ", f"{terms('vampdata')[1] - terms('vampprior')[1]:.1f} nats more of KL"),
        ("The published value of the VampPrior is ", f"{published('vampprior') - nats('vampprior'):.1f} nats better"),
    ],
    "10": [
        ("**What you should see:** ", f"{of('hvae', 'active units at 0.01')} active upper units with $\\mathcal N(0,I)$"),
        ("active upper units with $\\mathcal N(0,I)$, ", f"{of('hvae-vampprior', 'active units at 0.01')} with the VampPrior"),
        ("carry more, ", f"{of('hvae-vampprior', 'KL of z2 (nats)'):.1f} nats instead of {of('hvae', 'KL of z2 (nats)'):.1f}"),
        ("the lower one less, ", f"{of('hvae-vampprior', 'KL of z1 (nats)'):.1f} instead of {of('hvae', 'KL of z1 (nats)'):.1f}"),
        gain("| the VampPrior, one layer ", "vampprior", "vae"), gain("| the VampPrior, two layers ", "hvae-vampprior", "hvae"),
        gain("| the second layer, $\\mathcal N(0,I)$ ", "hvae", "vae"),
        gain("| the second layer, VampPrior ", "hvae-vampprior", "vampprior"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("lecture", QUOTES)
def test_a_number_that_quotes_a_card_agrees_with_it(lecture):
    (path,) = (ROOT / "lectures").glob(f"{lecture}_*.ipynb")
    text = "\n".join(cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown")
    assert not [before + number for before, number in QUOTES[lecture] if before + number not in text]


def test_the_posteriors_of_all_training_images_are_a_dear_prior_for_new_ones(mnist):
    """Lecture 09's table of priors that are put behind `vae-mnist`, on other test images: 27, 82 and 59 nats there."""
    model, generator = reference.load("vae-mnist"), torch.Generator().manual_seed(0)
    x, train = (data.binarize(images, generator=generator) for images in (mnist.test[:1000], mnist.train))
    with torch.no_grad():
        mu, logvar = model.encode(x)
        z = reparameterize(mu, logvar, generator=generator)
        log_q = log_normal(z, mu, logvar)
        kl = {"N(0, I)": (log_q - model.prior.log_prob(z)).mean().item()}
        parts = [
            torch.cat([VampPrior(model.encode, block, learned=False).log_prob(some) for some in z.split(500)])
            for block in train.split(5000)
        ]
        kl["5,000"] = (log_q - parts[0]).mean().item()
        kl["50,000"] = (log_q - (torch.stack(parts).logsumexp(0) - math.log(10))).mean().item()
    assert kl["N(0, I)"] == pytest.approx(27.1, abs=1)
    assert kl["5,000"] == pytest.approx(82.5, abs=4)
    assert kl["50,000"] == pytest.approx(59.4, abs=3)
