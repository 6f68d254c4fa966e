"""Each agency knows a constituent by an id of its own, so that two of them cannot join their files on ours.

An agency is shown the oldest of the cluster's ids that it was shown before, else the current one: another
agency's older record cannot change what it sees, and so tells it nothing. Pairwise ids are random and
stored, so none can be computed from another or from the public id.
"""

from __future__ import annotations

from uuid import UUID

from hub.domain.errors import HubError
from hub.journeys.context import Hub
from hub.journeys.profile import resolve
from hub.store import constituents, database, pairwise


class PairwiseUnknown(HubError):
    """That agency was never shown that id, or nobody is left under it: told alike, for each tells something."""

    def __init__(self) -> None:
        super().__init__("no constituent is known to that agency under that id")


def shown_to(hub: Hub, agency: str, reference: str) -> UUID:
    """The pairwise id an agency is shown for a constituent's id or a record's `source:key`.

    Made at the first showing. Raises what show_profile raises for the reference.
    """
    with database.transaction(hub.engine) as connection:
        number, _ = resolve(hub, connection, reference)
        known = pairwise.oldest_shown(connection, agency, number)
        if known is not None:
            return known
        return pairwise.show(connection, agency, number, hub.new_public_id(), hub.now())


def resolve_shown(hub: Hub, agency: str, pairwise_id: UUID) -> UUID:
    """The current public id behind what an agency was shown. Raises PairwiseUnknown."""
    with database.transaction(hub.engine) as connection:
        public_id = pairwise.public_id_of(connection, agency, pairwise_id)
        found = None if public_id is None else constituents.find(connection, public_id)
    if found is None:
        raise PairwiseUnknown
    return found[1]
