"""What a token may reach: scopes `resource:action`, one for each data category too, and the roles of staff.

Decides the words and what each role holds. Which scope a route asks for stands at the route; which categories an
agency really gets is consent's, for a scope only narrows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum, unique
from typing import Final


@unique
class Scope(StrEnum):
    """What a caller may do. A look-up takes `profile:read` and a scope of each category it is to reach."""

    PROFILE_READ = "profile:read"
    RECORD_WRITE = "record:write"
    EVENT_READ = "event:read"
    NOTICE_READ = "notice:read"
    CORRECTION_READ = "correction:read"
    CORRECTION_WRITE = "correction:write"
    CONSENT_READ = "consent:read"
    CONSENT_WRITE = "consent:write"
    REPRESENTATION_READ = "representation:read"
    REPRESENTATION_WRITE = "representation:write"
    RESTRICTION_READ = "restriction:read"
    RESTRICTION_WRITE = "restriction:write"
    AGREEMENT_READ = "agreement:read"
    AGREEMENT_WRITE = "agreement:write"
    DISCLOSURE_READ = "disclosure:read"
    REQUEST_READ = "request:read"
    REQUEST_WRITE = "request:write"
    REVIEW_READ = "review:read"
    REVIEW_WRITE = "review:write"
    LINK_READ = "link:read"
    LINK_WRITE = "link:write"
    SOURCE_READ = "source:read"
    RUN_READ = "run:read"
    QUARANTINE_READ = "quarantine:read"
    CLIENT_READ = "client:read"
    CLIENT_WRITE = "client:write"
    LOG_READ = "log:read"
    ALARM_READ = "alarm:read"
    ME_READ = "me:read"
    ME_WRITE = "me:write"


@unique
class StaffRole(StrEnum):
    """Who works at the hub itself. None of them reads profiles by an agency's right.

    CLEARED: beside another role, sees whoever is at risk.
    """

    STEWARD = "steward"
    PRIVACY_OFFICER = "privacy_officer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    CLEARED = "cleared"


ROLE_SCOPES: Final[Mapping[StaffRole, frozenset[Scope]]] = {
    StaffRole.STEWARD: frozenset(
        {
            Scope.REVIEW_READ,
            Scope.REVIEW_WRITE,
            Scope.LINK_READ,
            Scope.LINK_WRITE,
            Scope.SOURCE_READ,
        }
    ),
    StaffRole.PRIVACY_OFFICER: frozenset(
        {
            Scope.CONSENT_READ,
            Scope.CONSENT_WRITE,
            Scope.REPRESENTATION_READ,
            Scope.REPRESENTATION_WRITE,
            Scope.RESTRICTION_READ,
            Scope.RESTRICTION_WRITE,
            Scope.AGREEMENT_READ,
            Scope.AGREEMENT_WRITE,
            Scope.DISCLOSURE_READ,
            Scope.REQUEST_READ,
            Scope.REQUEST_WRITE,
            Scope.ALARM_READ,
            Scope.SOURCE_READ,
        }
    ),
    StaffRole.OPERATOR: frozenset(
        {
            Scope.SOURCE_READ,
            Scope.RUN_READ,
            Scope.QUARANTINE_READ,
            Scope.CLIENT_READ,
            Scope.CLIENT_WRITE,
        }
    ),
    StaffRole.AUDITOR: frozenset(
        {
            Scope.LOG_READ,
            Scope.AGREEMENT_READ,
            Scope.ALARM_READ,
            Scope.CLIENT_READ,
            Scope.SOURCE_READ,
            Scope.RUN_READ,
        }
    ),
    StaffRole.CLEARED: frozenset(),
}

#: What only staff may hold, and what only a signed-in constituent: neither is given to an agency's system.
STAFF_ONLY: Final = frozenset(
    {
        Scope.REVIEW_READ,
        Scope.REVIEW_WRITE,
        Scope.LINK_READ,
        Scope.LINK_WRITE,
        Scope.AGREEMENT_WRITE,
        Scope.REPRESENTATION_READ,
        Scope.REPRESENTATION_WRITE,
        Scope.RESTRICTION_READ,
        Scope.RESTRICTION_WRITE,
        Scope.DISCLOSURE_READ,
        Scope.REQUEST_READ,
        Scope.REQUEST_WRITE,
        Scope.RUN_READ,
        Scope.QUARANTINE_READ,
        Scope.CLIENT_READ,
        Scope.CLIENT_WRITE,
        Scope.LOG_READ,
        Scope.ALARM_READ,
    }
)
CITIZENS: Final = frozenset({Scope.ME_READ, Scope.ME_WRITE})
AGENCYS: Final = frozenset(Scope) - STAFF_ONLY - CITIZENS

_CATEGORY_PREFIX: Final = "profile."
_CATEGORY_SUFFIX: Final = ":read"


def category_scope(category: str) -> str:
    """The scope under which a data category may be reached: `profile.address:read`."""
    return f"{_CATEGORY_PREFIX}{category}{_CATEGORY_SUFFIX}"


def categories_in(scopes: Iterable[str]) -> frozenset[str]:
    """The data categories that these scopes reach."""
    return frozenset(
        one.removeprefix(_CATEGORY_PREFIX).removesuffix(_CATEGORY_SUFFIX)
        for one in scopes
        if one.startswith(_CATEGORY_PREFIX) and one.endswith(_CATEGORY_SUFFIX)
    )


def scopes_of(roles: Iterable[StaffRole]) -> frozenset[str]:
    """All that these roles may do."""
    return frozenset(scope.value for role in roles for scope in ROLE_SCOPES[role])
