"""Settings: Python and the command line take the same, hold it to the same, and tell the same."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import typer

import camphandover as ch
from camphandover.batch.settings import RunSettings, Settings
from camphandover.cli.main import app
from camphandover.judge.score.settings import HindcastSettings
from camphandover.judge.study.settings import (
    Budget,
    CalibrateSettings,
    DiscoverSettings,
    EvidenceSettings,
    SensitivitySettings,
)

TAKEN: dict[str, tuple[type[Settings], ...]] = {
    "run": (RunSettings,),
    "sensitivity": (SensitivitySettings,),
    "discover": (DiscoverSettings,),
    "calibrate": (CalibrateSettings, Budget),
    "evidence": (EvidenceSettings,),
    "hindcast": (HindcastSettings,),
}
NEEDED = {"scenario": "on-schedule", "place": "Kidal", "scenarios": "on-schedule"}
RANGED = [
    (kind, one.name, about.within)
    for kinds in TAKEN.values()
    for kind in kinds
    for one, about in kind.told()
    if about.within is not None and one.name != "points"
]


def made(kind: type[Settings], **given: Any) -> Settings:
    names = inspect.signature(kind).parameters
    return kind(**{name: value for name, value in NEEDED.items() if name in names}, **given)


@pytest.mark.parametrize("name", TAKEN)
def test_a_command_has_the_settings_of_its_function_with_help_and_default(name: str) -> None:
    options = {one.name: one for one in typer.main.get_command(app).commands[name].params}  # type: ignore[attr-defined]
    for kind in TAKEN[name]:
        for one, about in kind.told():
            if not about.is_option:
                continue
            option = options[one.name]
            assert about.help
            assert option.help is None or option.help.startswith(about.help)
            if isinstance(one.default, (int, str, float)):
                assert option.default == one.default
            if not about.is_argument:
                assert option.opts == [f"--{about.name or one.name.replace('_', '-')}"]


@pytest.mark.parametrize("name", TAKEN)
def test_a_function_shows_its_settings_as_arguments(name: str) -> None:
    shown = inspect.signature(getattr(ch, name))
    fields = inspect.signature(TAKEN[name][0]).parameters
    assert list(shown.parameters) == list(fields)
    assert [one.default for one in shown.parameters.values()] == [
        one.default for one in fields.values()
    ]
    assert inspect.getdoc(getattr(ch, name))


@pytest.mark.parametrize(("kind", "name", "within"), RANGED)
def test_a_number_out_of_its_range_is_refused_by_name(
    kind: type[Settings], name: str, within: tuple[float, float]
) -> None:
    low, high = within
    default = next(one.default for one, _ in kind.told() if one.name == name)
    wrap = (lambda n: (n,) * len(default)) if isinstance(default, tuple) else lambda n: n
    with pytest.raises(ch.BatchError, match=f"{name} is"):
        made(kind, **{name: wrap(high + 1)}).checked()
    with pytest.raises(ch.BatchError, match=f"{name} is"):
        made(kind, **{name: wrap(low - 1)}).checked()


def test_what_is_not_told_is_not_taken() -> None:
    with pytest.raises(TypeError, match="trajectory"):
        ch.sensitivity("on-schedule", trajectory=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^sensitivity\(\) .*'scenario'"):
        ch.sensitivity()
    with pytest.raises(TypeError, match=r"^run\(\) .*'rnus'"):
        ch.run("on-schedule", rnus=3)  # type: ignore[call-arg]


def test_a_part_of_a_budget_keeps_what_was_asked_for() -> None:
    quick = Budget(factors=5, accepted=10).part(8)
    assert quick == Budget(2, 3, 5, (128, 64, 48, 48), Budget().draws, 10, 4)
    assert Budget().part(8).accepted == 24
    assert quick.checked() == quick
