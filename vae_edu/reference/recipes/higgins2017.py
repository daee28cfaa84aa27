"""beta-VAEs on sprites with known factors as recipes, and VAEs whose rate is led to a capacity, upwards and downwards.

Sources: Higgins et al. 2017; Burgess et al. 2018. Their images (dSprites, 64 x 64) are not here: these are `vae_edu.sprites`, the
network is far smaller than theirs, and no number of theirs can be held against it. Three seeds of each; weights of the first.
"""

from dataclasses import replace

from ...models import VAE
from ...training import Settings
from ..measures import bound, disentanglement, kl_per_unit
from ..recipe import Recipe

BETAS, SEEDS = (1, 4, 8), (0, 1, 2)
PRICED = Settings(epochs=16, batch_size=64, lr=1e-3)
LED = replace(PRICED, gamma=30.0)
NOTES = (
    "Small networks, so that it trains in half a minute. Seed 0 is shipped; it was not chosen. No clamp on the log-variance: "
    "above exp(-6) a latent holds 3 nats at most, so that a raised capacity would look as if it woke a fourth one. Every measure "
    "is of images that it was trained on: there are no others."
)
UP = replace(LED, epochs=22, capacity=(0.0, 10.0), capacity_epochs=(1, 18))
DOWN = replace(LED, epochs=18, capacity=(12.0, 1.0), capacity_epochs=(7, 17))


def _runs(name: str, title: str, settings: Settings, source: str) -> dict[str, Recipe]:
    """The same with every seed: name-sprites, and name-sprites-seed1 and so on as cards."""
    run = lambda seed: Recipe(
        title=title,
        data="sprites",
        build=lambda: VAE(1024, 10, (128, 64), gated=False, logvar_range=None),
        settings=replace(settings, seed=seed),
        metric="MIG",
        published=None,
        source=source,
        notes=NOTES,
        measures=(bound, kl_per_unit, disentanglement),
        grey=True,
        he_init=False,
        weights=seed == 0,
    )
    return {f"{name}-sprites" + f"-seed{seed}" * (seed > 0): run(seed) for seed in SEEDS}


REFERENCES = {}
for beta in BETAS:
    priced = replace(PRICED, kl_weight=float(beta))
    REFERENCES |= _runs(f"betavae{beta}", f"beta-VAE, beta = {beta}", priced, "Higgins et al. 2017 (other images)")
for name, settings in {"up": UP, "down": DOWN}.items():
    title = "capacity from {:.0f} to {:.0f} nats, gamma = {:.0f}".format(*settings.capacity, settings.gamma)
    REFERENCES |= _runs(f"capacity-{name}", title, settings, "Burgess et al. 2018 (other images)")
