"""Import every model of the app, where Django looks for them."""

from lad.packages import import_from_features

import_from_features("leads", "models")
import_from_features("leads.companies", "models")
