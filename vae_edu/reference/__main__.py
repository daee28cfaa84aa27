"""`python -m vae_edu.reference`: train all references, with nothing installed but torch, numpy, safetensors and tqdm."""

import argparse
import sys
from pathlib import Path

from .grid import train_grid

parser = argparse.ArgumentParser(
    prog="python -m vae_edu.reference", description="Train and measure every reference of the course."
)
parser.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints are kept; the same call goes on from them")
parser.add_argument("--archive", type=Path, default=Path("references.zip"), help="one file for all weights, probes and cards")
parser.add_argument("--processes", type=int, default=8, help="models trained at once")
options = parser.parse_args()
if options.processes < 1:
    parser.error("--processes must be at least 1")
failures = train_grid("references", options.runs, options.runs / "store", processes=options.processes, archive=options.archive)
sys.exit("\n".join(f"{name}: {error}" for name, error in failures.items()))
