"""Keep long texts from breaking pages: cut what is shown, and keep the whole within reach."""

from typing import Any, Final

from django.utils.safestring import SafeString, mark_safe

from lad.admin.escaping import escaped
from lad.texts import cut

# The number of characters that a cell, a title or an option shows.
SHOWN_LENGTH: Final = 80
# Longer words may be broken anywhere, so that they do not widen a column.
LONGEST_WORD: Final = 24
# So much of a text is kept for the pointer, the keyboard and screen readers.
KEPT_LENGTH: Final = 1_000


def shortened(text: object, *, linked: bool = False) -> str:
    """Return the text as escaped HTML, cut if it is long.

    The whole of it shows when the pointer rests on it or it has the focus, and screen readers read it. ``linked``
    says that it stands in a link, which takes the focus itself.
    """
    whole = str(text)
    if len(whole) <= SHOWN_LENGTH:
        breaks = len(whole) > LONGEST_WORD and max(map(len, whole.split()), default=0) > LONGEST_WORD
        return f'<span class="lad-break">{escaped(whole)}</span>' if breaks else escaped(whole)
    kept = escaped(cut(whole, KEPT_LENGTH))
    focus = "" if linked else ' tabindex="0"'
    return (
        f'<span class="lad-long" title="{kept}"{focus}><span class="lad-long-cut" aria-hidden="true">'
        f'{escaped(cut(whole, SHOWN_LENGTH))}</span><span class="lad-long-whole">{kept}</span></span>'
    )


def shortened_html(value: Any, *, linked: bool = False) -> SafeString:
    """Return ``shortened`` text marked as safe. HTML is returned as it is."""
    return mark_safe(escaped(value) if hasattr(value, "__html__") else shortened(value, linked=linked))  # noqa: S308  (escaped)
