"""Read a page as a person with a screen reader would: labels, headings, landmarks; and what our CSP would refuse."""

from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """What the tests ask of a page's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str]] = []
        self.headings: list[int] = []
        self.forms: list[dict[str, str]] = []
        self.tokens = 0
        self.text = ""
        self.feed(html)
        if self.open:
            self.problems.append(f"never closed: {self.open}")
        self.close()

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self._look(tag, given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self._look(tag, {name: value or "" for name, value in attrs})

    def _look(self, tag, given):
        self._refuse(tag, given)
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag == "label":
            self.labelled.add(given.get("for", ""))
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden":
            self.controls.append(given)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if tag == "form":
            self.forms.append(given)
        self.tokens += given.get("name") == "csrfmiddlewaretoken"

    def _refuse(self, tag, given):
        if "style" in given or tag == "style" or any(name.startswith("on") for name in given):
            self.problems.append(f"inline style or handler in <{tag}>")
        if (tag, "src" in given) == ("script", False) or (tag, "alt" in given) == ("img", False):
            self.problems.append(f"inline script, or an image without alt: {given}")
        for name in ("src", "href", "action", "formaction"):
            if given.get(name, "").startswith(("http:", "https:", "//", "javascript:", "data:")):
                self.problems.append(f"<{tag}> reaches out to {given[name]}")

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        self.text += data

    def faults(self) -> list[str]:
        """Return everything that is wrong with the page."""
        found = list(self.problems)
        found += [f"the id {name} is given {count} times" for name, count in self.ids.items() if count > 1]
        found += [f"no label for {one}" for one in self.controls if one.get("id") not in self.labelled]
        if self.headings[:1] != [1] or self.headings.count(1) != 1:
            found.append(f"the headings begin with {self.headings[:1]} and have {self.headings.count(1)} of level 1")
        steps = zip(self.headings, self.headings[1:], strict=False)
        found += [f"a heading {lower} follows a {upper}" for upper, lower in steps if lower > upper + 1]
        posts = sum(one.get("method") == "post" for one in self.forms)
        asks = sum(one.get("method") == "get" for one in self.forms)  # a form that only looks for something
        if posts != self.tokens or posts + asks != len(self.forms):
            found.append(f"{len(self.forms)} forms, {posts} of them post, {self.tokens} with a CSRF token")
        return found
