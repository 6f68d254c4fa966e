"""A source's rows to records: check the contract, then build the canonical record.

Decides the order of the checks and what a row is rejected for; never raises for a row's content.
Values come from getters.py and parts.py, the rules from contract.py.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors import parts
from connectors.checks import contract_checks
from connectors.contract import CELL_CHARS_MAX, ROW_NUMBER, Row, SourceSchema
from connectors.getters import Getter, getter, text_getter
from connectors.source import SourceBody
from connectors.values import Broken, as_date, as_moment, as_sex, as_text
from hub.domain.errors import SourceUnreadable
from hub.domain.records import Record, RecordKey, Rejected


def check_columns(source: SourceBody, schema: SourceSchema) -> None:
    """Hold the source's columns against its contract, before any row is read.

    Raises SourceUnreadable (missing_column, unknown_column). Where rows may leave columns out, only
    those of the key and those required are missed.
    """
    promised = [name for name, column in source.contract.columns.items() if column.required]
    needed = [*source.key, *promised]
    if schema.is_complete:
        needed += [*source.columns_used, *source.contract.columns]
    for name in needed:
        if name not in schema.columns and name != ROW_NUMBER:
            raise SourceUnreadable(source.id, "missing_column", name)
    if source.contract.unknown_columns == "refuse":
        known = {*source.columns_used, *source.contract.columns, ROW_NUMBER}
        for name in schema.columns:
            if name not in known:
                raise SourceUnreadable(source.id, "unknown_column", name)


class Mapper:
    """One source's mapping, compiled for one order of columns.

    Raises SourceUnreadable (missing_column) where a column it needs is not among `columns`.
    """

    def __init__(self, source: SourceBody, columns: tuple[str, ...]) -> None:
        check_columns(source, SourceSchema(columns))
        at = {name: position for position, name in enumerate(columns)}
        self._columns = columns
        self._key_columns = [(at[name], name) for name in source.key]
        self._checks = contract_checks(source, at)
        self._build = _compile(source, at)

    def key(self, values: Row) -> str | None:
        """The row's local id, without mapping the row; None where a column of the key is empty.

        Several columns are joined with "/", a "/" or "%" inside one of them percent-encoded.
        """
        try:
            return self._key(values)
        except Broken:
            return None

    def record(self, values: Row, row: int, location: str | None) -> Record | Rejected:
        """The row as a record, or the rule it broke. `row` and `location` as the batch has them."""
        try:
            self._check_cells(values)
            key = self._key(values)
            for index, check in self._checks:
                check(values[index])
            return self._build(key, values)
        except Broken as broken:
            return Rejected(row, broken.field, broken.rule, location)

    def _key(self, values: Row) -> str:
        if len(self._key_columns) == 1:
            index, name = self._key_columns[0]
            return _key_part(values[index], name)
        texts = [_key_part(values[index], name) for index, name in self._key_columns]
        return "/".join([_escaped(text) for text in texts])

    def _check_cells(self, values: Row) -> None:
        for index, value in enumerate(values):
            if type(value) is str:
                if "\0" in value:
                    raise Broken("nul_byte", self._columns[index])
                if len(value) > CELL_CHARS_MAX:
                    raise Broken("cell_too_large", self._columns[index])


def _key_part(value: object, name: str) -> str:
    try:
        text = as_text(value)
    except Broken as broken:
        raise Broken(broken.rule, name) from None
    if text is None:
        raise Broken("key_missing", name)
    return text


def _escaped(text: str) -> str:
    # Without this ("a/b", "c") and ("a", "b/c") would be one key.
    return text.replace("%", "%25").replace("/", "%2F")


def _compile(source: SourceBody, at: dict[str, int]) -> Callable[[str, Row], Record]:
    mapping, source_id, kind = source.map, source.id, source.kind
    as_of = getter(source.as_of, at, as_moment)
    roles = parts.roles(mapping, at)
    names = parts.names(mapping, at)
    birth_date = getter(mapping.birth_date, at, as_date)
    death_date = getter(mapping.death_date, at, as_date)
    sex = getter(mapping.sex, at, as_sex)
    texts: list[Getter[str]] = [
        text_getter(leaf, at)
        for leaf in (
            mapping.gender, mapping.preferred_language, mapping.legal_form, mapping.activity,
            mapping.status,
        )
    ]  # fmt: skip
    gender, preferred_language, legal_form, activity, status = texts
    addresses = parts.items([parts.address(one, at) for one in mapping.addresses])
    contacts = parts.items([parts.contact_point(one, at) for one in mapping.contact_points])
    identifiers = parts.items([parts.identifier(one, at) for one in mapping.identifiers])
    holdings = parts.items([parts.holding(one, at) for one in mapping.holdings])
    relationships = parts.items([parts.relationship(one, at) for one in mapping.relationships])
    cases = parts.items([parts.case(one, at) for one in mapping.cases])
    custom = parts.custom(mapping, at)

    # Positional, in the order of the fields of Record: keywords cost a microsecond a row.
    return lambda key, values: Record(
        RecordKey(source_id, key),
        kind,
        as_of(values),
        roles(values),
        names(values),
        birth_date(values),
        death_date(values),
        sex(values),
        gender(values),
        preferred_language(values),
        legal_form(values),
        activity(values),
        status(values),
        addresses(values),
        contacts(values),
        identifiers(values),
        holdings(values),
        relationships(values),
        cases(values),
        custom(values),
    )
