"""Options that several nouns have, each worded once."""

from __future__ import annotations

from typing import Annotated

import typer

Cleared = Annotated[
    bool,
    typer.Option("--cleared", help="Whoever asks may see constituents at risk; else left out."),
]
