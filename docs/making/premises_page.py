"""The page of premises: a section of each, from what the package says of it and a circuit on which it fails."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import failures

from b2reduce.validation.premises.register import PREMISES

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent
PICTURES = DOCS / "_made" / "premises"
PAGE = DOCS / "_made" / "premises.md"


def markdown(text):
    """Plain text as Markdown: nothing in it is markup but code in backticks."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if k % 2 else re.sub(r"([*_<>|\\])", r"\\\1", part) for k, part in enumerate(parts))


def sentence(text):
    """A text that begins with a capital and ends with a stop."""
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def weight_of(premise):
    """What its failure weighs, in a sentence."""
    if premise.fatal:
        return f"Where it fails no rate model of this kind means much: {premise.fatal}."
    said = ["Its failure by itself foretells errors above 15 %."] if premise.serious else []
    said += ["It limits how far from its operating point a reduction reaches."] if premise.local else []
    return " ".join(said) or "Its failure is told beside the others, and warns of nothing by itself."


def remedy_of(premise):
    """What helps, in a sentence."""
    change = ", ".join(f"{key}={value!r}" for key, value in premise.change.items())
    said = [f"`reduce(..., {change})`"] if change else []
    said += [markdown(premise.otherwise)] if premise.otherwise else []
    return sentence("; or ".join(said))


def section(name, premise, failure, found):
    """Markdown of one premise."""
    key = failures.key_of(name)
    measured = inspect.cleandoc(type(premise).__doc__).split("\n\n")[0].replace("\n", " ")
    file = failures.source_of(failure)
    return f"""## {name[0].upper()}{name[1:]}

{markdown(premise.meaning)}

```{{figure}} /_made/premises/{key}.png
:alt: A circuit on which the premise {name!r} fails
:width: 100%

{markdown(failure.caption)}
```

Measured on this circuit
: {found["measured"]:.3g}, where the limit is {markdown(found["limit"])}.

What is measured
: {markdown(measured)}

Why the limit is there
: {sentence(markdown(premise.reason))}

What it weighs
: {weight_of(premise)}

What helps
: {remedy_of(premise)}

:::{{dropdown}} The circuit
```{{literalinclude}} /making/{file.name}
:pyobject: {failure.draw.__name__}
```
:::

"""


def write():
    """Draw what is missing, and write the sections."""
    failures.write(PICTURES)
    known = failures.load()
    missing = set(PREMISES) - set(known)
    if missing:
        raise RuntimeError(f"no circuit on which they fail: {', '.join(sorted(missing))}; add one to making/")
    text = ""
    for name, failure in known.items():
        found = json.loads((PICTURES / f"{failures.key_of(name)}.json").read_text(encoding="utf-8"))
        text += section(name, PREMISES[name], failure, found)
    PAGE.write_text(text, encoding="utf-8")
