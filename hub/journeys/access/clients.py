"""Make clients known, enrol their keys by a code that holds once, and end them.

Decides what a client may be given at all: an agency's system no scope of staff, staff no agency's; and that who does
it as a client gives nobody a role it does not hold itself. Nobody chooses a secret: a client makes its key itself, and
the hub only ever sees the public part.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from consent.vocabulary import DataCategory
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.keys import PublicKey, public_key
from hub.access.proofs import check_proof
from hub.access.scopes import AGENCYS, CITIZENS, StaffRole, category_scope
from hub.domain.errors import HubError
from hub.journeys.access.once import require_first
from hub.journeys.context import Hub
from hub.store import clients, database
from hub.store.clients import StoredClient, StoredKey
from hub.vault.keyring import Purpose
from hub.vault.tags import keyed_hash

__all__ = ["ClientView", "Enrolled", "NewClient", "StoredClient", "StoredKey"]

_ID: Final = re.compile(r"[a-z][a-z0-9_-]{1,62}")
_CODE_BYTES: Final = 24
ENROLMENT_LASTS: Final = timedelta(hours=24)

#: What an agency's system may be given: the API's scopes that are not staff's, and every category's.
_GIVABLE: Final = (
    {scope.value for scope in AGENCYS}
    | {scope.value for scope in CITIZENS}
    | {category_scope(category.value) for category in DataCategory}
)


class ClientInvalid(HubError):
    """A client cannot be made so: names the field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        self.field = field
        super().__init__(f"client: {field}: {rule}")


class ClientUnknown(HubError):
    """No client of that id is admitted."""

    def __init__(self) -> None:
        super().__init__("no client of that id is admitted")


class ClientBeyond(HubError):
    """A client would give a role that it does not hold itself."""

    def __init__(self) -> None:
        super().__init__(
            "staff of other roles than your own are made and invited on the hub's command line"
        )


@dataclass(frozen=True, slots=True)
class NewClient:
    """What is asked for: agency and scopes of a system, or roles of a member of staff. Raises ClientInvalid."""

    id: str
    name: str
    agency: str | None = None
    scopes: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    roles: frozenset[StaffRole] = frozenset()
    distinct_per_day: int | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ClientInvalid("id", "a small letter, then up to 62 small letters, digits, _ or -")
        if not self.name.strip() or len(self.name) > 200:
            raise ClientInvalid("name", "must be stated, in 200 characters at most")
        if (self.agency is None) == (not self.roles):
            raise ClientInvalid("agency", "a system has an agency, staff have roles, nobody both")
        if self.agency is not None and not self.agency.strip():
            raise ClientInvalid("agency", "must be stated")
        if self.agency is None and (self.scopes or self.purposes):
            raise ClientInvalid("scopes", "staff have what their roles hold")
        if not self.scopes <= _GIVABLE:
            raise ClientInvalid("scopes", "not ones that an agency's system may have")
        if self.distinct_per_day is not None and self.distinct_per_day < 1:
            raise ClientInvalid("distinct_per_day", "at least 1")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A key that is a client's now. kid: what its assertions name it by."""

    client: str
    kid: str
    issuer: str


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client and its keys."""

    client: StoredClient
    keys: tuple[StoredKey, ...]


def add_client(
    hub: Hub, new: NewClient, *, author: str, held: frozenset[StaffRole] | None = None
) -> str:
    """Make a client known; the code by which its key is enrolled. Raises ClientInvalid where the id is taken.

    held: here and in `invite`, the roles of a client that does it; None for who has the machine itself. Else one
    operator would be steward, auditor and privacy officer by one request more. Raises ClientBeyond.
    """
    _require_held(held, new.roles)
    at = hub.now()
    with database.transaction(hub.engine) as connection:
        stored = StoredClient(
            new.id,
            new.name,
            new.agency,
            new.scopes,
            new.purposes,
            frozenset(role.value for role in new.roles),
            new.distinct_per_day,
            _author(author),
            at,
        )
        if not clients.add(connection, stored):
            raise ClientInvalid("id", "is taken, also by a client that was ended")
        code, code_hash = _new_code(hub)
        clients.add_enrolment(connection, code_hash, new.id, at, at + ENROLMENT_LASTS)
    return code


def invite(hub: Hub, client: str, *, author: str, held: frozenset[StaffRole] | None = None) -> str:
    """A code by which a client enrols one more key; the one before, if it was not used, holds no more.

    Raises ClientUnknown, ClientBeyond.
    """
    _author(author)
    at = hub.now()
    with database.transaction(hub.engine) as connection:
        found = _admitted(clients.find(connection, client))
        _require_held(held, frozenset(map(StaffRole, found.roles)))
        code, code_hash = _new_code(hub)
        clients.add_enrolment(connection, code_hash, client, at, at + ENROLMENT_LASTS)
    return code


def enrol(hub: Hub, code: str, members: object, proof: str, method: str, address: str) -> Enrolled:
    """Make a key a client's, for the code it was given and a proof of possession of that key.

    Raises CredentialsRefused: for a code that does not hold the same, whatever is wrong with it.
    """
    at = hub.now()
    key = public_key(members)
    proven = check_proof(proof, method, address, at)
    if proven.key.thumbprint != key.thumbprint:
        raise CredentialsRefused("proof", Flaw.KEY)
    require_first(hub, ("proof", key.thumbprint, proven.jti), proven.issued_at, proven.expires_at)
    with database.transaction(hub.engine) as connection:
        client = clients.take_enrolment(connection, _code_hash(hub, code), at)
        found = None if client is None else clients.find(connection, client)
        if found is None or found.ended_at is not None:
            raise CredentialsRefused("code", Flaw.CLIENT)
        if not clients.add_key(connection, found.id, key.thumbprint, key.members, at):
            raise CredentialsRefused("key", Flaw.REPLAYED)
    return Enrolled(found.id, key.thumbprint, hub.access.public_url)


def end_client(hub: Hub, client: str, *, author: str) -> None:
    """No longer admit a client: its next call is refused, whatever token it holds. Raises ClientUnknown."""
    with database.transaction(hub.engine) as connection:
        if not clients.end(connection, client, _author(author), hub.now()):
            raise ClientUnknown


def revoke_key(hub: Hub, client: str, thumbprint: str, *, author: str) -> None:
    """Take a key from a client: no token is issued for it any more; tokens it has last minutes. Raises ClientUnknown."""
    with database.transaction(hub.engine) as connection:
        if not clients.revoke_key(connection, client, thumbprint, _author(author), hub.now()):
            raise ClientUnknown


def list_clients(hub: Hub) -> list[ClientView]:
    """Every client, ended ones too, with its keys."""
    with database.transaction(hub.engine) as connection:
        found = clients.every(connection)
        keys = clients.keys_of(connection, [one.id for one in found])
    return [ClientView(one, tuple(key for key in keys if key.client == one.id)) for one in found]


def good_keys(keys: Iterable[StoredKey]) -> dict[str, PublicKey]:
    """Those that were not revoked, by thumbprint."""
    return {key.thumbprint: public_key(key.members) for key in keys if key.revoked_at is None}


def _admitted(client: StoredClient | None) -> StoredClient:
    if client is None or client.ended_at is not None:
        raise ClientUnknown
    return client


def _require_held(held: frozenset[StaffRole] | None, given: frozenset[StaffRole]) -> None:
    if held is not None and not given <= held:
        raise ClientBeyond


def _author(author: str) -> str:
    if not author.strip():
        raise ClientInvalid("by", "who does it must be stated")
    return author


def _new_code(hub: Hub) -> tuple[str, bytes]:
    code = secrets.token_urlsafe(_CODE_BYTES)
    return code, _code_hash(hub, code)


def _code_hash(hub: Hub, code: str) -> bytes:
    return keyed_hash(hub.keys, Purpose.USED_ONCE, "code", code)
