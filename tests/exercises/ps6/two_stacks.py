"""Answers to ps6.2 two_stacks as students write them."""

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def gate(a):
    n = a.shape[1] // 2
    return torch.tanh(a[:, :n]) * torch.sigmoid(a[:, n:])


def above_of(v, vertical):
    rows, columns = vertical.shape[-2:]
    return F.conv2d(F.pad(v, (columns // 2, columns // 2, rows - 1, 0)), vertical)


def left_of(h, horizontal):
    return F.conv2d(F.pad(h, (horizontal.shape[-1] - 1, 0)), horizontal)


def moved(a, rows=1):
    return torch.cat([torch.zeros_like(a[:, :, :rows]), a[:, :, :-rows]], 2)


def linked(a, link):
    return torch.einsum("oc,ncij->noij", link, a)


def shifted_input(v, h, vertical, horizontal, link):
    above = above_of(v, vertical)
    below = above_of(moved(v), vertical)
    return gate(above), gate(left_of(h, horizontal) + linked(below, link))


def rolled(v, h, vertical, horizontal, link):
    above = above_of(v, vertical)
    down = above.roll(1, 2).clone()
    down[:, :, 0] = 0
    return gate(above), gate(left_of(h, horizontal) + F.conv2d(down, link[..., None, None]))


def row_by_row(v, h, vertical, horizontal, link):
    above, rows = above_of(v, vertical), []
    for i in range(h.shape[2]):
        row = left_of(h[:, :, i : i + 1], horizontal)
        rows.append(row if i == 0 else row + linked(above[:, :, i - 1 : i], link))
    return gate(above), gate(torch.cat(rows, 2))


def padded_whole(v, h, vertical, horizontal, link):
    r, w = vertical.shape[2] - 1, vertical.shape[3] // 2
    above = F.conv2d(v, vertical, padding=(r, w))[:, :, : v.shape[2]]
    left = F.conv2d(h, horizontal, padding=(0, horizontal.shape[3] - 1))[..., : h.shape[3]]
    return gate(above), gate(left + linked(moved(above), link))


answers.right("shifted input", shifted_input)
answers.right("rolled, first row cleared", rolled)
answers.right("row by row", row_by_row)
answers.right("padded on both sides and cut", padded_whole)
answers.right("a list", lambda *a: list(rolled(*a)))
answers.right("float32", lambda *a: rolled(*(t.float() for t in a)))


def variant(above=above_of, left=left_of, move=moved, gates=gate, link_of=linked):
    def answer(v, h, vertical, horizontal, link):
        a = above(v, vertical)
        return gates(a), gates(left(h, horizontal) + link_of(move(a), link))

    return answer


answers.wrong("not moved", "moved down|row", variant(move=lambda a: a))
answers.wrong("moved by two", "moved|row|shift", variant(move=lambda a: moved(a, 2) if a.shape[2] > 2 else torch.zeros_like(a)))
answers.wrong("rolled around", "row|moved|roll|first", variant(move=lambda a: a.roll(1, 2)))
answers.wrong("moved right", "row|moved|column|shift", variant(move=lambda a: F.pad(a, (1, -1))))
answers.wrong("no link", "link|rows above", variant(link_of=lambda a, link: 0))
answers.wrong("link transposed", "transposed|link", variant(link_of=lambda a, link: linked(a, link.T)))
answers.wrong("link's sign", "sign|minus|link", variant(link_of=lambda a, link: -linked(a, link)))
answers.wrong("halves exchanged", "halves|exchanged|swapped", variant(gates=lambda a: gate(a.roll(a.shape[1] // 2, 1))))
answers.wrong("glu", "Sigmoid alone|tanh|gated linear", variant(gates=lambda a: F.glu(a, 1)))
answers.wrong("two sigmoids", "sigmoid|tanh", variant(gates=lambda a: a.chunk(2, 1)[0].sigmoid() * a.chunk(2, 1)[1].sigmoid()))
answers.wrong("two tanhs", "sigmoid|tanh", variant(gates=lambda a: a.chunk(2, 1)[0].tanh() * a.chunk(2, 1)[1].tanh()))
answers.wrong(
    "gate is added", "product|sum|added|gate", variant(gates=lambda a: a.chunk(2, 1)[0].tanh() + a.chunk(2, 1)[1].sigmoid())
)
answers.wrong("interleaved halves", "halves|channel|half", variant(gates=lambda a: a[:, ::2].tanh() * a[:, 1::2].sigmoid()))
answers.wrong("right context", "right|pad", variant(left=lambda h, w: F.conv2d(F.pad(h, (0, w.shape[-1] - 1)), w)))
answers.wrong("residual inside", "added|residual", lambda v, h, *w: ((t := rolled(v, h, *w))[0], h + t[1]))
answers.wrong("order", "order|swap|exchanged|first", lambda *a: rolled(*a)[::-1])
answers.wrong("before the gate", "gate|shape|channels", lambda v, h, vertical, horizontal, link: (
    (a := above_of(v, vertical)), left_of(h, horizontal) + linked(moved(a), link)))  # fmt: skip
answers.wrong("stacks exchanged", "swap|exchanged|v|h", lambda v, h, *w: rolled(h, v, *w))
