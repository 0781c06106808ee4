"""Sphinx's settings. The pages are put together by build.py; this file goes with them."""

project = "apiconn_nb"
author = "The apiconn_nb authors"
project_copyright = "The apiconn_nb authors, MIT"

extensions = ["myst_nb"]
exclude_patterns = [".doctrees", "extra"]
html_extra_path = ["extra"]
html_theme = "furo"
html_title = "apiconn_nb"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_copy_source = False
html_show_sourcelink = False

# Docstrings say `name` for a piece of code.
default_role = "code"
highlight_language = "none"
smartquotes = False
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# The notebooks come with their outputs, and need nothing from another host.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_output_stderr = "remove"
nb_merge_streams = True
