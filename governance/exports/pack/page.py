"""A readable page before it has a form: headings, sentences, facts and tables, for HTML and for print alike."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences; a quotation of what a person wrote is ``quoted``."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the title of each column, and rows of as many cells."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Paragraph | Facts | Table


@dataclass(frozen=True, slots=True)
class Page:
    """A title and what follows it."""

    title: str
    blocks: Sequence[Block]
