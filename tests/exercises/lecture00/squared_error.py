"""Answers to 00.a squared_error as students write them."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Normal

from tests.exercises.answers import Answers
from tests.exercises.shared import LOG_2PI

answers = Answers()


def pixel_by_pixel(x, y):
    total = torch.zeros(x.shape[:-1], dtype=x.dtype)
    for pixel in range(x.shape[-1]):
        total = total + (y[..., pixel] - x[..., pixel]) * (y[..., pixel] - x[..., pixel])
    return total


answers.right("one line", lambda x, y: ((x - y) ** 2).sum(-1))
answers.right("the other way round, keyword", lambda x, y: (y - x).pow(2).sum(dim=-1))
answers.right("mse_loss without reduction", lambda x, y: F.mse_loss(y, x, reduction="none").sum(-1))
answers.right("mean times the number of pixels", lambda x, y: (x - y).square().mean(-1) * x.shape[-1])
answers.right("einsum", lambda x, y: torch.einsum("...i,...i->...", x - y, x - y))
answers.right("squared norm", lambda x, y: torch.linalg.vector_norm(x - y, dim=-1) ** 2)
answers.right("pixel by pixel", pixel_by_pixel)
answers.right("numpy and back", lambda x, y: torch.from_numpy(np.asarray(np.square(x.numpy() - y.numpy()).sum(axis=-1))))
answers.right("a Gaussian's log density", lambda x, y: (-2 * Normal(y, 1.0).log_prob(x) - LOG_2PI).sum(-1))
answers.right("float32 inside", lambda x, y: ((x.float() - y.float()) ** 2).sum(-1))
answers.wrong("mse_loss as it comes", "one number|everything|mean", lambda x, y: F.mse_loss(y, x))
answers.wrong("mse_loss, summed", "one number|batch", lambda x, y: F.mse_loss(y, x, reduction="sum"))
answers.wrong("summed over pixels, averaged over images", "one number|averaged", lambda x, y: ((x - y) ** 2).sum(-1).mean())
answers.wrong("summed over the images", "dimension", lambda x, y: ((x - y) ** 2).sum(0))
answers.wrong("no sum", "sum", lambda x, y: (x - y) ** 2)
answers.wrong("l1_loss", "absolute", lambda x, y: F.l1_loss(y, x, reduction="none").sum(-1))
answers.wrong("norm", "root|length", lambda x, y: (x - y).norm(dim=-1))
answers.wrong("root of the mean", "root|mean", lambda x, y: ((x - y) ** 2).mean(-1).sqrt())
answers.wrong("sum of differences", "square", lambda x, y: (x - y).sum(-1))
answers.wrong("difference of squares", "difference of squares|each side", lambda x, y: (x**2 - y**2).sum(-1))
answers.wrong("plus for minus", "plus|sign", lambda x, y: ((x + y) ** 2).sum(-1))
answers.wrong("minus the squared error", "sign", lambda x, y: -((x - y) ** 2).sum(-1))
answers.wrong("half a mean", "mean|average", lambda x, y: 0.5 * ((x - y) ** 2).mean(-1))
answers.wrong("the dimension kept", "dimension", lambda x, y: ((x - y) ** 2).sum(-1, keepdim=True))
answers.wrong("divided by the number of images", "first|images|divided", lambda x, y: ((x - y) ** 2).sum(-1) / len(x))
answers.wrong("the restoration clamped", "clamp|cut off", lambda x, y: ((x - y.clamp(0, 1)) ** 2).sum(-1))
answers.wrong("images made black and white", "round", lambda x, y: ((x.round() - y) ** 2).sum(-1))
answers.wrong("the smooth l1_loss", "Huber", lambda x, y: F.smooth_l1_loss(y, x, reduction="none").sum(-1))
answers.wrong("a third power", "third power", lambda x, y: ((x - y) ** 3).sum(-1))
