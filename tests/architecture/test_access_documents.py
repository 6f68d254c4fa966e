"""docs/access.md says of scopes, roles and issuers what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from joserfc.jwk import ECKey

from hub.access.issuers import read_issuers
from hub.access.scopes import CITIZENS, ROLE_SCOPES, STAFF_ONLY, Scope, StaffRole

TEXT = (Path(__file__).parents[2] / "docs" / "access.md").read_text("utf-8")
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)


def table(title: str) -> dict[str, str]:
    return dict(ROW.findall(TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]))


def holders(scope: Scope) -> str:
    if scope in CITIZENS:
        return "a portal, for a signed-in constituent"
    if scope in STAFF_ONLY:
        return "staff"
    is_staffs = any(scope in held for held in ROLE_SCOPES.values())
    return "agencies' systems, staff" if is_staffs else "agencies' systems"


def test_the_table_of_scopes_is_the_codes() -> None:
    assert table("Scopes") == {scope.value: holders(scope) for scope in Scope}


def test_the_table_of_roles_is_the_codes() -> None:
    said = {
        name: set(re.findall(r"`([^`]+)`", held)) for name, held in table("Roles of staff").items()
    }
    assert said == {role.value: {one.value for one in ROLE_SCOPES[role]} for role in StaffRole}


def test_the_example_of_an_issuers_document_is_one(tmp_path: Path) -> None:
    [example] = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    key = ECKey.generate_key("P-256", private=True).as_dict(private=False)
    for name in ("idp.json", "sign-in.json"):
        (tmp_path / name).write_text(json.dumps({"keys": [key]}))
    (tmp_path / "issuers.yaml").write_text(example)
    found = read_issuers(tmp_path / "issuers.yaml")
    assert set(found.access) == {"https://idp.example"}
    assert found.citizens["https://sign-in.example"].portals == {"portal-desk"}
