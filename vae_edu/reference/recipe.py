"""What a recipe says: all that `vae-edu reference train` needs, and all that `reference.load` needs to rebuild the network."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from ..training import Settings


@dataclass(frozen=True)
class Recipe:
    """One reference. `published` is the paper's value in the unit of `metric`; None where no paper gives one.

    he_init: weights from N(0, 2 / fan_in), else as torch draws them. weights: False where only the card is shipped.
    wants_gpu: left out of `--all` where there is none.
    """

    title: str
    data: str
    build: Callable[[], nn.Module]
    settings: Settings
    metric: str  # "log-likelihood (nats)", "bits per dimension" or "Parzen log-density (nats)"
    published: float | None
    source: str
    notes: str
    he_init: bool = True
    weights: bool = True
    wants_gpu: bool = False
