"""Numbers of a column stand below each other by their decimals."""

from lad.figures import FIGURE_SPACE as FIGURE
from lad.figures import PUNCTUATION_SPACE as POINT
from lad.figures import Figure, aligned


def test_missing_decimals_are_filled_with_spaces():
    assert aligned(["12.50 USD", "0.000015 USD", "−3 USD", "1,200.5 EUR", "–", ""]) == [
        f"12.50{FIGURE * 4} USD",
        "0.000015 USD",
        f"−3{POINT}{FIGURE * 6} USD",
        f"1,200.5{FIGURE * 5} EUR",
        "–",
        "",
    ]


def test_whole_numbers_stay_as_they_are():
    assert aligned([Figure("3"), Figure("1,200")]) == ["3", "1,200"]
