"""Plain data as the text of a TOML file.

Tables stand under headings, whatever fits a line is written on one: `tomli_w` writes each value, but would
break every list over lines and put every table within a table under a heading.
"""

from __future__ import annotations

import tomli_w

__all__ = ["toml_text", "toml_value"]


def _scalar(value):
    """A value that is no table and no list, as `tomli_w` writes it."""
    value = value if isinstance(value, (bool, int, float)) else str(value)
    return tomli_w.dumps({"x": value}).removeprefix("x = ").removesuffix("\n")


def _key(name):
    return tomli_w.dumps({name: 0}).removesuffix(" = 0\n")


def toml_value(value):
    """A value on one line; a table within braces.

    Examples
    --------
    >>> print(toml_value({"times": ["0 s", "1 s"], "n": 2}))
    { times = ["0 s", "1 s"], n = 2 }
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return _scalar(value)


def toml_text(data, tables=(), lists=()):
    """The text of a TOML file.

    Parameters
    ----------
    data : dict
    tables : sequence of str
        Keys of tables under headings of their own, with the tables in them, however deep; other tables stand
        on one line.
    lists : sequence of str
        Keys of lists of tables, one heading each.
    """
    lines = [
        line
        for key, value in data.items()
        if key not in (*tables, *lists)
        for line in _assignment(key, value)
    ]
    for key in tables:
        lines += _table((key,), data.get(key) or {})
    for key in lists:
        for entry in data.get(key, ()):
            lines += [
                "",
                f"[[{_key(key)}]]",
                *(line for name, value in entry.items() for line in _assignment(name, value)),
            ]
    return "\n".join(lines) + "\n"


def _assignment(key, value):
    # A text in three quotes ends in a line break; of equations, which are read line by line, that is no part.
    plain = (
        isinstance(value, str)
        and '"""' not in value
        and "\\" not in value
        and all(letter.isprintable() or letter in "\n\t" for letter in value)
    )
    if plain and (value.endswith("\n") or key == "equations"):
        whole = {key: value.removesuffix("\n") + "\n"}
        return tomli_w.dumps(whole, multiline_strings=True).removesuffix("\n").split("\n")
    return [f"{_key(key)} = {toml_value(value)}"]


def _table(path, content):
    plain = {key: value for key, value in content.items() if not isinstance(value, dict)}
    lines = (
        [
            "",
            f"[{'.'.join(map(_key, path))}]",
            *(line for key, value in plain.items() for line in _assignment(key, value)),
        ]
        if plain
        else []
    )
    for key, value in content.items():
        if isinstance(value, dict):
            lines += _table((*path, key), value)
    return lines
