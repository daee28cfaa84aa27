"""Floor 1: masks, assignment, stratified minibatches. Traps 3, 5 and 6 of SOURCES.md, "Traps"."""

import warnings

import numpy as np
import pytest
import torch

from vae_edu.epitome import assign, epitome_masks, stratified_batches, usage

COUNTS = {  # (latents, size, stride): epitomes
    (8, 2, 2): 4, (20, 2, 1): 19, (24, 4, 4): 6, (24, 3, 3): 8, (48, 4, 4): 12, (48, 3, 3): 16, (24, 8, 8): 3, (48, 8, 8): 6,
    (15, 5, 5): 3, (50, 5, 5): 10, (7, 7, 1): 1, (7, 7, 3): 1,
}  # fmt: skip


@pytest.mark.parametrize(("sizes", "epitomes"), COUNTS.items())
def test_there_are_as_many_epitomes_as_the_paper_has_and_each_has_its_size(sizes, epitomes):
    masks = epitome_masks(*sizes)
    assert masks.shape == (epitomes, sizes[0])
    assert (masks.sum(1) == sizes[1]).all() and set(masks.unique().tolist()) <= {0.0, 1.0}
    for first, mask in zip(range(0, sizes[0], sizes[2]), masks):
        assert mask.nonzero().flatten().tolist() == list(range(first, first + sizes[1]))


def test_layouts_that_cover_every_latent_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sizes in COUNTS:
            epitome_masks(*sizes)


@pytest.mark.parametrize(
    ("sizes", "epitomes", "unused"),
    [((8, 3, 3), 2, "[6, 7]"), ((7, 2, 3), 2, "[2, 5, 6]"), ((5, 2, 9), 1, "[2, 3, 4]")],
)
def test_latents_that_no_epitome_uses_are_named(sizes, epitomes, unused):
    with pytest.warns(UserWarning) as caught:
        assert len(epitome_masks(*sizes)) == epitomes
    assert f"No epitome uses the latents {unused}" in str(caught[0].message)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((4, 5, 1), "An epitome of size 5 does not fit into 4 latents"),
        ((4, 2, 0), "stride must be an integer of at least 1, got 0"),
        ((4, 2, -1), "stride must be"),
        ((4, 0, 1), "size must be"),
        ((4.0, 2, 1), "latent_dim must be an integer of at least 1, got 4.0"),
        ((4, 2, "2"), "stride must be"),
        ((4, True, 1), "size must be"),
        ((4, 2, None), "stride must be"),
    ],
)
def test_impossible_layouts_are_one_sentence(sizes, said):
    with pytest.raises(ValueError, match=said):
        epitome_masks(*sizes)


def test_assignment_takes_the_least_cost_and_the_first_of_equals():
    assert assign(torch.tensor([[3.0, 1.0, 2.0], [5.0, 5.0, 5.0], [-1e30, 0.0, 1e30]])).tolist() == [1, 0, 0]
    assert assign(torch.tensor([[float("inf"), 7.0]])).tolist() == [1]
    assert assign(torch.empty(0, 3)).tolist() == []


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        (torch.tensor([1.0, 2.0]), r"costs must be \(batch, epitomes\)"),
        (torch.empty(3, 0), r"costs must be \(batch, epitomes\)"),
        (torch.tensor([[1.0, float("nan")]]), "costs holds NaN"),
    ],
)
def test_costs_of_another_shape_or_with_nan_are_refused(costs, said):
    with pytest.raises(ValueError, match=said):
        assign(costs)


def test_usage_counts_empty_epitomes_as_zero():
    assert usage(torch.tensor([0, 2, 2]), 5).tolist() == [1, 0, 2, 0, 0]


@pytest.mark.parametrize(("images", "batch_size"), [(1000, 100), (1003, 100), (7, 100), (1, 1), (50, 1)])
def test_every_image_occurs_once_and_every_epitome_has_its_share_in_every_batch(images, batch_size, rng):
    y = torch.multinomial(torch.tensor([0.5, 0.3, 0.0, 0.15, 0.05]), images, replacement=True, generator=rng)
    batches = stratified_batches(y, batch_size, generator=rng)
    assert len(batches) == -(-images // batch_size)
    assert torch.cat(batches).sort().values.tolist() == list(range(images))
    assert max(map(len, batches)) - min(map(len, batches)) <= 1
    counts = torch.stack([usage(y[rows], 5) for rows in batches])
    assert (counts.amax(0) - counts.amin(0)).max() <= 1


def test_a_batch_size_below_one_is_refused_and_numpy_integers_are_integers():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        stratified_batches(torch.tensor([0, 1]), 0)
    assert epitome_masks(np.int64(4), np.int32(2), 2).shape == (2, 4)


def test_batches_are_shuffled_by_the_generator_and_not_by_the_global_one():
    y = torch.arange(60) % 3
    first, again, other = (stratified_batches(y, 10, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not all(torch.equal(a, b) for a, b in zip(first, other))
    together = torch.zeros(60, 60)
    for seed in range(300):
        for rows in stratified_batches(y, 10, generator=torch.Generator().manual_seed(seed)):
            together[rows[:, None], rows] += 1 / 300
    same, another = y[:, None] == y, y[:, None] != y
    pairs = together[same & ~torch.eye(60, dtype=torch.bool)]
    assert abs(pairs.mean() - 1 / 6 * 0.9) < 0.05 and pairs.max() < 0.4, "who meets whom is chance"
    assert abs(together[another].mean() - 1 / 6) < 0.01
