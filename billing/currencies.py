"""The minor units of currencies: how many decimals an amount that is paid in one can have.

From list one of ISO 4217 of 1 January 2026, which SIX maintains for ISO (https://www.six-group.com, data standards).
After an amendment copy the column *minor unit* of every currency that has not two decimals.
"""

from typing import Final

USUAL_DECIMALS: Final = 2
OTHER_DECIMALS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


def decimals(currency: str) -> int:
    """Return how many decimals amounts in the currency have: 2 for USD, 0 for JPY, 3 for KWD."""
    return OTHER_DECIMALS.get(currency.upper(), USUAL_DECIMALS)
