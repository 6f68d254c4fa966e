"""The typed HTTP client: keys, tokens and proofs inside, values outside. Needs nothing else of the hub."""

from hub.client.client import HubClient
from hub.client.errors import ClientError, ProblemTold, Unreachable
from hub.client.events import Event, EventKind, EventPage
from hub.client.identity import Identity, enrol
from hub.client.profiles import (
    Attribute,
    Description,
    Found,
    LookUpAnswer,
    Profile,
    RecordRef,
)
from hub.client.records import Arrival, RowAnswer
from hub.client.verifications import (
    BornOn,
    Claim,
    HasDied,
    Holds,
    IsNamed,
    IsNumbered,
    IsOfAge,
    IsReachedAt,
    LivesAt,
    Truth,
    VerifyAnswer,
)

__all__ = [
    "Arrival",
    "Attribute",
    "BornOn",
    "Claim",
    "ClientError",
    "Description",
    "Event",
    "EventKind",
    "EventPage",
    "Found",
    "HasDied",
    "Holds",
    "HubClient",
    "Identity",
    "IsNamed",
    "IsNumbered",
    "IsOfAge",
    "IsReachedAt",
    "LivesAt",
    "LookUpAnswer",
    "ProblemTold",
    "Profile",
    "RecordRef",
    "RowAnswer",
    "Truth",
    "Unreachable",
    "VerifyAnswer",
    "enrol",
]
