"""Clients over HTTP: an operator makes systems known and ends them, and nobody raises itself or others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from hub.access.scopes import StaffRole
from hub.client import HubClient, Identity, ProblemTold, RecordRef, enrol
from hub.client.errors import ClientError
from hub.journeys.context import Hub
from tests.api.running import Served, served

SCOPES = ("profile:read", "profile.name:read")


@dataclass
class Office:
    running: Served
    clients: list[HubClient] = field(default_factory=list)

    def of(self, identity: Identity) -> HubClient:
        self.clients.append(self.running.client(identity))
        return self.clients[-1]

    def staff(self, name: str, *roles: StaffRole) -> HubClient:
        return self.of(self.running.staff(name, *roles))


@pytest.fixture
def office(hub: Hub) -> Iterator[Office]:
    with served(hub) as running:
        office = Office(running)
        yield office
        for client in office.clients:
            client.close()


@pytest.fixture
def olu(office: Office) -> HubClient:
    return office.staff("olu", StaffRole.OPERATOR)


def problem(ask: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ProblemTold) as caught:
        ask()
    return caught.value.status, caught.value.name


def look_up(client: HubClient) -> object:
    return client.look_up(RecordRef("parks", "1"), ["name"], purpose="licensing", case="1")


def test_an_operator_makes_a_system_known_which_enrols_and_calls(
    office: Office, olu: HubClient
) -> None:
    made = [
        olu.clients.add_system(
            "parks-desk",
            "the desk of parks",
            "parks",
            scopes=SCOPES,
            purposes=["licensing"],
            distinct_per_day=40,
            repeat_key="make-parks-desk",
        )
        for _ in range(2)
    ]
    assert made[0].code == made[1].code
    assert made[0].code not in repr(made[0])
    identity = enrol(office.running.url, made[0].code)
    [seen] = [one for one in olu.clients.every() if one.id == "parks-desk"]
    assert (seen.agency, seen.made_by, seen.distinct_per_day) == ("parks", "olu", 40)
    assert (seen.scopes, seen.purposes) == (sorted(SCOPES), ["licensing"])
    assert [key.kid for key in seen.keys] == [identity.kid]
    # No policy is in force: the purpose is refused, and not the client.
    assert problem(lambda: look_up(office.of(identity))) == (403, "purpose-refused")


def test_a_client_that_was_ended_is_refused_at_its_next_call(
    office: Office, olu: HubClient
) -> None:
    parks = office.of(office.running.agency("parks", "licensing"))
    assert problem(lambda: look_up(parks)) == (403, "purpose-refused")
    olu.clients.end("parks-desk")
    assert problem(lambda: look_up(parks)) == (401, "credentials-refused")
    assert problem(lambda: olu.clients.end("parks-desk")) == (404, "not-found")
    assert problem(lambda: olu.clients.invite("parks-desk")) == (404, "not-found")
    [seen] = [one for one in olu.clients.every() if one.id == "parks-desk"]
    assert seen.ended_by == "olu"


def test_a_key_that_was_revoked_gets_no_token_and_another_is_enrolled_by_invitation(
    office: Office, olu: HubClient
) -> None:
    identity = office.running.agency("parks", "licensing")
    olu.clients.revoke_key("parks-desk", identity.kid)
    with pytest.raises(ClientError, match="invalid_client"):
        look_up(office.of(identity))
    assert problem(lambda: olu.clients.revoke_key("parks-desk", identity.kid)) == (404, "not-found")
    stale, good = (olu.clients.invite("parks-desk").code for _ in range(2))
    with pytest.raises(ClientError, match="not enrolled"):
        enrol(office.running.url, stale)
    again = office.of(enrol(office.running.url, good))
    assert problem(lambda: look_up(again)) == (403, "purpose-refused")


@pytest.mark.parametrize("role", [role for role in StaffRole if role is not StaffRole.OPERATOR])
def test_an_operator_neither_makes_nor_invites_staff_of_roles_it_does_not_hold(
    office: Office, olu: HubClient, role: StaffRole
) -> None:
    office.running.staff("ines", role)
    refused = (403, "not-in-scope")
    assert problem(lambda: olu.clients.add_staff("other", "Other", [role])) == refused
    assert problem(lambda: olu.clients.add_staff("other", "Other", [role, "operator"])) == refused
    assert problem(lambda: olu.clients.invite("ines")) == refused
    assert [one.id for one in olu.clients.every()] == ["ines", "olu"]
    # To end one is to narrow, and may have to be done at once.
    olu.clients.end("ines")


def test_an_operator_makes_another_operator(office: Office, olu: HubClient) -> None:
    code = olu.clients.add_staff("oda", "Oda", ["operator"]).code
    oda = office.of(enrol(office.running.url, code))
    assert [one.id for one in oda.clients.every()] == ["oda", "olu"]


def test_what_a_client_cannot_be_is_told_by_field_and_rule(office: Office, olu: HubClient) -> None:
    wrong = (422, "request-invalid")
    make = olu.clients.add_system
    assert problem(lambda: make("Parks Desk", "desk", "parks", scopes=SCOPES)) == wrong
    assert problem(lambda: make("desk", "desk", "parks", scopes=["log:read"])) == wrong
    assert problem(lambda: make("desk", "desk", "parks", scopes=["everything"])) == wrong
    assert problem(lambda: make("olu", "desk", "parks", scopes=SCOPES)) == wrong
    assert problem(lambda: olu.clients.add_staff("desk", "desk", [])) == wrong
    assert [one.id for one in olu.clients.every()] == ["olu"]


@pytest.mark.parametrize(
    "role", [StaffRole.STEWARD, StaffRole.PRIVACY_OFFICER, StaffRole.AUDITOR, StaffRole.CLEARED]
)
def test_nobody_but_operators_changes_clients_and_auditors_read_them(
    office: Office, role: StaffRole
) -> None:
    other = office.staff("ines", role)
    _refused_changes(other)
    if role is StaffRole.AUDITOR:
        assert [one.id for one in other.clients.every()] == ["ines"]
    else:
        assert problem(other.clients.every) == (403, "not-in-scope")


def test_no_agency_reads_or_changes_clients(office: Office) -> None:
    parks = office.of(office.running.agency("parks", "licensing"))
    _refused_changes(parks)
    assert problem(parks.clients.every) == (403, "not-in-scope")


def _refused_changes(client: HubClient) -> None:
    for ask in (
        lambda: client.clients.add_system("desk", "desk", "parks", scopes=SCOPES),
        lambda: client.clients.add_staff("desk", "desk", ["operator"]),
        lambda: client.clients.invite("ines"),
        lambda: client.clients.end("ines"),
        lambda: client.clients.revoke_key("ines", "any"),
    ):
        assert problem(ask) == (403, "not-in-scope")
