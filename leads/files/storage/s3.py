"""Attachments in S3-compatible storage."""

from collections.abc import Iterator
from typing import Any, Final

from botocore.config import Config
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage

# Long enough to follow a redirect.
LINK_SECONDS: Final = 60


class AttachmentBucket(S3Storage):
    """A private bucket: what leaves it leaves by a signed link, as a download, whatever it holds."""

    def get_default_settings(self) -> dict[str, Any]:
        return {
            **super().get_default_settings(),
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": LINK_SECONDS,
            "signature_version": "s3v4",
        }

    def __init__(self, **settings: Any) -> None:
        # Storages other than Amazon's do not know the checksums that newer clients add by themselves.
        settings["client_config"] = Config(
            s3={"addressing_style": settings.pop("addressing_style", "auto")},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=5,
            read_timeout=30,
            retries={"max_attempts": 3, "mode": "standard"},
        )
        super().__init__(**settings)

    def signed_link(self, key: str, *, name: str, media_type: str) -> str:
        """An address at the storage that gives the object, under this name, for a minute."""
        parameters = {
            "ResponseContentDisposition": content_disposition_header(as_attachment=True, filename=name),
            "ResponseContentType": media_type,
            "ResponseCacheControl": "private, no-store",
        }
        return str(self.url(key, parameters=parameters, expire=LINK_SECONDS))

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins so, without a request per directory."""
        start = f"{self.location.rstrip('/')}/" if self.location else ""
        pages = self.connection.meta.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket_name, Prefix=f"{start}{prefix}"):
            for entry in page.get("Contents", ()):
                yield entry["Key"].removeprefix(start)
