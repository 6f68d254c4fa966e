import hmac
import os
import pickle
import stat
from pathlib import Path

import pytest

from hub.domain.errors import KeyFileInvalid, WrongRootKey
from hub.vault.keyring import HeldRootKey, Purpose, RootKey, create, generate, load
from tests.hub.vault.fixed import OTHER_ROOT, ROOT

SECRET = bytes(range(32))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "root.key"


def written(file: Path, text: str | bytes, mode: int = 0o600) -> Path:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(mode)
    return file


def test_a_created_key_is_read_back_from_a_file_of_its_owner_alone(file: Path) -> None:
    made = create(file, lambda count: bytes(range(count)))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load(file).derive(Purpose.TAG) == made.derive(Purpose.TAG) == ROOT.derive(Purpose.TAG)


def test_a_created_file_is_private_whatever_the_umask(file: Path) -> None:
    before = os.umask(0)
    try:
        create(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_file_format_is_the_one_written_down(file: Path) -> None:
    create(file, lambda count: bytes(range(count)))
    assert file.read_text() == (
        "constituent-hub root key 1\n"
        "id 734f1959108b557c\n"
        "key AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    )


def test_an_existing_file_is_never_overwritten(file: Path) -> None:
    create(file)
    content = file.read_bytes()
    with pytest.raises(KeyFileInvalid, match="never overwritten"):
        create(file)
    assert file.read_bytes() == content


def test_a_folder_that_cannot_hold_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileInvalid, match="cannot be created"):
        create(tmp_path / "missing" / "root.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_open_to_others_is_refused(file: Path, mode: int) -> None:
    create(file)
    file.chmod(mode)
    with pytest.raises(KeyFileInvalid, match="chmod 600"):
        load(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(file: Path) -> None:
    create(file)
    os.chown(file, 65534, 65534)
    with pytest.raises(KeyFileInvalid, match="another user"):
        load(file)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, file: Path) -> None:
    with pytest.raises(KeyFileInvalid, match="cannot be read"):
        load(file)
    with pytest.raises(KeyFileInvalid, match="not a file"):
        load(tmp_path)


KEY_LINE = "key AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(f"another format 9\nid 734f1959108b557c\n{KEY_LINE}\n", id="format"),
        pytest.param(f"constituent-hub root key 1\n{KEY_LINE}\n", id="no id"),
        pytest.param(f"constituent-hub root key 1\nid 034f1959108b557c\n{KEY_LINE}\n", id="id"),
        pytest.param(f"constituent-hub root key 1\n{KEY_LINE}\nid 734f1959108b557c\n", id="order"),
        pytest.param(
            f"constituent-hub root key 1\nid 734f1959108b557c\n{KEY_LINE[:-5]}\n", id="cut short"
        ),
        pytest.param(
            f"constituent-hub root key 1\nid 734f1959108b557c\n{KEY_LINE[:9]}*{KEY_LINE[10:]}\n",
            id="not base64",
        ),
        pytest.param(
            f"constituent-hub root key 1\nid 734f1959108b557c\n{KEY_LINE}\nmore\n", id="more lines"
        ),
        pytest.param(b"constituent-hub root key 1\nid \xff\nkey \xff\n", id="not ASCII"),
        pytest.param("x" * 5_000, id="long"),
    ],
)
def test_a_malformed_file_is_refused_without_quoting_it(file: Path, text: str | bytes) -> None:
    with pytest.raises(KeyFileInvalid) as refused:
        load(written(file, text))
    assert "AAEC" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_every_purpose_has_a_key_of_its_own() -> None:
    derived = {ROOT.derive(purpose) for purpose in Purpose}
    assert len(derived) == len(Purpose)
    assert {len(key) for key in derived} == {32}


def test_derived_keys_are_the_ones_written_down() -> None:
    # RFC 5869 with SHA-256; a change here would make every existing database unreadable.
    assert (
        ROOT.derive(Purpose.RECORD_WRAP).hex()
        == "e4a5c6c6c944bda6891a4018b18aecd3dcd6d81bf9a2c203bb46aff886dfd203"
    )
    assert (
        ROOT.derive(Purpose.TAG).hex()
        == "5a593af4bbaef33315fed33e3bae2378ca5593a74091e297c331a27d7b985170"
    )
    assert ROOT.fingerprint().hex() == "1348cb55a600b4fb570a3e4fd000912c"


def test_derivation_is_rfc_5869_as_anyone_can_compute_it() -> None:
    extracted = hmac.digest(b"constituent-hub/keys/1", SECRET, "sha256")
    expanded = hmac.digest(extracted, b"purpose:key_hash\x01", "sha256")
    assert ROOT.derive(Purpose.KEY_HASH) == expanded


def test_a_wrong_root_key_is_told_by_the_fingerprint() -> None:
    ROOT.check(ROOT.fingerprint())
    for fingerprint in (OTHER_ROOT.fingerprint(), ROOT.fingerprint()[:-1], b""):
        with pytest.raises(WrongRootKey):
            ROOT.check(fingerprint)


def test_a_key_service_needs_only_to_derive() -> None:
    class Service(RootKey):
        def derive(self, purpose: Purpose) -> bytes:
            return ROOT.derive(purpose)

    assert Service().fingerprint() == ROOT.fingerprint()
    Service().check(ROOT.fingerprint())


def test_no_repr_shows_a_key() -> None:
    ROOT.derive(Purpose.TAG)
    for shown in (repr(ROOT), str(ROOT), f"{ROOT}"):
        assert shown == "HeldRootKey(key_id='734f1959108b557c')"


def test_a_worker_process_receives_the_same_key() -> None:
    assert pickle.loads(pickle.dumps(ROOT)).fingerprint() == ROOT.fingerprint()


def test_generated_keys_differ_and_have_32_bytes() -> None:
    assert generate().fingerprint() != generate().fingerprint()
    with pytest.raises(ValueError, match="32 bytes"):
        HeldRootKey(SECRET[:-1])
