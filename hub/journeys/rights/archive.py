"""One signed archive: files, a manifest with the SHA-256 of each, and a signature over the manifest.

Decides the form and what must hold of it. What is in the files is subject_export.py's. An archive comes back from
anywhere, so nothing in it is trusted before its signature is, nor opened beyond a size.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from consent.log.export import canonical
from hub.vault.keyring import RootKey
from hub.vault.signing import CertificateKey, NotGenuine, is_signed

FORMAT: Final = "hub/export@1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
PUBLIC_KEY: Final = "public_key.pem"

BYTES_MAX: Final = 256 * 1024 * 1024
"""Of all files together, as they are opened: an archive can claim to hold far more than it is long."""

HOW_TO_CHECK: Final = (
    "Compare public_key.pem with the key that the hub publishes.",
    "openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin -in manifest.json -sigfile manifest.sig",
    "sha256sum each file: it must be the number that stands beside its name in `files`.",
    "Each file in proofs/ is a C2SP tlog-proof: the entry it holds is in the disclosure log.",
    "Or all at once, but for the proofs: hub rights verify-export FILE",
)


def pack(
    keys: RootKey, files: Mapping[str, bytes], stated: Mapping[str, Any], at: datetime
) -> bytes:
    """The archive of these files. stated: what the manifest says beside their names, texts and whole numbers."""
    key = CertificateKey(keys)
    packed = {**files, PUBLIC_KEY: key.public_pem}
    manifest = canonical(
        {
            "format": FORMAT,
            **stated,
            "made_at": at.isoformat(),
            "public_key": b64encode(key.public).decode(),
            "files": {name: sha256(packed[name]).hexdigest() for name in sorted(packed)},
            "how_to_check": list(HOW_TO_CHECK),
        }
    )
    packed |= {MANIFEST: manifest, SIGNATURE: key.sign(manifest)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(packed):
            archive.writestr(_info(name, at), packed[name])
    return buffer.getvalue()


def _info(name: str, at: datetime) -> zipfile.ZipInfo:
    moment = at.astimezone(UTC)
    info = zipfile.ZipInfo(name, date_time=moment.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def verify(content: bytes, public: bytes) -> dict[str, Any]:
    """What the manifest of an archive states, once all of it holds and is signed with that key. Raises NotGenuine."""
    files = _unpacked(content)
    manifest, signature = files.pop(MANIFEST, None), files.pop(SIGNATURE, None)
    if manifest is None or signature is None:
        raise NotGenuine("no manifest, or no signature")
    if not is_signed(public, manifest, signature):
        raise NotGenuine("not signed by this hub")
    stated: dict[str, Any] = json.loads(manifest)
    if stated.get("format") != FORMAT:
        raise NotGenuine("of another form")
    for name in sorted(files.keys() ^ stated["files"].keys()):
        raise NotGenuine(f"{name}: missing, or not in the manifest")
    for name, file in files.items():
        if sha256(file).hexdigest() != stated["files"][name]:
            raise NotGenuine(f"{name}: altered")
    return stated


def _unpacked(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if len(set(names)) < len(names):
                raise NotGenuine("two files of one name")
            if sum(info.file_size for info in infos) > BYTES_MAX:
                raise NotGenuine("larger than an export may be")
            return {info.filename: archive.read(info) for info in infos}
    except _UNREADABLE as cause:
        raise NotGenuine("not an archive") from cause


#: What zipfile raises for bytes that are none, or are damaged or of a kind it does not read.
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    struct.error,
)
