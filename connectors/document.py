"""Read a source's or evaluation's YAML, and say what is wrong with it by path and rule.

Decides what is guessed in it and how a problem is worded; no problem ever repeats a value. What a
document may say is decided by the models of source.py and evaluation.py.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.documents import DocumentUnreadable, StrictLoader, path_of, read_document
from hub.domain.errors import SourceInvalid

ModelT = TypeVar("ModelT", bound=BaseModel)


class _SourceLoader(StrictLoader):
    """Guesses at null, true, false, numbers and merges: what in a lookup table is a code stays text."""


_SourceLoader.guess(
    (
        ("null", r"~|null|Null|NULL|", "~nN "),
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
        ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
        ("merge", r"<<", "<"),
    )
)


def load_document(path: Path, model: type[ModelT]) -> ModelT:
    """Read the YAML file as `model`. Raises SourceInvalid naming every problem found."""
    problems: list[str] = []
    try:
        return model.model_validate(read_document(path, _SourceLoader))
    except DocumentUnreadable as unreadable:
        problems = [str(unreadable)]
    except ValidationError as error:
        # Raised below, outside this block: the ValidationError holds the document's values and
        # would otherwise travel along as the new error's context.
        problems = _problems(error, model)
    raise SourceInvalid(path.name, problems)


def _problems(error: ValidationError, model: type[BaseModel]) -> list[str]:
    # include_input stays off: the input may be a URL with a password.
    found = error.errors(include_url=False, include_context=True, include_input=False)
    return [f"{path_of(one['loc'])}: {_rule(one, model)}" for one in found]


def _rule(error: ErrorDetails, model: type[BaseModel]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown field" + _suggestion(str(error["loc"][-1]), model)
        case "missing":
            return "missing"
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error" | "enum":
            return f"must be {error['ctx']['expected']}"
        case _:
            return error["msg"]


def _suggestion(name: str, model: type[BaseModel]) -> str:
    near = difflib.get_close_matches(name, sorted(_field_names(model)), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _field_names(model: type[BaseModel]) -> set[str]:
    """Every field name of the document's grammar, at any depth, from its JSON Schema."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}
