"""What outcomes are read from: some runs of one scenario, within a window of dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from camphandover.errors import BatchError
from camphandover.facts.codes import Holder
from camphandover.libraries import np, xr

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

AT_ONCE = 200
"""Replicates read at a time, so that memory does not grow with their number; at most 255, so
that they are counted in bytes, which is quicker."""
NO_TAKER = Holder.MINUSMA.name.lower()
"""The holder to whom no base falls: the UN takes none."""


class Window(NamedTuple):
    """Dates from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def n_days(self) -> int:
        """Number of dates."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        """`2023-08-01 to 2023-12-31`."""
        return f"{self.first} to {self.last}"


def scenario_window(batch: Batch, scenario: str) -> Window:
    """First and last date of a scenario of the batch."""
    entries = {entry["name"]: entry["window"] for entry in batch.manifest["scenarios"]}
    first, last = entries[scenario]
    return Window(date.fromisoformat(first), date.fromisoformat(last))


def known_until(batch: Batch, scenario: str) -> date | None:
    """Day until which all is known in a scenario of the batch, from which its runs go on."""
    entries = {entry["name"]: entry for entry in batch.manifest["scenarios"]}
    has_origin = entries[scenario].get("origin") is not None
    return batch.scenario(scenario).known.until if has_origin else None


def judged_window(batch: Batch, a: str, b: str | None = None) -> Window:
    """The dates by which a scenario is judged, or two: those that both have, after what is known
    of either.

    What was known is no outcome of a scenario; scenarios that share it have it alike.

    Errors:
        BatchError if there is none.
    """
    names = (a, a if b is None else b)
    window = common_window(batch, *names)
    days = [day for name in names if (day := known_until(batch, name)) is not None]
    first = max([window.first, *(day + timedelta(days=1) for day in days)])
    if first > window.last:
        raise BatchError(
            f"{' and '.join(names)} have no date in common after {max(days)}, until which all is "
            "known: there is nothing to judge."
        )
    return Window(first, window.last)


def common_window(batch: Batch, a: str, b: str) -> Window:
    """The dates that two scenarios of a batch both have.

    Errors:
        BatchError if there is none.
    """
    one, other = scenario_window(batch, a), scenario_window(batch, b)
    window = Window(max(one.first, other.first), min(one.last, other.last))
    if window.n_days < 1:
        raise BatchError(
            f"{a} and {b} have no date in common and cannot be compared: {a} is {one}, {b} {other}."
        )
    return window


@dataclass(frozen=True)
class Scope:
    """Where outcomes are asked: the dates, the places in the order wanted, `camp` or `town`."""

    window: Window
    places: tuple[str, ...] = ()
    slot: str = "camp"


@dataclass(frozen=True)
class Runs:
    """Some runs of a scenario; those that failed are left out.

    Nothing is read before it is asked for.

    Attributes:
        batch: Where they are stored.
        scenario: Its name.
        scope: Dates, places and slot that are asked for.
        replicates: Which of the batch's.
    """

    batch: Batch
    scenario: str
    scope: Scope
    replicates: slice

    @property
    def n(self) -> int:
        """Number of runs that did not fail."""
        return int(self.is_valid.sum())

    @property
    def n_days(self) -> int:
        """Number of dates of the window."""
        return self.scope.window.n_days

    @property
    def places(self) -> tuple[str, ...]:
        """The places asked for."""
        return self.scope.places

    @property
    def holders(self) -> tuple[str, ...]:
        """Names of the holders by code."""
        return self.batch.holders

    @cached_property
    def is_valid(self) -> np.ndarray:
        """Which of the replicates did not fail, shape (replicate,)."""
        return (self._codes >= 0).all(["place", "date"]).to_numpy()

    @cached_property
    def control(self) -> xr.DataArray:
        """Holders of the slot of every place, int8, dimensions (replicate, place, date)."""
        return self._codes.isel(replicate=self.is_valid)

    @cached_property
    def series(self) -> xr.Dataset:
        """Daily figures of the sides and of the war, as those of a batch, without `scenario`."""
        return self._replicates(self.batch.series.sel(date=self._dates))

    @cached_property
    def people(self) -> xr.Dataset:
        """Daily figures of the places, as those of a batch, without `scenario`."""
        return self._replicates(self.batch.people.sel(date=self._dates))

    @cached_property
    def is_held(self) -> np.ndarray:
        """Who has the slot at the end of the day, shape (replicate, place, holder, day).

        The places are those asked for.
        """

        codes = self.control.sel(place=list(self.places)).to_numpy()
        return np.asarray(
            np.equal(codes[:, :, None], np.arange(len(self.holders), dtype=np.int8)[:, None])
        )

    @property
    def is_taken(self) -> np.ndarray:
        """The same of those to whom a base may fall, shape (replicate, place, taker, day)."""
        return self.is_held[:, :, [name != NO_TAKER for name in self.holders]]

    def held_by(self, holder: str, place: str) -> np.ndarray:
        """Whether a holder has the slot of any place, shape (replicate, day).

        Errors:
            BatchError for an unknown name.
        """
        from camphandover.batch.names import check_known

        check_known("holder", holder, self.holders)
        check_known("place", place, [str(name) for name in self.control["place"].to_numpy()])
        return (self.control.sel(place=place) == self.holders.index(holder)).to_numpy()

    def grown(self, name: str) -> np.ndarray:
        """By how much a count since the first day grew within the window, such as `dead`.

        Returns:
            Shape (replicate, side), or (replicate,) for one of the war as a whole.
        """
        window = self.scope.window
        dates = [window.last]
        if scenario_window(self.batch, self.scenario).first < window.first:
            dates.insert(0, window.first - timedelta(days=1))
        figure = self.batch.series[name].sel(date=[day.isoformat() for day in dates])
        # Loaded before it is transposed: xarray reads a transposed Zarr array cell by cell.
        stored = self._replicates(figure).load().astype(float).transpose("date", "replicate", ...)
        return (stored[-1] - stored[0] if len(dates) > 1 else stored[-1]).to_numpy()

    @cached_property
    def _codes(self) -> xr.DataArray:
        """The holders, of failed runs too."""
        slot = self.batch.control.sel(
            scenario=self.scenario, slot=self.scope.slot, date=self._dates
        )
        part = slot.isel(replicate=self.replicates).load()
        return part.transpose("replicate", "place", "date")

    @property
    def _dates(self) -> slice:
        return slice(*(day.isoformat() for day in self.scope.window))

    def _replicates[Labelled: (xr.Dataset, xr.DataArray)](self, figures: Labelled) -> Labelled:
        """The runs of the scenario that did not fail."""
        part = figures.sel(scenario=self.scenario).isel(replicate=self.replicates)
        return part if self.is_valid.all() else part.isel(replicate=self.is_valid)


def runs_of(batch: Batch, scenario: str, scope: Scope) -> Iterator[Runs]:
    """All runs of a scenario, some at a time."""
    for first in range(0, batch.runs, AT_ONCE):
        yield Runs(batch, scenario, scope, slice(first, min(first + AT_ONCE, batch.runs)))


def first_day(has: np.ndarray) -> np.ndarray:
    """Position of the first day on which something is true, the number of days if none is.

    Args:
        has: Shape (..., day).
    Returns:
        Shape (...).
    """
    first: np.ndarray = has.argmax(axis=-1) + has.shape[-1] * ~has.any(axis=-1)
    return first
