from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

import connectors
from connectors.contract import RULES, SOURCE_RULES
from connectors.schema import DOCUMENTS, FOLDER, render
from tests.connectors.documents import DRIVERS, write


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_the_committed_schema_is_the_one_of_the_models(name: str) -> None:
    """If this fails: python -m connectors.schema"""
    assert (FOLDER / name).read_text("utf-8") == render(DOCUMENTS[name])


def test_an_editor_accepts_what_the_loader_accepts(tmp_path: Path) -> None:
    schema = json.loads((FOLDER / "source.schema.json").read_text("utf-8"))
    transforms = ["trim", {"lookup": {"A": "active"}}, {"date": "%Y-%m-%d", "otherwise": None}]
    mapping = {
        "roles": ["licensee", {"column": "role"}],
        "full_name": {"columns": ["a", "b"], "join": " "},
        "birth_date": {"column": "dob", "transforms": transforms},
    }
    path = write(tmp_path, DRIVERS, map=mapping, key=["a", "b"])
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), schema)
    for wrong in ({"sensitve": True}, {"map": {"given_nam": "x"}}, {"key": 7}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**DRIVERS, **wrong}, schema)


def test_every_rule_that_is_used_is_explained_and_every_explanation_used() -> None:
    folder = Path(connectors.__file__).parent
    files = [path for path in folder.rglob("*.py") if path.name != "contract.py"]
    code = "\n".join(path.read_text("utf-8") for path in files)
    used = set(re.findall(r'(?:Broken|reject)\(\s*"([a-z_]+)"', code))
    used |= set(re.findall(r'return "(not_[a-z]+)"', code))
    assert used == set(RULES)
    quoted = set(re.findall(r'"([a-z_]+)"', code))
    assert set(SOURCE_RULES) - {"cursor_stale"} <= quoted
