"""`hub model list | show`: published models and their cards."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, print_json
from hub.journeys.models import list_models, show_model
from hub.settings import read_settings

app = typer.Typer(help="Published models.", no_args_is_help=True)


@app.command("list")
def list_all() -> None:
    """List published models, newest first."""
    with wiring.open_hub(read_settings()) as hub:
        rows = list_models(hub)
    table = Table("model", "kind", "published", "active")
    for row in rows:
        table.add_row(
            row.name, row.kind, f"{row.published_at:%Y-%m-%d %H:%M}", "yes" if row.is_active else ""
        )
    answers.print(table)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A model's name, or a kind for its active one.")],
) -> None:
    """Print a model's parameters and card as JSON; its term frequencies hold names and stay sealed."""
    with wiring.open_hub(read_settings()) as hub:
        print_json(show_model(hub, name))
