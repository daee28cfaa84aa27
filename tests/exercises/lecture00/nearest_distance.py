"""Answers to 00.b nearest_distance as students write them."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def two_loops(x, images):
    nearest = []
    for row in x:
        best = float("inf")
        for image in images:
            best = min(best, float(((row - image) ** 2).sum() ** 0.5))
        nearest.append(best)
    return torch.tensor(nearest, dtype=torch.float64)


def expanded(x, images):
    squared = (x * x).sum(1, keepdim=True) - 2 * x @ images.T + (images * images).sum(1)
    return squared.clamp(min=0).sqrt().min(dim=1).values


def numpy_and_back(x, images):
    x, images = x.numpy(), images.numpy()
    return torch.from_numpy(np.linalg.norm(x[:, None, :] - images[None, :, :], axis=-1).min(axis=1))


pairs = lambda x, images: (x[:, None] - images[None]).norm(dim=-1)

answers.right("cdist", lambda x, images: torch.cdist(x, images).min(1).values)
answers.right("one row at a time", lambda x, images: torch.stack([(images - row).norm(dim=1).min() for row in x]))
answers.right("a list of numbers", lambda x, images: [(images - row).pow(2).sum(1).min().sqrt() for row in x])
answers.right("two loops", two_loops)
answers.right("the square expanded", expanded)
answers.right("numpy and back", numpy_and_back)
answers.right("a sorted row", lambda x, images: pairs(x, images).sort(dim=1).values[:, 0])
answers.right("by its index", lambda x, images: (x - images[torch.cdist(x, images).argmin(1)]).norm(dim=1))
answers.right("topk", lambda x, images: pairs(x, images).topk(1, largest=False).values.squeeze(1))
answers.right("einsum", lambda x, images: torch.einsum("nmp,nmp->nm", *[x[:, None] - images] * 2).amin(1).sqrt())
answers.right("float32 inside", lambda x, images: pairs(x.float(), images.float()).amin(1))
answers.wrong("squared distance", "root", lambda x, images: (x[:, None] - images).pow(2).sum(-1).min(1).values)
answers.wrong(
    "the first minimum of two", "along x|x: that|wrong dimension", lambda x, images: torch.cdist(x, images).min(0).values
)
answers.wrong("one number for all", "one number|everything", lambda x, images: torch.cdist(x, images).min())
answers.wrong("all distances", "minimum", lambda x, images: torch.cdist(x, images))
answers.wrong("the mean", "average", lambda x, images: torch.cdist(x, images).mean(1))
answers.wrong("the largest", "farthest", lambda x, images: torch.cdist(x, images).max(1).values)
answers.wrong("the index", "number of the nearest|argmin", lambda x, images: torch.cdist(x, images).min(1).indices)
answers.wrong("city blocks", "absolute", lambda x, images: torch.cdist(x, images, p=1).min(1).values)
answers.wrong("largest pixel", "largest difference", lambda x, images: torch.cdist(x, images, p=torch.inf).min(1).values)
answers.wrong("root of mse", "mean over the pixels", lambda x, images: (x[:, None] - images).square().mean(-1).min(1)[0].sqrt())
answers.wrong("mse, no root", "mean|average|root", lambda x, images: (x[:, None] - images).square().mean(-1).min(1)[0])
answers.wrong("root of each pixel", "absolute", lambda x, images: ((x[:, None] - images) ** 2).sqrt().sum(-1).min(1).values)
answers.wrong("the first image alone", "first", lambda x, images: (x - images[0]).norm(dim=1))
answers.wrong("the mean image", "mean of the images", lambda x, images: (x - images.mean(0)).norm(dim=1))
answers.wrong("row by row", "size of tensor|RuntimeError|shape", lambda x, images: (x - images).norm(dim=1))
answers.wrong("dimension kept", "dimension", lambda x, images: torch.cdist(x, images).amin(1, keepdim=True))
answers.wrong("values and indices", "2 values", lambda x, images: tuple(torch.cdist(x, images).min(1)))
answers.wrong("second nearest", "second", lambda x, images: pairs(x, images).sort(1).values[:, :2].amax(1))
answers.wrong("cosine distance", "cosine", lambda x, images: (1 - F.cosine_similarity(x[:, None], images, dim=-1)).amin(1))
answers.wrong("1e-8 under the root", "small|large", lambda x, images: (pairs(x, images) ** 2 + 1e-8).sqrt().amin(1))
answers.wrong("sum without squares", "square|squared", lambda x, images: (x[:, None] - images).sum(-1).abs().amin(1))
answers.wrong("divided by the pixels", "size of `x`|times|divided", lambda x, images: torch.cdist(x, images).amin(1) / x.shape[1])
