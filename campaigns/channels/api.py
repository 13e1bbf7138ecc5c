"""Import the API of the channels, where the app looks for it."""

from campaigns.channels.sms import api as sms_api  # noqa: F401
from campaigns.channels.whatsapp import api as whatsapp_api  # noqa: F401
