"""What `camphandover serve` tells the page, which Solara loads by its name."""

from __future__ import annotations

from pathlib import Path

SEED = 2023
"""Seed of the live model and of the pairs: run 7 of both is the same story."""
RUNS = 50
"""Runs of a pair if the form says nothing else."""
PARTICLES = 200
"""Runs that the record weighs at most for the page, which is to answer soon."""
folder = Path("scenarios")
"""Where edits are saved."""
