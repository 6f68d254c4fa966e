"""`/v1/log`: the disclosure log for auditors: what was signed last, the key, proofs, the export, and policy versions.

Decides the shapes, and that one export at a time is made by a process. What the log is and who may see how much of an
entry is hub.journeys.disclosure_log's; to hold one checkpoint against another an auditor has the export and its verifier.
"""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Response
from fastapi.responses import PlainTextResponse
from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.problems import Problem, problem
from api.streaming import streamed
from api.v1.references import NUMBER_MAX, Out
from api.v1.words import Strict
from consent.stored import to_document
from hub.access.scopes import Scope
from hub.documents import A_NUMBER
from hub.journeys import disclosure_log, policies
from hub.journeys.context import Hub
from hub.journeys.disclosure_log import DisclosureUnknown
from hub.vault.opaque import OpaqueIds

router = guarded_router(tags=["Auditors"])

_LINES: Final = "application/jsonl"
_BUSY_S: Final = {"Retry-After": "60"}


_GIVEN: Final = {"not": {"type": "null"}}
_LEFT_OUT: Final = {"type": "null"}
_ONE_WAY: Final[dict[str, Any]] = {
    "oneOf": [
        {
            "required": ["number"],
            "properties": {"number": _GIVEN, "client": _LEFT_OUT, "reference": _LEFT_OUT},
        },
        {
            "required": ["client", "reference"],
            "properties": {"number": _LEFT_OUT, "client": _GIVEN, "reference": _GIVEN},
        },
    ]
}


class DisclosureIn(Strict):
    """A disclosure: by its number, or by the reference that a client was given of it."""

    model_config = ConfigDict(json_schema_extra=_ONE_WAY)

    number: Annotated[int, Field(ge=1, le=NUMBER_MAX), A_NUMBER] | None = None
    client: Annotated[str, StringConstraints(min_length=2, max_length=63)] | None = None
    reference: UUID | None = None

    @model_validator(mode="after")
    def _is_one(self) -> DisclosureIn:
        if (self.client is None) != (self.reference is None) or (
            (self.number is None) == (self.reference is None)
        ):
            raise ValueError("number alone, or client and reference")
        return self

    def value(self, hub: Hub) -> int:
        """Its number. Raises DisclosureUnknown."""
        if self.number is not None:
            return self.number
        assert self.client is not None
        assert self.reference is not None
        found = OpaqueIds(hub.keys, "disclosure", self.client).number(self.reference)
        if found is None:
            raise DisclosureUnknown(0)
        return found


class PolicyVersionOut(Out):
    """A version of the policy: who stated it, when and why. digest: what entries of the log name it by."""

    version: int
    digest: str
    author: str
    reason: str
    stated_at: datetime


class PolicyVersionsOut(Out):
    """Every version, the newest first."""

    items: list[PolicyVersionOut]


class PolicyDocumentOut(Out):
    """What a version states, in the form its digest is of."""

    version: int
    digest: str
    policy: dict[str, Any]


@router.get("/log/checkpoint", response_class=PlainTextResponse)
@needs(Scope.LOG_READ)
def checkpoint(hub: HubOf, _: CallerOf) -> Response:
    """The log's size and root as they were signed last (C2SP tlog-checkpoint)."""
    note = disclosure_log.last_note(hub)
    return problem(Problem.NOT_FOUND) if note is None else PlainTextResponse(str(note))


@router.get("/log/key", response_class=PlainTextResponse)
@needs(Scope.LOG_READ)
def key(hub: HubOf, _: CallerOf) -> Response:
    """The key that checkpoints, proofs and the export are verified with. Keep it where the log is not kept."""
    return PlainTextResponse(f"{disclosure_log.log_key(hub)}\n")


@router.post("/log/proofs", response_class=PlainTextResponse)
@needs(Scope.LOG_READ)
def proof(hub: HubOf, caller: CallerOf, wanted: DisclosureIn) -> Response:
    """That the log holds an entry, as one text (C2SP tlog-proof). It holds whom the entry is about: for the cleared."""
    found = disclosure_log.prove(hub, wanted.value(hub), is_cleared=caller.is_cleared)
    return PlainTextResponse(str(found))


class _Exporting:
    """Whether this process makes an export."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


@router.get("/log/export", response_class=Response, responses={200: {"content": {_LINES: {}}}})
@needs(Scope.LOG_READ)
def export(hub: HubOf, caller: CallerOf) -> Response:
    """The whole log as JSON lines, for the auditor's own verifier; one that broke off is no export.

    To an auditor who is not cleared, each entry by its account and its subject part's digest: enough to check all of
    the tree by. One at a time.
    """
    lock: threading.Lock = hub.kept.get(_Exporting, _Exporting).lock
    if not lock.acquire(blocking=False):
        return problem(Problem.BUSY, "an export is being made", headers=_BUSY_S)
    produce = partial(disclosure_log.export, hub, is_cleared=caller.is_cleared)
    return streamed(produce, _LINES, ended=lock.release)


@router.get("/log/policy-versions")
@needs(Scope.LOG_READ)
def policy_versions(hub: HubOf, _: CallerOf) -> PolicyVersionsOut:
    """List the versions of the policy that entries of the log rest on."""
    return PolicyVersionsOut(
        items=[
            PolicyVersionOut(
                version=one.version,
                digest=one.digest.hex(),
                author=one.author,
                reason=one.reason,
                stated_at=one.stated_at,
            )
            for one in policies.list_versions(hub)
        ]
    )


@router.get("/log/policy-versions/{version}")
@needs(Scope.LOG_READ)
def policy_version(
    hub: HubOf, _: CallerOf, version: Annotated[int, Path(ge=0, le=NUMBER_MAX)]
) -> PolicyDocumentOut:
    """What a version of the policy stated; 0 is the empty one, which permits nothing."""
    found = policies.show_version(hub, version)
    return PolicyDocumentOut(
        version=found.version, digest=found.digest.hex(), policy=to_document(found.policy)
    )
