"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from lad.tenancy.guard import refuse_to_serve_unguarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")

application = get_wsgi_application()
refuse_to_serve_unguarded()
