"""Words that say how others are meant: excluded, removed, replaced, added, offered by the speaker."""

from functools import cache

from aiicp.extraction.folding import key
from aiicp.extraction.vocabulary import Entry, Index, rows


@cache
def cues() -> Index:
    """Return the cues of ``data/cues.tsv`` by their words, to be found as names are."""
    index = Index()
    for kind, names in rows("cues"):
        for name in names.split("|"):
            index.add(key(name, plural=True), Entry("cue", kind))
    return index
