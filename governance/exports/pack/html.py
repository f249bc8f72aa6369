"""A page as one HTML file: no scripts, nothing loaded from elsewhere, and it prints."""

from collections.abc import Iterator
from html import escape

from governance.exports.pack.page import Block, Facts, Heading, Page, Paragraph

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #ccd2d9 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .5rem }
tr { border-bottom: 1px solid #e3e7eb; break-inside: avoid } thead { display: table-header-group }
td, dd { overflow-wrap: anywhere } dl { display: grid; grid-template-columns: 14rem 1fr; gap: .2rem 1rem }
dt { color: #57606a } dd { margin: 0 }
blockquote { border-left: 3px solid #ccd2d9; margin: .5rem 0; padding-left: 1rem }
p, blockquote { white-space: pre-line }
@media print { body { font-size: 9pt; margin: 0; max-width: none } h2 { break-after: avoid } }
"""


def render(page: Page) -> bytes:
    """Return the file; the same page gives the same bytes."""
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(page.title)}</h1>\n"
    )
    body = "".join(f"{line}\n" for block in page.blocks for line in _lines(block))
    return f"{head}{body}</body>\n</html>\n".encode()


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"<h2>{escape(block.text)}</h2>"
    elif isinstance(block, Paragraph):
        tag = "blockquote" if block.quoted else "p"
        yield f"<{tag}>{escape(block.text)}</{tag}>"
    elif isinstance(block, Facts):
        yield "<dl>"
        yield from (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in block.rows)
        yield "</dl>"
    else:
        titles = "".join(f'<th scope="col">{escape(one)}</th>' for one in block.header)
        yield f"<table><thead><tr>{titles}</tr></thead><tbody>"
        for row in block.rows:
            yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        yield "</tbody></table>"
