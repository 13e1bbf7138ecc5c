"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from lad.garbage import leave_out_what_is_loaded
from lad.tenancy.guard import limit_statements, refuse_to_serve_unguarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")

application = get_wsgi_application()
limit_statements()
refuse_to_serve_unguarded()
leave_out_what_is_loaded()
