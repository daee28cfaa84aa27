"""Train all models of a table: several at once, each in a process of its own, each resumable."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch
from tqdm.auto import tqdm

from .epitomic import GRID
from .train import train

GRIDS = {"epitomic": GRID}


def train_grid(grid: str, runs: Path, store: Path, *, processes: int) -> dict[str, str]:
    """Train every model of the grid that has no card in `store` yet. Returns what went wrong, by name.

    One model's failure leaves the others alone. A call that was cut off goes on: finished models are skipped, and a
    half-trained one resumes after its last epoch.
    """
    waiting = [name for name in GRIDS[grid] if not (store / f"{name}.json").exists()]
    failures = {}
    context = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_one_thread) as pool:
        jobs = {pool.submit(train, name, runs, store, progress=False): name for name in waiting}
        try:
            for job in tqdm(as_completed(jobs), total=len(jobs), unit="model", leave=False):
                if job.exception() is not None:
                    failures[jobs[job]] = str(job.exception())
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)  # or the workers would go on with the next models
            raise
    return failures


def _one_thread() -> None:
    torch.set_num_threads(1)
    os.nice(5)
