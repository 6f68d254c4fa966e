"""Nothing of an erased constituent comes back: by loads, single rows, races, or a backup; of anybody in a world."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from consent.log.entry import Outcome
from hub.domain.errors import RecordUnknown
from hub.domain.records import ConstituentKind, Rejected
from hub.domain.survivorship import Survivor
from hub.journeys.context import Hub
from hub.journeys.disclosing import entry_of
from hub.journeys.facts import hashes_of
from hub.journeys.load import load_sources
from hub.journeys.profile import resolve, show_profile
from hub.journeys.resolve import SUPPRESSED, resolve_pending
from hub.journeys.rights.reapplying import reapply
from hub.journeys.unseal import open_records
from hub.store import database, disclosures, records, sources, subjects
from matching.features import derive
from tests.conftest import Server, open_hub
from tests.journeys.counters import Counter
from tests.journeys.erasures import D1, D2, HERS, erased, maria_at_two_agencies
from tests.journeys.live import COLUMNS, assert_identities_hold
from tests.journeys.opened import everything, finds
from tests.journeys.stewards import MARIA, Desk
from tests.worlds import BIRK as BIRK_ROW
from tests.worlds import MARIA as MARIA_ROW
from tests.worlds import write_drivers


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    return maria_at_two_agencies(modelled_hub)


def test_a_row_pushed_again_is_refused_without_a_value(counter: Counter) -> None:
    erased(counter.hub)
    values = tuple("D1" if name == "id" else MARIA.get(name) for name in COLUMNS)
    found = counter.desk.live.resolver("vehicles").resolve(values, 7)
    assert isinstance(found, Rejected)
    assert (found.row, found.field, found.rule) == (7, None, SUPPRESSED)
    with pytest.raises(RecordUnknown):
        counter.desk.remove(D1)
    assert not finds(everything(counter.hub), "maria@example.org")


def test_the_same_person_under_a_new_key_is_a_new_constituent(counter: Counter) -> None:
    done = erased(counter.hub)
    counter.desk.push("vehicles:D9", MARIA)
    assert counter.desk.id_of("vehicles:D9") not in done.ids


def test_loads_pass_over_her_rows_good_or_bad_and_count_them(
    modelled_hub: Hub, tmp_path: Path
) -> None:
    hub = modelled_hub
    [first] = load_sources(hub, [write_drivers(tmp_path, [MARIA_ROW, BIRK_ROW])])
    assert first.inserted == 2
    list(resolve_pending(hub, ConstituentKind.PERSON))
    erased(hub, "drivers:D1")
    changed = MARIA_ROW.replace("418 Heron Ln", "1 New St")
    bad = MARIA_ROW.replace("1984-03-09", "1984-33-09")
    for row in (MARIA_ROW, changed, bad):
        [report] = load_sources(hub, [write_drivers(tmp_path, [row, BIRK_ROW])])
        assert (report.suppressed, report.inserted, report.changed, report.rejected) == (1, 0, 0, 0)
        assert (report.read, report.unchanged, report.removed) == (2, 1, 0)
    [twice] = load_sources(hub, [write_drivers(tmp_path, [MARIA_ROW, changed, BIRK_ROW])])
    assert (twice.suppressed, twice.rejected) == (2, 0)
    left = everything(hub)
    assert not finds(left, "Okafor")
    assert finds(left, "Lindqvist")


def test_rows_set_aside_under_her_key_are_emptied(modelled_hub: Hub, tmp_path: Path) -> None:
    hub = modelled_hub
    load_sources(hub, [write_drivers(tmp_path, [MARIA_ROW, BIRK_ROW])])
    bad = MARIA_ROW.replace("1984-03-09", "1984-33-09")
    load_sources(hub, [write_drivers(tmp_path, [bad, BIRK_ROW])])
    list(resolve_pending(hub, ConstituentKind.PERSON))
    assert finds(everything(hub), "1984-33-09")
    assert erased(hub, "drivers:D1").destroyed.quarantined == 1
    assert not finds(everything(hub), "1984-33-09")


def test_a_record_of_hers_that_its_source_had_removed_stays_out_too(counter: Counter) -> None:
    counter.desk.remove(D1)
    assert erased(counter.hub).destroyed.kept_out == 2
    values = tuple("D1" if name == "id" else MARIA.get(name) for name in COLUMNS)
    assert isinstance(counter.desk.live.resolver("vehicles").resolve(values), Rejected)


def test_a_restored_backup_of_the_data_cannot_be_read_and_takes_nothing_in_again(
    counter: Counter, restored: Hub
) -> None:
    bring_back_keys(counter.hub, restored)
    left = everything(restored)
    # Reasons rest under a key of their purpose: until the erasure is done over, see below.
    assert [value for value in HERS if finds(left, value)] == ["Ottilie Quist"]
    assert finds(left, "birk@example.org")
    assert leaves(restored) == leaves_as_written(restored)
    desk = Desk(restored)
    for street in ("418 Heron Ln", "1 New St"):
        row = {**MARIA, "id": "D1", "street": street}
        desk.live.resolver("vehicles").resolve(tuple(row.get(name) for name in COLUMNS))
        assert not finds(everything(restored), "maria@example.org")


def test_in_a_restored_backup_erasures_are_done_over_and_only_they(
    counter: Counter, restored: Hub
) -> None:
    bring_back_keys(counter.hub, restored)
    desk = Desk(restored)
    birk = desk.id_of(D2)
    done = reapply(restored, by="olga")
    assert (done.records, done.entries, done.reasons) == (2, 1, 2)
    left = everything(restored)
    assert [value for value in HERS if finds(left, value)] == []
    with pytest.raises(RecordUnknown):
        desk.id_of(D1)
    assert desk.id_of(D2) == birk
    assert leaves(restored) == leaves_as_written(restored)
    again = reapply(restored, by="olga")
    assert (again.records, again.entries, again.reasons) == (0, 0, 0)


@pytest.fixture
def restored(counter: Counter, server: Server) -> Iterator[Hub]:
    """The database of before the erasure of Maria, who is erased in the counter's own."""
    counter.hub.engine.dispose()
    found = open_hub(server.fresh(counter.hub.engine.url.database), counter.hub.keys)
    erased(counter.hub)
    yield found
    found.engine.dispose()


def bring_back_keys(today: Hub, restored: Hub) -> None:
    """What is restored with the data of before: the keys of today, and the keys that stay out."""
    for table in ("record_keys", "subject_keys", "suppressions"):
        with database.transaction(today.engine) as connection:
            rows = [
                dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()
            ]
        with database.transaction(restored.engine) as connection:
            if table != "suppressions":
                connection.execute(text(f"DELETE FROM {table}"))
            names = ", ".join(rows[0])
            values = ", ".join(f":{name}" for name in rows[0])
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), rows)


def leaves(hub: Hub) -> list[bytes]:
    """The leaf of every entry, computed from what can be read of it."""
    with database.transaction(hub.engine) as connection:
        numbers = connection.scalars(text("SELECT id FROM disclosures ORDER BY id")).all()
        rows = [row for number in numbers if (row := disclosures.find(connection, number))]
    return [entry_of(hub.keys, row).commitment for row in rows]


def leaves_as_written(hub: Hub) -> list[bytes]:
    with database.transaction(hub.engine) as connection:
        return list(connection.scalars(text("SELECT leaf FROM log_pending ORDER BY disclosure_id")))


# --- at the same time ------------------------------------------------------------------------------


def test_look_ups_and_rows_under_way_never_outlive_an_erasure(counter: Counter) -> None:
    hub, resolver = counter.hub, counter.desk.live.resolver("vehicles")
    for round_ in range(12):
        key = f"R{round_}"
        row = {**MARIA, "id": key, "ssn": f"219-09-{round_:04}", "email": f"m{round_}@example.org"}
        values = tuple(row.get(name) for name in COLUMNS)
        reference = f"vehicles:{key}"
        counter.desk.push(reference, row)
        numbers = ids_of(hub, reference)
        with ThreadPoolExecutor(3) as pool:
            looked = pool.submit(counter.ask, reference)
            pushed = pool.submit(resolver.resolve, values)
            gone = pool.submit(erased, hub, reference)
            looked.result(), pushed.result(), gone.result()
        assert counter.ask(reference).outcome is Outcome.NO_MATCH
        assert hanging_on(hub, numbers) == 0
        assert not finds(everything(hub), f"m{round_}@example.org")


def ids_of(hub: Hub, reference: str) -> list[bytes]:
    """What facts and entries of a constituent are filed under."""
    with database.transaction(hub.engine) as connection:
        number, _ = resolve(hub, connection, reference)
        return list(hashes_of(hub.keys, subjects.ids_of(connection, number).all).values())


def hanging_on(hub: Hub, subject_hashes: list[bytes]) -> int:
    """How many entries and keys stand under those hashes."""
    with database.transaction(hub.engine) as connection:
        entries = disclosures.of_subjects(connection, subject_hashes)
        return len(entries) + len(subjects.wrapped_keys(connection, subject_hashes))


# --- anybody ---------------------------------------------------------------------------------------


def test_of_anybody_in_a_whole_world_nothing_that_was_theirs_alone_is_left(
    linked_hub: Hub,
) -> None:
    for id_ in random.Random(3).sample(person_ids(linked_hub), 6):
        says = {item.winner.value for item in survivors(linked_hub, id_)}
        before = everything(linked_hub)
        theirs = sorted(value for value in says if finds(before, value))
        assert theirs
        done = erased(linked_hub, id_)
        others = values_of(linked_hub)
        after = everything(linked_hub)
        alone = [
            value for value in theirs if len(value) >= SHORTEST and value.lower() not in others
        ]
        assert alone
        assert [value for value in alone if finds(after, value)] == []
        assert UUID(id_) in done.ids
        assert_identities_hold(linked_hub)


SHORTEST = 7  # a shorter value may stand in random bytes by chance


def person_ids(hub: Hub) -> list[str]:
    with database.transaction(hub.engine) as connection:
        found = connection.scalars(
            text(
                "SELECT DISTINCT c.public_id::text FROM constituents c "
                "JOIN links l ON l.constituent_id = c.id AND l.recorded_until IS NULL "
                "WHERE c.kind = 'person' ORDER BY 1"
            )
        )
        return list(found)


def survivors(hub: Hub, reference: str) -> list[Survivor]:
    return [view.survivor for view in show_profile(hub, reference).attributes]


def values_of(hub: Hub) -> str:
    """Whatever the records that are left say, opened one by one, as stated and made comparable.

    One telephone is "(237) 841-1476" to one of a household, and the bare number to another.
    """
    with database.transaction(hub.engine) as connection:
        told = []
        for source in sources.every(connection):
            numbers = connection.scalars(
                text("SELECT id FROM records WHERE source_id = :id AND removed_at IS NULL"),
                {"id": source.id},
            ).all()
            kind = ConstituentKind(source.kind)
            told += open_records(hub.keys, kind, records.sealed(connection, numbers))
    comparable = [derive(record).values for record in told]
    return msgspec.json.encode((told, comparable), enc_hook=str).decode().lower()
