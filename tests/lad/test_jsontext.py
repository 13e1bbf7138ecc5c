"""JSON that people edit: errors, values that cannot be stored, and formatting."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lad import jsontext

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1,}', "not valid JSON at line 1, column"),
        ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: a comma or a closing bracket is missing"),
        ("{a: 1}", "a name in double quotes is missing"),
        ('{"a": }', "a value is missing"),
        ('{"a" 1}', "a colon is missing"),
        ('"open', "not closed"),
        ("[1] 2", "there is text after the end"),
        ('{"a": 1, "a": 2}', "“a” appears twice"),
        ("NaN", "NaN is not allowed as a number"),
        ("[1e999]", "too large"),
        ('"\\u0000"', "NUL"),
        ('{"\\ud800": 1}', "surrogates"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 600 + "]" * 600, "nested too deeply"),
        ("[" + "0," * 60_000 + "0]", "more than 50,000"),
    ],
)
def test_an_error_says_where_it_is_and_what_to_do(text, says):
    with pytest.raises(jsontext.JsonFault, match=says.replace("(", r"\(")):
        jsontext.parse(text)


@given(VALUES)
def test_formatting_keeps_the_value(value):
    assert json.loads(jsontext.pretty(value)) == value


def test_names_keep_their_order_and_short_lists_stay_on_one_line():
    value = {"zebra": ["a", "b"], "ant": {"10": 1, "2": []}, "long": ["x" * 50, "y" * 50]}
    assert jsontext.pretty(value) == (
        '{\n  "zebra": ["a", "b"],\n  "ant": {\n    "10": 1,\n    "2": []\n  },\n  "long": [\n    '
        f'"{"x" * 50}",\n    "{"y" * 50}"\n  ]\n}}'
    )
