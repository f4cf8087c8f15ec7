"""What Brian2's errors say."""

from __future__ import annotations

__all__ = ["first_line"]


def first_line(error):
    """The gist of a Brian2 error, whose cause chain carries the useful sentence last."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    for item in reversed(seen):
        lines = [line.strip() for line in str(item).splitlines() if line.strip()]
        if lines:
            return lines[0]
    return type(seen[0]).__name__
