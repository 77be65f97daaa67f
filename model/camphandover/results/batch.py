"""A batch as users hold it: run it, open it, and read it as labelled data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camphandover.ensemble import store
from camphandover.ensemble.plan import BatchError, Model, Plan, default_folder, make_plan

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from camphandover.ensemble.run import Progress
    from camphandover.scenario import Scenario


class Batch:
    """A finished batch in its folder. Nothing is read before it is asked for.

    Attributes:
        folder: Where it lies.
        manifest: Versions, digests, seed, times, machine, failures.
        reused: Whether `run` found it finished and computed nothing.
    """

    def __init__(self, folder: str | Path, *, reused: bool = False) -> None:
        """Open the batch in `folder`; BatchError if there is none."""
        self.folder = Path(folder)
        self.manifest: dict[str, Any] = store.read_manifest(self.folder)
        self.reused = reused

    @property
    def scenarios(self) -> list[str]:
        """Names of the scenarios, in the order of the batch."""
        return [entry["name"] for entry in self.manifest["scenarios"]]

    @property
    def seed(self) -> int:
        """Seed of all draws."""
        return int(self.manifest["seed"])

    @property
    def runs(self) -> int:
        """Replicates of each scenario."""
        return int(self.manifest["runs"])

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Replicates that raised: scenario, replicate, seed, error, traceback."""
        return list(self.manifest["failures"])

    @cached_property
    def control(self) -> xr.DataArray:
        """Holders, int8, dimensions (scenario, replicate, place, slot, date).

        `attrs` holds `flag_values` and `flag_meanings`; -1 is a day outside a scenario's window
        or a replicate that failed.
        """
        return self._group(store.CONTROL, mask_and_scale=False)["control"]

    @cached_property
    def series(self) -> xr.Dataset:
        """Daily figures of each side, dimensions (scenario, replicate, date, side), and of the
        conflict as a whole, without `side`, whose names begin with `war_`."""
        return self._group(store.SERIES_GROUP)

    @cached_property
    def people(self) -> xr.Dataset:
        """Daily figures of each place: people at home and hosted, price of fuel; dimensions
        (scenario, replicate, date, place)."""
        return self._group(store.PEOPLE_GROUP)

    @cached_property
    def events(self) -> pd.DataFrame:
        """The ledgers: one row for each event, replicates in order, `cause` a `row` of the same."""
        return self._table(store.EVENTS).astype({"replicate": "int32", "row": "int32"})

    @cached_property
    def parameters(self) -> pd.DataFrame:
        """The parameter values of each scenario, one column for each parameter."""
        return self._table(store.PARAMETERS).set_index("scenario")

    def scenario(self, name: str) -> Scenario:
        """A scenario as it was run, resolved."""
        from camphandover import scenario
        from camphandover.ensemble.plan import file_name

        if name not in self.scenarios:
            known = ", ".join(self.scenarios)
            raise BatchError(f"{self.folder} holds no scenario {name!r}; it holds {known}.")
        return scenario.load(self.folder / store.SCENARIOS / f"{file_name(name)}.yaml", name)

    def __repr__(self) -> str:
        """What it holds, in a line."""
        first, last = self.manifest["window"]
        n_scenarios = len(self.scenarios)
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return (
            f"Batch({str(self.folder)!r}: {n_scenarios} scenario{'s' * (n_scenarios != 1)} x "
            f"{self.runs} runs{failed}, seed {self.seed}, {first} to {last})"
        )

    def _group(self, name: str, **options: Any) -> xr.Dataset:
        import xarray as xr

        path = self.folder / name
        try:
            data = xr.open_zarr(path, consolidated=False, chunks=None, **options)
        except (OSError, KeyError, ValueError) as error:
            raise self._damaged(name, error) from error
        texts = {
            key: (coordinate.dims, [str(text) for text in coordinate.to_numpy()])
            for key, coordinate in data.coords.items()
            if coordinate.dtype.kind in "TO"
        }
        return data.assign_coords(texts)

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / name
        parts = [path]
        if path.is_dir():
            parts = [path / f"{block['name']}.parquet" for block in self.manifest["blocks"]]
        try:
            tables = [pq.ParquetFile(part).read() for part in parts]
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(name, error) from error
        whole = pa.concat_tables(tables).unify_dictionaries()
        frame: pd.DataFrame = whole.to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)
        return frame

    def _damaged(self, name: str, error: Exception) -> BatchError:
        return BatchError(
            f"{self.folder / name} is damaged or missing ({error}). "
            f"Delete {self.folder} and run the batch again."
        )


def open_batch(folder: str | Path) -> Batch:
    """Open a finished batch.

    Errors:
        BatchError if the folder holds none.
    """
    return Batch(folder)


def run(
    scenarios: Any = None,
    runs: int = 200,
    seed: int = 2023,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    model: Model | None = None,
) -> Batch:
    """Run scenarios many times and store the results.

    Args:
        scenarios: A path, a name of the library, a dict of the file's form, a resolved scenario,
            or a list of those; the whole library if not given.
        runs: Replicates of each scenario.
        seed: Seed of all draws, 0 to 2**64 - 1.
        out: Folder of the batch; `runs/<name>`, or `runs/library`, if not given.
        workers: Threads; all cores if not given.
        progress: Called with the replicates done and those of the batch.
        model: Makes the model from a scenario and the seed; `NorthernMali` if not given. With your
            own commanders: `functools.partial(NorthernMali, commanders={"gsim": Mine})`.
    Returns:
        The batch; the stored one, without any computing, if `out` holds this very batch.
    Errors:
        ScenarioError for faulty scenarios; BatchError if `out` holds something else.
    """
    from camphandover.ensemble.run import fill

    chosen = load_all(scenarios)
    made_by = model or _northern_mali()
    plan = make_plan(chosen, runs, seed, made_by)
    folder = Path(out) if out is not None else default_folder(plan.names, scenarios is None)
    before = is_finished(folder, plan)
    fill(plan, folder, made_by, workers, progress)
    return Batch(folder, reused=before)


def is_finished(folder: Path, plan: Plan) -> bool:
    """Whether a folder holds this very batch, finished."""
    if not (folder / store.MANIFEST).is_file():
        return False
    return bool(store.read_manifest(folder)["content"] == plan.content)


def load_all(scenarios: Any = None) -> list[Scenario]:
    """Resolve what `run` takes as scenarios; the whole library if nothing is given.

    Errors:
        ScenarioError with the faults of all files.
    """
    from camphandover import scenario

    if scenarios is None:
        scenarios = scenario.library()
    elif isinstance(scenarios, (str, Path, Mapping, scenario.Scenario)):
        scenarios = [scenarios]
    elif not isinstance(scenarios, Iterable):
        raise TypeError(f"scenarios: a path, a dict or a list of those, not {scenarios!r}")
    loaded: list[Scenario] = []
    problems: list[scenario.Problem] = []
    for source in scenarios:
        try:
            is_resolved = isinstance(source, scenario.Scenario)
            loaded.append(source if is_resolved else scenario.load(source))
        except scenario.ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise scenario.ScenarioError(problems)
    return loaded


def _northern_mali() -> Model:
    from camphandover.model import NorthernMali

    made_by: Model = NorthernMali
    return made_by
