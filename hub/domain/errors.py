"""The accidents a caller can meet, one base. A refusal is a value elsewhere, never raised here.

Each error carries the facts; none carries a personal value. Status codes and exit codes are given by
the edges (api, hub.cli), never below them.
"""

from __future__ import annotations


class HubError(Exception):
    """Anything the hub refuses or fails at knowingly. str() is a sentence fit for an operator."""

    def __reduce__(self) -> tuple[object, ...]:
        """Errors of worker processes travel by pickle, which would call __init__ with the sentence."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[HubError], args: tuple[object, ...], facts: dict[str, object]) -> HubError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class SettingsInvalid(HubError):
    """A setting is missing or out of its limits."""


class SourceInvalid(HubError):
    """A source's or evaluation's YAML breaks its schema: names the file, the path in it and the rule."""

    def __init__(self, file: str, problems: list[str]) -> None:
        self.file = file
        self.problems = problems
        super().__init__(f"{file}: " + "; ".join(problems))


class SourceUnreadable(HubError):
    """A source cannot be read as a whole: names the place and the rule, never a value."""

    def __init__(self, source: str, rule: str, detail: str = "") -> None:
        self.source = source
        self.rule = rule
        self.detail = detail
        super().__init__(f"source {source}: {rule}" + (f" ({detail})" if detail else ""))


class TooManyRejected(HubError):
    """A load stopped because more rows were rejected than the source's contract allows."""

    def __init__(self, source: str, rejected: int, read: int, share_max: float) -> None:
        self.source = source
        super().__init__(
            f"source {source}: {rejected} of {read} rows rejected, more than the contract's "
            f"{share_max:.1%}; see `hub quarantine list`"
        )


class DatabaseUnreachable(HubError):
    """The database does not answer at the configured address."""


class MigrationBehind(HubError):
    """The database's schema is not the one this release expects; run `hub migrate`."""


class KeyFileInvalid(HubError):
    """The root key file is missing, malformed or readable by others."""


class WrongRootKey(HubError):
    """The root key is not the one this database was sealed with."""


class SealBroken(HubError):
    """A sealed value does not open: altered, moved to another row, or sealed under another key."""


class LogBroken(HubError):
    """The disclosure log cannot go on from what is stored: something of it was altered or removed."""


class ModelUnfit(HubError):
    """A model may not be published; `reasons` names each level or figure that failed."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("model refused: " + "; ".join(reasons))


class ModelUnknown(HubError):
    """No model of that name was published."""


class TooFewToTrain(HubError):
    """Too few records or candidate pairs to learn a model from."""


class RecordUnknown(HubError):
    """No record under that key."""


class ConstituentUnknown(HubError):
    """No constituent was ever issued that id."""


class ServerUnavailable(HubError):
    """The embedded PostgreSQL server cannot be initialised, started or joined."""


class ScorerMismatch(HubError):
    """The compiled model answers otherwise than the batch did when it was published: not to be served."""

    def __init__(self, different: int, of: int) -> None:
        self.different = different
        self.of = of
        super().__init__(f"compiled model refused: {different} of {of} canary pairs differ")
