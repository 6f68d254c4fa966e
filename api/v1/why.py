"""`/v1/why`: why two records are one constituent or not, in labels, bits and sentences; no value of anybody.

Decides the shape of the answer. What bears on the two is hub.journeys.why's.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.v1.references import ETAGGED, Out, PairIn, with_token
from hub.access.scopes import Scope
from hub.domain.records import ConstituentKind
from hub.domain.reviews import ReviewReason, Verdict
from hub.journeys.verdict import Fate, Seen
from hub.journeys.verdict import Scope as Judging
from hub.journeys.why import why as explain

router = guarded_router(tags=["Stewards"])


class SideOut(Out):
    """One of the two records. constituent_records: present records of its constituent, this one too.

    component_records: records that hang together with it. may_match: some agreement lets its source be linked.
    is_apart: none does, or its constituent objected. is_poor: it has few strong attributes.
    """

    source: str
    kind: ConstituentKind
    seen: Seen
    constituent: UUID | None
    constituent_records: int
    component_records: int
    may_match: bool
    is_apart: bool
    is_poor: bool


class SharedKeyOut(Out):
    """A blocking key that both offer, and what became of it."""

    rule: int
    label: str
    fate: Fate


class ComparisonOut(Out):
    """One comparison's part of the weight. rarity_microbits: what the shared value's rarity adds or takes."""

    name: str
    answer: str
    level_microbits: int
    rarity_microbits: int


class PairOut(Out):
    """The pair's weight in its parts, which add up to it."""

    weight_microbits: int
    prior_microbits: int
    comparisons: list[ComparisonOut]


class BetweenOut(Out):
    """All pairs between the two constituents."""

    pairs: int
    average_microbits: int
    best_microbits: int


class WeighingOut(Out):
    """What the model makes of the pair, and its bars. between: null within one constituent, and of very large ones."""

    model: str
    review_min_microbits: int
    link_min_microbits: int
    merge_min_microbits: int
    pair: PairOut
    between: BetweenOut | None


class JudgedOut(Out):
    """What stewards said, by the numbers of the judgements."""

    verdict: Verdict
    scope: Judging
    judgements: list[int]


class SourceRuleOut(Out):
    """A source that holds nobody twice, and both sides are in it."""

    source: str
    is_pair: bool


class CutOut(Out):
    """What became of a component too large to be judged as a whole."""

    looks: int
    is_left_apart: bool
    is_one_piece: bool


class ReviewAboutOut(Out):
    """An open review near the two. is_between: it asks whether they are one."""

    number: int
    reason: ReviewReason
    is_between: bool


class WhyOut(Out):
    """All that bears on whether the two are one, and the verdict in sentences."""

    is_same_constituent: bool
    is_same_component: bool
    verdict: list[str]
    left: SideOut
    right: SideOut
    keys: list[SharedKeyOut]
    weighing: WeighingOut | None
    judged: list[JudgedOut]
    source_rules: list[SourceRuleOut]
    cut: CutOut | None
    reviews: list[ReviewAboutOut]


@router.post("/why", response_model=WhyOut, responses=ETAGGED)
@needs(Scope.LINK_READ)
def why(hub: HubOf, caller: CallerOf, pair: PairIn) -> Response:
    """Explain any two records; a constituent's id stands for its oldest one.

    Weights are in millionths of a bit. The ETag is what a judgement on the two is made with.
    """
    found = explain(hub, pair.left.text(), pair.right.text(), is_cleared=caller.is_cleared)
    return with_token(WhyOut.model_validate(found), found.seen)
