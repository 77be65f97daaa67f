"""What was said beside what happened: casualties and changes of control, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from camphandover.batch.batch import Batch
from camphandover.measure.run_ledger import check_full

RUN = ["scenario", "replicate"]
SPEAKS_FOR = {"wagner": "army", "partners": "army"}
"""Sides whose losses another one tells."""


def claims(data: Batch | pd.DataFrame) -> pd.DataFrame:
    """Casualties of each fight, strike and ambush: the truth and what either side said.

    Args:
        data: A batch, or its `events` or a selection of whole runs of it.
    Returns:
        One row for each side and event: scenario, replicate, time, place, side (who lost men),
        by (who killed them, missing for mines and outsiders), dead (the truth: its sum by side is
        `dead` of the batch's series), toll (the same of all for whom one side speaks: of the army
        with Wagner and the partners), own_claim, enemy_claim (what was said of the toll, missing
        where that side was silent; said once, so missing in the rows of an event that follow a
        party's first), revised_claim (what the enemy made of its claim later, missing if
        nothing). What had not yet been said when the window ended is missing too.
    Source: RULES R9.1, R9.2.
    """
    events = _events(data)
    losses = _of_kind(events, ["losses"])
    told = _of_kind(events, ["claim_losses"])
    own = told[told["side"].astype("str") == told["about"].astype("str")]
    enemy = told[told["side"].astype("str") != told["about"].astype("str")]
    revised = _of_kind(events, ["revision"])
    table = losses.rename(columns={"about": "by", "amount": "dead"})
    party = [*RUN, table["cause"].fillna(-1), table["side"].astype("str").replace(SPEAKS_FOR)]
    table["toll"] = table.groupby(party)["dead"].transform("sum")
    table = table[[*RUN, "row", "time", "place", "side", "by", "dead", "toll"]]
    table = _joined(table, own, {"amount": "own_claim"})
    table = _joined(table, enemy, {"amount": "enemy_claim", "row": "claim_row"})
    table = _joined(table, revised, {"amount": "revised_claim"}, on="claim_row")
    return table.drop(columns=["row", "claim_row"]).reset_index(drop=True)


def control_reports(data: Batch | pd.DataFrame) -> pd.DataFrame:
    """Captures of camps and towns: when they happened, and when they were said and confirmed.

    Args:
        data: A batch, or its `events` or a selection of whole runs of it.
    Returns:
        One row for each change to an armed bloc: scenario, replicate, time, place, slot, before,
        after, claimed (when the new holder said so), denied (whether the old one denied it),
        confirmed (when observers did; missing if not within the window), named (the place that
        they named), never (whether they never will).
    Source: RULES R9.3.
    """
    events = _events(data)
    changes = _of_kind(events, ["control"])
    changes = changes[changes["after"].isin(["army", "separatists", "gsim"])]
    table = changes[[*RUN, "row", "time", "place", "slot", "before", "after"]]
    table = _joined(table, _of_kind(events, ["claim_control"]), {"time": "claimed"})
    table = _joined(table, _of_kind(events, ["denial"]), {"side": "denied"})
    named = {"time": "confirmed", "place": "named"}
    table = _joined(table, _of_kind(events, ["confirmed"]), named)
    table = _joined(table, _of_kind(events, ["unconfirmed"]), {"kind": "never"})
    for column in ("denied", "never"):
        table[column] = table[column].notna()
    return table.drop(columns="row").reset_index(drop=True)


def _events(data: Batch | pd.DataFrame) -> pd.DataFrame:
    if isinstance(data, Batch):
        check_full(data, "claims need the full ledger")
        return data.events
    return data


def _of_kind(events: pd.DataFrame, kinds: Sequence[str]) -> pd.DataFrame:
    return events[events["kind"].isin(kinds)]


def _joined(
    table: pd.DataFrame, rows: pd.DataFrame, columns: dict[str, str], on: str = "row"
) -> pd.DataFrame:
    """The table with columns of the rows that it caused; missing where it caused none."""
    taken = rows[[*RUN, "cause", *columns]].rename(columns={**columns, "cause": on})
    taken = taken.astype({on: "float64"})
    joined = table.astype({on: "float64"}).merge(taken, on=[*RUN, on], how="left")
    return joined.drop_duplicates([*RUN, "row"])
