import os
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


def seeds() -> list[int]:
    """Seeds for randomised tests: 2 on every push, as many as VAE_EDU_SEEDS says in `make test-all`."""
    return list(range(int(os.environ.get("VAE_EDU_SEEDS", "2"))))
