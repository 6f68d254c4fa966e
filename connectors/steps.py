"""The YAML of the named transforms: a closed list, each with its parameters checked.

Decides what may be asked of a value; transforms.py makes the steps run, leaf.py says on which value.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

Scalar: TypeAlias = str | int | float | bool


class Strict(BaseModel):
    """Every part of a document: unknown fields are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, regex_engine="python-re")


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def _texts(value: object) -> object:
    return [_text(one) for one in value] if isinstance(value, list) else [_text(value)]


ColumnName: TypeAlias = Annotated[str, Field(min_length=1)]
Texts: TypeAlias = Annotated[
    list[str], BeforeValidator(_texts, json_schema_input_type=list[Scalar] | Scalar)
]
Formats: TypeAlias = Annotated[
    list[str],
    Field(min_length=1),
    BeforeValidator(_as_list, json_schema_input_type=list[str] | str),
]

PlainStep: TypeAlias = Literal["trim", "upper", "lower", "title", "digits"]


class _Fallible(Strict):
    """A step that can fail on a value: `otherwise` is taken instead, `otherwise: null` included.

    Without it the row is rejected.
    """

    otherwise: str | None = None

    @property
    def is_lenient(self) -> bool:
        return "otherwise" in self.model_fields_set


def check_formats(formats: list[str]) -> list[str]:
    """Refuse strptime patterns that cannot give back a whole date."""
    day = datetime(2023, 12, 31)  # noqa: DTZ001 - only its parts are compared
    for pattern in formats:
        try:
            same = datetime.strptime(day.strftime(pattern), pattern).date() == day.date()  # noqa: DTZ007
        except ValueError:
            same = False
        if not same:
            raise ValueError("the date format must hold year, month and day, as in %Y-%m-%d")
    return formats


class DateStep(_Fallible):
    """Text to a date, by strptime formats tried in order."""

    date: Formats
    _check = field_validator("date")(check_formats)


class DatetimeStep(_Fallible):
    """Text to a moment, by strptime formats tried in order."""

    datetime: Formats
    _check = field_validator("datetime")(check_formats)


class LookupStep(_Fallible):
    """A code to the word it stands for; a code may stand for null."""

    lookup: dict[str, Annotated[str, BeforeValidator(_text)] | None]


class BooleanWords(Strict):
    """Which words mean yes, which no."""

    true: Texts
    false: Texts


class BooleanStep(_Fallible):
    """Words to a truth value."""

    boolean: BooleanWords


class ExtractStep(Strict):
    """The one group of a regular expression, found anywhere in the text; null where it is not."""

    extract: str

    @field_validator("extract")
    @classmethod
    def _one_group(cls, pattern: str) -> str:
        if _compiled(pattern).groups != 1:
            raise ValueError("the regular expression must have exactly one group")
        return pattern


class Replacement(Strict):
    """What to find and what to put there; `with` may refer to groups as \\1."""

    pattern: str
    replacement: str = Field(alias="with")

    @model_validator(mode="after")
    def _groups_exist(self) -> Replacement:
        compiled = _compiled(self.pattern)
        try:
            re.sub(compiled, self.replacement, "")
        except (re.error, IndexError) as error:
            raise ValueError("`with` refers to a group the pattern does not have") from error
        return self


class ReplaceStep(Strict):
    """Every match of a regular expression, replaced."""

    replace: Replacement


class Part(Strict):
    """Which part of a divided text; -1 is the last."""

    on: Annotated[str, Field(min_length=1)]
    index: int


class SplitStep(Strict):
    """One part of the text divided at a separator; null where there is no such part."""

    split: Part


class PrefixStep(Strict):
    """Text put in front."""

    prefix: Annotated[str, BeforeValidator(_text)]


class NullIfStep(Strict):
    """Values that mean null."""

    null_if: Texts


ParameterStep: TypeAlias = (
    DateStep
    | DatetimeStep
    | LookupStep
    | BooleanStep
    | ExtractStep
    | ReplaceStep
    | SplitStep
    | PrefixStep
    | NullIfStep
)
PARAMETER_STEPS: dict[str, type[ParameterStep]] = {
    "date": DateStep,
    "datetime": DatetimeStep,
    "lookup": LookupStep,
    "boolean": BooleanStep,
    "extract": ExtractStep,
    "replace": ReplaceStep,
    "split": SplitStep,
    "prefix": PrefixStep,
    "null_if": NullIfStep,
}
STEP_NAMES = (*get_args(PlainStep), *PARAMETER_STEPS)


def _step_tag(value: object) -> str | None:
    """Which step it is: a name alone, a mapping that holds the name, or (when dumped) a model."""
    if isinstance(value, str):
        return "<plain>" if value in get_args(PlainStep) else None
    for name, model in PARAMETER_STEPS.items():
        if isinstance(value, model) or (isinstance(value, dict) and name in value):
            return f"<{name}>"
    return None


Step: TypeAlias = Annotated[
    Annotated[PlainStep, Tag("<plain>")]
    | Annotated[DateStep, Tag("<date>")]
    | Annotated[DatetimeStep, Tag("<datetime>")]
    | Annotated[LookupStep, Tag("<lookup>")]
    | Annotated[BooleanStep, Tag("<boolean>")]
    | Annotated[ExtractStep, Tag("<extract>")]
    | Annotated[ReplaceStep, Tag("<replace>")]
    | Annotated[SplitStep, Tag("<split>")]
    | Annotated[PrefixStep, Tag("<prefix>")]
    | Annotated[NullIfStep, Tag("<null_if>")],
    Discriminator(
        _step_tag,
        custom_error_type="unknown_transform",
        custom_error_message=f"unknown transform; there are {', '.join(STEP_NAMES)}",
    ),
]


def _compiled(pattern: str) -> re.Pattern[Any]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error.msg}") from error
