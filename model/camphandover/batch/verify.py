"""Whether a stored batch is what its manifest says: blocks computed again and compared."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from camphandover import facts, inputs, scenario
from camphandover.batch import store
from camphandover.batch.files import stamp
from camphandover.batch.identity import identity_of
from camphandover.batch.origins import FOLDER, condition_plan
from camphandover.batch.plan import DECIDED, DEFAULT_MODEL, Block, Model, Plan, northern_mali
from camphandover.batch.records import read_records
from camphandover.batch.work import compute
from camphandover.core.sources import code_digest
from camphandover.errors import BatchError

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch
    from camphandover.batch.progress import Progress


@dataclass(frozen=True)
class Verified:
    """What came out.

    Attributes:
        blocks: Blocks that were computed again, with the name of their scenario.
        all_blocks: Number of blocks of the batch.
        differences: Files that are not the same, with what is wrong.
    """

    blocks: list[tuple[str, Block]]
    all_blocks: int
    differences: list[str]


def plan_of(folder: Path, manifest: store.Manifest) -> Plan:
    """The plan that a finished batch was made by.

    Errors:
        BatchError if it was made by other code or facts than are here.
    """
    changed = []
    if manifest["core"] != code_digest():
        changed.append("the code of the rules")
    if manifest["theatre"] != facts.load().digest:
        changed.append("the facts or parameters")
    if changed:
        raise BatchError(
            f"{folder} cannot be verified here: {' and '.join(changed)} changed since it "
            f"was run. Use the version that made it ({manifest['package']}, core "
            f"{manifest['core'][:12]})."
        )
    for entry in manifest["scenarios"]:
        path = store.scenario_file(folder, entry["name"])
        if not path.is_file() or path.read_text(encoding="utf-8") != entry["yaml"]:
            raise BatchError(f"{path} is not the scenario that was run, which the manifest holds.")
    scenarios = tuple(
        scenario.load_stored(entry["yaml"], entry["name"]) for entry in manifest["scenarios"]
    )
    for entry, one in zip(manifest["scenarios"], scenarios, strict=True):
        if one.digest() != entry["digest"]:
            raise BatchError(
                f"{folder / store.MANIFEST} does not hold {entry['name']} as it was run: its "
                "digest differs."
            )
    records = None
    if manifest["records"] is not None:
        records = read_records(folder / store.RECORDS)
        if records.told() != manifest["records"]:
            raise BatchError(f"{folder / store.RECORDS} holds other records than were run.")
    decided = {name: manifest[name] for name in DECIDED}
    return Plan(scenarios, manifest["runs"], manifest["seed"], **decided, records=records)


def verify(
    batch: Batch | str | Path,
    blocks: int = 5,
    model: Model | None = None,
    chooser: int | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Compute a random sample of a batch's blocks again and compare the bytes.

    Args:
        batch: A batch, or its folder.
        blocks: How many blocks of 50 runs; all if there are fewer.
        model: What ran it, if that was not `NorthernMali` itself.
        chooser: Seed of the choice of blocks; another choice each time if not given.
        progress: Called with the blocks done and to be done.
    Returns:
        The blocks, and `differences`: empty if all is the same.
    Errors:
        BatchError if it was made by other code, facts or model than are here.
    """
    folder = inputs.path("batch", getattr(batch, "folder", batch))
    blocks = inputs.whole("blocks", blocks, 1, 2**31 - 1)
    chooser = None if chooser is None else inputs.whole("chooser", chooser, 0, inputs.MAX_SEED)
    manifest = store.read_manifest(folder)
    plan = plan_of(folder, manifest)
    ours = DEFAULT_MODEL if model is None else identity_of(model)
    if ours != manifest["model"]:
        raise BatchError(
            f"{folder} was run by {manifest['model']}, not by {ours} (the number tells the code, "
            "and all that it uses): verify it from Python with ch.verify(batch, model=...)."
        )
    n = min(blocks, len(plan.blocks))
    drawn = random.Random(chooser).sample(range(len(plan.blocks)), n)
    chosen = [plan.blocks[i] for i in sorted(drawn)]
    found = _of_origins(plan, model or northern_mali, folder)
    for done, block in enumerate(chosen, start=1):
        found += _faults(plan, block, model or northern_mali, folder)
        if progress is not None:
            progress(done, n)
    return Verified([(plan.names[b.scenario], b) for b in chosen], len(plan.blocks), found)


def _of_origins(plan: Plan, model: Model, folder: Path) -> list[str]:
    """What of the origins is not as they are computed again, with which the plan then goes on."""
    condition_plan(plan, model)
    paths = {folder / FOLDER / f"{name}.json": one for name, one in plan.origins.items()}
    return [
        f"{path} differs from what is computed again"
        for path, one in paths.items()
        if not path.is_file() or path.read_bytes() != one.to_bytes()
    ]


def _faults(plan: Plan, block: Block, model: Model, folder: Path) -> list[str]:
    """What of a block is not as it is computed again."""
    marker = store.read_marker(folder, block.name)
    path = folder / store.BLOCKS / f"{block.name}.json"
    if marker is None:
        return [f"{path} is damaged or missing"]
    content = compute(plan, block, model)
    others = content.failures != marker.failures
    faults = _compared(folder, content.files, marker)
    return [*faults, f"{path} names other failures"] if others else faults


def _compared(folder: Path, computed: dict[str, bytes], marker: store.Marker) -> list[str]:
    """What of a block is not as it was computed again."""
    faults = []
    for path in sorted(marker.files.keys() | computed.keys()):
        stored = (folder / path).read_bytes() if (folder / path).is_file() else None
        for is_so, what in (
            (path not in computed, "was stored and is not computed now"),
            (path not in marker.files, "is computed now and was not stored"),
            (stored != computed.get(path), "differs from what is computed again"),
            (stamp(stored or b"") != marker.files.get(path), "is right, but its checksum is not"),
        ):
            if is_so:
                faults.append(f"{folder / path} {what}")
                break
    return faults
