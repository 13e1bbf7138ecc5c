"""The units in which use is counted and priced."""

from django.db import models


class PriceUnit(models.TextChoices):
    RECORD = "record", "Record"
    TOKEN = "token", "Token"
    SECOND = "second", "Second"
    MINUTE = "minute", "Minute"
    CHARACTER = "character", "Character"
    MESSAGE = "message", "Message"
