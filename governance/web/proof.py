"""A proof of inclusion as a picture: the way from a leaf to the signed root, with the hash beside each step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.ledger.paths import verify_inclusion
from registry.ledger.tree import TreeHead, node_hash

WIDTH, CENTRE, ASIDE = 360, 180, 112
TOP, ROW, HALF, HEIGHT = 8, 58, 52, 36


@dataclass(frozen=True, slots=True)
class Node:
    """A node as it is drawn: its hash, the places of the leaves below it, and the middle of its box."""

    hash: str
    leaves: str
    x: int
    y: int

    @property
    def left(self) -> int:
        """The left edge of its box."""
        return self.x - HALF

    @property
    def top(self) -> int:
        """The upper edge of its box."""
        return self.y - HEIGHT // 2

    @property
    def bottom(self) -> int:
        """The lower edge of its box."""
        return self.y + HEIGHT // 2


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the way and its sibling; hashed together, the left one first, they give the next node."""

    node: Node
    sibling: Node
    sibling_is_left: bool


@dataclass(frozen=True, slots=True)
class ProofPicture:
    """The steps from the leaf up, and the root; ``words`` says the same to who cannot see it."""

    steps: tuple[Step, ...]
    root: Node
    height: int
    words: str
    width: int = WIDTH
    box_width: int = 2 * HALF
    box_height: int = HEIGHT


def picture(head: TreeHead, index: int, leaf: bytes, path: Sequence[bytes]) -> ProofPicture:
    """Return the picture of a proof that holds; raises InclusionError or OutsideTreeError for one that does not."""
    verify_inclusion(head, index, leaf, path)
    lowest = TOP + HEIGHT // 2 + len(path) * ROW
    value, below, steps = leaf, (index, index + 1), []
    for level, (sibling, beside) in enumerate(zip(path, reversed(list(_siblings(head.size, index))), strict=True)):
        y, is_left = lowest - level * ROW, beside[0] < below[0]
        aside = CENTRE - ASIDE if is_left else CENTRE + ASIDE
        steps.append(Step(_node(value, below, CENTRE, y), _node(sibling, beside, aside, y), is_left))
        value = node_hash(sibling, value) if is_left else node_hash(value, sibling)
        below = (min(below[0], beside[0]), max(below[1], beside[1]))
    words = (
        f"The leaf of place {index} and {len(path)} sibling hash{'es' if len(path) != 1 else ''} give the root of the "
        f"tree of {head.size} leaves, which the checkpoint states."
    )
    root = _node(value, below, CENTRE, TOP + HEIGHT // 2)
    return ProofPicture(tuple(steps), root, lowest + HEIGHT // 2 + TOP, words)


def _siblings(size: int, index: int) -> Iterator[tuple[int, int]]:
    """Yield the leaves below each sibling of the way, from the root down (RFC 6962, section 2.1.1)."""
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            yield middle, end
            end = middle
        else:
            yield start, middle
            start = middle


def _node(value: bytes, below: tuple[int, int], x: int, y: int) -> Node:
    first, last = below[0], below[1] - 1
    return Node(value.hex(), f"leaf {first}" if first == last else f"{first} to {last}", x, y)
