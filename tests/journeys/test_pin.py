"""Which value a profile shows when a steward pinned one, or a source has authority."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.domain.errors import RecordUnknown
from hub.domain.survivorship import Survivor
from hub.journeys.context import Hub
from hub.journeys.load import load_sources
from hub.journeys.pin import (
    NothingToPin,
    PinUnexplained,
    PinUnknown,
    PinView,
    list_pins,
    pin,
    withdraw_pin,
)
from hub.journeys.profile import show_profile
from hub.store import database
from tests.journeys.partitions import Partitions
from tests.worlds import DRIVERS_HEADER, DRIVERS_YAML, open_written

CARD, SHOP, CAMP = "cards:1", "shops:1", "camps:1"
ROWS = {
    "cards": "1,Maria,Okafor,1984-03-09,418 Heron Ln,Port Tamarack,69407,m@example.org,219-09-9041,,2026-01-05",
    "shops": "1,Mary,Okafor,1984-03-09,7 Alder St,Elmstead,69411,mary@example.org,219-09-9041,,2026-02-05",
    "camps": "1,Mary,Okafor,1984-03-10,7 Alder St,Elmstead,69411,mary@example.org,219-09-9041,,2026-03-05",
}


@dataclass(slots=True)
class World:
    """One person as three sources of three agencies know her; two of them say Mary."""

    hub: Hub
    folder: Path

    def load(self, source: str, row: str | None = None, authority: str = "{}") -> int:
        """Load a source again: answers how many records it changed or added."""
        folder = self.folder / source
        folder.mkdir(exist_ok=True)
        content = f"{DRIVERS_HEADER}\n{ROWS[source] if row is None else row}\n"
        (folder / "drivers.csv").write_text(content, "utf-8")
        yaml = DRIVERS_YAML.replace("id: drivers", f"id: {source}\nauthority: {authority}")
        yaml = yaml.replace("agency: vehicles", f"agency: agency_of_{source}")
        [report] = load_sources(self.hub, [open_written(folder, yaml)], is_accepting_removals=True)
        return report.inserted + report.changed

    def link(self, *keys: str) -> None:
        partitions = Partitions(self.hub, count(1))
        partitions.change([partitions.loaded(*keys)])

    def shown(self, attribute: str = "name", reference: str = CARD) -> Survivor:
        attributes = show_profile(self.hub, reference).attributes
        return next(view.survivor for view in attributes if view.attribute == attribute)

    def value(self, attribute: str = "name") -> str:
        return self.shown(attribute).winner.value


@pytest.fixture
def world(hub: Hub, tmp_path: Path) -> World:
    made = World(hub, tmp_path)
    for source in ROWS:
        made.load(source)
    made.link(CARD, SHOP, CAMP)
    assert made.value() == "Mary Okafor"
    return made


# --- pins -----------------------------------------------------------------------------------------


def test_a_pinned_value_is_shown_and_says_so_until_the_pin_is_withdrawn(world: World) -> None:
    pin(world.hub, CARD, "name", "ines", "she signs so")
    survivor = world.shown()
    assert (survivor.winner.value, survivor.is_pinned) == ("Maria Okafor", True)
    assert {item.value for item in survivor.lost} == {"Mary Okafor"}
    assert not world.shown("address").is_pinned
    withdraw_pin(world.hub, CARD, "name", "tomas")
    assert (world.value(), world.shown().is_pinned) == ("Mary Okafor", False)


def test_a_pin_goes_before_authority(world: World) -> None:
    world.load("shops", authority="{name: 1}")
    pin(world.hub, CARD, "name", "ines", "she signs so")
    assert world.value() == "Maria Okafor"


def test_of_two_pins_the_later_decides(world: World) -> None:
    pin(world.hub, SHOP, "address", "ines", "moved")
    pin(world.hub, CARD, "address", "ines", "moved back")
    assert world.value("address").startswith("418 Heron")
    withdraw_pin(world.hub, CARD, "address", "ines")
    assert world.value("address").startswith("7 Alder")


def test_a_pin_sleeps_while_the_record_states_another_value(world: World) -> None:
    pin(world.hub, CARD, "name", "ines", "she signs so")
    world.load("cards", ROWS["cards"].replace("Maria", "Marja"))
    assert (world.value(), world.shown().is_pinned) == ("Mary Okafor", False)
    [asleep] = list_pins(world.hub, CARD)
    assert (asleep.value, asleep.withdrawn_at) == (None, None)
    world.load("cards")
    assert (world.value(), world.shown().is_pinned) == ("Maria Okafor", True)


def test_a_pin_keeps_to_its_value_however_it_is_spelled(world: World) -> None:
    pin(world.hub, CARD, "name", "ines", "she signs so")
    world.load("cards", ROWS["cards"].replace("Maria,Okafor", "MARIA,OKAFOR"))
    assert world.value() == "MARIA OKAFOR"


def test_a_new_pin_on_the_same_withdraws_the_former_and_both_are_kept(world: World) -> None:
    pin(world.hub, CARD, "name", "ines", "she signs so")
    pin(world.hub, CARD, "name", "tomas", "seen her passport")
    first, second = list_pins(world.hub, SHOP)
    assert (first.author, first.reason, first.withdrawn_by) == ("ines", "she signs so", "tomas")
    assert first.withdrawn_at == second.made_at
    assert (second.author, second.reason, second.withdrawn_at) == (
        "tomas",
        "seen her passport",
        None,
    )
    assert (second.value, str(second.record)) == ("Maria Okafor", CARD)


def test_a_pin_needs_a_record_that_states_the_attribute(world: World, hub: Hub) -> None:
    with pytest.raises(NothingToPin, match="cards states no occupation"):
        pin(hub, CARD, "occupation", "ines", "why")
    with pytest.raises(RecordUnknown, match="no record under that key"):
        pin(hub, "cards:404", "name", "ines", "why")
    with pytest.raises(RecordUnknown, match="written source:key"):
        pin(hub, str(show_profile(hub, CARD).id), "name", "ines", "why")
    world.load("cards", ROWS["cards"] + "\n" + ROWS["cards"].replace("1,Maria", "2,Marja"))
    with pytest.raises(RecordUnknown, match="run `hub link`"):
        pin(hub, "cards:2", "name", "ines", "why")
    assert list_pins(hub, CARD) == []


def test_a_placeholder_cannot_be_pinned(world: World) -> None:
    world.load("cards", ROWS["cards"].replace("m@example.org", "unknown"))
    with pytest.raises(NothingToPin):
        pin(world.hub, CARD, "email", "ines", "why")


@pytest.mark.parametrize(("author", "reason"), [("", "why"), (" ", "why"), ("ines", " ")])
def test_a_pin_says_who_and_why(world: World, author: str, reason: str) -> None:
    with pytest.raises(PinUnexplained):
        pin(world.hub, CARD, "name", author, reason)


def test_only_a_pin_that_stands_is_withdrawn_also_when_the_record_is_gone(world: World) -> None:
    with pytest.raises(PinUnknown):
        withdraw_pin(world.hub, CARD, "name", "ines")
    pin(world.hub, CARD, "name", "ines", "why")
    world.load("cards", "")
    withdraw_pin(world.hub, CARD, "name", "ines")
    with pytest.raises(PinUnknown):
        withdraw_pin(world.hub, CARD, "name", "ines")
    with pytest.raises(PinUnexplained):
        withdraw_pin(world.hub, CARD, "name", "")


def test_a_pin_on_a_removed_record_sleeps_until_its_key_returns(world: World) -> None:
    pin(world.hub, CARD, "name", "ines", "why")
    world.load("cards", "")
    assert world.shown(reference=SHOP).winner.value == "Mary Okafor"
    world.load("cards")
    partitions = Partitions(world.hub, count(100))
    partitions.change([partitions.loaded(CARD)])
    assert world.shown().is_pinned


def test_neither_value_nor_reason_of_a_pin_rests_in_the_clear(world: World) -> None:
    pin(world.hub, CARD, "name", "ines", "seen her passport")
    with database.transaction(world.hub.engine) as connection:
        [row] = connection.execute(text("SELECT * FROM pins")).all()
    stored = " ".join(
        value.hex() if isinstance(value, bytes) else str(value) for value in row
    ).lower()
    for secret in ("okafor", "passport"):
        assert secret not in stored
        assert secret.encode().hex() not in stored


def test_two_records_with_one_value_have_pins_that_cannot_be_told_to_be_on_the_same(
    world: World,
) -> None:
    pin(world.hub, SHOP, "name", "ines", "why")
    pin(world.hub, CAMP, "name", "ines", "why")
    with database.transaction(world.hub.engine) as connection:
        hashes = connection.execute(text("SELECT value_hash FROM pins")).scalars().all()
    assert len(set(hashes)) == 2


def test_pins_made_at_once_leave_one_that_stands(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: pin(world.hub, CARD, "name", f"steward {n}", "why"), range(12)))
    pins: Sequence[PinView] = list_pins(world.hub, CARD)
    assert len(pins) == 12
    assert [item.withdrawn_at for item in pins].count(None) == 1


# --- authority ------------------------------------------------------------------------------------


def test_authority_that_a_source_declares_decides_by_default(world: World) -> None:
    assert world.load("cards", authority="{name: 1, ssn: 1}") == 0, "no row is read anew"
    assert world.value() == "Maria Okafor"
    assert world.value("address").startswith("7 Alder"), "only where it is declared"
    world.load("shops", authority="{name: 1}")
    world.load("cards", authority="{name: 2}")
    assert world.value() == "Mary Okafor", "the lower rank is believed"
    world.load("shops")
    world.load("cards")
    assert world.value() == "Mary Okafor", "withdrawn, it decides no more"


def test_authority_given_stands_in_the_place_of_what_is_declared(world: World) -> None:
    world.load("cards", authority="{birth_date: 1}")
    given = {"birth_date": {"agency_of_camps": 1}}
    shown = {
        view.attribute: view.survivor for view in show_profile(world.hub, CARD, given).attributes
    }
    assert shown["birth_date"].winner.value == "1984-03-10"
    assert world.value("birth_date") == "1984-03-09"
