"""Scores of codes on a grid whose factors are known: 1 for the factors themselves, chance for codes that say nothing."""

import math

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score

from vae_edu import disentanglement
from vae_edu.disentanglement import higgins_score, mig

COUNTS = (3, 5, 8, 4)
FACTORS = torch.stack(torch.unravel_index(torch.arange(math.prod(COUNTS)), COUNTS), -1)
TRUE = (FACTORS - FACTORS.float().mean(0)) / FACTORS.float().std(0)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def rotated(angle=math.pi / 4):
    turned = TRUE.clone()
    turned[:, 2] = math.cos(angle) * TRUE[:, 2] + math.sin(angle) * TRUE[:, 3]
    turned[:, 3] = math.cos(angle) * TRUE[:, 3] - math.sin(angle) * TRUE[:, 2]
    return turned


def test_the_true_factors_have_one_and_codes_without_them_chance():
    assert higgins_score(TRUE, COUNTS, pairs=8, train=2000, test=1000, generator=dice()) > 0.99
    assert higgins_score(torch.randn(480, 6, generator=dice()), COUNTS, train=2000, test=1000, generator=dice()) < 0.33
    for nothing in (torch.zeros(480, 3), torch.zeros(480, 0)):
        assert higgins_score(nothing, COUNTS, train=2000, test=1000, generator=dice()) < 0.33
    assert mig(TRUE, COUNTS) == pytest.approx(1, abs=1e-5) and mig(torch.zeros(480, 3), COUNTS) == 0 == mig(
        torch.zeros(480, 0), COUNTS
    )
    assert mig(torch.randn(480, 6, generator=dice()), COUNTS) < 0.05


def test_two_factors_that_share_two_latents_cost_both_scores():
    assert higgins_score(rotated(), COUNTS, pairs=8, train=2000, test=1000, generator=dice()) < 0.85
    assert mig(rotated(), COUNTS) < 0.7


def test_differences_are_taken_in_size_and_averaged_before_they_are_classified():
    """Trap: without the absolute value every factor's mean is 0; one pair a point is far harder."""
    points, labels = disentanglement._differences(TRUE, COUNTS, 64, 500, dice())
    assert points.shape == (500, 4) and bool((points >= 0).all())
    for factor in range(4):
        assert points[labels == factor, factor].max() == 0, "the shared factor never differs"
        others = [other for other in range(4) if other != factor]
        assert points[labels == factor][:, others].min() > 0.3, "averaged over 64 pairs, the others do"
    alone = disentanglement._differences(TRUE, COUNTS, 1, 500, dice())[0]
    assert (alone == 0).float().mean() > 0.35


def test_the_scale_of_a_latent_does_not_matter_and_the_classifier_is_linear():
    scaled = TRUE * torch.tensor([100.0, 1.0, 0.01, 1.0]) + 7
    score = lambda codes: higgins_score(codes, COUNTS, pairs=8, train=2000, test=1000, generator=dice())
    assert score(scaled) == pytest.approx(score(TRUE), abs=0.005)
    points, labels = disentanglement._differences(disentanglement._standardised(rotated()), COUNTS, 8, 3000, dice())
    own = LogisticRegression(max_iter=1000).fit(points[:2000], labels[:2000]).score(points[2000:], labels[2000:])
    assert higgins_score(rotated(), COUNTS, pairs=8, train=2000, test=1000, generator=dice()) == pytest.approx(own, abs=0.02)


def test_the_gap_is_that_of_scikit_learns_mutual_informations():
    codes = torch.cat([rotated(0.4), torch.randn(480, 2, generator=dice())], 1)
    gaps = []
    for values, count in zip(FACTORS.unbind(1), COUNTS):
        bins = [disentanglement._binned(latent).numpy() for latent in codes.unbind(1)]
        first, second, *_ = sorted((mutual_info_score(values.numpy(), own) for own in bins), reverse=True)
        gaps.append((first - second) / math.log(count))
    assert mig(codes, COUNTS) == pytest.approx(sum(gaps) / 4, abs=1e-5)


def test_a_factor_told_twice_has_no_gap():
    doubled = torch.cat([TRUE, TRUE], 1)
    active = torch.tensor([True] * 4 + [False] * 4)
    assert mig(doubled, COUNTS) == pytest.approx(0, abs=1e-5) and mig(doubled[:, active], COUNTS) == pytest.approx(1, abs=1e-5)
    assert mig(TRUE[:, :1], (480,)) > 0


@pytest.mark.parametrize("score", [mig, lambda codes, counts: higgins_score(codes, counts, generator=dice())])
def test_what_scores_refuse(score):
    with pytest.raises(ValueError, match="hold NaN"):
        score(TRUE * torch.nan, COUNTS)
    with pytest.raises(ValueError, match="one for each of the 480 images"):
        score(TRUE[:1], COUNTS)
    for constant in ((3, 5, 8, 4, 1), ()):
        with pytest.raises(ValueError, match="at least two values"):
            score(TRUE, constant)
