"""Lists a page at a time: each row once, whatever is closed or hidden between, and no page that tells of a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from consent.vocabulary import RestrictionKind
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, ReviewReason
from hub.journeys.context import Hub
from hub.journeys.judge import list_judgements, page_judgements
from hub.journeys.load import load_sources
from hub.journeys.paging import LIMIT_MAX, Page, PageInvalid
from hub.journeys.quarantine import list_quarantine, page_quarantine
from hub.journeys.resolve import resolve_pending
from hub.journeys.review import decide, report_not_mine
from hub.journeys.review_queue import list_reviews, page_reviews
from hub.journeys.sources import list_runs, list_sources
from hub.store import database
from tests.consent.values import NOW, restricted
from tests.journeys.drawn_facts import Town
from tests.journeys.stewards import BIRK, MARIA, NOOR, PERHAPS_MARIA, Desk
from tests.journeys.test_at_risk_unseen import number_of
from tests.worlds import BIRK as BIRK_S_ROW
from tests.worlds import DRIVERS_YAML, write_drivers
from tests.worlds import MARIA as MARIA_S_ROW
from tests.worlds import NOOR as NOOR_S_ROW

Row = TypeVar("Row")
Place = TypeVar("Place")


def walked(page: Callable[[Place | None], Page[Row, Place]]) -> list[tuple[Row, ...]]:
    """The pages of a list, one after the other."""
    pages, place = [], None
    while True:
        found = page(place)
        pages.append(found.rows)
        if found.next is None:
            return pages
        place = found.next


def sizes(pages: Iterable[tuple[Row, ...]]) -> list[int]:
    return [len(page) for page in pages]


def hide(hub: Hub, reference: str) -> None:
    with database.transaction(hub.engine) as connection:
        at_risk = restricted(RestrictionKind.AT_RISK)
        Town(hub).restrict(connection, number_of(hub, reference), at_risk, NOW)


# --- sources, runs, quarantine ------------------------------------------------------------------


@pytest.fixture
def loaded(modelled_hub: Hub, tmp_path: Path) -> Hub:
    """Drivers three times over: two rows, then one that is bad, then under another name one row."""
    hub = modelled_hub
    bad = NOOR_S_ROW.replace("1999-07-21", "31 Feb")
    for name, rows in (
        ("drivers", [MARIA_S_ROW, BIRK_S_ROW]),
        ("drivers", [MARIA_S_ROW, BIRK_S_ROW, bad, bad.replace("D3", "D4")]),
        ("boats", [BIRK_S_ROW]),
    ):
        yaml = DRIVERS_YAML.replace("id: drivers", f"id: {name}")
        yaml = yaml.replace(
            "agency: vehicles", f"agency: {'parks' if name == 'boats' else 'vehicles'}"
        )
        load_sources(hub, [write_drivers(tmp_path, rows, yaml=yaml)])
    return hub


def test_a_source_says_what_it_holds_what_waits_and_what_ran_last(loaded: Hub) -> None:
    boats, drivers = list_sources(loaded).rows
    assert (boats.id, boats.agency, boats.label, boats.kind) == (
        "boats",
        "parks",
        "boats",
        ConstituentKind.PERSON,
    )
    assert (drivers.records, drivers.pending, drivers.quarantined) == (2, 2, 2)
    assert drivers.last_run is not None
    assert drivers.last_run == list_runs(loaded, source="drivers").rows[0]
    assert drivers.last_run.counts["rejected"] == 2
    for _ in resolve_pending(loaded, ConstituentKind.PERSON):
        pass
    assert [one.pending for one in list_sources(loaded).rows] == [0, 0]


def test_sources_come_in_pages_by_id(loaded: Hub) -> None:
    pages = walked(lambda after: list_sources(loaded, after=after, limit=1))
    assert [one.id for page in pages for one in page] == ["boats", "drivers"]
    assert sizes(pages) == [1, 1]


def test_runs_come_in_pages_the_newest_first(loaded: Hub) -> None:
    pages = walked(lambda after: list_runs(loaded, after=after, limit=2))
    assert sizes(pages) == [2, 1]
    runs = [one for page in pages for one in page]
    assert [one.source for one in runs] == ["boats", "drivers", "drivers"]
    assert {(one.kind, one.state) for one in runs} == {("load", "finished")}
    assert runs == sorted(runs, key=lambda one: -one.number)
    assert list_runs(loaded, kind="link person").rows == ()
    assert len(list_runs(loaded, source="drivers", kind="load").rows) == 2


def test_quarantined_rows_come_in_pages_as_in_one_list(loaded: Hub) -> None:
    pages = walked(lambda after: page_quarantine(loaded, after=after, limit=1))
    assert sizes(pages) == [1, 1]
    assert [one for page in pages for one in page] == list_quarantine(loaded, None, 10)
    assert page_quarantine(loaded, "boats").rows == ()


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1])
def test_a_page_has_a_size_within_bounds(hub: Hub, limit: int) -> None:
    for page in (list_sources, list_runs, page_quarantine, page_reviews, page_judgements):
        with pytest.raises(PageInvalid, match="limit: must be 1 to 1000"):
            page(hub, limit=limit)


# --- reviews and judgements --------------------------------------------------------------------


@pytest.fixture
def desk(modelled_hub: Hub) -> Desk:
    """Three reports and three doubtful pairs, alike in weight, each of another family."""
    desk = Desk(modelled_hub)
    for number, home in enumerate((MARIA, BIRK, NOOR)):
        at = {name: home[name] for name in ("family", "street", "zip")}
        desk.push(f"cards:{number}", {**MARIA, **at, "ssn": home["ssn"], "email": home["email"]})
        desk.push(f"desk:{number}", {**PERHAPS_MARIA, **at, "email": f"m{number}@example.org"})
        report_not_mine(desk.hub, f"cards:{number}", "a clerk")
    return desk


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_the_queue_in_pages_is_the_queue(desk: Desk, limit: int) -> None:
    whole = list_reviews(desk.hub)
    reasons = [line.reason for line in whole]
    assert reasons[:3] == [ReviewReason.NOT_MINE] * 3
    assert reasons.count(ReviewReason.BAND) >= 3
    pages = walked(lambda after: page_reviews(desk.hub, after=after, limit=limit))
    assert [line for page in pages for line in page] == whole
    assert set(sizes(pages[:-1])) <= {limit}


def test_a_review_answered_between_two_pages_shifts_nothing(desk: Desk) -> None:
    whole = list_reviews(desk.hub)
    first = page_reviews(desk.hub, limit=4)
    for line in whole[:4]:
        outcome = Outcome.DISMISSED if line.reason is ReviewReason.NOT_MINE else Outcome.DIFFERENT
        decide(desk.hub, line.number, outcome, by="ines", reason="looked at")
    second = page_reviews(desk.hub, after=first.next, limit=4)
    assert [line.number for line in (*first.rows, *second.rows)] == [one.number for one in whole]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_have_no_hole_where_somebody_is_at_risk(desk: Desk, limit: int) -> None:
    whole = list_reviews(desk.hub)
    hide(desk.hub, "cards:1")
    seen = list_reviews(desk.hub)
    assert 0 < len(seen) < len(whole)
    pages = walked(lambda after: page_reviews(desk.hub, after=after, limit=limit))
    assert [line for page in pages for line in page] == seen
    assert set(sizes(pages[:-1])) <= {limit}
    cleared = walked(
        lambda after: page_reviews(desk.hub, after=after, limit=limit, is_cleared=True)
    )
    assert [line for page in cleared for line in page] == whole


@pytest.mark.parametrize("limit", [1, 2])
def test_judgements_in_pages_leave_out_who_is_at_risk_without_a_hole(
    desk: Desk, limit: int
) -> None:
    for one, other in (("cards:0", "cards:1"), ("cards:0", "cards:2"), ("desk:0", "desk:2")):
        desk.different(one, other)
    for is_hidden in (False, True):
        if is_hidden:
            hide(desk.hub, "cards:1")
        seen = list_judgements(desk.hub)
        assert len(seen) == (2 if is_hidden else 3)
        pages = walked(lambda after: page_judgements(desk.hub, after=after, limit=limit))
        assert [one for page in pages for one in page] == seen
        assert set(sizes(pages[:-1])) <= {limit}
