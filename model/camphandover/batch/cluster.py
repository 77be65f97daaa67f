"""Blocks on a Dask cluster: the same function as on threads, and the same bytes.

A worker that sees the folder of the batch writes its block there; another one sends the bytes
back, and they are written here. A block whose worker dies goes to another one. When a block has
killed its workers again and again, its replicates are tried one by one, and those that do it are
recorded as failed; the others are computed.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from camphandover.batch import store
from camphandover.batch.identity import identity_of, name_of
from camphandover.batch.plan import DEFAULT_MODEL, Block, Model, Plan, northern_mali
from camphandover.batch.run import Done
from camphandover.batch.store import Content
from camphandover.batch.work import compute
from camphandover.core.sources import code_digest
from camphandover.errors import BatchError

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 15
ATTEMPTS = 4
"""How often a block that lost its workers is begun anew."""


class Cluster:
    """Computes blocks on the workers of a Dask scheduler.

    Args:
        address: Of the scheduler, such as `tcp://host:8786`, or a client.
        model: Makes a replicate of a scenario; it is sent to the workers.
    Errors:
        BatchError if the scheduler cannot be reached, has no worker, or a worker has other code.
    """

    name = "dask"

    def __init__(self, address: str | Client, model: Model) -> None:
        self.address, self.model = address, model
        self.workers = 0

    def __enter__(self) -> Self:
        """Connect."""
        self.client, self._ours = _connect(self.address)
        from distributed.protocol.pickle import dumps

        # As bytes: a task that a worker cannot read ends its worker, and nobody is told.
        self.pickled = dumps(self.model)
        self.workers = _check_workers(self.client, str(self.address))
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect; a client that was handed in stays open."""
        if self._ours:
            self.client.close()

    def run(self, plan: Plan, folder: Path, todo: list[Block]) -> Generator[Done]:
        """Compute the blocks; yields each when it is written."""
        from distributed import as_completed

        token = self._token(plan, folder)
        sent: dict[Future[Content], Block] = {
            self._submit(plan, block, token): block for block in todo
        }
        try:
            for future in as_completed(list(sent), raise_errors=False):
                block = sent.pop(future)
                content = self._content(future, plan, block, token)
                if content.files:  # a worker that does not see the folder sends them
                    store.write_block(folder, block, content)
                yield Done(block, content.model_seconds, returned=bool(content.files))
        finally:
            self.client.cancel(list(sent))

    def _submit(self, *work: Any) -> Future[Content]:
        """Send what `compute_part` takes after the model to some worker."""
        return self.client.submit(compute_part, self.pickled, *work, pure=False)

    def _token(self, plan: Plan, folder: Path) -> tuple[str, str]:
        """By what workers know the folder that is being written."""
        return str(folder.absolute()), plan.content

    def _content(
        self, future: Future[Content], plan: Plan, block: Block, token: tuple[str, str]
    ) -> Content:
        """What became of a block; of one that kills its workers, without the replicates that do.

        A block that only stood beside one that kills its worker may be given up with it: it is
        tried again.
        """
        from distributed import KilledWorker

        for _ in range(ATTEMPTS):
            error = future.exception()
            if error is None:
                content: Content = future.result()
                return content
            if not isinstance(error, KilledWorker):
                raise _told(error)
            given_up = self._deadly(plan, block)
            future = self._submit(plan, block, token, given_up)
        raise BatchError(
            f"replicates {block.first} to {block.stop - 1} of {plan.names[block.scenario]} have "
            f"killed their workers {ATTEMPTS} times together and none of them alone: the workers' "
            "memory may be too small. What was computed is kept."
        )

    def _deadly(self, plan: Plan, block: Block) -> dict[int, str]:
        """Replicates of a block that kill every worker that runs them, with what to say of it."""
        from distributed import KilledWorker

        found = {}
        for replicate in range(block.first, block.stop):
            single = Block(block.scenario, replicate, replicate + 1, block.name)
            error = self._submit(plan, single, None).exception()
            if isinstance(error, KilledWorker):
                found[replicate] = "KilledWorker: every worker that ran it has died"
            elif error is not None:
                raise _told(error)
        return found


def _told(error: BaseException) -> BaseException:
    """The error to raise for one of the cluster: a module that is lacking there is named."""
    lacking: BaseException | None = error
    while lacking is not None and not isinstance(lacking, ModuleNotFoundError):
        lacking = lacking.__cause__
    if lacking is None:
        return error
    file = getattr(sys.modules.get(lacking.name or ""), "__file__", None) or f"{lacking.name}.py"
    return BatchError(
        f"the scheduler or its workers have no module {lacking.name!r}, which the model needs: "
        f"send it there with client.upload_file({file!r}), or start them with its folder on their "
        "PYTHONPATH. What was computed is kept."
    )


def _connect(address: str | Client) -> tuple[Client, bool]:
    """A client, and whether it is ours to close."""
    try:
        from distributed import Client
    except ImportError:
        raise BatchError(
            "--cluster needs Dask: install it with `uv sync --extra cluster`, or "
            "`pip install 'camphandover[cluster]'`."
        ) from None
    if isinstance(address, Client):
        return address, False
    try:
        return Client(address, timeout=CONNECT_SECONDS), True
    except (OSError, ValueError) as error:
        raise BatchError(
            f"no Dask scheduler answers at {address} ({error}). `dask scheduler` starts one and "
            "prints its address, such as tcp://127.0.0.1:8786."
        ) from error


def _check_workers(client: Client, address: str) -> int:
    """Threads of all workers; each must have this very code."""
    threads = client.nthreads()
    if not threads:
        raise BatchError(
            f"the scheduler at {address} has no worker. `dask worker {address}` starts one."
        )
    ours = code_digest()
    for worker, theirs in client.run(_code_of_worker, on_error="return").items():
        if theirs != ours:
            what = f"fails ({theirs})" if isinstance(theirs, Exception) else "has other rules"
            raise BatchError(
                f"the worker {worker} {what}: install the same version of camphandover there."
            )
    return int(sum(threads.values()))


def _code_of_worker() -> str:
    return code_digest()


def compute_part(
    pickled: bytes,
    plan: Plan,
    block: Block,
    token: tuple[str, str] | None,
    given_up: dict[int, str] | None = None,
) -> Content:
    """Compute a block on a worker; write it if the batch's folder is seen from there.

    Args:
        pickled: The model.
        token: The folder, and the content of the plan that is being written there; none only to
            see whether the worker survives the block.
        given_up: Replicates not to be run, with what is known of why.
    Returns:
        What was computed; without files if they were written here, or nobody wants them.
    """
    model = pickle.loads(pickled)
    if plan.model != (DEFAULT_MODEL if model is northern_mali else identity_of(model)):
        raise BatchError(
            f"a worker has another {name_of(model)}, or other code that it uses: start the workers "
            "with the same files, and the same versions of Python and of the libraries."
        )
    content = compute(plan, block, model, given_up)
    if token is not None and not _sees(*token):
        return content
    if token is not None:
        store.write_block(Path(token[0]), block, content)
    return replace(content, files={})


def _sees(folder: str, content: str) -> bool:
    """Whether a folder is, from here, the one that is being written."""
    try:
        stored = json.loads((Path(folder) / store.OPEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stored == {"content": content})
