"""The command line `hub`: one module per noun. Parses, calls one journey, prints its answer.

Decides wording and exit codes: 0 done, 1 refused or failed with the reason on standard error, 2 wrong
usage, 130 interrupted.
"""

from __future__ import annotations

import sys

from hub.domain.errors import HubError

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    # Worker processes import this module as their main one, and need none of the commands: imported
    # above, they would cost each worker seconds before its first row.
    from hub.cli.app import app  # noqa: PLC0415
    from hub.cli.output import errors  # noqa: PLC0415

    try:
        app()
    except HubError as error:
        errors.print(f"[bold red]refused[/]: {error}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("interrupted; what was committed stays, and the next run goes on from there")
        sys.exit(130)
