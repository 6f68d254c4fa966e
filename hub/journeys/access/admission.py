"""Whether a call is admitted: its token, the proof that goes with it, and that neither was seen before.

Decides in one order, so that nobody learns what a scope protects without holding a token: token, proof, repeat,
client, scope. What an admitted caller may have is decided by the journeys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from consent.vocabulary import Assurance, DataCategory
from hub.access import proofs, tokens
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.proofs import check_proof
from hub.access.scopes import Scope, StaffRole, categories_in
from hub.access.tokens import AccessToken, read_token
from hub.domain.records import RecordKey
from hub.journeys.access.issuing import trusted
from hub.journeys.access.once import require_first
from hub.journeys.context import Hub

#: Tokens a process knows again without verifying them: each is used for minutes, and to verify costs as much as a proof.
_TOKENS_MAX: Final = 10_000

#: Between the parts of a signature; no agency's id holds it.
SIGNED: Final = "/"
#: Ends the signature of what a constituent did herself, through a portal.
HERSELF: Final = "constituent"


@dataclass(frozen=True, slots=True)
class Presented:
    """What came with a request. address: the whole of it without its query, as the caller knows it."""

    token: str = field(repr=False)
    proof: str = field(repr=False)
    method: str
    address: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A constituent for whom a portal acts: her record at the source of accounts."""

    record: RecordKey = field(repr=False)
    assurance: Assurance


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. agency: None for staff of the hub, whose id is what acts are signed with.

    categories: the data categories its token reaches. distinct_per_day: its own budget, None for the usual one.
    """

    client: str
    agency: str | None
    scopes: frozenset[str]
    categories: frozenset[DataCategory]
    purposes: frozenset[str]
    roles: frozenset[StaffRole]
    signed_in: SignedIn | None
    distinct_per_day: int | None

    @property
    def is_cleared(self) -> bool:
        """Whether it sees whoever is at risk."""
        return StaffRole.CLEARED in self.roles

    @property
    def signature(self) -> str:
        """What its acts are signed with: a client's id, after its agency's where it has one."""
        return self.client if self.agency is None else f"{self.agency}{SIGNED}{self.client}"

    @property
    def own_signature(self) -> str:
        """What the signed-in constituent's own acts are signed with, which a clerk's never are."""
        return f"{self.signature}{SIGNED}{HERSELF}"

    def require_staff(self) -> None:
        """Raises CredentialsRefused for an agency's system."""
        if self.agency is not None:
            raise CredentialsRefused("scope", Flaw.GRANT)

    def require_signed_in(self, assurance: Assurance) -> SignedIn:
        """The constituent it acts for, signed in at least so surely. Raises CredentialsRefused."""
        if self.signed_in is None:
            raise CredentialsRefused("token", Flaw.GRANT)
        if self.signed_in.assurance < assurance:
            raise CredentialsRefused("assurance", Flaw.ASSURANCE)
        return self.signed_in

    def require_purpose(self, purpose: str) -> None:
        """Raises CredentialsRefused unless the token is bound to that purpose."""
        if purpose not in self.purposes:
            raise CredentialsRefused("purpose", Flaw.PURPOSE)

    def require_agency(self) -> str:
        """The agency. Raises CredentialsRefused for staff."""
        if self.agency is None:
            raise CredentialsRefused("token", Flaw.CLIENT)
        return self.agency


def admit(hub: Hub, presented: Presented, needs: Scope) -> Caller:
    """Who calls, admitted to what needs that scope. Raises CredentialsRefused."""
    at = hub.now()
    if not presented.token:
        raise CredentialsRefused(tokens.WHAT, Flaw.MISSING)
    token = _read(hub, presented.token, at)
    if not presented.proof:
        raise CredentialsRefused(proofs.WHAT, Flaw.MISSING)
    proof = check_proof(presented.proof, presented.method, presented.address, at, presented.token)
    if proof.key.thumbprint != token.thumbprint:
        raise CredentialsRefused(proofs.WHAT, Flaw.KEY)
    use = require_first(
        hub,
        (proofs.WHAT, token.thumbprint, proof.jti),
        proof.issued_at,
        proof.expires_at,
        token.client if hub.access.is_embedded else None,
    )
    if needs.value not in token.scopes:
        raise CredentialsRefused("scope", Flaw.SCOPE)
    return _caller(token, use.distinct_per_day)


def _caller(token: AccessToken, distinct_per_day: int | None) -> Caller:
    known = {category.value: category for category in DataCategory}
    signed_in = None
    if token.citizen is not None:
        key = RecordKey(token.citizen.source, token.citizen.local_id)
        signed_in = SignedIn(key, _assurance(token.citizen.assurance))
    return Caller(
        token.client,
        token.agency,
        token.scopes,
        frozenset(known[name] for name in categories_in(token.scopes) if name in known),
        token.purposes,
        token.roles,
        signed_in,
        distinct_per_day,
    )


def _assurance(level: str) -> Assurance:
    try:
        return Assurance[level.upper()]
    except KeyError:
        pass
    raise CredentialsRefused(tokens.WHAT, Flaw.ASSURANCE)


class _Known:
    """Tokens by their text, as long as they hold."""

    def __init__(self) -> None:
        self._tokens: dict[str, AccessToken] = {}

    def get(self, text: str, at: datetime) -> AccessToken | None:
        found = self._tokens.get(text)
        if found is not None and found.expires_at <= at:
            self._tokens.pop(text, None)
            return None
        return found

    def put(self, text: str, token: AccessToken) -> None:
        if len(self._tokens) >= _TOKENS_MAX:
            self._tokens.clear()
        self._tokens[text] = token


def _read(hub: Hub, text: str, at: datetime) -> AccessToken:
    known: _Known = hub.kept.get(_Known, _Known)
    token = known.get(text, at)
    if token is None:
        token = read_token(text, trusted(hub), at)
        known.put(text, token)
    return token
