from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.errors import SealBroken
from hub.vault.keyring import Purpose
from hub.vault.sealing import WRAPPED_KEY_BYTES, RecordSealer, Sealed, ValueSealer
from tests.hub.vault.fixed import OTHER_ROOT, ROOT, counted

sealer = RecordSealer(ROOT)
values = ValueSealer(ROOT, Purpose.QUARANTINE)

int64 = st.integers(-(2**63), 2**63 - 1)
class_names = st.sampled_from(["core", "contact", "sensitive", "match"])
records = st.dictionaries(class_names, st.binary(max_size=200), min_size=1)
CONTENT = {"core": b"a name", "contact": b"an address"}


def flipped(data: bytes, bit: int) -> bytes:
    place, shift = divmod(bit % (len(data) * 8), 8)
    return data[:place] + bytes((data[place] ^ (1 << shift),)) + data[place + 1 :]


def opened(by: RecordSealer, sealed: Sealed[str], record_id: int = 7, version: int = 1) -> Any:
    """What both ways of opening give; they must agree."""
    first = by.open(record_id, version, sealed.wrapped_key, sealed.blobs)
    for name, blob in sealed.blobs.items():
        row = (record_id, version, sealed.wrapped_key, blob)
        assert list(by.open_many(name, [row])) == [first[name]]
    return first


def refuses(by: RecordSealer, sealed: Sealed[str], record_id: int = 7, version: int = 1) -> None:
    """Neither way opens any of the blobs."""
    for name, blob in sealed.blobs.items():
        with pytest.raises(SealBroken):
            by.open(record_id, version, sealed.wrapped_key, {name: blob})
        with pytest.raises(SealBroken):
            list(by.open_many(name, [(record_id, version, sealed.wrapped_key, blob)]))


@given(record_id=int64, version=int64, blobs=records)
def test_what_was_sealed_opens_in_its_place(
    record_id: int, version: int, blobs: dict[str, bytes]
) -> None:
    sealed = sealer.seal(record_id, version, blobs)
    assert opened(sealer, sealed, record_id, version) == blobs
    assert len(sealed.wrapped_key) == WRAPPED_KEY_BYTES
    assert all(len(sealed.blobs[name]) == len(blobs[name]) + 16 for name in blobs)


@given(record_id=int64, version=int64, other=st.tuples(int64, int64))
def test_a_record_moved_to_another_row_or_version_does_not_open(
    record_id: int, version: int, other: tuple[int, int]
) -> None:
    if other != (record_id, version):
        refuses(sealer, sealer.seal(record_id, version, CONTENT), *other)


@given(bit=st.integers(0, 10_000), target=st.sampled_from(["wrapped_key", "core", "contact"]))
def test_no_bit_can_be_changed(bit: int, target: str) -> None:
    sealed = sealer.seal(7, 1, CONTENT)
    if target == "wrapped_key":
        refuses(sealer, Sealed(flipped(sealed.wrapped_key, bit), sealed.blobs))
    else:
        refuses(sealer, Sealed(sealed.wrapped_key, {target: flipped(sealed.blobs[target], bit)}))


@given(kept=st.integers(0, WRAPPED_KEY_BYTES - 1))
def test_nothing_cut_short_or_lengthened_opens(kept: int) -> None:
    sealed = sealer.seal(7, 1, CONTENT)
    refuses(sealer, Sealed(sealed.wrapped_key[:kept], sealed.blobs))
    refuses(sealer, Sealed(sealed.wrapped_key + b"\0", sealed.blobs))
    short = {name: blob[: min(kept, len(blob) - 1)] for name, blob in sealed.blobs.items()}
    refuses(sealer, Sealed(sealed.wrapped_key, short))
    longer = {name: blob + b"\0" for name, blob in sealed.blobs.items()}
    refuses(sealer, Sealed(sealed.wrapped_key, longer))


@given(blobs=st.tuples(st.binary(max_size=50), st.binary(max_size=50)))
def test_blobs_of_two_classes_cannot_be_exchanged(blobs: tuple[bytes, bytes]) -> None:
    sealed = sealer.seal(7, 1, dict(zip(("core", "contact"), blobs, strict=True)))
    exchanged = {"core": sealed.blobs["contact"], "contact": sealed.blobs["core"]}
    refuses(sealer, Sealed(sealed.wrapped_key, exchanged))


def test_blobs_and_keys_of_two_records_or_two_versions_cannot_be_exchanged() -> None:
    for first, second in (((7, 1), (8, 1)), ((7, 1), (7, 2))):
        one, two = sealer.seal(*first, CONTENT), sealer.seal(*second, CONTENT)
        refuses(sealer, Sealed(one.wrapped_key, two.blobs), *first)
        refuses(sealer, Sealed(two.wrapped_key, one.blobs), *first)


def test_two_tables_two_generations_and_two_roots_are_strangers() -> None:
    sealed = sealer.seal(7, 1, CONTENT)
    for stranger in (
        RecordSealer(ROOT, table="profiles"),
        RecordSealer(ROOT, generation=2),
        RecordSealer(OTHER_ROOT),
    ):
        refuses(stranger, sealed)
        assert opened(stranger, stranger.seal(7, 1, CONTENT)) == CONTENT


def test_sealing_again_uses_a_new_key_so_no_nonce_meets_a_key_twice() -> None:
    first, second = sealer.seal(7, 1, CONTENT), sealer.seal(7, 1, CONTENT)
    assert first.wrapped_key != second.wrapped_key
    assert all(first.blobs[name] != second.blobs[name] for name in CONTENT)
    refuses(sealer, Sealed(first.wrapped_key, second.blobs))


def test_classes_of_one_content_have_different_blobs() -> None:
    sealed = sealer.seal(7, 1, dict.fromkeys(("core", "contact", "match"), b"the same"))
    assert len(set(sealed.blobs.values())) == 3


def test_only_the_classes_asked_for_are_opened() -> None:
    sealed = sealer.seal(7, 1, CONTENT)
    assert sealer.open(7, 1, sealed.wrapped_key, {"core": sealed.blobs["core"]}) == {
        "core": CONTENT["core"]
    }


def test_many_open_in_order_and_a_broken_one_names_its_record() -> None:
    rows = []
    for number in range(5):
        sealed = sealer.seal(number, 2, {"match": b"%d" % number})
        rows.append((number, 2, sealed.wrapped_key, sealed.blobs["match"]))
    assert list(sealer.open_many("match", rows)) == [b"0", b"1", b"2", b"3", b"4"]
    rows[3] = (*rows[3][:3], rows[2][3])
    with pytest.raises(SealBroken, match="records 3: match"):
        list(sealer.open_many("match", rows))


@pytest.mark.parametrize("name", ["", "thirteen_char", "é", "a\0b"])
def test_a_class_name_that_cannot_be_a_nonce_is_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - an encoding error for one of them
        sealer.seal(7, 1, {name: b""})


def test_neither_errors_nor_reprs_show_content_or_keys() -> None:
    sealed = sealer.seal(7, 1, CONTENT)
    assert repr(sealed) == "Sealed()"
    with pytest.raises(SealBroken) as broken:
        sealer.open(8, 1, sealed.wrapped_key, sealed.blobs)
    assert str(broken.value).startswith("records 8: data_key does not open")


def test_sealed_bytes_are_the_ones_written_down() -> None:
    # A change here means that what rests in existing databases no longer opens.
    fixed = RecordSealer(ROOT, random_bytes=counted).seal(7, 3, {"core": b"Okafor"})
    assert (
        fixed.wrapped_key.hex()
        == "0100018485868788898a8b8c8d8e8f6395e0da89fa9ee7a50ebd72c2fc590a79fa405c08a42477dbb5e98782164edb52a5c3d9ae65d37a7ccfbc4110582fbb"
    )
    assert fixed.blobs["core"].hex() == "64926664c518b29b36f441ab4bb2b788e7c183c1a556"
    value = ValueSealer(ROOT, Purpose.MODEL, random_bytes=counted).seal(b"person", b"Okafor")
    assert value.hex() == "016465666768696a6b6c6d6e6fbe0317403ee44c38789930be434d0f783b35b703be0a"


@given(context=st.binary(max_size=40), content=st.binary(max_size=200))
def test_a_value_opens_in_its_context_only(context: bytes, content: bytes) -> None:
    sealed = values.seal(context, content)
    assert values.open(context, sealed) == content
    for stranger in (
        ValueSealer(ROOT, Purpose.MODEL),
        ValueSealer(OTHER_ROOT, Purpose.QUARANTINE),
    ):
        with pytest.raises(SealBroken):
            stranger.open(context, sealed)
    for elsewhere in (context + b"x", b"x" + context):
        with pytest.raises(SealBroken):
            values.open(elsewhere, sealed)


@given(bit=st.integers(0, 2_000), kept=st.integers(0, 40))
def test_a_value_altered_or_cut_short_does_not_open(bit: int, kept: int) -> None:
    sealed = values.seal(b"context", b"a rejected row")
    for broken in (flipped(sealed, bit), sealed[:kept], sealed + b"\0", b""):
        with pytest.raises(SealBroken, match="quarantine"):
            values.open(b"context", broken)


def test_keys_of_other_uses_seal_no_values() -> None:
    for purpose in set(Purpose) - ValueSealer.PURPOSES:
        with pytest.raises(ValueError, match="no values are sealed"):
            ValueSealer(ROOT, purpose)
    with pytest.raises(ValueError, match="nonsense"):
        ValueSealer(ROOT, "nonsense")


def test_randomness_is_drawn_once_for_each_record() -> None:
    drawn = count()

    def random_bytes(size: int) -> bytes:
        next(drawn)
        return counted(size)

    RecordSealer(ROOT, random_bytes=random_bytes).seal(7, 1, CONTENT)
    assert next(drawn) == 1
