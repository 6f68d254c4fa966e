"""Keyed fingerprints of values: the same value gives the same number, and only for who holds the key.

BLAKE2b in its keyed mode (RFC 7693) stands where HMAC-SHA256 would: it is a MAC by design, needs no
second pass since its last block is marked (no length extension), has been shown a sound
pseudo-random function (Luykx, Mennink, Neves 2016), and costs about half. Which values may be tagged
at all (compound ones only) is decided by who calls.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from hub.vault.keyring import Purpose, RootKey

TAG_BYTES: Final = 8
HASH_BYTES: Final = 16

_TAG_DOMAIN: Final = b"hub/tag1"
_KEY_DOMAIN: Final = b"hub/key-hash/1"
_CONTENT_DOMAIN: Final = b"hub/content/1"
_VALUE_DOMAIN: Final = b"hub/value/1"
_SUBJECT_DOMAIN: Final = b"hub/subject/1"
_CASE_DOMAIN: Final = b"hub/case/1"
_USER_DOMAIN: Final = b"hub/user/1"
_TEXTS_DOMAIN: Final = b"hub/texts/1"
_QUESTION_DOMAIN: Final = b"hub/question/1"


class Tagger:
    """64-bit tags of blocking values, for the join that finds candidates.

    One rule's tags say nothing about another's: the rule's number is part of the hash's own
    parameters, not of the text. At 64 bits, ten million values of a rule meet by chance in about one
    run of 400,000, and a chance meeting only costs one comparison.
    """

    __slots__ = ("_key", "_states")

    def __init__(self, keys: RootKey) -> None:
        self._key = keys.derive(Purpose.TAG)
        self._states: dict[int, blake2b] = {}

    def tag(self, rule: int, value: str) -> int:
        """The value's tag under a rule's stable number (0 to 2^64-1), as a signed 64-bit integer."""
        prepared = self._states.get(rule)
        if prepared is None:
            person = _TAG_DOMAIN + rule.to_bytes(8, "big")
            prepared = blake2b(digest_size=TAG_BYTES, key=self._key, person=person)
            self._states[rule] = prepared
        # A copy of the keyed state saves hashing the key's block again for each value.
        state = prepared.copy()
        state.update(value.encode("utf-8", "surrogatepass"))
        return int.from_bytes(state.digest(), "big", signed=True)


class Hasher:
    """16-byte keyed hashes that stand for a record's key, for a row's content and for one value of it."""

    __slots__ = ("_content", "_key", "_value")

    def __init__(self, keys: RootKey) -> None:
        self._key = _prepared(keys.derive(Purpose.KEY_HASH), _KEY_DOMAIN)
        self._content = _prepared(keys.derive(Purpose.CONTENT_HASH), _CONTENT_DOMAIN)
        self._value = _prepared(keys.derive(Purpose.CONTENT_HASH), _VALUE_DOMAIN)

    def key(self, record_key: str) -> bytes:
        """Of a record key as it is written, `source:local_id`: the same for the record each time."""
        state = self._key.copy()
        state.update(record_key.encode("utf-8", "surrogatepass"))
        return state.digest()

    def content(self, content: bytes) -> bytes:
        """Of a row as read: equal hashes mean an unchanged row."""
        state = self._content.copy()
        state.update(content)
        return state.digest()

    def value(self, key_hash: bytes, attribute: str, value: str) -> bytes:
        """Of a value in its place: the same value of another record or attribute gives another hash."""
        state = self._value.copy()
        texts = [text.encode("utf-8", "surrogatepass") for text in (attribute, value)]
        for part in (key_hash, *texts):
            state.update(len(part).to_bytes(4, "big"))
            state.update(part)
        return state.digest()


class Pseudonyms:
    """16-byte keyed hashes that stand for a constituent, for a case and for an agency's member of staff."""

    __slots__ = ("_case", "_subject", "_user")

    def __init__(self, keys: RootKey) -> None:
        key = keys.derive(Purpose.PSEUDONYM)
        self._subject = _prepared(key, _SUBJECT_DOMAIN)
        self._case = _prepared(key, _CASE_DOMAIN)
        self._user = _prepared(key, _USER_DOMAIN)

    def subject(self, number: int) -> bytes:
        """Of a constituent's id, by its age number: what facts about her and disclosures are filed under."""
        state = self._subject.copy()
        state.update(number.to_bytes(8, "big"))
        return state.digest()

    def case(self, agency: str, reference: str) -> bytes:
        """Of an agency's case reference: the same for the same case, nothing to who has no key."""
        return _of_texts(self._case, agency, reference)

    def user(self, agency: str, name: str) -> bytes:
        """Of who asked at an agency, as the agency names them."""
        return _of_texts(self._user, agency, name)


def keyed_hash(keys: RootKey, purpose: Purpose, *texts: str) -> bytes:
    """16 bytes that stand for some texts, in their order, under a purpose's key."""
    return _of_texts(_prepared(keys.derive(purpose), _TEXTS_DOMAIN), *texts)


class Questions:
    """16-byte keyed hashes that stand for what one client asked on one day; another's, or another day's, differ."""

    __slots__ = ("_question",)

    def __init__(self, keys: RootKey) -> None:
        self._question = _prepared(keys.derive(Purpose.QUESTION), _QUESTION_DOMAIN)

    def asked(self, client: str, day: str, *said: str) -> bytes:
        """Of what a question says, part by part, in the form in which equal ones are equal."""
        return _of_texts(self._question, client, day, *said)


def _of_texts(prepared: blake2b, *texts: str) -> bytes:
    state = prepared.copy()
    for text in texts:
        part = text.encode("utf-8", "surrogatepass")
        state.update(len(part).to_bytes(4, "big"))
        state.update(part)
    return state.digest()


def _prepared(key: bytes, domain: bytes) -> blake2b:
    return blake2b(digest_size=HASH_BYTES, key=key, person=domain)
