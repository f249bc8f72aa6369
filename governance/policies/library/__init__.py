"""The policies that come with the product, as the YAML that an author would start from."""

from pathlib import Path

NAMES = ("low-risk", "limited-risk", "high-risk")


def library_text(name: str) -> str:
    """Return the YAML of a policy by its name; raises KeyError for a name that is not in the library."""
    if name not in NAMES:
        raise KeyError(f"The library has no policy {name!r}; it has {', '.join(NAMES)}.")
    return (Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8")
