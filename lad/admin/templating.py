"""Load templates without their indentation, which is half of what a page would send."""

import re
from functools import cached_property
from pathlib import Path
from typing import Final

import django.forms
from django.forms.renderers import DjangoTemplates
from django.template import Origin
from django.template.backends.django import DjangoTemplates as Backend
from django.template.loaders import app_directories

_LOADER: Final = "lad.admin.templating.Loader"
LOADERS: Final = [("django.template.loaders.cached.Loader", [_LOADER])]
_INDENTATION: Final = re.compile(r"[ \t]*\n\s*")
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
    """Renders forms and widgets with templates that this loader read."""

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
