"""Train a reference, measure it on the very weights that are shipped, and write its files.

Needs only torch, numpy, safetensors and tqdm, so that it runs on a bare GPU machine.
"""

import hashlib
import json
import math
import os
import platform
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save as to_safetensors
from torch import Generator, Tensor, nn

from .. import __version__, data
from ..data import Dataset
from ..epitome import usage
from ..evaluation import active_units, bits_per_dimension, elbo_terms, log_likelihood, parzen, unit_activity
from ..networks import he_init_
from ..priors import Mixture
from ..training import Settings, fit
from .epitomic import GRID, METRIC
from .recipe import Recipe
from .recipes import RECIPES

SAMPLES = 5000  # importance samples per test image, as in the VampPrior paper
PARZEN_SAMPLES = 10_000
HISTOGRAM_BIN = 5  # nats
PROBE_IMAGES, PROBE_SAMPLES = 64, 16


def train(name: str, runs: Path, store: Path, *, progress: bool = True) -> dict:
    """Train the reference `name`, measure it and write its card, and weights and probe where they are shipped, into `store`.

    The run's checkpoint is kept in runs/name: a call that was cut off goes on after its last finished epoch. Returns the card.
    """
    recipe = (GRID | RECIPES)[name]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_flush_denormal(True)  # a mixture's far components underflow: with denormals its epochs take five times as long
    store.mkdir(parents=True, exist_ok=True)
    images = data.load(recipe.data)
    torch.manual_seed(recipe.settings.seed)
    model = recipe.build()
    if recipe.he_init:
        he_init_(model)
    history = fit(model.to(device), images.train, images.valid, recipe.settings, folder=runs / name, progress=progress)
    model = shipped(model)
    files = {}
    if recipe.weights:
        weights = {key: tensor.contiguous().cpu() for key, tensor in halved(model).items()}
        files = {
            "safetensors": to_safetensors(weights),
            "probe.safetensors": to_safetensors(make_probe(model, grey=recipe.metric == METRIC)),
        }
    report = {
        **describe(name, recipe, model, history, device),
        "metrics": measure(model, recipe, images),
        "sha256": {suffix: hashlib.sha256(raw).hexdigest() for suffix, raw in files.items()},
    }
    for suffix, raw in {**files, "json": (json.dumps(report, indent=1) + "\n").encode()}.items():  # the card comes last
        partial = store / f"{name}.{suffix}.partial"
        partial.write_bytes(raw)
        os.replace(partial, store / f"{name}.{suffix}")
    return report


def shipped(model: nn.Module) -> nn.Module:
    """The model with its weights rounded to half precision, as they are stored."""
    model.load_state_dict(halved(model))
    return model.eval().requires_grad_(False)


def halved(model: nn.Module) -> dict[str, Tensor]:
    """The model's tensors in half precision; counters stay whole numbers."""
    return {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in model.state_dict().items()}


def test_images(settings: Settings, test: Tensor) -> Tensor:
    """The test set as it is scored: binary data are binarised once, with a seed of their own."""
    return data.binarize(test, generator=Generator().manual_seed(777)) if settings.dynamic_binarization else test


@torch.no_grad()
def make_probe(model: nn.Module, *, grey: bool = False) -> dict[str, Tensor]:
    """See `reference.Probe`. Computed in float64 on the CPU, from the shipped weights; grey: the images are decoder means."""
    device = next(model.parameters()).device
    model = model.cpu().double()
    generator = Generator().manual_seed(413)
    x = model.sample(PROBE_IMAGES, mean=grey, generator=generator)
    answers = _two_layers(model, x, generator) if hasattr(model, "encode_z1") else _one_layer(model, x, generator)
    model.float().to(device)
    return {key: tensor.contiguous() for key, tensor in answers.items()}


def _one_layer(model: nn.Module, x: Tensor, generator: Generator) -> dict[str, Tensor]:
    mu, logvar = model.posterior(x)
    noise = torch.randn(PROBE_SAMPLES, *mu.shape, generator=generator, dtype=mu.dtype)
    z = mu + (0.5 * logvar).exp() * noise
    epitomic = hasattr(model, "assign")
    if epitomic:
        z = model.masks[model.assign(x)] * z
    log_p_x = model.log_likelihood(x, z)  # (S, 64)
    log_weights = log_p_x + model.prior.log_prob(z) - _log_normal(z, mu, logvar)
    kl = model.elbo(x).kl if epitomic else model.prior.kl(mu, logvar, z[0]).sum(-1)
    answers = {"x": x, "noise": noise, "mu": mu, "logvar": logvar, "z": z, "logits": model.decoder(z[0])}
    answers |= {"reconstruction": log_p_x[0], "kl": kl, "log_weights": log_weights}
    if epitomic:
        answers |= {"costs": model.costs(x), "log_weights": log_weights - math.log(model.epitomes)}
    return answers


def _two_layers(model: nn.Module, x: Tensor, generator: Generator) -> dict[str, Tensor]:
    mu2, logvar2 = model.encode(x)
    noise = torch.randn(PROBE_SAMPLES, len(x), 2 * model.latent_dim, generator=generator, dtype=mu2.dtype)
    noise1, noise2 = noise.chunk(2, -1)
    z2 = mu2 + (0.5 * logvar2).exp() * noise2
    mu1, logvar1 = model.encode_z1(x, z2)
    z1 = mu1 + (0.5 * logvar1).exp() * noise1
    log_p_x = model.log_likelihood(x, (z1, z2))
    log_ratio = _log_normal(z1, mu1, logvar1) + _log_normal(z2, mu2, logvar2)
    log_ratio = log_ratio - _log_normal(z1, *model.prior_z1(z2)) - model.prior.log_prob(z2)
    answers = {"x": x, "noise": noise, "mu": mu2, "logvar": logvar2, "z": torch.cat([z1, z2], -1)}
    answers |= {"logits": model.decoder((z1[0], z2[0])), "reconstruction": log_p_x[0], "kl": log_ratio[0]}
    return answers | {"log_weights": log_p_x - log_ratio}


def _log_normal(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(-1)


def measure(model: nn.Module, recipe: Recipe, images: Dataset, *, samples: int = SAMPLES) -> dict:
    """Every metric on the card, over all test images. samples: of z per image, for the log-likelihood."""
    device = next(model.parameters()).device
    generator = Generator(device).manual_seed(413)
    test = test_images(recipe.settings, images.test).to(device)
    terms = elbo_terms(model, test, generator=generator)
    if recipe.metric == METRIC:
        scores = _parzen_scores(model, images, generator)
    else:
        scores = _likelihood_scores(model, test, samples, generator)
    found = {
        "test images": len(test),
        **scores,
        "ELBO (nats)": round(terms.value().mean().item(), 3),
        "reconstruction (nats)": round(terms.reconstruction.mean().item(), 3),
        "KL (nats)": round(terms.kl.mean().item(), 3),
    }
    if hasattr(model, "assign"):
        found["of it log E (nats)"] = round(math.log(model.epitomes), 3)
        found["images per epitome"] = usage(model.assign(test), model.epitomes).tolist()
    two_layers = hasattr(model, "encode_z1")
    if two_layers:
        found |= {f"KL of {layer} (nats)": round(kl, 3) for layer, kl in zip(("z1", "z2"), terms.kl_parts.mean(0).tolist())}
        below = unit_activity(model, test, means=partial(model.mean_z1, generator=generator))
        found |= _activity(below, " of z1")
    activity = unit_activity(model, test)
    found |= _activity(activity)
    if not two_layers and not isinstance(getattr(model, "prior", None), Mixture):  # a mixture's KL has no parts
        kl = terms.kl_parts.mean(0)[activity.argsort(descending=True)]
        found["KL per unit (nats)"] = [round(value, 4) for value in kl.tolist()]
    return found


def _activity(activity: Tensor, layer: str = "") -> dict:
    """Active units at both thresholds, and every unit's activity, the highest first. Of two layers, z2 has no suffix."""
    return {
        **{f"active units at {threshold}{layer}": active_units(activity, threshold=threshold) for threshold in (0.01, 0.02)},
        f"activity per unit{layer}": [round(value, 4) for value in activity.sort(descending=True).values.tolist()],
    }


def _likelihood_scores(model: nn.Module, test: Tensor, samples: int, generator: Generator) -> dict:
    likelihood = log_likelihood(model, test, samples=samples, generator=generator, progress=True).cpu()
    lowest = HISTOGRAM_BIN * math.floor(likelihood.min().item() / HISTOGRAM_BIN)
    counts = ((likelihood - lowest) / HISTOGRAM_BIN).long().bincount()
    return {
        "importance samples": samples,
        "log-likelihood (nats)": round(likelihood.mean().item(), 3),
        "standard error (nats)": round(likelihood.std().item() / len(test) ** 0.5, 3),
        "bits per dimension": round(bits_per_dimension(likelihood.mean().item(), test.shape[1]), 4),
        "histogram": {"from (nats)": lowest, "bin (nats)": HISTOGRAM_BIN, "images": counts.tolist()},
    }


def _parzen_scores(model: nn.Module, images: Dataset, generator: Generator) -> dict:
    drawn = model.sample(PARZEN_SAMPLES, mean=True, generator=generator)
    score = parzen(drawn, images.valid.to(drawn), images.test.to(drawn))
    return {
        "Parzen samples": PARZEN_SAMPLES,
        METRIC: round(score.mean, 2),
        "standard error (nats)": round(score.standard_error, 2),
        "Parzen sigma": round(score.sigma, 4),
    }


def describe(name: str, recipe: Recipe, model: nn.Module, history: list[dict], device: str) -> dict:
    """The card without its measurements."""
    best = min(history, key=lambda record: record["valid"])
    return {
        "name": name,
        "title": recipe.title,
        "data": recipe.data,
        "network": str(model).splitlines(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "settings": asdict(recipe.settings),
        "epochs": len(history),
        "best epoch": best["epoch"],
        "hardware": torch.cuda.get_device_name() if device.startswith("cuda") else _cpu(),
        "training seconds": round(sum(record["seconds"] for record in history)),
        "curve": {key: [round(record[key], 2) for record in history] for key in ("train", "valid")},
        **({"usage": [record["usage"] for record in history]} if "usage" in history[0] else {}),
        "metric": recipe.metric,
        "published": recipe.published,
        "source": recipe.source,
        "notes": recipe.notes,
        "vae_edu": __version__,
        "torch": torch.__version__,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {torch.get_num_threads()} thread(s)"
