"""The hub's own token issuer: what a client is given for a signature, alone or for a constituent who signed in.

Decides which scopes and purposes a token carries: what was asked for, out of what the client may have. It issues
nothing while an issuer of others is trusted (docs/decisions/0017). Whether a token is admitted is admission.py's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import OKPKey

from hub.access import assertions, tokens
from hub.access.assertions import Assertion, check_assertion, client_named
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.issuers import Trusted, TrustedIssuer
from hub.access.keys import PublicKey, public_key
from hub.access.proofs import check_proof
from hub.access.scopes import CITIZENS, StaffRole, scopes_of
from hub.access.tokens import AccessToken, Citizen
from hub.journeys.access.clients import good_keys
from hub.journeys.access.once import require_first
from hub.journeys.context import Hub
from hub.store import clients, database
from hub.store.clients import StoredClient
from hub.vault.signing import token_key

CLIENT_CREDENTIALS: Final = "client_credentials"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 (a URN)
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SUBJECT_TYPES: Final = frozenset(
    {"urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"}
)
_JTI_BYTES: Final = 18


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request at the token endpoint, as it came. scope, purpose: names between blanks; empty for what is usual."""

    grant_type: str
    assertion_type: str
    assertion: str = field(repr=False)
    proof: str = field(repr=False)
    method: str
    address: str
    scope: str = ""
    purpose: str = ""
    subject_token: str = field(default="", repr=False)
    subject_token_type: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and what it carries."""

    token: str = field(repr=False)
    lasts_s: int
    scopes: frozenset[str]
    purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Issuer:
    key: OKPKey = field(repr=False)
    public: PublicKey


def issuer_key(hub: Hub) -> PublicKey:
    """What the hub's own tokens are verified with."""
    return _own(hub).public


def trusted(hub: Hub) -> Trusted:
    """Whose tokens are taken: others' where there are any, else the hub's own."""
    return hub.kept.get(Trusted, lambda: _trusted(hub))


def issue(hub: Hub, asked: TokenRequest) -> Issued:
    """A token for a client that proved who it is. Raises CredentialsRefused."""
    if not hub.access.is_embedded or asked.grant_type not in (CLIENT_CREDENTIALS, TOKEN_EXCHANGE):
        raise CredentialsRefused("grant_type", Flaw.GRANT)
    if asked.assertion_type != ASSERTION_TYPE:
        raise CredentialsRefused(assertions.WHAT, Flaw.MALFORMED)
    at = hub.now()
    client = _authenticated(hub, asked.assertion, at)
    proof = check_proof(asked.proof, asked.method, asked.address, at)
    require_first(
        hub, ("proof", proof.key.thumbprint, proof.jti), proof.issued_at, proof.expires_at
    )
    citizen, until = None, at + timedelta(seconds=hub.access.token_lasts_s)
    if asked.grant_type == TOKEN_EXCHANGE:
        citizen, until = _signed_in(hub, asked, client, at, until)
    purposes = _purposes(asked.purpose, client.purposes)
    token = AccessToken(
        issuer=hub.access.public_url,
        client=client.id,
        agency=client.agency,
        scopes=_scopes(asked.scope, client, citizen),
        purposes=purposes,
        roles=frozenset(map(StaffRole, client.roles)),
        thumbprint=proof.key.thumbprint,
        expires_at=until,
        citizen=citizen,
    )
    own = _own(hub)
    jti = secrets.token_urlsafe(_JTI_BYTES)
    text = tokens.mint(token, hub.access.public_url, jti, at, own.key, own.public.thumbprint)
    return Issued(text, int((until - at).total_seconds()), token.scopes, purposes)


def _authenticated(hub: Hub, assertion: str, at: datetime) -> StoredClient:
    named = client_named(assertion)
    with database.transaction(hub.engine) as connection:
        client = clients.find(connection, named)
        keys = good_keys(clients.keys_of(connection, [named]))
    if client is None or client.ended_at is not None or not keys:
        raise CredentialsRefused(assertions.WHAT, Flaw.CLIENT)

    checked: Assertion = check_assertion(assertion, keys, hub.access.public_url, at)
    require_first(
        hub, (assertions.WHAT, client.id, checked.jti), checked.made_at, checked.expires_at
    )
    return client


def _signed_in(
    hub: Hub, asked: TokenRequest, client: StoredClient, at: datetime, until: datetime
) -> tuple[Citizen, datetime]:
    if client.agency is None or asked.subject_token_type not in SUBJECT_TYPES:
        raise CredentialsRefused(tokens.SUBJECT_WHAT, Flaw.GRANT)
    citizen, signed_in_until = tokens.read_sign_in(
        asked.subject_token, hub.access.trusted, client.id, at
    )
    return citizen, min(until, signed_in_until)


def _scopes(asked: str, client: StoredClient, citizen: Citizen | None) -> frozenset[str]:
    """What was asked for, out of what the client may have. A citizen's scopes need a citizen."""
    mine = client.scopes if client.agency else scopes_of(map(StaffRole, client.roles))
    if citizen is None:
        mine -= {scope.value for scope in CITIZENS}
    wanted = frozenset(asked.split()) or mine
    if not wanted <= mine:
        raise CredentialsRefused("scope", Flaw.GRANT)
    return wanted


def _purposes(asked: str, mine: frozenset[str]) -> frozenset[str]:
    """What was asked for; unasked, the only one there is. One token for every purpose is nobody's need."""
    wanted = frozenset(asked.split()) or (mine if len(mine) == 1 else frozenset())
    if not wanted <= mine:
        raise CredentialsRefused("purpose", Flaw.GRANT)
    return wanted


def _trusted(hub: Hub) -> Trusted:
    if not hub.access.is_embedded:
        return hub.access.trusted
    name, public = hub.access.public_url, _own(hub).public
    own = TrustedIssuer(
        name,
        name,
        {public.thumbprint: public},
        timedelta(seconds=hub.access.token_lasts_s),
    )
    return Trusted({name: own}, hub.access.trusted.citizens)


def _own(hub: Hub) -> _Issuer:
    return hub.kept.get(_Issuer, lambda: _made(hub))


def _made(hub: Hub) -> _Issuer:
    pem = token_key(hub.keys).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = OKPKey.import_key(pem)
    return _Issuer(key, public_key(key.as_dict(private=False)))
