"""The site: `make docs` builds it into docs/_build/html."""

import inspect
import os

# TensorFlow writes to stderr on import, about itself and about oneDNN.
os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}

import scirs2

project = "scirs2"
author = "the scirs2 developers"
version = release = scirs2.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
# An ord of "nuc" is typed with straight quotes.
smartquotes = False
nitpicky = True
# Python's and NumPy's own names are not linked: the build needs no network.
OURS = "|".join([*scirs2.__all__, *scirs2.linalg.__all__])
nitpick_ignore_regex = [("py:.*", rf"(?!scirs2\b|({OURS})$).*")]

# Members of a class are documented with it, not on a page each.
numpydoc_show_class_members = False
toc_object_entries = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "generated/gallery",
    "filename_pattern": ".*",
    "within_subsection_order": "ExampleTitleSortKey",
    # Names in the scripts lead to the reference, and the reference back.
    "reference_url": {"scirs2": None},
    "doc_module": "scirs2",
    "backreferences_dir": "generated/examples",
    # Times would be those of whoever built the site.
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "show_signature": False,
    # What is printed is the output, and not the last value of a block.
    "capture_repr": (),
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "scirs2"
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
}
# Pages with no others below them.
html_sidebars = {page: [] for page in ("start", "rust", "search")}
html_static_path = ["_static"]
html_css_files = ["site.css"]


def whole_signature(app, what, name, obj, options, signature, returns):
    return (str(inspect.signature(obj)), "") if what == "function" else None


def setup(app):
    # Before numpydoc, which drops the "/" from the signature of a compiled function.
    app.connect("autodoc-process-signature", whole_signature, priority=400)
