"""Read a YAML document strictly, and say what is wrong with it by path and rule.

Decides which YAML is accepted and how a problem is worded; no problem ever repeats a value. What a
document may say is decided by the models of source.py and evaluation.py.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.domain.errors import SourceInvalid

ModelT = TypeVar("ModelT", bound=BaseModel)

DOCUMENT_BYTES_MAX = 1_000_000
"""A source of several hundred columns stays far below; anything above is not a source document."""


class StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses duplicate keys and guesses only at null, true, false and numbers.

    YAML 1.1 reads NO as false, 01 as 1 and 2024-01-31 as a date; in a lookup table those are codes.
    Keys are always the text that stands there.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        """The mapping, unless one of its keys stands there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be text", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "duplicate key", key.start_mark)
            seen.add(key.value)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
    ("merge", r"<<", ["<"]),
):
    StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"{_pattern}\Z"), _first
    )


def load_document(path: Path, model: type[ModelT]) -> ModelT:
    """Read the YAML file as `model`. Raises SourceInvalid naming every problem found."""
    content = _parse(path)
    problems: list[str] = []
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # Raised below, outside this block: the ValidationError holds the document's values and
        # would otherwise travel along as the new error's context.
        problems = _problems(error, model)
    raise SourceInvalid(path.name, problems)


def _parse(path: Path) -> object:
    problem = ""
    try:
        if path.stat().st_size > DOCUMENT_BYTES_MAX:
            problem = f"larger than {DOCUMENT_BYTES_MAX} bytes"
        else:
            # StrictLoader is a SafeLoader: it builds plain values only.
            return yaml.load(path.read_text("utf-8"), StrictLoader)  # noqa: S506
    except FileNotFoundError:
        problem = "no such file"
    except OSError as error:
        problem = f"cannot be read ({type(error).__name__})"
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 at byte {error.start}"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = f"{where}{error.problem or 'not YAML'}"
    except (yaml.YAMLError, RecursionError):
        problem = "not YAML"
    raise SourceInvalid(path.name, [problem])


def _problems(error: ValidationError, model: type[BaseModel]) -> list[str]:
    # include_input stays off: the input may be a URL with a password.
    found = error.errors(include_url=False, include_context=True, include_input=False)
    return [f"{_path(one['loc'])}: {_rule(one, model)}" for one in found]


def _path(loc: tuple[int | str, ...]) -> str:
    """`map.identifiers[0].value`; the <tags> of unions are ours and left out."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part.startswith("<"):
            text += f".{part}"
    return text.lstrip(".") or "document"


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
