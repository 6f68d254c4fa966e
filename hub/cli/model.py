"""`hub model list | show | export`: published models, their cards, and how one leaves its hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import (
    answers,
    errors,
    print_json,
    require_writable,
    write_private,
    writing,
)
from hub.journeys import models
from hub.settings import read_settings

app = typer.Typer(help="Published models.", no_args_is_help=True)


@app.command("list")
def list_all() -> None:
    """List published models, newest first."""
    with wiring.open_hub(read_settings()) as hub:
        rows = models.list_models(hub)
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
        print_json(models.show_model(hub, name))


@app.command("export")
def export(
    name: Annotated[str, typer.Argument(help="A model's name, or a kind for its active one.")],
    out: Annotated[Path, typer.Option(help="FILE.json; FILE.frequencies.json is written too.")],
) -> None:
    """Write a model as two files, for an evaluation or another hub; the second holds personal values."""
    if out.suffix != ".json":
        raise typer.BadParameter("the name ends in .json", param_hint="--out")
    frequencies = frequencies_file(out)
    for file in (out, frequencies):
        require_writable(file)
    with wiring.open_hub(read_settings()) as hub:
        model = models.export_model(hub, name)
    write_private(frequencies, model.rarities_to_json())
    with writing(out):
        out.write_text(model.to_json() + "\n", encoding="utf-8")
    answers.print(f"{model.name} in {out}", soft_wrap=True)
    errors.print(
        f"warning: {frequencies} holds names and other personal values in the clear, readable by this "
        "user alone (0600); delete it when the model has been used",
        soft_wrap=True,
    )


def frequencies_file(model_file: Path) -> Path:
    """Where a model file's term frequencies are: X.frequencies.json beside X.json."""
    return model_file.with_suffix(".frequencies.json")
