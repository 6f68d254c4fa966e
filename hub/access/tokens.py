"""Access tokens (RFC 9068), bound to a key (RFC 9449 §6): what they say, however issued; one reader for all issuers.

Decides what a token of the hub's own issuer says and how any trusted issuer's is read. Whether a client is still
admitted, and whether a proof was used before, only a store can say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hub.access import jose
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.issuers import Trusted, TrustedIssuer
from hub.access.keys import SigningKey, key_named
from hub.access.scopes import CITIZENS, STAFF_ONLY, StaffRole, scopes_of

WHAT: Final = "token"
SUBJECT_WHAT: Final = "subject_token"
_TYPE: Final = "at+jwt"
_TYPES: Final = frozenset({_TYPE, "application/at+jwt"})
_SUBJECT_TYPES: Final = frozenset({"", "jwt"})

#: A sign-in is taken for as long as its own token says, and no longer than this.
_SIGNED_IN_MAX: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Citizen:
    """The signed-in constituent a portal acts for: her record at the source of accounts, and how surely she signed in.

    assurance: low, substantial or high, as eIDAS names them.
    """

    source: str
    local_id: str = field(repr=False)
    assurance: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token lets its holder do. agency: None for staff of the hub. scopes: API and category scopes.

    purposes: those it is bound to. thumbprint: of the key every proof must be of. citizen: for whom a portal acts.
    """

    issuer: str
    client: str
    agency: str | None
    scopes: frozenset[str]
    purposes: frozenset[str]
    roles: frozenset[StaffRole]
    thumbprint: str
    expires_at: datetime
    citizen: Citizen | None = None

    def claims(self, audience: str, jti: str, at: datetime) -> dict[str, Any]:
        """As the hub's own issuer says it."""
        said: dict[str, Any] = {
            "iss": self.issuer,
            "aud": audience,
            "sub": self.client,
            "client_id": self.client,
            "jti": jti,
            "iat": int(at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
            "scope": " ".join(sorted(self.scopes)),
            "purpose": sorted(self.purposes),
            "roles": sorted(self.roles),
            "cnf": {"jkt": self.thumbprint},
        }
        if self.agency is not None:
            said["agency"] = self.agency
        if self.citizen is not None:
            said |= {
                "sub": self.citizen.local_id,
                "act": {"sub": self.client},
                "source": self.citizen.source,
                "acr": self.citizen.assurance,
            }
        return said


def mint(
    token: AccessToken, audience: str, jti: str, at: datetime, key: SigningKey, kid: str
) -> str:
    """The token, signed by the hub's own issuer with an Ed25519 key."""
    return jose.sign({"typ": _TYPE, "kid": kid}, token.claims(audience, jti, at), key, "Ed25519")


def read_token(text: str, trusted: Trusted, at: datetime) -> AccessToken:
    """What a trusted issuer's token says. Raises CredentialsRefused."""
    _, claimed = jose.parts(WHAT, text)
    issuer = trusted.access.get(str(claimed.get("iss")))
    if issuer is None:
        raise CredentialsRefused(WHAT, Flaw.ISSUER)
    signed = jose.read(
        WHAT, text, _TYPES, lambda header, _: key_named(WHAT, issuer.keys, header.get("kid"))
    )
    claims = signed.claims
    if issuer.audience not in jose.texts_of(WHAT, claims, "aud"):
        raise CredentialsRefused(WHAT, Flaw.AUDIENCE)
    expires_at = jose.require_current(WHAT, claims, at, issuer.lasts_max)
    confirmed = claims.get("cnf")
    if not isinstance(confirmed, dict):
        # A token that is bound to no key is anybody's who finds it.
        raise CredentialsRefused(WHAT, Flaw.KEY)
    roles = _roles(issuer, claims)
    agency = claims.get(issuer.agency_claim)
    if agency is not None:
        agency = jose.text_of(WHAT, claims, issuer.agency_claim, 128)
    return AccessToken(
        issuer=issuer.issuer,
        client=jose.text_of(WHAT, claims, issuer.client_claim, 128),
        agency=agency,
        scopes=_narrowed(_scopes(claims), agency, roles, is_citizens="act" in claims),
        purposes=jose.texts_of(WHAT, claims, issuer.purpose_claim),
        roles=roles,
        thumbprint=jose.text_of(WHAT, confirmed, "jkt", 128),
        expires_at=expires_at,
        citizen=_citizen(claims),
    )


def _narrowed(
    scopes: frozenset[str], agency: str | None, roles: frozenset[StaffRole], *, is_citizens: bool
) -> frozenset[str]:
    """The scopes that who it is may hold at all, whatever an issuer says. A constituent's own are a portal's, for her."""
    if agency is None:
        return scopes & scopes_of(roles)
    beyond = frozenset(scope.value for scope in STAFF_ONLY)
    if not is_citizens:
        beyond |= {scope.value for scope in CITIZENS}
    return scopes - beyond


def _scopes(claims: jose.Claims) -> frozenset[str]:
    value = claims.get("scope", "")
    if not isinstance(value, str):
        raise CredentialsRefused(WHAT, Flaw.MALFORMED)
    return frozenset(value.split())


def _roles(issuer: TrustedIssuer, claims: jose.Claims) -> frozenset[StaffRole]:
    """The roles that are the hub's; a foreign issuer may state others, which mean nothing here."""
    known = {role.value: role for role in StaffRole}
    return frozenset(
        known[name] for name in jose.texts_of(WHAT, claims, issuer.roles_claim) if name in known
    )


def _citizen(claims: jose.Claims) -> Citizen | None:
    if "act" not in claims:
        return None
    return Citizen(
        jose.text_of(WHAT, claims, "source", 128),
        jose.text_of(WHAT, claims, "sub"),
        jose.text_of(WHAT, claims, "acr", 16),
    )


# --- signing in ----------------------------------------------------------------------------------


def read_sign_in(
    text: str, trusted: Trusted, portal: str, at: datetime
) -> tuple[Citizen, datetime]:
    """Who signed in at a trusted provider, for that portal, and until when. Raises CredentialsRefused."""
    _, claimed = jose.parts(SUBJECT_WHAT, text)
    issuer = trusted.citizens.get(str(claimed.get("iss")))
    if issuer is None:
        raise CredentialsRefused(SUBJECT_WHAT, Flaw.ISSUER)
    if portal not in issuer.portals:
        raise CredentialsRefused(SUBJECT_WHAT, Flaw.GRANT)
    signed = jose.read(
        SUBJECT_WHAT,
        text,
        _SUBJECT_TYPES,
        lambda header, _: key_named(SUBJECT_WHAT, issuer.keys, header.get("kid")),
    )
    if issuer.audience not in jose.texts_of(SUBJECT_WHAT, signed.claims, "aud"):
        raise CredentialsRefused(SUBJECT_WHAT, Flaw.AUDIENCE)
    until = jose.require_current(SUBJECT_WHAT, signed.claims, at, _SIGNED_IN_MAX)
    level = issuer.assurance.get(str(signed.claims.get("acr")))
    if level is None:
        raise CredentialsRefused(SUBJECT_WHAT, Flaw.ASSURANCE)
    return Citizen(issuer.source, jose.text_of(SUBJECT_WHAT, signed.claims, "sub"), level), until
