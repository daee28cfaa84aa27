"""Train a reference, measure it on the very weights that are shipped, and write its files.

Needs only torch, numpy, safetensors and tqdm, so that it runs on a bare GPU machine.
"""

import hashlib
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save as to_safetensors
from torch import Generator, Tensor, nn

from .. import __version__, data
from ..evaluation import active_units, bits_per_dimension, elbo_terms, log_likelihood, unit_activity
from ..networks import he_init_
from ..training import Settings, fit
from .recipes import RECIPES, Recipe

SAMPLES = 5000  # importance samples per test image, as in the VampPrior paper
PROBE_IMAGES, PROBE_SAMPLES = 64, 16


def train(name: str, runs: Path, store: Path) -> dict:
    """Train the reference `name`, measure it and write weights, probe and card into `store`. Returns the card.

    The run's checkpoint is kept in runs/name: a call that was cut off goes on after its last finished epoch.
    """
    recipe = RECIPES[name]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    images = data.load(recipe.data)
    torch.manual_seed(recipe.settings.seed)
    model = recipe.build()
    he_init_(model)
    history = fit(model.to(device), images.train, images.valid, recipe.settings, folder=runs / name)
    model = shipped(model)
    weights = {key: tensor.half().contiguous().cpu() for key, tensor in model.state_dict().items()}
    files = {"safetensors": to_safetensors(weights), "probe.safetensors": to_safetensors(make_probe(model))}
    report = {
        **describe(name, recipe, model, history, device),
        "metrics": measure(model, test_images(recipe.settings, images.test)),
        "sha256": {suffix: hashlib.sha256(raw).hexdigest() for suffix, raw in files.items()},
    }
    store.mkdir(parents=True, exist_ok=True)
    for suffix, raw in {**files, "json": (json.dumps(report, indent=1) + "\n").encode()}.items():  # the card comes last
        partial = store / f"{name}.{suffix}.partial"
        partial.write_bytes(raw)
        os.replace(partial, store / f"{name}.{suffix}")
    return report


def shipped(model: nn.Module) -> nn.Module:
    """The model with its weights rounded to half precision, as they are stored."""
    model.load_state_dict({key: tensor.half() for key, tensor in model.state_dict().items()})
    return model.eval().requires_grad_(False)


def test_images(settings: Settings, test: Tensor) -> Tensor:
    """The test set as it is scored: binary data are binarised once, with a seed of their own."""
    return data.binarize(test, generator=Generator().manual_seed(777)) if settings.dynamic_binarization else test


@torch.no_grad()
def make_probe(model: nn.Module) -> dict[str, Tensor]:
    """See `reference.Probe`. Computed in float64 on the CPU, from the shipped weights."""
    device = next(model.parameters()).device
    model = model.cpu().double()
    generator = Generator().manual_seed(413)
    x = model.sample(PROBE_IMAGES, generator=generator)
    mu, logvar = model.encode(x)
    noise = torch.randn(PROBE_SAMPLES, *mu.shape, generator=generator, dtype=mu.dtype)
    z = mu + (0.5 * logvar).exp() * noise
    log_p_x = model.log_likelihood(x, z)  # (S, 64)
    log_q = torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(-1)
    kl = model.elbo(x, generator=generator).kl
    answers = {"x": x, "noise": noise, "mu": mu, "logvar": logvar, "z": z, "logits": model.decoder(z[0])}
    answers |= {"reconstruction": log_p_x[0], "kl": kl, "log_weights": log_p_x + model.prior.log_prob(z) - log_q}
    model.float().to(device)
    return {key: tensor.contiguous() for key, tensor in answers.items()}


def measure(model: nn.Module, test: Tensor, *, samples: int = SAMPLES) -> dict:
    """Every metric on the card, over all images of `test`."""
    device = next(model.parameters()).device
    generator = Generator(device).manual_seed(413)
    test = test.to(device)
    terms = elbo_terms(model, test, generator=generator)
    likelihood = log_likelihood(model, test, samples=samples, generator=generator, progress=True)
    activity = unit_activity(model, test)
    return {
        "test images": len(test),
        "importance samples": samples,
        "log-likelihood (nats)": round(likelihood.mean().item(), 3),
        "standard error (nats)": round(likelihood.std().item() / len(test) ** 0.5, 3),
        "bits per dimension": round(bits_per_dimension(likelihood.mean().item(), test.shape[1]), 4),
        "ELBO (nats)": round(terms.value().mean().item(), 3),
        "reconstruction (nats)": round(terms.reconstruction.mean().item(), 3),
        "KL (nats)": round(terms.kl.mean().item(), 3),
        "active units at 0.01": active_units(activity, threshold=0.01),
        "active units at 0.02": active_units(activity, threshold=0.02),
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
