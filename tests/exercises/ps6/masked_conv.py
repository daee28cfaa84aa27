"""Answers to ps6.1 masked_conv as students write them."""

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def mask_of(kernel, sees_centre):
    mask = torch.zeros(kernel, kernel)
    mask[: kernel // 2] = 1
    mask[kernel // 2, : kernel // 2 + int(sees_centre)] = 1
    return mask


def masked(x, weight, mask):
    return F.conv2d(x, weight * mask.to(weight), padding=weight.shape[-1] // 2)


def flat_index(x, weight, sees_centre):
    k = weight.shape[-1]
    mask = (torch.arange(k * k) < k * k // 2 + sees_centre).reshape(k, k)
    return F.conv2d(x, torch.where(mask, weight, torch.zeros_like(weight)), padding="same")


def unfolded(x, weight, sees_centre):
    k = weight.shape[-1]
    columns = F.unfold(x, k, padding=k // 2)
    w = (weight * mask_of(k, sees_centre).to(weight)).flatten(1)
    return (w @ columns).unflatten(-1, x.shape[-2:])


def shifted_sums(x, weight, sees_centre):
    k = weight.shape[-1]
    c, (rows, columns) = k // 2, x.shape[-2:]
    padded, total = F.pad(x, (c, c, c, c)), 0
    for i in range(c + 1):
        for j in range(k if i < c else c + int(sees_centre)):
            total = total + torch.einsum("oi,nihw->nohw", weight[:, :, i, j], padded[:, :, i : i + rows, j : j + columns])
    return total


def two_parts(x, weight, sees_centre):
    c = weight.shape[-1] // 2
    above = F.conv2d(F.pad(x, (c, c, c, 0)), weight[:, :, :c])[:, :, : x.shape[2]] if c else 0
    return above + F.conv2d(
        F.pad(x, (c, 0)), weight[:, :, c : c + 1, : c + 1] * mask_of(2 * c + 1, sees_centre)[c, : c + 1].to(weight)
    )


def cloned(x, weight, sees_centre):
    w, c = weight.clone(), weight.shape[-1] // 2
    w[:, :, c + 1 :] = 0
    w[:, :, c, c + 1 :] = 0
    if not sees_centre:
        w[:, :, c, c] = 0
    return F.conv2d(x, w, padding=c)


answers.right("flat index", flat_index)
answers.right("unfold", unfolded)
answers.right("sums of shifted images", shifted_sums)
answers.right("rows above and row, two convolutions", two_parts)
answers.right("zeros written into a copy", cloned)
answers.right("float32", lambda x, weight, sees_centre: cloned(x.float(), weight.float(), sees_centre))
for name, cause, change in (
    ("row to the right", "right|row|later|mask", lambda m, c, s: m[c].fill_(1)),
    ("a row too few above", "row|above|mask", lambda m, c, s: m[0].zero_()),
    ("the row below", "below|later|mask", lambda m, c, s: m[c + 1].fill_(1)),
    ("upper right hidden", "right|above|mask", lambda m, c, s: m[:c, c + 1 :].zero_()),
    ("left neighbour hidden", "left|mask|weight", lambda m, c, s: m[c, c - 1].zero_()),
    ("centre always", "pixel itself|centre|mask", lambda m, c, s: m[c, c].fill_(1)),
    ("centre never", "pixel itself|centre|mask", lambda m, c, s: m[c, c].fill_(0)),
    ("centre exchanged", "wrong way round|mask", lambda m, c, s: m[c, c].fill_(1 - s)),
    ("all", "not masked|mask", lambda m, c, s: m.fill_(1)),
):

    def wrong(x, weight, sees_centre, change=change):
        mask = mask_of(weight.shape[-1], sees_centre)
        change(mask, weight.shape[-1] // 2, int(sees_centre))
        return masked(x, weight, mask)

    answers.wrong(name, cause, wrong)
answers.wrong("flipped", "turned|180|mask", lambda x, weight, s: cloned(x, weight.flip(2, 3), s))
answers.wrong("no padding", "shape|padding", lambda x, weight, s: F.conv2d(x, weight * mask_of(weight.shape[-1], s).to(weight)))
answers.wrong(
    "mean over the weights",
    "mean|weights|divided",
    lambda x, weight, s: cloned(x, weight, s) / mask_of(weight.shape[-1], s).sum(),
)
answers.wrong("absolute weights", "absolute|sign", lambda x, weight, s: cloned(x, weight.abs(), s))
answers.wrong("relu after it", "negative|ReLU|sign", lambda x, weight, s: cloned(x, weight, s).relu())
answers.wrong("circular", "pad|border|edge", lambda x, weight, s: F.conv2d(
    F.pad(x, [weight.shape[-1] // 2] * 4, mode="replicate"), weight * mask_of(weight.shape[-1], s).to(weight)))  # fmt: skip
answers.wrong("detached weights", "gradient", lambda x, weight, s: cloned(x, weight.detach(), s), fair=0.9)
answers.same = {"1  ->  2": "shape[-2] of a square kernel"}
