"""A revision of an agreement before officers have approved it.

Decides that whatever else an agreement must keep to holds before anybody is asked to approve it, and that
an agreement comes of it only with two different officers. When it enters a policy is succession.py's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from consent.policy import Agreement
from consent.stored import agreement_document, agreement_from

#: Stand for the two officers to come, so that all other rules can be held to a revision that waits for them.
OFFICERS_TO_COME: Final = ("one officer", "another officer")

_NOT_PROPOSED: Final = {"approved_by": list(OFFICERS_TO_COME), "ended_at": None, "epoch": 0}


@dataclass(frozen=True, slots=True)
class ProposedAgreement:
    """All that a revision of an agreement says, but who approved it. `terms.approved_by` says nothing."""

    terms: Agreement

    def approved_by(self, officers: Iterable[str]) -> Agreement:
        """The agreement it becomes. Raises PolicyInvalid unless the officers are two different ones."""
        return replace(self.terms, approved_by=tuple(officers))


def proposal_document(proposed: ProposedAgreement) -> dict[str, Any]:
    """A proposal as it is kept: a revision's document without approvals, end and epoch."""
    document = agreement_document(proposed.terms)
    return {name: value for name, value in document.items() if name not in _NOT_PROPOSED}


def proposal_from(document: dict[str, Any]) -> ProposedAgreement:
    """The proposal a document holds. Raises PolicyInvalid."""
    return ProposedAgreement(agreement_from({**document, **_NOT_PROPOSED}))
