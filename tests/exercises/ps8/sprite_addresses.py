"""Answers to ps8.3 sprite_addresses as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()


def horner(factors, counts):
    place = torch.zeros(len(factors), dtype=factors.dtype)
    for factor, count in zip(factors.T, counts):
        place = place * count + factor
    return place


def strides_loop(factors, counts):
    n, stride, total = len(counts), 1, 0
    for k in reversed(range(n)):
        total = total + factors[:, k] * stride
        stride = stride * counts[k]
    return total


def all_over_product(factors, counts):
    return factors @ (counts.prod() / counts.cumprod(0))


def flipped(factors, counts):
    ones = torch.ones(1, dtype=counts.dtype)
    strides = torch.cat([ones, counts.flip(0)[:-1].cumprod(0)]).flip(0)
    return torch.einsum("nk,k->n", factors, strides).long()


def by_a_table(factors, counts):
    """A tensor of all places with an axis for each factor."""
    sizes = counts.long().tolist()
    table = torch.arange(torch.tensor(sizes).prod().item()).reshape(sizes)
    return table[tuple(factors.long().unbind(1))]


def pure_python(factors, counts):
    found = []
    for row in factors.tolist():
        place = 0
        for a, c in zip(row, counts.tolist()):
            place = place * int(c) + int(a)
        found.append(place)
    return torch.tensor(found)


def strides(counts):
    return counts.prod() / counts.cumprod(0)


def in_place(factors, counts):
    factors *= strides(counts)
    return factors.sum(1)


def counts_in_place(factors, counts):
    found = horner(factors, counts)
    counts[:] = strides(counts)
    return found


def five(factors, counts):
    a, b, c, d, e = factors.unbind(1)
    return (((a * counts[1] + b) * counts[2] + c) * counts[3] + d) * counts[4] + e


def earlier_count(factors, counts):
    place = factors[:, 0]
    for k in range(1, len(counts)):
        place = place * counts[k - 1] + factors[:, k]
    return place


def without_the_last(factors, counts):
    place = 0
    for k in range(len(counts) - 1):
        place = place * counts[k] + factors[:, k]
    return place


answers.right("Horner", horner)
answers.right("strides from the end", strides_loop)
answers.right("product over cumulative product", all_over_product)
answers.right("flipped cumprod, einsum", flipped)
answers.right("a table", by_a_table)
answers.right("Python numbers", pure_python)
answers.right("float32", lambda f, c: horner(f.float(), c.float()))
answers.wrong("the count of the factor before", "count|before|own|after", earlier_count)
answers.wrong("counts before, not after", "before|after|first|last", lambda f, c: f @ (c.cumprod(0) / c))
answers.wrong("strides the wrong way round", "revers|flip|order|before|after", lambda f, c: f @ strides(c).flip(0))
answers.wrong("strides rolled", "roll|last|stride|moved|order|after", lambda f, c: f @ strides(c).roll(-1))
answers.wrong("counted from 1", "from 0|from 1|1 is added|1|one", lambda f, c: horner(f, c) + 1)
answers.wrong("factors counted from 1", "from 0|from 1|1|one", lambda f, c: horner(f - 1, c))
answers.wrong("largest values in the place of counts", "1|one|largest|count", lambda f, c: horner(f, c - 1))
answers.wrong("counts from the images", "counts|occur|maximum|images|data", lambda f, c: horner(f, f.max(0)[0] + 1), fair=0.5)
answers.wrong("one base for all", "count|base|largest|all", lambda f, c: horner(f, c.max().expand(len(c))))
answers.wrong("decimal digits", "count|decimal|10", lambda f, c: horner(f, torch.full_like(c, 10)))
answers.wrong("place among the images given", "row|all combinations|occur|given|rank", lambda f, c: (
    f.unique(dim=0, return_inverse=True)[1]), fair=0.5)  # fmt: skip
answers.wrong("order of the images", "order|number of the image|factors", lambda f, c: torch.arange(len(f)), fair=0.5)
answers.wrong("five factors", "number of factors|five|5", five, fair=0.8)
answers.wrong("half precision", "precision|float16|round|large|digits", lambda f, c: horner(f.half(), c.half()), fair=0.5)
answers.wrong("the last factor left out", "last", without_the_last)
answers.wrong("a column", "shape|column|keeps? (its )?dim", lambda f, c: f @ strides(c)[:, None])
answers.wrong("not summed", "sum|shape", lambda f, c: f * strides(c))
answers.wrong("factors in place", "in place|chang", in_place)
answers.wrong("counts in place", "in place|chang", counts_in_place)
answers.wrong("factors added", "stride|sum|weights|product", lambda f, c: f.sum(1))
