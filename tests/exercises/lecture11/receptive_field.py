"""Answers to 11.a receptive_field as students write them."""

from tests.exercises.answers import Answers

answers = Answers()


def of(r):
    return r * (2 * r + 1) + r


answers.right("one formula", lambda kernels: of((kernels // 2).sum()))
answers.right("half of a square", lambda kernels: ((2 * (kernels // 2).sum() + 1) ** 2 - 1) / 2)
answers.right("a loop", lambda kernels: of(sum(int(k) // 2 for k in kernels)))
answers.right("without //", lambda kernels: of(((kernels - 1) / 2).sum()))
answers.wrong("the square", "square", lambda kernels: (2 * (kernels // 2).sum() + 1) ** 2)
answers.wrong("all others", "square|later|half|twice", lambda kernels: (2 * (kernels // 2).sum() + 1) ** 2 - 1)
answers.wrong("no own row", "own row", lambda kernels: (r := (kernels // 2).sum()) * (2 * r + 1))
answers.wrong("with itself", "itself", lambda kernels: of((kernels // 2).sum()) + 1)
answers.wrong("own row whole", "row|right|later", lambda kernels: (r := (kernels // 2).sum()) * (2 * r + 1) + 2 * r)
answers.wrong("sizes", "sizes|reach", lambda kernels: of(kernels.sum()))
answers.wrong("first layer", "first layer", lambda kernels: of(kernels[0] // 2))
answers.wrong("largest", "layer|add", lambda kernels: of(kernels.max() // 2))
answers.wrong("fields added", "layer|add|reach", lambda kernels: sum(of(k // 2) for k in kernels))
answers.wrong("blind spot", "blind", lambda kernels: (r := (kernels // 2).sum()) * (r + 1) + r * (r + 1) / 2 + r)
answers.wrong("square of the reach", "side|row|square", lambda kernels: (kernels // 2).sum() ** 2)
answers.wrong("a row too many", "row|above", lambda kernels: ((r := (kernels // 2).sum()) + 1) * (2 * r + 1) + r)
