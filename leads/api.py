"""Import every API resource of the app, where the router looks for them."""

from lad.packages import import_from_features

import_from_features("leads", "api")
import_from_features("leads.companies", "api")
