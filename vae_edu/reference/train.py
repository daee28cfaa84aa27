"""Train a reference, measure it on the very weights that are shipped, and write its files.

Needs only torch, numpy, safetensors and tqdm, so that it runs on a bare GPU machine.
"""

import contextlib
import hashlib
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save as to_safetensors
from torch import Generator, Tensor, nn

from .. import __version__, data
from ..data import Dataset
from ..evaluation import elbo_terms
from ..networks import he_init_
from ..training import Settings, fit
from .measures import Subject
from .recipe import Recipe
from .recipes import every

SAMPLES = 5000  # importance samples per test image, as in the VampPrior paper
PROBE_IMAGES, PROBE_SAMPLES = 64, 16


@contextlib.contextmanager
def denormals_flushed() -> Iterator[None]:
    """A mixture's far components underflow: with denormals its epochs take five times as long.

    The processor's mode belongs to the whole process, and others need their denormals: it is put back.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@denormals_flushed()
def train(name: str, runs: Path, store: Path, *, progress: bool = True) -> dict:
    """Train the reference `name`, measure it and write its card, and weights and probe where they are shipped, into `store`.

    The run's checkpoint is kept in runs/name: a call that was cut off goes on after its last finished epoch. Returns the card.
    """
    recipe = every()[name]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    store.mkdir(parents=True, exist_ok=True)
    images = data.load(recipe.data, split=recipe.split)
    torch.manual_seed(recipe.settings.seed)
    model = recipe.build()
    if recipe.he_init:
        he_init_(model)
    loss = recipe.loss and partial(recipe.loss, model)
    history = fit(model.to(device), images.train, images.valid, recipe.settings, loss=loss, folder=runs / name, progress=progress)
    model = shipped(model)
    files = {}
    if recipe.weights:
        weights = {key: tensor.contiguous().cpu() for key, tensor in halved(model).items()}
        files = {"safetensors": to_safetensors(weights)}
        if recipe.loss is None:
            files["probe.safetensors"] = to_safetensors(make_probe(model, grey=recipe.grey))
    report = {
        **describe(name, recipe, model, history, device),
        "metrics": measure(model, recipe, images),
        "sha256": {suffix: hashlib.sha256(raw).hexdigest() for suffix, raw in files.items()},
    }
    for suffix, raw in {**files, "json": (json.dumps(report, indent=1) + "\n").encode()}.items():  # the card comes last
        half = store / f"{name}.{suffix}.partial"
        half.write_bytes(raw)
        os.replace(half, store / f"{name}.{suffix}")
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
    """See `reference.Probe`. Computed in float64 on the CPU, from the shipped weights; grey: the images are decoder means.

    What the model is asked, noise and grey pixels, are numbers of half precision, so that they take a quarter of the room.
    """
    device = next(model.parameters()).device
    model = model.cpu().double()
    generator = Generator().manual_seed(413)
    x = model.sample(PROBE_IMAGES, mean=grey, generator=generator)
    x = x.half().to(x) if grey else x
    noise = torch.randn(PROBE_SAMPLES, PROBE_IMAGES, model.noise_dim, generator=generator, dtype=x.dtype).half().to(x)
    answers = {"x": x, "noise": noise, **model.answers(x, noise)}
    model.float().to(device)
    return {key: _packed(tensor).contiguous() for key, tensor in answers.items()}


def _packed(tensor: Tensor) -> Tensor:
    """In half precision where nothing is lost by it."""
    half = tensor.half()
    return half if torch.equal(half.to(tensor), tensor) else tensor


def measure(model: nn.Module, recipe: Recipe, images: Dataset, *, samples: int = SAMPLES) -> dict:
    """Every metric on the card, over all test images. samples: of z per image, for the log-likelihood."""
    device = next(model.parameters()).device
    generator = Generator(device).manual_seed(413)
    test = test_images(recipe.settings, images.test).to(device)
    terms = elbo_terms(model, test, generator=generator) if recipe.loss is None else None
    subject = Subject(model, images, test, terms, samples, generator)
    found = {"test images": len(test)}
    for lines in recipe.measures:
        found |= lines(subject)
    return found


def describe(name: str, recipe: Recipe, model: nn.Module, history: list[dict], device: str) -> dict:
    """The card without its measurements. What the model's batches add to an epoch's record stands beside the curve."""
    added = history[0].keys() - {"epoch", "train", "valid", "seconds"}
    best = min(history, key=lambda record: record["valid"])
    return {
        "name": name,
        "title": recipe.title,
        "data": recipe.data,
        **({"split": recipe.split} if recipe.split else {}),
        "network": str(model).splitlines(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "settings": asdict(recipe.settings),
        "epochs": len(history),
        "best epoch": best["epoch"],
        "hardware": torch.cuda.get_device_name() if device.startswith("cuda") else _cpu(),
        "training seconds": round(sum(record["seconds"] for record in history)),
        "curve": {key: [round(record[key], 2) for record in history] for key in ("train", "valid")},
        **{key: [record[key] for record in history] for key in sorted(added)},
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
