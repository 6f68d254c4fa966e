"""Who may call: clients and their codes, tokens and what they carry, and that everything holds once.

`REFUSED` reaches, with tests/hub/access/test_refusals.py, every rule that credentials can break.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import create_engine, text

from consent.vocabulary import Assurance, DataCategory
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.issuers import read_issuers
from hub.access.scopes import Scope, StaffRole
from hub.domain.records import RecordKey
from hub.embedded import stop
from hub.journeys.access.admission import Caller
from hub.journeys.access.clients import (
    ClientInvalid,
    ClientUnknown,
    NewClient,
    add_client,
    end_client,
    invite,
    list_clients,
    revoke_key,
)
from hub.journeys.access.issuing import SUBJECT_TYPES, TOKEN_EXCHANGE
from hub.journeys.context import Hub
from hub.store import database
from hub.wiring import hub_in
from tests.conftest import LIMITS, Server
from tests.hub.access.forging import forged, members_of
from tests.hub.access.test_refusals import PURE
from tests.journeys.machines import Clock, Machine, machine, reachable, system

[ID_TOKEN] = (one for one in SUBJECT_TYPES if one.endswith(":id_token"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(hub: Hub, clock: Clock) -> Hub:
    return reachable(hub, clock)


@pytest.fixture
def desk(live: Hub) -> Machine:
    return machine(live)


def refusal(work: Callable[[], object]) -> tuple[str, Flaw]:
    """What is refused, and by which rule."""
    with pytest.raises(CredentialsRefused) as caught:
        work()
    return caught.value.what, caught.value.flaw


def forget_all(server: Server, hub: Hub) -> None:
    """As a crash leaves the tables that are not logged."""
    engine = create_engine(server.urls(str(hub.engine.url.database)).owner)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE used_once, used_once_mark"))
    engine.dispose()


# --- every rule that needs a store ---------------------------------------------------------------


def _no_token(desk: Machine, _: Callable[[], None]) -> object:
    return desk.admitted("", "")


def _no_proof(desk: Machine, _: Callable[[], None]) -> object:
    return desk.admitted(desk.token(), "")


def _a_proof_twice(desk: Machine, _: Callable[[], None]) -> object:
    token = desk.token()
    proof = desk.proof(token=token)
    desk.admitted(token, proof)
    return desk.admitted(token, proof)


def _an_assertion_twice(desk: Machine, _: Callable[[], None]) -> object:
    assertion = desk.assertion()
    desk.token(assertion=assertion)
    return desk.token(assertion=assertion)


def _after_a_crash(desk: Machine, crash: Callable[[], None]) -> object:
    token = desk.token()
    crash()
    return desk.admitted(token)


def _an_ended_client(desk: Machine, _: Callable[[], None]) -> object:
    token = desk.token()
    end_client(desk.hub, desk.id, author="operator")
    return desk.admitted(token)


def _an_unknown_client(desk: Machine, _: Callable[[], None]) -> object:
    return desk.token(assertion=desk.assertion(iss="nobody", sub="nobody"))


def _another_scope(desk: Machine, _: Callable[[], None]) -> object:
    return desk.admitted(desk.token(), needs=Scope.EVENT_READ)


def _another_purpose(desk: Machine, _: Callable[[], None]) -> object:
    caller = desk.admitted(desk.token())
    caller.require_purpose("marketing")
    return caller


def _a_scope_it_may_not_have(desk: Machine, _: Callable[[], None]) -> object:
    return desk.token(scope="event:read")


def _a_purpose_it_may_not_have(desk: Machine, _: Callable[[], None]) -> object:
    return desk.token(purpose="marketing")


def _another_grant(desk: Machine, _: Callable[[], None]) -> object:
    return desk.token(grant_type="password")


def _a_secret_for_an_assertion(desk: Machine, _: Callable[[], None]) -> object:
    return desk.token(assertion_type="")


def _a_key_it_does_not_have(desk: Machine, _: Callable[[], None]) -> object:
    desk.kid = "another"
    return desk.token()


def _a_proof_of_another_key(desk: Machine, _: Callable[[], None]) -> object:
    token = desk.token()
    return desk.admitted(token, Machine(desk.hub).proof(token=token))


def _a_revoked_key(desk: Machine, _: Callable[[], None]) -> object:
    revoke_key(desk.hub, desk.id, desk.kid, author="operator")
    return desk.token()


Work = Callable[[Machine, Callable[[], None]], object]
REFUSED: tuple[tuple[Work, str, Flaw], ...] = (
    (_no_token, "token", Flaw.MISSING),
    (_no_proof, "proof", Flaw.MISSING),
    (_a_proof_twice, "proof", Flaw.REPLAYED),
    (_an_assertion_twice, "assertion", Flaw.REPLAYED),
    (_after_a_crash, "proof", Flaw.UNSETTLED),
    (_an_ended_client, "token", Flaw.CLIENT),
    (_an_unknown_client, "assertion", Flaw.CLIENT),
    (_another_scope, "scope", Flaw.SCOPE),
    (_another_purpose, "purpose", Flaw.PURPOSE),
    (_a_scope_it_may_not_have, "scope", Flaw.GRANT),
    (_a_purpose_it_may_not_have, "purpose", Flaw.GRANT),
    (_another_grant, "grant_type", Flaw.GRANT),
    (_a_secret_for_an_assertion, "assertion", Flaw.MALFORMED),
    (_a_key_it_does_not_have, "assertion", Flaw.KEY),
    (_a_proof_of_another_key, "proof", Flaw.KEY),
    (_a_revoked_key, "assertion", Flaw.CLIENT),
)


@pytest.mark.parametrize(
    ("work", "what", "flaw"), REFUSED, ids=[work.__name__.strip("_") for work, *_ in REFUSED]
)
def test_is_refused_by_its_rule(
    desk: Machine, server: Server, work: Work, what: str, flaw: Flaw
) -> None:
    assert refusal(lambda: work(desk, lambda: forget_all(server, desk.hub))) == (what, flaw)


def test_every_rule_is_reached_here_or_without_a_store() -> None:
    assert PURE | {flaw for *_, flaw in REFUSED} == set(Flaw)


# --- clients and codes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": "Parks"}, "id"),
        ({"id": "p"}, "id"),
        ({"name": " "}, "name"),
        ({"agency": None}, "agency"),
        ({"agency": " "}, "agency"),
        ({"roles": frozenset({StaffRole.STEWARD})}, "agency"),
        ({"scopes": frozenset({"client:write"})}, "scopes"),
        ({"scopes": frozenset({"profile.shoe_size:read"})}, "scopes"),
        ({"distinct_per_day": 0}, "distinct_per_day"),
    ],
)
def test_a_client_that_may_not_be_is_not_made(
    live: Hub, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(ClientInvalid) as caught:
        replace(system(live), **changed)
    assert caught.value.field == field


def test_an_id_is_taken_once_and_for_ever(live: Hub) -> None:
    add_client(live, system(live), author="operator")
    end_client(live, "parks-desk", author="operator")
    with pytest.raises(ClientInvalid, match="taken"):
        add_client(live, system(live), author="operator")


def test_a_code_enrols_one_key(live: Hub) -> None:
    code = add_client(live, system(live), author="operator")
    Machine(live).enrol(code)
    assert refusal(lambda: Machine(live).enrol(code)) == ("code", Flaw.CLIENT)
    [view] = list_clients(live)
    assert len(view.keys) == 1


def test_one_of_many_who_use_a_code_at_once_enrols_its_key(live: Hub) -> None:
    code = add_client(live, system(live), author="operator")
    assert at_once([lambda: Machine(live).enrol(code) for _ in range(6)]) == 1
    [view] = list_clients(live)
    assert len(view.keys) == 1


def test_a_code_expires_after_a_day(live: Hub, clock: Clock) -> None:
    code = add_client(live, system(live), author="operator")
    clock.pass_by(24 * 3_600)
    assert refusal(lambda: Machine(live).enrol(code)) == ("code", Flaw.CLIENT)


def test_a_new_code_replaces_one_that_was_not_used(live: Hub) -> None:
    old = add_client(live, system(live), author="operator")
    new = invite(live, "parks-desk", author="operator")
    assert refusal(lambda: Machine(live).enrol(old)) == ("code", Flaw.CLIENT)
    assert Machine(live).enrol(new).client == "parks-desk"


def test_a_code_of_an_ended_client_enrols_nothing(live: Hub) -> None:
    code = add_client(live, system(live), author="operator")
    end_client(live, "parks-desk", author="operator")
    assert refusal(lambda: Machine(live).enrol(code)) == ("code", Flaw.CLIENT)
    with pytest.raises(ClientUnknown):
        invite(live, "parks-desk", author="operator")


def test_a_code_is_not_used_up_by_a_proof_that_does_not_hold(live: Hub) -> None:
    code = add_client(live, system(live), author="operator")
    assert refusal(lambda: Machine(live).enrol(code, htm="GET"))[1] is Flaw.METHOD
    assert Machine(live).enrol(code).client == "parks-desk"


def test_a_key_is_one_clients(live: Hub, desk: Machine) -> None:
    code = add_client(live, system(live, "wildlife-desk", agency="wildlife"), author="operator")
    thief = Machine(live, desk.key)
    assert refusal(lambda: thief.enrol(code)) == ("key", Flaw.REPLAYED)
    assert Machine(live).enrol(code).client == "wildlife-desk", "the code was not used up"


def test_codes_rest_hashed(live: Hub) -> None:
    code = add_client(live, system(live), author="operator")
    with database.transaction(live.engine) as connection:
        rows = connection.scalars(text("SELECT e::text FROM enrolments e")).all()
    assert rows
    assert code not in str(rows)
    assert code.encode().hex() not in str(rows)


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_carries_what_its_client_has(desk: Machine) -> None:
    caller = desk.admitted(desk.token())
    assert (caller.client, caller.agency) == ("parks-desk", "parks")
    assert caller.scopes == {"profile:read", "profile.address:read"}
    assert caller.categories == {DataCategory.ADDRESS}
    assert caller.purposes == {"licensing"}
    assert caller.signed_in is None


def test_a_token_carries_no_more_than_was_asked_for(desk: Machine) -> None:
    caller = desk.admitted(desk.token(scope="profile:read"))
    assert caller.scopes == {"profile:read"}
    assert not caller.categories


def test_of_several_purposes_one_must_be_asked_for(live: Hub) -> None:
    desk = machine(live, system(live, purposes=("licensing", "prompts")))
    assert not desk.admitted(desk.token()).purposes
    assert desk.admitted(desk.token(purpose="prompts")).purposes == {"prompts"}


def test_staff_hold_their_roles_scopes(live: Hub) -> None:
    roles = frozenset({StaffRole.STEWARD, StaffRole.CLEARED})
    ines = machine(live, NewClient("ines", "Ines", roles=roles))
    caller = ines.admitted(ines.token(), needs=Scope.REVIEW_READ)
    assert caller.agency is None
    assert caller.is_cleared
    assert refusal(lambda: ines.admitted(ines.token())) == ("scope", Flaw.SCOPE)


def test_a_token_ends(desk: Machine, clock: Clock) -> None:
    token = desk.token()
    clock.pass_by(299)
    desk.admitted(token)
    clock.pass_by(1)
    assert refusal(lambda: desk.admitted(token)) == ("token", Flaw.EXPIRED)


def test_a_process_that_never_issued_a_token_takes_one(desk: Machine) -> None:
    token = desk.token()
    other = replace(desk, hub=replace(desk.hub, kept=type(desk.hub.kept)()))
    found: list[Caller] = []
    # A daemon: where the process waits for itself, the test ends all the same.
    thread = Thread(target=lambda: found.append(other.admitted(token)), daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert [caller.client for caller in found] == ["parks-desk"]


def test_a_client_that_was_ended_is_refused_at_once_and_for_ever(desk: Machine) -> None:
    token = desk.token()
    desk.admitted(token)
    end_client(desk.hub, desk.id, author="operator")
    assert refusal(lambda: desk.admitted(token)) == ("token", Flaw.CLIENT)
    assert refusal(desk.token) == ("assertion", Flaw.CLIENT)


# --- once ----------------------------------------------------------------------------------------


def at_once(works: list[Callable[[], object]]) -> int:
    """How many of these were admitted, all begun at one moment; the others were refused."""
    barrier = Barrier(len(works))

    def attempt(work: Callable[[], object]) -> bool:
        barrier.wait()
        try:
            work()
        except CredentialsRefused as refused:
            if refused.flaw in (Flaw.REPLAYED, Flaw.CLIENT):
                return False
            raise
        return True

    with ThreadPoolExecutor(len(works)) as pool:
        return sum(pool.map(attempt, works))


def test_one_of_many_with_the_same_proof_is_admitted_whatever_process_it_meets(
    desk: Machine,
) -> None:
    elsewhere = replace(
        desk.hub,
        engine=database.connect(desk.hub.url, pool_size=4),
        kept=type(desk.hub.kept)(),
    )
    other = replace(desk, hub=elsewhere)
    try:
        for _ in range(15):
            token = desk.token()
            proof = desk.proof(token=token)

            def present(
                at: Machine, token: str = token, proof: str = proof
            ) -> Callable[[], object]:
                return lambda: at.admitted(token, proof)

            assert at_once([present(desk), present(other)] * 3) == 1
    finally:
        elsewhere.engine.dispose()


def test_after_a_crash_of_the_database_nothing_is_taken_twice(tmp_path: Path) -> None:
    clock = Clock()
    with hub_in(tmp_path / "hub", LIMITS) as first:
        desk = machine(reachable(first, clock))
        token = desk.token()
        used = desk.proof(token=token)
        desk.admitted(token, used)
        stop(tmp_path / "hub", at_once=True)
    with hub_in(tmp_path / "hub", LIMITS) as again:
        desk.hub = reachable(again, clock)
        assert refusal(lambda: desk.admitted(token, used)) == ("proof", Flaw.UNSETTLED)
        assert refusal(lambda: desk.admitted(token)) == ("proof", Flaw.UNSETTLED)
        assert refusal(lambda: desk.admitted(token, used)) == ("proof", Flaw.UNSETTLED)
        # Whatever a clock that runs ahead may have had used before the crash.
        clock.at = Clock().at + timedelta(seconds=15)
        fresh = desk.proof(token=token)
        desk.admitted(token, fresh)
        assert refusal(lambda: desk.admitted(token, fresh)) == ("proof", Flaw.REPLAYED)
    with hub_in(tmp_path / "hub", LIMITS) as orderly:
        desk.hub = reachable(orderly, clock)
        desk.admitted(token)
        assert refusal(lambda: desk.admitted(token, fresh)) == ("proof", Flaw.REPLAYED)


# --- issuers of others ---------------------------------------------------------------------------

ISSUER = "https://idp.example"
PROVIDER = "https://sign-in.example"
ISSUERS_YAML = """
schema: hub/issuers@1
access:
  - issuer: https://idp.example
    audience: constituent-hub
    keys: idp.json
    client_claim: azp
    agency_claim: org
"""
CITIZENS_YAML = """
schema: hub/issuers@1
citizens:
  - issuer: https://sign-in.example
    audience: portal
    keys: provider.json
    source: accounts
    assurance: {loa2: substantial}
    portals: [portal-desk]
"""


def _key_file(folder: Path, name: str) -> ECKey:
    key = ECKey.generate_key("P-256", private=True)
    keys = {"keys": [members_of(key, kid="k1")]}
    (folder / name).write_text(json.dumps(keys), encoding="utf-8")
    return key


@pytest.fixture
def idp(tmp_path: Path) -> ECKey:
    (tmp_path / "issuers.yaml").write_text(ISSUERS_YAML, encoding="utf-8")
    return _key_file(tmp_path, "idp.json")


def _of_idp(idp: ECKey, desk: Machine, **changed: Any) -> str:
    now_s = desk.hub.now().timestamp()
    claims = {
        "iss": ISSUER,
        "aud": ["constituent-hub"],
        "azp": "parks-gateway",
        "org": "parks",
        "iat": now_s,
        "exp": now_s + 300,
        "scope": "profile:read client:write",
        "purpose": "licensing",
        "cnf": {"jkt": desk.key.thumbprint()},
    }
    return forged({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, claims | changed, idp)


def test_an_issuer_of_others_takes_the_place_of_the_hubs_own(
    desk: Machine, clock: Clock, idp: ECKey, tmp_path: Path
) -> None:
    own = desk.token()
    trusted = read_issuers(tmp_path / "issuers.yaml")
    desk.hub = reachable(desk.hub, clock, trusted=trusted)

    caller = desk.admitted(_of_idp(idp, desk))
    assert (caller.client, caller.agency) == ("parks-gateway", "parks")
    assert caller.purposes == {"licensing"}
    assert caller.scopes == {"profile:read"}, "no agency holds what is staff's"

    assert refusal(desk.token) == ("grant_type", Flaw.GRANT)
    assert refusal(lambda: desk.admitted(own)) == ("token", Flaw.ISSUER)
    token = _of_idp(idp, desk)
    proof = desk.proof(token=token)
    desk.admitted(token, proof)
    assert refusal(lambda: desk.admitted(token, proof)) == ("proof", Flaw.REPLAYED)
    stolen = _of_idp(idp, Machine(desk.hub))
    assert refusal(lambda: desk.admitted(stolen)) == ("proof", Flaw.KEY)
    unbound = _of_idp(idp, desk, cnf=None)
    assert refusal(lambda: desk.admitted(unbound)) == ("token", Flaw.KEY)


# --- a portal for a signed-in constituent --------------------------------------------------------


@pytest.fixture
def portal(hub: Hub, clock: Clock, tmp_path: Path) -> tuple[Machine, ECKey]:
    (tmp_path / "issuers.yaml").write_text(CITIZENS_YAML, encoding="utf-8")
    key = _key_file(tmp_path, "provider.json")
    live = reachable(hub, clock, trusted=read_issuers(tmp_path / "issuers.yaml"))
    scopes = ("profile:read", "me:read")
    return machine(live, system(live, "portal-desk", scopes, agency="portal")), key


def _signed_in(portal: Machine, key: ECKey, **changed: Any) -> dict[str, str]:
    now_s = portal.hub.now().timestamp()
    claims = {
        "iss": PROVIDER,
        "aud": "portal",
        "sub": "A-17",
        "acr": "loa2",
        "iat": now_s,
        "exp": now_s + 120,
    }
    return {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": forged({"alg": "ES256", "typ": "JWT", "kid": "k1"}, claims | changed, key),
        "subject_token_type": ID_TOKEN,
    }


def test_a_portal_acts_for_who_signed_in_and_no_longer(
    portal: tuple[Machine, ECKey], clock: Clock
) -> None:
    desk, key = portal
    token = desk.token(**_signed_in(desk, key))
    caller = desk.admitted(token, needs=Scope.ME_READ)
    assert caller.signed_in is not None
    assert caller.signed_in.record == RecordKey("accounts", "A-17")
    assert caller.signed_in.assurance is Assurance.SUBSTANTIAL
    assert caller.agency == "portal"
    clock.pass_by(120)
    assert refusal(lambda: desk.admitted(token)) == ("token", Flaw.EXPIRED)


def test_a_portal_alone_has_nothing_that_is_a_citizens(portal: tuple[Machine, ECKey]) -> None:
    desk, _ = portal
    assert refusal(lambda: desk.admitted(desk.token(), needs=Scope.ME_READ))[1] is Flaw.SCOPE
    assert refusal(lambda: desk.token(scope="me:read")) == ("scope", Flaw.GRANT)


def test_who_she_is_is_in_no_sentence_and_no_representation(portal: tuple[Machine, ECKey]) -> None:
    desk, key = portal
    caller = desk.admitted(desk.token(**_signed_in(desk, key)), needs=Scope.ME_READ)
    assert "A-17" not in repr(caller)
    assert "A-17" not in repr(desk.asked(**_signed_in(desk, key)))


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"iss": "https://evil.example"}, Flaw.ISSUER),
        ({"aud": "another"}, Flaw.AUDIENCE),
        ({"acr": "loa9"}, Flaw.ASSURANCE),
        ({"exp": 1}, Flaw.EXPIRED),
    ],
)
def test_a_sign_in_that_does_not_hold_gives_no_token(
    portal: tuple[Machine, ECKey], changed: dict[str, Any], flaw: Flaw
) -> None:
    desk, key = portal
    assert refusal(lambda: desk.token(**_signed_in(desk, key, **changed))) == (
        "subject_token",
        flaw,
    )


def test_no_client_but_the_portals_named_may_exchange(
    portal: tuple[Machine, ECKey],
) -> None:
    desk, key = portal
    other = machine(desk.hub, system(desk.hub, "shop-desk", ("me:read",), agency="shop"))
    assert refusal(lambda: other.token(**_signed_in(desk, key))) == ("subject_token", Flaw.GRANT)
    staff = machine(desk.hub, NewClient("ines", "Ines", roles=frozenset({StaffRole.STEWARD})))
    assert refusal(lambda: staff.token(**_signed_in(desk, key))) == ("subject_token", Flaw.GRANT)
