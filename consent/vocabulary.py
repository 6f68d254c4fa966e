"""The words of purpose, legal basis, data category, consent, restriction and representation.

Decides which words there are and which fields of a record a data category covers. What each is called in
ISO/IEC TS 27560, DPV 2.3 and GovStack Consent is crosswalk.yaml; who may have what is decision.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final

from hub.domain.sensitivity import SENSITIVE_SCHEMES


class Purpose(StrEnum):
    """What data is used for, as DPV 2.3 names it; an agency's own purposes are narrower than one of these."""

    IDENTITY_VERIFICATION = "identity_verification"
    REQUESTED_SERVICE_PROVISION = "requested_service_provision"
    SERVICE_REGISTRATION = "service_registration"
    COMMUNICATION_MANAGEMENT = "communication_management"
    IMPROVE_PUBLIC_SERVICES = "improve_public_services"
    LEGAL_COMPLIANCE = "legal_compliance"
    RIGHTS_FULFILMENT = "rights_fulfilment"
    FRAUD_PREVENTION_AND_DETECTION = "fraud_prevention_and_detection"
    PROVIDE_OFFICIAL_STATISTICS = "provide_official_statistics"


class DataCategory(StrEnum):
    """What is shared, in the units of agreements, scopes and consent (27560: PII type).

    EXISTENCE: that the source holds a record of her at all; without it nothing else is released.
    SOURCE: which agency a value comes from, and when that agency last touched it.
    """

    EXISTENCE = "existence"
    SOURCE = "source"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    DEATH_DATE = "death_date"
    SEX = "sex"
    LANGUAGE = "language"
    ADDRESS = "address"
    CONTACT = "contact"
    IDENTIFIER = "identifier"
    SENSITIVE_IDENTIFIER = "sensitive_identifier"
    ORGANIZATION = "organization"
    ROLE = "role"
    HOLDING = "holding"
    RELATIONSHIP = "relationship"
    CASE = "case"
    CUSTOM = "custom"


FIELDS: Final[Mapping[DataCategory, frozenset[str]]] = {
    DataCategory.EXISTENCE: frozenset({"kind"}),
    DataCategory.SOURCE: frozenset({"key", "as_of"}),
    DataCategory.NAME: frozenset({"names"}),
    DataCategory.BIRTH_DATE: frozenset({"birth_date"}),
    DataCategory.DEATH_DATE: frozenset({"death_date"}),
    DataCategory.SEX: frozenset({"sex", "gender"}),
    DataCategory.LANGUAGE: frozenset({"preferred_language"}),
    DataCategory.ADDRESS: frozenset({"addresses"}),
    DataCategory.CONTACT: frozenset({"contact_points"}),
    DataCategory.IDENTIFIER: frozenset({"identifiers"}),
    DataCategory.SENSITIVE_IDENTIFIER: frozenset({"identifiers"}),
    DataCategory.ORGANIZATION: frozenset({"legal_form", "activity", "status"}),
    DataCategory.ROLE: frozenset({"roles"}),
    DataCategory.HOLDING: frozenset({"holdings"}),
    DataCategory.RELATIONSHIP: frozenset({"relationships"}),
    DataCategory.CASE: frozenset({"cases"}),
    DataCategory.CUSTOM: frozenset({"custom"}),
}
"""Fields of hub.domain.records.Record by category. Identifiers are divided by scheme: category_of_scheme."""


def category_of_scheme(scheme: str) -> DataCategory:
    """Which category an identifier of this scheme belongs to (hub.domain.sensitivity.SENSITIVE_SCHEMES)."""
    if scheme in SENSITIVE_SCHEMES:
        return DataCategory.SENSITIVE_IDENTIFIER
    return DataCategory.IDENTIFIER


class LegalBasis(StrEnum):
    """Why sharing is lawful: GDPR Art. 6(1)(a), (c), (d) and (e).

    Contract (b) and legitimate interest (f) are left out: the second may not carry what an authority
    does in performance of its tasks (Art. 6(1), last sentence), the first is between two parties.
    """

    CONSENT = "consent"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTEREST = "vital_interest"
    PUBLIC_INTEREST = "public_interest"
    OFFICIAL_AUTHORITY = "official_authority"

    @property
    def iri(self) -> str:
        """The basis in DPV 2.3's vocabulary of the GDPR."""
        return "https://w3id.org/dpv/legal/eu/gdpr#" + _GDPR[self]

    @property
    def is_statutory(self) -> bool:
        """Whether the law itself permits; otherwise a consent in a valid state must."""
        return self is not LegalBasis.CONSENT

    @property
    def is_open_to_objection(self) -> bool:
        """Whether she may object to it (GDPR Art. 21(1): point (e) of Art. 6(1))."""
        return self in (LegalBasis.PUBLIC_INTEREST, LegalBasis.OFFICIAL_AUTHORITY)


_GDPR: Final = {
    LegalBasis.CONSENT: "A6-1-a",
    LegalBasis.LEGAL_OBLIGATION: "A6-1-c",
    LegalBasis.VITAL_INTEREST: "A6-1-d",
    LegalBasis.PUBLIC_INTEREST: "A6-1-e-public-interest",
    LegalBasis.OFFICIAL_AUTHORITY: "A6-1-e-official-authority",
}


class ConsentState(StrEnum):
    """The leaf states of consent in DPV 2.3 (27560: event state)."""

    REQUESTED = "requested"
    REQUEST_DEFERRED = "request_deferred"
    GIVEN = "given"
    RENEWED = "renewed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    UNKNOWN = "unknown"

    @property
    def is_valid(self) -> bool:
        """Whether it may carry a release (dpv:ConsentStatusValidForProcessing)."""
        return self in (ConsentState.GIVEN, ConsentState.RENEWED)


class RestrictionKind(StrEnum):
    """Why less may be done with her data than agreements allow.

    at_risk: those not cleared are answered as if only their own records existed.
    restricted_processing: GDPR Art. 18. objection: Art. 21, bites on bases open to it.
    objection_to_linkage: her records are not to be seen together. legal_hold: nothing is erased; releases
    are not narrowed. deceased: nothing on consent, no prompts. disputed: who she is, is in question.
    """

    AT_RISK = "at_risk"
    RESTRICTED_PROCESSING = "restricted_processing"
    OBJECTION = "objection"
    OBJECTION_TO_LINKAGE = "objection_to_linkage"
    LEGAL_HOLD = "legal_hold"
    DECEASED = "deceased"
    DISPUTED = "disputed"


class RepresentationKind(StrEnum):
    """By what right somebody acts for a constituent: parent or guardian, power of attorney, court order."""

    GUARDIAN = "guardian"
    DELEGATE = "delegate"
    COURT = "court"


class Assurance(IntEnum):
    """How surely the caller's end user was authenticated: the levels of eIDAS (EU) 910/2014 Art. 8."""

    LOW = 1
    SUBSTANTIAL = 2
    HIGH = 3


class CollectionMethod(StrEnum):
    """How she said it (27560: collection method)."""

    PORTAL = "portal"
    COUNTER = "counter"
    PAPER = "paper"
    PHONE = "phone"
