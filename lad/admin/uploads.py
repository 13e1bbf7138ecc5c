"""A form field for a file, which says its limit before a file is chosen and again when one is too large."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorList
from unfold.widgets import UnfoldAdminFileFieldWidget

from lad.api.uploads import BYTES_PER_MB, refused_body

BYTES_PER_KB: Final = 1024


class UploadWidget(UnfoldAdminFileFieldWidget):
    """A file input that shows at once that the chosen file is too large, and keeps the form from being sent."""

    template_name = "lad/admin/upload.html"

    class Media:
        js = ["lad/admin/upload.js"]


class UploadField(forms.FileField):
    """A file of one of these types and of at most ``max_bytes``, or of the largest size that may be uploaded."""

    def __init__(self, *, extensions: Sequence[str], max_bytes: int | None = None, **options: Any) -> None:
        self.extensions, self.max_bytes = extensions, max_bytes
        accepted = ",".join(f".{extension}" for extension in extensions)
        super().__init__(widget=UploadWidget(attrs={"accept": accepted}), **options)

    @property
    def largest(self) -> int:
        """Return the most bytes that a file may have."""
        return min(self.max_bytes or settings.UPLOAD_MAX_SIZE, settings.UPLOAD_MAX_SIZE)

    @property
    def limit(self) -> str:
        """Return the limit as a sentence."""
        return f"A file can be at most {_size(self.largest)}."

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        self.help_text = f"{self.limit} Accepted types: {', '.join(self.extensions)}."
        self.widget.attrs |= {"data-max-bytes": str(self.largest), "data-limit": self.limit}
        return _UploadBoundField(form, self, field_name)

    def to_python(self, data: Any) -> Any:
        # Checked before the content, of which nothing was kept if it is far too large.
        size = getattr(data, "size", 0) or 0
        if size > self.largest:
            raise ValidationError(f"{data.name} is {_size(size)}. {self.limit}")
        return super().to_python(data)


class _UploadBoundField(forms.BoundField):
    """Says on a form that is shown again why it came without its entries."""

    @property
    def errors(self) -> ErrorList:
        refused = refused_body()
        if refused is None:
            return super().errors
        refused.shown = True
        limit = self.field.limit  # type: ignore[attr-defined]  # the field is an UploadField
        return ErrorList([f"The form was too large to be received, so nothing was saved. {limit}"])


def _size(size: int) -> str:
    """Return the size with one decimal at most, rounded up, so that what is too large never looks as if it fitted."""
    unit, name = (BYTES_PER_MB, "MB") if size >= BYTES_PER_MB else (BYTES_PER_KB, "KB")
    return f"{-(-size * 10 // unit) / 10:g} {name}"
