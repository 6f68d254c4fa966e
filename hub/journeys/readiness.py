"""Whether this process can answer calls now: the database, its schema, and a disclosure log that keeps up.

Decides what must hold. Whoever sends calls here is told which does not; what to do about it is in docs/running.md.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from hub.domain.errors import DatabaseUnreachable, MigrationBehind
from hub.journeys.context import Hub
from hub.journeys.log_lag import DisclosureLogBehind, lag_s
from hub.store import database


class Failing(StrEnum):
    """A check that does not hold."""

    DATABASE = "database"
    SCHEMA = "schema"
    DISCLOSURE_LOG = "disclosure_log"


def readiness(hub: Hub) -> list[Failing]:
    """The checks that do not hold; none where calls can be answered."""
    try:
        database.require_schema(hub.engine)
        with database.transaction(hub.engine) as connection:
            lag = lag_s(hub, connection)
    except MigrationBehind:
        return [Failing.SCHEMA]
    except DisclosureLogBehind:
        return [Failing.DISCLOSURE_LOG]
    except (DatabaseUnreachable, SQLAlchemyError):
        return [Failing.DATABASE]
    return [Failing.DISCLOSURE_LOG] if lag > hub.limits.log_lag_max_s else []
