"""VAEs whose decoder draws pixel by pixel as recipes, on small images, and what makes them use their latents or not.

Sources: Gulrajani et al. 2017 (PixelVAE); Chen et al. 2017 (VLAE) for the window; Kingma et al. 2016 for the free bits; Zhao,
Song & Ermon 2017, figure 5, for the model without a KL. None of them has numbers for images of this size.
"""

from dataclasses import replace

from ...models import PixelCNN, PixelVAE
from ...training import Settings
from ..measures import bound, information
from ..recipe import Recipe

DIGITS = Settings(epochs=15, batch_size=50, lr=1e-2, lr_decay=0.01, normalize_gradients=True)
MNIST14 = Settings(epochs=15, batch_size=100, lr=5e-3, lr_decay=0.01, normalize_gradients=True, dynamic_binarization=True)
ON_DIGITS = {"channels": 12, "kernels": (7, 3, 3)}
WINDOW = {"kernels": (3, 1, 1), "z_as_map": True}
SMALL = "Images of 8 x 8 pixels, so that it trains in seconds: the models of lecture 11, of seed 0."
HALF = "MNIST at half its size, pixels drawn anew from the 2 x 2 means for every batch."


def _recipe(title: str, data: str, build, settings: Settings, notes: str, measures=(bound, information)) -> Recipe:
    return Recipe(
        title=title,
        data=data,
        build=build,
        settings=settings,
        metric="ELBO (nats)",
        published=None,
        source="Gulrajani et al. 2017; Chen et al. 2017 (other images, other sizes)",
        notes=notes,
        measures=measures,
        he_init=False,
    )


def _digits(title: str, settings: Settings = DIGITS, **network) -> Recipe:
    return _recipe(title, "binary-digits", lambda: PixelVAE((8, 8), 8, **(ON_DIGITS | network)), settings, SMALL)


def _mnist14(title: str, settings: Settings = MNIST14, **network) -> Recipe:
    return _recipe(title, "mnist14", lambda: PixelVAE((14, 14), 16, **network), settings, HALF)


def _without_z(data: str, shape: tuple[int, int], settings: Settings, notes: str, **network) -> Recipe:
    return _recipe("PixelCNN, no latents", data, lambda: PixelCNN(shape, **network), settings, notes, (bound,))


REFERENCES = {
    "pixelcnn-digits": _without_z("binary-digits", (8, 8), DIGITS, SMALL, **ON_DIGITS),
    "pixelvae-digits": _digits("PixelVAE, 8 latents"),
    "pixelvae-map-digits": _digits("PixelVAE, z as a map", z_as_map=True),
    "pixelvae-freebits-digits": _digits("PixelVAE, free bits of half a nat a latent", replace(DIGITS, free_bits=0.5)),
    "pixelvae-nokl-digits": _digits("PixelVAE, no KL", replace(DIGITS, kl_weight=0.0)),
    "vlae-digits": _digits("VLAE, window of 3 x 3 pixels", kernels=(3, 1), z_as_map=True),
    "pixelcnn-mnist14": _without_z("mnist14", (14, 14), MNIST14, HALF),
    "pixelvae-mnist14": _mnist14("PixelVAE, 16 latents"),
    "pixelvae-map-mnist14": _mnist14("PixelVAE, 16 latents, z as a map", z_as_map=True),
    "pixelvae-nokl-mnist14": _mnist14("PixelVAE, 16 latents, no KL", replace(MNIST14, kl_weight=0.0)),
    "vlae-mnist14": _mnist14("VLAE, window of 3 x 3 pixels", **WINDOW),
}
