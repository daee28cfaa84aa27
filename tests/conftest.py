import os
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def mnist():
    from vae_edu import data

    if not data.at_hand("mnist"):
        pytest.skip("MNIST is not at hand: set VAE_EDU_DATA or run `vae-edu data mnist`")
    return data.load("mnist")


def pytest_collection_modifyitems(items):
    """The files that take longest come first, so that two workers share them evenly."""
    longest = ("test_notebooks", "test_attacks", "test_grading", "test_class", "test_reference", "test_cluster")
    items.sort(key=lambda item: longest.index(item.path.stem) if item.path.stem in longest else len(longest))


def pytest_terminal_summary(terminalreporter):
    """One loud line where bubblewrap is missing: how much was not tried, and what to do about it."""
    skipped = [r.nodeid for r in terminalreporter.getreports("skipped") if "bubblewrap" in str(r.longrepr[-1])]
    if skipped:
        attacks = sum("/attacks/" in name and "[" in name for name in skipped)
        install = "sudo apt install bubblewrap" if sys.platform == "linux" else "it exists for Linux only; on Windows, use WSL2"
        said = f"{attacks} ATTACKS WERE NOT TRIED, nor {len(skipped) - attacks} other tests"
        terminalreporter.write_sep("!", f"{said}: bubblewrap is not installed ({install})", red=True, bold=True)


def seeds() -> list[int]:
    """Seeds for randomised tests: 2 on every push, as many as VAE_EDU_SEEDS says in `make test-all`."""
    return list(range(int(os.environ.get("VAE_EDU_SEEDS", "2"))))
