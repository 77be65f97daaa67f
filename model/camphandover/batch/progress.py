"""What a user sees while a batch is computed: runs done, rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Progress = Callable[[int, int], None]
"""Called with the replicates that are there and all replicates, from the thread of the caller."""
Say = Callable[[str], None]
"""Called with a sentence that the user should read."""


@contextmanager
def shown(progress: Progress | bool | None = None) -> Iterator[Progress]:
    """A function that takes the runs done and all runs.

    Args:
        progress: A function of one's own; `False` for none; else a bar in a terminal (on stderr)
            or in a notebook, and nothing where the output is neither.
    """
    if callable(progress):
        yield progress
        return
    from tqdm.auto import tqdm

    hidden = progress is False or not (in_notebook() or sys.stderr.isatty())
    with tqdm(unit="run", file=sys.stderr, leave=False, disable=hidden, smoothing=0.1) as bar:
        yield bar_of(bar)


def bar_of(bar: Any) -> Progress:
    """What moves a bar of tqdm; runs that were there at the start do not count for the rate."""

    def tell(done: int, total: int) -> None:
        if bar.total is None:
            bar.initial = bar.n = done
            bar.reset(total)
            bar.initial = bar.n = done
        bar.update(done - bar.n)

    return tell


def in_notebook() -> bool:
    """Whether this runs in a notebook's kernel."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
