"""HubError -> problem, in one table; what is in none is the hub's own failure and tells nothing.

Decides which accident a caller hears as which problem. The sentence of a HubError holds no value of anybody, so it may
be told where the table says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.bodies import BodyMalformed, MediaTypeUnknown
from api.etags import PreconditionMalformed, PreconditionMissing
from api.problems import Problem, of_status, problem
from api.receiving import BodyTooLarge, BodyTooSlow
from api.repeating import KeyMissing
from api.throttle import TooFast
from api.v1.records import BatchesBusy
from consent.log.entry import EntryInvalid
from consent.rules import PolicyInvalid
from hub.access.flaws import CredentialsRefused
from hub.domain.errors import (
    ConstituentUnknown,
    DatabaseUnreachable,
    HubError,
    LogBroken,
    ModelUnfit,
    RecordUnknown,
    ScorerMismatch,
    SourceInvalid,
)
from hub.domain.judging import JudgementContradicted
from hub.journeys.access.clients import ClientBeyond, ClientInvalid, ClientUnknown
from hub.journeys.acts import (
    ActUnexplained,
    KindsMixed,
    NothingToJudge,
    StaleView,
    TooManyRecords,
)
from hub.journeys.agency_feed import AgencyFeedContended
from hub.journeys.budgets import BudgetSpent
from hub.journeys.change import ChangeContended
from hub.journeys.disclosure_log import CheckpointUnwritable, DisclosureUnknown, ProofNotForThem
from hub.journeys.history import MomentRefused
from hub.journeys.judge import JudgementUnknown, NotOfConstituent
from hub.journeys.lift_approvals import ApprovalRefused
from hub.journeys.log_lag import DisclosureLogBehind
from hub.journeys.look_up import LookUpContended, LookUpInvalid
from hub.journeys.notices import NoticeUnknown
from hub.journeys.objection import ObjectionRestricted, ObjectionUnknown
from hub.journeys.paging import CursorRefused, PageInvalid
from hub.journeys.pairwise import PairwiseUnknown
from hub.journeys.pin import NothingToPin, PinUnexplained, PinUnknown
from hub.journeys.policies import PolicyVersionUnknown
from hub.journeys.policy_changes import PolicyMoved
from hub.journeys.policy_proposals import ProposalUnknown
from hub.journeys.pushing import SourceUnknown
from hub.journeys.registration import SourceBusy
from hub.journeys.repeats import RepeatDiffers, RepeatUnderWay
from hub.journeys.review import NotAnAnswer, ReviewClaimed, ReviewClosed, ReviewUnknown
from hub.journeys.rights.corrections import CorrectionInvalid, CorrectionUnknown
from hub.journeys.rights.erasure import ErasureHeld, ErasureUnexplained
from hub.journeys.rights.requests import RequestUnexplained
from hub.journeys.saying import FactUnknown
from hub.journeys.subjects import SubjectContended
from hub.journeys.verify import ClaimInvalid

_log = structlog.get_logger("hub.api")

_RETRY_SOON: Final = {"Retry-After": "1"}

PROBLEM_OF: Final[Mapping[type[HubError], Problem]] = {
    ClientInvalid: Problem.REQUEST_INVALID,
    ClientUnknown: Problem.NOT_FOUND,
    ClientBeyond: Problem.NOT_IN_SCOPE,
    ConstituentUnknown: Problem.NOT_FOUND,
    RecordUnknown: Problem.NOT_FOUND,
    PairwiseUnknown: Problem.NOT_FOUND,
    CursorRefused: Problem.REQUEST_INVALID,
    AgencyFeedContended: Problem.BUSY,
    RepeatDiffers: Problem.REPEAT_DIFFERS,
    RepeatUnderWay: Problem.REPEAT_UNDER_WAY,
    LookUpInvalid: Problem.REQUEST_INVALID,
    ActUnexplained: Problem.REQUEST_INVALID,
    KindsMixed: Problem.CONFLICT,
    NothingToJudge: Problem.CONFLICT,
    NotOfConstituent: Problem.CONFLICT,
    TooManyRecords: Problem.CONFLICT,
    JudgementContradicted: Problem.CONFLICT,
    JudgementUnknown: Problem.NOT_FOUND,
    StaleView: Problem.CHANGED_SINCE,
    ReviewUnknown: Problem.NOT_FOUND,
    ReviewClosed: Problem.CONFLICT,
    ReviewClaimed: Problem.CONFLICT,
    NotAnAnswer: Problem.REQUEST_INVALID,
    PinUnknown: Problem.NOT_FOUND,
    NothingToPin: Problem.REQUEST_INVALID,
    PinUnexplained: Problem.REQUEST_INVALID,
    PageInvalid: Problem.REQUEST_INVALID,
    DisclosureUnknown: Problem.NOT_FOUND,
    EntryInvalid: Problem.NOT_FOUND,
    ProofNotForThem: Problem.NOT_IN_SCOPE,
    PolicyVersionUnknown: Problem.NOT_FOUND,
    CheckpointUnwritable: Problem.UNAVAILABLE,
    MomentRefused: Problem.REQUEST_INVALID,
    ClaimInvalid: Problem.REQUEST_INVALID,
    BudgetSpent: Problem.BUDGET_SPENT,
    PolicyInvalid: Problem.REQUEST_INVALID,
    RequestUnexplained: Problem.REQUEST_INVALID,
    ErasureUnexplained: Problem.REQUEST_INVALID,
    CorrectionInvalid: Problem.REQUEST_INVALID,
    FactUnknown: Problem.NOT_FOUND,
    ObjectionUnknown: Problem.NOT_FOUND,
    ProposalUnknown: Problem.NOT_FOUND,
    CorrectionUnknown: Problem.NOT_FOUND,
    NoticeUnknown: Problem.NOT_FOUND,
    ErasureHeld: Problem.CONFLICT,
    ObjectionRestricted: Problem.CONFLICT,
    PolicyMoved: Problem.CHANGED_SINCE,
    ApprovalRefused: Problem.REQUEST_INVALID,
    SubjectContended: Problem.BUSY,
    LookUpContended: Problem.BUSY,
    ChangeContended: Problem.BUSY,
    SourceBusy: Problem.BUSY,
    SourceUnknown: Problem.NOT_FOUND,
    SourceInvalid: Problem.UNAVAILABLE,
    ScorerMismatch: Problem.UNAVAILABLE,
    ModelUnfit: Problem.UNAVAILABLE,
    BatchesBusy: Problem.BUSY,
    DisclosureLogBehind: Problem.UNAVAILABLE,
    DatabaseUnreachable: Problem.UNAVAILABLE,
    LogBroken: Problem.UNAVAILABLE,
}
"""By the error's class, or the nearest of those it is made from."""

#: Told without the error's own sentence, which names the reference or the place.
_SILENT: Final = frozenset({Problem.NOT_FOUND, Problem.UNAVAILABLE})
_RETRIED: Final = frozenset({Problem.BUSY, Problem.REPEAT_UNDER_WAY, Problem.UNAVAILABLE})

#: What breaks where the token is good and reaches not so far.
_BEYOND: Final = frozenset({"scope", "purpose"})
_UNSURE: Final = "assurance"
_CHALLENGE: Final = 'DPoP error="{error}", algs="ES256 PS256 Ed25519"'


def problem_of(error: HubError) -> Problem | None:
    """The problem of an error, by its class or the nearest base of it."""
    return next((PROBLEM_OF[kind] for kind in type(error).__mro__ if kind in PROBLEM_OF), None)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem.

    The handlers are async, though they wait for nothing: a plain function would need a thread, and wait for one.
    """
    app.add_exception_handler(CredentialsRefused, _credentials)  # type: ignore[arg-type]
    app.add_exception_handler(HubError, _hub_error)  # type: ignore[arg-type]
    app.add_exception_handler(TooFast, _too_fast)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(Exception, _unforeseen)


async def _credentials(_: Request, error: CredentialsRefused) -> Response:
    if error.what in _BEYOND:
        challenge = _CHALLENGE.format(error="insufficient_scope")
        return problem(
            Problem.NOT_IN_SCOPE,
            str(error),
            headers={"WWW-Authenticate": challenge},
            flaw=error.flaw.value,
        )
    if error.what == _UNSURE:
        challenge = _CHALLENGE.format(error="insufficient_user_authentication")
        return problem(
            Problem.SIGNED_IN_UNSURELY, str(error), headers={"WWW-Authenticate": challenge}
        )
    kind = "invalid_dpop_proof" if error.what == "proof" else "invalid_token"
    return problem(
        Problem.CREDENTIALS_REFUSED,
        str(error),
        headers={"WWW-Authenticate": _CHALLENGE.format(error=kind)},
        credential=error.what,
        flaw=error.flaw.value,
    )


async def _hub_error(request: Request, error: HubError) -> Response:
    which = problem_of(error)
    if which is None:
        return await _unforeseen(request, error)
    detail = "" if which in _SILENT else str(error)
    headers = _RETRY_SOON if which in _RETRIED else None
    if isinstance(error, PolicyInvalid):
        broken = [{"field": one.where, "rule": one.rule.value} for one in error.problems]
        return problem(which, detail, errors=broken[:_ERRORS_MAX])
    if isinstance(error, BudgetSpent):
        left_s = (error.resets_at - request.app.state.hub.now()).total_seconds()
        headers = {"Retry-After": str(max(1, math.ceil(left_s)))}
    return problem(which, detail, headers=headers)


async def _too_fast(_: Request, error: TooFast) -> Response:
    return problem(Problem.TOO_FAST, headers={"Retry-After": str(error.retry_after_s)})


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    """Where and which rule; neither the value nor the library's sentence, which may quote it."""
    found = [
        {"field": ".".join(str(part) for part in one["loc"]), "rule": str(one["type"])}
        for one in error.errors()
    ]
    return problem(Problem.REQUEST_INVALID, errors=found[:_ERRORS_MAX])


_ERRORS_MAX: Final = 50


async def _http(request: Request, error: HTTPException) -> Response:
    if isinstance(error, BodyMalformed):
        return problem(Problem.BODY_MALFORMED, error.rule)
    if isinstance(error, MediaTypeUnknown):
        return problem(Problem.MEDIA_TYPE_REFUSED, error.wanted)
    if isinstance(error, BodyTooLarge):
        return problem(
            Problem.BODY_TOO_LARGE,
            f"{error.bytes_max} bytes at most",
            headers={"Connection": "close"},
        )
    if isinstance(error, KeyMissing):
        return problem(Problem.REPEAT_KEY_MISSING)
    if isinstance(error, PreconditionMissing):
        return problem(Problem.PRECONDITION_MISSING)
    if isinstance(error, PreconditionMalformed):
        return problem(Problem.REQUEST_INVALID, errors=[{"field": "If-Match", "rule": "etag"}])
    if isinstance(error, BodyTooSlow):
        return problem(Problem.BODY_TOO_SLOW, headers={"Connection": "close"})
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(of_status(error.status_code), headers=headers)


def _methods_at(request: Request) -> list[str]:
    """All that the address takes: the framework tells those of the first route of it alone."""
    path = request.scope["path"]
    routes = iter_route_contexts(request.app.routes)
    return sorted(
        {method for one in routes if one.path_regex.match(path) for method in one.methods or ()}
    )


async def _database(request: Request, error: Exception) -> Response:
    """The database failed: told as such. Its message may hold parameters, so only its class is logged."""
    _log.error("database failed", request=_id_of(request), error=type(error).__name__)
    return problem(Problem.UNAVAILABLE, headers=_RETRY_SOON)


async def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("failed", request=_id_of(request), error=type(error).__name__, at=_place_of(error))
    return problem(Problem.INTERNAL)


def _id_of(request: Request) -> str:
    return str(request.scope.get("hub.request_id", ""))


def _place_of(error: Exception) -> str:
    """Where it was raised, without any message: `module.py:12`."""
    traceback = error.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno}"
