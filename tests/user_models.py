"""Models as users write them: what each does must be the same in a batch and step by step."""

from __future__ import annotations

from functools import partial
from typing import Any

import mesa

import camphandover as ch
from camphandover.agents.commanders import GsimCommander, SeparatistCommander
from camphandover.agents.views import Base

SCENARIO = {
    "title": "War from the first day",
    "question": "Does a batch do what the model does step by step?",
    "extends": "on-schedule",
    "window": {"start": "2023-08-01", "end": "2023-08-30"},
    "politics": {"rung": 3},
}


class Remembering(SeparatistCommander):
    """Raids Bourem on its first days of war only, and notes it."""

    def __init__(self, model: Any, side: Any) -> None:
        super().__init__(model, side)
        self.raids = 0

    def decide(self) -> None:
        if self.raids < 3 and self.model.steps > 1:
            self.raids += 1
            self.order_raid("Kidal", "Bourem", men=200)


class Drawing(SeparatistCommander):
    """Raids on days that Mesa's generators choose."""

    def decide(self) -> None:
        if self.random.random() < 0.1 or self.model.rng.random() < 0.1:
            self.order_raid("Kidal", "Bourem", men=100)


class EventOfCommander(GsimCommander):
    """Goes to war with the separatists in the second week: a commander without `decide`."""

    def __init__(self, model: Any, side: Any) -> None:
        super().__init__(model, side)
        model.schedule_event(self.part, at=10)

    def part(self) -> None:
        self.model.politics.set_relations("clash")


class EventInInit(ch.NorthernMali):
    """Kidal's camp is given to the separatists on day 10, and nobody gets Tessalit."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.schedule_event(self.give, at=10)

    def give(self) -> None:
        self.base("Kidal").set_handover(receiver="separatists")
        self.base("Tessalit").set_handover(receiver="empty", exit_day="2023-08-20")


class EventInSetup(EventInInit):
    """The same by the hook that `reset` calls, too."""

    __init__ = ch.NorthernMali.__init__

    def setup(self) -> None:
        self.schedule_event(self.give, at=10)


class Reinforced(ch.NorthernMali):
    """Changes the first day, and nothing afterwards."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for unit in self.units:
            if unit.side == "separatists":
                unit.reinforce(150)


class Stepping(ch.NorthernMali):
    """Intervenes in a step of its own, on a count of its own."""

    n = 0

    def step(self) -> None:
        self.n += 1
        if self.n == 12:
            self.politics.set_truce(True)
            self.base("Tessalit").set_handover(receiver="separatists", exit_day="2023-08-22")
        super().step()


class Collecting(ch.NorthernMali):
    """Collects by the book of Mesa, and acts on what it has collected."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.datacollector = mesa.DataCollector(
            {"men": lambda model: sum(unit.men for unit in model.units)},
            agenttype_reporters={Base: {"camp": "camp_holder"}},
        )

    def step(self) -> None:
        super().step()
        self.datacollector.collect(self)
        men = self.datacollector.model_vars["men"]
        if len(men) == 15 and men[-1] < men[0]:
            self.units.to_list()[0].reinforce(men[0] - men[-1])


def of_commander(**commanders: Any) -> Any:
    return partial(ch.NorthernMali, commanders=commanders)


MODELS = {
    "memory": of_commander(separatists=Remembering),
    "mesa's generator": of_commander(separatists=Drawing),
    "event of a commander": of_commander(gsim=EventOfCommander),
    "event in __init__": EventInInit,
    "event in setup": EventInSetup,
    "change in __init__": Reinforced,
    "own step": Stepping,
    "own collector": Collecting,
    "without user code": ch.NorthernMali,
}
