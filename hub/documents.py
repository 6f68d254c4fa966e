"""YAML that people write, read strictly: no guesses but those a grammar asks for, and no value in a complaint.

Decides what is YAML here and how it is said that something is not. What a document may state is decided by
the models of connectors and of consent, each with the guesses it lets its loader make.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Final

import yaml
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from hub.domain.errors import HubError

DOCUMENT_BYTES_MAX: Final = 1_000_000
"""A source of several hundred columns or a policy of a thousand agreements stays far below."""


def _as_number(value: object) -> object:
    # pydantic takes "1" and true for a whole number; 1.0 is one to JSON Schema too, and stays one.
    if isinstance(value, str | bool):
        raise PydanticCustomError("number", "must be a number")
    return value


#: Of a number that is stated, in a model's field. Last, after its bounds: a schema tells only those beneath it.
A_NUMBER = BeforeValidator(_as_number)


class DocumentUnreadable(HubError):
    """A file is no document: its sentence says where and by which rule, never what stands there."""


class StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses duplicate keys and takes everything for text.

    YAML 1.1 reads NO as false, 01 as 1 and 2024-01-31 as a date. Keys are always the text that stands there;
    other guesses are a subclass's to allow, by `guess`.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    @classmethod
    def guess(cls, guesses: Iterable[tuple[str, str, str]]) -> None:
        """Allow guesses: each a YAML tag's name, what text is taken for it, the characters it begins with.

        A blank among the characters stands for text that is empty.
        """
        for tag, pattern, first in guesses:
            cls.add_implicit_resolver(
                f"tag:yaml.org,2002:{tag}",
                re.compile(rf"(?:{pattern})\Z"),
                [character.strip() for character in first],
            )

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        """The mapping, unless one of its keys is no text or stands there twice."""
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


def read_document(path: Path, loader: type[StrictLoader]) -> object:
    """What the YAML file holds, as plain values. Raises DocumentUnreadable."""
    try:
        if path.stat().st_size > DOCUMENT_BYTES_MAX:
            problem = f"larger than {DOCUMENT_BYTES_MAX} bytes"
        else:
            # StrictLoader is a SafeLoader: it builds plain values only.
            return yaml.load(path.read_text("utf-8"), loader)  # noqa: S506
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
    # Outside the block: what was read would otherwise travel along as the error's context.
    raise DocumentUnreadable(problem)


def path_of(loc: Iterable[int | str]) -> str:
    """`map.identifiers[0].value` from pydantic's place; the <tags> of unions are ours and left out."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part.startswith("<"):
            text += f".{part}"
    return text.lstrip(".") or "document"
