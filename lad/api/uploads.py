"""Limit the size of uploads. Bytes are counted as they arrive, so an upload that is too large is not kept."""

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

from lad.errors import DomainError

# Allowance for a form's other fields and the headers of its parts.
FORM_OVERHEAD_BYTES: Final = 256 * 1024
BYTES_PER_MB: Final = 1024 * 1024


class UploadTooLarge(DomainError, RequestDataTooBig):
    """The file is too large."""

    code = "upload_too_large"
    status = 413
    title = "Too large"

    def __init__(self) -> None:
        super().__init__(f"A file can be at most {settings.UPLOAD_MAX_SIZE / BYTES_PER_MB:g} MB.")


class SizeLimit(FileUploadHandler):
    """Reject a request whose files together exceed the limit. Must be the first upload handler."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.received = 0

    def handle_raw_input(
        self, input_data: Any, meta: object, content_length: int, boundary: object, encoding: str | None = None
    ) -> None:
        """Reject a request whose declared length is already too large."""
        if content_length > settings.UPLOAD_MAX_SIZE + FORM_OVERHEAD_BYTES:
            raise UploadTooLarge

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_MAX_SIZE:
            raise UploadTooLarge
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Return None: the next handlers keep the file."""
