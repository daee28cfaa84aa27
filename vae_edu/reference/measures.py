"""What a card says of a trained model: measures, each of which takes a `Subject` and gives lines of the card.

The quantities themselves are in `evaluation`, `information` and `drawing`, where lectures use them; here they are averaged over
the test images, rounded and named. A recipe lists its measures.
"""

import functools
import math
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Generator, Tensor, nn

from .. import sprites
from ..data import Dataset, binarize
from ..disentanglement import higgins_score, mig
from ..drawing import (
    box_draws,
    classes_drawn,
    classifier,
    directions,
    distance_to_nearest,
    frechet_distance,
    gaussian_draws,
    gaussian_of,
    images_without_a_model,
    taken_with_confidence,
)
from ..epitome import usage
from ..evaluation import (
    MAP_SIDE,
    active_units,
    bits_per_dimension,
    log_likelihood,
    parzen,
    plane,
    swap_loss,
    unit_activity,
)
from ..information import mutual_information, variance_left
from ..objectives import Elbo
from ..reparam import reparameterize

HIGGINS = ("Higgins' metric, 64 pairs", "Higgins' metric, 8 pairs")
USED = 0.1  # nats: a unit with less in it counts as switched off
HISTOGRAM_BIN = 5  # nats
PARZEN_METRIC = "Parzen log-density (nats)"
PARZEN_SAMPLES = 10_000
DRAWN = 2000  # images judged for each line of a card


@dataclass(frozen=True)
class Subject:
    """What a measure measures: a model on a test set, and what several measures share. Measures give lines of a card.

    test: (n, pixels), the test images as they are scored (binary data binarized once), on the model's device; images: the data
    set they are of; terms: of the bound on `test`, None where there is no bound; samples: of z per image, for the log-likelihood.
    """

    model: nn.Module
    images: Dataset
    test: Tensor
    terms: Elbo | None
    samples: int
    generator: Generator

    @cached_property
    def activity(self) -> Tensor:
        return unit_activity(self.model, self.test)


def bound(subject: Subject) -> dict:
    """The ELBO and its two terms, in nats: means over the test images."""
    terms = subject.terms
    named = {"ELBO": terms.value(), "reconstruction": terms.reconstruction, "KL": terms.kl}
    return {f"{name} (nats)": round(values.mean().item(), 3) for name, values in named.items()}


def likelihood(subject: Subject) -> dict:
    """The importance-sampled log-likelihood: its mean in nats and in bits per dimension, its spread over the test images."""
    found = log_likelihood(subject.model, subject.test, samples=subject.samples, generator=subject.generator, progress=True).cpu()
    lowest = HISTOGRAM_BIN * math.floor(found.min().item() / HISTOGRAM_BIN)
    counts = ((found - lowest) / HISTOGRAM_BIN).long().bincount()
    return {
        "importance samples": subject.samples,
        "log-likelihood (nats)": round(found.mean().item(), 3),
        "standard error (nats)": round(found.std().item() / len(found) ** 0.5, 3),
        "bits per dimension": round(bits_per_dimension(found.mean().item(), subject.test.shape[1]), 4),
        "histogram": {"from (nats)": lowest, "bin (nats)": HISTOGRAM_BIN, "images": counts.tolist()},
    }


def parzen_score(subject: Subject) -> dict:
    """The Parzen-window log-density of the grey test images, sigma from the validation images. See `parzen`."""
    drawn = subject.model.sample(PARZEN_SAMPLES, mean=True, generator=subject.generator)
    score = parzen(drawn, subject.images.valid.to(drawn), subject.images.test.to(drawn))
    return {
        "Parzen samples": PARZEN_SAMPLES,
        PARZEN_METRIC: round(score.mean, 2),
        "standard error (nats)": round(score.standard_error, 2),
        "Parzen sigma": round(score.sigma, 4),
    }


def epitomes(subject: Subject) -> dict:
    """Of a model with epitomes: what of the KL is log E, in nats, and how many test images each epitome has."""
    model = subject.model
    counts = usage(model.assign(subject.test), model.epitomes)
    return {"of it log E (nats)": round(math.log(model.epitomes), 3), "images per epitome": counts.tolist()}


def activity(subject: Subject) -> dict:
    """Active units at both thresholds, and every unit's activity, the highest first; of two layers, z2's."""
    return _activity(subject.activity)


def kl_per_unit(subject: Subject) -> dict:
    """The KL of every unit, in nats, the most active first. A mixture prior's KL has no such parts."""
    kl = subject.terms.kl_parts.mean(0)[subject.activity.argsort(descending=True)]
    return {"KL per unit (nats)": [round(value, 4) for value in kl.tolist()]}


def information(subject: Subject) -> dict:
    """What z says and whether the decoder listens, in nats: mutual information, beside its cap, and the swap loss."""
    mu, logvar = subject.model.encode(subject.test)
    z = reparameterize(mu, logvar, generator=subject.generator)
    return {
        "mutual information (nats)": round(mutual_information(z, mu, logvar).item(), 3),
        "its cap, log M (nats)": round(math.log(len(z)), 3),
        "swap loss (nats)": round(swap_loss(subject.model, subject.test, generator=subject.generator).mean().item(), 2),
    }


MAP_IMAGES = 20_000


def variance_map(subject: Subject) -> dict:
    """Of two latents: what codes on the `plane` leave open of (binarized) training images. Zhao, Song & Ermon 2017, figure 2."""
    x = binarize(subject.images.train[:MAP_IMAGES].to(subject.test), generator=subject.generator)
    mu, logvar = subject.model.encode(x)
    found = variance_left(x, plane().to(x), mu, logvar)
    variance, images = (values.reshape(MAP_SIDE, MAP_SIDE).tolist() for values in found)
    return {
        "variance left on the plane": {
            "training images": len(x),
            "variance": [[round(value, 2) for value in row] for row in variance],
            "effective images": [[round(value, 1) for value in row] for row in images],
        }
    }


def layers(subject: Subject) -> dict:
    """Of two layers: the KL of each, in nats, and the activity of z1."""
    kl = zip(("z1", "z2"), subject.terms.kl_parts.mean(0).tolist())
    means = partial(subject.model.mean_z1, generator=subject.generator)
    return {
        **{f"KL of {layer} (nats)": round(value, 3) for layer, value in kl},
        **_activity(unit_activity(subject.model, subject.test, means=means), " of z1"),
    }


def _activity(values: Tensor, layer: str = "") -> dict:
    return {
        **{f"active units at {threshold}{layer}": active_units(values, threshold=threshold) for threshold in (0.01, 0.02)},
        f"activity per unit{layer}": [round(value, 4) for value in values.sort(descending=True).values.tolist()],
    }


def squared_error(subject: Subject) -> dict:
    """Of an autoencoder: the mean over test images of the squared error, summed over pixels."""
    return {"squared error": round(subject.model.loss(subject.test).mean().item(), 3)}


def codes(subject: Subject) -> dict:
    """Of an autoencoder: where the training images' codes lie, so that one can draw with no data at hand."""
    z = subject.model.encode(subject.images.train)
    mean, factor = gaussian_of(z)
    shown = subject.model.encode(subject.test[:1000])
    rounded = lambda values: [round(value, 3) for value in values.flatten().tolist()]
    return {
        "codes": {
            "low": rounded(z.amin(0)),
            "high": rounded(z.amax(0)),
            "mean": rounded(mean),
            "factor of the covariance, by row": rounded(factor),
            **({"of 1,000 test images, by row": rounded(shown)} if z.shape[1] == 2 else {}),
            **({"their labels": subject.images.test_labels[:1000].tolist()} if z.shape[1] == 2 else {}),
        }
    }


def draws_of_codes(subject: Subject) -> dict:
    """Of an autoencoder: what it draws from codes of the box and of the Gaussian fitted to the training codes.

    Beside them what its decoder can do at codes that are good for sure, those of test images.
    """
    z = subject.model.encode(subject.images.train)
    generator = Generator().manual_seed(414)
    drawn = {
        "codes of test images": subject.model.encode(subject.test[:DRAWN]),
        "codes from the box": box_draws(z, DRAWN, generator=generator),
        "codes from a fitted Gaussian": gaussian_draws(z, DRAWN, generator=generator),
    }
    return _judged(subject, {name: subject.model.decode(points) for name, points in drawn.items()})


def draws(subject: Subject) -> dict:
    """Of a VAE: what it draws from its prior (the means of the pixels).

    Beside that, from the codes of test images (one sample of q(z | x) each) and from a Gaussian fitted to all of these.
    """
    model, generator = subject.model, Generator().manual_seed(414)
    from_prior = model.sample(DRAWN, mean=True, generator=generator)
    z = reparameterize(*model.encode(subject.test), generator=generator)
    codes = {"codes of test images": z[:DRAWN], "codes from a fitted Gaussian": gaussian_draws(z, DRAWN, generator=generator)}
    images = {name: model.sample_given(points, mean=True) for name, points in codes.items()}
    return _judged(subject, {"codes from the prior": from_prior, **images})


def _judged(subject: Subject, drawn: dict[str, Tensor]) -> dict:
    """Beside them, real test images and the draws that no model made."""
    train = subject.images.train
    generator = Generator().manual_seed(415)
    real = {"real test images": subject.images.test[:DRAWN]}
    network = _classifier(subject.images)
    lines = real | drawn | images_without_a_model(train, DRAWN, generator=generator)
    return {
        "draws": {
            name: {
                "taken with confidence": round(taken_with_confidence(network, images.clamp(0, 1)), 3),
                "classes": round(classes_drawn(network, images.clamp(0, 1)), 2),
                "distance to the nearest training image": round(distance_to_nearest(images.clamp(0, 1), train), 2),
            }
            for name, images in lines.items()
        }
    }


@functools.cache
def _axes(images: Dataset) -> Tensor:
    return directions(images.train)


@functools.cache
def _classifier(images: Dataset) -> nn.Module:
    return classifier(images.train, images.train_labels)


def errors_by_step(subject: Subject) -> dict:
    """Of a sequential VAE: each step's squared error on the test images, at one sample of the codes, and its KL in nats."""
    model, x = subject.model, subject.test
    noise = torch.randn(len(x), model.noise_dim, generator=subject.generator, device=x.device)
    errors = (model.unroll(noise, model.encode(x))[0] - x).square().sum(-1).mean(1)
    return {
        "squared error of the last step": round(errors[-1].item(), 2),
        "squared error by step": [round(value, 2) for value in errors.tolist()],
        "KL by step (nats)": [round(value, 2) for value in subject.terms.kl_parts.mean(0).tolist()],
    }


def likelihoods_by_step(subject: Subject) -> dict:
    """Of an infusion chain: minus the log-likelihood of the test images at each step, in nats, with its share of true pixels.

    Beside them the chain's bound on log p(x), from one infused chain for each image.
    """
    found = -subject.model.log_likelihood(subject.test, generator=subject.generator).mean(1)
    weights = subject.model.log_weights(subject.test, generator=subject.generator).mean()
    return {
        "-log p of the last step (nats)": round(found[-1].item(), 2),
        "share of true pixels by step": [round(rate, 3) for rate in subject.model.rates],
        "-log p by step (nats)": [round(value, 2) for value in found.tolist()],
        "bound on log p(x) (nats)": round(weights.item(), 2),
    }


def draws_by_step(subject: Subject) -> dict:
    """Of a model that draws in steps: how far each step's images are from the test images, and how many a classifier is sure of.

    Beside it what as many training images have: below their distance no model can be told from the data.
    """
    drawn = subject.model.sample_steps(DRAWN, generator=subject.generator)
    real = subject.images.train[None, :DRAWN].to(drawn)
    return _judged_by_step(subject, "", drawn) | _judged_by_step(subject, " of training images", real)


def mixed_codes_by_step(subject: Subject) -> dict:
    """Of a sequential VAE: the same with codes of test images in the place of the prior's.

    All steps' codes of one image, and, as a control, each step's of another one: then each fits the prior of its step as well as
    before, and they no longer fit one another.
    """
    model = subject.model
    mu, logvar = (part[:DRAWN] for part in model.encode(subject.test))
    z = reparameterize(mu, logvar, generator=subject.generator)
    mixed = torch.cat([part.roll(at, 0) for at, part in enumerate(z.split(model.codes, -1))], -1)
    found = {}
    for name, codes in ((", codes of one test image", z), (", each step's codes of another", mixed)):
        found |= _judged_by_step(subject, name, model.unroll(torch.zeros_like(codes), (codes, torch.zeros_like(codes)))[0])
    return found


def _judged_by_step(subject: Subject, name: str, steps: Tensor) -> dict:
    """The Frechet distance on 50 principal directions, and the share taken with confidence, of images (steps, n, pixels)."""
    axes, network = _axes(subject.images).to(subject.test), _classifier(subject.images)
    real = subject.test @ axes
    return {
        f"Frechet distance by step{name}": [round(frechet_distance(images @ axes, real), 2) for images in steps],
        f"taken with confidence by step{name}": [round(taken_with_confidence(network, images), 3) for images in steps],
    }


def disentanglement(subject: Subject) -> dict:
    """Of a model of all sprites: Higgins' metric at two numbers of pairs, and the gap, of the mean codes with more than 0.1 nats.

    The others hardly differ between images; standardised they would count as much as any.
    """
    used = (subject.terms.kl_parts.mean(0) > USED).cpu()
    codes = subject.model.encode(subject.images.train.to(subject.test))[0].cpu()[:, used]
    score = lambda pairs: higgins_score(codes, sprites.COUNTS, pairs=pairs, generator=Generator().manual_seed(417))
    return {
        "units with more than 0.1 nats": int(used.sum()),
        **{line: round(score(pairs), 3) for line, pairs in zip(HIGGINS, (64, 8))},
        "MIG": round(mig(codes, sprites.COUNTS), 3),
    }
