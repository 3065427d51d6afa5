"""A hook of mkdocs: cross-reference roles of docstrings (``:func:`hear```) are shown as the plain name."""

import re
from typing import Any

_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):<code>~?(?:[\w.]+\.)?(\w+)</code>")


def on_page_content(html: str, **_: Any) -> str:
    """Called by mkdocs with the body of each page."""
    return _ROLE.sub(r"<code>\1</code>", html)
