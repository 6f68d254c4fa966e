from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import RawRejection
from connectors.readers.delimited import Delimited
from connectors.readers.formats import OpenFile
from connectors.readers.lines import LINE_BYTES_MAX, WINDOW_BYTES_MAX
from hub.domain.errors import SourceUnreadable

HEADER = b"id,name,note\n"
Rows = list[tuple[object, ...]]


def read(
    content: bytes,
    delimiter: str = ",",
    quote: str | None = '"',
    encoding: str = "utf-8",
    rows_max: int = 5_000,
) -> tuple[Rows, list[RawRejection]]:
    """All rows and rejections of a file of this content."""
    format_ = Delimited(delimiter, quote, encoding)
    head = format_.head(OpenFile(io.BytesIO(content), "s", "f.csv"))
    rows: Rows = []
    rejected: list[RawRejection] = []
    opened = OpenFile(io.BytesIO(content), "s", "f.csv")
    for chunk in format_.chunks(opened, head.columns, head.start, rows_max):
        rows += chunk.rows
        rejected += chunk.rejected
    return rows, rejected


def rules(rejected: list[RawRejection]) -> list[tuple[int, str]]:
    return [(one.rejected.row, one.rejected.rule) for one in rejected]


def test_text_is_trimmed_and_blank_text_is_null() -> None:
    rows, rejected = read(b' id , name ,note\n1 , Ann ,\n2,"", " x " \n')
    assert rows == [("1", "Ann", None), ("2", None, "x")]
    assert not rejected


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b'2,"Mary,x', id="a quote that never closes"),
        pytest.param(b'2,Ma"ry,x', id="a quote inside an unquoted cell"),
        pytest.param(b'2,"Mary" Ann,x', id="text after the closing quote"),
        pytest.param(b'2,Mary,"', id="a lone quote at the end of the line"),
        pytest.param(b'2,"Ma"ry",x', id="an unescaped quote inside a quoted cell"),
    ],
)
@pytest.mark.parametrize("after", [b"3,Zoe,z\n", b'3,"Zoe",z\n', b'3,"Z, ""o"" e",z\n'])
def test_a_stray_quote_rejects_one_row_and_keeps_the_rest(broken: bytes, after: bytes) -> None:
    content = HEADER + b"1,Ann,y\n" + broken + b"\n" + after + b"4,Bob,z\n"
    rows, rejected = read(content)
    assert [row[0] for row in rows] == ["1", "3", "4"]
    assert rules(rejected) == [(2, "stray_quote")]
    assert rejected[0].raw == broken.decode()


def test_a_stray_quote_in_the_last_row_is_found() -> None:
    rows, rejected = read(HEADER + b'1,Ann,y\n2,"Mary,x')
    assert len(rows) == 1
    assert rules(rejected) == [(2, "stray_quote")]


def test_a_cell_may_span_lines() -> None:
    rows, rejected = read(HEADER + b'1,"12 Main St\r\nSpringfield, IL","a ""b"""\r\n2,Bob,z\r\n')
    assert rows == [("1", "12 Main St\nSpringfield, IL", 'a "b"'), ("2", "Bob", "z")]
    assert not rejected


def test_quotes_can_be_ordinary_characters() -> None:
    rows, _ = read(b'id|name\n1|6" pipe\n', delimiter="|", quote=None)
    assert rows == [("1", '6" pipe')]


def test_a_row_with_other_than_the_headers_cells_is_rejected() -> None:
    rows, rejected = read(HEADER + b"1,Ann\n2,Bob,z,more\n3,Zoe,z\n")
    assert rows == [("3", "Zoe", "z")]
    assert rules(rejected) == [(1, "ragged_row"), (2, "ragged_row")]


def test_blank_lines_are_no_rows() -> None:
    rows, rejected = read(b"\n" + HEADER + b"1,Ann,y\n\n  \r\n2,Bob,z\n\n")
    assert [row[0] for row in rows] == ["1", "2"]
    assert not rejected


def test_a_header_may_leave_a_column_nameless_but_not_name_two_alike() -> None:
    assert read(b"id,,note\n1,2,3\n")[0] == [("1", "2", "3")]
    with pytest.raises(SourceUnreadable, match=r"duplicate_column \(f\.csv: id\)"):
        read(b"id, id\n1,2\n")


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    content = b"\xef\xbb\xbfid,name\n1,Ann\n"
    head = Delimited(",", '"', "utf-8").head(OpenFile(io.BytesIO(content), "s", "f.csv"))
    assert head.columns == ("id", "name")
    assert head.start == {"offset": 11, "row": 0}


def test_bytes_that_are_no_text_are_named_by_their_place_and_not_shown() -> None:
    content = HEADER + b"1,Ann,y\n2,Jos\xe9,z\n"
    with pytest.raises(SourceUnreadable, match=r"encoding \(f\.csv at byte 26\)") as caught:
        read(content)
    assert content[26:27] == b"\xe9"
    assert caught.value.__context__ is None
    assert read(content, encoding="latin-1")[0][1] == ("2", "José", "z")


def test_utf_16_is_named_for_what_it_is() -> None:
    with pytest.raises(SourceUnreadable, match="UTF-16"):
        read("id,name\n1,Ann\n".encode("utf-16"))


def test_lines_that_end_in_a_bare_carriage_return_are_refused() -> None:
    with pytest.raises(SourceUnreadable, match="line_ends"):
        read(b"id,name\r1,Ann\r2,Bob\r")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"   \r\n"])
def test_a_file_of_nothing_is_refused(content: bytes) -> None:
    with pytest.raises(SourceUnreadable, match="empty_file"):
        read(content)


def test_a_header_without_rows_is_no_mistake() -> None:
    head = Delimited(",", '"', "utf-8").head(OpenFile(io.BytesIO(HEADER), "s", "f.csv"))
    assert not head.has_rows
    assert read(HEADER) == ([], [])


def test_a_line_too_long_for_memory_is_one_rejected_row() -> None:
    huge = b"2," + b"x" * (LINE_BYTES_MAX + (2 << 20)) + b",z\n"
    rows, rejected = read(HEADER + b"1,Ann,y\n" + huge + b"3,Bob,z\n")
    assert [row[0] for row in rows] == ["1", "3"]
    assert rules(rejected) == [(2, "row_too_large")]
    assert rejected[0].raw == ""


class CountingStream(io.RawIOBase):
    """An endless file of the same row, that counts what was read of it."""

    def __init__(self, row: bytes) -> None:
        self._row = row
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        self.given += size
        return (HEADER if self.given == size else b"") + self._row * (size // len(self._row))


def test_a_file_is_never_held_whole() -> None:
    stream = CountingStream(b"1," + b"x" * 500 + b",y\n")
    opened = OpenFile(stream, "s", "f.csv")  # type: ignore[arg-type]
    chunks = Delimited(",", '"', "utf-8").chunks(
        opened, ("a", "b", "c"), {"offset": 0, "row": 0}, 100
    )
    for _ in range(500):
        assert len(next(chunks).rows) <= 100
    assert stream.given < 500 * 100 * 505 + WINDOW_BYTES_MAX + (2 << 20)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20).map(str.strip)
TABLES = st.lists(st.tuples(CELLS.filter(bool), CELLS, CELLS), min_size=1, max_size=30)


def written(table: list[tuple[str, str, str]], quoting: int) -> list[str]:
    """Each row as the csv module writes it."""
    lines = []
    for row in table:
        text = io.StringIO()
        csv.writer(text, quoting=quoting, lineterminator="\n").writerow(row)  # type: ignore[arg-type]
        lines.append(text.getvalue())
    return lines


@given(TABLES, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.integers(1, 7))
def test_what_a_csv_writer_writes_is_read_back(
    table: list[tuple[str, str, str]], quoting: int, rows_max: int
) -> None:
    # A cell with a line of its own that looks like a whole row is the one case taken for a mistake.
    looks_like_rows = any(
        line.count(",") == 2 and '"' not in line
        for cell in (cell for row in table for cell in row)
        for line in cell.split("\n")
    )
    content = HEADER + "".join(written(table, quoting)).encode()
    rows, rejected = read(content, rows_max=rows_max)
    if not looks_like_rows:
        assert rows == [tuple(cell or None for cell in row) for row in table]
        assert not rejected


PLAIN = st.text("abc xyz", min_size=1, max_size=8).map(lambda text: text.strip() or "a")
PLAIN_TABLES = st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=2, max_size=30)


@given(PLAIN_TABLES, st.data())
def test_wherever_a_quote_strays_only_its_own_row_is_lost(
    table: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    lines = [",".join(row) for row in table]
    hit = data.draw(st.integers(0, len(lines) - 1), label="row")
    place = data.draw(st.integers(0, len(lines[hit])), label="place")
    lines[hit] = lines[hit][:place] + '"' + lines[hit][place:]
    rows, rejected = read(HEADER + "\n".join(lines).encode())
    assert rules(rejected) == [(hit + 1, "stray_quote")]
    assert rows == [row for number, row in enumerate(table) if number != hit]


@given(st.binary(max_size=400), st.integers(1, 5))
def test_any_bytes_are_rows_or_rejections_or_no_text(content: bytes, rows_max: int) -> None:
    is_text = content.decode("utf-8", "replace").encode() == content
    if not is_text:
        with pytest.raises(SourceUnreadable, match="encoding"):
            read(HEADER + content, rows_max=rows_max)
        return
    rows, rejected = read(HEADER + content, rows_max=rows_max)
    assert all(len(row) == 3 for row in rows)
    assert len(rows) + len(rejected) <= content.count(b"\n") + 1
