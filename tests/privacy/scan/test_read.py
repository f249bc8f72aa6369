import gzip
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from privacy.scan.read import DatasetReadError, read_table

ROWS = {"code": ["007", "1", None], "note": ["a", "b,\nc", "d"]}


def written(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def parquet_bytes(table):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


CSV = b'code,note\n007,a\n1,"b,\nc"\n,d\n'
JSONL = b'{"code": "007", "note": "a"}\n{"code": "1", "note": "b,\\nc"}\n\n{"note": "d"}\n'


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("name", "data"), [("t.csv", CSV), ("t.jsonl", JSONL), ("t.parquet", parquet_bytes(pa.table(ROWS)))]
)
def test_every_format_gives_the_same_table(tmp_path, name, data, zipped):
    path = written(tmp_path, name + ".gz", gzip.compress(data)) if zipped else written(tmp_path, name, data)
    assert read_table(path).to_pydict() == ROWS


def test_a_file_named_by_digest_is_read_with_a_format_and_parquet_without(tmp_path):
    assert read_table(written(tmp_path, "0" * 64, CSV), format="csv").num_rows == 3
    assert read_table(written(tmp_path, "1" * 64, parquet_bytes(pa.table(ROWS)))).num_rows == 3


def test_types_are_inferred_on_demand_and_leading_zeros_stay_text(tmp_path):
    path = written(
        tmp_path, "t.csv", b"zip,n,x,word,big,none\n01234,1,1.5,a,12345678901234567890,\n98765,NA,2e3,Null,1,\n"
    )
    table = read_table(path, typed=True)
    assert [str(field.type) for field in table.schema] == ["string", "int64", "double", "string", "string", "string"]
    assert table["zip"].to_pylist() == ["01234", "98765"]
    assert table["n"].to_pylist() == [1, None]
    assert table["x"].to_pylist() == [1.5, 2000.0]
    assert table["word"].to_pylist() == ["a", "Null"]
    assert table["big"].to_pylist() == ["12345678901234567890", "1"]
    assert read_table(path)["n"].to_pylist() == ["1", "NA"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert read_table(written(tmp_path, "t.csv", b"\xef\xbb\xbfa,b\n1,2\n")).column_names == ["a", "b"]


BAD = [
    ("t.csv", b"", "empty_file", "empty"),
    ("t.csv", b" \n\n", "empty_file", "empty"),
    ("t.csv", b"a,b\n", "no_rows", "0 rows"),
    ("t.csv", b"a;b\n1;2\n", "delimiter", "a semicolon"),
    ("t.csv", b"a\tb\n1\t2\n", "delimiter", "a tab"),
    ("t.csv", b"a,b\n1,2\nsecret,4,5\n", "ragged_row", "line 3 has 3 columns where the header has 2"),
    ("t.csv", b'a,b\n1,"x\ny"\nsecret\n', "ragged_row", "line 4 has 1 columns where the header has 2"),
    ("t.csv", b'a,b\n1,2\n"secret,4\n5,6\n', "open_quote", "line 3"),
    ("t.csv", b"a,a\n1,2\n", "duplicate_columns", "'a'"),
    ("t.csv", b",a\n1,2\n", "unnamed_column", "column 1"),
    ("t.csv", "a,b\n1,caf\u00e9\n".encode("latin-1"), "encoding", "byte 9 (line 2)"),
    ("t.csv", "a,b\n1,2\n".encode("utf-16"), "encoding", "UTF-16"),
    ("t.csv", b"a,b\n1,\x00\n", "encoding", "NUL"),
    ("t.csv.gz", gzip.compress(CSV, mtime=0)[:-12], "truncated", "gzip"),
    ("t.csv.gz", b"\x1f\x8bnonsense", "unreadable", "gzip"),
    ("t.parquet", parquet_bytes(pa.table(ROWS))[:-9], "truncated", "truncated"),
    ("t.parquet", b"PAR1" + b"\x00" * 40 + b"PAR1", "unreadable", "damaged"),
    ("t.parquet", b"a,b\n1,2\n", "unreadable", "not Parquet"),
    ("t.jsonl", b'{"a": 1}\n{"a": \n', "unreadable", "line 2"),
    ("t.jsonl", b'{"a": 1}\n["secret"]\n', "unreadable", "line 2 is not a JSON object"),
    ("t.jsonl", b'{"a": 1, "a": 2}\n', "duplicate_columns", "line 1"),
    ("t.jsonl", b'{"a": NaN}\n', "unreadable", "NaN"),
    ("t.jsonl", b'{"a": 1}\n{"a": "secret"}\n', "mixed_types", "'a'"),
    ("t.xlsx", b"PK", "format_unknown", "csv, parquet, jsonl"),
]


@pytest.mark.parametrize(("name", "data", "code", "part"), BAD)
def test_a_bad_file_is_refused_with_its_place_and_without_its_values(tmp_path, name, data, code, part):
    with pytest.raises(DatasetReadError) as caught:
        read_table(written(tmp_path, name, data))
    assert caught.value.code == code
    assert part in str(caught.value)
    assert "secret" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DatasetReadError, match="no such file"):
        read_table(tmp_path / "t.csv")
    with pytest.raises(DatasetReadError, match="cannot be read"):
        read_table(tmp_path)


def test_a_gzip_that_unpacks_to_far_more_than_it_holds_is_refused_before_it_is_held(tmp_path, monkeypatch):
    place = tmp_path / "t.csv.gz"
    place.write_bytes(gzip.compress(b"a\n" + b"0\n" * (8 << 20)))
    monkeypatch.setattr("privacy.chunks.unpacking.UNCHECKED", 1 << 20)
    monkeypatch.setattr("privacy.scan.read.LARGEST", 2 << 20)
    with pytest.raises(DatasetReadError, match="200 times as many") as refused:
        read_table(place)
    assert refused.value.code == "gzip_ratio"


def test_a_parquet_file_that_unpacks_to_far_more_than_it_holds_is_refused_by_its_footer(tmp_path, monkeypatch):
    monkeypatch.setattr("privacy.chunks.parquet.UNCHECKED", 1 << 20)
    place, sink = tmp_path / "t.parquet", pa.BufferOutputStream()
    pq.write_table(pa.table({"a": ["0" * (2 << 20)]}), sink, compression="zstd", use_dictionary=False)
    place.write_bytes(sink.getvalue())
    with pytest.raises(DatasetReadError, match="column 1 of row group 1 unpacks to more than 200 times"):
        read_table(place)


def test_a_parquet_file_with_a_doubled_column_is_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(DatasetReadError, match="'a' occurs more than once"):
        read_table(written(tmp_path, "t.parquet", parquet_bytes(table)))


def test_a_data_set_over_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("privacy.scan.read.LARGEST", 10)
    for name, data in (("t.csv", CSV), ("t.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 1000))):
        with pytest.raises(DatasetReadError, match="larger than the limit of 10 bytes"):
            read_table(written(tmp_path, name, data))


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet", "t.csv.gz"])
def test_damaged_bytes_give_a_table_or_the_one_error(tmp_path, name):
    source = random.Random(name)  # noqa: S311 - made-up data, the same each time
    whole = {
        "t.csv": CSV,
        "t.jsonl": JSONL,
        "t.parquet": parquet_bytes(pa.table(ROWS)),
        "t.csv.gz": gzip.compress(CSV),
    }[name]
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(source.randint(1, 3)):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            assert read_table(written(tmp_path, name, bytes(data))).num_rows > 0
        except DatasetReadError:
            refused += 1
    assert refused > 0
