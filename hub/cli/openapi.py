"""`hub openapi`: the API's description; no hub is opened for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.app import described_app
from api.openapi import written
from hub.cli.output import writing


def openapi(
    out: Annotated[
        Path | None, typer.Option(help="The file to write; default: standard output.")
    ] = None,
) -> None:
    """Write the API's description, OpenAPI 3.1 in JSON."""
    text = written(described_app().openapi())
    if out is None:
        sys.stdout.write(text)
    else:
        with writing(out):
            out.write_text(text, encoding="utf-8")
