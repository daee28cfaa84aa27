"""Answers to 14.b turned as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()


def cloned(codes, i, j, angle):
    new = codes.clone()
    new[:, i] = math.cos(angle) * codes[:, i] - math.sin(angle) * codes[:, j]
    new[:, j] = math.sin(angle) * codes[:, i] + math.cos(angle) * codes[:, j]
    return new


def matrix(codes, i, j, angle):
    turn = torch.eye(codes.shape[1], dtype=codes.dtype)
    turn[i, i] = turn[j, j] = math.cos(angle)
    turn[i, j], turn[j, i] = math.sin(angle), -math.sin(angle)
    return codes @ turn


def complex_numbers(codes, i, j, angle):
    z = torch.complex(codes[:, i], codes[:, j]) * complex(math.cos(angle), math.sin(angle))
    columns = list(codes.unbind(1))
    columns[i], columns[j] = z.real, z.imag
    return torch.stack(columns, 1)


def polar(codes, i, j, angle):
    radius, phi = torch.hypot(codes[:, i], codes[:, j]), torch.atan2(codes[:, j], codes[:, i])
    out = codes.detach().clone()
    out[:, i], out[:, j] = radius * torch.cos(phi + angle), radius * torch.sin(phi + angle)
    return out


def loops(codes, i, j, angle):
    rows = []
    for a in codes.tolist():
        a[i], a[j] = a[i] * math.cos(angle) - a[j] * math.sin(angle), a[i] * math.sin(angle) + a[j] * math.cos(angle)
        rows.append(a)
    return torch.tensor(rows, dtype=codes.dtype)


def generator(codes, i, j, angle):
    """The exponential of an antisymmetric matrix."""
    g = torch.zeros(codes.shape[1], codes.shape[1], dtype=codes.dtype)
    g[j, i], g[i, j] = angle, -angle
    return torch.einsum("ab,nb->na", torch.linalg.matrix_exp(g), codes)


def turn(codes, i, j, angle, a=None, b=None, new=None):
    """a, b: what the two latents become, of both and of cosine and sine; new: what the others are."""
    c, s = math.cos(angle), math.sin(angle)
    x, y = codes[:, i].clone(), codes[:, j].clone()
    out = codes.clone() if new is None else new(codes)
    out[:, i] = c * x - s * y if a is None else a(x, y, c, s)
    out[:, j] = s * x + c * y if b is None else b(x, y, c, s)
    return out


def in_place(codes, i, j, angle):
    codes[:, [i, j]] = codes[:, [i, j]] @ torch.tensor(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]], dtype=codes.dtype
    )
    return codes


def overwritten(codes, i, j, angle):
    """The second latent is made of the first one's new value."""
    out = codes.clone()
    out[:, i] = math.cos(angle) * out[:, i] - math.sin(angle) * out[:, j]
    out[:, j] = math.sin(angle) * out[:, i] + math.cos(angle) * out[:, j]
    return out


def a_view_is_no_copy(codes, i, j, angle):
    """x and y are views of what is overwritten."""
    out = codes.clone()
    x, y = out[:, i], out[:, j]
    out[:, j] = math.sin(angle) * x + math.cos(angle) * y
    out[:, i] = math.cos(angle) * x - math.sin(angle) * y
    return out


def old_name(codes, i, j, angle):
    """new = codes is no copy."""
    new = codes
    x, y = codes[:, i].clone(), codes[:, j].clone()
    new[:, i] = math.cos(angle) * x - math.sin(angle) * y
    new[:, j] = math.sin(angle) * x + math.cos(angle) * y
    return new


def rows(codes, i, j, angle):
    return turn(codes.T, i, j, angle).T if max(i, j) < len(codes) else codes.T.clone().T


def neighbours(codes, i, j, angle):
    """j is taken to be i + 1."""
    return turn(codes, i, (i + 1) % codes.shape[1], angle)


def only_both(codes, i, j, angle):
    return turn(codes, i, j, angle)[:, [i, j]]


def to_the_front(codes, i, j, angle):
    out = turn(codes, i, j, angle)
    return torch.cat([out[:, [i, j]], out[:, [k for k in range(out.shape[1]) if k not in (i, j)]]], 1)


answers.right("clone", cloned)
answers.right("matrix", matrix)
answers.right("complex numbers", complex_numbers)
answers.right("polar coordinates", polar)
answers.right("loops", loops)
answers.right("exponential of a generator, einsum", generator)
answers.right("float32", lambda codes, i, j, angle: cloned(codes.float(), i, j, angle))
for name, cause, change in (
    ("a mirror", "mirror|sign|reflect|minus", {"b": lambda x, y, c, s: s * x - c * y}),
    ("the second latent alone", "first|both|i|stay", {"a": lambda x, y, c, s: x}),
    ("stretched", "sin|cos|scal|mix", {"a": lambda x, y, c, s: c * x, "b": lambda x, y, c, s: s * y}),
    ("mixed with squares", "squar|cos|sin", {"a": lambda x, y, c, s: c * c * x - s * s * y}),
    ("results exchanged", "exchang|swap|order|sin|cos", {
        "a": lambda x, y, c, s: s * x + c * y, "b": lambda x, y, c, s: c * x - s * y}),
    ("others turned to their mean", "other|mean|stay", {"new": lambda codes: codes.mean(0).expand_as(codes).clone()}),
    ("others negated", "other|sign|stay", {"new": lambda codes: -codes}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: turn(*given, **change))
answers.wrong("sorted latents", "order|sort|smaller|direction", lambda z, i, j, t: (
    turn(z, min(i, j), max(i, j), t)), fair=0.9)  # fmt: skip
answers.wrong("radians made degrees", "degree|radian", lambda z, i, j, t: turn(z, i, j, math.degrees(t)))
answers.wrong("half the angle", "half|½|angle", lambda z, i, j, t: turn(z, i, j, t / 2))
answers.wrong("turns of the circle", "2π|2 π|turns|angle", lambda z, i, j, t: turn(z, i, j, 2 * math.pi * t))
answers.wrong("neighbours", "j|next|neighbour", neighbours, fair=0.8)
answers.wrong("counted from 1", "from 0|from 1|count|latent", lambda z, i, j, t: turn(z, i - 1, j - 1, t))
answers.wrong("images turned", "row|image|axis|dimension|latent", rows)
answers.wrong("overwritten before it is used", "overwrit|new|already|before|turned", overwritten)
answers.wrong("views are no copies", "overwrit|new|already|before|turned|view|copy", a_view_is_no_copy)
answers.wrong("in place", "in place|chang", in_place)
answers.wrong("another name is no copy", "in place|chang", old_name)
answers.wrong("the two latents alone", "shape|other|stay", only_both)
answers.wrong("the two latents in front", "order|place|stay|front", to_the_front)
