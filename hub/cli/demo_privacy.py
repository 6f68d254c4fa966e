"""The demo's second half: what parks may learn of Maria, what she says to it, and what she and an auditor read.

Each step asks the hub as an agency, a privacy officer or she herself would; nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

import demo
from consent.documents import load_policy as read_policy
from consent.policy import AgreementRef
from consent.vocabulary import CollectionMethod, DataCategory
from demo.story import MARIA
from hub.cli.log import print_report
from hub.cli.look_up import print_answer
from hub.cli.output import answers
from hub.cli.rights import print_uses
from hub.domain.records import RecordKey
from hub.journeys.consents import Answer, How, record_consent, withdraw_consent
from hub.journeys.context import Hub
from hub.journeys.disclosing import Asker
from hub.journeys.disclosure_log import seal
from hub.journeys.look_up import LookUp, look_up
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


def show_privacy(hub: Hub) -> None:
    """A release, refusals, a consent and its withdrawal, her view of it all, and the log's proof."""
    answers.print("\nParks asks who books, and which licences she holds:")
    _ask(hub, "licensing", _COUNTER)
    answers.print("\nIts marketing asks too:")
    _ask(hub, "marketing", _COUNTER)
    answers.print(
        "\nBenefits, with whom nobody shares her records, asks; her log will say why not:"
    )
    _ask(hub, "licensing", _COUNTER, agency="benefits", system="claims", whom=MARIA.vehicles)
    answers.print(
        "\nParks would remind her: how to reach her, wildlife gives on her consent alone."
    )
    _ask(hub, "renewal_prompts", _REMINDER)
    record_consent(
        hub,
        str(MARIA.parks),
        Answer(_REMINDERS, given=frozenset({_C.EXISTENCE, _C.SOURCE, _C.CONTACT})),
        _how("yes"),
        author=_OFFICER,
    )
    answers.print("\nShe consents:")
    _ask(hub, "renewal_prompts", _REMINDER)
    withdraw_consent(hub, str(MARIA.parks), _REMINDERS.id, _how("no"), author=_OFFICER)
    answers.print("\nShe withdraws, and at once:")
    _ask(hub, "renewal_prompts", _REMINDER)
    answers.print("\nShe asks who looked:")
    print_uses(
        who_looked(hub, str(MARIA.parks), RightsRequest("her own question"), limit=_USES_SHOWN)
    )
    answers.print("\nAn auditor verifies the log, and has every decision made again:")
    seal(hub, is_forced=True)
    print_report(verify_log(hub))


def _ask(
    hub: Hub,
    purpose: str,
    requested: Iterable[DataCategory],
    *,
    agency: str = "parks",
    system: str = "bookings",
    whom: RecordKey = MARIA.parks,
) -> None:
    print_answer(
        look_up(
            hub,
            LookUp(
                asker=Asker(agency, system, "campsite 12", "clerk"),
                whom=whom,
                purpose=purpose,
                requested=frozenset(requested),
                scope=frozenset(DataCategory),
            ),
        )
    )


def _how(said: str) -> How:
    """Said in the portal; of the notice and of what was clicked a hash is kept."""
    notice, evidence = (sha256(text.encode()).hexdigest() for text in ("reminders", said))
    return How(notice, "en", CollectionMethod.PORTAL, evidence)
