"""Train all models of a paper's table: several at once, each in a process of its own, each resumable."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tqdm.auto import tqdm

from .epitomic import GRID
from .train import train

GRIDS = {"epitomic": GRID}


def train_grid(grid: str, runs: Path, store: Path, *, processes: int) -> dict[str, str]:
    """Train every model of the grid that has no card in `store` yet. Returns what went wrong, by name.

    One model's failure leaves the others alone. A call that was cut off goes on: finished models are skipped, and a
    half-trained one resumes after its last epoch.
    """
    store.mkdir(parents=True, exist_ok=True)
    waiting = [name for name in GRIDS[grid] if not (store / f"{name}.json").exists()]
    failures, running = {}, []
    pool = ThreadPoolExecutor(processes)
    jobs = {pool.submit(_train_alone, command(name, runs, store), running): name for name in waiting}
    try:
        for job in tqdm(as_completed(jobs), total=len(jobs), unit="model", leave=False):
            if job.result():
                failures[jobs[job]] = job.result()
    finally:  # also after Ctrl-C: start nothing more, and stop what runs
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
    return failures


def command(name: str, runs: Path, store: Path) -> list[str]:
    """The command that trains one model of a grid."""
    return [sys.executable, "-m", "vae_edu.reference.grid", name, str(runs), str(store)]


def _train_alone(command: list[str], running: list[subprocess.Popen]) -> str:
    """Run the command on one thread; returns what went wrong, or nothing."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    running.append(process)
    said = process.communicate()[1].strip()
    if process.returncode == 0:
        return ""
    return said.splitlines()[-1] if said else f"it died with exit status {process.returncode}"


def end_with_parent() -> None:
    """Leave as soon as the process that started this one is gone, so that nobody trains unseen."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    train(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), progress=False)
