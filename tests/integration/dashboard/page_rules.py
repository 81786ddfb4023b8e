"""What every page must satisfy, and a test client that checks it on each HTML answer it receives."""

from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

NEEDS_LABEL = {"input", "select", "textarea"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.title = ""
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.labels_for: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.faults: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag not in VOID:
            self._open.append(tag)
        if "id" in attributes and attributes["id"] is not None:
            self.ids.append(attributes["id"])
        if "style" in attributes or tag == "style":
            self.faults.append(f"inline style on <{tag}>")
        if any(name.startswith("on") for name in attributes):
            self.faults.append(f"inline handler on <{tag}>")
        if tag == "script" and not attributes.get("src"):
            self.faults.append("inline script")
        if tag == "h1":
            self.headings.append("")
        if tag == "label" and attributes.get("for"):
            self.labels_for.add(str(attributes["for"]))
        if tag == "form":
            self.forms.append({"method": attributes.get("method", "get"), "fields": {}})
        if tag in NEEDS_LABEL:
            if self.forms and "form" in self._open:
                self.forms[-1]["fields"][attributes.get("name")] = attributes.get("value")
            if attributes.get("type") not in ("hidden", "submit", "button"):
                self.controls.append(attributes)
        if tag == "button" and attributes.get("name") and "form" in self._open:
            self.forms[-1]["fields"].setdefault(attributes.get("name"), attributes.get("value"))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "h1" in self._open and self.headings:
            self.headings[-1] += data
        elif self._open[-1:] == ["title"]:
            self.title += data

    def csrf(self) -> str:
        values = [form["fields"]["csrf_token"] for form in self.forms if "csrf_token" in form["fields"]]
        return str(values[0])


def page_faults(response: TestResponse) -> list[str]:
    """Everything that breaks a rule of ours, in words; an empty list for a good page."""
    page = Page(response.text)
    faults = list(page.faults)
    if len(page.headings) != 1:
        faults.append(f"{len(page.headings)} h1 instead of one")
    elif not page.title.startswith(" ".join(page.headings[0].split())):
        faults.append(f"the title {page.title!r} does not begin with the h1 {page.headings[0]!r}")
    faults += [f"id {name!r} is used twice" for name in set(page.ids) if page.ids.count(name) > 1]
    for control in page.controls:
        if control.get("id") not in page.labels_for and not control.get("aria-label"):
            faults.append(f"no label for {control}")
    faults += [
        "a form posts without a CSRF field"
        for form in page.forms
        if form["method"] == "post" and "csrf_token" not in form["fields"]
    ]
    policy = response.headers.get("Content-Security-Policy", "")
    if "default-src 'self'" not in policy or "unsafe" in policy:
        faults.append("no strict Content-Security-Policy")
    return faults


class CheckingClient(FlaskClient):
    """A browser that refuses bad pages. Fragments for htmx are parts of pages and not checked as wholes."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **({"buffered": True} | kwargs))
        is_page = response.mimetype == "text/html" and "<html" in response.text
        if is_page and response.status_code not in (301, 302, 303, 307, 308):
            faults = page_faults(response)
            assert not faults, f"{response.request.path}: {faults}"
        return response

    def page(self, path: str, status: int = 200) -> str:
        response = self.get(path)
        assert response.status_code == status, f"{path}: {response.status_code}\n{response.text[:2000]}"
        return response.text

    def csrf(self, path: str) -> str:
        """The CSRF value that the forms of a page carry."""
        return Page(self.page(path)).csrf()

    def submit(self, path: str, data: dict[str, Any], *, form_on: str | None = None) -> TestResponse:
        """Fill in the form of a page and send it."""
        return self.post(path, data={"csrf_token": self.csrf(form_on or path)} | data)
