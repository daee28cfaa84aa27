"""Judging drawn images: distances and shares by hand, controls that keep what they promise, and the cards' numbers again."""

import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

from vae_edu import data, drawing, reference
from vae_edu.reference import StoreError

DIGITS = data.load("digits")


def test_the_distance_to_the_nearest_image_is_the_median_over_images(rng):
    train, images = torch.rand(600, 5, generator=rng), torch.rand(501, 5, generator=rng)
    nearest = cdist(images.double().numpy(), train.double().numpy()).min(1)
    assert drawing.distance_to_nearest(images, train) == pytest.approx(sorted(nearest)[250], abs=1e-5)
    assert drawing.distance_to_nearest(train[:7], train) == pytest.approx(0, abs=1e-3)


def test_the_classifier_is_logistic_regression_as_sklearn_fits_it():
    ours = drawing.classifier(DIGITS.train, DIGITS.train_labels)
    theirs = LogisticRegression(max_iter=2000).fit(DIGITS.train.numpy(), DIGITS.train_labels.numpy())
    probabilities = ours(DIGITS.test).softmax(-1).numpy()
    assert abs(probabilities - theirs.predict_proba(DIGITS.test.numpy())).max() < 0.02
    sure = (theirs.predict_proba(DIGITS.test.numpy()).max(1) > 0.9).mean()
    assert drawing.taken_with_confidence(ours, DIGITS.test) == pytest.approx(sure, abs=0.02)


def test_the_classes_drawn_are_counted_by_their_shares():
    identity = lambda images: images  # ten "logits" an image
    one_hot = torch.eye(10)
    assert drawing.classes_drawn(identity, one_hot.repeat(3, 1)) == pytest.approx(10)
    assert drawing.classes_drawn(identity, one_hot[[4, 4, 4]]) == pytest.approx(1)
    assert drawing.classes_drawn(identity, one_hot[[1, 2, 2, 2]]) == pytest.approx(4 / 3**0.75)


def test_gaussian_draws_have_the_mean_and_the_covariance_of_the_points(rng):
    points = torch.randn(500, 3, generator=rng) @ torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]) + 3
    drawn = drawing.gaussian_draws(points, 200_000, generator=rng)
    torch.testing.assert_close(drawn.mean(0), points.mean(0), rtol=0, atol=0.02)
    torch.testing.assert_close(drawn.T.cov(), points.T.cov(), rtol=0, atol=0.06)
    assert (drawn[:, 2] == 3).all(), "a pixel that is always the same stays so"


def test_box_draws_stay_in_the_box_and_reach_its_corners(rng):
    points = torch.tensor([[0.0, -1.0], [2.0, 5.0], [1.0, 1.0]])
    drawn = drawing.box_draws(points, 10_000, generator=rng)
    torch.testing.assert_close(drawn.amin(0), torch.tensor([0.0, -1.0]), rtol=0, atol=0.01)
    torch.testing.assert_close(drawn.amax(0), torch.tensor([2.0, 5.0]), rtol=0, atol=0.01)


def test_the_controls_are_no_training_images(rng):
    controls = drawing.images_without_a_model(DIGITS.train, 50, generator=rng)
    assert all(images.shape == (50, 64) for images in controls.values())
    for images in controls.values():
        assert drawing.distance_to_nearest(images, DIGITS.train) > 1.2 * drawing.distance_to_nearest(DIGITS.test, DIGITS.train)


def test_an_autoencoder_as_a_reference_has_codes_and_no_probe():
    for name, latent_dim in (("ae2d-mnist", 2), ("ae32-mnist", 32)):
        codes = reference.card(name)["metrics"]["codes"]
        assert (
            len(codes["low"]) == len(codes["mean"]) == latent_dim
            and len(codes["factor of the covariance, by row"]) == latent_dim**2
        )
        with pytest.raises(StoreError, match="has no bound, and so no probe"):
            reference.probe(name)
        reference.verify(name)


@pytest.mark.parametrize("name", ["ae2d-mnist", "ae32-mnist", "vae2d-mnist"])
def test_the_cards_draws_are_those_of_the_shipped_weights(name, mnist):
    model, metrics = reference.load(name), reference.card(name)["metrics"]
    network = drawing.classifier(mnist.train[:10_000], mnist.train_labels[:10_000])  # another classifier than the card's
    generator = torch.Generator().manual_seed(0)
    if name.startswith("ae"):
        assert model.loss(mnist.test).mean().item() == pytest.approx(metrics["squared error"], abs=0.01)
        images = model.decode(drawing.box_draws(model.encode(mnist.train), 1000, generator=generator)).clamp(0, 1)
        line = metrics["draws"]["codes from the box"]
    else:
        images, line = model.sample(1000, mean=True, generator=generator), metrics["draws"]["codes from the prior"]
    assert drawing.taken_with_confidence(network, images) == pytest.approx(line["taken with confidence"], abs=0.08)
    assert drawing.distance_to_nearest(images[:250], mnist.train) == pytest.approx(
        line["distance to the nearest training image"], abs=0.3
    )
