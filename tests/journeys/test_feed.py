"""The feed: nothing committed is lost to a consumer, nothing uncommitted told, in whatever order writers end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from hub.domain.events import EventKind
from hub.journeys import feed
from hub.journeys.context import Hub
from hub.journeys.feed import ConsumerInvalid, PositionRefused
from hub.store import database, outbox
from hub.store.outbox import OutgoingEvent
from tests.conftest import START

#: Moving 300,000 rows takes about 2 s on two shared cores; the limit only catches a wrong plan.
MOVE_S = 30


def created() -> OutgoingEvent:
    return OutgoingEvent(EventKind.CREATED, uuid4())


def put(hub: Hub, *events: OutgoingEvent) -> None:
    with database.transaction(hub.engine) as connection:
        outbox.put(connection, events, START)


@contextmanager
def writing(hub: Hub, *events: OutgoingEvent) -> Iterator[Connection]:
    """A journey that has written its events and not committed yet."""
    connection = hub.engine.connect()
    with connection, connection.begin():
        outbox.put(connection, events, START)
        yield connection


def constituents(hub: Hub, consumer: str = "portal") -> list[UUID | None]:
    return [event.constituent for event in feed.read_feed(hub, consumer)]


def test_an_event_is_read_back_as_it_was_written(hub: Hub) -> None:
    merged = OutgoingEvent(EventKind.MERGED, uuid4(), (uuid4(), uuid4()))
    review = OutgoingEvent(EventKind.REVIEW_OPENED, None, review_id=7)
    put(hub, merged, review)
    one, two = feed.read_feed(hub, "portal")
    assert (one.position, one.kind, one.constituent, one.others) == (
        1,
        EventKind.MERGED,
        merged.constituent,
        merged.others,
    )
    assert (two.position, two.kind, two.constituent, two.review_id) == (
        2,
        EventKind.REVIEW_OPENED,
        None,
        7,
    )
    assert one.occurred_at == START


@pytest.mark.parametrize("amount", [0, 1, 19, 20, 500])
def test_few_and_many_events_are_written_alike(hub: Hub, amount: int) -> None:
    events = [
        OutgoingEvent(EventKind.SPLIT, uuid4(), (uuid4(),) * (n % 3), n) for n in range(amount)
    ]
    put(hub, *events)
    read = feed.read_feed(hub, "portal")
    assert [(e.constituent, e.others, e.review_id) for e in read] == [
        (e.constituent, e.others, e.review_id) for e in events
    ]
    assert [event.position for event in read] == list(range(1, amount + 1))


def test_no_event_is_lost_when_the_later_writer_commits_first(hub: Hub) -> None:
    slow, quick = created(), created()
    with writing(hub, slow):
        put(hub, quick)  # a higher number in the outbox, committed before the lower one
        assert constituents(hub) == [quick.constituent]
        feed.acknowledge(hub, "portal", 1)
    assert constituents(hub) == [slow.constituent]
    assert [event.position for event in feed.read_feed(hub, "portal")] == [2]


def test_what_is_rolled_back_is_never_told(hub: Hub) -> None:
    with pytest.raises(OSError, match="full"), writing(hub, created()):
        raise OSError("the disk is full")
    kept = created()
    put(hub, kept)
    assert constituents(hub) == [kept.constituent]


def test_many_writers_and_readers_lose_nothing_and_see_nothing_twice(hub: Hub) -> None:
    def write(_: int) -> list[UUID | None]:
        events = [created() for _ in range(3)]
        with writing(hub, *events):
            time.sleep(0.002)
        return [event.constituent for event in events]

    def consume(_: int) -> None:
        feed.sequence_all(hub)

    with ThreadPoolExecutor(4) as pool:
        written = [pool.submit(write, number) for number in range(40)]
        numbered = [pool.submit(consume, number) for number in range(40)]
        for future in numbered:
            future.result()
        wanted = {one for future in written for one in future.result()}
    read = feed.read_feed(hub, "portal")
    assert [event.position for event in read] == list(range(1, 121))
    assert {event.constituent for event in read} == wanted
    with database.transaction(hub.engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM outbox")) == 0


def test_reading_does_not_move_the_cursor_and_consumers_do_not_share_it(hub: Hub) -> None:
    put(hub, created(), created(), created())
    assert feed.read_feed(hub, "portal") == feed.read_feed(hub, "portal")
    feed.acknowledge(hub, "portal", 2)
    feed.acknowledge(hub, "portal", 2)
    assert [event.position for event in feed.read_feed(hub, "portal")] == [3]
    assert len(feed.read_feed(hub, "ledger")) == 3
    assert [event.position for event in feed.read_feed(hub, "ledger", limit=1)] == [1]


def test_a_cursor_moves_on_only_over_what_is_there_and_back_only_in_a_replay(hub: Hub) -> None:
    put(hub, created(), created())
    feed.read_feed(hub, "portal")
    with pytest.raises(PositionRefused, match="feed ends at 2"):
        feed.acknowledge(hub, "portal", 3)
    with pytest.raises(PositionRefused, match="starts after 0"):
        feed.acknowledge(hub, "portal", -1)
    feed.acknowledge(hub, "portal", 2)
    with pytest.raises(PositionRefused, match="is a replay"):
        feed.acknowledge(hub, "portal", 1)
    feed.replay(hub, "portal", 1)
    assert [event.position for event in feed.read_feed(hub, "portal")] == [2]
    with pytest.raises(PositionRefused, match="not come so far"):
        feed.replay(hub, "portal", 2)
    feed.replay(hub, "portal")
    assert len(feed.read_feed(hub, "portal")) == 2
    with pytest.raises(PositionRefused, match="not come so far"):
        feed.replay(hub, "ledger", 1)


@pytest.mark.parametrize("name", ["", "Portal", "1st", "a b", "a" * 62, "portal\n", "a;b"])
def test_a_consumers_name_is_a_plain_word(hub: Hub, name: str) -> None:
    with pytest.raises(ConsumerInvalid):
        feed.read_feed(hub, name)
    with pytest.raises(ConsumerInvalid):
        feed.acknowledge(hub, name, 0)
    with pytest.raises(ConsumerInvalid):
        feed.replay(hub, name)


def test_the_events_of_some_constituents_come_in_order(hub: Hub) -> None:
    one, two, other = created(), created(), created()
    assert one.constituent is not None
    assert two.constituent is not None
    put(hub, one, other, two, OutgoingEvent(EventKind.UPDATED, one.constituent))
    feed.sequence_all(hub)
    with database.transaction(hub.engine) as connection:
        found = outbox.of_constituent(connection, [one.constituent, two.constituent])
    assert [event.position for event in found] == [1, 3, 4]


def test_an_event_in_its_place_can_be_neither_changed_nor_removed(hub: Hub) -> None:
    put(hub, created())
    feed.sequence_all(hub)
    for statement in ("UPDATE events SET position = 9", "DELETE FROM events"):
        with (
            pytest.raises(DBAPIError, match="permission denied"),
            database.transaction(hub.engine) as connection,
        ):
            connection.execute(text(statement))


def test_a_batch_is_moved_whole_and_in_the_order_of_writing(hub: Hub) -> None:
    events = [created() for _ in range(50)]
    put(hub, *events)
    moved = []
    for _ in range(4):
        with database.transaction(hub.engine) as connection:
            moved.append(outbox.sequence(connection, 20))
    assert moved == [20, 20, 10, 0]
    assert constituents(hub) == [event.constituent for event in events]


def test_a_whole_link_runs_events_are_numbered_in_seconds(hub: Hub) -> None:
    with database.transaction(hub.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (kind, constituent, others, occurred_at) SELECT "
                "'constituent.created', gen_random_uuid(), '{}', now() FROM generate_series(1, 300000)"
            )
        )
    started = time.monotonic()
    assert feed.sequence_all(hub) == 300_000
    assert time.monotonic() - started < MOVE_S
