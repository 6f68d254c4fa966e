"""What a constituent took away, given back to be checked: the file, and the key it is checked with."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Annotated

import typer

from hub import wiring
from hub.domain.errors import HubError
from hub.settings import read_settings

PublicKey = Annotated[
    str | None,
    typer.Option(
        metavar="BASE64", help="The hub's public key (`hub rights public-key`); default: its own."
    ),
]


class NotAKey(HubError):
    """What was given is no public key."""


class FileUnreadable(HubError):
    """A file to be checked cannot be read."""


def read(file: Path) -> bytes:
    """Its bytes. Raises FileUnreadable."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}") from error


def public(given: str | None) -> bytes:
    """The key given in base64, or this hub's own. Raises NotAKey."""
    if given is None:
        return wiring.certificate_key(read_settings()).public
    try:
        return b64decode(given, validate=True)
    except ValueError:
        raise NotAKey("a public key is 32 bytes in base64") from None
