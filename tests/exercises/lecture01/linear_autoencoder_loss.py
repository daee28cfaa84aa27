"""Answers to 01.a linear_autoencoder_loss as students write them."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def image_by_image(x, W):
    losses = torch.zeros(len(x), dtype=x.dtype)
    for i, image in enumerate(x):
        z = W @ image
        losses[i] = ((image - W.T @ z) ** 2).sum()
    return losses


def layers(x, W):
    encoder = torch.nn.Linear(W.shape[1], W.shape[0], bias=False, dtype=x.dtype)
    encoder.weight.data = W.clone()
    return F.mse_loss(F.linear(encoder(x), encoder.weight.T), x, reduction="none").sum(dim=1).detach()


def numpy_and_back(x, W):
    x, W = x.numpy(), W.numpy()
    return torch.from_numpy(np.linalg.norm(x.T - W.T @ (W @ x.T), axis=0) ** 2)


def expanded(x, W):
    z = x @ W.T
    return (x * x).sum(1) - 2 * (z * z).sum(1) + ((z @ (W @ W.T)) * z).sum(1)


restored = lambda x, W: x @ W.T @ W

answers.right("one line", lambda x, W: ((x - x @ W.T @ W) ** 2).sum(-1))
answers.right("columns, as in the formula", lambda x, W: ((x.T - W.T @ (W @ x.T)) ** 2).sum(0))
answers.right("image by image", image_by_image)
answers.right("layers", layers)
answers.right("einsum", lambda x, W: (torch.einsum("bl,lp->bp", torch.einsum("bp,lp->bl", x, W), W) - x).square().sum(1))
answers.right("one matrix", lambda x, W: (x @ (torch.eye(W.shape[1], dtype=x.dtype) - W.T @ W)).norm(dim=1) ** 2)
answers.right("numpy and back", numpy_and_back)
answers.right("the square expanded", expanded)
answers.right("float32 inside", lambda x, W: ((x.float() - restored(x.float(), W.float())) ** 2).sum(-1))
answers.wrong("mse_loss as it comes", "one number|everything", lambda x, W: F.mse_loss(restored(x, W), x))
answers.wrong("mean over pixels", "mean over the pixels", lambda x, W: (x - restored(x, W)).square().mean(1))
answers.wrong("summed over the batch", "dimension", lambda x, W: (x - restored(x, W)).square().sum(0))
answers.wrong("mean over images", "one number|averaged", lambda x, W: (x - restored(x, W)).square().sum(1).mean())
answers.wrong("norm", "root|length", lambda x, W: (x - restored(x, W)).norm(dim=1))
answers.wrong("half", "half|½", lambda x, W: 0.5 * (x - restored(x, W)).square().sum(1))
answers.wrong("absolute error", "absolute", lambda x, W: (x - restored(x, W)).abs().sum(1))
answers.wrong("summed before squaring", "square|absolute|sum", lambda x, W: (x - restored(x, W)).sum(1) ** 2)
answers.wrong("restoration alone", "difference|bright", lambda x, W: restored(x, W).square().sum(1))
answers.wrong("plus for minus", "plus|sign", lambda x, W: (x + restored(x, W)).square().sum(1))
answers.wrong("projection", "pseudo-inverse", lambda x, W: (x - x @ torch.linalg.pinv(W) @ W).square().sum(1))
answers.wrong(
    "orthonormalised rows",
    "pseudo-inverse|orthonormal",
    lambda x, W: (x - x @ torch.linalg.qr(W.T)[0] @ torch.linalg.qr(W.T)[0].T).square().sum(1),
)
answers.wrong("lstsq", "pseudo-inverse", lambda x, W: torch.linalg.lstsq(W.T, x.T).solution.T.matmul(W).sub(x).square().sum(1))
answers.wrong("rows of length 1", "length 1", lambda x, W: (x - restored(x, F.normalize(W, dim=1))).square().sum(1))
answers.wrong("Pythagoras", "orthonormal", lambda x, W: x.square().sum(1) - (x @ W.T).square().sum(1))
answers.wrong("code squared", "square of the code", lambda x, W: (x @ W.T).square().sum(1))
answers.wrong("image squared", "square of the image", lambda x, W: x.square().sum(1) + 0 * W.sum())
answers.wrong("twice", "second time", lambda x, W: (x - restored(restored(x, W), W)).square().sum(1))
answers.wrong("transposed", "transposed", lambda x, W: (x - x @ W @ W.T).square().sum(1))
answers.wrong("W instead of its transpose", "mat1|RuntimeError", lambda x, W: (x - (x @ W) @ W).square().sum(1))
answers.wrong("columns, one number each", "dimension|RuntimeError", lambda x, W: (x.T - W.T @ (W @ x.T)).square().sum(1))
answers.wrong("a sigmoid at the end", "sigmoid", lambda x, W: (x - restored(x, W).sigmoid()).square().sum(1))
answers.wrong("a ReLU in the code", "ReLU|cut off", lambda x, W: (x - (x @ W.T).relu() @ W).square().sum(1))
answers.wrong("the restoration clamped", "clamp|cut off", lambda x, W: (x - restored(x, W).clamp(0, 1)).square().sum(1))
answers.wrong("dimension kept", "dimension", lambda x, W: (x - restored(x, W)).square().sum(1, keepdim=True))
