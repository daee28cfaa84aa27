"""Are drawn images like real ones? What a classifier of real digits says of them, and how far the nearest real image is.

None of these numbers is a likelihood: confidence rewards safe, typical digits, nearness rewards copies and blur, and neither
sees whether all digits are drawn, which `classes_drawn` counts. They need their controls, given by `images_without_a_model`:
blends of two real images, and a Gaussian fitted to the pixels. Used by lectures 00, 01 and 06. Left out: FID and
precision/recall, which need a network trained on photographs.
"""

import torch
from torch import Generator, Tensor, nn

CONFIDENCE = 0.9


def classifier(images: Tensor, labels: Tensor, *, classes: int = 10) -> nn.Linear:
    """Logistic regression on pixels, fitted to real images (n, pixels) and their labels: (n, pixels) to a logit for each class.

    Convex, so that no seed matters; far from real images a deeper network would be surer of itself, and as wrong.
    """
    network = nn.Linear(images.shape[1], classes)
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
