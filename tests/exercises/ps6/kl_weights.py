"""Answers to ps6.3 kl_weights as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()


def lists(epochs, period):
    t = range(1, int(epochs) + 1)
    linear = [min(1.0, e / period) for e in t]
    exponential = [1 - math.exp(-e / period) for e in t]
    cyclic = [min(1.0, 2 * ((e - 1) % period + 1) / period) for e in t]
    return tuple(torch.tensor(w, dtype=torch.float64) for w in (linear, exponential, cyclic))


def where(epochs, period):
    t = torch.arange(1, epochs + 1).double()
    phase = torch.remainder(t - 1, period) + 1
    one = torch.ones_like(t)
    return (
        torch.where(t < period, t / period, one),
        -torch.expm1(-t / period),
        torch.where(2 * phase < period, 2 * phase / period, one),
    )


def repeated(epochs, period):
    t = torch.linspace(1, epochs, epochs).double()
    cycle = (2 * torch.arange(1, period + 1).double() / period).clamp(max=1)
    cyclic = cycle.repeat(math.ceil(epochs / period))[:epochs]
    return torch.minimum(t / period, torch.ones(1)), 1 - torch.exp(-t / period), cyclic


answers.right("lists", lists)
answers.right("where", where)
answers.right("a cycle, repeated", repeated)
answers.right("float32", lambda epochs, period: tuple(w.float() for w in lists(epochs, period)))


def with_parts(linear=None, exponential=None, cyclic=None):
    def answer(epochs, period):
        t = torch.arange(1, epochs + 1).double()
        right = lists(epochs, period)
        return tuple(f(t, period, epochs) if f else w for f, w in zip((linear, exponential, cyclic), right))

    return answer


answers.wrong("from 0", "from 0", with_parts(
    lambda t, p, n: ((t - 1) / p).clamp(max=1), lambda t, p, n: 1 - (-(t - 1) / p).exp(),
    lambda t, p, n: (2 * ((t - 1) % p) / p).clamp(max=1)))  # fmt: skip
answers.wrong("linear unclamped", "rising|stops at 1|clamp", with_parts(linear=lambda t, p, n: t / p))
answers.wrong("linear over the run", "whole run|epochs", with_parts(linear=lambda t, p, n: t / n))
answers.wrong("cyclic without its plateau", "first half|cycle", with_parts(cyclic=lambda t, p, n: ((t - 1) % p + 1) / p))
answers.wrong("cyclic once", "once|cycle|anew", with_parts(cyclic=lambda t, p, n: (2 * t / p).clamp(max=1)))
answers.wrong("phase 0", "mod|phase", with_parts(cyclic=lambda t, p, n: (2 * (t % p) / p).clamp(max=1)))
answers.wrong("cycles of half the length", "cycle|phase|period", with_parts(cyclic=lambda t, p, n: (2 * (t - 1)) % p / p))
answers.wrong("unclamped cycles", "clamp|1", with_parts(cyclic=lambda t, p, n: 2 * ((t - 1) % p + 1) / p))
answers.wrong("exp falls", "falls|1 −|sign", with_parts(exponential=lambda t, p, n: (-t / p).exp()))
answers.wrong("exp grows", "sign|grows", with_parts(exponential=lambda t, p, n: 1 - (t / p).exp()))
answers.wrong("base 2", "base|exp|2", with_parts(exponential=lambda t, p, n: 1 - 2 ** (-t / p)))
answers.wrong("rate, not period", "period|product|times", with_parts(exponential=lambda t, p, n: 1 - (-t * p).exp()))
answers.wrong("normalised exp", "last value|never", with_parts(
    exponential=lambda t, p, n: (1 - (-t / p).exp()) / (1 - (-t / p).exp())[-1]))  # fmt: skip
answers.wrong("downwards", "other way|falls", lambda epochs, period: tuple(1 - w for w in lists(epochs, period)))
answers.wrong("order", "order|exchanged|swapped", lambda epochs, period: lists(epochs, period)[::-1])
answers.wrong("squared rise", "square|power", with_parts(linear=lambda t, p, n: (t / p).clamp(max=1) ** 2))
