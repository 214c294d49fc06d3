from __future__ import annotations

import json
import re

import pytest

from payment.blueprints.body import Fields, is_id, read_object
from payment.errors import InvalidRequestError, Mistake


def mistakes(fields: Fields) -> tuple[Mistake, ...]:
    with pytest.raises(InvalidRequestError) as caught:
        fields.check()
    return caught.value.mistakes


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "isn't JSON"),
        (b"{", "isn't JSON"),
        (b"{} {}", "isn't JSON"),
        (b"{'a': 1}", "isn't JSON"),
        (b"\xef\xbb\xbf{}", "isn't JSON"),
        (b"null", "is null"),
        (b"true", "is true"),
        (b"12", "is 12"),
        (b'"text"', 'is "text"'),
        (b"[]", "is a list"),
        (b'{"a": "\xff"}', "isn't UTF-8 from byte 7 on"),
        ('{"a": 1}'.encode("utf-16"), "isn't UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"a":' * 100_000, "is nested too deeply"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_body_that_is_no_json_object_is_one_mistake_of_the_body(body: bytes, found: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_object(body)
    [mistake] = caught.value.mistakes
    assert mistake.field == "body"
    assert found in mistake.message
    assert "expected a JSON object" in mistake.message


def test_object_is_read() -> None:
    assert read_object('{"a": "é", "b": 2}'.encode()) == {"a": "é", "b": 2}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "is null"),
        (1, "is 1"),
        (True, "is true"),
        (["a"], "is a list"),
        ({"a": 1}, "is an object"),
        ("", "is empty"),
        (" \n", "is empty"),
        ("abcd", "has 4 characters"),
        ("a\0", '"a\\u0000"'),
        ("\ud800", '"\\ud800"'),
        ("\udfff", '"\\udfff"'),
    ],
)
def test_text_that_is_none_is_named(value: object, found: str) -> None:
    fields = Fields({"name": value})
    assert fields.text("name", longest=3) == ""
    [mistake] = mistakes(fields)
    assert mistake.field == "name"
    assert found in mistake.message
    assert "expected a text of 1 to 3 characters" in mistake.message


@pytest.mark.parametrize("value", ["a", "abc", " a ", "é😀"])
def test_text_is_taken_as_it_is(value: str) -> None:
    fields = Fields({"name": value})
    assert fields.text("name", longest=3) == value
    fields.check()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("null", "is null"),
        ("true", "is true"),
        ("false", "is false"),
        ("0", "is 0"),
        ("-1", "is -1"),
        ("1.0", "is 1.0"),
        ("1e2", "is 100.0"),
        ("1e999", "is inf"),
        ("NaN", "is nan"),
        ('"1"', 'is "1"'),
        ("[1]", "is a list"),
        (str(2**63), "is 9223372036854775808"),
        ("9" * 100_000, "is 9999"),
        ("-" + "9" * 100_000, "is -9999"),
    ],
    ids=lambda value: value[:20],
)
def test_integer_that_is_none_or_out_of_range_is_named(value: str, found: str) -> None:
    fields = Fields(read_object(f'{{"amount": {value}}}'.encode()))
    assert fields.integer("amount", least=1) == 0
    [mistake] = mistakes(fields)
    assert mistake.field == "amount"
    assert found in mistake.message
    assert "expected an integer from 1 to 9223372036854775807" in mistake.message
    assert len(mistake.message) < 200


@pytest.mark.parametrize("value", [1, 2**63 - 1])
def test_integer_in_range_is_taken(value: int) -> None:
    fields = Fields(read_object(json.dumps({"amount": value}).encode()))
    assert fields.integer("amount", least=1) == value
    fields.check()


@pytest.mark.parametrize("value", [None, "", "usd", "eur", 1, ["EUR"], "\ud800", "x" * 100_000])
def test_text_that_is_not_among_the_choices_is_named(value: object) -> None:
    fields = Fields({"currency": value})
    assert fields.choice("currency", ["EUR", "CHF"]) == ""
    [mistake] = mistakes(fields)
    assert 'expected "EUR" or "CHF"' in mistake.message
    assert len(mistake.message) < 200


def test_text_of_another_form_is_named_once() -> None:
    fields = Fields({"text": "later", "other": 1})
    assert fields.match("text", re.compile(r"PAY (\S+)"), "PAY and an id", longest=10) == ""
    assert fields.match("other", re.compile(r"PAY (\S+)"), "PAY and an id", longest=10) == ""
    assert [mistake.message for mistake in mistakes(fields)] == [
        'is "later", expected PAY and an id',
        "is 1, expected a text of 1 to 10 characters",
    ]


def test_all_mistakes_are_told_at_once() -> None:
    fields = Fields({"a": 1, "b": "x", "d": 1})
    fields.text("a", longest=3)
    fields.integer("b", least=1)
    fields.choice("c", ["EUR"])
    fields.refuse_others()
    assert [mistake.field for mistake in mistakes(fields)] == ["a", "b", "c", "d"]


def test_unknown_fields_are_named_in_a_way_that_can_be_answered() -> None:
    fields = Fields({"\ud800": 1, "x" * 1_000: 2})
    fields.refuse_others()
    names = [mistake.field for mistake in mistakes(fields)]
    assert names == ["\\ud800", "x" * 100]


def test_not_all_of_a_thousand_unknown_fields_are_named() -> None:
    fields = Fields({str(number): number for number in range(1_000)})
    fields.refuse_others()
    assert len(mistakes(fields)) == 20


@pytest.mark.parametrize("text", ["p1", "é /", "x" * 100])
def test_ids(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["", " ", "x" * 101, "a\0", "\ud800"])
def test_no_ids(text: str) -> None:
    assert not is_id(text)


def test_sign_for_bytes_that_are_no_text_is_no_id() -> None:
    assert not is_id("\ufffd\ufffd")
