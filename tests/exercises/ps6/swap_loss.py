"""Answers to ps6.7 swap_loss as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()


def off(log_p, fill=0.0):
    return log_p.masked_fill(torch.eye(len(log_p), dtype=torch.bool), fill)


def masked_rows(log_p):
    others = log_p[~torch.eye(len(log_p), dtype=torch.bool)].reshape(len(log_p), -1)
    return log_p.diag() - others.mean(1)


answers.right("mask and mean", masked_rows)
answers.right("difference over M − 1", lambda log_p: (log_p.diagonal()[:, None] - log_p).sum(1) / (len(log_p) - 1))
answers.right("scaled mean", lambda log_p: (log_p.diagonal() - log_p.mean(1)) * len(log_p) / (len(log_p) - 1))
answers.right("all shifts", lambda log_p: log_p.diagonal() - torch.stack(
    [log_p.roll(k, 1).diagonal() for k in range(1, len(log_p))]).mean(0))  # fmt: skip
answers.right("nanmean", lambda log_p: log_p.diagonal() - off(log_p, math.nan).nanmean(1))
answers.wrong("own inside", "own code", lambda log_p: log_p.diagonal() - log_p.mean(1))
answers.wrong("divided by M", "M − 1|divided", lambda log_p: log_p.diagonal() - off(log_p).mean(1))
answers.wrong("columns", "row|codes that this image|transpos", lambda log_p: masked_rows(log_p.T))
answers.wrong("negative", "sign", lambda log_p: -masked_rows(log_p))
answers.wrong("previous", "One other|all of them", lambda log_p: log_p.diagonal() - log_p.roll(1, 1).diagonal())
answers.wrong("next", "One other|all of them|neighbour", lambda log_p: log_p.diagonal() - log_p.roll(-1, 1).diagonal())
answers.wrong(
    "logsumexp",
    "log of the mean|logsumexp",
    lambda log_p: log_p.diagonal() - off(log_p, -math.inf).logsumexp(1) + math.log(len(log_p) - 1),
)
answers.wrong("logsumexp without M", "log|logsumexp|M", lambda log_p: log_p.diagonal() - off(log_p, -math.inf).logsumexp(1))
answers.wrong("best", "best|largest", lambda log_p: log_p.diagonal() - off(log_p, -math.inf).amax(1))
answers.wrong("worst", "smallest|worst|mean", lambda log_p: log_p.diagonal() - off(log_p, math.inf).amin(1))
answers.wrong("sum", "Summed|mean|divid", lambda log_p: log_p.diagonal() * (len(log_p) - 1) - off(log_p).sum(1))
answers.wrong("batch mean", "mean over the images|each image|one number", lambda log_p: masked_rows(log_p).mean())
answers.wrong("absolute", "absolute|sign|negative|below 0|right wherever", lambda log_p: masked_rows(log_p).abs())
answers.wrong("clamped", "negative|below 0|clamp|right wherever", lambda log_p: masked_rows(log_p).clamp(min=0))
answers.wrong("ratio", "ratio|exp", lambda log_p: masked_rows(log_p).exp())
answers.wrong(
    "first row's others",
    "own|row|others|mean",
    lambda log_p: log_p.diagonal() - off(log_p).sum() / (len(log_p) * (len(log_p) - 1)),
)
answers.wrong("bits", "log 2|bits|base|1.44", lambda log_p: masked_rows(log_p) / math.log(2))
