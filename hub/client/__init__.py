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

__all__ = [
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
    "Unreachable",
    "enrol",
]
