"""Claims beside truth, as tables: by hand, and for a stored batch."""

from __future__ import annotations

import pandas as pd
import pytest

import camphandover as ch
from worlds import compiled_only

T0 = pd.Timestamp("2023-09-12 09:00")


def event(row: int, kind: str, cause: int | None = None, **cells: object) -> dict[str, object]:
    """A row of the table of events."""
    blank = dict.fromkeys(("side", "about", "place", "slot", "before", "after", "amount"))
    base = {"scenario": "s", "replicate": 0, "row": row, "time": T0 + pd.Timedelta(hours=row)}
    return {**base, **blank, "kind": kind, "cause": cause, "place": "Bourem", **cells}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows))
    return frame.astype({"replicate": "int32", "row": "int32", "cause": "Int32"})


FIGHT = table(
    event(0, "losses", side="army", about="separatists", amount=25.0),
    event(1, "losses", side="separatists", about="army", amount=14.0),
    event(2, "claim_losses", 0, side="separatists", about="army", amount=97.0),
    event(3, "silence", 0, side="army"),
    event(4, "claim_losses", 1, side="army", about="separatists", amount=46.0),
    event(5, "revision", 4, side="army", about="separatists", amount=40.0),
    event(6, "claim_losses", 1, side="separatists", about="separatists", amount=9.0),
    event(7, "losses", side="wagner", about="gsim", amount=3.0),
    event(8, "claim_losses", 7, side="gsim", about="army", amount=8.0),
    event(9, "claim_losses", 7, side="army", about="army", amount=2.0),
)


def test_each_party_of_a_fight_has_its_truth_and_both_claims() -> None:
    told = ch.claims(FIGHT)
    assert told["side"].tolist() == ["army", "separatists", "wagner"]
    assert told["by"].tolist() == ["separatists", "army", "gsim"]
    assert told["dead"].tolist() == [25.0, 14.0, 3.0]
    assert told["own_claim"].fillna(-1).tolist() == [-1, 9.0, 2.0]
    assert told["enemy_claim"].tolist() == [97.0, 46.0, 8.0]
    assert told["revised_claim"].fillna(-1).tolist() == [-1, 40.0, -1]


def test_one_toll_of_several_sides_is_claimed_once_and_true_by_side() -> None:
    events = table(
        event(0, "battle", side="gsim"),
        event(1, "losses", 0, side="army", about="gsim", amount=6.0),
        event(2, "losses", 0, side="wagner", about="gsim", amount=3.0),
        event(3, "losses", 0, side="gsim", about="army", amount=4.0),
        event(4, "claim_losses", 1, side="gsim", about="army", amount=20.0),
        event(5, "claim_losses", 1, side="army", about="army", amount=5.0),
        event(6, "losses", side="minusma", amount=1.0),
    )
    told = ch.claims(events)
    assert told["side"].tolist() == ["army", "wagner", "gsim", "minusma"]
    assert told["dead"].tolist() == [6.0, 3.0, 4.0, 1.0]
    assert told["toll"].tolist() == [9.0, 9.0, 4.0, 1.0]
    assert told["enemy_claim"].fillna(-1).tolist() == [20.0, -1, -1, -1]
    assert told["own_claim"].fillna(-1).tolist() == [5.0, -1, -1, -1]


def test_runs_are_not_mixed() -> None:
    twice = pd.concat([FIGHT, FIGHT.assign(replicate=1)])
    told = ch.claims(twice)
    assert len(told) == 6
    assert (told.groupby("replicate")["enemy_claim"].sum() == 151.0).all()


def test_a_capture_is_claimed_denied_and_confirmed_elsewhere() -> None:
    held = {"slot": "camp", "before": "army", "after": "separatists"}
    events = table(
        event(0, "control", **held),
        event(1, "control", slot="camp", before="separatists", after="nobody"),
        event(2, "claim_control", 0, side="separatists", **held),
        event(3, "denial", 0, side="army", **held),
        event(4, "confirmed", 0, **{**held, "place": "Taoussa"}),
        event(5, "control", slot="town", before="army", after="gsim"),
        event(6, "claim_control", 5, side="gsim", slot="town", before="army", after="gsim"),
        event(7, "unconfirmed", 5, slot="town", before="army", after="gsim"),
    )
    told = ch.control_reports(events)
    assert told["after"].tolist() == ["separatists", "gsim"]
    assert told["denied"].tolist() == [True, False]
    assert told["never"].tolist() == [False, True]
    assert told["named"].fillna("-").tolist() == ["Taoussa", "-"]
    assert told["claimed"].tolist() == [T0 + pd.Timedelta(hours=2), T0 + pd.Timedelta(hours=6)]
    assert told["confirmed"][0] == T0 + pd.Timedelta(hours=4)
    assert pd.isna(told["confirmed"][1])


@compiled_only
def test_of_a_batch_truth_and_claims_are_told_apart(tmp_path) -> None:
    batch = ch.run("historical", runs=3, seed=5, out=tmp_path / "b")
    told = ch.claims(batch)
    losses = batch.events[batch.events["kind"] == "losses"]
    assert len(told) == len(losses)
    assert told["dead"].sum() == losses["amount"].sum()
    # of each side and by each day, the dead of the series
    dead = batch.series["dead"].squeeze("scenario")
    for (replicate, side), rows in told.groupby(["replicate", "side"], observed=True):
        by_day = rows.groupby(rows["time"].dt.floor("D"))["dead"].sum()
        by_day = by_day.reindex(dead["date"].to_numpy(), fill_value=0.0).cumsum()
        assert (dead.sel(replicate=replicate, side=side) == by_day.to_numpy()).all()
    assert told["dead"].sum() == dead.isel(date=-1).sum()
    known = told[(told["dead"] >= 5) & (told["own_claim"] > 0)]
    # the sides understate their own dead and overstate their enemies' (R9.1)
    assert (
        (known["own_claim"] / known["dead"]).median()
        < 1
        < (known["enemy_claim"] / known["dead"]).median()
    )
    figures = batch.series["claimed_dead"].isel(date=-1).sum("side")
    own = told.groupby("replicate")["own_claim"].sum()
    assert figures.squeeze().to_numpy() == pytest.approx(own.to_numpy())
    reports = ch.control_reports(batch)
    assert (reports["claimed"] >= reports["time"]).all()
    assert reports["denied"].any()
