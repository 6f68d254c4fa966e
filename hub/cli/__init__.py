"""The command line `hub`: one module per noun. Parses, calls one journey, prints its answer.

Decides wording and exit codes: 0 done, 1 refused or failed with the reason on standard error, 2 wrong
usage, 130 interrupted.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    # Worker processes import this module as their main one, and need none of the commands: imported
    # above, they would cost each worker seconds before its first row.
    import structlog  # noqa: PLC0415

    from hub.cli.app import app  # noqa: PLC0415
    from hub.cli.failures import sentence_for, unforeseen  # noqa: PLC0415
    from hub.cli.output import errors, refuse  # noqa: PLC0415

    # Standard output is for answers alone: what threads tell of themselves goes to standard error.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        app()
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            errors.print(
                "interrupted; what was committed stays, and the next run goes on from there"
            )
        raise
    except Exception as error:  # noqa: BLE001 (nothing of a foreign message may reach the screen)
        refuse(sentence_for(error) or unforeseen(error))
        sys.exit(1)
