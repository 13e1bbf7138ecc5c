"""The channels of campaigns."""

from django.db import models


class Channel(models.TextChoices):
    """A closed list, because the schema names these six. Other networks, such as Instagram, count as web."""

    LINKEDIN = "linkedin", "LinkedIn"
    EMAIL = "email", "E-mail"
    VOICE = "voice", "Voice"
    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", "SMS"
    WEB = "web", "Web"
