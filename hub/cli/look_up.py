"""`hub look-up`: what an agency would be told of a constituent, decided and logged as if it had asked itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from consent.decision import Told
from consent.log.entry import Outcome
from consent.vocabulary import Assurance, DataCategory
from hub import wiring
from hub.cli.output import answers, print_json
from hub.domain.errors import HubError
from hub.domain.records import RecordKey
from hub.domain.released import Origin, ReleasedProfile, ReleasedValue
from hub.journeys.describing import Description
from hub.journeys.disclosing import Asker
from hub.journeys.look_up import Answer, ByShown, LookUp, Whom
from hub.journeys.look_up import look_up as journey
from hub.journeys.sealing_worker import SealingWorker
from hub.settings import read_settings

_STDIN = "-"


class DescriptionInvalid(HubError):
    """What stands for a description is none: names the path in it and the rule."""


def look_up(
    agency: Annotated[str, typer.Option(help="The agency that asks.")],
    purpose: Annotated[str, typer.Option(help="What for: a purpose of the policy.")],
    case: Annotated[str, typer.Option(help="The case it is for, as the agency calls it.")],
    reference: Annotated[
        str | None,
        typer.Argument(help="SOURCE:KEY of a record, or the id the agency was shown."),
    ] = None,
    describe: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="A description in JSON in place of a reference; - reads it from stdin.",
        ),
    ] = None,
    category: Annotated[
        list[DataCategory] | None, typer.Option(help="A category asked for; default: all of them.")
    ] = None,
    agreement: Annotated[str | None, typer.Option(help="The agreement it invokes.")] = None,
    assurance: Annotated[
        str, typer.Option(help="How surely its user is authenticated: low, substantial or high.")
    ] = "low",
    system: Annotated[str, typer.Option(help="The agency's system.")] = "command line",
    user: Annotated[str | None, typer.Option(help="Who asks; logged as a pseudonym.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Look a constituent up for an agency: only what the policy permits is opened, and the log says so.

    Exit code 1 where nothing is released.
    """
    wanted = frozenset(category or DataCategory)
    asked = LookUp(
        asker=Asker(agency, system, case, user),
        whom=_whom(reference, describe),
        purpose=purpose,
        requested=wanted,
        scope=wanted | {DataCategory.EXISTENCE},
        agreement=agreement,
        assurance=_assurance(assurance),
    )
    with wiring.open_hub(read_settings()) as hub, SealingWorker(hub):
        answer = journey(hub, asked)
    if as_json:
        print_json(answer)
    else:
        print_answer(answer)
    if answer.outcome is not Outcome.RELEASED:
        raise typer.Exit(1)


def _assurance(name: str) -> Assurance:
    try:
        return Assurance[name.upper()]
    except KeyError:
        raise typer.BadParameter("low, substantial or high", param_hint="--assurance") from None


def _whom(reference: str | None, describe: str | None) -> Whom:
    if (reference is None) == (describe is None):
        raise typer.BadParameter("give a reference, or --describe, and not both")
    if describe is not None:
        return _description(describe)
    assert reference is not None
    try:
        return ByShown(UUID(reference))
    except ValueError:
        pass
    try:
        return RecordKey.parse(reference)
    except ValueError:
        raise typer.BadParameter("a record's SOURCE:KEY, or the id the agency was shown") from None


def _description(file: str) -> Description:
    """Read from a file, since what stands on a command line other users of the machine can see."""
    try:
        content = sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
        return msgspec.json.decode(content, type=Description)
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror}"
    except msgspec.ValidationError as error:
        # What the library says may quote a value; where it stood does not.
        place = str(error).rpartition(" - at ")[2].strip("`") or "$"
        problem = f"description: {place} is not of the right form"
    except msgspec.DecodeError:
        problem = "description: not JSON"
    raise DescriptionInvalid(problem)


# --- wording ---------------------------------------------------------------------------------------


def print_answer(answer: Answer) -> None:
    """An answer as the agency's clerk reads it."""
    if answer.profile is None:
        answers.print(Text.assemble((_OUTCOMES[answer.outcome], "bold"), *_why(answer)))
    else:
        print_released(answer.profile)
        for told in answer.told:
            if told.reasons:
                answers.print(_withheld(told), soft_wrap=True)
    answers.print(f"entry {answer.disclosure} of the disclosure log")


_OUTCOMES = {
    Outcome.REFUSED: "refused",
    Outcome.NO_MATCH: "no match",
    Outcome.AMBIGUOUS: "ambiguous: the description fits more than one constituent",
    Outcome.RELEASED: "released",
}


def _why(answer: Answer) -> Iterator[str]:
    sentences = [reason.sentence for reason in answer.reasons]
    if answer.is_too_little:
        sentences.append("the description holds too little to find anybody by")
    if sentences:
        yield ": " + "; ".join(sentences)


def _withheld(told: Told) -> str:
    reasons = "; ".join(reason.sentence for reason in told.reasons)
    return f"withheld: {told.category} of {told.source or 'another agency'}: {reasons}"


def print_released(profile: ReleasedProfile) -> None:
    """What is released, each value with where it comes from as far as that may be told."""
    answers.print(Text.assemble((f"{profile.kind} {profile.id}", "bold")))
    table = Table("attribute", "value", "agency", "as of", "differs")
    for one in profile.attributes:
        table.add_row(
            one.attribute,
            one.shown.value,
            *_origin(one.shown.origin),
            "; ".join(map(_with_agency, one.others)),
        )
    for item in profile.holdings:
        holding = item.holding
        term = " to ".join(str(day) for day in (holding.valid_from, holding.valid_until) if day)
        value = " ".join(filter(None, (holding.number, holding.status, term)))
        table.add_row(holding.type, value, *_origin(item.origin), "")
    for case in profile.cases:
        table.add_row(case.case.type, case.case.number, *_origin(case.origin), "")
    answers.print(table)
    for what, values in (("roles", profile.roles), ("relationships", profile.relationships)):
        if values:
            answers.print(f"{what}: {', '.join(values)}")


def _origin(origin: Origin | None) -> tuple[str, str]:
    return ("", "") if origin is None else (origin.agency, str(origin.as_of or ""))


def _with_agency(one: ReleasedValue) -> str:
    return one.value if one.origin is None else f"{one.value} ({one.origin.agency})"
