"""Turn CHANGELOG.md into the page ``changelog``.

Knows the Markdown of a changelog only: headings, lists, links and code spans.
"""

import re
from pathlib import Path

UNDERLINES = {1: "=", 2: "-", 3: "~"}


def setup(app):
    """Replace the page as it is read."""
    app.connect("source-read", replace)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def replace(app, docname, source):
    """Put the changelog in place of the page's own text."""
    if docname == "changelog":
        path = Path(app.confdir).parent / "CHANGELOG.md"
        app.env.note_dependency(path)
        source[0] = restructured(path.read_text(encoding="utf-8"))


def restructured(markdown):
    """Return the same text as reStructuredText."""
    text = re.sub(r"`([^`]+)`", r"``\1``", markdown)
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", text)
    return re.sub(r"^(#{1,3}) \[?([^\]\n]+)\]?(.*)$", heading, text, flags=re.MULTILINE)


def heading(match):
    """Return an underlined title for a line of hashes."""
    title = match[2] + match[3]
    return f"{title}\n{UNDERLINES[len(match[1])] * len(title)}"
