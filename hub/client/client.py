"""The hub as one client of it sees it: a method for each thing the API does, values in and out.

Decides nothing: what is refused is raised as ProblemTold, as the hub told it.
"""

from __future__ import annotations

from collections.abc import Collection
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from hub.client.identity import Identity
from hub.client.profiles import Description, LookUpAnswer, RecordRef
from hub.client.transport import Transport, Wanted

Whom = RecordRef | Description | UUID
"""A record's key, a description, or the id that this agency was shown."""


class HubClient:
    """Calls one hub with one kind of token. scope, purpose: between blanks; empty for all that the client has.

    sign_in: a signed-in constituent's token, for a portal that acts for her.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        base_url: str | None = None,
        scope: str = "",
        purpose: str = "",
        sign_in: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        wanted = Wanted(scope, purpose, sign_in)
        self._transport = Transport(base_url or identity.issuer, identity, wanted, timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def credentials(self, method: str, path: str) -> dict[str, str]:
        """The headers that admit one request which another program sends. Raises ClientError."""
        return self._transport.credentials(method, path)

    def look_up(
        self,
        whom: Whom,
        categories: Collection[str],
        *,
        purpose: str,
        case: str,
        user: str | None = None,
        agreement: str | None = None,
    ) -> LookUpAnswer:
        """Look a constituent up, for a purpose the token is bound to and on a case of the agency's."""
        body = _question(whom, purpose, case, user, agreement) | {"categories": sorted(categories)}
        return self._transport.send("POST", "/v1/profile-lookups", body=body).read(LookUpAnswer)


def _question(
    whom: Whom, purpose: str, case: str, user: str | None, agreement: str | None
) -> dict[str, Any]:
    said: dict[str, Any] = {"purpose": purpose, "case": case}
    if isinstance(whom, RecordRef):
        said["record"] = whom
    elif isinstance(whom, Description):
        said["description"] = whom
    else:
        said["id"] = whom
    return said | {
        name: value for name, value in (("user", user), ("agreement", agreement)) if value
    }
