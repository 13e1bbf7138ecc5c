"""Invoice numbers in tests. Each tenant's begin with a prefix made from its id."""

import re


def short(number: str) -> str:
    """Return the number without the tenant's own prefix: ``7KQX2M-INV-000001`` as ``INV-000001``."""
    prefix, _, rest = number.partition("-")
    assert re.fullmatch(r"[0-9A-Z]{6}", prefix), f"{number} begins with no prefix of the tenant"
    return rest
