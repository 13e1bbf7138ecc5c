"""Texts of templates in the language that their context names."""

from django.template import Context, Library

from lad.languages import Language, localisation

register = Library()


@register.simple_tag(takes_context=True)
def phrase(context: Context, message: str, **values: object) -> str:
    """Show the message in the language of the context, English without one, with the values in its placeholders."""
    return localisation(context.get("language", Language.ENGLISH)).text(message, **values)
