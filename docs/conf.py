"""Sphinx configuration. Build with ``sphinx-build -W --keep-going -b html docs docs/_build/html``.

Nothing is fetched from the network, neither by the build nor by the pages.
"""

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

# Gallery scripts: no windows, small settings, a quiet TensorFlow.
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("SKGENES_EXAMPLES_SMALL", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import skgenes

project = "skgenes"
author = "The skgenes developers"
copyright = f"2026, {author}"
release = skgenes.__version__
version = release

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "mathml",
    "markdown_changelog",
    "public_api",
    "plain_docstrings",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
templates_path = ["_templates"]
html_math_renderer = "mathml"

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
# Quotes in signatures and types are Python's.
smartquotes = False
# Class pages list members by their own template.
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# The gallery runs on a copy, so that the files which the examples write stay out of the checkout.
examples = HERE / "_build" / "examples"
shutil.copytree(HERE.parent / "examples", examples, dirs_exist_ok=True)
sphinx_gallery_conf = {
    "examples_dirs": [str(examples)],
    "gallery_dirs": ["auto_examples"],
    "within_subsection_order": "gallery_order.gallery_key",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"(^|/)_[^/]*\.py$",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 1e9,
}

html_theme = "pydata_sphinx_theme"
html_title = "skgenes"
html_static_path = ["_static"]
html_css_files = ["skgenes.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "logo": {"text": "skgenes"},
    "navigation_with_keys": False,
}
html_sidebars = {
    "index": [],
    "tour": [],
    "methods": [],
    "scanpy": [],
    "data": [],
    "files": [],
    "changelog": [],
    "citation": [],
}
