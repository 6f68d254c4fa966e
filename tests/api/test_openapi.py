"""The API's description is whole, true to its own schemas, and the one that is committed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from api.app import described_app
from api.openapi import answers_of, operations, written
from api.problems import MEDIA_TYPE, Problem

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return described_app().openapi()


def contents(
    schema: dict[str, Any], operation: dict[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each body that is read or answered, and each parameter, with a name for it."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"body {media_type}", content
    for status, answer in answers_of(schema, operation).items():
        for media_type, content in answer.get("content", {}).items():
            yield f"{status} {media_type}", content
    for parameter in operation.get("parameters", ()):
        yield f"parameter {parameter['name']}", parameter


def examples(content: Mapping[str, Any]) -> list[Any]:
    return [content[one] for one in ("example",) if one in content] + [
        one["value"] for one in content.get("examples", {}).values()
    ]


def lacking(schema: Mapping[str, Any]) -> list[str]:
    """What an engineer would miss."""
    found = []
    for path, method, operation in operations(dict(schema)):
        name = f"{method} {path}"
        found += [f"{name}: {one}" for one in ("summary", "description") if not operation.get(one)]
        for what, content in contents(dict(schema), operation):
            if not examples(content):
                found.append(f"{name}: {what}: example")
    return found


def untrue(schema: Mapping[str, Any]) -> list[str]:
    """Examples that their own schemas refuse."""
    found = []
    for path, method, operation in operations(dict(schema)):
        for what, content in contents(dict(schema), operation):
            stated = {**content.get("schema", {}), "components": schema["components"]}
            validator = Draft202012Validator(
                stated, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
            for example in examples(content):
                found += [
                    f"{method} {path}: {what}: {'.'.join(map(str, one.path))}: {one.validator}"
                    for one in validator.iter_errors(example)
                ]
    return found


def test_the_committed_description_is_the_one_the_code_gives(schema: dict[str, Any]) -> None:
    assert FILE.read_text("utf-8") == written(schema), "the API has changed: run `make openapi`"
    assert written(described_app().openapi()) == written(schema), "the same each time"
    assert schema["openapi"].startswith("3.1.")


def test_every_operation_says_what_it_does_with_examples(schema: dict[str, Any]) -> None:
    assert lacking(schema) == []


def test_every_example_is_one(schema: dict[str, Any]) -> None:
    assert untrue(schema) == []


def test_the_search_finds_what_is_missing_or_untrue(schema: dict[str, Any]) -> None:
    broken = copy.deepcopy(schema)
    operation = broken["paths"]["/v1/profile-lookups"]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    body["example"]["case"] = ""
    assert untrue(broken) == [
        "post /v1/profile-lookups: body application/json: case: minLength",
        "post /v1/profile-lookups: body application/json: case: pattern",
    ]
    del operation["summary"], body["example"]
    assert lacking(broken) == [
        "post /v1/profile-lookups: summary",
        "post /v1/profile-lookups: body application/json: example",
    ]


def test_ids_are_short_and_name_one_operation_each(schema: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not one.isidentifier() or len(one) > 48] == []


def test_what_is_guarded_names_token_and_proof_and_their_refusal(schema: dict[str, Any]) -> None:
    schemes = schema["components"]["securitySchemes"]
    scopes = schemes["token"]["flows"]["clientCredentials"]["scopes"]
    for path, method, operation in operations(schema):
        if not path.startswith("/v1/"):
            assert "security" not in operation, f"{method} {path}"
            continue
        [needed] = operation["security"]
        assert set(needed) == {"token", "proof"}
        assert set(needed["token"]) <= set(scopes)
        for status in ("401", "403", "429", "500", "503"):
            assert MEDIA_TYPE in answers_of(schema, operation)[status]["content"], (
                f"{method} {path}"
            )


def test_problems_are_shown_as_the_hub_tells_them(schema: dict[str, Any]) -> None:
    known = {one.value.name: one.value for one in Problem}
    told = set()
    for _, _, operation in operations(schema):
        for status, answer in answers_of(schema, operation).items():
            shown = answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
            for name, example in shown.items():
                assert example["value"]["title"] == known[name].title
                assert str(known[name].status) == status
                told.add(name)
            assert "Request-Id" in answer["headers"]
            assert ("Retry-After" in answer["headers"]) == (status in ("409", "429", "503"))
    assert told >= {"purpose-refused", "too-little-evidence", "credentials-refused", "unavailable"}


def test_nothing_of_the_framework_is_left(schema: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in json.dumps(schema)
