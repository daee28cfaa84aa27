"""What a recipe says: all that `vae-edu reference train` needs, and all that `reference.load` needs to rebuild the network.

The recipes themselves are in `recipes/`, a file for each source.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Generator, Tensor, nn

from ..training import Settings
from .measures import Subject


@dataclass(frozen=True)
class Recipe:
    """One reference. `published` is the paper's value in the unit of `metric`; None where no paper gives one.

    split: of the data set (see `data.load`). measures: what is measured, functions of `measures`, in the card's order. grey:
    True where Bernoulli pixels were trained on grey images, so that the probe's are decoder means. he_init: weights from
    N(0, 2 / fan_in), else as torch draws them. weights: False where only the card is shipped. loss: of a model without a bound,
    (model, x, generator) to (batch,): it is trained on that and has no probe. wants_gpu: left out of `--all` where there is none.
    """

    title: str
    data: str
    build: Callable[[], nn.Module]
    settings: Settings
    metric: str  # "log-likelihood (nats)", "bits per dimension" or "Parzen log-density (nats)"
    published: float | None
    source: str
    notes: str
    measures: tuple[Callable[[Subject], dict], ...]
    split: int = 0
    grey: bool = False
    he_init: bool = True
    weights: bool = True
    loss: Callable[[nn.Module, Tensor, Generator], Tensor] | None = None
    wants_gpu: bool = False
