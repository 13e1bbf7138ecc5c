"""The forms of actions, filled in as a browser would."""

from typing import Any

from tests.contract.pages import _Fields, _several

FORM = "row-action-form"
CONFIRM = "confirm-form"


class _Entries(_Fields):
    """Keeps every hidden value of a name, not only the last one."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        before = self.data.get(name)
        super().handle_starttag(tag, attrs)
        if tag == "input" and given.get("type") == "hidden" and before is not None and self.inside:
            now = self.data[name]
            if now is not before and "csrf" not in name:
                self.data[name] = [*_several(before), now]


def filled(response: Any, form_id: str = FORM) -> dict[str, Any]:
    """Return what the browser would send if the form were submitted as it was served."""
    assert response.status_code == 200, response.status_code
    reader = _Entries(form_id)
    reader.feed(response.content.decode())
    assert reader.data, f"no form {form_id}"
    return dict(reader.data)


def faults(response: Any) -> dict[str, list[str]]:
    """Return what the page says is wrong, by the names of the fields."""
    assert response.status_code == 200, response.status_code
    return {name: list(texts) for name, texts in response.context["form"].errors.items()}
