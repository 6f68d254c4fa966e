from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.log.checkpoint import (
    Checkpoint,
    LogKey,
    Note,
    NoteRefused,
    NoteRule,
    Signature,
    cosigned,
    open_checkpoint,
    sign,
)
from tests.consent.log.logs import KEY, ORIGIN, OTHER_PRIVATE, PRIVATE, public

ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(ORIGIN, 20_852_163, ROOT)
NOTE = str(sign(CHECKPOINT, PRIVATE)).encode()
WITNESS = LogKey("witness.example", public(OTHER_PRIVATE))

origins = st.text(st.characters(min_codepoint=0x21, exclude_characters="+"), min_size=1).filter(
    lambda text: text.isprintable() and not any(character.isspace() for character in text)
)


def test_a_note_of_another_implementation_verifies() -> None:
    """The example in the documentation of Go's golang.org/x/mod/sumdb/note."""
    key = LogKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = Note.parse(
        b"If you think cryptography is the answer to your problem,\n"
        b"then you don't know what your problem is.\n"
        b"\n"
        b"\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg"
        b"KvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    (signature,) = note.signatures
    assert (signature.name, signature.key_id) == (key.name, key.key_id)
    assert key.verifies(signature.value, note.text)


def test_the_text_is_the_one_written_down() -> None:
    assert NOTE.decode().split("\n\n")[0] == (
        "hub.example/disclosures\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    )


@given(
    origins,
    st.integers(0, 2**60),
    st.binary(min_size=32, max_size=32),
    st.lists(origins, max_size=3).map(tuple),
)
def test_a_signed_checkpoint_is_opened_as_it_was_signed(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...]
) -> None:
    checkpoint = Checkpoint(origin, size, root, extensions)
    note = str(sign(checkpoint, PRIVATE)).encode()
    key = LogKey(origin, public(PRIVATE))
    assert open_checkpoint(note, [key], origin) == checkpoint
    assert LogKey.parse(str(key)) == key
    assert str(Note.parse(note)).encode() == note


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
def test_a_checkpoint_altered_in_any_byte_is_refused(place: int, mask: int) -> None:
    altered = NOTE[:place] + bytes([NOTE[place] ^ mask]) + NOTE[place + 1 :]
    with pytest.raises(NoteRefused):
        open_checkpoint(altered, [KEY], ORIGIN)


def test_cosignatures_of_unknown_witnesses_are_ignored_and_those_of_known_ones_must_hold() -> None:
    both = cosigned(
        sign(CHECKPOINT, PRIVATE), sign(CHECKPOINT, OTHER_PRIVATE, name="witness.example")
    )
    assert open_checkpoint(str(both).encode(), [KEY], ORIGIN) == CHECKPOINT
    assert open_checkpoint(str(both).encode(), [KEY, WITNESS], ORIGIN) == CHECKPOINT
    false = Note(
        both.text, (both.signatures[0], Signature(WITNESS.name, WITNESS.key_id, bytes(64)))
    )
    assert open_checkpoint(str(false).encode(), [KEY], ORIGIN) == CHECKPOINT
    with pytest.raises(NoteRefused, match="known_key_is_false"):
        open_checkpoint(str(false).encode(), [KEY, WITNESS], ORIGIN)


def test_a_known_witness_alone_cannot_speak_for_the_log() -> None:
    alone = sign(CHECKPOINT, OTHER_PRIVATE, name="witness.example")
    with pytest.raises(NoteRefused, match="not_signed_by_the_log"):
        open_checkpoint(str(alone).encode(), [KEY, WITNESS], ORIGIN)


def test_both_keys_of_a_rotation_are_known_under_one_name() -> None:
    newer = LogKey(ORIGIN, public(OTHER_PRIVATE))
    for private in (PRIVATE, OTHER_PRIVATE):
        note = str(sign(CHECKPOINT, private)).encode()
        assert open_checkpoint(note, [KEY, newer], ORIGIN) == CHECKPOINT


def test_signatures_over_another_text_are_not_put_together() -> None:
    with pytest.raises(ValueError, match="another text"):
        cosigned(sign(CHECKPOINT, PRIVATE), sign(Checkpoint(ORIGIN, 1, ROOT), PRIVATE))


def resigned(text: str) -> bytes:
    """A text no Checkpoint would write, signed by the log all the same."""
    value = PRIVATE.sign(text.encode())
    return str(Note(text, (Signature(ORIGIN, KEY.key_id, value),))).encode()


BASE64 = b64encode(ROOT).decode()


@pytest.mark.parametrize(
    ("rule", "note"),
    [
        pytest.param(NoteRule.TOO_LONG, b"x" * 200_000, id="longer than any checkpoint"),
        pytest.param(NoteRule.NOT_UTF8, NOTE + b"\xff\n", id="not UTF-8"),
        pytest.param(
            NoteRule.CONTROL_CHARACTER, NOTE.replace(b"\n", b"\r\n", 1), id="a carriage return"
        ),
        pytest.param(NoteRule.NO_FINAL_NEWLINE, NOTE[:-1], id="no newline at the end"),
        pytest.param(
            NoteRule.NO_BLANK_LINE, NOTE.replace(b"\n\n", b"\n"), id="text and signature run on"
        ),
        pytest.param(NoteRule.NO_SIGNATURE, CHECKPOINT.text.encode() + b"\n", id="no signature"),
        pytest.param(
            NoteRule.TOO_MANY_SIGNATURES,
            NOTE + NOTE.split(b"\n\n")[1] * 32,
            id="thirty-three signatures",
        ),
        pytest.param(
            NoteRule.SIGNATURE_LINE, NOTE.replace("— ".encode(), b"- "), id="a hyphen for a dash"
        ),
        pytest.param(NoteRule.SIGNATURE_LINE, NOTE[:-3] + b"\n", id="a signature cut short"),
        pytest.param(
            NoteRule.KEY_NAME, NOTE.replace("— hub".encode(), "— h+b".encode()), id="plus in a name"
        ),
        pytest.param(NoteRule.TOO_FEW_LINES, resigned(f"{ORIGIN}\n1\n"), id="no root"),
        pytest.param(
            NoteRule.EMPTY_LINE, resigned(f"{ORIGIN}\n1\n{BASE64}\n\nmore\n"), id="an empty line"
        ),
        pytest.param(NoteRule.SIZE, resigned(f"{ORIGIN}\n01\n{BASE64}\n"), id="a leading zero"),
        pytest.param(NoteRule.SIZE, resigned(f"{ORIGIN}\n-1\n{BASE64}\n"), id="a negative size"),
        pytest.param(NoteRule.SIZE, resigned(f"{ORIGIN}\n١\n{BASE64}\n"), id="other digits"),
        pytest.param(
            NoteRule.ROOT, resigned(f"{ORIGIN}\n1\n{BASE64[:-4]}\n"), id="a root of 30 bytes"
        ),
        pytest.param(
            NoteRule.ROOT,
            resigned(f"{ORIGIN}\n1\n{BASE64[:-2]}9=\n"),
            id="base64 with idle bits set",
        ),
        pytest.param(
            NoteRule.OTHER_ORIGIN, resigned(f"other.example\n1\n{BASE64}\n"), id="another log's"
        ),
        pytest.param(
            NoteRule.NOT_SIGNED_BY_THE_LOG,
            str(sign(CHECKPOINT, OTHER_PRIVATE)).encode(),
            id="another key under the same name",
        ),
        pytest.param(
            NoteRule.SIGNATURE_FALSE,
            NOTE.replace(b"20852163", b"20852164"),
            id="another size under the signature",
        ),
    ],
)
def test_a_note_that_breaks_a_rule_is_refused_by_its_name(rule: NoteRule, note: bytes) -> None:
    with pytest.raises(NoteRefused) as refusal:
        open_checkpoint(note, [KEY], ORIGIN)
    assert refusal.value.rule is rule


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param(NoteRule.KEY_FORM, "hub.example", id="a name alone"),
        pytest.param(NoteRule.KEY_FORM, "hub.example+00000000+AAAA", id="another kind of key"),
        pytest.param(NoteRule.KEY_FORM, "hub.example+00000000+AQ==", id="a short key"),
        pytest.param(NoteRule.KEY_NAME, str(KEY).replace("hub", "h b"), id="a space in the name"),
        pytest.param(NoteRule.KEY_ID, str(KEY).replace("hub", "hob"), id="the id of another name"),
    ],
)
def test_a_key_that_breaks_a_rule_is_refused_by_its_name(rule: NoteRule, text: str) -> None:
    with pytest.raises(NoteRefused) as refusal:
        LogKey.parse(text)
    assert refusal.value.rule is rule
