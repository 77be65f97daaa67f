"""What was claimed of raids on the army's bases: in the record of events, and in runs.

Claims are held against claims: nobody knows the truth of the record, and the model's hidden truth
is never looked at. Of each raid there are up to four numbers, of which each may be missing: the
army's dead as the raiders and as the army tell them, and the raiders' dead likewise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from camphandover.batch.batch import Batch
from camphandover.libraries import np, pa, pc, pd

RAID = "base_assault"
"""Kind of event in the record that is a raid on a base."""
RAIDERS = "separatists"
CLAIMS = {
    "army_dead_told_by_separatists": ("army", "separatists"),
    "army_dead_told_by_army": ("army", "army"),
    "separatists_dead_told_by_army": ("separatists", "army"),
    "separatists_dead_told_by_separatists": ("separatists", "separatists"),
}
"""The four numbers of a raid: whose dead, and who tells."""
KINDS = ("battle", "claim_losses", "revision")


@dataclass(frozen=True)
class ClaimOnRecord:
    """What the record says of one of the four numbers.

    Attributes:
        name: Of `CLAIMS`.
        mean: Mean of ln(1 + dead) over the raids with such a claim.
        sd: Its standard deviation over raids; nan if there is one raid.
        n: Number of raids with such a claim.
        last: Date of the last of them.
    """

    name: str
    mean: float
    sd: float
    n: int
    last: date


def claims_on_record(until: date) -> list[ClaimOnRecord]:
    """The claims of raids by separatists on the army's bases, of events up to a date.

    Args:
        until: Last date; rows after it are not looked at.
    Returns:
        Those of the four numbers that at least one raid has.
    Source: events.csv; of a side that changed its figure, the last one.
    """
    found = []
    for name, (whose, teller) in CLAIMS.items():
        told = list(_told(f"{whose}_killed_per_{teller}", until))
        if told:
            logs = [math.log1p(dead) for _, dead in told]
            mean = sum(logs) / len(logs)
            spread = sum((value - mean) ** 2 for value in logs)
            sd = math.sqrt(spread / (len(logs) - 1)) if len(logs) > 1 else math.nan
            last = max(day for day, _ in told)
            found.append(ClaimOnRecord(name, mean, sd, len(logs), last))
    return found


def _told(column: str, until: date) -> Iterator[tuple[date, float]]:
    """Date and number of each raid that has one in a column of the record."""
    from camphandover import facts

    for row in facts.load().events:
        day = date.fromisoformat(row["date"])
        is_raid = row["kind"] == RAID and RAIDERS in row["actor"]
        if day <= until and is_raid and row[column]:
            yield day, float(row[column])


def claim_values(batch: Batch, scenario: str) -> pd.DataFrame:
    """The same of each run: sums over its raids, so that runs can be pooled.

    A raid is a day on which separatists fight at a base of the army of before August 2023; its
    claims are all that is told of losses there on that day, the last figure of each.

    Args:
        batch: With the full ledger.
    Returns:
        Index replicate; for each name of `CLAIMS` three columns: `<name>_n` raids with such a
        claim, `<name>_sum` of ln(1 + dead), `<name>_squares` of its square.
    Errors:
        BatchError if the batch has not the full ledger.
    """

    from camphandover.measure.run_ledger import block_table, blocks_of, check_full

    check_full(batch, "claims need the full ledger")
    parts = []
    for block in blocks_of(batch, scenario):
        replicates = pd.RangeIndex(block["first"], block["stop"], name="replicate")
        summed = _summed(_rows(block_table(batch, block)))
        parts.append(summed.reindex(replicates, fill_value=0.0))
    return pd.concat(parts)


def _rows(table: pa.Table) -> pd.DataFrame:
    """Battles, claims and revisions at bases of the army."""

    from camphandover import facts

    bases = [place.name for place in facts.load().places if place.army_base]
    for column, names in {"kind": KINDS, "place": bases}.items():
        table = table.filter(pc.is_in(table[column].cast(pa.string()), value_set=pa.array(names)))
    columns = ["replicate", "row", "time", "kind", "side", "about", "place", "amount", "cause"]
    frame: pd.DataFrame = table.select(columns).to_pandas()
    return frame.astype(dict.fromkeys(("kind", "side", "about", "place"), "str"))


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Sums over the raids of each run."""

    rows = rows.assign(day=rows["time"].dt.floor("D"))
    raid = ["replicate", "place", "day"]
    raids = rows[(rows["kind"] == "battle") & (rows["side"] == RAIDERS)][raid].drop_duplicates()
    claims = _last_figures(rows).merge(raids, on=raid)
    columns = {}
    for name, (whose, teller) in CLAIMS.items():
        told = claims[(claims["about"] == whose) & (claims["side"] == teller)]
        dead = np.log1p(told.groupby(raid)["amount"].sum()).groupby("replicate")
        columns[f"{name}_n"] = dead.size().astype(float)
        columns[f"{name}_sum"] = dead.sum()
        columns[f"{name}_squares"] = dead.apply(lambda logs: float((logs**2).sum()))
    return pd.DataFrame(columns).fillna(0.0)


def _last_figures(rows: pd.DataFrame) -> pd.DataFrame:
    """The claims, each with what the side made of it later, on the day of its event."""
    claims = rows[rows["kind"] == "claim_losses"]
    revised = rows[rows["kind"] == "revision"][["replicate", "cause", "amount"]]
    revised = revised.rename(columns={"cause": "row", "amount": "later"})
    revised = revised.astype({"row": claims["row"].dtype})
    joined = claims.merge(revised, "left", ["replicate", "row"])
    return joined.assign(amount=joined["later"].fillna(joined["amount"]))
