"""How the site is built: ``make docs``, or ``python -m sphinx -W -n docs docs/_build/html``.

What is written anew at every build (pages of published results, notebooks, pictures of premises, the page with
sliders) comes from the scripts in ``making`` and goes to folders that git does not keep.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "making"))

import gallery_sources  # noqa: E402
import numpydoc.xref  # noqa: E402
import reference_names  # noqa: E402

import b2reduce  # noqa: E402

project, author, copyright = "b2reduce", "the b2reduce developers", "the b2reduce developers"
version = release = b2reduce.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "site_parts",
]
# What autosummary writes takes the first of these endings.
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = [
    "_build",
    "_made",
    "making",
    "results/*.ipynb",
    "results/sg_execution_times.rst",
    "sg_execution_times.rst",
]
templates_path = ["_templates"]
nitpicky = True
# A name in single backticks is a link where that name is documented.
default_role = "py:obj"
html_title = "b2reduce"

# Docstrings: types stand in them, with links to what is documented here.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_generate = True
# Two names that differ in a capital alone are one file on some systems.
autosummary_filename_map = {"b2reduce.Fluctuations": "b2reduce.FluctuationsClass"}
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = reference_names.aliases()
# Those of Python and numpy would lead to pages elsewhere.
numpydoc.xref.DEFAULT_LINKS.clear()

# Notebooks are kept with what they print, and are not run again.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "substitution"]
myst_heading_anchors = 4

sphinx_gallery_conf = gallery_sources.settings()

# Formulas are drawn by the reader's browser from one file beside the page: as paths, since browsers refuse fonts to
# pages that are opened from disk.
mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

html_context = {"default_mode": "auto"}
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static", "_made/static"]
html_extra_path = ["_made/extra"]
html_css_files = ["b2reduce.css"]
html_show_sourcelink = False
# Summaries are fetched page by page, which browsers refuse to pages that are opened from disk.
html_show_search_summary = False
html_sidebars = {page: [] for page in ("benchmark/index", "changelog", "extending", "start", "teaching")}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
    "navigation_with_keys": False,
}
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
