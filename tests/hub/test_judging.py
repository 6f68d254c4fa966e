"""Judgements that were accepted never contradict each other; a refusal names a chain that does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.judging import JudgementContradicted, KeyPair, StandingJudgement, accept
from hub.domain.reviews import Verdict

SAME, DIFFERENT = Verdict.SAME, Verdict.DIFFERENT
KEYS = st.sampled_from([bytes([n]) for n in range(7)])
ACTS = st.tuples(
    st.sampled_from(Verdict),
    st.lists(st.tuples(KEYS, KEYS).filter(lambda p: p[0] != p[1]), min_size=1, max_size=3),
)


def key(name: str) -> bytes:
    return name.encode()


def standing(*said: tuple[Verdict, str]) -> list[StandingJudgement]:
    """`(SAME, "ab")`: judgement 1 calls a and b the same, and so on."""
    return [
        StandingJudgement(number, key(pair[0]), key(pair[1]), verdict)
        for number, (verdict, pair) in enumerate(said, start=1)
    ]


def refused(verdict: Verdict, pair: str, *said: tuple[Verdict, str]) -> JudgementContradicted:
    with pytest.raises(JudgementContradicted) as caught:
        accept(standing(*said), verdict, [(key(pair[0]), key(pair[1]))])
    return caught.value


def is_consistent(judgements: Iterable[tuple[Verdict, KeyPair]]) -> bool:
    """Whether no DIFFERENT lies within what SAME chains together: said plainly."""
    listed = list(judgements)
    group = {one: one for _, pair in listed for one in pair}
    for verdict, (left, right) in listed:
        if verdict is SAME:
            old, new = group[left], group[right]
            group = {one: new if root == old else root for one, root in group.items()}
    return all(group[a] != group[b] for verdict, (a, b) in listed if verdict is DIFFERENT)


# --- what is refused, and with which words ---------------------------------------------------------


def test_the_opposite_of_a_standing_judgement_is_withdrawn_first() -> None:
    error = refused(SAME, "ab", (DIFFERENT, "ab"))
    assert error.judgements == (1,)
    assert "judgement 1 says that these two are different; withdraw it" in str(error)
    error = refused(DIFFERENT, "ba", (SAME, "ab"))
    assert error.judgements == (1,)
    assert "judgement 1 says that these two are the same" in str(error)


def test_different_is_refused_of_two_that_a_chain_makes_the_same() -> None:
    error = refused(DIFFERENT, "ad", (SAME, "ab"), (SAME, "xy"), (SAME, "bc"), (SAME, "cd"))
    assert error.judgements == (1, 3, 4)
    assert "judgements 1, 3, 4 already make these two the same" in str(error)


def test_same_is_refused_where_it_would_chain_two_that_are_different() -> None:
    error = refused(SAME, "bc", (SAME, "ab"), (SAME, "cd"), (DIFFERENT, "ad"))
    assert error.judgements == (1, 2, 3)
    assert "judgements 1, 2 would then join what judgement 3 calls different" in str(error)


def test_the_shortest_chain_is_named() -> None:
    long_way = [(SAME, "ab"), (SAME, "bc"), (SAME, "cd")]
    error = refused(DIFFERENT, "ad", *long_way, (SAME, "ad"))
    assert error.judgements == (4,)
    error = refused(SAME, "ae", *long_way, (DIFFERENT, "de"), (DIFFERENT, "be"))
    assert error.judgements == (1, 5)


def test_what_stands_is_not_written_again() -> None:
    accepted = accept(standing((SAME, "ab")), SAME, [(key("b"), key("a")), (key("c"), key("b"))])
    assert (accepted.fresh, accepted.repeated) == (((key("b"), key("c")),), (1,))


def test_a_pair_given_twice_is_judged_once() -> None:
    pairs = [(key("a"), key("b")), (key("b"), key("a"))]
    assert accept([], DIFFERENT, pairs).fresh == ((key("a"), key("b")),)


def test_an_act_may_not_contradict_by_way_of_itself() -> None:
    with pytest.raises(JudgementContradicted) as caught:
        accept(standing((DIFFERENT, "bc")), SAME, [(key("a"), key("b")), (key("a"), key("c"))])
    assert caught.value.judgements == (1,)


# --- properties ------------------------------------------------------------------------------------


def replay(acts: Sequence[tuple[Verdict, list[KeyPair]]]) -> None:
    kept: list[StandingJudgement] = []
    for verdict, pairs in acts:
        tried = [(verdict, pair) for pair in pairs]
        said = {one.id: (one.verdict, (one.left, one.right)) for one in kept}
        try:
            accepted = accept(kept, verdict, pairs)
        except JudgementContradicted as error:
            assert not is_consistent([*said.values(), *tried]), "refused without need"
            witness = [said[number] for number in error.judgements]
            assert not is_consistent([*witness, *tried]), "the named ones do not contradict it"
            continue
        for left, right in accepted.fresh:
            assert left < right
            kept.append(StandingJudgement(len(kept) + 1, left, right, verdict))
        now = [(one.verdict, (one.left, one.right)) for one in kept]
        assert is_consistent([*now, *tried])
        assert len({pair for _, pair in now}) == len(now), "one judgement a pair"


@given(st.lists(ACTS, max_size=14))
def test_an_accepted_set_never_contradicts_and_a_refused_one_always_would(
    acts: list[tuple[Verdict, list[KeyPair]]],
) -> None:
    replay(acts)


@given(st.lists(ACTS, max_size=10), st.randoms())
def test_the_order_in_which_standing_ones_are_read_changes_nothing(
    acts: list[tuple[Verdict, list[KeyPair]]], random: Random
) -> None:
    kept: list[StandingJudgement] = []
    for verdict, pairs in acts:
        shuffled = random.sample(kept, len(kept))
        outcomes = [_outcome(order, verdict, pairs) for order in (kept, shuffled)]
        assert outcomes[0] == outcomes[1]
        if not isinstance(outcomes[0], str):
            kept += [
                StandingJudgement(len(kept) + place, left, right, verdict)
                for place, (left, right) in enumerate(outcomes[0], start=1)
            ]


def _outcome(
    order: list[StandingJudgement], verdict: Verdict, pairs: list[KeyPair]
) -> str | tuple[KeyPair, ...]:
    try:
        return accept(order, verdict, pairs).fresh
    except JudgementContradicted as error:
        return str(error)
