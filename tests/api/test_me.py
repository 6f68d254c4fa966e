"""A constituent's own routes: what she reads and says through a portal, and what a portal is not told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from consent.policy import Clearance
from consent.vocabulary import Assurance, RestrictionKind
from hub.access.scopes import StaffRole
from hub.client import ClientError, HubClient, Identity, RecordRef
from hub.client.me import Shown
from hub.journeys.context import Hub
from tests.api.officers import B1, D1, D2, GIVEN, HOW, P1, WAIVER, officer, peopled, refused, told
from tests.api.portals import ME, OTHER_PORTAL, Provider, portal, signed_in
from tests.api.running import AGENCY_SCOPES, Served, served
from tests.journeys.counters import BY_LAW, ON_CONSENT, Counter, policy_of, restrict, state

SHOWN = Shown(HOW.notice, HOW.evidence)


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    return peopled(modelled_hub)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def running(counter: Counter, provider: Provider, tmp_path: Path) -> Iterator[Served]:
    with served(counter.desk.hub, trusted=provider.trusted(tmp_path)) as found:
        yield found


@pytest.fixture
def desk(running: Served) -> Identity:
    return portal(running)


@pytest.fixture
def maria(running: Served, desk: Identity, provider: Provider) -> Iterator[HubClient]:
    with signed_in(running, desk, provider, "P1") as client:
        yield client


@pytest.fixture
def ines(running: Served) -> Iterator[HubClient]:
    with officer(running) as client:
        yield client


def look(running: Served, agency: str, name: str, whom: RecordRef) -> None:
    """An agency looks somebody up, by a system of that name."""
    made = running.agency(agency, "licensing", scopes=AGENCY_SCOPES)
    assert made.client_id == name
    with running.client(made) as client:
        client.look_up(whom, ["name"], purpose="licensing", case="case 7")


# --- reading -------------------------------------------------------------------------------------


def test_she_reads_what_all_agencies_hold_and_the_portal_no_id_of_it(
    running: Served, maria: HubClient, ines: HubClient
) -> None:
    look(running, "vehicles", "vehicles-desk", D1)
    held = maria.me.held()
    assert {one.source for one in held.records} == {"parks", "benefits", "vehicles"}
    assert (held.id, held.aliases) == (None, [])
    assert {(one.agency, one.id) for one in held.shown_to} == {("vehicles", None)}
    entry = ines.disclosures.of(P1, case="request 12")[1]
    assert (entry.action, entry.system, entry.agency) == (
        "own_view",
        "parks/parks-desk/constituent",
        "constituent",
    )
    assert entry.disclosure != held.disclosure


def test_she_reads_who_looked_page_by_page(running: Served, maria: HubClient) -> None:
    look(running, "vehicles", "vehicles-desk", D1)
    maria.me.held()
    uses = maria.me.disclosures(page_size=1)
    assert [one.action for one in uses if one.agency == "vehicles"] == ["look_up"]
    assert len({one.disclosure for one in uses}) == len(uses)


def test_what_stewards_and_officers_may_not_tell_is_not_told(
    running: Served, maria: HubClient
) -> None:
    restrict(running.hub, "parks:P1", RestrictionKind.LEGAL_HOLD)
    restrict(running.hub, "parks:P1", RestrictionKind.DISPUTED)
    assert [one.kind for one in maria.me.restrictions()] == ["disputed"]
    assert [one.kind for one in maria.me.held().restrictions] == ["disputed"]


# --- saying --------------------------------------------------------------------------------------


def test_she_consents_and_withdraws_once_under_each_key(maria: HubClient, ines: HubClient) -> None:
    give = partial(maria.me.consent, WAIVER, 1, SHOWN, given=GIVEN, repeat_key="consent-1")
    assert give() == give() == []
    maria.me.withdraw(WAIVER, SHOWN, categories=["holding"])
    assert [one.state for one in maria.me.consents()] == ["given", "withdrawn"]
    first, _ = ines.consents.of(B1)
    assert first.kept is not None
    assert (first.kept.method, first.kept.author) == ("portal", "parks/parks-desk/constituent")


def test_she_is_told_which_agencies_are_told_to_delete(running: Served, provider: Provider) -> None:
    who = running.agency("parks", "licensing", scopes=AGENCY_SCOPES | ME)
    with signed_in(running, who, provider, "P1") as maria, running.client(who) as clerk:
        maria.me.consent(WAIVER, 1, SHOWN, given=GIVEN)
        clerk.look_up(P1, ["holding"], purpose="licensing", case="case 7")
        assert maria.me.withdraw(WAIVER, SHOWN) == ["parks"]
        assert [one.kind for one in clerk.notices.waiting()] == ["consent_ended"]


def test_an_objection_is_hers_to_make_and_to_lift_and_an_officer_s_is_not(
    running: Served, maria: HubClient
) -> None:
    look(running, "wildlife", "wildlife-desk", D1)
    restrict(running.hub, "parks:P1", RestrictionKind.OBJECTION)
    object_ = partial(maria.me.restrict, "objection", reason="I object", repeat_key="objection-1")
    assert object_() == object_()
    theirs, hers = maria.me.restrictions()
    assert (theirs.is_hers, hers.is_hers, hers.authority) == (False, True, "I object")
    assert refused(partial(maria.me.lift, theirs.id)) == "not-found"
    maria.me.lift(hers.id)
    assert [one.id for one in maria.me.restrictions()] == [theirs.id]
    assert refused(partial(maria.me.lift, hers.id)) == "not-found"


def test_she_objects_to_linkage_and_is_linked_again(counter: Counter, maria: HubClient) -> None:
    maria.me.restrict("objection_to_linkage", reason="each for itself")
    assert not counter.desk.together("parks:P1", "vehicles:D1")
    assert {one.source for one in maria.me.held().records} == {"parks"}
    [own] = maria.me.restrictions()
    maria.me.lift(own.id)
    assert maria.me.restrictions() == []


def test_other_kinds_are_an_officer_s(maria: HubClient) -> None:
    assert refused(partial(maria.me.restrict, "at_risk", reason="please")) == "request-invalid"


def test_she_corrects_her_records_and_nobody_else_s(running: Served, maria: HubClient) -> None:
    correct = partial(maria.me.correct, field="addresses", proposed="419 Heron Ln", reason="a slip")
    assert correct(D1, repeat_key="correct-1") == correct(D1, repeat_key="correct-1")
    for record in (D2, RecordRef("parks", "P2"), RecordRef("nosuch", "X")):
        assert refused(partial(correct, record)) == "not-found"
    [made] = maria.me.held().corrections
    assert (made.source, made.proposed) == ("vehicles", "419 Heron Ln")


# --- how surely ----------------------------------------------------------------------------------


def test_who_signed_in_by_a_password_alone_reads_and_says_nothing(
    running: Served, desk: Identity, provider: Provider
) -> None:
    with signed_in(running, desk, provider, "P1", "loa1") as weak:
        for ask in (
            weak.me.held,
            weak.me.disclosures,
            weak.me.consents,
            weak.me.restrictions,
            partial(weak.me.consent, WAIVER, 1, SHOWN, given=GIVEN),
            partial(weak.me.withdraw, WAIVER, SHOWN),
            partial(weak.me.restrict, "objection", reason="I object"),
            partial(weak.me.correct, P1, "names", "M", reason="a slip"),
        ):
            problem = told(ask)
            assert (problem.status, problem.name) == (403, "signed-in-unsurely")


def test_an_agreement_may_ask_for_a_surer_yes_and_never_for_a_surer_no(
    running: Served, maria: HubClient, desk: Identity, provider: Provider
) -> None:
    state(running.hub, policy_of(BY_LAW, replace(ON_CONSENT, assurance_min=Assurance.HIGH)))
    give = partial(maria.me.consent, WAIVER, 1, SHOWN, given=GIVEN)
    assert refused(give) == "signed-in-unsurely"
    assert maria.me.consents() == []
    maria.me.withdraw(WAIVER, SHOWN)
    with signed_in(running, desk, provider, "P1", "loa3") as sure:
        sure.me.consent(WAIVER, 1, SHOWN, given=GIVEN)
    assert [one.state for one in maria.me.consents()] == ["withdrawn", "given"]


# --- who may not ---------------------------------------------------------------------------------


def test_an_account_that_no_record_is_known_under_is_answered_as_any_unknown_one(
    running: Served, desk: Identity, provider: Provider
) -> None:
    with signed_in(running, desk, provider, "P99") as nobody:
        for ask in (
            nobody.me.held,
            nobody.me.disclosures,
            nobody.me.consents,
            nobody.me.restrictions,
            partial(nobody.me.consent, WAIVER, 1, SHOWN, given=GIVEN),
            partial(nobody.me.restrict, "objection", reason="I object"),
            partial(nobody.me.correct, P1, "names", "M", reason="a slip"),
        ):
            began_s = time.monotonic()
            problem = told(ask)
            assert time.monotonic() - began_s >= 0.025
            assert (problem.status, problem.detail) == (404, "")


def test_only_a_portal_acts_and_only_for_who_signed_in(
    running: Served, desk: Identity, provider: Provider
) -> None:
    with running.client(desk) as nobody:
        assert refused(nobody.me.held) == "not-in-scope"
    no_portal = running.agency("vehicles", scopes=frozenset({"me:read"}))
    with (
        signed_in(running, no_portal, provider, "P1") as stranger,
        pytest.raises(ClientError, match="no token"),
    ):
        stranger.me.held()
    forged = Provider()
    with (
        signed_in(running, desk, forged, "P1") as thief,
        pytest.raises(ClientError, match="no token"),
    ):
        thief.me.held()
    for role in StaffRole:
        name = role.value.replace("_", "-")
        with running.client(running.staff(f"the-{name}", role)) as staff:
            assert refused(staff.me.held) == "not-in-scope"


def test_at_the_counter_nobody_signs_for_her_though_she_is_signed_in(
    running: Served, provider: Provider, ines: HubClient
) -> None:
    who = portal(running, more=frozenset({"consent:write"}))
    with signed_in(running, who, provider, "P1") as client:
        client.consents.record(P1, WAIVER, 1, HOW, refused=GIVEN)
    [one] = ines.consents.of(P1)
    assert one.kept is not None
    assert one.kept.author == "parks/parks-desk"


# --- at risk -------------------------------------------------------------------------------------


def test_at_risk_a_portal_shows_what_its_agency_s_own_records_say(
    running: Served, counter: Counter, maria: HubClient, ines: HubClient
) -> None:
    look(running, "vehicles", "vehicles-desk", D1)
    ines.consents.record(P1, WAIVER, 1, HOW, refused=GIVEN)
    maria.me.consent(WAIVER, 1, SHOWN, given=GIVEN)
    restrict(running.hub, "parks:P1", RestrictionKind.AT_RISK)
    held = maria.me.held()
    assert {one.source for one in held.records} == {"parks"}
    assert (held.shown_to, held.restrictions, held.judgements) == ([], [], [])
    assert [one.state for one in held.consents] == ["given"]
    assert {one.action for one in maria.me.disclosures()} == {"own_view", "own_log"}
    assert {one.source for use in maria.me.disclosures() for one in use.released} == {"parks"}
    assert [one.state for one in maria.me.consents()] == ["given"]
    assert maria.me.restrictions() == []
    assert maria.me.withdraw(WAIVER, SHOWN) == []
    correct = partial(maria.me.correct, field="addresses", proposed="419", reason="a slip")
    assert refused(partial(correct, D1)) == "not-found"
    correct(P1)
    assert [one.source for one in maria.me.held().corrections] == ["parks"]


def test_at_risk_a_portal_whose_agency_holds_nothing_knows_her_not(
    running: Served, provider: Provider
) -> None:
    wildlife = portal(running, "wildlife")
    assert wildlife.client_id == OTHER_PORTAL
    with signed_in(running, wildlife, provider, "P1") as there:
        assert len(there.me.held().records) == 3
        held = restrict(running.hub, "parks:P1", RestrictionKind.AT_RISK, Clearance("vehicles"))
        assert held
        for ask in (
            there.me.held,
            there.me.consents,
            partial(there.me.withdraw, WAIVER, SHOWN),
            partial(there.me.restrict, "objection", reason="I object"),
        ):
            assert refused(ask) == "not-found"


def test_a_portal_whose_agency_is_cleared_shows_her_all(running: Served, maria: HubClient) -> None:
    restrict(running.hub, "parks:P1", RestrictionKind.AT_RISK, Clearance("parks"))
    assert len(maria.me.held().records) == 3
    assert [one.kind for one in maria.me.restrictions()] == ["at_risk"]
