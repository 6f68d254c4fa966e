"""What a call can end with other than an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """A call to the hub did not end well."""


class Unreachable(ClientError):
    """Nobody answered there, or not in time."""


class ProblemTold(ClientError):
    """The hub told of a problem (RFC 9457). name: the end of its type. members: what it says beside."""

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        members: Mapping[str, Any],
        retry_after_s: int | None,
    ) -> None:
        self.status = status
        self.name = name
        self.detail = detail
        self.members = members
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {name}: {detail or title}")
