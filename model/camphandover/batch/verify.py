"""Whether a stored batch is what its manifest says: blocks computed again and compared."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from camphandover.batch import store
from camphandover.batch.files import stamp
from camphandover.batch.identity import identity_of
from camphandover.batch.plan import DEFAULT_MODEL, Block, Model, Plan
from camphandover.batch.records import read_records
from camphandover.core.sources import code_digest
from camphandover.errors import BatchError
from camphandover.inputs import MAX_SEED, whole


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
    from camphandover import facts, scenario

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
    return Plan(
        scenarios,
        int(manifest["runs"]),
        int(manifest["seed"]),
        manifest["theatre"],
        manifest["core"],
        manifest["model"],
        manifest["evidence"],
        bool(manifest["sampled"]),
        manifest["ledger"],
        records,
    )


def verify(
    folder: Path,
    blocks: int = 5,
    model: Model | None = None,
    chooser: int | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Verified:
    """Compute a random sample of blocks again and compare the bytes.

    Args:
        folder: Of a finished batch.
        blocks: How many; all if there are fewer.
        model: What ran it, if that was not `NorthernMali` itself.
        chooser: Seed of the choice of blocks; another choice each time if not given.
        tell: Called with the blocks done and to be done.
    Errors:
        BatchError if the batch cannot be computed here.
    """
    from camphandover.batch.plan import northern_mali
    from camphandover.batch.work import compute

    blocks = whole("blocks", blocks, 1, 2**31 - 1)
    chooser = None if chooser is None else whole("chooser", chooser, 0, MAX_SEED)
    manifest = store.read_manifest(folder)
    plan = plan_of(folder, manifest)
    ours = DEFAULT_MODEL if model is None else identity_of(model)
    if ours != manifest["model"]:
        raise BatchError(
            f"{folder} was run by {manifest['model']}, not by {ours} (the number tells the code, "
            "and all that it uses): verify it from Python with ch.verify(batch, model=...)."
        )
    n = min(blocks, len(plan.blocks))
    chosen = sorted(random.Random(chooser).sample(range(len(plan.blocks)), n))
    found: list[str] = []
    for done, block in enumerate((plan.blocks[i] for i in chosen), start=1):
        marker = store.read_marker(folder, block.name)
        if marker is None:
            found.append(f"{folder / store.BLOCKS / block.name}.json is damaged or missing")
        else:
            content = compute(plan, block, model or northern_mali)
            found += _compared(folder, content.files, marker)
            if content.failures != marker.failures:
                found.append(f"{folder / store.BLOCKS / block.name}.json names other failures")
        if tell is not None:
            tell(done, n)
    return Verified(
        [(plan.names[b.scenario], b) for b in (plan.blocks[i] for i in chosen)],
        len(plan.blocks),
        found,
    )


def _compared(folder: Path, computed: dict[str, bytes], marker: store.Marker) -> list[str]:
    """What of a block is not as it was computed again."""
    faults = []
    for path in sorted(marker.files.keys() | computed.keys()):
        if path not in computed:
            faults.append(f"{folder / path} was stored and is not computed now")
            continue
        if path not in marker.files:
            faults.append(f"{folder / path} is computed now and was not stored")
            continue
        stored = (folder / path).read_bytes() if (folder / path).is_file() else None
        if stored != computed[path]:
            faults.append(f"{folder / path} differs from what is computed again")
        elif stamp(stored) != marker.files[path]:
            faults.append(f"{folder / path} is right, but its checksum is not")
    return faults
