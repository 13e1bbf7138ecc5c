"""The ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

from lad.tenancy.guard import refuse_to_serve_unguarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")

application = get_asgi_application()
refuse_to_serve_unguarded()
