"""Writes the golden file anew: `uv run python tests/renew_golden.py`.

Do it when a rule or a fact was meant to change what happens, and read the difference first:
`git diff tests/golden` shows, in words, which camps and towns now change hands otherwise.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from camphandover.agents.model import NorthernMali
from camphandover.core.ledger import CONTROL
from camphandover.core.state import Holder, Side, Slot

FILE = Path(__file__).parent / "golden" / "on-schedule-2023-0.json"
SCENARIO, SEED, REPLICATE = "on-schedule", 2023, 0
HOW = "uv run python tests/renew_golden.py"
TOTALS = ("men", "vehicles", "dead", "wounded", "captured", "missing", "deserted", "places_held")


def told(row: np.void, places: tuple[str, ...]) -> str:
    """A change of control in words, to the minute."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=round(float(row["hour"]) * 60))
    before, after = (Holder(int(row[name])).name.lower() for name in ("before", "after"))
    where = f"{places[row['place']]}, {Slot(int(row['slot'])).name.lower()}"
    return f"{when:%Y-%m-%d %H:%M} {where}: {before} to {after}"


def golden() -> dict[str, Any]:
    """What the golden file holds: every change of control, and the sides' series at the end."""
    model = NorthernMali(SCENARIO, SEED)
    record = model.run(REPLICATE)
    changes = record.events[record.events["kind"] == CONTROL]
    last = record.series[-1]
    return {
        "what": f"{SCENARIO}, seed {SEED}, replicate {REPLICATE}; renew with: {HOW}",
        "control": [told(row, model.world.places) for row in changes],
        "on_the_last_day": {
            side.name.lower(): {name: int(last[name][side]) for name in TOTALS} for side in Side
        },
    }


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(golden(), indent=1) + "\n", encoding="utf-8")
    print(FILE)
