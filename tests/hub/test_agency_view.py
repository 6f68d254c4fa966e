"""What an agency is told: whatever changed, events alone lead from what it knew to what is so, and tell no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.agency_view import AgencyChange, AgencyEventKind, OwnRecord, agency_changes
from hub.domain.identity import ConstituentId

K = AgencyEventKind
IDS = [ConstituentId(number) for number in range(1, 6)]


def views() -> st.SearchStrategy[dict[int, OwnRecord]]:
    own = st.builds(OwnRecord, shown=st.sampled_from(IDS), version=st.integers(1, 2))
    return st.dictionaries(st.integers(1, 6), own, max_size=6)


def answers() -> st.SearchStrategy[dict[ConstituentId, ConstituentId]]:
    return st.dictionaries(st.sampled_from(IDS), st.sampled_from(IDS))


def own(**shown: int) -> dict[int, OwnRecord]:
    """Records r1, r2 ... each at version 1 under an id."""
    return {int(name[1:]): OwnRecord(ConstituentId(id_), 1) for name, id_ in shown.items()}


def follow(known: set[ConstituentId], told: list[AgencyChange]) -> set[ConstituentId]:
    """The ids with records of its own, by what it knew and what it is told."""
    for change in told:
        if change.kind is K.CREATED:
            assert change.shown not in known
            known = known | {change.shown}
        elif change.kind is K.MERGED:
            assert change.other in known
            known = known - {change.other} | {change.shown}
        else:
            assert change.shown in known
            known = known | ({change.other} if change.other else set())
            known = known - ({change.shown} if change.kind is K.ERASED else set())
    return known


@given(before=views(), after=views(), answers=answers())
def test_who_follows_the_events_knows_the_ids_its_records_are_under(
    before: dict[int, OwnRecord],
    after: dict[int, OwnRecord],
    answers: dict[ConstituentId, ConstituentId],
) -> None:
    told = agency_changes(before, after, answers)
    known = follow({one.shown for one in before.values()}, told)
    assert known == {one.shown for one in after.values()}
    assert len(set(told)) == len(told)


@given(view=views(), answers=answers())
def test_where_nothing_of_its_own_is_other_nothing_is_told(
    view: dict[int, OwnRecord], answers: dict[ConstituentId, ConstituentId]
) -> None:
    assert agency_changes(view, dict(view), answers) == []


@given(before=views(), after=views(), answers=answers())
def test_only_what_its_own_records_did_counts_as_its_own(
    before: dict[int, OwnRecord],
    after: dict[int, OwnRecord],
    answers: dict[ConstituentId, ConstituentId],
) -> None:
    moved = {
        record: OwnRecord(after[record].shown, one.version)
        for record, one in before.items()
        if record in after
    }
    alike = {record: before[record] for record in moved}
    assert not any(one.is_own for one in agency_changes(alike, moved, answers))
    kinds = {one.kind for one in agency_changes(before, after, answers) if one.is_own}
    if before.keys() == after.keys() and all(
        before[record].version == after[record].version for record in before
    ):
        assert not kinds


@given(before=views(), after=views(), renumbering=st.permutations(IDS))
def test_the_order_does_not_hang_on_the_age_of_ids(
    before: dict[int, OwnRecord], after: dict[int, OwnRecord], renumbering: list[ConstituentId]
) -> None:
    other = dict(zip(IDS, renumbering, strict=True))

    def renamed(view: dict[int, OwnRecord]) -> dict[int, OwnRecord]:
        return {record: OwnRecord(other[one.shown], one.version) for record, one in view.items()}

    told = agency_changes(before, after, {})
    assert agency_changes(renamed(before), renamed(after), {}) == [
        AgencyChange(
            one.kind, other[one.shown], other[one.other] if one.other else None, one.is_own
        )
        for one in told
    ]


def test_an_id_that_answers_elsewhere_is_merged_and_one_that_does_not_is_split_off() -> None:
    before, after = own(r1=1, r2=2), own(r1=1, r2=1)
    assert agency_changes(before, after, {IDS[1]: IDS[0]}) == [
        AgencyChange(K.MERGED, IDS[0], IDS[1], is_own=False)
    ]
    assert agency_changes(before, after, {}) == [
        AgencyChange(K.SPLIT, IDS[1], IDS[0], is_own=False),
        AgencyChange(K.ERASED, IDS[1], is_own=False),
    ]


def test_a_record_that_takes_the_place_of_another_updates_its_id() -> None:
    assert agency_changes(own(r1=1), own(r2=1), {}) == [AgencyChange(K.UPDATED, IDS[0])]
    assert agency_changes(own(r1=1), own(r1=2, r3=1), {}) == [
        AgencyChange(K.SPLIT, IDS[0], IDS[1], is_own=False),
        AgencyChange(K.UPDATED, IDS[0]),
    ]


def test_a_merge_that_a_record_of_its_own_made_says_so() -> None:
    before = own(r1=1, r2=2)
    changed = own(r1=1, r2=1) | {2: OwnRecord(IDS[0], 2)}
    assert agency_changes(before, changed, {IDS[1]: IDS[0]}) == [
        AgencyChange(K.UPDATED, IDS[1]),
        AgencyChange(K.MERGED, IDS[0], IDS[1]),
    ]
    joined = own(r1=1, r2=1, r3=1)
    assert agency_changes(before, joined, {IDS[1]: IDS[0]}) == [
        AgencyChange(K.MERGED, IDS[0], IDS[1]),
        AgencyChange(K.UPDATED, IDS[0]),
    ]
