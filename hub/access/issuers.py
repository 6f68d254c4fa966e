"""Whose tokens are believed: the hub's own issuer, or the ones a YAML document names, with their keys in a file.

Decides what such a document may say. Keys are read from files beside it and never fetched: an address in a token or a
document that the server would open is a door into its network (SSRF).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.access.flaws import CredentialsRefused
from hub.access.keys import PublicKey, public_key
from hub.documents import (
    DOCUMENT_BYTES_MAX,
    DocumentUnreadable,
    StrictLoader,
    path_of,
    read_document,
)
from hub.domain.errors import HubError

Level = Literal["low", "substantial", "high"]


class IssuersInvalid(HubError):
    """The document of trusted issuers breaks its schema: names the file, the place and the rule."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"{file.name}: " + "; ".join(problems))


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer of access tokens. keys: by `kid`. The claims: what it calls what the hub needs to know."""

    issuer: str
    audience: str
    keys: Mapping[str, PublicKey] = field(repr=False)
    lasts_max: timedelta = timedelta(minutes=10)
    client_claim: str = "client_id"
    agency_claim: str = "agency"
    purpose_claim: str = "purpose"
    roles_claim: str = "roles"


@dataclass(frozen=True, slots=True)
class CitizenIssuer:
    """A provider at which constituents sign in. source: whose record keys its subjects are.

    assurance: its `acr` -> the level that counts here; another `acr` is refused. portals: the clients that may
    exchange its tokens.
    """

    issuer: str
    audience: str
    keys: Mapping[str, PublicKey] = field(repr=False)
    source: str
    assurance: Mapping[str, Level]
    portals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trusted:
    """All issuers that are believed, by name."""

    access: Mapping[str, TrustedIssuer]
    citizens: Mapping[str, CitizenIssuer]


# --- the document --------------------------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Name = Annotated[str, Field(min_length=1, max_length=256)]


class _Access(_Strict):
    issuer: Name
    audience: Name
    keys: Name
    lasts_max_s: Annotated[int, Field(ge=60, le=3_600)] = 600
    client_claim: Name = "client_id"
    agency_claim: Name = "agency"
    purpose_claim: Name = "purpose"
    roles_claim: Name = "roles"


class _Citizens(_Strict):
    issuer: Name
    audience: Name
    keys: Name
    source: Name
    assurance: Annotated[dict[str, Level], Field(min_length=1)]
    portals: Annotated[list[Name], Field(min_length=1)]


class IssuersDocument(_Strict):
    """`hub/issuers@1`: the issuers of agencies' and staff's tokens, and the providers at which constituents sign in."""

    schema_: Literal["hub/issuers@1"] = Field(alias="schema")
    access: list[_Access] = []
    citizens: list[_Citizens] = []


class _Loader(StrictLoader):
    """Numbers are the only guess."""


_Loader.guess([("int", "[0-9]+", "0123456789")])


def read_issuers(file: Path) -> Trusted:
    """The issuers of a document, their keys read from the files it names. Raises IssuersInvalid."""
    try:
        stated = IssuersDocument.model_validate(read_document(file, _Loader))
    except DocumentUnreadable as error:
        problems = [str(error)]
    except ValidationError as error:
        problems = [f"{path_of(item['loc'])}: {item['msg']}" for item in error.errors()]
    else:
        return _trusted(file, stated)
    raise IssuersInvalid(file, problems)


def _trusted(file: Path, stated: IssuersDocument) -> Trusted:
    names = [*(one.issuer for one in stated.access), *(one.issuer for one in stated.citizens)]
    if len(set(names)) != len(names):
        raise IssuersInvalid(file, ["an issuer is named twice"])
    return Trusted(
        {
            one.issuer: TrustedIssuer(
                one.issuer,
                one.audience,
                _keys(file, one.keys),
                timedelta(seconds=one.lasts_max_s),
                one.client_claim,
                one.agency_claim,
                one.purpose_claim,
                one.roles_claim,
            )
            for one in stated.access
        },
        {
            one.issuer: CitizenIssuer(
                one.issuer,
                one.audience,
                _keys(file, one.keys),
                one.source,
                one.assurance,
                frozenset(one.portals),
            )
            for one in stated.citizens
        },
    )


_NO_KEYS: Final = (
    "is not a JSON Web Key Set of keys that are taken (P-256, Ed25519, RSA from 2,048 bits)"
)


def _keys(file: Path, name: str) -> dict[str, PublicKey]:
    """A key set's keys by `kid`, by thumbprint where one has none. Raises IssuersInvalid."""
    path = file.parent / name
    try:
        if path.stat().st_size > DOCUMENT_BYTES_MAX:
            raise ValueError
        members = json.loads(path.read_text("utf-8"))["keys"]
        found = [(one.get("kid"), public_key(one)) for one in members]
    except OSError as error:
        problem = f"cannot be read ({type(error).__name__})"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CredentialsRefused):
        problem = _NO_KEYS
    else:
        if found:
            return {kid or key.thumbprint: key for kid, key in found}
        problem = _NO_KEYS
    raise IssuersInvalid(file, [f"keys: {name} {problem}"])
