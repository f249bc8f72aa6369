"""Chunks hold every row once, wherever they are cut; what cannot be read names its place and repeats no value."""

import contextlib
import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from privacy.chunks import cut as cutting
from privacy.chunks import opening, parquet, unpacking
from privacy.chunks.cut import cut
from privacy.chunks.opening import source
from privacy.chunks.read import read_chunk
from privacy.scan.cells import distinct_texts
from privacy.scan.read_error import DatasetReadError
from tests.privacy.chunks.files import MAKERS, as_csv, as_jsonl, as_parquet, read_all, rows, written


@pytest.fixture
def small(monkeypatch):
    """Cut after a few hundred bytes, read in blocks that fit nothing."""
    monkeypatch.setattr(cutting, "SMALLEST", 300)
    monkeypatch.setattr(cutting, "LARGEST", 300)
    monkeypatch.setattr(cutting, "BLOCK", 97)
    monkeypatch.setattr(opening, "BLOCK", 61)
    monkeypatch.setattr(unpacking, "BLOCK", 61)


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("kind", MAKERS)
def test_every_row_is_in_exactly_one_chunk(tmp_path, small, kind, packed):
    found = read_all(written(tmp_path, f"part.{kind}{packed}", MAKERS[kind](rows(1000))))
    assert len(found) >= 3
    assert [row for chunk in found for row in chunk] == rows(1000)


@pytest.mark.parametrize("largest", range(20, 90, 7))
def test_a_cut_never_falls_inside_a_record(tmp_path, small, monkeypatch, largest):
    monkeypatch.setattr(cutting, "LARGEST", largest)
    text = 'a,b\n1,"x,\n""y"""\n2,5" pipe\n3,"\n\n\n"\n"4\n",\n5,"""\n"""\n6,end'
    flat = [row for chunk in read_all(written(tmp_path, "part.csv", text.encode())) for row in chunk]
    assert [row["a"] for row in flat] == ["1", "2", "3", "4\n", "5", "6"]
    assert flat[0]["b"] == 'x,\n"y"'
    assert flat[4]["b"] == '"\n"'


def test_a_mark_of_utf8_and_windows_line_ends_are_no_part_of_the_data(tmp_path, small):
    data = b"\xef\xbb\xbfa,b\r\n" + b"1,2\r\n" * 200
    flat = [row for chunk in read_all(written(tmp_path, "part.csv", data)) for row in chunk]
    assert flat == [{"a": "1", "b": "2"}] * 200


def test_nested_json_is_read_and_lists_stay_together(tmp_path):
    one = written(tmp_path, "part.jsonl", b'{"a": {"mail": "x"}, "b": [1, 2]}\n{"a": null, "b": []}\n')
    assert read_all(one) == [[{"a": {"mail": "x"}, "b": [1, 2]}, {"a": None, "b": []}]]


def test_many_columns_are_read(tmp_path):
    names = [f"c{number}" for number in range(10_000)]
    one = written(tmp_path, "part.csv", (",".join(names) + "\n" + ",".join("1" * 10_000) + "\n").encode())
    [[row]] = read_all(one)
    assert len(row) == 10_000


SECRET = "ada.secret@example.org"
BROKEN = {
    "empty": ("part.csv", b"", "empty_file", "empty"),
    "blank": ("part.csv", b"\n\n", "empty_file", "header"),
    "no format": ("part.bin", b"abc", "format_unknown", "csv, jsonl, parquet"),
    "latin-1": ("part.csv", b"a\n" + b"x\n" * 500 + b"\xe9t\xe9 " + SECRET.encode(), "encoding", "line 502"),
    "utf-16": ("part.csv", SECRET.encode("utf-16"), "encoding", "UTF-16"),
    "NUL": ("part.csv", b"a\nx\nx\x00\n", "encoding", "line 3"),
    "ragged": ("part.csv", b"a,b\n" + b"1,2\n" * 500 + SECRET.encode() + b"\n", "ragged_row", "line 502"),
    "open quote": ("part.csv", b"a,b\n" + b"1,2\n" * 500 + b'1,"' + SECRET.encode(), "open_quote", "line 502"),
    "doubled name": ("part.csv", f"{SECRET},{SECRET}\n1,2\n".encode(), "duplicate_columns", "column 2"),
    "unnamed": ("part.csv", b"a, \n1,2\n", "unnamed_column", "column 2"),
    "bad JSON": ("part.jsonl", b'{"a": 1}\n' * 500 + SECRET.encode(), "unreadable", "line 501"),
    "deep JSON": ("part.jsonl", b'{"a": ' + b"[" * 100_000, "unreadable", "line 1"),
    "a list": ("part.jsonl", b"[1]\n", "unreadable", "line 1"),
    "mixed": ("part.jsonl", b'{"a": 1}\n{"a": "' + SECRET.encode() + b'"}\n', "mixed_types", "'a'"),
    "gzip cut": ("part.csv", gzip.compress(as_csv(rows(2000)))[:-900], "truncated", "compressed bytes"),
    "gzip damaged": ("part.csv", gzip.compress(b"a\n" * 9)[:12] + b"\x00" * 90, "unreadable", "damaged"),
    "parquet cut": ("part.parquet", as_parquet(rows(900))[:-100], "truncated", "footer"),
    "parquet damaged": ("part.parquet", b"PAR1" + b"\x00" * 900 + b"PAR1", "unreadable", "damaged"),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_what_cannot_be_read_is_refused_with_its_place_and_without_a_value(tmp_path, broken):
    name, data, code, place = broken
    with pytest.raises(DatasetReadError) as refused:
        read_all(written(tmp_path, name, data))
    assert refused.value.code == code
    assert place in str(refused.value)
    assert name in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("start", [b"", b'"'])
def test_a_record_without_an_end_is_refused_before_it_fills_the_memory(tmp_path, small, monkeypatch, start):
    monkeypatch.setattr(cutting, "LONGEST_RECORD", 5000)
    one = written(tmp_path, "part.csv", b"a,b\n1,2\n1," + start + b"x" * 100_000 + b"\n")
    with pytest.raises(DatasetReadError, match="line 3 is longer than the limit of 5000") as refused:
        cut(one)
    assert refused.value.code == "record_too_long"


def test_a_gzip_that_unpacks_without_end_is_refused_early(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "UNCHECKED", 1 << 20)
    one = written(tmp_path, "part.csv.gz", b"a\n" + b"0" * (64 << 20))
    read: list[object] = []
    with pytest.raises(DatasetReadError, match="200 times") as refused:
        read += opening.blocks(one)
    assert refused.value.code == "gzip_ratio"


def test_a_parquet_that_unpacks_without_end_is_refused_by_its_footer(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "UNCHECKED", 1 << 20)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": [1], "a": ["0" * (2 << 20)]}), sink, compression="zstd", use_dictionary=False)
    with pytest.raises(DatasetReadError, match="column 2 of row group 1 unpacks to more than 200 times") as refused:
        cut(written(tmp_path, "part.parquet", bytes(sink.getvalue())))
    assert refused.value.code == "parquet_ratio"


def test_a_long_text_that_every_row_points_to_is_held_once(tmp_path):
    """A gigabyte by the count of its letters: what is held is one text and the numbers that point to it."""
    text, count = "x" * 30_000, 32_768
    rows_ = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), [text])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": rows_}), sink, store_schema=False)
    one = written(tmp_path, "part.parquet", bytes(sink.getvalue()))
    [table] = read_chunk(one, cut(one).chunks[0], 0, encoded=True)
    assert table.nbytes < 10 * len(text)
    assert distinct_texts(table["a"]) == [(text, count)]
    assert pa.types.is_string(pq.ParquetFile(one.place).schema_arrow.field("a").type)


@pytest.mark.parametrize(("columns", "buffer"), [(2, 1 << 20), (1000, (64 << 20) // 1000), (20_000, 1 << 12)])
def test_a_row_group_is_read_through_buffers_that_many_columns_share(tmp_path, monkeypatch, columns, buffer):
    """By default the whole of a column of a row group is read at once, however large it is."""
    place, given = tmp_path / "a.parquet", []
    pq.write_table(pa.table({f"c{number}": [1] for number in range(columns)}), place)
    one = source(place, "a.parquet")
    monkeypatch.setattr(
        pq, "ParquetFile", lambda *_places, **options: given.append(options) or contextlib.nullcontext()
    )
    with parquet._opened(one):
        pass
    assert (given[0]["buffer_size"], given[0]["pre_buffer"]) == (buffer, False)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_file_that_changes_while_it_is_read_gives_nothing(tmp_path, small, kind):
    one = written(tmp_path, f"part.{kind}", MAKERS[kind](rows(1000)))
    found = cut(one)
    with pytest.raises(DatasetReadError, match="changed while it was read"):  # noqa: PT012 - the change is in between
        for chunk in found.chunks:
            for _table in read_chunk(one, chunk, found.head):
                os.utime(one.place, ns=(1, 1))


def test_a_file_that_became_shorter_than_its_chunks_is_told(tmp_path, small):
    one = written(tmp_path, "part.jsonl", as_jsonl(rows(300)))
    last = cut(one).chunks[-1]
    one.place.write_bytes(as_jsonl(rows(10)))
    with pytest.raises(DatasetReadError) as refused:
        list(read_chunk(one, last, 0))
    assert refused.value.code == "changed"


def test_a_name_or_a_media_type_tells_the_format_and_parquet_tells_itself(tmp_path):
    place = tmp_path / "x"
    place.write_bytes(as_parquet(rows(3)))
    assert source(place, "x").format == "parquet"
    place.write_bytes(as_csv(rows(3)))
    assert source(place, "x", media_type="text/csv").format == "csv"
