"""Find the view of an address by its first segment, in one lookup instead of trying every pattern."""

from collections import defaultdict
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

Patterns = Sequence[URLPattern | URLResolver]


class SegmentResolver(URLResolver):
    """Resolves an address among the patterns that begin with its first segment. Their order counts, as elsewhere."""

    def __init__(self, patterns: Patterns) -> None:
        super().__init__(RoutePattern(""), list(patterns))
        groups: defaultdict[str, list[URLPattern | URLResolver]] = defaultdict(list)
        for pattern in patterns:
            segment = str(pattern.pattern).partition("/")[0]
            if "<" in segment:
                raise ImproperlyConfigured(f"{pattern.pattern} must begin with a fixed segment.")
            groups[segment].append(pattern)
        self._groups = {segment: URLResolver(RoutePattern(""), group) for segment, group in groups.items()}

    def resolve(self, path: str) -> ResolverMatch:
        """Return the match. Raise Resolver404 if there is none."""
        group = self._groups.get(str(path).partition("/")[0])
        if group is None:
            raise Resolver404({"tried": [], "path": path})
        return group.resolve(path)
