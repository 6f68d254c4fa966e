"""Hold one constituent still while facts about her change: nothing is released meanwhile, and nobody moves.

Decides the order of the locks: the policy and the partition (both shared), the components her records are
in, then the ids that stand for her or once did (alone), each a statement of its own before what is read. A
release shares the lock of her current id, so a "no" waits for releases under way, and they for it. What is
written is the calling journey's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.errors import HubError
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.policies import InForce, shared_policy
from hub.journeys.profile import resolve
from hub.store import constituents, database, subjects, surroundings
from hub.store.subjects import SubjectIds

Answer = TypeVar("Answer")

#: Changes of who she is that a change of facts gives way to before it is given up.
RESTARTS_MAX: Final = 20


class SubjectContended(HubError):
    """Others kept changing who the constituent is while her facts were to be changed."""


@dataclass(frozen=True, slots=True)
class HeldSubject:
    """A constituent held still until the transaction ends, and the policy in force meanwhile."""

    connection: Connection
    ids: SubjectIds
    public_id: UUID
    kind: ConstituentKind
    in_force: InForce


def in_subject_change(hub: Hub, reference: str, work: Callable[[HeldSubject], Answer]) -> Answer:
    """Run `work` in one transaction on the constituent that an id or a record's `source:key` stands for.

    Raises ConstituentUnknown, RecordUnknown, SubjectContended, and what `work` does: then nothing is written.
    """
    for _ in range(RESTARTS_MAX):
        with database.transaction(hub.engine) as connection:
            in_force = shared_policy(hub, connection)
            held = hold(hub, connection, reference, in_force)
            if held is not None:
                return work(held)
    raise SubjectContended("others keep changing who this constituent is: try again")


def hold(hub: Hub, connection: Connection, reference: str, in_force: InForce) -> HeldSubject | None:
    """Lock a constituent; None where she changed while the locks were waited for: begin anew then."""
    surroundings.share_partition(connection)
    number, _ = resolve(hub, connection, reference)
    labels = subjects.components_of(connection, number)
    surroundings.lock_values(connection, labels)
    ids = subjects.ids_of(connection, number)
    subjects.lock(connection, ids.all, is_shared=False)
    found, public_id = resolve(hub, connection, reference)
    is_still = (
        found == number
        and subjects.components_of(connection, number) == labels
        and subjects.ids_of(connection, number) == ids
    )
    if not is_still:
        return None
    kind = ConstituentKind(constituents.kind_of(connection, number))
    return HeldSubject(connection, ids, public_id, kind, in_force)
