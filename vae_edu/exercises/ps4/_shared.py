"""What several exercises of ps4 share."""

import numpy as np

from ..ps1._shared import gaussian_kl


def masks_by_counting(latent_dim, size, stride):
    rows, first = [], 0
    while first + size <= latent_dim:
        rows.append([float(first <= latent < first + size) for latent in range(latent_dim)])
        first += stride
    return np.array(rows)


def kl_terms(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1)


def costs_one_by_one(log_p_x, mu, logvar, masks):
    rows = [gaussian_kl(mask * mu, mask * logvar, 0 * mu, 0 * mu) for mask in masks]
    return np.stack(rows, 1) - log_p_x + np.log(len(masks))


TWO = [[1.0, 0.0], [0.0, 1.0]]
integers = lambda *values: np.array(values)
