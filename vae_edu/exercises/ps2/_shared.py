"""What several exercises of ps2 share."""

import math

import numpy as np
from scipy.stats import norm

LN2, LOG_2PI = math.log(2), math.log(2 * math.pi)


def by_inverse_cdf(mu, logvar, noise):
    """The same quantile of N(mu, sigma^2) as the noise has in N(0, 1)."""
    return norm.ppf(norm.cdf(noise), loc=mu, scale=np.sqrt(np.exp(logvar)))
