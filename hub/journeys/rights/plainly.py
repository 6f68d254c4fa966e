"""Why a record is held to be somebody's, in words for whom it is about: what agrees, and who decided otherwise.

Decides the wording. Bits, bars and blocking keys are a steward's; she is told which of her details agree. No value is
named, and nobody but her agencies.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.domain.reviews import Verdict
from hub.journeys.verdict import Seen, Why
from matching.explain import CANNOT_SAY, ComparisonExplanation


def plainly(found: Why) -> Iterator[str]:
    """Why the second record stands with the first, the oldest of hers."""
    if found.left.record == found.right.record:
        yield "It is the oldest of these records: the others are compared with it."
        if found.left.is_apart:
            yield "You objected to linkage: it is linked with no other record."
        return
    for judged in found.judged:
        if judged.verdict is Verdict.SAME:
            numbers = ", ".join(map(str, judged.judgements))
            yield f"A member of staff looked at the records and decided that they are yours (judgement {numbers})."
    if found.weighing is not None:
        comparisons = found.weighing.pair.comparisons
        yield from _agreements(comparisons)
        if found.weighing.pair.weight_microbits >= found.weighing.link_min_microbits:
            yield "Together that is enough to hold the two for records of one constituent."
        else:
            yield "By itself that is not enough: other records here agree with both."
    if found.right.seen is Seen.CHANGED_SINCE:
        yield "The record has changed since, and will be compared again."


def _agreements(comparisons: tuple[ComparisonExplanation, ...]) -> Iterator[str]:
    said = [one for one in comparisons if one.answer != CANNOT_SAY]
    agree = [one for one in said if one.level_microbits + one.rarity_microbits > 0]
    differ = [one for one in said if one.level_microbits + one.rarity_microbits < 0]
    if agree:
        yield f"It agrees with the oldest record in: {_named(agree)}."
    if differ:
        yield f"It differs from it in: {_named(differ)}."


def _named(comparisons: list[ComparisonExplanation]) -> str:
    return "; ".join(f"{one.name.replace('_', ' ')} ({one.answer})" for one in comparisons)
