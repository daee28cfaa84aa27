"""ps7.5: match_seqvae."""

import numpy as np
import torch
from scipy.stats import norm

from ...models import SequentialVAE
from ...reference import probe
from ..alternatives import KL
from ..exercise import Exercise
from ..ps1._shared import gaussian_kl
from ..ps3._shared import kl_parts


def step_by_step(x, images, mu, logvar):
    """Squared distances, closed-form KLs and SciPy's normal densities of variance 1/32."""
    steps = len(images)
    errors = np.array([np.linalg.norm(image - x, axis=-1) ** 2 for image in images]).mean(1)
    codes = zip(np.split(mu, steps, -1), np.split(logvar, steps, -1))
    kl = np.array([gaussian_kl(m, v, np.zeros_like(m), np.zeros_like(m)).mean() for m, v in codes])
    log_p = norm.logpdf(x, images, np.sqrt(1 / 32)).sum((0, -1)).mean()
    return errors, kl, log_p - kl.sum()


def draw_steps(rng: np.random.Generator):
    """2 to 5 grey images of 3 to 8 pixels, 2 to 4 steps of 1 to 3 latents."""
    batch, pixels, steps, codes = rng.integers(2, 6), rng.integers(3, 9), rng.integers(2, 5), rng.integers(1, 4)
    shape = (batch, steps * codes)
    return (
        rng.uniform(size=(batch, pixels)),
        rng.uniform(size=(steps, batch, pixels)),
        1.5 * rng.normal(size=shape),
        rng.uniform(-3, 0, size=shape),
    )


def whole_probe():
    a = probe("seqvae-mnist")
    images = a.logits.unflatten(1, (5, -1)).transpose(0, 1)
    arguments = tuple(t.numpy() for t in (a.x, images, a.mu, a.logvar))
    errors, kl, _ = step_by_step(*arguments)
    return "seqvae-mnist, on its 64 images", arguments, (errors, kl, (a.reconstruction - a.kl).mean().item())


exercise = Exercise(
    "ps7.5",
    "match_seqvae",
    ["x", "images", "mu", "logvar"],
    oracle=step_by_step,
    draw=draw_steps,
    reference=whole_probe,
    closed_book=[SequentialVAE.elbo],
    unit="",
    item="step",
)
FREE = 0.5 * np.log(16 / np.pi)  # log N(x; x, 1/32)
ZERO = [[0.0, 0.0]]
exercise.case("both steps exact, codes as the prior", [[0.5]], [[[0.5]], [[0.5]]], ZERO, ZERO,
    expected=([0.0, 0.0], [0.0, 0.0], 2 * FREE))  # fmt: skip
exercise.case("errors 1 and ¼, weighed with 16", [[1.0]], [[[0.0]], [[0.5]]], ZERO, ZERO,
    expected=([1.0, 0.25], [0.0, 0.0], 2 * FREE - 16 * 1.25))  # fmt: skip
exercise.case("means 2 and 0: the KL is the first step's", [[0.5]], [[[0.5]], [[0.5]]], [[2.0, 0.0]], ZERO,
    expected=([0.0, 0.0], [2.0, 0.0], 2 * FREE - 2))  # fmt: skip
exercise.case("two latents a step: theirs are added", [[0.5]], [[[0.5]], [[0.5]]], [[1.0, 1.0, 2.0, 0.0]], [[0.0] * 4],
    expected=([0.0, 0.0], [1.0, 2.0], 2 * FREE - 3))  # fmt: skip
exercise.case("two images, two pixels", [[0.0, 0.0], [1.0, 1.0]], [[[0.5, 0.5], [0.5, 0.5]], [[0.0, 0.0], [0.5, 1.0]]],
    [[0.0, 0.0], [2.0, 0.0]], [[0.0, -1.0]] * 2,
    expected=([0.5, 0.125], [1.0, 0.5 * np.exp(-1)], 4 * FREE - 16 * 0.625 - 1 - 0.5 * np.exp(-1)))  # fmt: skip
exercise.always("70 images", lambda rng: (
    rng.uniform(size=(70, 20)), rng.uniform(size=(3, 70, 20)), rng.normal(size=(70, 12)), rng.uniform(-3, 0, size=(70, 12))))  # fmt: skip


def _errors(x, images):
    return (images - x).square().sum(-1).mean(1)


def _kls(mu, logvar, steps):
    return kl_parts(mu, logvar).unflatten(-1, (steps, -1)).sum(-1).mean(0)


def _three(x, images, mu, logvar, errors=None, kl=None, weight=16.0, constant=None, beta=1.0):
    errors, kl = _errors(x, images) if errors is None else errors, _kls(mu, logvar, len(images)) if kl is None else kl
    constant = x.shape[-1] * len(images) * float(FREE) if constant is None else constant
    return errors, kl, constant - weight * errors.sum() - beta * kl.sum()


@exercise.misconception("The squared errors are averaged over the pixels: they are summed.")
def mean_over_pixels(x, images, mu, logvar):
    return _three(x, images, mu, logvar, errors=_errors(x, images) / x.shape[1])


@exercise.misconception("The objective lacks log N's constant, ½ log(16/π) for each pixel of each step.")
def without_constant(x, images, mu, logvar):
    return _three(x, images, mu, logvar, constant=0.0)


@exercise.misconception("The constant is that of one step: every step has its own Gaussian.")
def constant_of_one_step(x, images, mu, logvar):
    return _three(x, images, mu, logvar, constant=x.shape[-1] * float(FREE))


@exercise.misconception("The squared error weighs 1, as in the paper: a variance of 1/32 makes it 16.")
def weight_one(x, images, mu, logvar):
    return _three(x, images, mu, logvar, weight=1.0)


@exercise.misconception("The squared error weighs 32: the Gaussian has ½ in front of it, so that a variance of 1/32 makes 16.")
def weight_doubled(x, images, mu, logvar):
    return _three(x, images, mu, logvar, weight=32.0)


@exercise.misconception("The KL is added, as the paper prints it: it is a cost, and subtracted.")
def kl_added(x, images, mu, logvar):
    return _three(x, images, mu, logvar, beta=-1.0)


@exercise.misconception("Only the last step counts in the objective here: the errors and KLs of all steps do.")
def last_step_alone(x, images, mu, logvar):
    errors, kl, _ = _three(x, images, mu, logvar)
    return errors, kl, x.shape[-1] * float(FREE) - 16 * errors[-1] - kl[-1]


@exercise.misconception("All KLs but only the last error are in the objective: here the errors of all steps count.")
def last_error_all_kl(x, images, mu, logvar):
    errors, kl, _ = _three(x, images, mu, logvar)
    return errors, kl, x.shape[-1] * float(FREE) - 16 * errors[-1] - kl.sum()


@exercise.misconception("The latents are dealt out to the steps in turn: the first ones all belong to the first step.")
def latents_interleaved(x, images, mu, logvar):
    return _three(x, images, mu, logvar, kl=kl_parts(mu, logvar).unflatten(-1, (-1, len(images))).sum(-2).mean(0))


@exercise.misconception("The KL is averaged over a step's latents: it is their sum.")
def mean_over_latents(x, images, mu, logvar):
    return _three(x, images, mu, logvar, kl=kl_parts(mu, logvar).unflatten(-1, (len(images), -1)).mean((0, 2)))


@exercise.misconception("Summed over the images: all numbers are means over them.")
def summed_over_images(x, images, mu, logvar):
    return tuple(len(x) * value for value in _three(x, images, mu, logvar))


@exercise.misconception("Each step is compared with the step before: every step is compared with the image itself.")
def against_the_step_before(x, images, mu, logvar):
    before = torch.cat([x[None], images[:-1]])
    return _three(x, images, mu, logvar, errors=(images - before).square().sum(-1).mean(1))


@exercise.misconception("1/32 is taken for the standard deviation: it is the variance, and the squared error weighs 16.")
def variance_as_deviation(x, images, mu, logvar):
    constant = x.shape[-1] * len(images) * float(np.log(32) - 0.5 * np.log(2 * np.pi))
    return _three(x, images, mu, logvar, weight=512.0, constant=constant)


@exercise.misconception("The KL is taken to the posterior of the step before: every step's prior is N(0, I).")
def kl_to_the_step_before(x, images, mu, logvar):
    m, v = (part.unflatten(-1, (len(images), -1)) for part in (mu, logvar))
    m0, v0 = (torch.cat([torch.zeros_like(part[:, :1]), part[:, :-1]], 1) for part in (m, v))
    terms = 0.5 * (v0 - v + (v.exp() + (m - m0) ** 2) / v0.exp() - 1)
    return _three(x, images, mu, logvar, kl=terms.sum(-1).mean(0))


@exercise.misconception("Errors and KLs are added up over the steps so far: each step's own are asked for.")
def added_up(x, images, mu, logvar):
    errors, kl, value = _three(x, images, mu, logvar)
    return errors.cumsum(0), kl.cumsum(0), value


@exercise.steps
def in_steps(x, images, mu, logvar):
    squares = (images - x) ** 2  # the squared differences
    of_images = squares.sum(-1)  # the squared error of each image
    errors = of_images.mean(1)  # the mean squared error of each step
    terms = 0.5 * (mu**2 + logvar.exp() - logvar - 1)  # the KL of each latent
    by_step = terms.unflatten(-1, (len(images), -1))  # the KLs of each step's latents
    kl = by_step.sum(-1).mean(0)  # the mean KL of each step
    of_pixel = 0.5 * x.new_tensor(16 / np.pi).log()  # the constant of one pixel
    constant = of_pixel * x.shape[-1] * len(images)  # the constant of all pixels and steps
    log_p = constant - 16 * errors.sum()  # the log-likelihoods
    return errors, kl, log_p - kl.sum()  # errors, KLs and objective


exercise.instead("terms", KL)
