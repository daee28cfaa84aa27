"""Are drawn images like real ones? What a classifier of real digits says of them, and how far the nearest real image is.

None of these numbers is a likelihood: confidence rewards safe, typical digits, nearness rewards copies and blur, and neither
sees whether all digits are drawn, which `classes_drawn` counts. They need their controls, given by `images_without_a_model`:
blends of two real images, and a Gaussian fitted to the pixels. Used by lectures 00, 01 and 06. Left out: FID and
precision/recall, which need a network trained on photographs.
"""

import functools

import torch
from torch import Generator, Tensor, nn

from .evaluation import Subject
from .reparam import reparameterize

DRAWN = 2000  # images judged for each line of a card
CONFIDENCE = 0.9


def classifier(images: Tensor, labels: Tensor) -> nn.Linear:
    """Logistic regression on pixels, fitted to real images (n, pixels) and their labels: (n, pixels) to ten logits.

    Convex, so that no seed matters; far from real images a deeper network would be surer of itself, and as wrong.
    """
    network = nn.Linear(images.shape[1], 10)
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)
    optimizer = torch.optim.LBFGS(network.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        penalty = 0.5 * network.weight.square().sum() / len(images)
        value = nn.functional.cross_entropy(network(images), labels.long()) + penalty
        value.backward()
        return value

    optimizer.step(loss)
    return network.requires_grad_(False)


def taken_with_confidence(network: nn.Module, images: Tensor) -> float:
    """The share of images (n, pixels) to one class of which the classifier gives a probability of more than 0.9."""
    return (network(images).softmax(-1).amax(-1) > CONFIDENCE).float().mean().item()


def classes_drawn(network: nn.Module, images: Tensor) -> float:
    """How many classes the images (n, pixels) have, as the classifier sees them: exp of the entropy of their shares.

    10 where each digit is drawn as often as the others, 1 where all are alike: what the other two numbers do not see.
    """
    shares = network(images).argmax(-1).bincount(minlength=10) / len(images)
    return torch.special.entr(shares).sum().exp().item()


def distance_to_nearest(images: Tensor, train: Tensor) -> float:
    """The median over images (n, pixels) of the Euclidean distance to the nearest of `train` (m, pixels)."""
    return torch.cat([torch.cdist(block, train).amin(1) for block in images.split(250)]).median().item()


def directions(images: Tensor, number: int = 50) -> Tensor:
    """The first principal directions of images (n, pixels), as columns: (pixels, number)."""
    return torch.linalg.eigh(images.double().T.cov())[1].flip(1)[:, :number].to(images)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """How far two sets of features (n, dim) and (m, dim), as Gaussians, are apart: |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)).

    FID takes a network's features; on `images @ directions(real)` anybody can compute it again. It sees means and covariances.
    """
    a, b = a.double(), b.double()
    c_a, c_b = a.T.cov(), b.T.cov()
    root = torch.linalg.eigvals(c_a @ c_b).real.clamp(min=0).sqrt().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + c_a.trace() + c_b.trace() - 2 * root).item()


def images_without_a_model(train: Tensor, n: int, *, generator: Generator) -> dict[str, Tensor]:
    """The controls, each (n, pixels): the mean of two random training images, and draws from a Gaussian fitted to the pixels."""
    rows = torch.randint(len(train), (2, n), generator=generator)
    return {
        "mean of two training images": train[rows].mean(0),
        "Gaussian of the pixels": gaussian_draws(train, n, generator=generator),
    }


def gaussian_draws(points: Tensor, n: int, *, generator: Generator) -> Tensor:
    """n draws from the Gaussian with the mean and the covariance of points (m, dim): (n, dim)."""
    mean, factor = gaussian_of(points)
    return mean + torch.randn(n, len(mean), generator=generator) @ factor.T


def gaussian_of(points: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (dim,) and a factor L of the covariance, L L' (dim, dim), of points (m, dim); constant coordinates stay constant."""
    values, vectors = torch.linalg.eigh(points.double().T.cov())
    return points.mean(0), (vectors * values.clamp(min=0).sqrt()).to(points)


def box_draws(points: Tensor, n: int, *, generator: Generator) -> Tensor:
    """n uniform draws from the smallest box that holds all points (m, dim): (n, dim)."""
    low, high = points.amin(0), points.amax(0)
    return low + (high - low) * torch.rand(n, len(low), generator=generator)


# Measures: lines of a card


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
def _classifier(images) -> nn.Module:
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
    """Of an infusion chain: minus the log-likelihood of the test images at each step, in nats, with its share of true pixels."""
    found = -subject.model.log_likelihood(subject.test, generator=subject.generator).mean(1)
    return {
        "-log p of the last step (nats)": round(found[-1].item(), 2),
        "share of true pixels by step": [round(rate, 3) for rate in subject.model.rates],
        "-log p by step (nats)": [round(value, 2) for value in found.tolist()],
    }


def draws_by_step(subject: Subject) -> dict:
    """Of a model that draws in steps: the Frechet distance of each step's images to the test images, on 50 principal directions.

    Beside it that of as many training images, below which no model can be told from the data.
    """
    axes = directions(subject.images.train.to(subject.test))
    real, train = subject.test @ axes, subject.images.train[:DRAWN].to(subject.test)
    steps = subject.model.sample_steps(DRAWN, generator=subject.generator)
    return {
        "Frechet distance by step": [round(frechet_distance(images @ axes, real), 2) for images in steps],
        "Frechet distance of training images": round(frechet_distance(train @ axes, real), 2),
    }
