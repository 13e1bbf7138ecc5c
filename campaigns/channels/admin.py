"""Import the pages of the channels, where the app looks for them."""

from campaigns.channels.whatsapp import admin as whatsapp_admin  # noqa: F401
