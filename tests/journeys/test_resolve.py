"""One record at a time: stored, linked, told of; and nothing half-done when it may not be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from hub.domain.errors import ModelUnfit, RecordUnknown, ScorerMismatch
from hub.domain.events import EventKind
from hub.domain.records import Rejected
from hub.journeys.context import Hub
from hub.journeys.feed import read_feed
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.profile import show_profile
from hub.journeys.registration import SourceBusy, source_lock
from hub.journeys.resolve import Arrival, Resolver, resolve_pending
from hub.store import database
from tests.conftest import Server
from tests.journeys.live import COLUMNS, PERSON, Live, Row, partition, source
from tests.worlds import DRIVERS_HEADER, MARIA, NOOR, write_drivers

HER: Row = {
    "given": "Maria",
    "family": "Okafor",
    "born": "1984-03-09",
    "email": "maria@example.org",
    "ssn": "219-09-9041",
    "street": "418 Heron Ln",
    "zip": "69407",
}
HIM: Row = {
    "given": "Birk",
    "family": "Lindqvist",
    "born": "1961-12-30",
    "ssn": "318-44-2107",
    "street": "7 Alder St",
    "zip": "69411",
}


@pytest.fixture
def live(modelled_hub: Hub) -> Live:
    return Live(modelled_hub)


def told(hub: Hub) -> list[str]:
    return [event.kind.value for event in read_feed(hub, "test", 100)]


def test_a_new_record_gets_a_constituent_and_the_next_of_hers_joins_it(live: Live) -> None:
    first = live.push("front", "a", HER)
    second = live.push("desk", "b", HER | {"email": "other@example.org"})
    third = live.push("desk", "c", HIM)

    assert [one.arrival for one in (first, second, third)] == [Arrival.NEW] * 3
    assert first.constituent == second.constituent != third.constituent
    assert partition(live.hub) == {
        frozenset({first.record, second.record}),
        frozenset({third.record}),
    }
    assert told(live.hub) == [EventKind.CREATED, EventKind.UPDATED, EventKind.CREATED]
    profile = show_profile(live.hub, "desk:b")
    assert {str(key) for key in profile.records} == {"front:a", "desk:b"}


def test_the_same_row_again_changes_nothing(live: Live) -> None:
    first = live.push("front", "a", HER)
    again = live.push("front", "a", HER)
    assert (again.arrival, again.constituent) == (Arrival.UNCHANGED, first.constituent)
    assert told(live.hub) == [EventKind.CREATED]


def test_a_changed_row_moves_its_record_and_the_id_it_leaves_stays_with_the_others(
    live: Live,
) -> None:
    live.push("front", "a", HER)
    live.push("front", "b", HER)
    hers = live.push("desk", "c", HER)
    his = live.push("desk", "d", HIM)
    moved = live.push("desk", "c", HIM)

    assert moved.arrival is Arrival.CHANGED
    assert moved.constituent == his.constituent
    assert live.push("front", "a", HER).constituent == hers.constituent
    assert told(live.hub)[-2:] == [EventKind.UPDATED, EventKind.UPDATED]


def test_a_removed_record_leaves_nothing_and_its_key_returns_as_a_new_one(live: Live) -> None:
    first = live.push("front", "a", HER)
    gone = live.remove("front", "a")
    assert (gone.arrival, gone.constituent) == (Arrival.REMOVED, None)
    with database.transaction(live.hub.engine) as connection:
        left = [
            connection.scalar(
                text(f"SELECT count(*) FROM {table} WHERE record_id = :r"), {"r": first.record}
            )
            for table in ("record_keys", "tags", "components")
        ]
    assert left == [0, 0, 0]
    with pytest.raises(RecordUnknown, match="no record under that key"):
        live.remove("front", "a")
    back = live.push("front", "a", HER)
    assert back.arrival is Arrival.NEW
    assert back.constituent != first.constituent
    assert told(live.hub) == [EventKind.CREATED, EventKind.ERASED, EventKind.CREATED]


def test_a_row_that_breaks_the_contract_is_told_by_field_and_rule_and_nothing_is_stored(
    live: Live,
) -> None:
    broken = ("a", "Maria", "Okafor", None, "the ninth of March", *[None] * 5)
    found = live.resolver("front").resolve(broken, 7)
    assert isinstance(found, Rejected)
    assert (found.row, found.rule) == (7, "date_unreadable")
    assert "March" not in repr(found)
    keyless = live.resolver("front").resolve((None, "Maria", *[None] * 8))
    assert isinstance(keyless, Rejected)
    assert partition(live.hub) == set()


def test_a_link_after_single_changes_finds_nothing_to_do(live: Live) -> None:
    for number, row in enumerate((HER, HIM, HER | {"given": "Marie"})):
        live.push("front", f"k{number}", row)
    before = partition(live.hub)
    report = link_kind(live.hub, PERSON)
    assert (report.ids_issued, report.records_moved, report.ids_merged) == (0, 0, 0)
    assert partition(live.hub) == before


def test_what_a_load_stored_is_resolved_one_by_one(modelled_hub: Hub, tmp_path: Path) -> None:
    live = Live(modelled_hub)
    hers = live.push("front", "a", HER)
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA, NOOR])])
    found = list(resolve_pending(modelled_hub, PERSON))

    assert [one.arrival for one in found] == [Arrival.NEW, Arrival.NEW]
    assert found[0].constituent == hers.constituent != found[1].constituent
    assert list(resolve_pending(modelled_hub, PERSON)) == []
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA.replace("Maria", "Mary"), NOOR])])
    assert [one.arrival for one in resolve_pending(modelled_hub, PERSON)] == [Arrival.CHANGED]
    load_sources(modelled_hub, [write_drivers(tmp_path, [NOOR])])
    assert [one.arrival for one in resolve_pending(modelled_hub, PERSON)] == [Arrival.REMOVED]
    assert link_kind(modelled_hub, PERSON).records_moved == 0


def test_a_source_that_is_being_loaded_takes_no_single_rows(live: Live) -> None:
    resolver = live.resolver("front")
    lock = source_lock(live.hub, "front")
    with database.held_lock(live.hub.engine, database.LOCK_LOAD, lock) as is_mine:
        assert is_mine
        with pytest.raises(SourceBusy, match="being loaded"):
            resolver.resolve(tuple(HER.get(column, "a") for column in COLUMNS))
    assert live.push("front", "a", HER).arrival is Arrival.NEW


def test_a_load_waits_for_a_single_row_that_is_under_way(hub: Hub, tmp_path: Path) -> None:
    described, reader = write_drivers(tmp_path, [MARIA])
    lock = source_lock(hub, described.id)
    with database.transaction(hub.engine) as connection:
        assert database.share_in_transaction(connection, database.LOCK_LOAD, lock)
        with pytest.raises(SourceBusy):
            load_sources(hub, [(described, reader)])
    assert load_sources(hub, [(described, reader)])[0].inserted == 1


def test_without_a_model_each_record_stands_alone_as_in_a_batch(hub: Hub) -> None:
    live = Live(hub)
    first, second = live.push("front", "a", HER), live.push("front", "b", HER)
    assert first.constituent != second.constituent


def test_a_change_waits_for_the_tags_it_leaves_and_begins_anew_if_others_came_first(
    live: Live,
) -> None:
    live.push("front", "a", HER)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(live.hub.engine) as other:
            other.execute(text("SELECT pg_advisory_xact_lock(tag) FROM tags"))
            changing = pool.submit(live.push, "front", "a", HIM)
            with pytest.raises(TimeoutError):
                changing.result(timeout=0.3)
            other.execute(text("UPDATE records SET version = version + 1"))
        changed = changing.result()
    assert (changed.arrival, changed.measured.restarts) == (Arrival.CHANGED, 1)


def test_a_row_is_weighed_by_the_model_of_its_time_not_by_that_of_the_row_before(
    live: Live,
) -> None:
    _rename_active_kind(live.hub, "person", "organization")
    first = live.push("front", "a", HER)
    _rename_active_kind(live.hub, "organization", "person")
    second = live.push("front", "b", HER)
    _rename_active_kind(live.hub, "person", "organization")
    third = live.push("front", "c", HER)
    assert first.constituent == second.constituent != third.constituent


def _rename_active_kind(hub: Hub, old: str, new: str) -> None:
    """Take the one model there is from a kind, and give it to another."""
    with database.transaction(hub.engine) as connection:
        statement = text("UPDATE active_models SET kind = :new WHERE kind = :old")
        connection.execute(statement, {"old": old, "new": new})


def test_no_record_is_resolved_by_a_model_whose_code_answers_otherwise(
    server: Server, live: Live
) -> None:
    _alter_models(server, live.hub, "canary = jsonb_set(canary, '{0,weight_microbits}', '7')")
    with pytest.raises(ScorerMismatch, match="1 of"):
        live.push("front", "a", HER)
    assert partition(live.hub) == set()


def test_no_record_is_resolved_by_a_model_of_an_older_form_of_the_features(
    server: Server, live: Live
) -> None:
    _alter_models(server, live.hub, "parameters = jsonb_set(parameters, '{features_version}', '0')")
    with pytest.raises(ModelUnfit, match="run `hub link`"):
        live.push("front", "a", HER)


def _alter_models(server: Server, hub: Hub, change: str) -> None:
    """What only the owner of the tables can do, and no release does."""
    name = hub.engine.url.database
    assert name is not None
    owner = database.connect(server.urls(name).owner)
    with database.transaction(owner) as connection:
        connection.execute(text("ALTER TABLE models DISABLE TRIGGER models_kept_as_written"))
        connection.execute(text(f"UPDATE models SET {change}"))
    owner.dispose()


def test_a_change_that_fails_in_the_middle_leaves_everything_as_it_was(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.push("front", "a", HER)
    before = partition(live.hub)

    def breaks(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("hub.journeys.change.tell", breaks)
        with pytest.raises(OSError, match="disk is full"):
            live.push("front", "b", HER)
    assert partition(live.hub) == before
    assert live.push("front", "b", HER).arrival is Arrival.NEW


def test_what_resolving_costs_is_counted(live: Live) -> None:
    def counted(name: str) -> float:
        return REGISTRY.get_sample_value(name) or 0.0

    names = ("hub_resolve_seconds_count", "hub_resolve_lock_wait_seconds_count")
    before = [counted(name) for name in names]
    candidates = counted("hub_resolve_candidates_sum")
    live.push("front", "a", HER)
    live.push("front", "b", HER)
    assert [counted(name) for name in names] == [one + 2 for one in before]
    assert counted("hub_resolve_candidates_sum") == candidates + 1


def test_a_resolver_needs_the_columns_its_mapping_names(live: Live) -> None:
    with pytest.raises(Exception, match="missing_column"):
        Resolver(live.hub, source("front"), ("id", "given"))


def test_holdings_and_quarantine_follow_a_single_row_too(modelled_hub: Hub, tmp_path: Path) -> None:
    rows = [MARIA.replace("1984-03-09", "soon"), NOOR]
    described, reader = write_drivers(tmp_path, rows)
    load_sources(modelled_hub, [(described, reader)])
    columns = tuple(DRIVERS_HEADER.split(","))
    found = Resolver(modelled_hub, described, columns).resolve(tuple(MARIA.split(",")))
    assert not isinstance(found, Rejected)
    with database.transaction(modelled_hub.engine) as connection:
        held = connection.execute(
            text("SELECT type, valid_until::text FROM holdings WHERE record_id = :r"),
            {"r": found.record},
        ).all()
        waiting = connection.scalar(
            text("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL")
        )
    assert [tuple(row) for row in held] == [("driving_licence", "2027-05-01")]
    assert waiting == 0
