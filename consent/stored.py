"""A policy as a document that is kept: what officers stated, and what became of it since.

Decides the form a policy is stored and replayed in, and its digest. Unlike a policy's YAML it holds epochs and
early ends, and agreements that the newest file no longer states.
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from consent.log.export import canonical
from consent.policy import Agency, Agreement, DeclaredPurpose, Policy
from consent.vocabulary import Assurance, DataCategory, LegalBasis, Purpose

FORMAT: Final = "hub/stored-policy@1"


def to_document(policy: Policy) -> dict[str, Any]:
    """The policy as JSON: equal policies give equal documents."""
    return {
        "format": FORMAT,
        "agencies": [
            {"id": one.id, "label": one.label, "is_suspended": one.is_suspended}
            for one in policy.agencies
        ],
        "purposes": [
            {"id": one.id, "broader": one.broader.value, "label": one.label}
            for one in policy.purposes
        ],
        "agreements": [agreement_document(one) for one in policy.agreements],
    }


def agreement_document(one: Agreement) -> dict[str, Any]:
    """One revision of an agreement as JSON."""
    return {
        "id": one.id,
        "revision": one.revision,
        "sources": sorted(one.sources),
        "recipient": one.recipient,
        "purpose": one.purpose,
        "categories": sorted(category.value for category in one.categories),
        "legal_basis": one.legal_basis.value,
        "citation": one.citation,
        "starts_on": one.starts_on.isoformat(),
        "ends_on": one.ends_on.isoformat(),
        "approved_by": list(one.approved_by),
        "matching_allowed": one.matching_allowed,
        "assurance_min": int(one.assurance_min),
        "compatible_revisions": sorted(one.compatible_revisions),
        "ended_at": None if one.ended_at is None else one.ended_at.isoformat(),
        "epoch": one.epoch,
    }


def from_document(document: dict[str, Any]) -> Policy:
    """The policy a document holds. Raises PolicyInvalid for one that no policy ever gave."""
    return Policy(
        agencies=tuple(
            Agency(one["id"], one["label"], one["is_suspended"]) for one in document["agencies"]
        ),
        purposes=tuple(
            DeclaredPurpose(one["id"], Purpose(one["broader"]), one["label"])
            for one in document["purposes"]
        ),
        agreements=tuple(agreement_from(one) for one in document["agreements"]),
    )


def agreement_from(one: dict[str, Any]) -> Agreement:
    """The revision a document holds. Raises PolicyInvalid."""
    ended_at = one["ended_at"]
    return Agreement(
        id=one["id"],
        revision=one["revision"],
        sources=frozenset(one["sources"]),
        recipient=one["recipient"],
        purpose=one["purpose"],
        categories=frozenset(map(DataCategory, one["categories"])),
        legal_basis=LegalBasis(one["legal_basis"]),
        citation=one["citation"],
        starts_on=date.fromisoformat(one["starts_on"]),
        ends_on=date.fromisoformat(one["ends_on"]),
        approved_by=tuple(one["approved_by"]),
        matching_allowed=one["matching_allowed"],
        assurance_min=Assurance(one["assurance_min"]),
        compatible_revisions=frozenset(one["compatible_revisions"]),
        ended_at=None if ended_at is None else datetime.fromisoformat(ended_at),
        epoch=one["epoch"],
    )


def digest_of(document: dict[str, Any]) -> bytes:
    """SHA-256 of the document's canonical form (RFC 8785): what a log entry names the rules in force by."""
    return sha256(canonical(document)).digest()
