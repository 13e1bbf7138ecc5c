"""Load templates without their indentation, which is half of what a page would send."""

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import django.forms
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.template import Origin
from django.template.backends.django import DjangoTemplates as Backend
from django.template.loaders import app_directories
from django.utils.safestring import SafeString, mark_safe

from lad.admin.widget_html import rendered

_LOADER: Final = "lad.admin.templating.Loader"
LOADERS: Final = [("django.template.loaders.cached.Loader", [_LOADER])]
_INDENTATION: Final = re.compile(r"(?<![ \t])[ \t]*\n\s*")
# Browsers show the spaces in these.
_PREFORMATTED: Final = re.compile(r"<(pre|textarea)\b")


class Loader(app_directories.Loader):
    """Loads the templates of the apps. In HTML, white space around a line break becomes that line break."""

    def get_contents(self, origin: Origin) -> str:
        text = str(super().get_contents(origin))
        if not str(origin.name).endswith(".html") or _PREFORMATTED.search(text):
            return text
        return _INDENTATION.sub("\n", text)


class FormRenderer(DjangoTemplates):
    """Renders forms and widgets, the commonest without a template."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> SafeString:
        found = rendered(template_name, context)
        return found if found is not None else mark_safe(super().render(template_name, context, request))  # noqa: S308

    @cached_property
    def engine(self) -> Backend:
        loaders = [("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader", _LOADER])]
        return Backend(
            {
                "APP_DIRS": False,
                "DIRS": [Path(django.forms.__file__).parent / "templates"],
                "NAME": "djangoforms",
                "OPTIONS": {"loaders": loaders},
            }
        )
