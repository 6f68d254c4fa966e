"""The proof of one use: that an entry of the log is in it, for its constituent to keep.

Decides that a proof is given of entries that are hers alone, by the same rule as who_looked.py tells them. How an entry
is proven is disclosure_log.py's.
"""

from __future__ import annotations

from consent.log.entry import EntryInvalid
from consent.log.proof import Proof
from hub.journeys.context import Hub
from hub.journeys.disclosure_log import DisclosureUnknown, prove
from hub.journeys.rights.who_looked import entries_of
from hub.journeys.subjects import HeldSubject, in_subject_change


def proof_of(hub: Hub, reference: str, entry: int) -> Proof:
    """The proof of an entry about the constituent a reference stands for, numbered and signed for where need be.

    Raises DisclosureUnknown where the entry is none of hers, LogBroken, and as in_subject_change.
    """

    def work(held: HeldSubject) -> bool:
        return any(one.id == entry for one in entries_of(hub, held))

    if not in_subject_change(hub, reference, work):
        raise DisclosureUnknown(entry)
    try:
        return prove(hub, entry)
    except EntryInvalid:
        # Erased since.
        raise DisclosureUnknown(entry) from None
