"""Read YAML as an author wrote it: numbers by their source text, a line for every place; no anchors, tags, repeats."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from governance.rules.reading import PolicyError, is_decimal_text
from registry.canonical import LARGEST_INTEGER

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode

LARGEST_SOURCE = 256 * 1024
DEEPEST = 20
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_TAG = "tag:yaml.org,2002:"


class PolicySourceError(PolicyError):
    """Text that is not the YAML of a policy: it names the line."""

    code = "policy_source_refused"

    def __init__(self, message: str, line: int, place: str = "") -> None:
        """Keep the line, counted from 1."""
        super().__init__(f"line {line}: {message}", place)
        self.line = line


@dataclass(slots=True)
class Source:
    """The values that were written and the line of each place ("checks[0].limits[1].min")."""

    value: Any = None
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, place: str) -> int:
        """Return the line of a place, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.lines.get(place, 1)


def read_source(text: str) -> Source:
    """Return the values of YAML text; raises PolicySourceError naming the line of what is refused."""
    import yaml

    if len(text) > LARGEST_SOURCE:
        raise PolicySourceError(f"the text has {len(text)} characters; a policy has at most {LARGEST_SOURCE}.", 1)
    try:
        _refuse_tricks(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be read"
        raise PolicySourceError(f"this is not YAML: {problem}.", mark.line + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        raise PolicySourceError(f"this is not YAML: {error}.", 1) from error
    if node is None:
        raise PolicySourceError("the text is empty; a policy is a mapping.", 1)
    source = Source()
    source.value = _read_node(node, "", source)
    return source


def _refuse_tricks(text: str) -> None:
    """Refuse anchors, aliases, tags and deep nesting before anything is built from them."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise PolicySourceError("anchors and aliases are not allowed; write the value out.", line)
        tag = getattr(event, "tag", None)
        if tag:
            raise PolicySourceError(f"the tag {tag!r} is not allowed; write plain values.", line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise PolicySourceError(f"the nesting is deeper than {DEEPEST}.", line)


def _read_node(node: "Node", place: str, source: Source) -> Any:
    import yaml

    source.lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _read_mapping(node, place, source)
    if isinstance(node, yaml.SequenceNode):
        return [_read_node(item, f"{place}[{index}]", source) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode):
        return _read_scalar(node, place)
    raise PolicySourceError("this value has no known shape.", node.start_mark.line + 1, place)


def _read_mapping(node: "MappingNode", place: str, source: Source) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{_TAG}str":
            written = key_node.value if isinstance(key_node, yaml.ScalarNode) else "a list or mapping"
            raise PolicySourceError(f"the key {written} is not text; quote it if it is meant so.", line, place)
        key = key_node.value
        where = f"{place}.{key}" if place else key
        if key in found:
            raise PolicySourceError(f"{where} is written twice, first in line {source.lines[where]}.", line, where)
        found[key] = _read_node(value_node, where, source)
        source.lines[where] = line
    return found


def _read_scalar(node: "ScalarNode", place: str) -> Any:
    text, kind, line = str(node.value), node.tag.removeprefix(_TAG), node.start_mark.line + 1
    if kind in {"str", "timestamp"}:
        return text
    if kind == "null":
        return None
    if kind == "bool":
        if text in {"true", "false"}:
            return text == "true"
        raise PolicySourceError(f"{place} is {text}; write true or false, or quote it if it is text.", line, place)
    if kind == "int" and _WHOLE.fullmatch(text) and abs(int(text[:20])) <= LARGEST_INTEGER:
        return int(text)
    if kind == "float" and is_decimal_text(text):
        return text
    raise PolicySourceError(f"{place} is {text}; write a plain decimal number, or quote it if it is text.", line, place)
