from __future__ import annotations

from pathlib import Path

import pytest

from connectors.connection import FilesConnection
from connectors.source import load_source
from hub.domain.errors import SourceInvalid
from hub.domain.records import CustomAttribute, CustomComparison
from tests.connectors.documents import BUSINESSES, DRIVERS, source, write

NAMED = {"given_name": "first_name"}


def problems(
    folder: Path, document: dict[str, object] = DRIVERS, /, **changes: object
) -> list[str]:
    with pytest.raises(SourceInvalid) as caught:
        load_source(write(folder, document, **changes))
    assert caught.value.__context__ is None
    return caught.value.problems


def test_a_source_says_where_its_rows_are_and_what_they_mean(tmp_path: Path) -> None:
    loaded = source(tmp_path)
    assert isinstance(loaded.connection, FilesConnection)
    assert loaded.columns_used == ("driver_no", "first_name", "last_name")
    assert not loaded.duplicate_free
    assert loaded.contract.rejected_share_max == 0.05


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"sensitve": True}, "sensitve: unknown field; did you mean sensitive?", id="unknown field"),
        pytest.param({"map": {"given_nam": "x"}}, "map.given_nam: unknown field; did you mean given_name?", id="unknown canonical field"),
        pytest.param({"key": None}, "key: missing", id="key missing"),
        pytest.param({"key": ["a", "a"]}, "document: key names a column twice", id="key column twice"),
        pytest.param({"id": "Dept: Vehicles"}, "id: String should match pattern '^[a-z][a-z0-9_]*$'", id="id not an id"),
        pytest.param({"mode": "delta"}, "mode: must be 'snapshot' or 'incremental'", id="unknown mode"),
        pytest.param({"schema": "hub/source@9"}, "schema: must be 'hub/source@1'", id="another schema"),
        pytest.param({"map": {}}, "map: maps nothing", id="empty mapping"),
        pytest.param({"map": {"legal_name": "a", "full_name": "b"}}, "map: two legal names: legal_name, and the parts of a person's name", id="two legal names"),
        pytest.param({"map": {"legal_name": "a"}}, "document: map.legal_name: a field of the other kind, this source is of kind person", id="organization's field"),
        pytest.param({"map": {**NAMED, "relationships": [{"kind": "owner", "other": "x"}]}}, "map.relationships[0].source: missing", id="relationship without source"),
        pytest.param({"map": {**NAMED, "contact_points": [{"kind": "fax", "value": "x"}]}}, "map.contact_points[0].kind: must be 'phone' or 'email'", id="unknown contact kind"),
        pytest.param({"map": {**NAMED, "addresses": [{"country": {"constant": "US"}}]}}, "map.addresses[0]: an address needs more than its use and country", id="address of nothing"),
        pytest.param({"map": {"given_name": ["a"]}}, "map.given_name: must be a column name, or {column: ...}, {columns: ...} or {constant: ...}", id="leaf is a list"),
        pytest.param({"map": {"given_name": {"column": "a", "constant": "b"}}}, "map.given_name: needs exactly one of column, columns and constant", id="leaf with two origins"),
        pytest.param({"map": {**NAMED, "birth_date": {"constant": "soon"}}}, "map.birth_date: a constant or a lookup's result must be a date, as in 2024-01-31", id="constant of the wrong type"),
        pytest.param({"contract": {"columns": {"a": {"type": "varchar"}}}}, "contract.columns.a.type: must be 'text', 'integer', 'number', 'date', 'datetime' or 'boolean'", id="unknown column type"),
        pytest.param({"contract": {"columns": {"a": {"format": "%Y-%m-%d"}}}}, "contract.columns.a: format goes with type: date or datetime", id="format without a type"),
        pytest.param({"connection": {"type": "ftp"}}, "connection: needs a type: files or sql", id="unknown transport"),
        pytest.param({"connection": {"type": "files", "path": "x.dat"}}, "connection: the extension does not tell the format: state `format`", id="unknown extension"),
        pytest.param({"connection": {"type": "files", "path": "x.csv", "encoding": "utf-16"}}, "connection.encoding: unknown, or not an encoding that extends ASCII", id="encoding without lines"),
        pytest.param({"connection": {"type": "files", "path": "x.dat", "format": "fixed_width"}}, "connection: columns with start and width go with format: fixed_width, and only there", id="fixed width without columns"),
        pytest.param({"connection": {"type": "sql", "url": "env:X", "table": "t", "query": "q"}}, "connection: needs exactly one of table and query", id="table and query"),
        pytest.param({"connection": {"type": "sql", "url": "env:X", "table": "t", "cursor": "c"}}, "document: connection.cursor: goes with mode incremental", id="cursor of a snapshot"),
        pytest.param({"mode": "incremental", "connection": {"type": "sql", "url": "env:X", "table": "t"}}, "document: connection.cursor: mode incremental needs the column it follows", id="incremental without cursor"),
        pytest.param({"key": ["$row", "x"]}, "document: $row is a key of its own, without other columns", id="row number and more"),
        pytest.param({"key": "$row", "connection": {"type": "sql", "url": "env:X", "table": "t"}}, "document: $row numbers the rows of files; a table has a key", id="row number of a table"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_path_and_rule(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    assert problems(tmp_path, DRIVERS, **changes) == [problem]


def test_a_persons_field_does_not_belong_to_an_organization(tmp_path: Path) -> None:
    mapping = {"legal_name": "name", "birth_date": "founded"}
    (problem,) = problems(tmp_path, BUSINESSES, map=mapping)
    assert problem.startswith("document: map.birth_date: a field of the other kind")


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        pytest.param("trimm", ": unknown transform; there are trim, upper,", id="unknown name"),
        pytest.param({"soundex": 4}, ": unknown transform; there are trim, upper,", id="unknown parameters"),
        pytest.param(7, ": unknown transform; there are trim, upper,", id="no transform at all"),
        pytest.param({"extract": "("}, ".extract: not a regular expression: missing ), unterminated subpattern", id="bad regex"),
        pytest.param({"extract": "[0-9]+"}, ".extract: the regular expression must have exactly one group", id="regex without group"),
        pytest.param({"replace": {"pattern": "a", "with": r"\1"}}, ".replace: `with` refers to a group the pattern does not have", id="replacement of no group"),
        pytest.param({"date": "%d/%m"}, ".date: the date format must hold year, month and day, as in %Y-%m-%d", id="date without a year"),
        pytest.param({"trim": True}, ": unknown transform; there are trim, upper,", id="a parameter where none is taken"),
        pytest.param({"split": {"on": "", "index": 0}}, ".split.on: String should have at least 1 character", id="empty separator"),
        pytest.param({"date": "%Y-%m-%d", "upper": True}, ".upper: unknown field; did you mean", id="two transforms in one"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_transform_is_named_by_its_place(
    tmp_path: Path, step: object, problem: str
) -> None:
    (found,) = problems(tmp_path, map={"given_name": {"column": "a", "transforms": ["trim", step]}})
    assert found.startswith("map.given_name.transforms[1]" + problem)


def test_every_problem_of_a_document_is_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, id="X", mode="delta", extra=1)
    assert [problem.partition(":")[0] for problem in found] == ["id", "mode", "extra"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://hub:hunter2@db/vehicles",
        "postgresql+psycopg://db/vehicles?password=hunter2",
        "mysql://u:hunter2@db",
    ],
)
def test_a_password_in_a_document_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    connection = {"type": "sql", "url": url, "table": "drivers"}
    with pytest.raises(SourceInvalid, match="holds a password") as caught:
        source(tmp_path, connection=connection)
    assert "hunter2" not in str(caught.value)


def test_a_password_in_a_file_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    connection = {"type": "files", "path": "sftp://hub:hunter2@host/drop/*.csv"}
    with pytest.raises(SourceInvalid, match=r"connection\.path: holds a password") as caught:
        source(tmp_path, connection=connection)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("id: a\nid: b\n", "line 2, column 1: duplicate key", id="duplicate key"),
        pytest.param("map: {x: 1, x: 2}\n", "line 1, column 13: duplicate key", id="duplicate key, nested"),
        pytest.param("id: [\n", "line 2, column 1: expected the node content, but found '<stream end>'", id="not YAML"),
        pytest.param("a: !!python/name:os.system x\n", "line 1, column 4: could not determine a constructor for the tag", id="objects"),
        pytest.param("", "document: Input should be", id="empty document"),
    ],
)  # fmt: skip
def test_yaml_is_read_strictly(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "source.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SourceInvalid) as caught:
        load_source(path)
    assert caught.value.problems[0].startswith(problem)


def test_a_document_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match=r"missing\.yaml: no such file"):
        load_source(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"id: caf\xe9\n")
    with pytest.raises(SourceInvalid, match="not UTF-8 at byte 7"):
        load_source(tmp_path / "latin.yaml")


def test_codes_in_a_lookup_stay_codes(tmp_path: Path) -> None:
    """YAML 1.1 would read NO as false, 01 as 1 and 2024-01-31 as a date."""
    path = write(tmp_path, DRIVERS)
    text = path.read_text("utf-8").replace(
        "family_name: last_name",
        "family_name: {column: c, transforms: [{lookup: {NO: Norway, 01: one, 1: uno, 2024-01-31: day, true: yes}}]}",
    )
    path.write_text(text, "utf-8")
    leaf = load_source(path).map.family_name
    assert leaf is not None
    assert leaf.model_dump()["transforms"][0]["lookup"] == {
        "NO": "Norway",
        "01": "one",
        "1": "uno",
        "2024-01-31": "day",
        "true": "yes",
    }


def test_the_fingerprint_changes_with_the_meaning_of_rows_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    base = source(tmp_path).fingerprint
    elsewhere = {"type": "files", "path": "other/*.parquet"}
    assert (
        source(tmp_path, connection=elsewhere, label="X", duplicate_free=True).fingerprint == base
    )
    spelled_out = {"given_name": {"column": "first_name"}, "family_name": "last_name"}
    assert source(tmp_path, map=spelled_out).fingerprint == base
    changed = [
        source(tmp_path, key="licence_no"),
        source(tmp_path, sensitive=True),
        source(tmp_path, as_of="updated_on"),
        source(tmp_path, map={"full_name": "name"}),
        source(tmp_path, contract={"columns": {"driver_no": {"required": True}}}),
    ]
    assert len({base, *[one.fingerprint for one in changed]}) == len(changed) + 1


def test_a_lenient_transform_means_something_else_than_a_strict_one(tmp_path: Path) -> None:
    strict = {"birth_date": {"column": "dob", "transforms": [{"date": "%Y-%m-%d"}]}}
    lenient = {
        "birth_date": {"column": "dob", "transforms": [{"date": "%Y-%m-%d", "otherwise": None}]}
    }
    assert source(tmp_path, map=strict).fingerprint != source(tmp_path, map=lenient).fingerprint


def test_custom_attributes_are_declared_with_their_comparison(tmp_path: Path) -> None:
    custom = {"occupation": {"column": "job", "compare": "exact"}, "birthplace": "birth_place"}
    loaded = source(tmp_path, map={**NAMED, "custom": custom})
    assert loaded.custom_attributes == (
        CustomAttribute("birthplace", CustomComparison.TEXT),
        CustomAttribute("occupation", CustomComparison.EXACT),
    )
