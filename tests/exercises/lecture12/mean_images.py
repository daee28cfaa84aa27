"""Answers to 12.a mean_images as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()

answers.right("weights first", lambda x, q: (q / q.sum(0)).T @ x)
answers.right("einsum", lambda x, q: torch.einsum("iz,ip->zp", q, x) / torch.einsum("iz->z", q)[:, None])
answers.right("bayes with 1/n", lambda x, q: ((q / len(x)) / (q / len(x)).sum(0)).T @ x)
answers.right("loop over codes", lambda x, q: torch.stack([(w[:, None] * x).sum(0) / w.sum() for w in q.unbind(1)]))
answers.right("broadcast", lambda x, q: (q[:, :, None] * x[:, None]).sum(0) / q.sum(0)[:, None])
answers.wrong("sum", "divid", lambda x, q: q.T @ x)
answers.wrong("mean", "Divided|number of images|share", lambda x, q: q.T @ x / len(x))
answers.wrong("argmax", "likeliest|soft|whole", lambda x, q: torch.stack(
    [x[q.argmax(1) == z].mean(0) if (q.argmax(1) == z).any() else 0 * x[0] for z in range(q.shape[1])]))  # fmt: skip
answers.wrong("mean image", "mean image|which code", lambda x, q: x.mean(0).repeat(q.shape[1], 1))
answers.wrong("rows normalised", "share|sum|divid", lambda x, q: (q / q.sum(1, keepdim=True)).T @ x)
answers.wrong("softmax over images", "softmax|exp|share|weights", lambda x, q: q.softmax(0).T @ x)
answers.wrong("softmax over codes", "softmax|exp|share|weights|divid", lambda x, q: q.softmax(1).T @ x)
answers.wrong("squares", "squared", lambda x, q: (q**2).T @ x / (q**2).sum(0)[:, None])
answers.wrong("roots", "root|power|weights", lambda x, q: q.sqrt().T @ x / q.sqrt().sum(0)[:, None])
answers.wrong("logs", "log|weights", lambda x, q: (q + 1e-9).log().T @ x / (q + 1e-9).log().sum(0)[:, None])
answers.wrong("transposed answer", "shape|transpos", lambda x, q: ((q / q.sum(0)).T @ x).T)
answers.wrong("likeliest image", "likeliest|largest|one image", lambda x, q: x[q.argmax(0)])
answers.wrong("rounded", "round|0 or 1|grey", lambda x, q: ((q / q.sum(0)).T @ x).round())
answers.wrong("share mean", "number of images|times|factor|mean", lambda x, q: q.T @ x / q.mean(0)[:, None])
