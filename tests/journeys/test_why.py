"""Why two records are one constituent, or why not: each reason, told in words, and nobody's value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

import pytest

from demo.story import MARIA
from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.domain.records import ConstituentKind
from hub.domain.reviews import ReviewReason, Verdict
from hub.journeys.change import PartitionChange, in_one_change
from hub.journeys.context import Hub
from hub.journeys.load import load_sources
from hub.journeys.models import publish_model
from hub.journeys.objection import object_to_linkage
from hub.journeys.verdict import Fate, Judged, Scope, Seen, SourceRule, Why
from hub.journeys.why import why
from hub.store import database, judgements, records
from hub.store.explaining import standing
from hub.vault import keyring
from hub.vault.keyring import RootKey
from hub.vault.tags import Hasher, Tagger
from matching import linkage
from tests.conftest import Server, open_hub, tied_hub
from tests.journeys.test_hard_cases import (
    ANNA,
    ELENA,
    JOHN,
    JOHN_JR,
    PAUL,
    RUTH,
    STRANGER,
    Agencies,
    Person,
)
from tests.matching.models import prior_model
from tests.worlds import DRIVERS_HEADER, write_drivers
from tests.worlds import MARIA as MARIA_ROW

PERSON = ConstituentKind.PERSON


@pytest.fixture(scope="module")
def empty(server: Server) -> tuple[str, RootKey]:
    """An empty database with a model on its priors, to be cloned, and its key."""
    name, keys = server.create(), keyring.generate()
    hub = tied_hub(server.urls(name), keys)
    publish_model(hub, prior_model(PERSON))
    hub.engine.dispose()
    return name, keys


@pytest.fixture
def modelled(server: Server, empty: tuple[str, RootKey]) -> Iterator[Hub]:
    """A hub that holds nobody, with a model."""
    name, keys = empty
    hub = open_hub(server.fresh(name), keys)
    yield hub
    hub.engine.dispose()


@pytest.fixture
def agencies(modelled: Hub, tmp_path: Path) -> Agencies:
    return Agencies(modelled, tmp_path)


def put(agencies: Agencies, *arrivals: tuple[str, str, Person]) -> Hub:
    """Resolve (source, local id, person), in that order."""
    for source, local_id, who in arrivals:
        agencies.take(source, who.row(source, local_id))
    return agencies.hub


def numbers_of(hub: Hub, *keys: str) -> list[int]:
    with database.transaction(hub.engine) as connection:
        found = [records.find_by_key(connection, Hasher(hub.keys).key(key)) for key in keys]
    assert None not in found
    return [number for number in found if number is not None]


def judge(hub: Hub, verdict: Verdict, one: str, other: str) -> int:
    """A steward's word, and the partition it makes; answers the judgement's number."""
    numbers = numbers_of(hub, one, other)
    with database.transaction(hub.engine) as connection:
        left, right = ((record.key_hash, b"as judged") for record in standing(connection, numbers))
        [number] = judgements.add(
            connection,
            PERSON,
            verdict,
            [(left, right)],
            act_id=uuid4(),
            author="ines",
            sealed_reason=b"",
            at=hub.now(),
        )
    redivide(hub, numbers)
    return number


def redivide(hub: Hub, numbers: list[int]) -> None:
    def work(change: PartitionChange) -> None:
        change.begin()
        change.publish(change.redivide(numbers))

    in_one_change(hub, PERSON, work)


def said(found: Why, *fragments: str) -> None:
    words = "\n".join(found.verdict)
    for fragment in fragments:
        assert fragment in words, words


# --- together -----------------------------------------------------------------------------------


def test_the_parts_of_a_weight_add_up_and_the_keys_that_brought_them_together_are_named(
    agencies: Agencies,
) -> None:
    hub = put(agencies, ("licences", "1", RUTH), ("tax", "1", RUTH))
    found = why(hub, "licences:1", "tax:1")
    assert found.is_same_constituent
    assert found.is_same_component
    said(found, "They are one constituent.", "the link bar is +1.00 bits")
    assert found.weighing is not None
    pair = found.weighing.pair
    parts = sum(part.level_microbits + part.rarity_microbits for part in pair.comparisons)
    assert pair.prior_microbits + parts == pair.weight_microbits
    assert (found.weighing.model, found.weighing.between) == ("person-on-priors", None)
    fates = {(key.rule, key.label): key.fate for key in found.keys}
    assert fates[1, "national number"] is Fate.COUNTS
    assert fates[20, "sounds of both names"] is Fate.SECOND_TIER
    assert (found.left.constituent_records, found.left.component_records) == (2, 2)


def test_a_constituents_id_stands_for_its_oldest_record(agencies: Agencies) -> None:
    hub = put(agencies, ("licences", "1", RUTH), ("tax", "1", RUTH), ("tax", "2", STRANGER))
    by_key = why(hub, "licences:1", "tax:2")
    assert why(hub, str(by_key.left.constituent), "tax:2") == by_key
    said(why(hub, str(by_key.left.constituent), "licences:1"), "Both are one record.")


def test_no_value_of_anybody_is_told(agencies: Agencies) -> None:
    hub = put(
        agencies, ("licences", "key-a", RUTH), ("clinic", "key-b", PAUL), ("tax", "key-c", RUTH)
    )
    keys = ["licences:key-a", "clinic:key-b", "tax:key-c"]
    words = str([asdict(why(hub, one, other)) for one in keys for other in keys]).lower()
    values = {*RUTH.values.values(), *PAUL.values.values(), "key-"} - {"F", "M"}
    assert not [value for value in values if value.lower() in words]


def test_nobody_is_told_as_that(agencies: Agencies) -> None:
    hub = put(agencies, ("licences", "1", RUTH))
    with pytest.raises(RecordUnknown, match="no record under that key"):
        why(hub, "licences:1", "licences:2")
    with pytest.raises(RecordUnknown, match="neither"):
        why(hub, "Ruth", "licences:1")
    with pytest.raises(ConstituentUnknown, match="ever issued"):
        why(hub, "licences:1", "00000000-0000-0000-0000-000000000009")


# --- apart --------------------------------------------------------------------------------------


def test_a_person_and_an_organization_are_never_compared(linked_hub: Hub) -> None:
    found = why(linked_hub, str(MARIA.vehicles), str(MARIA.business_registration))
    assert found.verdict == ("A person and an organization are never compared.",)
    assert (found.weighing, found.keys) == (None, ())


def test_without_a_shared_key_two_are_never_compared(agencies: Agencies) -> None:
    found = why(put(agencies, ("tax", "1", RUTH), ("tax", "2", STRANGER)), "tax:1", "tax:2")
    assert found.keys == ()
    assert not found.is_same_component
    said(
        found,
        "They are not one constituent.",
        "never compared as candidates",
        "below the review bar",
    )


def test_a_key_that_the_model_suppresses_does_not_count(hub: Hub, tmp_path: Path) -> None:
    tag = Tagger(hub.keys).tag(1, RUTH.values["ssn"].replace("-", ""))
    publish_model(hub, replace(prior_model(PERSON), suppressed_tags=(tag,)))
    put(Agencies(hub, tmp_path), ("tax", "1", RUTH), ("licences", "1", RUTH))
    fates = {key.rule: key.fate for key in why(hub, "tax:1", "licences:1").keys}
    assert fates[1] is Fate.SUPPRESSED
    assert fates[9] is Fate.COUNTS


def test_below_a_bar_the_weight_tells_and_the_review_that_asks(agencies: Agencies) -> None:
    old, young = JOHN.but(ssn="", email=""), JOHN_JR.but(ssn="", email="")
    hub = put(agencies, ("licences", "1", old), ("licences", "2", young))
    found = why(hub, "licences:1", "licences:2")
    said(found, "below the link bar of +1.00 bits", "asks a steward about the two")
    assert found.is_same_component
    assert [review.reason for review in found.reviews] == [ReviewReason.BAND]


def test_a_strong_pair_does_not_join_two_whose_other_pairs_speak_against_it(
    agencies: Agencies,
) -> None:
    borrowed = JOHN_JR.but(ssn=JOHN.values["ssn"])
    father = [("licences", str(number), JOHN.but(suffix="")) for number in range(4)]
    differing = [
        (source, local_id, who.but(street=f"{number} Heron Ln"))
        for number, (source, local_id, who) in enumerate(father)
    ]
    hub = put(agencies, *differing, ("tax", "son", borrowed.but(street="2 Heron Ln")))
    put(agencies, ("licences", "son", JOHN_JR))
    found = why(hub, "licences:son", "tax:son")
    assert found.weighing is not None
    assert not found.is_same_constituent
    between = found.weighing.between
    assert between is not None
    assert between.pairs == found.left.constituent_records * found.right.constituent_records > 1
    assert between.best_microbits >= found.weighing.link_min_microbits
    said(found, "on average, below the merge bar of -1.00 bits")
    assert ReviewReason.AVERAGE in [review.reason for review in found.reviews if review.is_between]


def test_one_that_objected_stands_apart_whatever_is_judged(agencies: Agencies) -> None:
    hub = put(agencies, ("licences", "1", RUTH), ("tax", "1", RUTH))
    number = judge(hub, Verdict.SAME, "licences:1", "tax:1")
    object_to_linkage(hub, "tax:1", author="ines", reason="her own word")
    found = why(hub, "licences:1", "tax:1")
    assert found.verdict[:3] == (
        "They are not one constituent.",
        "The second record stands apart: its constituent objected to linkage.",
        f"Judgement {number} says SAME, and is not followed while what outranks or contradicts it stands.",
    )


def test_judgements_are_told_by_number_and_by_whom_they_speak_of(agencies: Agencies) -> None:
    hub = put(
        agencies, ("licences", "1", RUTH), ("tax", "1", RUTH), ("library", "1", RUTH),
        ("clinic", "1", STRANGER), ("tax", "2", STRANGER),
    )  # fmt: skip
    first = judge(hub, Verdict.SAME, "licences:1", "clinic:1")
    said(why(hub, "licences:1", "clinic:1"), "one constituent", f"Judgement {first} says SAME")

    found = why(hub, "licences:1", "tax:2")
    assert not [judged for judged in found.judged if judged.verdict is Verdict.DIFFERENT]
    second = judge(hub, Verdict.SAME, "clinic:1", "tax:2")
    found = why(hub, "licences:1", "tax:2")
    assert found.judged == (Judged(Verdict.SAME, Scope.CHAIN, (first, second)),)
    said(found, f"The chain of judgements {first}, {second} says SAME", "below the link bar")

    third = judge(hub, Verdict.DIFFERENT, "library:1", "clinic:1")
    apart = why(hub, "library:1", "clinic:1")
    assert apart.judged[0] == Judged(Verdict.DIFFERENT, Scope.PAIR, (third,))
    said(apart, "not one constituent", f"Judgement {third} says DIFFERENT, of the pair")
    chained = why(hub, "library:1", "tax:2").judged
    assert chained == (Judged(Verdict.DIFFERENT, Scope.CHAIN, (third, second)),)
    with_others = why(hub, "tax:1", "tax:2")
    if with_others.left.constituent == apart.left.constituent:
        assert Judged(Verdict.DIFFERENT, Scope.CONSTITUENTS, (third,)) in with_others.judged
    else:
        assert why(hub, "library:1", "tax:1").judged


def test_a_source_that_holds_nobody_twice_keeps_two_apart(modelled: Hub, tmp_path: Path) -> None:
    agencies = Agencies(modelled, tmp_path, duplicate_free=("licences",))
    hub = put(agencies, ("licences", "1", RUTH), ("licences", "2", RUTH.but(middle="Ann")))
    found = why(hub, "licences:1", "licences:2")
    assert found.source_rules == (SourceRule("licences", is_pair=True),)
    said(found, "They are two records of source licences, which holds nobody twice.")

    put(agencies, ("tax", "1", RUTH))
    others = {key: why(hub, "tax:1", key) for key in ("licences:1", "licences:2")}
    [apart] = [one for one in others.values() if not one.is_same_constituent]
    assert apart.source_rules == (SourceRule("licences", is_pair=False),)
    said(apart, "Both constituents hold a record of source licences")


def test_a_component_that_no_bar_divides_was_left_apart(
    agencies: Agencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linkage, "LOOKS_MAX", 3)
    born = ["1921-03-30", "1944-12-09", "1958-07-11", "1970-10-26", "1999-02-18"]
    johns = [JOHN.but(born=day, ssn="", email="") for day in born]
    hub = put(agencies, *(("licences", str(n), john) for n, john in enumerate(johns)))
    found = why(hub, "licences:0", "licences:4")
    assert found.cut is not None
    assert (found.cut.looks, found.cut.is_left_apart) == (5, True)
    said(found, "holds 5 records that differ", "left apart for a steward")
    assert ReviewReason.OVERSIZED in [review.reason for review in found.reviews]


def test_twins_are_told_apart_by_what_they_do_not_share(agencies: Agencies) -> None:
    found = why(
        put(agencies, ("clinic", "a", ANNA), ("clinic", "e", ELENA)), "clinic:a", "clinic:e"
    )
    assert found.weighing is not None
    answers = {part.name: part.answer for part in found.weighing.pair.comparisons}
    assert answers["birth"] == "same, other first name in one family"
    assert answers["given"] == "different"
    assert answers["national_id"] == "cannot say"
    assert not found.is_same_constituent


# --- what is not there yet ----------------------------------------------------------------------


def test_what_a_load_left_is_told_as_not_resolved(modelled: Hub, tmp_path: Path) -> None:
    load_sources(modelled, [write_drivers(tmp_path, [MARIA_ROW])])
    agencies = Agencies(modelled, tmp_path)
    put(agencies, ("licences", "1", RUTH))
    found = why(modelled, "drivers:D1", "licences:1")
    assert (found.left.seen, found.left.constituent) == (Seen.LOADED_ONLY, None)
    said(found, "The first record was loaded and is not resolved yet")

    redivide(modelled, numbers_of(modelled, "drivers:D1"))
    assert why(modelled, "drivers:D1", "licences:1").left.seen is Seen.RESOLVED
    moved = MARIA_ROW.replace("418 Heron", "9 Alder")
    load_sources(modelled, [write_drivers(tmp_path, [moved], header=DRIVERS_HEADER)])
    found = why(modelled, "licences:1", "drivers:D1")
    assert found.right.seen is Seen.CHANGED_SINCE
    said(found, "The second record has changed since it was resolved")


def test_without_a_model_nothing_was_weighed(hub: Hub, tmp_path: Path) -> None:
    put(Agencies(hub, tmp_path), ("licences", "1", RUTH), ("tax", "1", RUTH))
    found = why(hub, "licences:1", "tax:1")
    assert found.weighing is None
    assert [key.rule for key in found.keys if key.fate is Fate.COUNTS]
    said(found, "not one constituent", "No model is published")
