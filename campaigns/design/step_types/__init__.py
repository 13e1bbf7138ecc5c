"""The types of steps, one module each. A new module is a new type: no list and no table changes."""

from importlib import import_module
from pkgutil import iter_modules

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")
