"""The site: `make docs` builds it into docs/_build/html."""

import inspect

import scirs2

project = "scirs2"
author = "the scirs2 developers"
version = release = scirs2.__version__

extensions = ["sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build"]
# An ord of "nuc" is typed with straight quotes.
smartquotes = False
nitpicky = True
# Python's and NumPy's own names are not linked: the build needs no network.
nitpick_ignore_regex = [("py:.*", r"(?!scirs2\b).*")]

# Members of a class are documented with it, not on a page each.
numpydoc_show_class_members = False

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
html_sidebars = {"**": []}


def whole_signature(app, what, name, obj, options, signature, returns):
    return (str(inspect.signature(obj)), "") if what == "function" else None


def setup(app):
    # Before numpydoc, which drops the "/" from the signature of a compiled function.
    app.connect("autodoc-process-signature", whole_signature, priority=400)
