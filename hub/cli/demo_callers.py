"""The demo's agencies and officer as callers of the hub: over HTTP on loopback, with the typed client.

Decides how they come to their keys: each enrols anew with each run, as an engineer of theirs would.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import structlog

from api import server
from api.app import create_app
from connectors.source import Source
from consent.policy import AgreementRef
from consent.vocabulary import DataCategory
from hub.access.scopes import Scope, StaffRole, category_scope
from hub.client import HubClient, Identity, LookUpAnswer, ProblemTold, RecordRef, enrol
from hub.client.consents import How
from hub.domain.records import RecordKey
from hub.journeys.access.clients import ClientInvalid, NewClient, add_client, invite
from hub.journeys.context import AccessSettings, Hub

_OPERATOR: Final = "demo"
_LOOPBACK: Final = "127.0.0.1"
_SYSTEM_SCOPES: Final = frozenset(
    {Scope.PROFILE_READ.value, Scope.RECORD_WRITE.value}
    | {category_scope(one.value) for one in DataCategory}
)


@dataclass(frozen=True, slots=True)
class Callers:
    """Who calls the served hub."""

    parks: Identity
    benefits: Identity
    officer: Identity

    def ask(
        self, who: Identity, whom: RecordKey, purpose: str, wanted: Collection[DataCategory]
    ) -> LookUpAnswer | ProblemTold:
        """Look somebody up as a clerk of an agency would; the problem where the hub tells of one."""
        with HubClient(who, purpose=purpose) as client:
            try:
                return client.look_up(
                    RecordRef(whom.source, whom.local_id),
                    [one.value for one in wanted],
                    purpose=purpose,
                    case="campsite 12",
                    user="clerk",
                )
            except ProblemTold as told:
                return told

    def record_consent(
        self, whom: RecordKey, agreement: AgreementRef, given: Collection[DataCategory]
    ) -> None:
        """Her "yes", as an officer records it."""
        with HubClient(self.officer) as client:
            client.consents.record(
                RecordRef(whom.source, whom.local_id),
                agreement.id,
                agreement.revision,
                _how("yes"),
                given=[one.value for one in given],
            )

    def withdraw_consent(self, whom: RecordKey, agreement: str) -> None:
        """Her "no"."""
        with HubClient(self.officer) as client:
            client.consents.withdraw(RecordRef(whom.source, whom.local_id), agreement, _how("no"))


@contextmanager
def calling(hub: Hub, sources: Mapping[str, Source]) -> Iterator[Callers]:
    """Serve the hub on loopback while the block runs, and have its callers enrolled."""
    listening = server.listen(_LOOPBACK, 0)
    url = server.address_of(listening)
    served = replace(hub, sources=sources, access=AccessSettings(public_url=url))
    with _unlogged(), server.answering(create_app(served), listening):
        yield Callers(
            parks=_enrolled(
                served, _system("parks", {"licensing", "renewal_prompts", "marketing"})
            ),
            benefits=_enrolled(served, _system("benefits", {"licensing"})),
            officer=_enrolled(
                served,
                NewClient(
                    "officer_lund", "Officer Lund", roles=frozenset({StaffRole.PRIVACY_OFFICER})
                ),
            ),
        )


@contextmanager
def _unlogged() -> Iterator[None]:
    """Leave out the line that each request is in the log: here they would stand between the answers."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(**before)


def _system(agency: str, purposes: Collection[str]) -> NewClient:
    return NewClient(
        f"{agency}-desk", f"the desk of {agency}", agency, _SYSTEM_SCOPES, frozenset(purposes)
    )


def _enrolled(hub: Hub, wanted: NewClient) -> Identity:
    code = None
    # A hub of an earlier run knows the client already, and lets it enrol one more key.
    with suppress(ClientInvalid):
        code = add_client(hub, wanted, author=_OPERATOR)
    if code is None:
        code = invite(hub, wanted.id, author=_OPERATOR)
    return enrol(hub.access.public_url, code)


def _how(said: str) -> How:
    """Said in the portal; of the notice and of what was clicked a hash is kept."""
    notice, evidence = (
        "sha256:" + sha256(text.encode()).hexdigest() for text in ("reminders", said)
    )
    return How(notice, evidence, method="portal")
