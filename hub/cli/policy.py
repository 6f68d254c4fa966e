"""`hub policy load | diff | show | history | end | suspend | reinstate | propose | approve | proposals | drop`.

Decides what an officer reads of a change before and after it is made. What may change is consent's, how it is
written hub.journeys.policy_changes'.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from consent.documents import in_file, load_policy, load_proposal, render_policy
from consent.policy import Agreement
from consent.proposing import proposal_document
from consent.stored import to_document
from consent.succession import stated
from hub import wiring
from hub.cli.output import answers, print_json
from hub.journeys import policies, policy_changes, policy_proposals
from hub.journeys.policy_changes import PolicyChange
from hub.journeys.policy_proposals import ProposalView
from hub.settings import read_settings

app = typer.Typer(
    help="The policy: agencies, purposes and agreements, as officers state them.",
    no_args_is_help=True,
)

PolicyFile = Annotated[Path, typer.Argument(metavar="FILE", help="A policy's YAML.")]
Officer = Annotated[str, typer.Option("--by", help="Which officer does it.")]
Reason = Annotated[str, typer.Option(help="Why. It rests in the clear: name no constituent.")]
Agency = Annotated[str, typer.Argument(metavar="AGENCY", help="Its id.")]
Number = Annotated[int, typer.Argument(metavar="N", help="From `hub policy proposals`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]

_DIGEST_SHOWN = 12


@app.command("load")
def load(
    file: PolicyFile,
    officer: Officer,
    reason: Reason,
    is_preview: Annotated[
        bool, typer.Option("--preview", help="Tell what it would change, and change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a policy's file in force as it stands, after telling what that changes."""
    policy = load_policy(file)

    def work(*, seen: int | None, is_preview: bool) -> PolicyChange:
        return in_file(
            file,
            lambda: policy_changes.load_policy(
                hub, policy, author=officer, reason=reason, seen=seen, is_preview=is_preview
            ),
        )

    with wiring.open_hub(read_settings()) as hub:
        told = work(seen=None, is_preview=True)
        if not as_json:
            _print_effects(told)
        done = told if is_preview else work(seen=told.version, is_preview=False)
    if as_json:
        print_json(done)
    elif is_preview:
        answers.print("preview, nothing is changed")
    else:
        answers.print(f"version {done.version} is in force")


@app.command("diff")
def diff(file: PolicyFile, as_json: Json = False) -> None:
    """Tell what a policy's file states otherwise than what is in force."""
    policy = load_policy(file)
    with wiring.open_hub(read_settings()) as hub:
        changes = policies.differences(hub, policy)
    if as_json:
        print_json(changes)
        return
    for change in changes:
        answers.print(str(change), soft_wrap=True)
    if not changes:
        answers.print("no difference")


@app.command("show")
def show(
    as_json: Json = False,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="The file that states what is in force.")
    ] = False,
) -> None:
    """Show what is in force, and the agreements that were ended."""
    if as_json and as_yaml:
        raise typer.BadParameter("one form at a time", param_hint="--yaml")
    with wiring.open_hub(read_settings()) as hub:
        found = policies.show_policy(hub)
    policy = found.policy
    if as_json:
        print_json(
            {
                "version": found.version,
                "digest": found.digest.hex(),
                "policy": to_document(policy),
            }
        )
        return
    if as_yaml:
        answers.out(render_policy(stated(policy)), end="")
        return
    answers.print(f"version {found.version}, digest {found.digest.hex()}")
    if not found.version:
        answers.print("no policy was ever loaded: nothing is released, everything may be linked")
        return
    agencies = Table("agency", "label", "suspended")
    for agency in policy.agencies:
        agencies.add_row(agency.id, agency.label, "yes" if agency.is_suspended else "")
    purposes = Table("purpose", "broader", "label")
    for purpose in policy.purposes:
        purposes.add_row(purpose.id, purpose.broader, purpose.label)
    answers.print(agencies, purposes)
    on = wiring.utc_now().date()
    for agreement in policy.agreements:
        _print_agreement(agreement, on)


@app.command("history")
def history(as_json: Json = False) -> None:
    """List every version, the newest first."""
    with wiring.open_hub(read_settings()) as hub:
        found = policies.list_versions(hub)
    if as_json:
        print_json([_version(one) for one in found])
        return
    table = Table("version", "stated", "by", "reason", "digest")
    for one in found:
        table.add_row(
            str(one.version),
            one.stated_at.isoformat(timespec="seconds"),
            one.author,
            one.reason,
            one.digest.hex()[:_DIGEST_SHOWN],
        )
    answers.print(table)


@app.command("end")
def end(
    agreement: Annotated[str, typer.Argument(metavar="AGREEMENT", help="Its id.")],
    officer: Officer,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """End an agreement at once, with every revision that is in force or to come."""
    with wiring.open_hub(read_settings()) as hub:
        done = policy_changes.end_agreement(hub, agreement, author=officer, reason=reason)
    _print_change(done, as_json=as_json)


@app.command("suspend")
def suspend(agency: Agency, officer: Officer, reason: Reason, as_json: Json = False) -> None:
    """Release nothing to an agency, and nothing of its records."""
    with wiring.open_hub(read_settings()) as hub:
        done = policy_changes.suspend_agency(hub, agency, author=officer, reason=reason)
    _print_change(done, as_json=as_json)


@app.command("reinstate")
def reinstate(agency: Agency, officer: Officer, reason: Reason, as_json: Json = False) -> None:
    """End an agency's suspension."""
    with wiring.open_hub(read_settings()) as hub:
        done = policy_changes.reinstate_agency(hub, agency, author=officer, reason=reason)
    _print_change(done, as_json=as_json)


@app.command("propose")
def propose(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="One agreement's YAML, hub/agreement@1.")
    ],
    officer: Officer,
) -> None:
    """Ask officers to approve one revision of an agreement; proposing approves nothing."""
    proposed = load_proposal(file)
    with wiring.open_hub(read_settings()) as hub:
        number = in_file(
            file, lambda: policy_proposals.propose_agreement(hub, proposed, officer=officer)
        )
    answers.print(f"proposal {number}: {proposed.terms.ref} waits for two officers")


@app.command("approve")
def approve(number: Number, officer: Officer, as_json: Json = False) -> None:
    """Approve a proposal; with a second officer's approval it is in force."""
    with wiring.open_hub(read_settings()) as hub:
        done = policy_proposals.approve_agreement(hub, number, officer=officer)
    if done is not None:
        _print_change(done, as_json=as_json)
    elif as_json:
        print_json(None)
    else:
        answers.print(f"proposal {number}: approved by {officer}, another officer must approve it")


@app.command("proposals")
def list_proposals(
    is_all: Annotated[
        bool, typer.Option("--all", help="Those that were approved or dropped, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the proposals that wait for officers."""
    with wiring.open_hub(read_settings()) as hub:
        found = policy_proposals.list_proposals(hub, is_open=not is_all)
    if as_json:
        print_json([_proposal(one) for one in found])
        return
    table = Table("number", "agreement", "sources", "recipient", "by", "approved by", "outcome")
    for one in found:
        terms = one.agreement.terms
        table.add_row(
            str(one.number),
            str(terms.ref),
            ", ".join(sorted(terms.sources)),
            terms.recipient,
            one.proposed_by,
            ", ".join(one.officers),
            f"{one.outcome} by {one.closed_by}" if one.outcome else "waits",
        )
    answers.print(table)


@app.command("drop")
def drop(number: Number, officer: Officer) -> None:
    """Let a proposal wait no longer."""
    with wiring.open_hub(read_settings()) as hub:
        policy_proposals.drop_proposal(hub, number, officer=officer)
    answers.print(f"proposal {number}: dropped")


def _print_change(done: PolicyChange, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    _print_effects(done)
    answers.print(f"version {done.version} is in force")


def _print_effects(change: PolicyChange) -> None:
    """What changes, and what of the links the next `hub link` follows it with."""
    for difference in change.changes:
        answers.print(str(difference), soft_wrap=True)
    if not change.changes:
        answers.print("nothing changes")
    for names, one, many in (
        (change.matching.apart, "source stands apart", "sources stand apart"),
        (change.matching.joined, "source may be linked", "sources may be linked"),
    ):
        if names:
            what = one if len(names) == 1 else many
            told = f"{len(names)} {what} from the next link on: {', '.join(names)}"
            answers.print(told, soft_wrap=True)


def _print_agreement(one: Agreement, on: date) -> None:
    sources = ", ".join(sorted(one.sources))
    for line in (
        f"{one.ref}: {_standing(one, on)}, {one.starts_on} to {one.ends_on}",
        f"  {sources} to {one.recipient}, for {one.purpose}: {', '.join(sorted(one.categories))}",
        f"  on {one.legal_basis}: {one.citation}",
        f"  approved by {', '.join(one.approved_by)}"
        + ("; its sources may be linked" if one.matching_allowed else ""),
    ):
        answers.print(line, soft_wrap=True)


def _standing(one: Agreement, on: date) -> str:
    if one.ended_at is not None:
        return f"ended {one.ended_at.date()}"
    if one.is_valid_on(on):
        return "in force"
    return "to come" if on < one.starts_on else "over"


def _version(one: policies.VersionLine) -> dict[str, Any]:
    return {
        "version": one.version,
        "digest": one.digest.hex(),
        "author": one.author,
        "reason": one.reason,
        "stated_at": one.stated_at,
    }


def _proposal(one: ProposalView) -> dict[str, Any]:
    return {
        "number": one.number,
        "agreement": proposal_document(one.agreement),
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at,
        "officers": one.officers,
        "outcome": one.outcome,
        "closed_by": one.closed_by,
        "closed_at": one.closed_at,
    }
