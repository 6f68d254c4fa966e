"""The hub's own token issuer over HTTP: RFC 6749 and 8693 with private_key_jwt and DPoP, enrolment, and discovery.

Decides the forms of the OAuth endpoints, whose errors are RFC 6749's and no problems. While issuers of others are
trusted these answer that nothing is issued here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.bodies import BodyMalformed, StrictRequest
from api.guard import HubOf, address_of, open_router, throttle_of
from hub.access.flaws import CredentialsRefused
from hub.journeys.access.clients import enrol
from hub.journeys.access.issuing import (
    ASSERTION_TYPE,
    CLIENT_CREDENTIALS,
    TOKEN_EXCHANGE,
    TokenRequest,
    issue,
    issuer_key,
)

router = open_router(tags=["Access"])

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 (a path)
ENROLMENT_PATH: Final = "/oauth/enrolments"
JWKS_PATH: Final = "/oauth/jwks"

_FIELDS_MAX: Final = 16
_FORM: Final = "application/x-www-form-urlencoded"

#: What breaks -> the error of RFC 6749 §5.2, RFC 9449 §5 or RFC 8693 §2.2.2, and its status.
_ERRORS: Final = {
    "assertion": ("invalid_client", 401),
    "proof": ("invalid_dpop_proof", 400),
    "subject_token": ("invalid_grant", 400),
    "scope": ("invalid_scope", 400),
    "purpose": ("invalid_scope", 400),
    "grant_type": ("unsupported_grant_type", 400),
    "code": ("invalid_grant", 400),
}


class TokenAnswer(BaseModel):
    """An access token (RFC 6749 §5.1), good for `expires_in` seconds and only with the key of the proof."""

    access_token: str
    token_type: Annotated[str, Field(examples=["DPoP"])]
    expires_in: int
    scope: str
    purpose: str
    issued_token_type: str | None = None


class OAuthError(BaseModel):
    """An error as RFC 6749 §5.2 states it."""

    error: Annotated[str, Field(examples=["invalid_client"])]
    error_description: str


class Enrolment(BaseModel):
    """A public key to be enrolled, for a code that holds once."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=16, max_length=128)]
    key: Annotated[
        dict[str, str],
        Field(
            description="The public key as a JSON Web Key: P-256, Ed25519, or RSA from 2,048 bits.",
            max_length=16,
        ),
    ]


class EnrolmentAnswer(BaseModel):
    """Whose key it is now. kid: what assertions name it by."""

    client_id: str
    kid: str
    issuer: str
    token_endpoint: str


#: Of credentials as RFC 6749 has it.
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": OAuthError},
    401: {"model": OAuthError},
}


async def _form(request: StrictRequest) -> dict[str, str]:
    content = await request.content(_FORM)
    try:
        pairs = parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(content),
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        pairs = None
    if pairs is None or len(dict(pairs)) != len(pairs):
        raise BodyMalformed("not a form in which each name stands once")
    return dict(pairs)


_FORM_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"enum": [CLIENT_CREDENTIALS, TOKEN_EXCHANGE]},
                        "client_assertion_type": {"enum": [ASSERTION_TYPE]},
                        "client_assertion": {"type": "string"},
                        "scope": {"type": "string"},
                        "purpose": {
                            "type": "string",
                            "description": "The purposes the token is to be bound to, between blanks.",
                        },
                        "subject_token": {"type": "string"},
                        "subject_token_type": {"type": "string"},
                    },
                }
            }
        },
    },
    "parameters": [
        {
            "name": "DPoP",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "A proof of the key the token is to be bound to (RFC 9449).",
        }
    ],
}


@router.post(
    TOKEN_PATH,
    response_model=TokenAnswer,
    response_model_exclude_none=True,
    responses=_REFUSALS,
    openapi_extra=_FORM_BODY,
)
def token(request: Request, hub: HubOf, form: Annotated[dict[str, str], Depends(_form)]) -> Any:
    """A short access token for a client's signed assertion, bound to the key of the DPoP proof.

    With `grant_type` token exchange, for a constituent who signed in at a trusted provider.
    """
    _count(request)
    asked = TokenRequest(
        grant_type=form.get("grant_type", ""),
        assertion_type=form.get("client_assertion_type", ""),
        assertion=form.get("client_assertion", ""),
        proof=request.headers.get("dpop", ""),
        method=request.method,
        address=address_of(request, hub),
        scope=form.get("scope", ""),
        purpose=form.get("purpose", ""),
        subject_token=form.get("subject_token", ""),
        subject_token_type=form.get("subject_token_type", ""),
    )
    try:
        issued = issue(hub, asked)
    except CredentialsRefused as refused:
        return _refused(refused)
    is_exchange = asked.grant_type == TOKEN_EXCHANGE
    return TokenAnswer(
        access_token=issued.token,
        token_type="DPoP",  # noqa: S106 (the type's name)
        expires_in=issued.lasts_s,
        scope=" ".join(sorted(issued.scopes)),
        purpose=" ".join(sorted(issued.purposes)),
        issued_token_type="urn:ietf:params:oauth:token-type:access_token" if is_exchange else None,
    )


@router.post(
    ENROLMENT_PATH,
    status_code=201,
    responses=_REFUSALS,
)
def enrolments(request: Request, hub: HubOf, wanted: Enrolment) -> EnrolmentAnswer:
    """Enrol a client's public key, for the code an operator gave and a DPoP proof made with that key."""
    _count(request)
    try:
        made = enrol(
            hub,
            wanted.code,
            wanted.key,
            request.headers.get("dpop", ""),
            request.method,
            address_of(request, hub),
        )
    except CredentialsRefused as refused:
        return _refused(refused)  # type: ignore[return-value]
    return EnrolmentAnswer(
        client_id=made.client,
        kid=made.kid,
        issuer=made.issuer,
        token_endpoint=hub.access.public_url + TOKEN_PATH,
    )


@router.get(JWKS_PATH)
def jwks(hub: HubOf) -> dict[str, list[dict[str, str]]]:
    """The key that the hub's own tokens are verified with, as a JSON Web Key Set."""
    key = issuer_key(hub)
    return {"keys": [{**key.members, "kid": key.thumbprint, "alg": key.algorithm, "use": "sig"}]}


@router.get("/.well-known/oauth-authorization-server")
def metadata(hub: HubOf) -> dict[str, Any]:
    """What the hub's own issuer offers (RFC 8414)."""
    base = hub.access.public_url
    return {
        "issuer": base,
        "token_endpoint": base + TOKEN_PATH,
        "jwks_uri": base + JWKS_PATH,
        "grant_types_supported": [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "Ed25519"],
        "dpop_signing_alg_values_supported": ["ES256", "PS256", "Ed25519"],
    }


def _count(request: Request) -> None:
    client = request.client
    throttle_of(request).require_room_for_stranger("" if client is None else client.host)


def _refused(refused: CredentialsRefused) -> Response:
    error, status = _ERRORS.get(refused.what, ("invalid_request", 400))
    return Response(
        msgspec.json.encode({"error": error, "error_description": str(refused)}),
        status,
        media_type="application/json",
    )
