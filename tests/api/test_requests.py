"""Subject requests over HTTP: what is held, who looked, exports, erasure, corrections, and the notices they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from consent.log.entry import Account
from consent.log.proof import open_proof
from consent.vocabulary import RestrictionKind
from hub.access.scopes import StaffRole
from hub.client import HubClient, RecordRef
from hub.journeys.context import Hub
from hub.journeys.disclosure_log import log_key
from hub.journeys.rights import archive, certificate
from hub.vault.signing import CertificateKey
from tests.api.officers import (
    D1,
    D2,
    GIVEN,
    HOW,
    P1,
    P2,
    WAIVER,
    officer,
    peopled,
    refused,
    told,
)
from tests.api.running import Served, served
from tests.journeys.counters import Counter, restrict

AUTHORITY = "GDPR Art. 17(1)(a), request 2026-114"


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    return peopled(modelled_hub)


@pytest.fixture
def running(counter: Counter) -> Iterator[Served]:
    with served(counter.desk.hub) as found:
        yield found


@pytest.fixture
def ines(running: Served) -> Iterator[HubClient]:
    with officer(running) as client:
        yield client


@pytest.fixture
def parks(running: Served) -> Iterator[HubClient]:
    with running.client(running.agency("parks", "licensing")) as client:
        yield client


def look(parks: HubClient, *categories: str) -> None:
    """Parks looks Maria up."""
    parks.look_up(P1, categories or ("name", "address"), purpose="licensing", case="case 7")


def test_all_that_is_held_is_told_and_logged(
    counter: Counter, ines: HubClient, parks: HubClient
) -> None:
    look(parks)
    ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN)
    held = ines.requests.held(P1, case="request 12")
    assert held.id == counter.desk.id_of("parks:P1")
    assert {one.source for one in held.records} == {"parks", "benefits", "vehicles"}
    assert {one.record["birth_date"] for one in held.records} == {"1984-03-09"}
    assert [one.state for one in held.consents] == ["given"]
    assert [one.agency for one in held.shown_to] == ["parks"]
    newest = ines.disclosures.of(P1, case="request 12")[1]
    assert (newest.action, newest.system, newest.disclosure) == (
        "own_view",
        "ines",
        held.disclosure,
    )


def test_who_looked_is_told_page_by_page_without_telling_one_twice(
    ines: HubClient, parks: HubClient
) -> None:
    for _ in range(5):
        look(parks)
    found = ines.disclosures.of(P1, case="request 12", page_size=2)
    assert len({one.disclosure for one in found}) == len(found)
    looks = [one for one in found if one.action == "look_up"]
    assert len(looks) == 5
    assert {one.agency for one in looks} == {"parks"}
    by_law = {one.agreement: one.citation for one in looks[0].released}
    assert by_law["licensing_act"] == "Licensing Act s. 4"


def test_a_use_is_proven_to_be_in_the_log_and_only_one_of_hers(
    running: Served, ines: HubClient, parks: HubClient
) -> None:
    look(parks)
    use = ines.disclosures.of(P1, case="request 12")[-1]
    key = log_key(running.hub)
    entry, _ = open_proof(ines.disclosures.prove(P1, use.disclosure).encode(), [key], key.name)
    account = Account.from_bytes(entry.account)
    assert (account.action, account.agency) == ("look_up", "parks")
    assert refused(partial(ines.disclosures.prove, D2, use.disclosure)) == "not-found"
    assert refused(partial(ines.disclosures.prove, P1, "999999")) == "not-found"


def test_an_export_is_a_genuine_archive_with_its_own_entry_in_it(
    running: Served, ines: HubClient
) -> None:
    content = ines.requests.export(P1, case="request 12")
    stated = archive.verify(content, CertificateKey(running.hub.keys).public)
    assert {"records.json", "disclosures.json", "report.html"} <= stated["files"].keys()
    last = ines.disclosures.of(P1, case="request 12")[1]
    assert (last.action, last.disclosure) == ("export", str(stated["entry"]))


def test_an_erasure_is_previewed_done_once_and_certified(
    running: Served, ines: HubClient, parks: HubClient
) -> None:
    look(parks)
    preview = ines.requests.preview_erasure(P1, authority=AUTHORITY)
    assert {(one.source, one.key) for one in preview.records} == {
        ("parks", "P1"),
        ("benefits", "B1"),
        ("vehicles", "D1"),
    }
    erase = partial(ines.requests.erase, P1, authority=AUTHORITY, seen=preview.seen)
    done = erase(repeat_key="erase-request-114")
    assert erase(repeat_key="erase-request-114") == done
    assert done.destroyed == preview.destroyed
    public = CertificateKey(running.hub.keys).public
    stated = certificate.verify(done.certificate.encode(), public)
    assert stated["constituent"] == [str(one) for one in done.ids]
    assert refused(partial(ines.requests.held, P1, case="request 114")) == "not-found"
    # What was released to parks under the act is to be deleted there.
    [notice] = parks.notices.waiting()
    assert (notice.kind, notice.agreement) == ("erased", "licensing_act")


def test_an_erasure_of_what_was_not_seen_or_is_held_is_refused(
    running: Served, counter: Counter, ines: HubClient
) -> None:
    preview = ines.requests.preview_erasure(P1, authority=AUTHORITY)
    counter.desk.remove("vehicles:D1")
    late = partial(ines.requests.erase, P1, authority=AUTHORITY, seen=preview.seen)
    assert refused(late) == "changed-since"
    held = restrict(running.hub, "parks:P1", RestrictionKind.LEGAL_HOLD)
    problem = told(partial(ines.requests.preview_erasure, P1, authority=AUTHORITY))
    assert (problem.name, held in problem.detail) == ("conflict", True)


def test_a_correction_is_put_to_the_agency_that_owns_the_record_and_answered_once(
    ines: HubClient, running: Served, parks: HubClient
) -> None:
    propose = partial(
        ines.corrections.propose,
        D1,
        "addresses",
        "419 Heron Ln",
        reason="a slip",
        case="request 12",
    )
    assert propose(repeat_key="correct-d1-1") == propose(repeat_key="correct-d1-1")
    assert parks.corrections.waiting() == []
    with running.client(running.agency("vehicles", "licensing")) as vehicles:
        [waits] = vehicles.corrections.waiting()
        assert (waits.source, waits.key, waits.proposed) == ("vehicles", "D1", "419 Heron Ln")
        elsewhere = partial(parks.corrections.answer, waits.id, "declined", note="not ours")
        assert refused(elsewhere) == "not-found"
        vehicles.corrections.answer(waits.id, "accepted", note="from tomorrow on")
        again = partial(vehicles.corrections.answer, waits.id, "declined", note="after all")
        assert refused(again) == "not-found"
        assert vehicles.corrections.waiting() == []
        [done] = vehicles.corrections.waiting(is_all=True)
    assert (done.answer, done.note) == ("accepted", "from tomorrow on")
    [hers] = ines.requests.held(P1, case="request 12").corrections
    assert (hers.answer, hers.note) == ("accepted", "from tomorrow on")


def test_a_correction_of_what_is_no_field_or_no_record_is_refused(ines: HubClient) -> None:
    propose = partial(ines.corrections.propose, reason="a slip", case="request 12")
    assert refused(partial(propose, D1, "key", "D9")) == "request-invalid"
    assert refused(partial(propose, RecordRef("parks", "P99"), "names", "M")) == "not-found"


def test_a_notice_waits_for_its_agency_until_it_is_taken(
    running: Served, ines: HubClient, parks: HubClient
) -> None:
    ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN)
    look(parks, "holding")
    ines.consents.withdraw(P1, WAIVER, HOW)
    [notice] = parks.notices.waiting()
    assert (notice.kind, notice.agreement, notice.taken_at) == ("consent_ended", WAIVER, None)
    with running.client(running.agency("wildlife", "licensing")) as wildlife:
        assert wildlife.notices.waiting(is_all=True) == []
        assert refused(partial(wildlife.notices.take, notice.id)) == "not-found"
    parks.notices.take(notice.id, repeat_key="take-notice-1")
    parks.notices.take(notice.id, repeat_key="take-notice-1")
    assert parks.notices.waiting() == []
    assert len(parks.notices.waiting(is_all=True)) == 1
    for unknown in (notice.id, uuid4()):
        assert refused(partial(parks.notices.take, unknown)) == "not-found"


def test_other_roles_and_agencies_are_refused(running: Served) -> None:
    others = [running.staff(role, StaffRole(role)) for role in ("steward", "operator", "auditor")]
    for who in (*others, running.agency("parks", "licensing")):
        with running.client(who) as client:
            for ask in (
                partial(client.requests.held, P1, case="1"),
                partial(client.requests.export, P1, case="1"),
                partial(client.requests.preview_erasure, P1, authority=AUTHORITY),
                partial(client.requests.erase, P1, authority=AUTHORITY, seen="x"),
                partial(client.disclosures.of, P1, case="1"),
                partial(client.corrections.propose, P1, "names", "M", reason="r", case="1"),
            ):
                assert refused(ask) == "not-in-scope"
    with running.client(others[0]) as steward:
        assert refused(steward.notices.waiting) == "not-in-scope"
        assert refused(steward.corrections.waiting) == "not-in-scope"


def test_nothing_of_an_answer_about_her_is_kept_for_repeats(
    running: Served, counter: Counter, ines: HubClient
) -> None:
    ines.requests.held(P2, case="request 12")
    ines.requests.export(P2, case="request 12")
    assert counter.desk.dump()["repeatable_requests"] == []
