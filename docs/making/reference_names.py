"""What stands on the pages of the reference, for links from the types in docstrings."""

from __future__ import annotations

import re
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent / "reference"


def aliases():
    """{name without its module: full name} of all classes, which begin with a capital."""
    found = {}
    for page in sorted(REFERENCE.glob("*.rst")):
        text = page.read_text(encoding="utf-8")
        module = re.search(r"(?m)^\.\. currentmodule:: (\S+)", text)
        for entry in re.findall(r"(?m)^   ([a-z_]\w*(?:\.\w+)*\.)?([A-Z]\w+)$", text) if module else ():
            found[entry[1]] = f"{module.group(1)}.{''.join(entry)}"
    return found
