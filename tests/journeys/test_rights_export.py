"""The export: one archive that says all that is held, says nothing of others, and proves where it comes from."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from consent.log.checkpoint import Checkpoint, LogKey, sign
from consent.log.entry import Account, Outcome
from consent.log.proof import open_proof
from consent.log.tree import RightEdge, leaf_hash
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.rights.archive import verify
from hub.journeys.rights.requests import RightsRequest
from hub.journeys.rights.subject_export import Exported, export
from hub.store import database
from hub.vault import keyring
from hub.vault.signing import CertificateKey, NotGenuine
from tests.journeys.counters import C, Counter
from tests.journeys.stewards import BIRK, MARIA

P1, D1, D2 = "parks:P1", "vehicles:D1", "vehicles:D2"
ASKED = RightsRequest("case 12", by="olga")
SCRIPT = "<script>alert(1)</script>"
ORIGIN = "hub.example/log"


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    """Maria at two agencies, looked up once; her street is one a page must escape. Birk beside her."""
    counter = Counter(modelled_hub)
    counter.desk.push(P1, MARIA, street=SCRIPT)
    counter.desk.push(D1, MARIA)
    counter.desk.push(D2, BIRK)
    counter.ask(P1, (C.NAME,))
    return counter


@pytest.fixture
def exported(counter: Counter) -> Exported:
    return export(counter.hub, P1, ASKED)


def files_of(exported: Exported) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_the_profile_the_records_and_every_look_also_this_one(
    counter: Counter, exported: Exported
) -> None:
    files = files_of(exported)
    profile, records, uses = (
        json.loads(files[name]) for name in ("profile.json", "records.json", "disclosures.json")
    )
    assert profile["id"] == records["id"] == str(counter.desk.id_of(P1))
    assert [one["record"]["key"]["local_id"] for one in records["records"]] == ["P1", "D1"]
    assert [one["action"] for one in uses] == ["export", "look_up"]
    assert uses[0]["entry"] == exported.entry


def test_it_is_logged_before_it_is_handed_out(counter: Counter, exported: Exported) -> None:
    last = counter.entries()[-1]
    account = Account.from_bytes(last.account)
    assert (last.id, account.action, account.outcome) == (
        exported.entry,
        "export",
        Outcome.RELEASED,
    )
    assert account.permitted


def test_where_it_cannot_be_logged_nothing_is_handed_out(
    counter: Counter, new_failure: Callable[[], None]
) -> None:
    new_failure()
    with pytest.raises(Exception, match="the log is full"):
        export(counter.hub, P1, ASKED)


@pytest.fixture
def new_failure(counter: Counter) -> Callable[[], None]:
    """Makes the log refuse whatever is written to it."""

    def fail() -> None:
        owner = counter.hub.url.replace("hub_app", "hub_owner").replace("application-", "owner-")
        engine = database.connect(owner, pool_size=0)
        with database.transaction(engine) as connection:
            connection.execute(
                text(
                    "CREATE FUNCTION full_log() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'the log is full'; END $$"
                )
            )
            connection.execute(
                text(
                    "CREATE TRIGGER full_log BEFORE INSERT ON disclosures "
                    "FOR EACH ROW EXECUTE FUNCTION full_log()"
                )
            )
        engine.dispose()

    return fail


def test_nothing_of_anybody_else_goes_with_it(exported: Exported) -> None:
    everything = b"".join(files_of(exported).values()).lower()
    assert b"maria@example.org" in everything
    assert b"lindqvist" not in everything
    assert b"olga" not in everything


def test_other_constituents_in_relationships_are_left_out(linked_hub: Hub) -> None:
    owner = owner_of_a_business(linked_hub)
    files = files_of(export(linked_hub, owner, ASKED))
    kinds = [
        kind
        for one in json.loads(files["records.json"])["records"]
        for kind in one["relationships"]
    ]
    assert "owner" in kinds
    assert json.loads(files["profile.json"])["relationships"] == []
    assert all(
        one["record"]["relationships"] == [] for one in json.loads(files["records.json"])["records"]
    )


def owner_of_a_business(hub: Hub) -> str:
    with database.transaction(hub.engine) as connection:
        return str(
            connection.scalars(
                text(
                    "SELECT c.public_id FROM relationships r "
                    "JOIN links l ON l.record_id = r.record_id AND l.recorded_until IS NULL "
                    "JOIN constituents c ON c.id = l.constituent_id "
                    "WHERE r.kind = 'owner' AND c.kind = :kind ORDER BY r.record_id LIMIT 1"
                ),
                {"kind": ConstituentKind.PERSON.value},
            ).one()
        )


# --- the page --------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Which elements and attributes a page has, and its text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.words = ""
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_tells_a_person_all_of_it_without_scripts_or_outside_resources(
    exported: Exported,
) -> None:
    page = Page(files_of(exported)["report.html"])
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)
    assert set(page.attributes) == {"lang", "charset", "scope"}
    for told in ("Maria", "219-09-9041", "1984-03-09", SCRIPT, "booking", "licensing", "export"):
        assert told in page.words
    assert page.tags.count("h1") == 1


# --- the signature ---------------------------------------------------------------------------------


def test_it_holds_with_the_hub_s_key_and_with_no_other(
    counter: Counter, exported: Exported
) -> None:
    stated = verify(exported.content, CertificateKey(counter.hub.keys).public)
    assert stated["entry"] == exported.entry
    with pytest.raises(NotGenuine, match="not signed"):
        verify(exported.content, CertificateKey(keyring.generate()).public)


def changed(exported: Exported, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The archive after a change of its files."""
    files = files_of(exported)
    change(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda files: files.update({"profile.json": b"{}"}), "profile.json: altered"),
        (lambda files: files.pop("report.html"), "report.html: missing"),
        (lambda files: files.update({"more.txt": b""}), "more.txt: .*not in the manifest"),
        (
            lambda files: files.update(
                {"manifest.json": files["manifest.json"].replace(b'"entry":', b'"Entry":')}
            ),
            "not signed",
        ),
        (lambda files: files.pop("manifest.sig"), "no signature"),
    ],
)
def test_an_altered_archive_is_not_genuine(
    counter: Counter,
    exported: Exported,
    change: Callable[[dict[str, bytes]], object],
    rule: str,
) -> None:
    with pytest.raises(NotGenuine, match=rule):
        verify(changed(exported, change), CertificateKey(counter.hub.keys).public)


def test_what_is_no_archive_is_refused(counter: Counter, exported: Exported) -> None:
    public = CertificateKey(counter.hub.keys).public
    broken = bytearray(exported.content)
    broken[60] ^= 0xFF
    for content in (b"", b"PK", exported.content[:200], bytes(broken)):
        with pytest.raises(NotGenuine):
            verify(content, public)


def test_two_files_of_one_name_are_refused(counter: Counter, exported: Exported) -> None:
    buffer = io.BytesIO(exported.content)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("profile.json", b"{}")
    with pytest.raises(NotGenuine, match="two files"):
        verify(buffer.getvalue(), CertificateKey(counter.hub.keys).public)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_signature_can_be_checked_with_openssl_as_the_manifest_says(
    exported: Exported, tmp_path: Path
) -> None:
    files = files_of(exported)
    for name in ("public_key.pem", "manifest.json", "manifest.sig"):
        (tmp_path / name).write_bytes(files[name])
    command = json.loads(files["manifest.json"])["how_to_check"][1].split()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully" in done.stdout


# --- proofs ----------------------------------------------------------------------------------------


def test_a_proof_goes_with_every_entry_that_a_checkpoint_covers(counter: Counter) -> None:
    counter.ask(D2)
    key = sealed(counter.hub)
    counter.ask(P1)
    exported = export(counter.hub, P1, ASKED)
    assert (exported.uses, exported.proofs) == (3, 1)
    [name] = [one for one in files_of(exported) if one.startswith("proofs/")]
    entry, checkpoint = open_proof(files_of(exported)[name], [key], ORIGIN)
    assert checkpoint.size == 2
    assert Account.from_bytes(entry.account).agency == "parks"
    assert entry.subject is not None


def sealed(hub: Hub) -> LogKey:
    """Number the entries there are, and sign a checkpoint over them; the key it is signed with."""
    private = Ed25519PrivateKey.generate()
    with database.transaction(hub.engine) as connection:
        rows = connection.execute(
            text("SELECT disclosure_id, leaf FROM log_pending ORDER BY disclosure_id")
        ).all()
        edge, nodes = RightEdge(0, ()).extended(leaf_hash(row.leaf) for row in rows)
        for number, row in enumerate(rows):
            connection.execute(
                text("INSERT INTO log_leaves VALUES (:number, :id, :leaf)"),
                {"number": number, "id": row.disclosure_id, "leaf": row.leaf},
            )
        for node in nodes:
            connection.execute(
                text("INSERT INTO log_nodes VALUES (:level, :index, :hash)"),
                {"level": node.level, "index": node.index, "hash": node.hash},
            )
        note = sign(Checkpoint(ORIGIN, edge.size, edge.root()), private)
        connection.execute(text("DELETE FROM log_pending"))
        connection.execute(
            text(
                "INSERT INTO log_checkpoints (size, note, signed_at) VALUES (:size, :note, now())"
            ),
            {"size": edge.size, "note": str(note)},
        )
    return LogKey(ORIGIN, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
