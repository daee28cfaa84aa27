"""Train many models: all references, or a paper's table. Several at once, each in a process of its own, each resumable.

`python -m vae_edu.reference` does it for all references on a machine that has torch, numpy, safetensors and tqdm and no more.
"""

import os
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import torch
from tqdm.auto import tqdm

from .recipes import GRIDS
from .train import train


def train_grid(grid: str, runs: Path, store: Path, *, processes: int, archive: Path | None = None) -> dict[str, str]:
    """Train every model of the grid that has no card in `store` yet. Returns what went wrong, by name.

    One model's failure leaves the others alone. A call that was cut off goes on: finished models are skipped, and a
    half-trained one resumes after its last epoch. archive: a zip of all that is in `store`, written anew after each model.
    """
    store.mkdir(parents=True, exist_ok=True)
    recipes = {name: recipe for name, recipe in GRIDS[grid].items() if torch.cuda.is_available() or not recipe.wants_gpu}
    waiting = [name for name in recipes if not (store / f"{name}.json").exists()]
    waiting.sort(key=lambda name: not recipes[name].wants_gpu)  # the longest first
    failures, running = {}, []
    pool = ThreadPoolExecutor(processes)
    jobs = {pool.submit(_train_alone, command(name, runs, store), running): name for name in waiting}
    pending = set(jobs)
    try:
        with tqdm(total=len(jobs), unit="model", leave=False) as bar:
            while pending:
                done, pending = wait(pending, timeout=2, return_when=FIRST_COMPLETED)
                failures |= {jobs[job]: job.result() for job in done if job.result()}
                if done and archive:  # a call that is cut off has packed what was finished
                    pack(store, archive)
                bar.set_postfix_str(_epochs(runs, [jobs[job] for job in pending if job.running()]), refresh=False)
                bar.update(len(done))
        if archive:
            pack(store, archive)
    finally:  # also after Ctrl-C: start nothing more, and stop what runs
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
    return failures


def pack(store: Path, archive: Path) -> None:
    """All weights, probes and cards in one zip; unpacked into vae_edu/reference/store, they are the references."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_name(archive.name + ".partial")
    with zipfile.ZipFile(partial, "w") as file:
        for path in sorted([*store.glob("*.json"), *store.glob("*.safetensors")]):
            file.write(path, path.name)
    os.replace(partial, archive)


def _epochs(runs: Path, names: list[str]) -> str:
    """How far the running models are: "vae-mnist 12, ..."."""
    history = {name: runs / name / "history.json" for name in names}
    return ", ".join(f"{name} {path.read_text().count('epoch') if path.exists() else 0}" for name, path in history.items())


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
