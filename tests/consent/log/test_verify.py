from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.log import verify
from consent.log.checkpoint import (
    Checkpoint,
    LogKey,
    Note,
    NoteRefused,
    Signature,
    cosigned,
    open_checkpoint,
    sign,
)
from consent.log.entry import Account, Subject, write
from consent.log.export import row_line
from consent.log.tree import RightEdge, leaf_hash
from consent.log.verify import Kind
from tests.consent.log.logs import (
    AUDITOR_KEY,
    KEY,
    ORIGIN,
    OTHER_PRIVATE,
    PRIVATE,
    Log,
    Row,
    accounts,
    entry,
    nonces,
    public,
    sealed,
    subjects,
    with_idle_bits,
)

ENTRIES = [entry(number) for number in range(24)]
SIZES = (5, 11, 16, 24)
ERASED = (3, 12)
LOG = sealed(ENTRIES, SIZES, erased=ERASED)
FORGED = sealed([*ENTRIES[:7], entry(7, purpose="tax"), *ENTRIES[8:]], SIZES)
"""What an insider with the database and the log's key could make: row 7 says something else."""


def test_an_honest_log_holds_and_its_erased_entries_are_counted() -> None:
    report = LOG.check(held=LOG.checkpoints[:2])
    assert report == verify.Report(
        ORIGIN, rows=24, erased=2, sealed=24, checkpoints=6, findings=(), findings_left_out=0
    )
    assert report.holds


@given(st.integers(0, 24), st.sets(st.integers(1, 24), min_size=1), st.sets(st.integers(0, 23)))
def test_erasing_any_entries_of_any_log_leaves_it_valid(
    count: int, sizes: set[int], erased: set[int]
) -> None:
    log = sealed(ENTRIES[:count], sizes, erased=erased & set(range(count)))
    report = log.check()
    expected = [] if log.checkpoints else [Kind.NO_CHECKPOINT]
    assert [finding.kind for finding in report.findings] == expected
    assert report.sealed == max((size for size in sizes if size <= count), default=0)


def test_rows_after_the_last_checkpoint_are_there_but_not_sealed() -> None:
    report = sealed(ENTRIES, [16]).check()
    assert (report.holds, report.rows, report.sealed) == (True, 24, 16)


def test_a_log_of_nothing_holds() -> None:
    empty = sign(Checkpoint(ORIGIN, 0, RightEdge().root()), PRIVATE)
    assert Log((empty,), ()).check().holds


def of(number: int | None, index: int, *, leaf: bool = True) -> Row:
    """Entry `index` as a row of another number."""
    return Row(number, ENTRIES[index].commitment if leaf else None, ENTRIES[index])


def without(*numbers: int) -> Log:
    return LOG.with_rows(row for n, row in enumerate(LOG.rows) if n not in numbers)


def inserted(place: int, row: Row) -> Log:
    return LOG.with_rows([*LOG.rows[:place], row, *LOG.rows[place:]])


def exchanged(first: int, second: int) -> Log:
    rows = list(LOG.rows)
    rows[first], rows[second] = rows[second], rows[first]
    return LOG.with_rows(rows)


def entry_flipped(row: Row) -> Row:
    assert row.entry is not None
    account = row.entry.account.replace(b'"parks"', b'"parkt"')
    return replace(row, entry=replace(row.entry, account=account))


def subject_flipped(row: Row) -> Row:
    assert row.entry is not None
    assert row.entry.subject is not None
    subject = row.entry.subject.replace(b"constituent 7", b"constituent 6")
    return replace(row, entry=replace(row.entry, subject=subject))


def signed_instead(*checkpoints: Note) -> Log:
    """The log with its checkpoint of size 11 replaced."""
    first, _, *rest = LOG.checkpoints
    return replace(LOG, checkpoints=(first, *checkpoints, *rest))


SECOND = LOG.checkpoints[1]
OF_ANOTHER_KEY = sealed(ENTRIES, SIZES, private=OTHER_PRIVATE).checkpoints[1]
BROKEN_NOTE = Note(SECOND.text, (Signature(ORIGIN, KEY.key_id, bytes(64)),))
OF_ANOTHER_LOG = sign(Checkpoint("other.example", 11, bytes(32)), PRIVATE)


@pytest.mark.parametrize(
    ("log", "found"),
    [
        pytest.param(
            LOG.with_row(7, entry_flipped),
            {(Kind.ENTRY_NOT_OF_ITS_LEAF, 7)},
            id="a byte of an entry's account is flipped",
        ),
        pytest.param(
            LOG.with_row(7, subject_flipped),
            {(Kind.ENTRY_NOT_OF_ITS_LEAF, 7)},
            id="an entry is moved to another subject",
        ),
        pytest.param(
            LOG.with_row(12, entry_flipped),
            {(Kind.ENTRY_NOT_OF_ITS_LEAF, 12)},
            id="the account of an erased entry is altered",
        ),
        pytest.param(
            LOG.with_row(7, lambda row: replace(row, leaf=bytes(32))),
            {(Kind.ENTRY_NOT_OF_ITS_LEAF, 7), (Kind.ROOT_DIFFERS, 11)},
            id="a leaf is altered",
        ),
        pytest.param(
            LOG.with_row(7, lambda _: FORGED.rows[7]),
            {(Kind.ROOT_DIFFERS, 11)},
            id="an entry and its leaf are rewritten together",
        ),
        pytest.param(
            LOG.with_row(7, lambda row: replace(row, entry=ENTRIES[6])),
            {(Kind.ENTRY_NOT_OF_ITS_LEAF, 7)},
            id="a row is rolled back to an older version",
        ),
        pytest.param(
            LOG.with_row(12, lambda row: replace(row, entry=ENTRIES[12])),
            {(Kind.ERASURE_UNDONE, 24)},
            id="an erased row is brought back from a backup",
        ),
        pytest.param(
            without(7),
            {(Kind.NUMBER_MISSING, 7), (Kind.ROOT_DIFFERS, 11)},
            id="a row is deleted",
        ),
        pytest.param(
            without(7).renumbered(),
            {(Kind.ROOT_DIFFERS, 11), (Kind.TRUNCATED, 24)},
            id="a row is deleted and the rest renumbered",
        ),
        pytest.param(
            LOG.with_row(7, lambda row: replace(row, entry=None)),
            {(Kind.LEAF_WITHOUT_ENTRY, 7)},
            id="an entry is deleted under its leaf",
        ),
        pytest.param(
            LOG.with_rows([*without(7).rows, of(None, 7, leaf=False)]),
            {
                (Kind.NUMBER_MISSING, 7),
                (Kind.ROOT_DIFFERS, 11),
                (Kind.ENTRY_WITHOUT_LEAF, None),
            },
            id="a leaf is deleted under its entry",
        ),
        pytest.param(
            LOG.with_row(7, lambda row: replace(row, leaf=None)),
            {
                (Kind.ENTRY_WITHOUT_LEAF, 7),
                (Kind.NUMBER_MISSING, 7),
                (Kind.ROOT_DIFFERS, 11),
            },
            id="a numbered entry has no leaf",
        ),
        pytest.param(
            inserted(7, of(7, 2)).renumbered(),
            {(Kind.ROOT_DIFFERS, 11)},
            id="a row is inserted and the rest renumbered",
        ),
        pytest.param(
            inserted(24, of(None, 2, leaf=False)),
            {(Kind.ENTRY_WITHOUT_LEAF, None)},
            id="an entry that was never logged is inserted",
        ),
        pytest.param(
            inserted(8, of(7, 2)), {(Kind.NUMBER_REPEATED, 7)}, id="a number is given twice"
        ),
        pytest.param(
            exchanged(7, 8),
            {
                (Kind.NUMBER_MISSING, 7),
                (Kind.NUMBER_OUT_OF_ORDER, 7),
                (Kind.ROOT_DIFFERS, 11),
            },
            id="two rows are out of order",
        ),
        pytest.param(
            exchanged(7, 8).renumbered(),
            {(Kind.ROOT_DIFFERS, 11)},
            id="two rows changed places and numbers",
        ),
        pytest.param(
            LOG.with_row(7, lambda row: replace(row, entry=ENTRIES[8])).with_row(
                8, lambda row: replace(row, entry=ENTRIES[7])
            ),
            {(Kind.ENTRY_NOT_OF_ITS_LEAF, 7), (Kind.ENTRY_NOT_OF_ITS_LEAF, 8)},
            id="two entries changed places under their leaves",
        ),
        pytest.param(
            LOG.with_rows(LOG.rows[:20]),
            {(Kind.TRUNCATED, 24)},
            id="the last rows are cut off",
        ),
        pytest.param(
            signed_instead(OF_ANOTHER_KEY),
            {(Kind.CHECKPOINT_NOT_SIGNED, 11)},
            id="a checkpoint is signed with another key",
        ),
        pytest.param(
            signed_instead(BROKEN_NOTE),
            {(Kind.SIGNATURE_FALSE, 11)},
            id="a checkpoint carries a false signature of the log's key",
        ),
        pytest.param(
            signed_instead(Note("hub\n11\n", SECOND.signatures)),
            {(Kind.CHECKPOINT_MALFORMED, None)},
            id="a checkpoint has no root",
        ),
        pytest.param(
            signed_instead(OF_ANOTHER_LOG),
            {(Kind.CHECKPOINT_OF_ANOTHER_LOG, 11)},
            id="a checkpoint of another log is put in",
        ),
        pytest.param(
            signed_instead(SECOND, FORGED.checkpoints[1]),
            {(Kind.FORK, 11)},
            id="the log is forked: two roots of one size",
        ),
        pytest.param(
            signed_instead(FORGED.checkpoints[1]),
            {(Kind.FORK, 11)},
            id="the log is forked: an older root that the newer tree does not hold",
        ),
        pytest.param(
            replace(LOG, checkpoints=()),
            {(Kind.NO_CHECKPOINT, None)},
            id="all checkpoints are taken out",
        ),
    ],
)
def test_tampering_is_found_and_named(log: Log, found: set[tuple[Kind, int | None]]) -> None:
    report = log.check()
    assert {(finding.kind, finding.row) for finding in report.findings} == found
    assert not report.holds


@pytest.mark.parametrize(
    ("log", "found"),
    [
        pytest.param(
            sealed(ENTRIES[:20], (5, 11, 16)),
            {(Kind.TRUNCATED, 24)},
            id="rows are cut off together with their checkpoint",
        ),
        pytest.param(
            FORGED,
            {(Kind.FORK, 11), (Kind.FORK, 16), (Kind.FORK, 24), (Kind.ERASURE_UNDONE, 24)},
            id="the whole log is rewritten and sealed again with its own key",
        ),
    ],
)
def test_checkpoints_that_others_kept_show_what_the_export_hides(
    log: Log, found: set[tuple[Kind, int | None]]
) -> None:
    assert log.check().holds
    report = log.check(held=LOG.checkpoints)
    assert {(finding.kind, finding.row) for finding in report.findings} == found


def test_where_a_root_differs_the_rows_between_two_checkpoints_are_named() -> None:
    (finding,) = LOG.with_row(7, lambda _: FORGED.rows[7]).check().findings
    assert finding.detail == "in rows 5 to 10 something was altered, inserted or removed"


LINES = LOG.lines()
EXPORT = b"".join(LINES)
LEAF, NONCE = (LINES[-1].split(b'"%s":"' % name)[1][:44] for name in (b"leaf", b"nonce"))


@given(st.integers(0, len(EXPORT) - 1), st.integers(1, 255))
def test_an_export_altered_in_any_byte_does_not_hold(place: int, mask: int) -> None:
    altered = EXPORT[:place] + bytes([EXPORT[place] ^ mask]) + EXPORT[place + 1 :]
    report = verify.check_export(altered.splitlines(keepends=True), [AUDITOR_KEY])
    assert not report.holds


@given(st.sampled_from(LINES), st.integers(0, len(LINES)))
def test_a_line_put_in_anywhere_is_found_unless_it_says_nothing_new(
    line: bytes, place: int
) -> None:
    lines = [*LINES[:place], line, *LINES[place:]]
    report = verify.check_export(lines, [AUDITOR_KEY])
    again = line.startswith(b'{"checkpoint"') and 0 < place <= 1 + len(SIZES)
    assert report.holds == again


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n", id="an empty line"),
        pytest.param(b"\xff\n", id="not UTF-8"),
        pytest.param(b"[" * 100_000 + b"\n", id="nested without end"),
        pytest.param(b'{"number":NaN}\n', id="not a number"),
        pytest.param(b'{"leaf":null,"number":0}\n', id="a leaf of null"),
        pytest.param(row_line(-1, bytes(32), None), id="a negative number"),
        pytest.param(row_line(2**63, bytes(32), None), id="a number beyond all counting"),
        pytest.param(row_line(True, bytes(32), None), id="a number that is true"),
        pytest.param(row_line(0, bytes(31), None), id="a leaf of 31 bytes"),
        pytest.param(LINES[-1].replace(b'"account":', b'"account": '), id="a space too many"),
        pytest.param(LINES[-1].replace("ë".encode(), b"\\u00eb"), id="another way to write it"),
        pytest.param(LINES[-1].replace(LEAF, with_idle_bits(LEAF)), id="a leaf with idle bits set"),
        pytest.param(
            LINES[-1].replace(NONCE, with_idle_bits(NONCE)), id="a nonce with idle bits set"
        ),
        pytest.param(b'{"account":{},"leaf":"' + LINES[-1][13:], id="an object for a text"),
        pytest.param(LINES[1], id="a checkpoint after the first row"),
    ],
)
def test_a_line_that_is_no_row_is_named(line: bytes) -> None:
    report = verify.check_export([*LINES, line], [AUDITOR_KEY])
    assert [finding.kind for finding in report.findings] == [Kind.MALFORMED_LINE]
    assert str(len(LINES) + 1) in report.findings[0].detail


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        pytest.param(b"", Kind.MALFORMED_LINE, id="none"),
        pytest.param(LINES[0].replace(b"/1", b"/2"), Kind.MALFORMED_LINE, id="of another version"),
        pytest.param(
            LINES[0].replace(b"hub.", b"hob."),
            Kind.CHECKPOINT_OF_ANOTHER_LOG,
            id="of a log whose key was not given",
        ),
    ],
)
def test_without_its_header_an_export_is_not_read(header: bytes, kind: Kind) -> None:
    report = verify.check_export([header, *LINES[1:]], [AUDITOR_KEY])
    assert [finding.kind for finding in report.findings] == [kind]
    assert report.rows == 0


def test_of_very_many_findings_the_first_are_kept_and_all_are_counted() -> None:
    lines = [*LINES, *[b"{}\n"] * (verify.FINDINGS_MAX + 5)]
    report = verify.check_export(lines, [AUDITOR_KEY])
    assert (len(report.findings), report.findings_left_out) == (verify.FINDINGS_MAX, 5)


def test_cosignatures_of_unknown_witnesses_do_not_matter() -> None:
    note = LOG.checkpoints[-1]
    text = Checkpoint.parse(note.text)
    witnessed = cosigned(note, sign(text, OTHER_PRIVATE, name="witness.example"))
    assert replace(LOG, checkpoints=(*LOG.checkpoints[:-1], witnessed)).check().holds


def test_a_known_witness_alone_cannot_speak_for_the_log() -> None:
    witness = verify.Key("witness.example", public(OTHER_PRIVATE))
    text = Checkpoint.parse(SECOND.text)
    log = signed_instead(sign(text, OTHER_PRIVATE, name="witness.example"))
    report = verify.check_export(log.lines(), [AUDITOR_KEY, witness])
    assert [(f.kind, f.row) for f in report.findings] == [(Kind.CHECKPOINT_NOT_SIGNED, 11)]


# Two implementations, one answer


@given(accounts, subjects, nonces)
def test_both_implementations_give_one_leaf(
    account: Account, subject: Subject, nonce: bytes
) -> None:
    written = write(account, subject, nonce)
    for shown in (written, written.erased()):
        number, leaf, entry_leaf, is_erased = verify._read_row(
            row_line(5, written.commitment, shown)
        )
        assert (number, is_erased) == (5, shown.is_erased)
        assert leaf == entry_leaf == written.commitment


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40))
def test_both_implementations_give_one_root(leaves: list[bytes]) -> None:
    check = verify._Check([])
    for leaf in leaves:
        check.grow(leaf)
    edge, _ = RightEdge().extended(map(leaf_hash, leaves))
    assert verify._root(check.edge) == edge.root()


NOTE = str(LOG.checkpoints[-1]).encode()
pieces = st.sampled_from(
    [b"", b"\n", b"\n\n", b" ", b"+", b"\0", b"\xff", "— ".encode(), b"0", b"=", NOTE, NOTE[-40:]]
)


@given(st.integers(0, len(NOTE)), st.integers(0, 40), pieces, st.booleans())
def test_both_implementations_open_the_same_notes(
    place: int, length: int, piece: bytes, signed: bool
) -> None:
    content = NOTE[:place] + piece + NOTE[place + length :]
    text = content.decode("utf-8", "replace").rpartition("\n\n")[0] + "\n"
    if signed:
        signature = Signature(ORIGIN, KEY.key_id, PRIVATE.sign(text.encode()))
        content = str(Note(text, (signature,))).encode()
    try:
        ours = open_checkpoint(content, [KEY], ORIGIN)
    except NoteRefused:
        with pytest.raises(verify.Broken):
            verify.open_checkpoint(content, [AUDITOR_KEY], ORIGIN)
    else:
        theirs = verify.open_checkpoint(content, [AUDITOR_KEY], ORIGIN)
        assert (ours.size, ours.root) == (theirs.size, theirs.root)


@given(st.text(max_size=30) | st.just(str(KEY)), st.integers(0, 99))
def test_both_implementations_read_the_same_keys(text: str, place: int) -> None:
    written = str(KEY)[:place] + text + str(KEY)[place:]
    try:
        ours = LogKey.parse(written)
    except NoteRefused:
        with pytest.raises(ValueError, match=r"key|base64|padding|Ed25519|[Dd]ata|ASCII"):
            verify.Key.parse(written)
    else:
        theirs = verify.Key.parse(written)
        assert (ours.name, ours.public) == (theirs.name, theirs.public)


# Alone, from the command line


def test_the_file_needs_cryptography_and_the_standard_library_only() -> None:
    tree = ast.parse(Path(verify.__file__).read_text())
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module is not None
            modules.add(node.module.split(".")[0])
    assert modules - sys.stdlib_module_names == {"cryptography"}


@pytest.fixture
def alone(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The file copied to a folder of its own and run there on export.jsonl."""
    (tmp_path / "verify.py").write_bytes(Path(verify.__file__).read_bytes())

    def run(lines: list[bytes], *options: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "export.jsonl").write_bytes(b"".join(lines))
        return subprocess.run(
            [sys.executable, "-I", "verify.py", "export.jsonl", *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_an_auditor_runs_the_file_alone(
    alone: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    good = alone(LINES, "--key", str(KEY))
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout == (
        "hub.example/disclosures: 24 rows, 2 erased, 4 checkpoints, sealed to 24: all holds\n"
    )
    bad = alone(LOG.with_row(7, entry_flipped).lines(), "--key", str(KEY), "--json")
    assert bad.returncode == 1
    told = json.loads(bad.stdout)
    assert told["holds"] is False
    assert told["findings"][0] == {
        "kind": "entry_not_of_its_leaf",
        "row": 7,
        "detail": "altered, or of another version",
    }


def test_exit_codes_tell_findings_from_a_question_that_cannot_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export, kept = tmp_path / "export.jsonl", tmp_path / "kept.txt"
    export.write_bytes(b"".join(sealed(ENTRIES[:20], (16,)).lines()))
    kept.write_bytes(NOTE)
    assert verify.main([str(export), "--key", str(KEY)]) == 0
    assert verify.main([str(export), "--key", str(KEY), "--checkpoint", str(kept)]) == 1
    assert capsys.readouterr().out.splitlines()[1].startswith("truncated: 24 signed for 24 leaves")
    assert verify.main([str(export), "--key", "no key"]) == 2
    assert verify.main([str(tmp_path / "nowhere"), "--key", str(KEY)]) == 2
    with pytest.raises(SystemExit) as exit_code:
        verify.main([str(export)])
    assert exit_code.value.code == 2
