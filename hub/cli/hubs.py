"""`hub init | migrate | stop | doctor`: the hub itself."""

from __future__ import annotations

from typing import Annotated

import typer

from hub import wiring
from hub.cli.output import answers, print_json
from hub.domain.errors import HubError, ModelUnfit, ScorerMismatch
from hub.journeys.context import Hub
from hub.journeys.scorers import prove_scorers
from hub.settings import read_settings


def init() -> None:
    """Make the data folder, the root key, the database and its schema; what exists is kept."""
    report = wiring.init(read_settings())
    where = "embedded PostgreSQL" if report.is_embedded else "HUB_DATABASE_URL"
    answers.print(f"hub ready: {where}, data folder {report.data_dir}")
    if report.is_new_key:
        answers.print(
            f"root key made: {report.root_key_path}\n"
            "Keep a copy apart from the database's backups: without it nothing can be opened again."
        )


def migrate() -> None:
    """Bring the database's schema to this release, as the owner of the tables."""
    wiring.migrate(read_settings())
    answers.print("schema up to date")


def stop() -> None:
    """Stop the embedded database."""
    was_running = wiring.stop_server(read_settings())
    answers.print("stopped" if was_running else "not running")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Check key, database, schema, counts and the active models; exit 1 when something is wrong."""
    try:
        with wiring.open_hub(read_settings()) as hub:
            facts = wiring.health(hub)
            proven, failure = _proven(hub)
    except HubError as error:
        if as_json:
            print_json({"is_healthy": False, "reason": str(error)})
            raise typer.Exit(1) from error
        raise
    facts["models"] = failure or proven
    if as_json:
        print_json({"is_healthy": not failure, **({"reason": failure} if failure else {}), **facts})
    else:
        for name, value in facts.items():
            answers.print(f"{name:<24} {value}", soft_wrap=True)
    if failure:
        raise typer.Exit(1)


def _proven(hub: Hub) -> tuple[str, str]:
    """The active models that gave the answers they gave when published, and what failed, empty if nothing."""
    try:
        names = prove_scorers(hub)
    except (ScorerMismatch, ModelUnfit) as refused:
        return "", f"FAILED: {refused}"
    return f"proven: {', '.join(names)}" if names else "none published", ""
