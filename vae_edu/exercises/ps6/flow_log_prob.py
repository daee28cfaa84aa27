"""ps6.5: flow_log_prob."""

import math

import numpy as np
from scipy.stats import norm

from ... import densities, flows
from ...reference import probe
from ..exercise import Exercise

LOG_2PI = math.log(2 * math.pi)


def draw_flow(rng: np.random.Generator):
    """1 to 6 z of 1 to 5 dimensions, scales of both signs."""
    shape = rng.integers(1, 7), rng.integers(1, 6)
    return rng.normal(size=shape), rng.normal(size=shape), rng.choice([-1, 1], size=shape) * rng.uniform(0.2, 3, size=shape)


def probe_posteriors():
    """log q(z|x) is the density of a flow, too: shift mu, scale sigma; it is what is left of the probe's other numbers."""
    a = probe("pixelvae-digits")
    log_q = a.reconstruction.numpy() + norm.logpdf(a.z[0].numpy()).sum(-1) - a.log_weights[0].numpy()
    arguments = a.z[0].numpy(), a.mu.numpy(), (0.5 * a.logvar).exp().numpy()
    return "64 posteriors of pixelvae-digits", arguments, (log_q,)


exercise = Exercise(
    "ps6.5",
    "flow_log_prob",
    ["z", "shift", "scale"],
    oracle=lambda z, shift, scale: norm.logpdf(z, shift, np.abs(scale)).sum(-1),
    draw=draw_flow,
    reference=probe_posteriors,
    closed_book=[flows.flow_log_prob, flows.to_noise, densities.log_normal, densities.log_standard_normal],
)
exercise.case("shift 0, scale 1: the standard normal", [0.0, 0.0], [0.0, 0.0], [1.0, 1.0], expected=-LOG_2PI)
exercise.case("at the shift: minus the log of the scale", [3.0], [3.0], [2.0], expected=-LOG_2PI / 2 - math.log(2))
exercise.case("by hand: z₀ = (5 − 1)/2 = 2", [5.0], [1.0], [2.0], expected=-LOG_2PI / 2 - 2 - math.log(2))
exercise.case("scales 2 and ½: the volumes cancel", [0.0, 0.0], [0.0, 0.0], [2.0, 0.5], expected=-LOG_2PI)
exercise.case("a scale of −2: a mirror does not change a volume", [5.0], [1.0], [-2.0], expected=-LOG_2PI / 2 - 2 - math.log(2))
exercise.case("two z", [[0.0, 0.0], [1.0, 2.0]], [[0.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 2.0]],
    expected=[-LOG_2PI, -LOG_2PI - 0.5 - math.log(2)])  # fmt: skip
exercise.case("very wide: a scale of e¹⁰⁰", [0.0], [0.0], [math.exp(100)], expected=-LOG_2PI / 2 - 100, edge=True)
exercise.case("very narrow: a scale of e⁻¹⁰⁰", [1.0], [1.0], [math.exp(-100)], expected=-LOG_2PI / 2 + 100, edge=True)
exercise.case("two dimensions in front", [[[0.0], [0.0]]], [[[0.0], [0.0]]], [[[1.0], [2.0]]],
    expected=[[-LOG_2PI / 2, -LOG_2PI / 2 - math.log(2)]], edge=True)  # fmt: skip
exercise.always("70 z of 30 dimensions", lambda rng: (*rng.normal(size=(2, 70, 30)), rng.uniform(-3, 3, size=(70, 30))))


def _log_n(z0):
    return -0.5 * (LOG_2PI + z0**2)


@exercise.misconception("The determinant has the wrong sign: stretching (a large scale) thins the density out.")
def plus_log_scale(z, shift, scale):
    return (_log_n((z - shift) / scale) + scale.abs().log()).sum(-1)


@exercise.misconception("The determinant is missing: a change of variables changes volumes.")
def no_determinant(z, shift, scale):
    return _log_n((z - shift) / scale).sum(-1)


@exercise.misconception("The log of a negative scale is no number: the determinant's absolute value counts.")
def signed_scale(z, shift, scale):
    return (_log_n((z - shift) / scale) - scale.log()).sum(-1)


@exercise.misconception("This is the map from noise to z: z is given, and z₀ = (z − shift)/scale is asked for.")
def forward_map(z, shift, scale):
    return (_log_n(shift + scale * z) - scale.abs().log()).sum(-1)


@exercise.misconception("Scaled before it is shifted: z₀ = (z − shift)/scale, not z/scale − shift.")
def scaled_first(z, shift, scale):
    return (_log_n(z / scale - shift) - scale.abs().log()).sum(-1)


@exercise.misconception("Multiplied by the scale, where z₀ = (z − shift)/scale divides by it.")
def multiplied(z, shift, scale):
    return (_log_n((z - shift) * scale) - scale.abs().log()).sum(-1)


@exercise.misconception("The scale is taken for a variance: it is what the noise is multiplied with.")
def variance(z, shift, scale):
    return (_log_n((z - shift) / scale.abs().sqrt()) - 0.5 * scale.abs().log()).sum(-1)


@exercise.misconception("The scale is taken for a log-scale: it stands here as it is.")
def log_scale(z, shift, scale):
    return (_log_n((z - shift) * (-scale).exp()) - scale).sum(-1)


@exercise.misconception("The determinant is added where its log belongs.")
def determinant_without_log(z, shift, scale):
    return _log_n((z - shift) / scale).sum(-1) - scale.abs().prod(-1)


@exercise.misconception("The normalising constant −½ log 2π of each dimension is missing.")
def without_constant(z, shift, scale):
    return (-0.5 * ((z - shift) / scale) ** 2 - scale.abs().log()).sum(-1)


@exercise.steps
def in_steps(z, shift, scale):
    z0 = (z - shift) / scale  # the noise z₀
    density = -0.5 * (LOG_2PI + z0**2)  # the log density of the noise
    size = scale.abs()  # the size of the scale
    volume = size.log()  # the log of the scale
    return (density - volume).sum(-1)  # the log density of z
