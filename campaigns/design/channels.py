"""Where a campaign meets its leads."""

from django.db import models


class Channel(models.TextChoices):
    """A closed list: the schema names these six. What happens elsewhere, such as on Instagram, counts as web."""

    LINKEDIN = "linkedin", "LinkedIn"
    EMAIL = "email", "E-mail"
    VOICE = "voice", "Voice"
    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", "SMS"
    WEB = "web", "Web"
