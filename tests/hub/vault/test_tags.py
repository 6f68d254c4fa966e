from hypothesis import given
from hypothesis import strategies as st

from hub.vault.keyring import Purpose
from hub.vault.tags import Hasher, Tagger, keyed_hash
from tests.hub.vault.fixed import OTHER_ROOT, ROOT

tagger, stranger = Tagger(ROOT), Tagger(OTHER_ROOT)
hasher = Hasher(ROOT)

any_text = st.text(st.characters(exclude_categories=[]), max_size=60)
rules = st.integers(0, 2**15 - 1)


@given(rule=rules, value=any_text)
def test_a_tag_is_the_same_each_time_and_fits_a_signed_bigint(rule: int, value: str) -> None:
    tag = tagger.tag(rule, value)
    assert tag == tagger.tag(rule, value) == Tagger(ROOT).tag(rule, value)
    assert -(2**63) <= tag < 2**63


@given(rule=rules, other=rules, value=any_text, another=any_text)
def test_another_rule_value_or_key_gives_another_tag(
    rule: int, other: int, value: str, another: str
) -> None:
    tag = tagger.tag(rule, value)
    assert tag != stranger.tag(rule, value)
    assert (tag == tagger.tag(other, value)) == (rule == other)
    assert (tag == tagger.tag(rule, another)) == (value == another)


def test_tags_of_many_values_do_not_meet() -> None:
    assert len({tagger.tag(rule, str(n)) for rule in range(9) for n in range(5_000)}) == 45_000


@given(text=any_text, other=any_text)
def test_hashes_have_16_bytes_and_differ_with_the_text(text: str, other: str) -> None:
    assert len(hasher.key(text)) == 16
    assert (hasher.key(text) == hasher.key(other)) == (text == other)


@given(content=st.binary(max_size=100), other=st.binary(max_size=100))
def test_content_hashes_differ_with_the_content(content: bytes, other: bytes) -> None:
    assert len(hasher.content(content)) == 16
    assert (hasher.content(content) == hasher.content(other)) == (content == other)


@given(place=st.tuples(any_text, any_text, any_text), other=st.tuples(any_text, any_text, any_text))
def test_a_value_has_another_hash_in_another_place(
    place: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    first, second = (
        hasher.value(key.encode("utf-8", "surrogatepass"), attribute, value)
        for key, attribute, value in (place, other)
    )
    assert len(first) == 16
    assert (first == second) == (place == other)


@given(said=st.lists(any_text), other=st.lists(any_text))
def test_texts_stand_for_themselves_in_their_parts_under_one_purpose(
    said: list[str], other: list[str]
) -> None:
    first, second = (keyed_hash(ROOT, Purpose.QUESTION, *texts) for texts in (said, other))
    assert len(first) == 16
    assert (first == second) == (said == other)
    assert first != keyed_hash(OTHER_ROOT, Purpose.QUESTION, *said)
    assert first != keyed_hash(ROOT, Purpose.USED_ONCE, *said)


def test_the_hash_of_a_key_says_nothing_about_equal_content_or_another_root() -> None:
    assert hasher.key("vehicles:1") != hasher.content(b"vehicles:1")
    assert hasher.key("vehicles:1") != Hasher(OTHER_ROOT).key("vehicles:1")
    assert hasher.content(b"row") != Hasher(OTHER_ROOT).content(b"row")
    assert hasher.value(b"k", "name", "x") != Hasher(OTHER_ROOT).value(b"k", "name", "x")


def test_tags_and_hashes_are_the_ones_written_down() -> None:
    # A change here would part new records from those already stored.
    assert tagger.tag(0, "okafor|1975-03-14") == -3913770687909142929
    assert tagger.tag(7, "okafor|1975-03-14") == 3860287495837359066
    assert hasher.key("vehicles:D0000001").hex() == "087c77e79491ba52b09c66a5f879484d"
    assert hasher.content(b"a,row").hex() == "610719b69259eca58567c5eb0eed1408"
    assert (
        hasher.value(b"\1" * 16, "name", "maria okafor").hex() == "a73582f673727547525dc3886b11fef3"
    )
