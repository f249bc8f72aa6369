"""A page as PDF, for print: built-in fonts, no compression and no clock, so that the same page gives equal bytes."""

from datetime import UTC, datetime
from typing import Any

from governance.exports.pack.page import Block, Facts, Heading, Page, Paragraph, Table

ENCODING = "cp1252"
BEGINNING = datetime(1980, 1, 1, tzinfo=UTC)
LINE = 4.2
NARROWEST, WIDEST = 6, 34
NOTE = "Characters that the fonts of this file lack are shown as ?. record.html has all of them, and can be verified."


def _plain(text: str) -> str:
    """Return what the built-in fonts can show: a ? for each other character, long words in parts."""
    return text.encode(ENCODING, errors="replace").decode(ENCODING)


def render(page: Page) -> bytes:
    """Return the file."""
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.core_fonts_encoding = ENCODING
    pdf.set_compression(False)
    pdf.set_creation_date(BEGINNING)
    pdf.set_title(_plain(page.title))
    pdf.set_lang("en-GB")
    pdf.set_auto_page_break(auto=True, margin=15)
    pdf.add_page()
    _text(pdf, page.title, style="B", size=15)
    for block in page.blocks:
        _block(pdf, block)
    _text(pdf, NOTE, style="I", size=8)
    return bytes(pdf.output())


def _text(pdf: Any, text: str, *, style: str = "", size: float = 9, indent: float = 0) -> None:
    pdf.set_font("Helvetica", style, size)
    pdf.set_x(pdf.l_margin + indent)
    pdf.multi_cell(0, size * 0.5, _plain(text) or " ", align="L")
    pdf.ln(size * 0.15)
    pdf.set_x(pdf.l_margin)


def _block(pdf: Any, block: Block) -> None:
    if isinstance(block, Heading):
        pdf.ln(3)
        _text(pdf, block.text, style="B", size=12)
    elif isinstance(block, Paragraph):
        _text(pdf, block.text, style="I" if block.quoted else "", indent=6 if block.quoted else 0)
    elif isinstance(block, Facts):
        for name, value in block.rows:
            _text(pdf, f"{name}: {value}")
    elif block.rows:
        pdf.set_font("Helvetica", "", 7)
        with pdf.table(line_height=LINE, text_align="LEFT", col_widths=_widths(block)) as table:
            for cells in (block.header, *block.rows):
                row = table.row()
                for cell in cells:
                    row.cell(_plain(cell))
        pdf.ln(2)


def _widths(table: Table) -> tuple[int, ...]:
    """Return how wide the columns are, in proportion: by their longest cells, within limits."""
    columns = zip(table.header, *table.rows, strict=True)
    return tuple(min(max(map(len, cells), default=0), WIDEST) + NARROWEST for cells in columns)
