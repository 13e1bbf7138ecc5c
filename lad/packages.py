"""Import the modules of an app's feature packages where Django looks at the app's root."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules


def import_from_features(app: str, *names: str) -> None:
    """Import ``<app>.<feature>.<name>``, and its submodules, from every feature package that has one.

    Features are imported in alphabetical order, the names in the order given.
    """
    for name in names:
        for feature in iter_modules(import_module(app).__path__):
            module = f"{app}.{feature.name}.{name}"
            if feature.ispkg and find_spec(module):
                for child in iter_modules(getattr(import_module(module), "__path__", ())):
                    import_module(f"{module}.{child.name}")
