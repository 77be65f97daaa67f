"""A batch as users hold it: run it, open it, and read it as labelled data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from camphandover import facts, inputs
from camphandover.batch import cubes, store
from camphandover.batch.files import MISSING, Stamp, read
from camphandover.batch.identity import identity_of
from camphandover.batch.plan import (
    DEFAULT_MODEL,
    LEDGERS,
    LIBRARY,
    Model,
    Plan,
    default_folder,
    northern_mali,
)  # fmt: skip
from camphandover.batch.progress import shown
from camphandover.batch.records import EVIDENCE, Records, checked_values, find_records
from camphandover.batch.settings import RunSettings, takes
from camphandover.core.sources import code_digest
from camphandover.errors import BatchError, Problem, ScenarioError
from camphandover.libraries import pa, pd, pq, xr
from camphandover.scenario import Scenario, library, load_points, load_stored, with_known
from camphandover.told import Told

if TYPE_CHECKING:
    from camphandover.agents.model import NorthernMali
    from camphandover.batch.run import Engine
    from camphandover.known.origin import Origin


class Batch(Told):
    """A finished batch in its folder. Nothing is read before it is asked for.

    Attributes:
        folder: Where it lies.
        manifest: Versions, digests, seed, times, machine, failures.
        reused: Whether `run` found it finished and computed nothing.
    """

    words: ClassVar[str] = "camphandover.say.batch"

    def __init__(self, folder: str | Path, *, reused: bool = False) -> None:
        """Open the batch in `folder`; BatchError if there is none."""
        self.folder = inputs.path("folder", folder)
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
        return self._group(cubes.CONTROL.group, mask_and_scale=False)[cubes.CONTROL.name]

    @property
    def holders(self) -> tuple[str, ...]:
        """Names of the holders in `control`, by code."""
        return cubes.holders_of(self.control)

    @cached_property
    def series(self) -> xr.Dataset:
        """Daily figures of each side, dimensions (scenario, replicate, date, side), and of the
        conflict as a whole, without `side`, whose names begin with `war_`."""
        return self._figures(cubes.OF_SIDES).merge(self._figures(cubes.OF_WAR, "war_"))

    @cached_property
    def people(self) -> xr.Dataset:
        """Daily figures of each place: people at home and hosted, price of fuel; dimensions
        (scenario, replicate, date, place)."""
        return self._figures(cubes.OF_PEOPLE)

    @cached_property
    def events(self) -> pd.DataFrame:
        """The ledgers: one row for each event, replicates in order, `cause` a `row` of the same.

        Errors:
            BatchError if the batch was run with `--ledger none`.
        """
        if self.ledger == "none":
            raise BatchError(f"{self.folder} holds no events: it was run with --ledger none.")
        return self._of_blocks(store.EVENTS).astype({"replicate": "int32", "row": "int32"})

    @property
    def ledger(self) -> str:
        """How much of the ledger was kept: `full`, `changes` or `none`."""
        return str(self.manifest["ledger"])

    @property
    def is_varied(self) -> bool:
        """Whether the runs of a scenario differ in their parameters."""
        return bool(self.manifest["sampled"]) or self.manifest["records"] is not None

    @cached_property
    def parameters(self) -> pd.DataFrame:
        """The parameter values of each scenario, one column for each parameter; by scenario and
        replicate if runs differ in them."""
        if self.is_varied:
            return self._of_blocks(store.PARAMETERS).set_index(["scenario", "replicate"])
        return self._table(store.ONE_RECORD).set_index("scenario")

    def scenario(self, name: str) -> Scenario:
        """A scenario as it was run, resolved."""
        if name not in self.scenarios:
            known = ", ".join(self.scenarios)
            raise BatchError(f"{self.folder} holds no scenario {name!r}; it holds {known}.")
        return load_stored(self.manifest["scenarios"][self.scenarios.index(name)]["yaml"], name)

    def __repr__(self) -> str:
        """What it holds, in a line."""
        first, last = self.manifest["window"]
        n_scenarios = len(self.scenarios)
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return (
            f"Batch({str(self.folder)!r}: {n_scenarios} scenario{'s' * (n_scenarios != 1)} x "
            f"{self.runs} runs{failed}, seed {self.seed}, {first} to {last})"
        )

    def origin(self, name: str) -> Origin | None:
        """The particles from which the runs of a scenario go on; None if they begin on the first
        day.

        Errors:
            BatchError if there is no such scenario, or the origin is damaged.
        """
        from camphandover.batch.origins import read_origin

        self.scenario(name)
        entry = self.manifest["scenarios"][self.scenarios.index(name)]
        return None if entry.get("origin") is None else read_origin(self.folder, entry["origin"])

    def replay(self, scenario: str, replicate: int) -> NorthernMali:
        """The model of this package before the first day of a replicate, to be played again.

        A batch of a user's model, or with other parameters in each run, has other runs.
        """
        from camphandover.agents.model import NorthernMali

        origin = self.origin(scenario)
        root = replicate if origin is None else origin.root(replicate)
        model = NorthernMali(self.scenario(scenario), self.seed, root)
        if origin is not None:
            model.follow(origin.turns(replicate))
        return model

    @cached_property
    def _stamps(self) -> dict[str, Stamp]:
        """What each file of the blocks must be, by path in the folder."""
        stamps: dict[str, Stamp] = {}
        for block in self.manifest["blocks"]:
            marker = store.read_marker(self.folder, block["name"])
            if marker is None:
                path = self.folder / store.BLOCKS / f"{block['name']}.json"
                raise self._damaged(path, "is damaged or missing")
            stamps |= marker.files
        return stamps

    def _group(self, name: str, **options: Any) -> xr.Dataset:
        """A Zarr group, lazily; its chunks are held to their checksums when they are read."""

        from camphandover.batch.checked import CheckedStore

        checked = CheckedStore(self.folder, name, self._stamps)
        try:
            data = xr.open_zarr(checked, consolidated=False, chunks=None, **options)
        except (OSError, KeyError, ValueError) as error:
            raise self._damaged(self.folder / name, f"is damaged ({error})") from error
        texts = {
            key: (coordinate.dims, [str(text) for text in coordinate.to_numpy()])
            for key, coordinate in data.coords.items()
            if coordinate.dtype.kind in "TO"
        }
        # A batch that is growing has room for more replicates than it has.
        found: xr.Dataset = data.assign_coords(texts).isel(replicate=slice(0, self.runs))
        return found

    def _figures(self, cube: cubes.Cube, before: str = "") -> xr.Dataset:
        """The figures that lie in one array as a dataset with a variable for each."""

        stored = self._group(cube.group)[cube.name]
        variables = {
            before + name: stored.isel({cube.rest[0]: i}, drop=True).assign_attrs(
                units=units, long_name=what
            )
            for i, (name, (units, what)) in enumerate(cube.figures.items())
        }
        return xr.Dataset(variables)

    def _table(self, *paths: str) -> pd.DataFrame:
        """Parquet files of the folder as one table."""

        whole = pa.concat_tables(self._read_table(path) for path in paths).unify_dictionaries()
        frame: pd.DataFrame = whole.to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get)
        return frame

    def _of_blocks(self, name: str) -> pd.DataFrame:
        """The Parquet files of all blocks."""
        return self._table(*(f"{name}/{one['name']}.parquet" for one in self.manifest["blocks"]))

    def _read_table(self, path: str) -> pa.Table:
        """A Parquet file of the folder, held to its checksum if it is one of a block."""

        file = self.folder / path
        try:
            if path == store.ONE_RECORD:
                return pq.read_table(file)
            return pq.read_table(pa.BufferReader(read(file, self._stamps.get(path, MISSING))))
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(file, f"is damaged or missing ({error})") from error

    @staticmethod
    def _damaged(path: Path, what: str) -> BatchError:
        return BatchError(
            f"{path} {what}. Run the batch's command again: it computes what is missing."
        )


def open_batch(folder: str | Path) -> Batch:
    """Open a finished batch.

    Errors:
        BatchError if the folder holds none.
    """
    return Batch(folder)


@takes(RunSettings)
def run(settings: RunSettings) -> Batch:
    """Run scenarios many times and store the results.

    A batch that was cut off goes on where it was; one with fewer runs grows; blocks that are
    damaged are computed again.

    Args:
        scenarios: A path, a name of the library, a dict of the file's form, a resolved scenario,
            or a list of those; the whole library if not given.
        runs: Replicates of each scenario.
        seed: Seed of all draws, 0 to 2**64 - 1.
        out: Folder of the batch; `runs/<name>`, or `runs/library`, if not given.
        workers: Threads; all cores if not given.
        progress: Called with the replicates done and those of the batch; a bar in a terminal or a
            notebook if not given; none if False.
        model: Makes each replicate by `model(scenario, seed, replicate)`: `NorthernMali` if not
            given, a subclass of it, or one with your own commanders,
            `functools.partial(NorthernMali, commanders={"gsim": Mine})`. What is stored is what
            `step()` until `finished` gives; the batch is known by the code of the model and all
            that it uses.
        cluster: Address of a Dask scheduler, or a `distributed.Client`: its workers compute.
        sample_parameters: Whether each replicate draws its parameters from their ranges; the
            records are the same for every scenario.
        parameters: Records of parameters, a file of them, or the name of a set that comes with
            the package; replicate r takes record r modulo their number.
        fixed: Parameters that have this value in every scenario and run.
        evidence: Set of parameters: `hindcast`, or `prior`, which knows no event after
            17 September 2023; that of the records, or `hindcast`, if not given.
        ledger: `full`, `changes` (changes of control and what led to them) or `none`.
        known_until: Day until which the record is known: runs go on from particles that it has
            weighed, and scenarios that agree until then share them. It replaces what the
            scenarios say themselves (`known:`).
        history: A record of your own, of the form of control_history.csv.
        particles: How many runs are weighed.
        say: Called with what should be read, such as damaged blocks; a warning if not given.
    Returns:
        The batch; the stored one, without any computing, if `out` holds this very batch.
    Errors:
        ScenarioError for faulty scenarios; BatchError if `out` holds something else.
    """
    from camphandover.batch.run import fill

    s, plan = settings, make_plan(settings)
    if s.out is None:
        folder = folder_of(plan.names, s)
    else:
        folder = inputs.path("out", s.out)
    with shown(s.progress) as tell, engine_of(s.cluster, s.model, s.workers) as engine:
        reused = fill(plan, folder, engine, tell, s.say)
    return Batch(folder, reused=reused)


def make_plan(settings: RunSettings) -> Plan:
    """Plan a batch.

    Args:
        settings: As `run` takes them.
    Errors:
        ScenarioError for faulty scenarios; BatchError if a value is out of range, two scenarios
        share a name, there is no such parameter, or two sources of parameters are given.
    """
    s, records = settings.checked(), settings.parameters
    if records is not None and not isinstance(records, Records):
        records = find_records(records)
    scenarios = load_all(s.scenarios, known_of(s))
    evidence = inputs.choice("evidence", _evidence(s, records), EVIDENCE)
    inputs.choice("ledger", s.ledger, LEDGERS)
    if not scenarios:
        raise BatchError("There is no scenario to run: name at least one.")
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BatchError(f"Two scenarios are named {', '.join(twice)}: give each its own name.")
    theatre, bests = facts.load(), dict[str, float]()
    values = checked_values(s.fixed or {})
    if evidence == "prior" and not s.sample_parameters and records is None:
        # Without sampling the set is its best values, which the scenarios then show.
        bests = {name: p.prior[1] for name, p in theatre.parameters.items() if p.prior is not None}
    chosen = tuple(
        one.model_copy(update={"parameters": {**bests, **one.parameters, **values}})
        for one in scenarios
    )
    decided = (
        theatre.digest, code_digest(), DEFAULT_MODEL if s.model is None else identity_of(s.model),
        evidence, s.sample_parameters, s.ledger,
    )  # fmt: skip
    _check_known(s, records, any(one.known.until for one in chosen))
    return Plan(chosen, s.runs, s.seed, *decided, records)


def _check_known(settings: RunSettings, records: Records | None, is_known: bool) -> None:
    """Refuse what does not go with runs that go on from what was known, or only with those.

    Errors:
        BatchError that tells it.
    """
    if is_known and records is not None and records.is_paired:
        raise BatchError(
            f"the records {records.name} share the luck of each draw, and particles have luck of "
            "their own: leave known_until out, or give records that are not paired."
        )
    for name in ("history", "particles"):
        if not is_known and getattr(settings, name) is not None:
            raise BatchError(f"{name} is given, and nothing is known: give known_until, too.")


def known_of(settings: RunSettings) -> dict[str, Any]:
    """What the settings say of what is known, in the words of a scenario file.

    Errors:
        BatchError if a day is none.
    """
    until, history = settings.known_until, settings.history
    day = None if until is None else inputs.day("known_until", until)
    record = None if history is None else str(inputs.path("history", history).absolute())
    said = {"until": day, "record": record, "particles": settings.particles}
    return {key: value for key, value in said.items() if value is not None}


def folder_of(names: list[str], settings: RunSettings) -> Path:
    """Where a batch of these scenarios lands when no folder is given."""
    is_library = settings.scenarios is None
    if settings.known_until is None:
        return default_folder(names, is_library)
    what = [LIBRARY] if is_library else names
    return default_folder([*what, f"known-{settings.known_until}"], False)


def origin(
    scenario: Any,
    seed: int = 2023,
    model: Model | None = None,
    workers: int | None = None,
    **settings: Any,
) -> Origin:
    """The particles from which runs of a scenario go on, without a batch.

    Args:
        scenario: A path, a name of the library, a dict of the file's form, or a resolved scenario;
            with `known: {until: ...}`, or with `known_until` among the settings.
        seed: Of all draws.
        model: As `camphandover.run` takes it.
        workers: Threads; all cores if not given.
        settings: What else `camphandover.run` takes of what decides runs: `known_until`,
            `history`, `particles`, `parameters`, `sample_parameters`, `fixed`, `evidence`.
    Returns:
        Its `turns(r)` are what `NorthernMali(scenario, seed, origin.root(r))` follows as
        replicate r; `log_evidence`, `stages` and `unmet` tell how it went.
    Errors:
        ScenarioError for a faulty scenario; BatchError if nothing is known.
    """
    from camphandover.batch.origins import condition_plan

    try:
        asked = RunSettings([scenario], 1, seed, model=model, **settings)
    except TypeError as error:  # in the name of what was called
        raise TypeError(str(error).replace("RunSettings.__init__", "origin")) from None
    plan = make_plan(asked.checked())
    name = plan.origin_name(0)
    if name is None:
        raise BatchError(f"{plan.names[0]} goes on from nothing that is known: give known_until.")
    condition_plan(plan, model or northern_mali, workers)
    return plan.origins[name]


def _evidence(settings: RunSettings, records: Records | None) -> str:
    """The set of parameters, of which records say themselves which it is."""
    asked = settings.evidence
    if records is None:
        return "hindcast" if asked is None else asked
    if settings.sample_parameters:
        raise BatchError(
            f"the records {records.name} and sampled parameters exclude each other: leave one out."
        )
    if asked not in (None, records.evidence):
        raise BatchError(
            f"evidence is {asked!r}, and the records {records.name} are of the set "
            f"{records.evidence!r}: leave evidence out."
        )
    return records.evidence


def engine_of(
    cluster: Any, model: Model | None, workers: int | None
) -> AbstractContextManager[Engine]:
    """Who computes: the workers of a Dask cluster, or threads of this process."""
    if cluster is None:
        from camphandover.batch.run import Threads

        return nullcontext(Threads(model or northern_mali, workers))
    from camphandover.batch.cluster import Cluster

    return Cluster(cluster, model or northern_mali)


def load_all(scenarios: Any = None, known: Mapping[str, Any] | None = None) -> list[Scenario]:
    """Resolve what `run` takes as scenarios; the whole library if nothing is given.

    Args:
        scenarios: As `run` takes them.
        known: What replaces the `known:` of each, in the words of a file.

    Errors:
        ScenarioError with the faults of all files.
    """
    if scenarios is None:
        scenarios = library()
    elif isinstance(scenarios, (str, Path, Mapping, Scenario)):
        scenarios = [scenarios]
    elif not isinstance(scenarios, Iterable):
        raise BatchError(
            f"scenarios is {inputs.shown(scenarios)}: a path, a dict or a list of those is needed."
        )
    loaded: list[Scenario] = []
    problems: list[Problem] = []
    for source in scenarios:
        try:
            if isinstance(source, Scenario):
                loaded.append(with_known(source, known) if known else source)
            else:
                loaded.extend(load_points(source, known=known))
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    return loaded
