"""`/v1/held-queries`, `/v1/exports`, `/v1/erasures`: what officers do at a constituent's request.

Decides the shape at the wire. What is held, exported and destroyed is hub.journeys.rights'. What tells of her is no
change: a repeat reads and is logged anew, and nothing of its answer is kept.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from api import etags
from api.etags import IfMatch, etag
from api.guard import CallerOf, HubOf, guarded_router, needs
from api.repeating import changes
from api.v1.held_shapes import HeldOut, Telling, held_out
from api.v1.named import Case
from api.v1.references import ConstituentIn
from api.v1.words import Sentence, Strict
from hub.access.scopes import Scope
from hub.journeys.rights.certificate import Destroyed
from hub.journeys.rights.erasure import erase
from hub.journeys.rights.held import held
from hub.journeys.rights.requests import RightsRequest
from hub.journeys.rights.subject_export import export

router = guarded_router(tags=["Subject requests"])

ZIP: Final = "application/zip"
_ARCHIVE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}
}


class RequestIn(Strict):
    """Whose request it is, and which."""

    whom: ConstituentIn
    case: Case


class ErasureIn(Strict):
    """Who is erased, and under what authority."""

    whom: ConstituentIn
    authority: Annotated[
        Sentence,
        Field(
            description="Provision and request, without anybody's name: the log keeps it.",
            examples=["GDPR Art. 17(1)(a), request 2026-114"],
        ),
    ]


class RecordToEraseOut(BaseModel):
    """A record of hers, for the officer to see whose it is; key null where nobody can open it any more."""

    agency: str
    source: str
    label: str
    key: str | None


class DestroyedOut(BaseModel):
    """How much an erasure destroys. records: by source. kept_out: source keys under which nothing is taken in again."""

    records: dict[str, int]
    entries: int
    reasons: int
    corrections: int
    quarantined: int
    kept_out: int


class ErasurePreviewOut(BaseModel):
    """What an erasure would destroy. ids: those nobody would answer to any more."""

    records: list[RecordToEraseOut]
    ids: list[UUID]
    destroyed: DestroyedOut


class ErasureOut(BaseModel):
    """An erasure. certificate: signed; the hub gives it this once, and to repeats of the request within a day.

    Which records it were stands in the preview alone: this is kept for repeats, and no key of hers may be.
    """

    ids: list[UUID]
    destroyed: DestroyedOut
    disclosure: str
    certificate: str


@router.post("/held-queries")
@needs(Scope.REQUEST_READ)
def query(hub: HubOf, caller: CallerOf, wanted: RequestIn) -> HeldOut:
    """What every source holds on her and why it is linked, and what was said of her; logged as her own view."""
    request = RightsRequest(wanted.case, caller.signature, caller.client)
    found = held(hub, wanted.whom.text(), request)
    return held_out(found, Telling(hub, caller))


@router.post("/exports", response_class=Response, responses=_ARCHIVE)
@needs(Scope.REQUEST_READ)
def exports(hub: HubOf, caller: CallerOf, wanted: RequestIn) -> Response:
    """Everything held on her, every look at it and their proofs, as one signed archive; logged."""
    request = RightsRequest(wanted.case, caller.signature, caller.client)
    found = export(hub, wanted.whom.text(), request)
    headers = {"Content-Disposition": f'attachment; filename="export-{found.entry}.zip"'}
    return Response(found.content, 200, headers, media_type=ZIP)


@router.post("/erasure-previews")
@needs(Scope.REQUEST_WRITE)
def preview(hub: HubOf, caller: CallerOf, wanted: ErasureIn, answer: Response) -> ErasurePreviewOut:
    """What erasing her would destroy, record by record; nothing is. ETag: what an erasure must name as seen."""
    found = erase(
        hub,
        wanted.whom.text(),
        by=caller.signature,
        authority=wanted.authority,
        is_preview=True,
    )
    answer.headers.update(etag(found.seen))
    records = [
        RecordToEraseOut(
            agency=one.agency,
            source=one.record.source,
            label=one.label,
            key=one.record.local_id,
        )
        for one in found.records
    ]
    return ErasurePreviewOut(
        records=records, ids=list(found.ids), destroyed=_destroyed(found.destroyed)
    )


@router.post("/erasures", status_code=201, openapi_extra={"parameters": [etags.PARAMETER]})
@changes
@needs(Scope.REQUEST_WRITE)
def erasures(hub: HubOf, caller: CallerOf, seen: IfMatch, wanted: ErasureIn) -> ErasureOut:
    """Erase a constituent for good: keys destroyed, ids retired, its rows kept out. A legal hold refuses."""
    done = erase(
        hub,
        wanted.whom.text(),
        by=caller.signature,
        authority=wanted.authority,
        seen=seen,
    )
    assert done.entry is not None
    assert done.certificate is not None
    return ErasureOut(
        ids=list(done.ids),
        destroyed=_destroyed(done.destroyed),
        disclosure=str(done.entry),
        certificate=done.certificate.decode("utf-8"),
    )


def _destroyed(gone: Destroyed) -> DestroyedOut:
    return DestroyedOut(
        records=dict(gone.records),
        entries=gone.entries,
        reasons=gone.reasons,
        corrections=gone.corrections,
        quarantined=gone.quarantined,
        kept_out=gone.kept_out,
    )
