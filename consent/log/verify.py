"""Check an export of the disclosure log, or a constituent's proof, with this file alone.

    python verify.py EXPORT.jsonl --key NAME+ID+BASE64 [--key ...] [--checkpoint FILE ...] [--json]
    python verify.py NAME.tlog-proof --key NAME+ID+BASE64     (the first key is the log's own)

It needs Python 3.11 and `cryptography`, and must import nothing else of this project: an auditor reads
this one file, and a fault in the code that writes the log cannot hide behind itself. For that it repeats
the few lines that hash and that read notes; the tests hold both to one answer. Replaying decisions needs
the facts of their time and is not done here.

An export is one canonical JSON object (RFC 8785) a line:

1.  {"export":"constituent-hub/log-export/1","origin":NAME}
2.  {"checkpoint":NOTE} for every checkpoint: C2SP tlog-checkpoint, signed by the log's key (Ed25519)
3.  a row for each number from 0, ascending:
    {"account":TEXT,"leaf":B64,"nonce":B64,"number":N,"subject":TEXT}    as written
    {"account":TEXT,"leaf":B64,"number":N,"subject_digest":B64}          erased
    {"leaf":B64,"number":N}                                              a leaf without its entry
    {"account":TEXT,...,"number":N or null}                              an entry without its leaf
    Account and subject are JSON objects, each as one text: these bytes are hashed.

    subject digest = SHA-256("constituent-hub/log/subject/1" newline | nonce (32 bytes) | subject)
    leaf           = SHA-256("constituent-hub/log/entry/1" newline | subject digest | account)
    tree           = RFC 6962 §2.1 over the leaves: SHA-256(0x00 | leaf), SHA-256(0x01 | left | right)

Exit code 0: all holds. 1: findings. 2: the question could not be asked (no file, no such key form).
What an export cannot show: rows after the last checkpoint cut off together with it. Hand in checkpoints
that others kept (`--checkpoint`) against that.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, unique
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT: Final = "constituent-hub/log-export/1"
PROOF_HEADER: Final = b"c2sp.org/tlog-proof@v1\n"
LINE_BYTES_MAX: Final = 524_288
NOTE_BYTES_MAX: Final = 131_072
SIGNATURES_MAX: Final = 32
FINDINGS_MAX: Final = 1_000
"""Kept; the rest are counted. A log that was rewritten would otherwise fill the memory."""

_SUBJECT_DOMAIN: Final = b"constituent-hub/log/subject/1\n"
_ENTRY_DOMAIN: Final = b"constituent-hub/log/entry/1\n"
_NUMBER_MAX: Final = 2**63
_EMPTY_ROOT: Final = sha256(b"").digest()
_ED25519: Final = b"\x01"
_EM_DASH: Final = "\N{EM DASH} "
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_NAME: Final = re.compile(r"[^\s+]+")
_ERASED_LINE: Final = re.compile(r"erased (0|[1-9][0-9]{0,18})")
_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
).encode


@unique
class Kind(StrEnum):
    """What can be wrong. `row` of a finding is an entry's number or, from FORK down, a tree size."""

    MALFORMED_LINE = "malformed_line"
    NUMBER_MISSING = "number_missing"
    NUMBER_REPEATED = "number_repeated"
    NUMBER_OUT_OF_ORDER = "number_out_of_order"
    ENTRY_WITHOUT_LEAF = "entry_without_leaf"
    LEAF_WITHOUT_ENTRY = "leaf_without_entry"
    ENTRY_NOT_OF_ITS_LEAF = "entry_not_of_its_leaf"
    PROOF_BROKEN = "proof_broken"
    FORK = "fork"
    ROOT_DIFFERS = "root_differs"
    TRUNCATED = "truncated"
    ERASURE_UNDONE = "erasure_undone"
    CHECKPOINT_MALFORMED = "checkpoint_malformed"
    CHECKPOINT_OF_ANOTHER_LOG = "checkpoint_of_another_log"
    CHECKPOINT_NOT_SIGNED = "checkpoint_not_signed_by_the_log"
    SIGNATURE_FALSE = "signature_false"
    NO_CHECKPOINT = "no_checkpoint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold, and where; never a value of an entry."""

    kind: Kind
    row: int | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and found. `sealed`: leaves under the largest checkpoint that holds."""

    origin: str
    rows: int
    erased: int
    sealed: int
    checkpoints: int
    findings: tuple[Finding, ...]
    findings_left_out: int = 0

    @property
    def holds(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Key:
    """A public key under a name. The log's own key has its origin for a name."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> Key:
        """`name+id+base64(0x01, public key)`. Raises ValueError."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _bytes_of(encoded)
        if not _KEY_NAME.fullmatch(name) or not name.isprintable():
            raise ValueError("a key is written NAME+ID+BASE64, the name without spaces")
        if len(raw) != 33 or raw[:1] != _ED25519:
            raise ValueError("not an Ed25519 key")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise ValueError("the key's id is not of this name and key")
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint whose signatures hold. `erased`: its extension line of that name, or 0."""

    size: int
    root: bytes
    erased: int


class Broken(Exception):
    """A checkpoint or proof that does not hold; carries the finding."""

    def __init__(self, kind: Kind, row: int | None, detail: str) -> None:
        self.finding = Finding(kind, row, detail)
        super().__init__(detail)


def check_export(lines: Iterable[bytes], keys: Sequence[Key], held: Iterable[bytes] = ()) -> Report:
    """Check an export, reading it once. `held`: checkpoints (notes) that others kept.

    1. Every checkpoint is well formed, of this log, and its known signatures hold.
    2. Numbers go from 0 up without gap, repetition or disorder.
    3. Each leaf has its entry, each entry its leaf, and the leaf commits to that entry.
    4. The tree over the leaves has, at each checkpoint's size, the signed root. All being roots of one
       sequence of leaves, the checkpoints are consistent with each other (RFC 6962 §2.1.2).
    5. No two checkpoints contradict each other; none is of more leaves than there are.
    6. No fewer rows are erased than a checkpoint says.
    """
    return _Check(keys).run(lines, held)


class _Check:
    """One pass over one export: the state that goes from line to line."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = keys
        self.origin = ""
        self.findings: list[Finding] = []
        self.left_out = 0
        self.checkpoints: list[Checkpoint] = []
        self.presented = 0
        self.expected = 0
        self.missing: list[range] = []
        self.rows = self.erased = 0
        # The tree so far: its size, the roots of its perfect subtrees, its root and erased rows at
        # each size that was signed.
        self.size = 0
        self.edge: list[bytes] = []
        self.waiting: list[int] = []
        self.roots: dict[int, tuple[bytes, int]] = {}

    def run(self, lines: Iterable[bytes], held: Iterable[bytes]) -> Report:
        numbered = enumerate(lines, 1)
        _, header = next(numbered, (1, b""))
        parts = _object(header)
        origin = parts.get("origin")
        if parts.keys() != {"export", "origin"} or parts["export"] != FORMAT:
            self.found(Kind.MALFORMED_LINE, None, f"line 1: not a header of {FORMAT}")
            return self.report()
        if not isinstance(origin, str) or all(key.name != origin for key in self.keys):
            self.found(Kind.CHECKPOINT_OF_ANOTHER_LOG, None, "no key of the exported log was given")
            return self.report()
        self.origin = origin
        for content in held:
            self.checkpoint(content)
        for number, line in chain(self.read_checkpoints(numbered), numbered):
            self.row(number, line)
        self.compare()
        return self.report()

    def found(self, kind: Kind, row: int | None, detail: str = "") -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(kind, row, detail))
        else:
            self.left_out += 1

    def report(self) -> Report:
        good = [c.size for c in self.checkpoints if self.root_of(c.size) == c.root]
        return Report(
            self.origin,
            self.rows,
            self.erased,
            max(good, default=0),
            self.presented,
            tuple(self.findings),
            self.left_out,
        )

    def read_checkpoints(
        self, numbered: Iterator[tuple[int, bytes]]
    ) -> Iterator[tuple[int, bytes]]:
        """Take in the checkpoints; give back the first line that is none."""
        first = []
        for number, line in numbered:
            if not line.startswith(b'{"checkpoint":'):
                first = [(number, line)]
                break
            note = _object(line).get("checkpoint")
            if isinstance(note, str) and len(_object(line)) == 1:
                self.checkpoint(note.encode("utf-8", "surrogatepass"))
            else:
                self.found(Kind.MALFORMED_LINE, None, f"line {number}: no checkpoint")
        self.waiting = sorted({item.size for item in self.checkpoints}, reverse=True)
        self.seal()
        return iter(first)

    def checkpoint(self, content: bytes) -> None:
        self.presented += 1
        try:
            self.checkpoints.append(open_checkpoint(content, self.keys, self.origin))
        except Broken as broken:
            self.found(broken.finding.kind, broken.finding.row, broken.finding.detail)

    def row(self, line_number: int, line: bytes) -> None:
        """Check one row, and take its leaf into the tree."""
        try:
            number, leaf, entry_leaf, is_erased = _read_row(line)
        except (ValueError, RecursionError):
            self.found(Kind.MALFORMED_LINE, self.expected, f"line {line_number}")
            return
        if leaf is None or number is None:
            self.found(Kind.ENTRY_WITHOUT_LEAF, number, f"line {line_number}")
            return
        if number == self.expected:
            self.expected += 1
        elif not self.renumbered(number):
            return
        self.rows += 1
        self.erased += is_erased
        if entry_leaf is None:
            self.found(Kind.LEAF_WITHOUT_ENTRY, number)
        elif entry_leaf != leaf:
            self.found(Kind.ENTRY_NOT_OF_ITS_LEAF, number, "altered, or of another version")
        self.grow(leaf)

    def renumbered(self, number: int) -> bool:
        """Name what is wrong with a number; whether its leaf still belongs to the tree."""
        if number > self.expected:
            if len(self.missing) < FINDINGS_MAX:
                self.missing.append(range(self.expected, number))
            last = number - 1
            detail = f"to {last}" if last > self.expected else ""
            self.found(Kind.NUMBER_MISSING, self.expected, detail)
            self.expected = number + 1
            return True
        if any(number in gap for gap in self.missing):
            self.found(Kind.NUMBER_OUT_OF_ORDER, number)
            return True
        self.found(Kind.NUMBER_REPEATED, number)
        return False

    def grow(self, leaf: bytes) -> None:
        """Append a leaf to the tree, and keep the root if this size was signed."""
        top = sha256(b"\x00" + leaf).digest()
        index, edge = self.size, self.edge
        while index & 1:
            top = sha256(b"\x01" + edge.pop() + top).digest()
            index >>= 1
        edge.append(top)
        self.size += 1
        if self.waiting and self.waiting[-1] == self.size:
            self.seal()

    def seal(self) -> None:
        if self.waiting and self.waiting[-1] == self.size:
            self.roots[self.waiting.pop()] = (_root(self.edge), self.erased)

    def root_of(self, size: int) -> bytes | None:
        kept = self.roots.get(size)
        return None if kept is None else kept[0]

    def compare(self) -> None:
        if not self.checkpoints:
            self.found(Kind.NO_CHECKPOINT, None, "nothing says what the tree should be")
        signed: dict[int, dict[bytes, int]] = {}
        for item in self.checkpoints:
            roots = signed.setdefault(item.size, {})
            roots[item.root] = max(item.erased, roots.get(item.root, 0))
        good = [size for size, roots in signed.items() if self.root_of(size) in roots]
        proven = max(good, default=0)
        altered = False
        for size in sorted(signed):
            roots = signed[size]
            if len(roots) > 1:
                self.found(Kind.FORK, size, "checkpoints of one size with different roots")
            root = self.root_of(size)
            if size > self.expected:
                self.found(Kind.TRUNCATED, size, f"signed for {size} leaves, {self.size} are here")
            elif root not in roots and size < proven:
                self.found(Kind.FORK, size, f"contradicts the checkpoint of {proven}, which holds")
            elif root not in roots and not altered:
                altered = True
                start = max((held for held in good if held < size), default=0)
                detail = f"in rows {start} to {size - 1} something was altered, inserted or removed"
                self.found(Kind.ROOT_DIFFERS, size, detail)
        self.compare_erased()

    def compare_erased(self) -> None:
        """The first checkpoint that says more rows were erased than are."""
        for item in sorted(self.checkpoints, key=lambda item: item.size):
            _, erased = self.roots.get(item.size, (b"", item.erased))
            if erased < item.erased:
                detail = f"{item.erased} rows were erased when it was signed, {erased} are"
                self.found(Kind.ERASURE_UNDONE, item.size, detail)
                return


def open_checkpoint(content: bytes, keys: Sequence[Key], origin: str) -> Checkpoint:
    """The checkpoint in a note: well formed, of this log, each known signature true, one by the log.

    Raises Broken. Signatures of unknown keys are ignored (C2SP signed-note).
    """
    text, signatures = _read_note(content)
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _NUMBER.fullmatch(lines[1]):
        raise Broken(Kind.CHECKPOINT_MALFORMED, None, "not origin, size, root")
    size = int(lines[1])
    try:
        root = _bytes_of(lines[2])
    except ValueError as cause:
        raise Broken(Kind.CHECKPOINT_MALFORMED, size, "root") from cause
    if len(root) != 32:
        raise Broken(Kind.CHECKPOINT_MALFORMED, size, "root")
    if lines[0] != origin:
        raise Broken(Kind.CHECKPOINT_OF_ANOTHER_LOG, size, "")
    by_the_log = False
    known = {(key.name, key.key_id): key for key in keys}
    for name, value in signatures:
        key = known.get((name, value[:4]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(value[4:], text.encode())
        except InvalidSignature as cause:
            raise Broken(Kind.SIGNATURE_FALSE, size, f"of {name}") from cause
        by_the_log = by_the_log or name == origin
    if not by_the_log:
        raise Broken(Kind.CHECKPOINT_NOT_SIGNED, size, "")
    erased = [int(match[1]) for line in lines[3:] if (match := _ERASED_LINE.fullmatch(line))]
    return Checkpoint(size, root, max(erased, default=0))


def check_proof(content: bytes, keys: Sequence[Key], origin: str) -> tuple[str, str]:
    """A constituent's proof (C2SP tlog-proof): account and subject as JSON texts. Raises Broken.

    1. The checkpoint holds. 2. The entry in the `extra` line gives a leaf. 3. The leaf leads by the path
    to the checkpoint's root (RFC 9162 §2.1.3.2).
    """
    head, _, note = content.partition(b"\n\n")
    checkpoint = open_checkpoint(note, keys, origin)
    try:
        lines = head.decode("ascii").split("\n")
        first, extra, numbered, *path = lines
        index = numbered.removeprefix("index ")
        if first.encode() + b"\n" != PROOF_HEADER or not _NUMBER.fullmatch(index):
            raise ValueError("neither header nor index")
        if not extra.startswith("extra ") or not numbered.startswith("index "):
            raise ValueError("no entry in it")
        opening = _bytes_of(extra.removeprefix("extra "))
        parts = json.loads(opening.decode("utf-8"))
        if _ENCODE(parts).encode() != opening or parts.keys() != {"account", "nonce", "subject"}:
            raise ValueError("not an entry")
        account, subject = parts["account"], parts["subject"]
        leaf = _leaf(account, _subject_digest(subject, parts["nonce"]))
        hashes = [_bytes_of(line) for line in path]
    except (ValueError, TypeError, AttributeError, RecursionError) as cause:
        raise Broken(Kind.PROOF_BROKEN, None, "not in the form of a proof") from cause
    if not _leads_to(leaf, int(index), checkpoint, hashes):
        raise Broken(Kind.PROOF_BROKEN, int(index), "the entry is not in the tree")
    return account, subject


def _leads_to(leaf: bytes, index: int, checkpoint: Checkpoint, path: Sequence[bytes]) -> bool:
    if index >= checkpoint.size or any(len(item) != 32 for item in path):
        return False
    place, last = index, checkpoint.size - 1
    found = sha256(b"\x00" + leaf).digest()
    for beside in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = sha256(b"\x01" + beside + found).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + beside).digest()
        place, last = place >> 1, last >> 1
    return last == 0 and found == checkpoint.root


def _read_row(line: bytes) -> tuple[int | None, bytes | None, bytes | None, bool]:
    """Number, leaf, the leaf its entry gives, whether it is erased. Raises ValueError.

    The line must be exactly what its content is written as, so that no byte of it is idle.
    """
    row = json.loads(line.decode("utf-8"))
    if not isinstance(row, dict) or row.keys() not in _SHAPES:
        raise ValueError("not a row")
    if _ENCODE(row).encode("utf-8") + b"\n" != line:
        raise ValueError("not in canonical form")
    number = row["number"]
    if number is not None and (type(number) is not int or not 0 <= number < _NUMBER_MAX):
        raise ValueError("no number")
    leaf = _digest(row["leaf"]) if "leaf" in row else None
    if "subject_digest" in row:
        return number, leaf, _leaf(row["account"], _digest(row["subject_digest"])), True
    if "account" in row:
        return (
            number,
            leaf,
            _leaf(row["account"], _subject_digest(row["subject"], row["nonce"])),
            False,
        )
    return number, leaf, None, False


_WRITTEN: Final = {"account", "nonce", "number", "subject"}
_ERASED: Final = {"account", "number", "subject_digest"}
_SHAPES: Final = (_WRITTEN | {"leaf"}, _ERASED | {"leaf"}, {"leaf", "number"}, _WRITTEN, _ERASED)


def _subject_digest(subject: object, nonce: object) -> bytes:
    return sha256(_SUBJECT_DOMAIN + _digest(nonce) + _utf8(subject)).digest()


def _leaf(account: object, digest: bytes) -> bytes:
    return sha256(_ENTRY_DOMAIN + digest + _utf8(account)).digest()


def _utf8(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("not a text")
    return text.encode("utf-8")


def _digest(text: object) -> bytes:
    content = _bytes_of(text)
    if len(content) != 32:
        raise ValueError("not 32 bytes")
    return content


def _root(edge: Sequence[bytes]) -> bytes:
    if not edge:
        return _EMPTY_ROOT
    root = edge[-1]
    for left in reversed(edge[:-1]):
        root = sha256(b"\x01" + left + root).digest()
    return root


def _read_note(content: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Text, and of each signature the key's name and key id with signature (C2SP signed-note)."""
    try:
        note = content.decode("utf-8")
        text, blank, below = note.rpartition("\n\n")
        lines = below[:-1].split("\n")
        if len(content) > NOTE_BYTES_MAX or len(lines) > SIGNATURES_MAX:
            raise ValueError("too long")
        if not blank or not below.endswith("\n"):
            raise ValueError("no signatures")
        if any(character < " " and character != "\n" for character in note):
            raise ValueError("control character")
        return text + "\n", [_read_signature(line) for line in lines]
    except ValueError as cause:
        raise Broken(Kind.CHECKPOINT_MALFORMED, None, "not a signed note") from cause


def _read_signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_EM_DASH).partition(" ")
    value = _bytes_of(encoded)
    if not line.startswith(_EM_DASH) or not _KEY_NAME.fullmatch(name) or len(value) < 5:
        raise ValueError("signature line")
    return name, value


def _object(line: bytes) -> dict[str, Any]:
    """A line's object if the line is its canonical form, else an empty one."""
    try:
        parts = json.loads(line.decode("utf-8"))
        if isinstance(parts, dict) and _ENCODE(parts).encode("utf-8") + b"\n" == line:
            return parts
    except (ValueError, RecursionError):
        pass
    return {}


def _bytes_of(text: object) -> bytes:
    """Of standard base64 in its one canonical form. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("not base64")
    content = a2b_base64(text, strict_mode=True)
    if b2a_base64(content, newline=False).decode("ascii") != text:
        raise ValueError("not canonical base64")
    return content


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines of bounded length: a longer one comes in pieces, which are malformed."""
    while line := file.readline(LINE_BYTES_MAX):
        yield line


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one file; print findings and a summary, or all as JSON. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Check an export of the disclosure log, or a proof."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", required=True, metavar="NAME+ID+BASE64")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        keys = [Key.parse(text) for text in options.key]
        held = [path.read_bytes() for path in options.checkpoint]
        with options.file.open("rb") as file:
            if file.readline(len(PROOF_HEADER)) == PROOF_HEADER:
                content = PROOF_HEADER + file.read(LINE_BYTES_MAX)
                return _tell_proof(content, keys)
            file.seek(0)
            report = check_export(_lines(file), keys, held)
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"verify.py: {problem}\n")
        return 2
    sys.stdout.write(_as_json(report) if options.json else _as_text(report))
    return 0 if report.holds else 1


def _tell_proof(content: bytes, keys: Sequence[Key]) -> int:
    try:
        account, subject = check_proof(content, keys, keys[0].name)
    except Broken as broken:
        sys.stdout.write(f"{broken.finding.kind.value}: {broken.finding.detail}\n")
        return 1
    sys.stdout.write(f"in the log of {keys[0].name}\naccount {account}\nsubject {subject}\n")
    return 0


def _as_json(report: Report) -> str:
    return json.dumps({"holds": report.holds, **asdict(report)}) + "\n"


def _as_text(report: Report) -> str:
    lines = [
        f"{finding.kind.value}: {'-' if finding.row is None else finding.row} {finding.detail}"
        for finding in report.findings
    ]
    if report.findings_left_out:
        lines.append(f"and {report.findings_left_out} more")
    lines.append(
        f"{report.origin or 'no log'}: {report.rows} rows, {report.erased} erased, "
        f"{report.checkpoints} checkpoints, sealed to {report.sealed}: "
        + ("all holds" if report.holds else "does not hold")
    )
    return "".join(line.rstrip() + "\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
