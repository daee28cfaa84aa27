"""The variational autoencoder with a standard normal prior as recipes: on dynamic MNIST, and with 2 latents for the manifolds;
and, for comparison, plain autoencoders.

Source: Kingma & Welling 2014, figure 4. The networks and the value of vae-mnist are those of Tomczak & Welling 2018.
"""

from ...likelihoods import Logistic256
from ...models import VAE, Autoencoder
from ...training import Settings
from ..measures import activity, bound, codes, draws, draws_of_codes, kl_per_unit, likelihood, squared_error, variance_map
from ..recipe import Recipe

MEASURES = (likelihood, bound, activity, kl_per_unit)


def _autoencoder(latent_dim: int) -> Recipe:
    return Recipe(
        title=f"autoencoder, {latent_dim} latents",
        data="mnist",
        build=lambda: Autoencoder(784, latent_dim, (300, 300), gated=True),
        settings=Settings(epochs=100, lr=1e-3, lr_decay=0.01, normalize_gradients=True, seed=14),
        metric="squared error",
        published=None,
        source="CSC413 lecture 10, the review slides",
        notes="The two bodies of vae-mnist with a plain code between them; trained on grey pixels and the squared error.",
        measures=(squared_error, codes, draws_of_codes),
        loss=lambda model, x, generator: model.loss(x),
    )


REFERENCES = {
    "vae-mnist": Recipe(
        title="VAE, 40 latents, standard normal prior",
        data="mnist",
        build=lambda: VAE(784, 40),
        settings=Settings(
            epochs=500, lr=1e-3, lr_decay=0.01, warmup=100, normalize_gradients=True, dynamic_binarization=True, seed=14
        ),
        metric="log-likelihood (nats)",
        published=-84.50,
        source="Tomczak & Welling 2018, Table 1, dynamic MNIST, VAE, standard prior",
        notes="The paper's network, batch, warm-up, gradient normalisation and He initialisation; instead of its constant "
        "learning rate and its early stop after up to 2,000 epochs, 500 epochs along a half cosine from 1e-3 to 1e-5. "
        "The KL is in closed form, the paper's code takes it at one sample. The shipped weights score -84.53 nats, 0.03 below "
        "the published -84.50 and within the standard error of 0.22 over test images (whose binarisation is our own draw). "
        "A plain run before it (Adam 5e-4, constant, no normalisation, 250 epochs) stood at about -85.7.",
        measures=(*MEASURES, draws),
    ),
    "vae2d-mnist": Recipe(
        title="VAE, 2 latents, for the manifold",
        data="mnist",
        build=lambda: VAE(784, 2),
        settings=Settings(epochs=120, lr=1e-3, lr_decay=0.01, normalize_gradients=True, dynamic_binarization=True, seed=14),
        metric="log-likelihood (nats)",
        published=None,
        source="Kingma & Welling 2014, figure 4b (a picture, no number)",
        notes="The network of vae-mnist with 2 latents.",
        measures=(*MEASURES, draws, variance_map),
    ),
    "vae-frey": Recipe(
        title="VAE, 2 latents, Frey faces, for the manifold",
        data="frey-faces",
        build=lambda: VAE(560, 2, likelihood=Logistic256()),
        settings=Settings(epochs=2000, lr=5e-4, warmup=100, patience=100, normalize_gradients=True, seed=14),
        metric="bits per dimension",
        published=None,
        source="Kingma & Welling 2014, figure 4a (a picture, no number)",
        notes="256-bin logistic pixels instead of the paper's Gaussian, whose density has no upper bound; the best published "
        "one-layer value with 40 latents is 4.57 bits per dimension (VampPrior paper, Table 1), with 2 latents there is none.",
        measures=MEASURES,
    ),
    "ae2d-mnist": _autoencoder(2),
    "ae32-mnist": _autoencoder(32),
}
