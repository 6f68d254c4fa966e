"""Numbers as others know them: always the same, of one reader and one kind, and of nobody else's making."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.vault.opaque import OpaqueIds
from tests.hub.vault.fixed import OTHER_ROOT, ROOT

OF = OpaqueIds(ROOT, "disclosure", "parks-desk")
NUMBERS = st.integers(0, 2**63 - 1)


@given(kind=st.text(max_size=20), reader=st.text(max_size=20), number=NUMBERS)
def test_a_number_comes_back_and_always_looks_the_same(kind: str, reader: str, number: int) -> None:
    shown = OpaqueIds(ROOT, kind, reader).of(number)
    assert shown == OpaqueIds(ROOT, kind, reader).of(number)
    assert OpaqueIds(ROOT, kind, reader).number(shown) == number


@given(number=NUMBERS, bit=st.integers(0, 127))
def test_an_altered_one_leads_nowhere(number: int, bit: int) -> None:
    assert OF.number(UUID(int=OF.of(number).int ^ (1 << bit))) is None


@given(made_up=st.uuids())
def test_a_made_up_one_leads_nowhere(made_up: UUID) -> None:
    assert OF.number(made_up) is None


def test_another_readers_another_kinds_and_another_hubs_lead_nowhere() -> None:
    for other in (
        OpaqueIds(ROOT, "disclosure", "vehicles-desk"),
        OpaqueIds(ROOT, "correction", "parks-desk"),
        OpaqueIds(OTHER_ROOT, "disclosure", "parks-desk"),
    ):
        assert OF.number(other.of(1)) is None


def test_numbers_that_follow_each_other_look_like_nothing_of_the_kind() -> None:
    shown = [OF.of(number).int for number in range(64)]
    assert shown != sorted(shown)
    assert len(set(shown)) == 64
