"""The page of validation: aims by hand, whole pages of scripted runs, reasons, bad input."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted
from camphandover import facts
from camphandover.batch.records import records_of
from camphandover.cli import validation as cli_validation
from camphandover.cli.main import Commands
from camphandover.errors import BatchError
from camphandover.judge import aims, validation
from camphandover.judge.aims import MET, MISSED, NOT_SHOWN
from camphandover.judge.score.baselines import TITLES
from camphandover.judge.validation import Claim, Sources, dead, pooled, record_row, sources
from camphandover.measure.claims_record import CLAIMS, ClaimOnRecord
from camphandover.measure.intervals import Interval
from camphandover.measure.patterns.data import patterns
from camphandover.say.validation.page import (
    NOT_EXPLAINED,
    in_lines,
    page,
    reasons,
    wrapped,
    write_validation,
)

NAN = math.nan
SCENARIOS = ["full-model", "on-schedule"]
SECTIONS = (
    "1. What was run", "2. In short", "3. How few independent events there are", "4. Scores",
    "5. Dates of events", "6. Reliability", "7. Patterns", "8. Claims", "9. What fails, and why",
    "10. What this page does not show",
)  # fmt: skip


# --- aims by hand ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skill", "verdict"),
    [
        (Interval(0.5, 0.1, 0.8), MET),
        (Interval(0.5, 0.0, 0.8), NOT_SHOWN),
        (Interval(0.5, -0.3, 0.8), NOT_SHOWN),
        (Interval(0.5, NAN, NAN), NOT_SHOWN),
        (Interval(0.0, -0.1, 0.1), MISSED),
        (Interval(-0.2, -0.5, 0.4), MISSED),
        (Interval(-0.2, -0.5, -0.1), MISSED),
        (Interval(NAN, NAN, NAN), MISSED),
    ],
)
def test_a_skill_is_shown_only_by_its_whole_interval(skill, verdict):
    assert aims.skill_verdict(skill) == verdict


def test_an_aim_over_all_baselines_is_as_good_as_its_worst():
    assert aims.worst([MET, MET]) == MET
    assert aims.worst([MET, NOT_SHOWN, MET]) == NOT_SHOWN
    assert aims.worst([MISSED, NOT_SHOWN, MET]) == MISSED


def shares(sure: int, reached: int, possible: int, rest: int) -> list[Interval]:
    """So many shares of each kind."""
    return (
        [Interval(0.6, 0.5, 0.7)] * sure
        + [Interval(0.5, 0.4, 0.6)] * reached
        + [Interval(0.45, 0.4, 0.5)] * possible
        + [Interval(0.4, 0.3, 0.49)] * rest
        + [Interval(NAN, NAN, NAN)]
    )


@pytest.mark.parametrize(
    ("kinds", "counts", "verdict"),
    [
        ((12, 1, 0, 1), (14, 13, 12, 13), MET),
        ((11, 1, 1, 1), (14, 12, 11, 13), NOT_SHOWN),
        ((11, 0, 3, 0), (14, 11, 11, 14), MISSED),
        ((5, 0, 0, 8), (13, 5, 5, 5), MISSED),
    ],
)
def test_patterns_are_counted_by_their_intervals(kinds, counts, verdict):
    found = aims.pattern_count(shares(*kinds))
    assert (found.asked, found.reached, found.sure, found.possible) == counts
    assert found.verdict == verdict


# --- Markdown ----------------------------------------------------------------------------


def test_markdown_is_wrapped_but_tables_and_commands_are_not():
    table = f"| a | b |\n| - | - |\n| {'x' * 90} | {'1 2' * 20} |"
    code = "```\n" + "run " * 40 + "\n\nagain\n```"
    text = wrapped(
        f"# Head\n\n{'word ' * 50}\n\n{table}\n\n\n{code}\n\n- {'item ' * 40}\nmore\n- two\n"
    )
    lines = text.splitlines()
    assert table in text
    assert "run " * 40 in text
    plain = [line for line in lines if not line.startswith(("|", "run"))]
    assert max(map(len, plain)) <= 116
    assert "  item" in text
    assert "item more\n- two" in text


def test_a_command_goes_on_over_lines():
    words = ["run", *(f"scenario-{i}" for i in range(30))]
    lines = in_lines(" ".join(words)).splitlines()
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert " ".join(line.removesuffix(" \\").strip() for line in lines) == " ".join(
        ["uv run camphandover", *words]
    )
    assert max(map(len, lines)) <= 116


# --- claims ------------------------------------------------------------------------------


def test_claims_are_pooled_over_raids_and_not_over_runs():
    import pandas as pd

    table = pd.DataFrame({"c_n": [1.0, 3.0, 0.0], "c_sum": [1.0, 9.0, 0.0]})
    raids, mean = pooled(table, "c")
    assert raids.value == pytest.approx(4 / 3)
    assert mean.value == pytest.approx(10 / 4)
    assert mean.low < 2.5 < mean.high
    none = pooled(pd.DataFrame({"c_n": [0.0, 0.0], "c_sum": [0.0, 0.0]}), "c")[1]
    assert math.isnan(none.value)


def test_a_claim_fails_only_outside_the_interval_of_the_record():
    from datetime import date

    name = next(iter(CLAIMS))
    record = ClaimOnRecord(name, 3.0, 0.5, 4, date(2023, 10, 1))
    inside, outside = (Interval(x, x - 0.1, x + 0.1) for x in (2.5, 1.0))
    once = Interval(1.0, 1.0, 1.0)
    row = Claim(record, {"hindcast": (once, inside), "prior": (once, outside)})
    # t(.975, 3) is 3.182: 3 +- 3.182 * .5 / 2.
    assert row.on_record.low == pytest.approx(3 - 0.7956, abs=1e-3)
    assert row.outside == ["prior"]
    assert row.sides == ("army", "separatists")
    assert dead(Interval(0.0, -0.5, math.log(3))) == pytest.approx((0, 0, 2))
    alone = Claim(ClaimOnRecord(name, 3.0, NAN, 1, date(2023, 10, 1)), row.runs)
    assert alone.outside == []


# --- reasons -----------------------------------------------------------------------------


def test_the_reasons_name_what_there_is():
    known = reasons()
    places = {place.name for place in facts.load().places}
    assert set(known["places"]) <= places
    assert {name.partition(" to ")[0] for name in known["dates"]} <= places
    parts = {pattern.name: {part.name for part in pattern.parts} for pattern in patterns()}
    for name, texts in known["patterns"].items():
        assert set(texts) <= parts[name]
    assert set(known["claims"]) <= set(CLAIMS)
    assert set(known["horizons"]) <= {"path", "7 d", "30 d", "60 d", "90 d"}


@pytest.mark.parametrize(
    "text",
    [
        "places: {Kidal: text}",
        "[1, 2]",
        "{places: {Kidal: ''}, dates: , patterns: , claims: , horizons: }",
    ],
)
def test_reasons_of_another_form_are_refused(tmp_path, text):
    file = tmp_path / "explanations.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BatchError, match=r"explanation"):
        reasons(file)


# --- whole pages -------------------------------------------------------------------------


def made(folder: Path, evidence: str, scenarios: Any = None, **more: Any) -> ch.Batch:
    """A batch of scripted runs: Kidal is left on day 10 + replicate, all else is the army's."""
    options = {"runs": 6, "model": Scripted, "progress": False, "evidence": evidence} | more
    return ch.run(scenarios or SCENARIOS, out=folder, **options)


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> Sources:
    folder = tmp_path_factory.mktemp("validation")
    variants = ["full-model", "v2-no-airpower"]
    return sources(
        made(folder / "hindcast", "hindcast"),
        made(folder / "prior", "prior"),
        made(folder / "variants", "hindcast", variants),
    )


@pytest.fixture(scope="module")
def text(found) -> str:
    return page(found, "VALIDATION.md")


def test_the_page_has_all_sections_and_wraps(text):
    heads = re.findall(r"^## (.*)$", text, re.M)
    assert heads == list(SECTIONS)
    lines = text.splitlines()
    plain = [line for line in lines if not line.startswith("|")]
    assert max(map(len, plain)) <= 116
    for baseline in TITLES:
        assert f"| Kidal region | {baseline} |" in text
    assert text.count("<details>") == text.count("</details>") > 0
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table
    assert not re.search(r"\bnan\b|\bNaT\b|\bNone\b(?!\.)", text)


def test_the_page_tells_how_its_batches_were_made(text, found):
    for batch in found.batches.values():
        assert validation.is_of_library(batch)
        assert f"--runs {batch.runs} --seed {batch.seed}" in text
        assert f"--out {batch.folder.as_posix()}" in text.replace(" \\\n   ", "")
    assert text.count("--evidence prior") == 1
    assert "--prior" in text
    assert "run the batches anew" not in text


def test_the_page_begins_with_forecasts_from_rolling_origins_if_they_are_given(found, text):
    rolling = ch.hindcast(
        first="2023-12-01", every="14d", horizon=[7, 14], particles=12, progress=False
    )
    told = page(found, "model/VALIDATION.md", rolling=rolling)
    lead, rest = told.split("## 1. What was run")
    plain = page(found, "model/VALIDATION.md").split("## 1. What was run")[1]
    assert rest == plain.replace(" --no-rolling", "")
    logs = rolling.select(split="all", horizon="7 d", measure="log").set_index("forecast")["score"]
    assert f"{logs['model']:.3f}" in lead
    persistence = lead.split("all places, +14: surely better than persistence (skill)")[1]
    assert persistence.split("|")[2].strip() in (MET, NOT_SHOWN, MISSED)
    assert "Where the model's log loss comes from" in lead
    assert "Week by week" not in text


def test_the_same_batches_make_the_same_page(found, tmp_path):
    """Opened anew they give the same bytes; the charts are linked from the page's folder."""
    out, png = tmp_path / "page" / "V.md", tmp_path / "png"
    folders = [batch.folder for batch in found.batches.values()]
    written = write_validation(*folders, out=out, pictures=png).read_text(encoding="utf-8")
    links = re.findall(r"!\[(.*)\]\((.*)\)", written)
    assert page(found, out.as_posix(), dict(links), png.as_posix()) == written
    assert len(links) == 4
    for _, link in links:
        assert not link.startswith("/")
        assert (out.parent / link).read_bytes().startswith(b"\x89PNG")


def failures(text: str, title: str) -> dict[str, str]:
    """What is listed under a title of section 9, by name, each in one line."""
    part = text.split(f"### {title}\n")[1].split("\n#")[0]
    items = (" ".join(item.split()) for item in re.split(r"^- ", part, flags=re.M)[1:])
    return {name: said for name, _, said in (i[2:].partition("**. ") for i in items)}


def test_scripted_runs_fail_as_scripted(text):
    listed = failures(text, "Places that cost most")
    # The army has Almoustarat throughout; the record gives it to the separatists.
    one = listed["Almoustarat"]
    assert one.endswith(f"*Why:* {' '.join(reasons()['places']['Almoustarat'].split())}")
    assert "The record: separatists since 1 Aug 2023 (confidence medium)." in one
    assert "on 31 Dec 2023, the last of 105 days" in one
    assert "less than one half: army 100 [61, 100] %." in one
    unknown = [said for name, said in listed.items() if name not in reasons()["places"]]
    assert unknown
    assert all(said.endswith(NOT_EXPLAINED) for said in unknown)
    # It is right of Ber, so that nothing is said of it.
    assert "Ber" not in listed


def test_a_reason_is_shown_only_where_its_failure_is(text):
    known = reasons()
    shown = failures(text, "Places that cost most")
    flat = " ".join(text.split())
    for name, why in known["places"].items():
        if name not in shown and list(known["places"].values()).count(why) == 1:
            assert why.strip() not in flat
        if name in shown:
            assert why.strip() in flat
    met = {name.split()[0] for name in failures(text, "Patterns that too few runs meet")}
    assert "P5" in met  # no aircraft is ever lost
    assert known["patterns"]["P5"]["aircraft"].strip() in flat


def test_the_part_that_fails_is_named(found):
    pattern = next(p for p in patterns() if p.name == "P5")
    assert validation.weakest(found.hindcast, "full-model", pattern) == ["aircraft"]


def test_changes_of_the_record_are_told_apart(found):
    kinds = [one["kind"] for one in validation.turns(found.prior.score, "on-schedule")]
    about = found.prior.about("on-schedule")
    assert len(kinds) == about.n_turns
    assert kinds.count("raid") == kinds.count("undone") == 2  # Dioura and Taoussa
    row = record_row("Kidal", "camp", about.window.last)
    assert (row.after, row.date.isoformat()) == ("army", "2023-11-14")


def test_given_records_and_fixed_parameters_are_told(found, tmp_path):
    rows = [{"ied_rate": 0.5}, {"ied_rate": 1.5}]
    given = records_of("mine", "hindcast", rows, made={"rule": "By hand"})
    batch = made(tmp_path / "given", "hindcast", parameters=given, fixed={"raid_days_max": 2})
    assert not validation.is_of_library(batch)
    flat = " ".join(page(sources(batch, found.prior.batch)).replace(" \\\n", " ").split())
    assert f"2 records of the set mine (digest {given.digest[:12]}), taken in turn" in flat
    assert "rule: By hand" in flat
    assert "Runs that share a record of parameters hang together" in flat
    assert "something was set with `--set`" in flat
    assert f"--parameters {(batch.folder / 'records.json').as_posix()}" in flat
    assert "No variants were given" in flat


# --- bad input ---------------------------------------------------------------------------


def app() -> typer.Typer:
    made = typer.Typer(cls=Commands)
    made.command()(cli_validation.validation)
    made.command()(lambda: None)
    return made


def run_command(*arguments: Any) -> Any:
    return CliRunner().invoke(app(), ["validation", "--no-rolling", *map(str, arguments)])


def test_the_command_refuses_what_it_cannot_use(found, tmp_path):
    hindcast, prior = found.hindcast.batch.folder, found.prior.batch.folder
    out = tmp_path / "V.md"
    changes = made(tmp_path / "changes", "hindcast", ledger="changes").folder
    one = made(tmp_path / "one", "hindcast", "on-schedule").folder
    faults = {
        "was run with the set prior": (prior, prior),
        "was run with the set hindcast": (hindcast, hindcast),
        "is not there": (hindcast, tmp_path / "none"),
        "--ledger changes": (changes, prior),
        "holds no scenario full-model": (one, prior),
        "variants need full-model": (hindcast, prior, "--variants", one),
        "is a folder": (hindcast, prior, "--out", tmp_path),
    }
    for said, (first, second, *more) in faults.items():
        options = ["--hindcast", first, "--prior", second, "--out", out, *more]
        result = run_command(*options)
        assert result.exit_code == 2, said
        assert said in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
        assert not out.exists()


def test_the_command_needs_both_sets(found):
    result = run_command("--hindcast", found.hindcast.batch.folder)
    assert result.exit_code == 2
    assert "--prior" in result.stderr


def test_batches_of_other_rules_are_refused(found, tmp_path):
    class Other(Scripted):
        pass

    other = made(tmp_path / "other", "hindcast", model=Other)
    with pytest.raises(BatchError, match="other rules or facts"):
        sources(other, found.prior.batch)


def test_a_forecast_that_is_given_the_exits_is_refused(found, tmp_path):
    form = ch.load_scenario("full-model").model_copy(update={"name": "on-schedule"})
    batch = made(tmp_path / "told", "hindcast", [ch.load_scenario("full-model"), form])
    with pytest.raises(BatchError, match="so it is no forecast"):
        sources(batch, found.prior.batch)
