"""b2reduce: from a spiking network in Brian2 to the rate model that the theory says it is."""

import os

import lazy_loader as _lazy

__version__ = "0.2.0"

# In a clone, models and scripts stand beside the package; installed, they are within it.
_CLONE = os.path.dirname(__path__[0])
if os.path.isfile(os.path.join(_CLONE, "setup.cfg")) and os.path.isdir(
    os.path.join(_CLONE, "models", "neurons")
):
    __path__.append(_CLONE)

# Brian2 takes seconds to import, and `b2reduce --help` answers at once: names are fetched on first use, from
# where __init__.pyi says that they live.
_fetch, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
__all__ = ["__version__", *__all__]
_WITHOUT_BRIAN2 = {"Ring", "binary", "errors"}


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(
            f"module 'b2reduce' has no attribute {name!r}; dir(b2reduce) lists what it has, and drives,"
            " binary, plots and errors hold more"
        )
    from .basics.whole_imports import imported

    if name not in _WITHOUT_BRIAN2:
        # Now, and whole: Ctrl-C within a later call must not leave half a library behind
        for library in ("brian2", "pandas"):
            imported(library)
    globals()[name] = value = _fetch(name)
    return value
