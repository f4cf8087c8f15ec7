"""Records that cannot be changed."""

from __future__ import annotations

__all__ = ["FrozenDict"]


class FrozenDict(dict):
    """A dict that cannot be changed, and, unlike a mapping proxy, can be pickled."""

    def _refuse(self, *args, **kwargs):
        raise TypeError("results cannot be changed; make a changed copy with replace()")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self):
        return FrozenDict, (dict(self),)


class Weights(FrozenDict):
    """{(target, source): value}, which answers to "source->target" as well."""

    def __missing__(self, key):
        source, arrow, target = key.partition("->") if isinstance(key, str) else ("", "", "")
        if not arrow or (target.strip(), source.strip()) not in self:
            known = ", ".join(f"{source}->{target}" for target, source in self)
            raise KeyError(f'got {key!r}, expected (target, source) or "source->target"; known: {known}')
        return self[target.strip(), source.strip()]

    def __reduce__(self):
        return Weights, (dict(self),)


def frozen(data):
    """A deep copy of plain data that cannot be changed: dicts refuse, lists become tuples."""
    if isinstance(data, dict):
        return FrozenDict({key: frozen(value) for key, value in data.items()})
    return tuple(map(frozen, data)) if isinstance(data, (list, tuple)) else data
