"""The typed HTTP client: keys, tokens and proofs inside, values outside. Needs nothing else of the hub."""

from hub.client.client import HubClient
from hub.client.errors import ClientError, ProblemTold, Unreachable
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

__all__ = [
    "Arrival",
    "Attribute",
    "ClientError",
    "Description",
    "Found",
    "HubClient",
    "Identity",
    "LookUpAnswer",
    "ProblemTold",
    "Profile",
    "RecordRef",
    "RowAnswer",
    "Unreachable",
    "enrol",
]
