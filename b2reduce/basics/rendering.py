"""Pages and scripts from the templates of the package."""

from __future__ import annotations

__all__ = ["rendered"]


def rendered(template, values, escaped=False):
    """The text of a template with values put in; a value that is missing is an error.

    Parameters
    ----------
    template : str
        File name in the folder templates.
    values : mapping
    escaped : bool
        Whether values are text within HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("b2reduce"),
        autoescape=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)
