"""`hub log seal | verify | export | prove | key`: the disclosure log, sealed and shown to who asks for proof."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from consent.log.verify import Finding
from hub import wiring
from hub.cli.output import (
    answers,
    print_json,
    require_writable,
    write_private,
    writing_private,
)
from hub.domain.errors import HubError
from hub.journeys import disclosure_log
from hub.journeys.replay import ReplayFinding
from hub.journeys.verify_log import LogReport, verify_log
from hub.settings import read_settings

app = typer.Typer(
    help="The disclosure log: every release and refusal, sealed, and what proves it.",
    no_args_is_help=True,
)


class CheckpointUnreadable(HubError):
    """A checkpoint that was handed in cannot be read."""


@app.command("seal")
def seal() -> None:
    """Number what is pending and sign a checkpoint where anything is new. `hub serve` does so by itself."""
    with wiring.open_hub(read_settings()) as hub:
        sealed = disclosure_log.seal(hub, is_forced=True)
    if sealed is None:
        answers.print("nothing new to sign")
    else:
        answers.print(f"signed for {sealed.size:,} entries, {sealed.erased:,} of them erased")


@app.command("verify")
def verify(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="A checkpoint that somebody kept; repeatable."
        ),
    ] = None,
    replay_from: Annotated[
        int, typer.Option(min=0, help="Make again only decisions from this number on.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Check signatures, tree and entries, and make each decision again; exit 1 when anything does not hold."""
    held = [_content(file) for file in checkpoints or ()]
    with wiring.open_hub(read_settings()) as hub:
        report = verify_log(hub, held, replay_from=replay_from)
    if as_json:
        print_json({"holds": report.holds} | asdict(report))
    else:
        print_report(report)
    if not report.holds:
        raise typer.Exit(1)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to; only this user will be able to read it.")],
) -> None:
    """Write the whole log for an auditor, who checks it with consent/log/verify.py alone."""
    require_writable(file)
    with wiring.open_hub(read_settings()) as hub, writing_private(file) as out:
        rows = disclosure_log.export(hub, out.write)
    answers.print(f"{rows:,} entries in {file}")


@app.command("prove")
def prove(
    disclosure: Annotated[int, typer.Argument(min=1, help="The disclosure's number.")],
    file: Annotated[Path, typer.Argument(help="Where to; only this user will be able to read it.")],
) -> None:
    """Write a proof that the log holds one entry, for the constituent to keep (C2SP tlog-proof)."""
    require_writable(file)
    with wiring.open_hub(read_settings()) as hub:
        proof = disclosure_log.prove(hub, disclosure)
    write_private(file, str(proof).encode())
    answers.print(f"entry {proof.index} proven in {file}")


@app.command("key")
def key() -> None:
    """Print the key that checkpoints and proofs are verified with. Publish it where the log is not kept."""
    with wiring.open_hub(read_settings()) as hub:
        answers.print(str(disclosure_log.log_key(hub)), soft_wrap=True)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CheckpointUnreadable(f"{file} cannot be read: {error.strerror}") from error


def print_report(report: LogReport) -> None:
    """What was checked, and what was found not to hold."""
    tree = report.tree
    findings: list[Finding | ReplayFinding] = [*tree.findings, *report.findings]
    for finding in findings:
        row = "-" if finding.row is None else finding.row
        answers.print(f"{finding.kind.value}: {row} {finding.detail}".rstrip(), soft_wrap=True)
    left_out = tree.findings_left_out + report.findings_left_out
    if left_out:
        answers.print(f"and {left_out:,} more")
    answers.print(
        f"{tree.origin}: {tree.rows:,} entries, {report.pending:,} pending, {tree.checkpoints:,} checkpoints, "
        f"sealed to {tree.sealed:,}",
        soft_wrap=True,
    )
    answers.print(
        f"{report.replayed:,} decisions made again, {report.not_replayable:,} not replayable: erased; "
        f"{report.erased:,} entries erased, {report.erasures_logged:,} as the log says",
        soft_wrap=True,
    )
    answers.print("all holds" if report.holds else "does not hold")
