"""What a thief of the database reads of consent, representations, restrictions and notices: next to nothing."""

from __future__ import annotations

import pytest

from consent.vocabulary import RepresentationKind, RestrictionKind
from hub.domain.notices import NoticeKind
from hub.journeys.consents import Answer, How, record_consent, withdraw_consent
from hub.journeys.context import Hub
from hub.journeys.notices import list_notices, take_notice
from hub.journeys.pairwise import shown_to
from hub.journeys.representations import end_representation
from hub.journeys.restrictions import lift, restrict
from tests.journeys.offices import ALL, HOW, WAIVER, Office

M = "parks:P1"
TABLES = (
    "subjects",
    "subject_keys",
    "consent_events",
    "representations",
    "restrictions",
    "notices",
)
NOTICE, SCAN, DEED = "sha256:0a0b0c", "sha256:7d7e7f", "sha256:3a3b3c"
OFFICER, SECOND, CLERK = "Ottilie Quist", "Bertrand Ekwueme", "Sunniva Thorvald"
MOTHER, ORDER = "Signe Brandt, her mother", "Family court order 881/26"


@pytest.fixture
def office(modelled_hub: Hub) -> Office:
    """Everything that can be said of somebody has been said of Maria, and ended."""
    office = Office(modelled_hub)
    hub = office.hub
    office.comes(1)
    mother = office.represents(M, representative=MOTHER, evidence=DEED, author=CLERK)
    how = How(NOTICE, "nn-NO", HOW.method, SCAN, mother)
    record_consent(hub, M, Answer(WAIVER, ALL), how, author=CLERK)
    office.shares(M)
    withdraw_consent(hub, M, WAIVER.id, how, author=CLERK)
    end_representation(hub, M, mother, author=SECOND)
    for kind in set(RestrictionKind) - {RestrictionKind.OBJECTION_TO_LINKAGE}:
        said = restrict(hub, M, kind, authority=ORDER, author=OFFICER)
        lift(hub, M, said.facts[0], author=OFFICER, approved_by=SECOND)
    take_notice(hub, "parks", list_notices(hub, "parks")[0].number)
    return office


def test_what_was_said_by_and_of_people_and_by_which_officer_rests_sealed(office: Office) -> None:
    said = (NOTICE, SCAN, DEED, OFFICER, SECOND, CLERK, MOTHER, ORDER, "nn-NO")
    assert office.desk.rests_in_the_clear(*said) == []
    assert office.desk.rests_in_the_clear(WAIVER.id) == [WAIVER.id], (
        "the search finds what is there"
    )


def test_no_kind_of_restriction_representation_or_notice_can_be_read(office: Office) -> None:
    stored = str(facts(office)).lower()
    for kind in (*RestrictionKind, *RepresentationKind, *NoticeKind):
        assert kind.value not in stored, kind
        assert kind.value.encode().hex() not in stored, kind


def test_facts_and_notices_name_no_constituent_by_an_id_that_leads_to_records(
    office: Office,
) -> None:
    stored = str(facts(office)).lower()
    shown = shown_to(office.hub, "parks", M)
    for id_ in (office.desk.id_of(M), shown):
        assert str(id_) not in stored
        assert id_.bytes.hex() not in stored
    assert office.desk.key_hash(M).hex() not in stored


def test_the_feed_tells_one_word_of_all_of_it(office: Office) -> None:
    id_ = office.desk.id_of(M)
    told = [one for one in office.told() if one.constituent == id_]
    said = told[-2 * len(RestrictionKind) :]
    assert {(one.kind, one.others, one.review_id) for one in said} == {(said[0].kind, (), None)}


def facts(office: Office) -> dict[str, list[str]]:
    """The tables of facts and notices as a dump writes them."""
    stored = office.desk.dump()
    found = {table: stored[table] for table in TABLES}
    assert all(found.values()), "there is something in each"
    return found
