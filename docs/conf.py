"""Settings of the documentation site; CONTRIBUTING.md has the command that builds it."""

from __future__ import annotations

import sys
from pathlib import Path

import radnec

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "radnec"
author = "The radnec developers"
project_copyright = author
version = release = radnec.__version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "house_pages",
]
exclude_patterns = ["_*"]
templates_path = ["_templates"]

# The notebooks are run by the checks, which hand them over with their results.
nb_execution_mode = "off"
nb_merge_streams = True

myst_heading_anchors = 4

autosummary_generate = True
python_maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # every docstring states its types, in words that say more
numpydoc_show_class_members = False
numpydoc_use_plots = False

# Links to the documentation of other libraries would need their inventories at build time, from the network.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|pandas|sklearn|scipy|SimpleITK|matplotlib|joblib|pydantic)\b.*"),
    # Constants are named for those who read the source; their values would fill pages.
    (r"py:data", r"(radnec\.[a-z_.]+\.)?[A-Z_]+"),
]

html_theme = "pydata_sphinx_theme"
html_title = f"radnec {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "logo": {"text": "radnec"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 5,
    "footer_start": ["copyright"],
    "footer_center": [],
    "footer_end": ["research_use"],
    "secondary_sidebar_items": ["page-toc"],
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": []}
