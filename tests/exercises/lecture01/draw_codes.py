"""Answers to 01.b draw_codes as students write them."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal

from tests.exercises.answers import Answers

answers = Answers()


def number_by_number(noise, mean, L):
    codes = torch.zeros_like(noise)
    for i in range(noise.shape[0]):
        for j in range(noise.shape[1]):
            codes[i, j] = mean[j] + sum(L[j, k] * noise[i, k] for k in range(j + 1))
    return codes


answers.right("one line", lambda noise, mean, L: mean + noise @ L.T)
answers.right("columns, as in the formula", lambda noise, mean, L: (mean[:, None] + L @ noise.T).T)
answers.right("row by row", lambda noise, mean, L: torch.stack([mean + L @ row for row in noise]))
answers.right("a list of rows", lambda noise, mean, L: [mean + L.matmul(row) for row in noise])
answers.right("number by number", number_by_number)
answers.right("einsum", lambda noise, mean, L: torch.einsum("ij,nj->ni", L, noise) + mean)
answers.right("a layer", lambda noise, mean, L: F.linear(noise, L, mean))
answers.right("addmm", lambda noise, mean, L: torch.addmm(mean, noise, L.T))
answers.right("batched matmul", lambda noise, mean, L: mean + (L @ noise.unsqueeze(-1)).squeeze(-1))
answers.right("Cholesky of the covariance again", lambda noise, mean, L: mean + noise @ torch.linalg.cholesky(L @ L.T).T)
answers.right("numpy and back", lambda noise, mean, L: torch.from_numpy(np.dot(noise.numpy(), L.numpy().T) + mean.numpy()))
answers.right("float32 inside", lambda noise, mean, L: mean.float() + noise.float() @ L.float().T)
answers.wrong("noise @ L", "transposed", lambda noise, mean, L: mean + noise @ L)
answers.wrong("the covariance", "covariance", lambda noise, mean, L: mean + noise @ L @ L.T)
answers.wrong("the other covariance", "other way round", lambda noise, mean, L: mean + noise @ L.T @ L)
answers.wrong("the diagonal", "diagonal", lambda noise, mean, L: mean + torch.diag(L) * noise)
answers.wrong("standard deviations", "correlation", lambda noise, mean, L: mean + L.norm(dim=1) * noise)
answers.wrong("variances", "variances", lambda noise, mean, L: mean + (L**2).sum(1) * noise)
answers.wrong("no mean", "mean", lambda noise, mean, L: (L @ noise.T).T)
answers.wrong("mean through L", "mean", lambda noise, mean, L: (noise + mean) @ L.T)
answers.wrong("only the mean", "noise", lambda noise, mean, L: mean.expand_as(noise))
answers.wrong("only the noise", "L", lambda noise, mean, L: noise + mean)
answers.wrong("minus the noise", "sign|minus", lambda noise, mean, L: mean - noise @ L.T)
answers.wrong("minus the mean", "sign|other way|minus", lambda noise, mean, L: noise @ L.T - mean)
answers.wrong("whitened", "inverse", lambda noise, mean, L: torch.linalg.solve_triangular(L, noise.T, upper=False).T + mean)
answers.wrong(
    "standardised", "standardised", lambda noise, mean, L: torch.linalg.solve_triangular(L, (noise - mean).T, upper=False).T
)
answers.wrong(
    "its own noise", "draw none|noise", lambda noise, mean, L: MultivariateNormal(mean, scale_tril=L).sample(noise.shape[:1])
)
answers.wrong("L for the covariance", "positive", lambda noise, mean, L: mean + noise @ torch.linalg.cholesky(L).T)
answers.wrong("sums of rows", "sum of its row", lambda noise, mean, L: mean + noise * L.sum(1))
answers.wrong("one noise for all codes", "first", lambda noise, mean, L: (mean + L @ noise[0]).expand_as(noise))
answers.wrong("codes in columns", "rows and columns|shape|transposed", lambda noise, mean, L: mean[:, None] + L @ noise.T)
answers.wrong("mean of the codes taken off", "mean", lambda noise, mean, L: mean + (noise - noise.mean(0)) @ L.T)
answers.wrong("L squared by entries", "L|squared", lambda noise, mean, L: mean + noise @ (L**2).T)
answers.wrong("mean twice", "mean", lambda noise, mean, L: 2 * mean + noise @ L.T)
