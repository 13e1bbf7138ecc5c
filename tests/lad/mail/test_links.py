"""Every page of the admin that a mail links to exists: mails write its path, because workers load no URLs."""

import re
from pathlib import Path

from django.urls import resolve

from lad.db.identifiers import uuid7
from lad.settings import BASE_DIR


def test_each_page_that_mails_link_to_is_a_page_of_the_admin() -> None:
    sources = [path.read_text() for path in Path(BASE_DIR).glob("*/*/mails.py")]
    pages = [page for source in sources for page in re.findall(r'\blink\([^)]*page=f?"([^"]+)"', source)]
    assert len(pages) == sum(source.count(" link(") for source in sources) >= 6
    for page in pages:
        assert resolve("/admin/" + re.sub(r"{[\w.]+}", str(uuid7()), page))
