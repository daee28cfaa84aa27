"""Sprites: every combination at its address, and shapes that are where and as large as their factors say."""

import math
import time

import numpy as np
import pytest
import torch
from matplotlib.path import Path as Outline

from vae_edu import data, sprites

ALL = torch.arange(sprites.NUMBER)


def middle(shape, scale=4, orientation=0, x=6, y=4):
    return torch.tensor([[shape, scale, orientation, x, y]])


def test_addresses_and_factors_are_inverse_and_the_last_factor_varies_fastest():
    factors = sprites.factors_of(ALL)
    assert torch.equal(sprites.address_of(factors), ALL) and sprites.NUMBER == 11_520
    np.testing.assert_array_equal(factors.numpy(), np.stack(np.unravel_index(np.arange(11_520), (3, 5, 8, 12, 8)), -1))
    assert factors[1].tolist() == [0, 0, 0, 0, 1] and factors[-1].tolist() == [2, 4, 7, 11, 7]


@pytest.mark.parametrize("side", [32, 64])
def test_areas_are_those_of_the_shapes(side):
    """By geometry, in pixels: a soft edge takes as much as it gives."""
    half = 0.28 * side
    heart = 0.52 * half
    for shape, area in enumerate(((1.5 * half) ** 2, math.pi * half**2 / 2, 4 * heart**2 + math.pi * heart**2)):
        assert sprites.render(middle(shape), side).sum().item() == pytest.approx(area, rel=0.02), sprites.SHAPES[shape]


def test_a_turned_square_covers_the_polygon_of_its_corners():
    side, angle = 32, math.pi / 2 * 3 / 8
    image = sprites.render(middle(0, orientation=3), side).reshape(side, side)
    half, centre = 0.75 * 0.28, (0.35 + 0.3 * 6 / 11, 0.41 + 0.18 * 4 / 7)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) @ turn.T + centre
    fine = (np.arange(side * 8) + 0.5) / (side * 8)
    inside = Outline(corners).contains_points(np.stack(np.meshgrid(fine, fine), -1).reshape(-1, 2)).reshape(side * 8, side * 8)
    share = inside.reshape(side, 8, side, 8).mean((1, 3))
    assert np.abs(image.numpy() - share).max() < 0.25 and np.abs(image.numpy() - share).mean() < 0.005


def test_position_and_size_follow_their_factors():
    places = (torch.arange(32) + 0.5) / 32
    for shape in (0, 1):  # the heart's centre of ink is not its own
        for x, y in ((0, 0), (11, 7), (3, 5)):
            image = sprites.render(middle(shape, 2, 1, x, y)).reshape(32, 32)
            found = [(image.sum(axis) @ places / image.sum()).item() for axis in (0, 1)]
            assert found == pytest.approx([0.35 + 0.3 * x / 11, 0.41 + 0.18 * y / 7], abs=1e-3)
    inks = [sprites.render(middle(2, scale)).sum().item() for scale in range(5)]
    assert inks == sorted(inks) and inks[4] / inks[0] == pytest.approx(4, rel=0.05)


def test_no_two_images_are_the_same_and_none_is_cut_off():
    images = sprites.render(sprites.factors_of(ALL))
    assert images.shape == (11_520, 1024) and images.min() >= 0 and images.max() == 1
    border = images.reshape(-1, 32, 32)
    assert border[:, [0, -1]].max() == 0 and border[:, :, [0, -1]].max() == 0
    assert len(torch.unique((images * 255).round().to(torch.uint8), dim=0)) == 11_520
    near = torch.cat([torch.cdist(block, images).topk(2, largest=False).values[:, 1] for block in images[::37].split(100)])
    assert near.min() > 1


def test_what_sprites_refuse():
    for wrong in (torch.tensor([11_520]), torch.tensor([-1]), torch.tensor([0.0]), torch.tensor([[0]])):
        with pytest.raises(ValueError, match="whole numbers from 0 to 11519"):
            sprites.factors_of(wrong)
    with pytest.raises(ValueError, match="orientation is a whole number from 0 to 7; got 8 to 8"):
        sprites.render(middle(0, orientation=8))
    with pytest.raises(ValueError, match=r"whole numbers \(n, 5\)"):
        sprites.address_of(torch.zeros(2, 4, dtype=torch.long))
    with pytest.raises(ValueError, match="at least 8 x 8"):
        sprites.render(middle(0), side=4)


def test_sprites_as_a_data_set_are_all_of_them_in_order():
    images = data.load("sprites")
    assert images.shape == (32, 32) and images.train.shape == (11_520, 1024) and len(images.valid) == len(images.test) == 1000
    assert torch.equal(images.train[[5, 9000]], sprites.render(sprites.factors_of(torch.tensor([5, 9000]))))


@pytest.mark.slow
def test_fifty_thousand_sprites_are_drawn_in_a_second_of_one_core():
    factors = sprites.factors_of(ALL)
    sprites.render(factors)
    started = time.process_time()
    for _ in range(5):
        sprites.render(factors)
    assert 5 * len(factors) / (time.process_time() - started) > 50_000
