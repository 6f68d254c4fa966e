"""The hub as one client of it sees it: a method for each thing the API does, values in and out.

Decides nothing: what is refused is raised as ProblemTold, as the hub told it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from hub.client.agreements import Agreements
from hub.client.auditors import Alarms, Log
from hub.client.consents import Consents
from hub.client.events import Events
from hub.client.identity import Identity
from hub.client.me import Me
from hub.client.operators import Clients, Sources
from hub.client.profiles import Description, LookUpAnswer, RecordRef
from hub.client.records import Records
from hub.client.representations import Representations
from hub.client.restrictions import Restrictions
from hub.client.rights import Disclosures, Requests
from hub.client.stewards import Constituents, Judgements, Pins, Reviews
from hub.client.tasks import Corrections, Notices
from hub.client.transport import Transport, Wanted
from hub.client.verifications import Claim, VerifyAnswer

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
        self.constituents = Constituents(self._transport)
        self.reviews = Reviews(self._transport)
        self.judgements = Judgements(self._transport)
        self.pins = Pins(self._transport)
        self.clients = Clients(self._transport)
        self.sources = Sources(self._transport)
        self.alarms = Alarms(self._transport)
        self.log = Log(self._transport)
        self.records = Records(self._transport)
        self.events = Events(self._transport)
        self.agreements = Agreements(self._transport)
        self.consents = Consents(self._transport)
        self.corrections = Corrections(self._transport)
        self.disclosures = Disclosures(self._transport)
        self.me = Me(self._transport)
        self.notices = Notices(self._transport)
        self.requests = Requests(self._transport)
        self.representations = Representations(self._transport)
        self.restrictions = Restrictions(self._transport)

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

    def verify(
        self,
        whom: Whom,
        claims: Sequence[Claim],
        *,
        purpose: str,
        case: str,
        user: str | None = None,
        agreement: str | None = None,
    ) -> VerifyAnswer:
        """Ask whether what is claimed of a constituent is so: of each topic one claim at most."""
        body = _question(whom, purpose, case, user, agreement) | {"claims": list(claims)}
        return self._transport.send("POST", "/v1/verifications", body=body).read(VerifyAnswer)


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
