"""What an agency is told in its feed: what befell its own records, under its own ids, once and in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from consent.policy import Clearance
from consent.vocabulary import RestrictionKind
from hub.journeys import agency_feed
from hub.journeys.acts import Judged
from hub.journeys.agency_feed import distribute, read
from hub.journeys.context import Hub
from hub.journeys.judge import judge, withdraw
from hub.journeys.objection import object_to_linkage
from hub.journeys.paging import CursorRefused, PageInvalid
from hub.journeys.pairwise import shown_to
from hub.journeys.rights.erasure import erase
from hub.store import agency_events, database
from hub.vault.opaque import OpaqueIds
from tests.journeys.counters import Counter, restrict
from tests.journeys.erasures import ORDER
from tests.journeys.followers import Follower, Told, held
from tests.journeys.stewards import BIRK, DIFFERENT, MARIA, NOOR, WHO, Desk

P1, P2, P3, P4 = "parks:P1", "parks:P2", "parks:P3", "parks:P4"
D1, D2 = "vehicles:D1", "vehicles:D2"
AT_RISK = RestrictionKind.AT_RISK


@pytest.fixture
def desk(modelled_hub: Hub) -> Desk:
    return Counter(modelled_hub).desk


@pytest.fixture
def parks(desk: Desk) -> Follower:
    return Follower(desk.hub, "parks")


def parks_id(desk: Desk, key: str) -> UUID:
    return shown_to(desk.hub, "parks", key)


def rows_of(hub: Hub, query: str) -> list[Any]:
    with database.transaction(hub.engine) as connection:
        return list(connection.scalars(text(query)))


# --- what is told -----------------------------------------------------------------------------------


def test_its_own_records_come_change_and_go(desk: Desk, parks: Follower) -> None:
    desk.push(P1, MARIA)
    told = parks.news()
    id_ = parks_id(desk, P1)
    assert told == [("created", id_, None)]
    desk.push(P1, MARIA, phone="206-555-0142")
    assert parks.news() == [("updated", id_, None)]
    desk.push(P1, MARIA, phone="206-555-0142")
    assert parks.news() == [], "nothing of it is news"
    desk.push(P2, MARIA)
    assert parks.news() == [("updated", id_, None)]
    desk.remove(P2)
    assert parks.news() == [("updated", id_, None)]
    desk.remove(P1)
    assert parks.news() == [("erased", id_, None)]


def test_another_agencys_record_that_comes_changes_and_goes_is_told_to_it_alone(
    desk: Desk, parks: Follower
) -> None:
    vehicles = Follower(desk.hub, "vehicles")
    desk.push(P1, MARIA)
    parks.news()
    desk.push(D1, MARIA)
    assert desk.together(P1, D1)
    desk.push(D1, MARIA, phone="206-555-0142")
    desk.push(D2, BIRK)
    desk.remove(D1)
    assert parks.news() == []
    assert [kind for kind, _, _ in vehicles.news()] == ["created"], "Birk; Maria came and went"


def test_a_record_that_joins_anothers_constituent_reads_as_if_it_were_the_first(
    desk: Desk, parks: Follower
) -> None:
    desk.push(D1, MARIA)
    desk.push(P1, MARIA)
    assert desk.together(P1, D1)
    assert parks.news() == [("created", parks_id(desk, P1), None)]
    desk.remove(P1)
    assert [kind for kind, _, _ in parks.news()] == ["erased"], "though vehicles still holds her"
    desk.remove(D1)
    assert parks.news() == []


def test_two_ids_it_was_shown_become_one_and_two_again(desk: Desk, parks: Follower) -> None:
    desk.push(P1, MARIA)
    desk.push(P2, BIRK)
    parks.news()
    first, second = parks_id(desk, P1), parks_id(desk, P2)
    judged = desk.same(P1, P2)
    assert parks.news() == [("merged", first, second)]
    assert parks_id(desk, P2) == first
    withdraw(desk.hub, judged.judgements[0], author="ines")
    assert parks.news() == [("split", first, second)]
    assert parks_id(desk, P2) == second


def test_a_merge_with_ids_of_others_alone_is_none_for_it(desk: Desk, parks: Follower) -> None:
    vehicles = Follower(desk.hub, "vehicles")
    desk.push(D1, BIRK)
    desk.push(P1, MARIA)
    parks.news()
    vehicles.news()
    judged = desk.same(P1, D1)
    assert (parks.news(), vehicles.news()) == ([], [])
    withdraw(desk.hub, judged.judgements[0], author="ines")
    assert (parks.news(), vehicles.news()) == ([], [])


def test_a_bridge_of_anothers_record_is_told_as_what_it_does_to_its_own_ids(
    desk: Desk, parks: Follower
) -> None:
    desk.push(P1, MARIA)
    desk.push(P2, BIRK)
    desk.push(D1, NOOR)
    parks.news()
    first, second = parks_id(desk, P1), parks_id(desk, P2)
    desk.same(P1, D1)
    desk.same(P2, D1)
    assert parks.news() == [("merged", first, second)]
    desk.remove(D1)
    assert parks.news() == [("split", first, second)]


def test_what_was_placed_under_one_id_and_leaves_is_told_with_the_new_one(
    desk: Desk, parks: Follower
) -> None:
    desk.push(P1, MARIA)
    desk.push(P2, MARIA)
    parks.news()
    id_ = parks_id(desk, P1)
    desk.split(str(desk.id_of(P1)), P2)
    assert parks.news() == [("split", id_, parks_id(desk, P2))]
    assert parks_id(desk, P1) == id_


def test_a_record_placed_under_anothers_id_and_parted_from_it_is_told_where_it_went(
    desk: Desk, parks: Follower
) -> None:
    desk.push(D1, MARIA)
    desk.push(P1, MARIA)
    parks.news()
    before = parks_id(desk, P1)
    desk.different(P1, D1)
    after = parks_id(desk, P1)
    assert after != before, "the id stays where most records were placed under it"
    assert parks.news() == [("split", before, after), ("erased", before, None)]


def test_what_is_said_of_a_constituent_is_told_to_no_agency(desk: Desk, parks: Follower) -> None:
    desk.push(P1, MARIA)
    parks.news()
    restrict(desk.hub, P1, RestrictionKind.DISPUTED)
    assert parks.news() == []


def test_an_id_it_was_shown_and_holds_no_record_of_is_told_of_no_more(
    desk: Desk, parks: Follower
) -> None:
    desk.push(D1, MARIA)
    parks_id(desk, D1)
    desk.remove(D1)
    assert parks.news() == []


def test_an_erasure_is_told_once_and_leaves_nothing_personal(desk: Desk, parks: Follower) -> None:
    desk.push(P1, MARIA)
    desk.push(D1, MARIA)
    parks.news()
    id_ = parks_id(desk, P1)
    erase(desk.hub, P1, **ORDER)
    assert parks.news() == [("erased", id_, None)]
    assert parks.news() == []
    assert desk.rests_in_the_clear("Okafor", "maria@example.org", "219-09-9041") == []
    assert rows_of(desk.hub, "SELECT record_id FROM told_records") == []


def test_after_a_link_of_all_each_agency_knows_the_ids_its_records_are_under(
    linked_hub: Hub,
) -> None:
    agencies = rows_of(linked_hub, "SELECT DISTINCT agency FROM sources")
    assert len(agencies) > 2
    for agency in agencies:
        follower = Follower(linked_hub, agency)
        assert follower.news(1_000)
        assert follower.live == set(held(linked_hub, agency).shown.values())


# --- cursors ----------------------------------------------------------------------------------------


def test_pages_go_on_where_the_last_ended_and_an_older_cursor_reads_again(desk: Desk) -> None:
    for number, row in enumerate((MARIA, BIRK, NOOR)):
        desk.push(f"parks:{number}", row)
    first = read(desk.hub, "parks", limit=2)
    second = read(desk.hub, "parks", first.next, limit=2)
    third = read(desk.hub, "parks", second.next, limit=2)
    assert [len(page.events) for page in (first, second, third)] == [2, 1, 0]
    assert [page.is_more for page in (first, second, third)] == [True, False, False]
    assert third.next == second.next
    assert read(desk.hub, "parks", first.next, limit=2) == second
    assert read(desk.hub, "parks").events == (*first.events, *second.events)


def test_an_agency_with_nothing_to_hear_gets_an_empty_page(desk: Desk) -> None:
    desk.push(D1, MARIA)
    page = read(desk.hub, "parks")
    assert (page.events, page.is_more) == ((), False)
    assert read(desk.hub, "parks", page.next) == page


def test_places_are_its_own_and_dense(desk: Desk) -> None:
    desk.push(P1, MARIA)
    for number in range(3):
        desk.push(f"vehicles:{number}", BIRK)
    desk.push(P2, NOOR)
    assert distribute(desk.hub) == 3, "three rows of one man are one id, and told at once"
    positions = rows_of(
        desk.hub, "SELECT position FROM agency_events WHERE agency = 'parks' ORDER BY 1"
    )
    assert positions == [1, 2]


@pytest.mark.parametrize(
    ("agency", "place", "rule"),
    [("vehicles", 1, "gave to this reader"), ("parks", 2, "beyond the end")],
    ids=["another's", "beyond"],
)
def test_a_cursor_that_it_was_not_given_is_refused(
    desk: Desk, agency: str, place: int, rule: str
) -> None:
    desk.push(P1, MARIA)
    desk.push(D1, MARIA)
    given = OpaqueIds(desk.hub.keys, "place in the feed", agency).of(place)
    with pytest.raises(CursorRefused, match=rule) as refused:
        read(desk.hub, "parks", given)
    assert str(given) not in str(refused.value)


def test_a_cursor_that_nobody_was_given_is_refused(desk: Desk) -> None:
    desk.push(P1, MARIA)
    with pytest.raises(CursorRefused, match="gave to this reader"):
        read(desk.hub, "parks", uuid4())


@pytest.mark.parametrize("limit", [-1, 0, 1_001])
def test_a_page_has_a_size(desk: Desk, limit: int) -> None:
    with pytest.raises(PageInvalid, match="1 to 1000"):
        read(desk.hub, "parks", limit=limit)


# --- telling once -----------------------------------------------------------------------------------


def test_many_who_distribute_read_and_write_at_once_tell_everything_once(desk: Desk) -> None:
    rows = (MARIA, BIRK, NOOR)
    desk.push("vehicles:24", MARIA)
    desk.push("parks:25", NOOR)

    def write(number: int) -> None:
        agency = ("parks", "vehicles")[number % 2]
        desk.push(f"{agency}:{number}", rows[number % 3])

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(write, number) for number in range(24)]
        work += [pool.submit(distribute, desk.hub) for _ in range(12)]  # type: ignore[arg-type]
        work += [pool.submit(read, desk.hub, "parks") for _ in range(12)]  # type: ignore[arg-type]
        work += [pool.submit(parks_id, desk, ("vehicles:24", "parks:25")[n % 2]) for n in range(12)]  # type: ignore[arg-type]
        for future in work:
            future.result()
    distribute(desk.hub)
    assert distribute(desk.hub) == 0
    for agency in ("parks", "vehicles"):
        follower = Follower(desk.hub, agency)
        told = follower.news()
        assert [kind for kind, _, _ in told].count("created") == 3
        assert follower.live == set(held(desk.hub, agency).shown.values())
        positions = rows_of(
            desk.hub, f"SELECT position FROM agency_events WHERE agency = '{agency}' ORDER BY 1"
        )
        assert positions == list(range(1, len(told) + 1))


def test_a_reader_does_some_of_what_is_left_to_do_and_says_that_there_is_more(
    desk: Desk, parks: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agency_feed, "BATCH_EVENTS", 1)
    for number in range(agency_feed.READ_BATCHES_MAX):
        desk.push(f"vehicles:{number}", MARIA)
    desk.push(P1, BIRK)
    first = read(desk.hub, "parks")
    assert (first.events, first.is_more) == ((), True)
    assert [kind for kind, _, _ in parks.news()] == ["created"]


def test_a_change_that_is_looked_at_event_by_event_is_told_all_the_same(
    linked_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribute(linked_hub)
    monkeypatch.setattr(agency_feed, "BATCH_EVENTS", 1)
    before = rows_of(linked_hub, "SELECT count(*) FROM events")
    several = rows_of(
        linked_hub,
        "SELECT public_id::text FROM constituents c WHERE kind = 'person' AND EXISTS "
        "(SELECT FROM links l WHERE l.constituent_id = c.id AND recorded_until IS NULL "
        "GROUP BY constituent_id HAVING count(*) > 2) ORDER BY id LIMIT 2",
    )
    for reference in several:
        object_to_linkage(linked_hub, reference, **WHO)
    distribute(linked_hub)
    assert rows_of(linked_hub, "SELECT count(*) FROM events") > before
    for agency in rows_of(linked_hub, "SELECT DISTINCT agency FROM sources"):
        follower = Follower(linked_hub, agency)
        follower.news(1_000)
        assert follower.live == set(held(linked_hub, agency).shown.values())


def test_a_distribution_that_fails_leaves_nothing_and_is_done_over(
    desk: Desk, parks: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.push(P1, MARIA)
    keep = agency_events.keep

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(agency_events, "keep", fail)
    with pytest.raises(OSError, match="full"):
        distribute(desk.hub)
    monkeypatch.setattr(agency_events, "keep", keep)
    assert rows_of(desk.hub, "SELECT pairwise_id FROM pairwise_ids") == []
    assert parks.news() == [("created", parks_id(desk, P1), None)]


def test_what_was_told_can_be_neither_changed_nor_removed(desk: Desk) -> None:
    desk.push(P1, MARIA)
    distribute(desk.hub)
    for statement in ("UPDATE agency_events SET position = 9", "DELETE FROM agency_events"):
        with (
            pytest.raises(DBAPIError, match="permission denied"),
            database.transaction(desk.hub.engine) as connection,
        ):
            connection.execute(text(statement))


# --- at risk ----------------------------------------------------------------------------------------


def test_of_somebody_at_risk_it_hears_what_its_own_records_did_and_no_merge_of_others(
    desk: Desk, parks: Follower
) -> None:
    desk.push(P1, MARIA)
    desk.push(P2, BIRK)
    desk.push(D1, NOOR)
    parks.news()
    first, second = parks_id(desk, P1), parks_id(desk, P2)
    desk.same(P1, D1)
    desk.same(P2, D1)
    distribute(desk.hub)
    restrict(desk.hub, P1, AT_RISK)
    desk.push(P1, MARIA, phone="206-555-0142")
    assert parks.news() == [("updated", first, None)]
    restricted_alike = Follower(desk.hub, "parks")
    assert restricted_alike.news() == [
        ("created", first, None),
        ("created", second, None),
        ("updated", first, None),
    ]


def test_a_merge_told_before_is_not_told_again_once_she_is_at_risk(
    desk: Desk, parks: Follower
) -> None:
    desk.push(P1, MARIA)
    desk.push(P2, BIRK)
    parks.news()
    desk.same(P1, P2)
    before = parks.cursor
    told = parks.news()
    assert [kind for kind, _, _ in told] == ["merged"]
    restrict(desk.hub, P1, AT_RISK)
    page = read(desk.hub, "parks", before)
    assert (page.events, page.is_more) == ((), False)
    assert page.next == before, "a cursor that went on would tell that something was passed over"
    desk.push(P3, NOOR)
    page = read(desk.hub, "parks", before, limit=1)
    assert [event.kind for event in page.events] == ["constituent.created"]
    assert not page.is_more


@pytest.mark.parametrize(
    ("clearances", "is_told"),
    [
        ((Clearance(agency="parks"),), True),
        ((Clearance(agency="vehicles"),), False),
        ((Clearance(agency="parks", purpose="licensing"),), False),
        ((Clearance(purpose="licensing"),), False),
    ],
)
def test_who_is_cleared_whatever_the_purpose_hears_of_her_as_of_others(
    desk: Desk, parks: Follower, clearances: tuple[Clearance, ...], is_told: bool
) -> None:
    desk.push(P1, MARIA)
    desk.push(P2, BIRK)
    parks.news()
    desk.same(P1, P2)
    restrict(desk.hub, P1, AT_RISK, *clearances)
    assert [kind for kind, _, _ in parks.news()] == ["merged"] * is_told


def test_other_restrictions_hide_nothing(desk: Desk, parks: Follower) -> None:
    desk.push(P1, MARIA)
    desk.push(P2, BIRK)
    parks.news()
    desk.same(P1, P2)
    restrict(desk.hub, P1, RestrictionKind.DISPUTED)
    assert [kind for kind, _, _ in parks.news()] == ["merged"]


def test_a_merge_that_its_own_record_made_is_told_at_risk_too(desk: Desk, parks: Follower) -> None:
    """Else an agency could ask whether somebody is at risk by a record of its own."""
    desk.push(P1, MARIA)
    desk.push(P2, BIRK)
    parks.news()
    restrict(desk.hub, P1, AT_RISK)
    desk.push(P2, MARIA)
    assert [kind for kind, _, _ in parks.news()] == ["updated", "merged"]


Story = Callable[[Desk], object]


def part(hub: Hub) -> Judged:
    return judge(hub, DIFFERENT, P1, D1, is_cleared=True, **WHO)


@pytest.mark.parametrize(
    "others",
    [
        lambda desk: desk.push(D1, MARIA),
        lambda desk: (desk.push(D1, MARIA), desk.push(D1, MARIA, phone="206-555-0142")),
        lambda desk: (desk.push(D1, MARIA), desk.remove(D1)),
        lambda desk: (desk.push(D1, MARIA), part(desk.hub)),
        lambda desk: desk.push(D2, BIRK),
    ],
    ids=["joins", "joins and changes", "joins and leaves", "joins and is parted", "is apart"],
)
@pytest.mark.parametrize("is_at_risk", [False, True])
def test_what_it_hears_is_the_same_whatever_another_does(
    desk: Desk, parks: Follower, others: Story, is_at_risk: bool
) -> None:
    heard: list[Told] = []
    desk.push(P1, MARIA)
    if is_at_risk:
        restrict(desk.hub, P1, AT_RISK)
    heard += parks.news()
    others(desk)
    heard += parks.news()
    desk.push(P1, MARIA, phone="206-555-0177")
    desk.remove(P1)
    heard += parks.news()
    assert [kind for kind, _, _ in heard] == ["created", "erased"]
    assert heard[0][1] == heard[1][1]
