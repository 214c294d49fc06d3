"""What becomes of a folder of schema files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from eventy.errors import SchemaError
from eventy.serializer.schema.folder import load_schemas
from eventy.testing.conformance.schema_files import record, write

MONEY = record("qotto.Money", amount="long", currency={"type": "enum", "name": "Currency", "symbols": ["EUR", "USD"]})

NOBODY = 65_534


def error_of(folder: Path) -> str:
    with pytest.raises(SchemaError) as caught:
        load_schemas(folder)
    return str(caught.value)


# ---------------------------------------------------------------- what is found


def test_schemas_are_found_in_all_folders_below_but_not_in_hidden_ones(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", record("qotto.Deep"))
    write(tmp_path, record("qotto.Top"))
    write(tmp_path / "..data", record("qotto.Top"))  # as Kubernetes mounts a ConfigMap
    (tmp_path / "notes.json").write_text("no schema")
    assert list(load_schemas(tmp_path).by_name) == ["qotto.Deep", "qotto.Top"]


def test_yaml_file_may_hold_many_documents(tmp_path: Path) -> None:
    (tmp_path / "all.avsc.yaml").write_text(
        "---\ntype: record\nname: a.One\nfields: []\n---\n---\ntype: record\nnamespace: a\nname: Two\nfields: []\n"
    )
    assert list(load_schemas(tmp_path).by_name) == ["a.One", "a.Two"]


def test_json_file_may_hold_a_list_of_records(tmp_path: Path) -> None:
    write(tmp_path, [record("a.One"), record("a.Two", one="One")])
    assert list(load_schemas(tmp_path).by_name) == ["a.One", "a.Two"]


def test_only_records_at_the_top_of_a_document_are_messages(tmp_path: Path) -> None:
    enum = {"type": "enum", "name": "a.Colour", "symbols": ["RED"]}
    write(tmp_path, record("a.Outer", inner=record("Inner")), enum)
    schemas = load_schemas(tmp_path)
    assert list(schemas.by_name) == ["a.Outer"]
    assert sorted(schemas.inner_types) == ["a.Colour", "a.Inner"]
    assert "1.avsc defines it, but as no record at the top of a document" in schemas.advice("a.Inner")


def test_empty_folder_has_no_schemas(tmp_path: Path) -> None:
    schemas = load_schemas(tmp_path)
    assert not schemas.by_name
    assert schemas.advice("a.B") == f"{str(tmp_path)!r} has 0 schemas"


# ---------------------------------------------------------------- references


def test_types_of_other_files_are_found_in_any_order(tmp_path: Path) -> None:
    payment = record("qotto.payment.Paid", price="qotto.Money", currency="qotto.Currency")
    for folder, definitions in (("a", (payment, MONEY)), ("b", (MONEY, payment))):
        schema = load_schemas(write(tmp_path / folder, *definitions)).by_name["qotto.payment.Paid"]
        assert set(schema.types) == {"qotto.payment.Paid", "qotto.Money", "qotto.Currency"}


def test_reference_without_a_dot_is_in_the_namespace_around_it(tmp_path: Path) -> None:
    outer = record("a.Outer", other="Other", inner=record("b.Inner", other="Other"))
    schemas = load_schemas(write(tmp_path, outer, record("a.Other", x="int"), record("b.Other", y="int")))
    assert {"a.Other", "b.Other"} <= set(schemas.by_name["a.Outer"].types)


def test_reference_reaches_a_type_inside_another_files_record(tmp_path: Path) -> None:
    schemas = load_schemas(write(tmp_path, record("a.User", inner="a.Inner"), record("a.Outer", inner=record("Inner"))))
    assert "a.Inner" in schemas.by_name["a.User"].types


def test_types_may_refer_to_each_other(tmp_path: Path) -> None:
    schemas = load_schemas(write(tmp_path, record("a.A", b=["null", "a.B"]), record("a.B", a=["null", "a.A"])))
    assert all(schema.is_recursive for schema in schemas.by_name.values())


def test_type_used_twice_is_not_recursive(tmp_path: Path) -> None:
    schemas = load_schemas(write(tmp_path, record("a.A", one="a.B", two="a.B"), record("a.B", x="int")))
    assert not schemas.by_name["a.A"].is_recursive


def test_type_in_braces_is_that_type(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"at": {"type": {"type": "long", "logicalType": "timestamp-millis"}}, "m": {"type": "M"}}
    schemas = load_schemas(write(tmp_path, record("a.A", **fields), record("a.M")))
    assert schemas.by_name["a.A"].fields["at"]["type"]["logicalType"] == "timestamp-millis"


# ---------------------------------------------------------------- fingerprints


def test_fingerprint_is_that_of_the_specification(tmp_path: Path) -> None:
    # The CRC of the canonical form, computed bit by bit from the polynomial in "Schema Fingerprints".
    canonical = b'{"name":"a.A","type":"record","fields":[{"name":"x","type":"int"}]}'
    crc = empty = 0xC15D213AA4D7A795
    for byte in canonical:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (empty if crc & 1 else 0)
    write(tmp_path, {**record("A", x={"type": "int"}), "namespace": "a", "doc": "counts for nothing"})
    schemas = load_schemas(tmp_path)
    assert schemas.by_name["a.A"].fingerprint == crc.to_bytes(8, "little")
    assert schemas.by_fingerprint[crc.to_bytes(8, "little")].name == "a.A"


def test_fingerprint_is_the_same_wherever_a_type_is_defined(tmp_path: Path) -> None:
    apart = write(tmp_path / "apart", record("a.A", m="qotto.Money", n="qotto.Money"), MONEY)
    inside = write(tmp_path / "inside", record("a.A", m=MONEY, n="qotto.Money"))
    one, other = (load_schemas(folder).by_name["a.A"].fingerprint for folder in (apart, inside))
    assert one == other


def test_fingerprint_changes_with_a_type_of_another_file(tmp_path: Path) -> None:
    user = record("a.A", b="a.B")
    one = load_schemas(write(tmp_path / "1", user, record("a.B", x="int"))).by_name["a.A"]
    other = load_schemas(write(tmp_path / "2", user, record("a.B", x="long"))).by_name["a.A"]
    assert one.fingerprint != other.fingerprint


# ---------------------------------------------------------------- folders and files that can't be read


def test_missing_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = error_of(Path("nowhere"))
    assert f"the folder of schemas '{tmp_path}/nowhere' can't be read (No such file or directory)" in text
    assert "set AVRO_SCHEMAS_FOLDER to the folder of your *.avsc files, one that this process may read" in text


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "/file' can't be read (Not a directory): set AVRO_SCHEMAS_FOLDER" in error_of(tmp_path / "file")


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything: be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["folder", "file.avsc"])
def test_unreadable_folder_or_file_is_refused(name: str) -> None:
    with TemporaryDirectory() as place:  # pytest's own are for their owner alone
        Path(place).chmod(0o755)
        path = Path(place) / name
        path.touch() if path.suffix else path.mkdir()
        path.chmod(0)
        with ordinary_user():
            text = error_of(Path(place))
        path.chmod(0o700)
    assert name in text
    assert "can't be read (Permission denied)" in text
    assert "AVRO_SCHEMAS_FOLDER" in text


def test_broken_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone.avsc").symlink_to(tmp_path / "nowhere")
    assert "gone.avsc can't be read (No such file or directory)" in error_of(tmp_path)


def test_file_that_is_no_json_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.avsc").write_text('{"type": "record",\n "name" "X"}')
    text = error_of(tmp_path)
    assert "bad.avsc, line 2, column 9: no JSON (Expecting ':' delimiter): correct it there" in text
    assert "name the file *.avsc.yaml if it is YAML" in text


def test_file_that_is_no_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.avsc.yaml").write_text("type: record\nname: [a\nfields: []\n")
    assert re.search(r"bad\.avsc\.yaml, line 3, column 7: no YAML \(.*\): correct it there", error_of(tmp_path))


def test_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.avsc").write_bytes(b'{"doc": "\xe9t\xe9"}')
    assert "bad.avsc: byte 9 isn't UTF-8: save the file as UTF-8" in error_of(tmp_path)


def test_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.avsc").write_text("[" * 100_000)
    assert "bad.avsc: nested too deeply" in error_of(tmp_path)


# ---------------------------------------------------------------- schemas that aren't valid


def test_name_defined_twice_is_refused_with_both_files(tmp_path: Path) -> None:
    text = error_of(write(tmp_path, record("a.A"), record("a.A", x="int")))
    assert re.search(r"'a\.A' is defined twice, in \S+1\.avsc and in \S+2\.avsc: remove or rename one", text)


def test_unknown_type_is_refused_with_the_closest_names(tmp_path: Path) -> None:
    text = error_of(write(tmp_path, record("a.A", price=["null", "qotto.Mony"]), MONEY))
    assert "1.avsc: a.A.price is of type 'qotto.Mony', which no file defines (closest: 'qotto.Money'" in text
    assert "correct the name, or add a file that defines it" in text


def test_yaml_document_is_named_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "all.avsc.yaml").write_text("type: record\nname: A\nfields: []\n---\ntype: map\nvalues: int\n")
    text = error_of(tmp_path)
    assert "all.avsc.yaml, document 2: found {'type': 'map', 'values': 'int'}, expected a record" in text


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("string", "found 'string', expected a record, an enum or a fixed"),
        (None, "found None, expected a record"),
        ({"type": ["null"]}, "found {'type': ['null']}, expected a record"),
        ({"type": "record", "fields": []}, "a record has the name None in the namespace '': give it a name"),
        (record("pay-ment"), "'pay-ment' can't be a name: its parts may have letters, digits and _"),
        ({"type": "record", "name": "A"}, "A has the fields None: expected a list of fields"),
        ({"type": "record", "name": "A", "fields": [{"name": "x"}]}, "A has the field {'name': 'x'}: give it"),
        ({"type": "record", "name": "A", "fields": 2 * [{"name": "x", "type": "int"}]}, "A has two fields 'x'"),
        (record("A", x=3), "A.x is of type 3: expected the name of a type, a list of types, or an object"),
        (record("A", x={"type": "array"}), "A.x is of type {'type': 'array'}: expected"),
        (record("A", x="array"), "A.x is of type 'array', which no file defines"),
        (record("A", x={"type": "fixed", "name": "F"}), "F has the size None: expected a number of bytes"),
        (record("A", x={"type": "enum", "name": "E"}), "A isn't valid: 'symbols' is missing: correct the schema"),
        (record("A", x={"type": "enum", "name": "E", "symbols": ["1"]}), "A isn't valid: Every symbol must match"),
        (
            {"type": "record", "name": "A", "fields": [{"name": "x", "type": "int", "default": "one"}]},
            "A isn't valid: Default value <one> must match schema type: int",
        ),
        (record("A", x="A"), 'A contains itself without end: make the inner one optional, ["null", "A"]'),
        (record("A", x={"type": "array", "items": "null"}), "A.x is an array whose items take no bytes"),
        (
            record("A", x=["null", {"type": "map", "values": {"type": "array", "items": record("B", y="null")}}]),
            "A.x is an array whose items take no bytes",
        ),
    ],
)
def test_schema_that_is_not_valid_is_refused(tmp_path: Path, definition: Any, expected: str) -> None:
    text = error_of(write(tmp_path, definition))
    assert "1.avsc: " in text
    assert expected in text


def test_records_that_grow_out_of_no_bytes_are_refused(tmp_path: Path) -> None:
    levels = [record(f"L{n}", a=f"L{n + 1}", b=f"L{n + 1}") for n in range(40)]
    text = error_of(write(tmp_path, *levels, record("L40")))
    assert "values that take no bytes; at most 1000 are allowed" in text
