"""Trained references: weights (half precision), a card with everything measured on them, and a probe.

A probe is 64 images drawn from the reference's own decoder with the reference's answers on them in float64, so that a
check can be held against the full reference with no data set at hand. Of some models only the card is shipped.
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import load as parse_safetensors
from torch import Tensor, nn

from .recipes import RECIPES, every

STORE = Path(__file__).parent / "store"


class StoreError(Exception):
    """A reference's file is missing, damaged or unknown. The message is one sentence for the user."""


class Probe(NamedTuple):
    """The reference's answers on 64 images of its own, float64. S samples of z per image; the Elbo's terms use the first.

    With epitomes, mu and logvar are those of q(z|x, y*), masked; kl and costs contain log E. With a mixture prior, kl is
    log q - log p at z[0]. With two layers, mu and logvar are those of z2, noise and z hold z1 and then z2, kl is
    at z[0] too.
    """

    x: Tensor  # (64, pixels), drawn from the decoder
    noise: Tensor  # (S, 64, latent_dim), standard normal
    mu: Tensor  # (64, latent_dim)
    logvar: Tensor  # (64, latent_dim)
    z: Tensor  # (S, 64, latent_dim) = mu + exp(logvar / 2) * noise, 0 off the epitome
    logits: Tensor  # (64, outputs * pixels), the decoder's raw output at z[0]
    reconstruction: Tensor  # (64,), log p(x | z[0])
    kl: Tensor  # (64,), KL(q(z|x) || p(z))
    log_weights: Tensor  # (S, 64), log p(x, z) - log q(z|x)
    costs: Tensor | None = None  # (64, epitomes), of every epitome at z = mu


def names() -> list[str]:
    """The references that are shipped with weights."""
    return [name for name in RECIPES if (STORE / f"{name}.safetensors").exists()]


def carded() -> list[str]:
    """All models with a card, those of the papers' tables included; not all have weights."""
    return [name for name in every() if (STORE / f"{name}.json").exists()]


def card(name: str) -> dict:
    """What is known of a reference: data, network, settings, hardware, curve, and metrics of the shipped weights."""
    try:
        found = json.loads(_read(name, "json"))
        if not {"metrics", "sha256"} <= found.keys():
            raise ValueError("not a card")
        return found
    except (ValueError, AttributeError):
        raise StoreError(f"{name}.json is damaged; reinstall vae-edu, or run: vae-edu reference train {name}") from None


def load(name: str, *, device: str = "cpu") -> nn.Module:
    """The trained model, float32, in eval mode. Raises StoreError unless its bytes are the ones the card names."""
    tensors = _tensors(name, "safetensors")
    model = every()[name].build()
    model.load_state_dict(tensors)
    return model.float().eval().requires_grad_(False).to(device)


def probe(name: str) -> Probe:
    """The reference's images and answers. Raises StoreError unless its bytes are the ones the card names."""
    if every()[_known(name)].loss is not None:
        raise StoreError(f"{name} has no bound, and so no probe: there is its card, and reference.load({name!r}).")
    return Probe(**{key: tensor.double() for key, tensor in _tensors(name, "probe.safetensors").items()})


def verify(name: str) -> None:
    """Read all that is shipped of a reference. Raises StoreError unless its bytes are the ones the card names."""
    load(name)
    if every()[name].loss is None:
        probe(name)


def _tensors(name: str, suffix: str) -> dict[str, Tensor]:
    raw, expected = _read(name, suffix), card(name)["sha256"][suffix]
    found = hashlib.sha256(raw).hexdigest()
    if found != expected:
        raise StoreError(
            f"{name}.{suffix} is damaged (SHA-256 {found[:12]}…, its card says {expected[:12]}…); "
            f"reinstall vae-edu, or run: vae-edu reference train {name}"
        )
    return parse_safetensors(raw)


def _known(name: str) -> str:
    if name not in every():
        raise StoreError(f"There is no reference called {name!r}; there are {', '.join(RECIPES)}.")
    return name


def _read(name: str, suffix: str) -> bytes:
    path = STORE / f"{_known(name)}.{suffix}"
    try:
        return path.read_bytes()
    except OSError as error:
        if suffix != "json" and not every()[name].weights:
            raise StoreError(
                f"Of {name} only the card is shipped; vae-edu reference train {name} leaves weights in runs/{name}/checkpoint.pt"
            ) from None
        reason = f"{path.name} cannot be read ({error.strerror})"
        raise StoreError(f"{reason}; reinstall vae-edu, or run: vae-edu reference train {name}") from None
