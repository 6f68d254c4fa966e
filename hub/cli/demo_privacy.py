"""The demo's second half: what parks may learn of Maria, what she says to it, and what she and an auditor read.

Each step asks the hub as an agency, a privacy officer or she herself would; nothing here decides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.table import Table

import demo
from consent.documents import load_policy as read_policy
from consent.policy import AgreementRef
from consent.vocabulary import DataCategory
from demo.story import MARIA
from hub.cli.demo_callers import Callers
from hub.cli.log import print_report
from hub.cli.output import answers
from hub.cli.rights import print_uses
from hub.client import LookUpAnswer, ProblemTold
from hub.client.profiles import Origin
from hub.journeys.context import Hub
from hub.journeys.disclosure_log import seal
from hub.journeys.policy_changes import load_policy
from hub.journeys.rights.requests import RightsRequest
from hub.journeys.rights.who_looked import who_looked
from hub.journeys.verify_log import verify_log

POLICY_FILE: Final = Path(demo.__file__).parent / "policy.yaml"

_OFFICER: Final = "officer_lund"
_REMINDERS: Final = AgreementRef("reminders", 1)
_C: Final = DataCategory
_COUNTER: Final = frozenset({_C.SOURCE, _C.NAME, _C.ADDRESS, _C.HOLDING, _C.SENSITIVE_IDENTIFIER})
_REMINDER: Final = frozenset({_C.SOURCE, _C.HOLDING, _C.CONTACT})
_USES_SHOWN: Final = 6


def state_policy(hub: Hub) -> str:
    """Put the world's policy in force; what it lets be matched, is linked."""
    change = load_policy(
        hub, read_policy(POLICY_FILE), author=_OFFICER, reason="the policy of the demo"
    )
    return f"policy version {change.version} in force, {len(change.changes)} changes"


def show_privacy(hub: Hub, callers: Callers) -> None:
    """A release, refusals, a consent and its withdrawal, her view of it all, and the log's proof."""
    answers.print("\nParks asks who books, and which licences she holds:")
    print_told(callers.ask(callers.parks, MARIA.parks, "licensing", _COUNTER))
    answers.print("\nIts marketing asks too:")
    print_told(callers.ask(callers.parks, MARIA.parks, "marketing", _COUNTER))
    answers.print(
        "\nBenefits, with whom nobody shares her records, asks; her log will say why not:"
    )
    print_told(callers.ask(callers.benefits, MARIA.vehicles, "licensing", _COUNTER))
    answers.print(
        "\nParks would remind her: how to reach her, wildlife gives on her consent alone."
    )
    print_told(callers.ask(callers.parks, MARIA.parks, "renewal_prompts", _REMINDER))
    callers.record_consent(MARIA.parks, _REMINDERS, {_C.EXISTENCE, _C.SOURCE, _C.CONTACT})
    answers.print("\nShe consents:")
    print_told(callers.ask(callers.parks, MARIA.parks, "renewal_prompts", _REMINDER))
    callers.withdraw_consent(MARIA.parks, _REMINDERS.id)
    answers.print("\nShe withdraws, and at once:")
    print_told(callers.ask(callers.parks, MARIA.parks, "renewal_prompts", _REMINDER))
    answers.print("\nShe asks who looked:")
    print_uses(
        who_looked(hub, str(MARIA.parks), RightsRequest("her own question"), limit=_USES_SHOWN)
    )
    answers.print("\nAn auditor verifies the log, and has every decision made again:")
    seal(hub, is_forced=True)
    print_report(verify_log(hub))


def print_told(told: LookUpAnswer | ProblemTold) -> None:
    """What the hub answered over HTTP, as a clerk reads it."""
    if isinstance(told, ProblemTold):
        reasons = ", ".join(told.members.get("reasons", ()))
        answers.print(f"{told.status} {told.name}: {reasons or told.detail}")
        return
    profile = told.profile
    if profile is None:
        answers.print(f"found: {told.found}")
    else:
        answers.print(f"{profile.kind} {profile.id}")
        table = Table("attribute", "value", "agency", "as of", "differs")
        for one in profile.attributes:
            others = "; ".join(value.value for value in one.others)
            table.add_row(one.attribute, one.shown.value, *_origin(one.shown.origin), others)
        for item in profile.holdings:
            terms = item.holding
            days = " to ".join(str(day) for day in (terms.valid_from, terms.valid_until) if day)
            said = " ".join(filter(None, (terms.number, terms.status, days)))
            table.add_row(terms.type, said, *_origin(item.origin), "")
        answers.print(table)
    for withheld in told.withheld:
        sentences = "; ".join(withheld.sentences)
        source = withheld.source or "another agency"
        answers.print(f"withheld: {withheld.category} of {source}: {sentences}", soft_wrap=True)
    answers.print(f"disclosure {told.disclosure}")


def _origin(origin: Origin | None) -> tuple[str, str]:
    return ("", "") if origin is None else (origin.agency, str(origin.as_of or ""))
