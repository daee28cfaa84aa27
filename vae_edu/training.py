"""One training loop for every model of the course.

Minibatches are cut straight from a tensor on the model's device. Every random number of epoch e comes from a generator
seeded with (seed, e), and a checkpoint is written after every epoch: a run that is killed goes on after its last finished
epoch and ends with the same numbers as one that was not. Settings after the VampPrior paper and its code: SOURCES.md,
"Tomczak & Welling 2018: training".
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from tqdm.auto import tqdm

from .data import binarize
from .evaluation import elbo_terms, log_likelihood_from_weights
from .objectives import ANNEALINGS, Elbo, capacity, capacity_cost, free_bits, warm_up


class TrainingError(Exception):
    """Training cannot start or go on. The message is one sentence for the user."""


@contextmanager
def bfloat16_products(model: nn.Module) -> Iterator[None]:
    """While it lasts, the model's linear and convolutional layers multiply in bfloat16 and return what they were given: float32.

    Every product of an encoder or a decoder is in such a layer; densities, KL, prior and loss have none and are left alone.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for layer in layers:
        layer.forward = partial(_in_bfloat16, layer.forward)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the class's own is there again


def _in_bfloat16(product: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.autocast(x.device.type, torch.bfloat16):
        return product(x).to(x.dtype)


PRECISIONS = {"float32": nullcontext, "bfloat16": bfloat16_products}


@dataclass(frozen=True)
class Settings:
    """How to train. `patience=None` trains for exactly `epochs`.

    normalize_gradients divides each parameter's gradient by its own norm before Adam; dynamic_binarization draws
    x ~ Bernoulli(grey) anew for every batch, and once for validation; lr_decay is the learning rate's factor at the last
    epoch, reached along a half cosine (1: constant); kl_weight is beta after the warm-up, in validation too (lambda in the
    eVAE paper, eq. 6); annealing is the shape of the warm-up (`objectives.warm_up`); free_bits is the floor of each part of the
    KL, in nats (`objectives.free_bits`); with gamma, the KL's cost is gamma |KL - C| (`objectives.capacity_cost`), where C goes
    from capacity[0] to capacity[1] between the two capacity_epochs (validation: capacity[1]), and each unit's KL goes on record;
    with importance_samples above 1 the bound is the importance-weighted one of that many samples (Burda et al. 2016), which is
    tighter and has no KL to weigh;
    precision is that of the networks' products while training, "float32" or "bfloat16" (faster on GPUs and on processors with AMX
    or AVX512-BF16; with AVX2 alone six times slower); weights, optimizer and validation stay in float32.
    """

    epochs: int
    batch_size: int = 100
    lr: float = 5e-4
    warmup: int = 0
    patience: int | None = None
    normalize_gradients: bool = False
    dynamic_binarization: bool = False
    lr_decay: float = 1.0
    kl_weight: float = 1.0
    annealing: str = "linear"
    free_bits: float = 0.0
    gamma: float = 0.0
    capacity: tuple[float, float] = (0.0, 0.0)
    capacity_epochs: tuple[int, int] = (0, 1)
    importance_samples: int = 1
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self):
        if self.epochs < 1 or self.batch_size < 1 or not 0 < self.lr < math.inf or not 0 <= self.kl_weight < math.inf:
            raise TrainingError(f"epochs and batch_size must be at least 1, lr positive and kl_weight not negative, got {self}.")
        if self.annealing not in ANNEALINGS:
            raise TrainingError(f"annealing must be one of {', '.join(ANNEALINGS)}, got {self.annealing!r}.")
        if not 0 <= self.free_bits < math.inf or self.importance_samples < 1:
            raise TrainingError(f"free_bits must not be negative and importance_samples at least 1, got {self}.")
        if self.importance_samples > 1 and (self.warmup or self.free_bits or self.kl_weight != 1):
            raise TrainingError("The importance-weighted bound has no KL to weigh: leave out warmup, free_bits and kl_weight.")
        if not 0 <= self.gamma < math.inf or not min(self.capacity) >= 0 or not self.capacity_epochs[0] < self.capacity_epochs[1]:
            raise TrainingError(
                f"gamma and both ends of capacity must not be negative, and capacity_epochs must be two that rise, got {self}."
            )
        if self.gamma and (self.warmup or self.free_bits or self.kl_weight != 1 or self.importance_samples > 1):
            raise TrainingError("gamma weighs the KL by itself: leave out warmup, free_bits, kl_weight and importance_samples.")
        if self.precision not in PRECISIONS:
            raise TrainingError(f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}.")


@dataclass
class Progress:
    """What has happened so far: one record per epoch, and the best validation epoch with its weights."""

    history: list[dict]
    best_epoch: int
    best_state: dict[str, Tensor]


def fit(
    model: nn.Module,
    train: Tensor,
    valid: Tensor | None = None,
    settings: Settings = Settings(epochs=10),
    *,
    loss: Callable[..., Tensor] | None = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> list[dict]:
    """Train `model` in place on `train` (n, pixels); returns the history, one dict per epoch (losses in nats per image).

    The loss is minus the ELBO, beta warming up over settings.warmup epochs, or `loss(x, generator)` -> (batch,) where
    given (the plain autoencoder). With `valid`, the model ends with the weights of the epoch with the best validation
    loss at beta = settings.kl_weight; with settings.patience, training stops once that many epochs after the warm-up
    brought no better one. With `folder`, checkpoint and history.json are kept there, and the same call resumes. The model
    ends in eval mode. Minibatches are `shuffled`, unless the model has a method `batches` of the same signature.
    Raises TrainingError where the data are not images in [0, 1] or the loss is no longer finite.
    """
    train, valid = _prepared(model, train, valid, settings)
    losses = partial(_losses, model, settings, loss)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr, fused=True)
    run = {"settings": asdict(settings), "model": repr(model), "pixels": [_content(train), _content(valid)]}
    state = _resume(folder, run, model, optimizer) or Progress([], 0, {})
    bar = tqdm(total=settings.epochs, initial=len(state.history), disable=not progress, leave=False, unit="epoch")
    while not _finished(state, settings, patience=valid is not None):
        epoch, started = len(state.history) + 1, time.perf_counter()
        beta = settings.kl_weight * warm_up(epoch, settings.warmup, settings.annealing)
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * _decay(epoch, settings)
        with PRECISIONS[settings.precision](model):
            weighing = partial(losses, beta=beta, target=capacity(epoch, settings.capacity, settings.capacity_epochs))
            record = {"epoch": epoch, **_sweep(model, train, weighing, optimizer, epoch, settings)}
        if valid is not None and math.isfinite(record["train"]):
            record["valid"] = mean_loss(model, valid, losses, generator=_generator(settings.seed, -epoch, train.device))
            record |= _rates(model, valid, epoch, settings)
        if not all(math.isfinite(record[name]) for name in ("train", "valid") if name in record):
            raise TrainingError(f"The loss is no longer finite in epoch {epoch}; lower the learning rate ({settings.lr}).")
        _keep_best(state, model, record)
        state.history.append({**record, "seconds": round(time.perf_counter() - started, 2)})
        _save(folder, run, model, optimizer, state)
        bar.update()
        bar.set_postfix({key: f"{record[key]:.2f}" for key in ("train", "valid") if key in record}, refresh=False)
    bar.close()
    model.load_state_dict(state.best_state)
    model.eval()
    return state.history


def _rates(model: nn.Module, valid: Tensor, epoch: int, settings: Settings) -> dict:
    """Of a run that leads the KL: what each unit uses at this epoch, in nats."""
    if not settings.gamma:
        return {}
    parts = elbo_terms(model, valid, generator=_generator(settings.seed, -epoch, valid.device)).kl_parts.mean(0)
    return {"KL per unit": [round(part, 3) for part in parts.tolist()]}


def _losses(
    model: nn.Module,
    settings: Settings,
    loss: Callable | None,
    x: Tensor,
    generator: Generator,
    beta=None,
    target=None,
    **given: Tensor,
) -> Tensor:
    """What is minimised, (batch,), in nats; beta, target: those at the end where not given, as in validation."""
    if loss:
        return loss(x, generator)
    if settings.importance_samples > 1:
        return -log_likelihood_from_weights(model.log_weights(x, settings.importance_samples, generator=generator))
    terms = model.elbo(x, **given, generator=generator)
    if settings.gamma:
        return capacity_cost(terms.kl, settings.capacity[1] if target is None else target, settings.gamma) - terms.reconstruction
    return -weighed(terms, settings.kl_weight if beta is None else beta, settings.free_bits)


def weighed(terms: Elbo, beta: float, floor: float) -> Tensor:
    """What is maximised, (batch,): the reconstruction minus beta times the KL, or times its free-bits form."""
    return terms.reconstruction - beta * free_bits(terms.kl_parts, floor) if floor else terms.value(beta)


def _keep_best(state: Progress, model: nn.Module, record: dict) -> None:
    """Remember the weights of the best validation loss; without validation, of the last epoch."""
    best = state.history[state.best_epoch - 1].get("valid") if state.history else None
    if best is None or not record["valid"] >= best:
        state.best_epoch = record["epoch"]
        state.best_state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def shuffled(
    train: Tensor, batch_size: int, *, draw: Callable[[Tensor], Tensor], generator: Generator
) -> tuple[Iterable[tuple[Tensor, dict]], dict]:
    """An epoch's minibatches, in a new order: images (batch, pixels), each time with what else the bound is given (here
    nothing), drawn one after the other; and what the epoch's record says beside the losses (here nothing).

    draw: gives the images as this epoch sees them, binarized anew or as they are.
    """
    rows = torch.randperm(len(train), generator=generator, device=train.device).split(batch_size)
    return ((draw(train[own]), {}) for own in rows), {}


def _sweep(model: nn.Module, train: Tensor, batch_loss, optimizer, epoch: int, settings: Settings) -> dict:
    """One pass over the training images; returns the mean loss per image and what the batches add to the epoch's record."""
    generator = _generator(settings.seed, epoch, train.device)
    draw = partial(binarize, generator=generator) if settings.dynamic_binarization else lambda x: x
    epoch_of = getattr(model, "batches", shuffled)  # a model may cut its epochs in its own way
    batches, counts = epoch_of(train, settings.batch_size, draw=draw, generator=generator)
    model.train()
    total = torch.zeros((), device=train.device)
    for x, given in batches:
        losses = batch_loss(x, generator, **given)
        optimizer.zero_grad()
        losses.mean().backward()
        if settings.normalize_gradients:
            normalize_gradients_(model)
        optimizer.step()
        total += losses.detach().sum()
    return {"train": total.item() / len(train), **counts}


def normalize_gradients_(model: nn.Module) -> None:
    """Divide each parameter tensor's gradient by its own Euclidean norm + 1e-7, as the VampPrior code does."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    norms = torch._foreach_norm(gradients)
    torch._foreach_add_(norms, 1e-7)
    torch._foreach_div_(gradients, norms)


@torch.no_grad()
def mean_loss(model: nn.Module, x: Tensor, loss, *, generator: Generator | None = None, batch_size: int = 1000) -> float:
    """Mean over images of `loss(batch, generator)`, weighted so that the batch size does not matter."""
    model.eval()
    return sum(loss(batch, generator).sum().item() for batch in x.split(batch_size)) / len(x)


def _finished(state: Progress, settings: Settings, *, patience: bool) -> bool:
    done = len(state.history)
    if done >= settings.epochs:
        return True
    if settings.patience is None or not patience:
        return False
    return done - max(state.best_epoch, settings.warmup) > settings.patience


def _decay(epoch: int, settings: Settings) -> float:
    floor = settings.lr_decay
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / settings.epochs))


def _generator(seed: int, epoch: int, device: torch.device) -> Generator:
    return Generator(device).manual_seed((seed * 1_000_003 + epoch) % 2**63)


def _prepared(model: nn.Module, train: Tensor, valid: Tensor | None, settings: Settings) -> tuple[Tensor, Tensor | None]:
    """Checked, beside the model's parameters, and the validation images binarized once where the training images are."""
    parameter = next(model.parameters())
    train = _like(parameter, "train", train)
    valid = None if valid is None else _like(parameter, "valid", valid)
    if valid is not None and settings.dynamic_binarization:
        valid = binarize(valid, generator=_generator(settings.seed, 0, valid.device))
    return train, valid


def _like(parameter: Tensor, name: str, x: Tensor) -> Tensor:
    """Images of the parameter's device and dtype, or a TrainingError where they are not images."""
    if not isinstance(x, Tensor) or x.ndim != 2 or not x.is_floating_point() or len(x) == 0:
        found = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise TrainingError(f"{name} must be a floating-point tensor (images, pixels) with at least one image, got {found}.")
    if not bool(((x >= 0) & (x <= 1)).all()):
        found = "holds NaN" if bool(x.isnan().any()) else f"reaches from {x.min():.3g} to {x.max():.3g}"
        raise TrainingError(f"{name} must hold pixels in [0, 1]; it {found}.")
    return x.to(parameter)


def _content(x: Tensor | None) -> list[int] | None:
    """What tells one data set from another: its shape and the sum of its grey levels."""
    return None if x is None else [*x.shape, int((x * 255).round().long().sum())]


def _save(folder, run: dict, model: nn.Module, optimizer, state: Progress) -> None:
    if folder is None:
        return
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = {"run": run, "weights": model.state_dict(), "optimizer": optimizer.state_dict(), **vars(state)}
    _write(folder / "checkpoint.pt", lambda path: torch.save(checkpoint, path))
    _write(folder / "history.json", lambda path: path.write_text(json.dumps(state.history, indent=0)))


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file, then move into place: a kill leaves the old file or the new one, never half of one."""
    partial = path.with_name(path.name + ".partial")
    write(partial)
    os.replace(partial, path)


def _resume(folder, run: dict, model: nn.Module, optimizer) -> Progress | None:
    path = Path(folder) / "checkpoint.pt" if folder is not None else None
    if path is None or not path.exists():
        return None
    try:
        saved = torch.load(path, map_location=next(model.parameters()).device, weights_only=True)
        if _essence(saved["run"]) != _essence(run):
            raise TrainingError(f"{path} belongs to another run (settings, model or data differ); choose another folder.")
        progress = Progress(saved["history"], saved["best_epoch"], saved["best_state"])
        optimizer.load_state_dict(saved["optimizer"])
        model.load_state_dict(saved["weights"])
        return progress
    except TrainingError:
        raise
    except Exception as error:
        raise TrainingError(f"{path} cannot be resumed ({error}); delete it to start again.") from None


def _essence(run: dict) -> dict:
    """What must be the same to resume. A run may be made longer, unless its learning rate depends on its length."""
    free = {"patience"} if run["settings"]["lr_decay"] != 1 else {"patience", "epochs"}
    settings = {**asdict(Settings(epochs=1)), **run["settings"]}  # a checkpoint from before a setting existed had its default
    return {**run, "settings": {key: value for key, value in settings.items() if key not in free}}
