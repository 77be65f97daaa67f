"""Outcomes of one's own: `camphandover compare DIR A B --outcomes own_outcomes.py`."""

import camphandover as ch


@ch.outcome(unit="days", better="fewer", title="days for which the UN stays at Kidal")
def late(runs):
    """One number of each run."""
    return runs.held_by("minusma", "Kidal").sum(axis=1)


@ch.outcome(unit="people", better="more", over="place", title="people at home in {place}")
def at_home(runs):
    """One number of each run and place, from labelled data."""
    return runs.people["residents"].isel(date=-1).sel(place=list(runs.places))


@ch.outcome(unit="share", better="more", over=("place", "date"), title="{place} has no UN, {date}")
def vacated(runs, day):
    """Whether something is so, on a date."""
    control = runs.control.sel(place=list(runs.places), date=day.isoformat())
    return control != runs.holders.index("minusma")
