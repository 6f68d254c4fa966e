from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.log import verify
from consent.log.checkpoint import NoteRefused
from consent.log.entry import EntryInvalid
from consent.log.proof import SUFFIX, Proof, open_proof, prove
from consent.log.tree import HeldNodes, inclusion_proof, leaf_hash
from tests.consent.log.logs import AUDITOR_KEY, KEY, ORIGIN, Log, entry, sealed, with_idle_bits

ENTRIES = [entry(number) for number in range(13)]
LOG = sealed(ENTRIES, [13])
NODES = HeldNodes([leaf_hash(one.commitment) for one in ENTRIES])


def proof_of(index: int, log: Log = LOG) -> bytes:
    path = inclusion_proof(index, 13, NODES.read)
    return str(prove(ENTRIES[index], index, path, log.checkpoints[-1])).encode()


HERS = proof_of(7)


HEAD = HERS.split(b"\n\n")[0].split(b"\n")
HASH = HEAD[-1]
OPENING = b64decode(HEAD[1].removeprefix(b"extra "))
NONCE = OPENING.split(b'"nonce":"')[1][:44]


def with_extra(opening: bytes) -> bytes:
    return HERS.replace(HEAD[1], b"extra " + b64encode(opening))


def verdicts(content: bytes) -> tuple[bool, bool]:
    """Whether the proof holds for the hub, and for the auditor's file."""
    try:
        open_proof(content, [KEY], ORIGIN)
        ours = True
    except (NoteRefused, EntryInvalid):
        ours = False
    try:
        verify.check_proof(content, [AUDITOR_KEY], ORIGIN)
        theirs = True
    except verify.Broken:
        theirs = False
    return ours, theirs


@pytest.mark.parametrize("index", range(13))
def test_each_entry_can_be_proven_and_read_by_who_holds_the_proof(index: int) -> None:
    proven, checkpoint = open_proof(proof_of(index), [KEY], ORIGIN)
    assert proven == ENTRIES[index]
    assert checkpoint.size == 13
    account, subject = verify.check_proof(proof_of(index), [AUDITOR_KEY], ORIGIN)
    assert (account.encode(), subject.encode()) == (proven.account, proven.subject)


def test_the_text_has_the_form_of_tlog_proof() -> None:
    header, extra, index, *path = HERS.decode().split("\n\n")[0].split("\n")
    assert (header, index, len(path)) == ("c2sp.org/tlog-proof@v1", "index 7", 4)
    assert extra.startswith("extra ")
    assert str(Proof.parse(HERS)).encode() == HERS


@given(st.integers(0, len(HERS) - 1), st.integers(1, 255))
def test_a_proof_altered_in_any_byte_does_not_hold(place: int, mask: int) -> None:
    altered = HERS[:place] + bytes([HERS[place] ^ mask]) + HERS[place + 1 :]
    assert verdicts(altered) == (False, False)


@given(st.integers(0, len(HERS) - 1), st.integers(0, 60))
def test_a_proof_with_a_piece_cut_out_does_not_hold(place: int, length: int) -> None:
    cut = HERS[:place] + HERS[place + length :]
    assert verdicts(cut) == (cut == HERS, cut == HERS)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(HERS.replace(b"index 7", b"index 8"), id="at another place"),
        pytest.param(HERS.replace(b"index 7", b"index 07"), id="a leading zero"),
        pytest.param(HERS.replace(b"index 7", b"index 99999"), id="beyond the tree"),
        pytest.param(
            proof_of(7, sealed([*ENTRIES[:-1], entry(99)], [13])), id="under another tree's root"
        ),
        pytest.param(
            b"\n".join(line for line in HERS.split(b"\n") if not line.startswith(b"extra")),
            id="without the entry",
        ),
        pytest.param(
            HERS.replace(HASH, with_idle_bits(HASH)), id="a path's hash with idle bits set"
        ),
        pytest.param(with_extra(OPENING.replace(b",", b", ", 1)), id="an entry written otherwise"),
        pytest.param(with_extra(OPENING[:-1] + b',"z":1}'), id="an entry with something more"),
        pytest.param(
            with_extra(OPENING.replace(NONCE, with_idle_bits(NONCE))),
            id="a nonce with idle bits set",
        ),
        pytest.param(HERS + b" " * 600_000, id="longer than any proof"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"c2sp.org/tlog-proof@v1\n", id="a header alone"),
    ],
)
def test_a_proof_of_something_else_does_not_hold(content: bytes) -> None:
    assert verdicts(content) == (False, False)


def test_an_only_entry_is_proven_at_its_own_place_alone() -> None:
    only = str(prove(ENTRIES[0], 0, (), sealed(ENTRIES[:1], [1]).checkpoints[0])).encode()
    assert verdicts(only) == (True, True)
    assert verdicts(only.replace(b"index 0", b"index 1")) == (False, False)


def test_a_proof_without_an_entry_is_still_in_the_form_of_tlog_proof() -> None:
    bare = Proof(7, Proof.parse(HERS).path, LOG.checkpoints[-1])
    assert Proof.parse(str(bare).encode()) == bare


def test_there_is_no_proof_of_an_erased_entry() -> None:
    with pytest.raises(EntryInvalid, match="erased"):
        prove(ENTRIES[7].erased(), 7, (), LOG.checkpoints[-1])


def test_the_auditors_file_checks_a_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"seen{SUFFIX}"
    file.write_bytes(HERS)
    assert verify.main([str(file), "--key", str(KEY)]) == 0
    assert '"agency":"parks"' in capsys.readouterr().out
    file.write_bytes(HERS.replace(b"index 7", b"index 8"))
    assert verify.main([str(file), "--key", str(KEY)]) == 1
    assert "proof_broken: the entry is not in the tree" in capsys.readouterr().out
