"""Why somebody corrects something: asked for wherever money or its record is taken back."""

from lad.errors import Invalid


def given(reason: str) -> str:
    """The reason without the blanks around it. Raises Invalid when nothing is left."""
    said = reason.strip()
    if not said:
        raise Invalid(errors={"reason": ["Say why."]})
    return said
