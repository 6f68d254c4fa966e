"""`hub demo seed`: a small invented world in a hub of its own, for who wants to try the API.

Decides when a hub may be filled: an embedded one that is empty, or that this command filled before. Serving it is
`hub serve`'s, which knows of no demo.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from demo.generate import source_files
from demo.story import MARIA
from hub import wiring
from hub.cli.demo import world_in
from hub.cli.demo_privacy import state_policy
from hub.cli.output import answers, errors
from hub.domain.errors import HubError, SettingsInvalid
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.settings import read_settings

_WORLD: Final = "world"
_DONE: Final = "seeded"


class NotEmpty(HubError):
    """The hub holds records that are not the demo's."""

    def __init__(self) -> None:
        super().__init__("the hub holds records already: the demo's are put into an empty one only")


def seed(
    folder: Annotated[Path, typer.Option("--dir", help="Where the world is kept.")],
    people: Annotated[int, typer.Option(min=50, help="How many people live in it.")] = 200,
    number: Annotated[int, typer.Option("--seed", help="The same gives the same world.")] = 7,
) -> None:
    """Fill the hub of HUB_DATA_DIR with a small invented world and its policy, where that was not done before."""
    settings = read_settings()
    if settings.database_url is not None:
        raise SettingsInvalid("HUB_DATABASE_URL: the demo's records belong in an embedded database")
    done = folder / _DONE
    if not done.exists():
        was_begun = (folder / _WORLD).exists()
        world = folder / _WORLD
        manifest = world_in(world, people, number)
        wiring.init(settings)
        with wiring.open_hub(settings) as hub:
            if not was_begun and wiring.health(hub)["persons"]:
                raise NotEmpty
            errors.print(f"{manifest.records:,} records of invented people: loading and linking")
            _fill(hub, world, settings.chunk_rows)
        done.touch()
    answers.print(f"parks knows Maria Okafor, who is invented, as {MARIA.parks}")


def _fill(hub: Hub, world: Path, chunk_rows: int) -> None:
    """The same as often as it is begun: what an interrupted run left is met unchanged."""
    load_sources(hub, wiring.read_sources(source_files(world), chunk_rows))
    state_policy(hub)
    for kind in ConstituentKind:
        link_kind(hub, kind)
