"""The picture of the model: every arrow joins boxes that are there, each lecture's picture contains the one before."""

import pytest

from vae_edu import plots


@pytest.mark.parametrize("model", plots.MODELS)
@pytest.mark.parametrize("gradient", [False, True])
def test_every_model_has_a_picture_with_all_its_words(model, gradient):
    figure = plots.model_picture(model, gradient=gradient and model != "autoencoder")
    words = {text.get_text() for text in figure.axes[0].texts}
    assert {said for _, _, said in plots.MODELS[model][0].values()} <= words
    assert plots.png(figure).startswith(b"\x89PNG")


def test_the_picture_grows():
    names = lambda model: set(plots.MODELS[model][0])
    assert names("autoencoder") < names("vae") < names("epitomes")
    assert names("vae") < names("vampprior") and names("vae") < names("two layers")


def test_the_gradient_passes_the_sample_and_not_the_noise():
    assert ("decoder", "z") in plots.GRADIENT and ("z", "posterior") in plots.GRADIENT
    assert not any("noise" in arrow for arrow in plots.GRADIENT)


def test_a_model_without_a_picture_is_one_sentence():
    with pytest.raises(ValueError, match="There is no picture of 'gan'; there are autoencoder, vae, epitomes"):
        plots.model_picture("gan")
