"""Import every admin page of the app, and what its features add to the lead's page, where Django looks for them."""

from importlib import import_module

from lad.packages import import_from_features

import_from_features("leads", "admin", "lead_page", "timeline")
import_from_features("leads.companies", "admin")
import_module("leads.dashboard")
