"""Let docstrings say ``n_features_in_`` and a star * bare, which reStructuredText would mark up."""

import re

NAME = re.compile(r"(?<![\w`])([A-Za-z]\w*)_(?![\w`{\\])")
STAR = re.compile(r"(?<=\S )\*(?=[\s,;.]|$)")
QUOTED = re.compile(r"(`+[^`]+`+)")


def setup(app):
    """Escape such names and stars after numpydoc has written its sections."""
    app.connect("autodoc-process-docstring", escape, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def escape(app, what, name, obj, options, lines):
    """Escape them, but not between backticks, in formulas or in examples."""
    in_example = False
    for number, line in enumerate(lines):
        # An example ends with an empty line, after its output.
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example and not line.lstrip().startswith(".. "):
            parts = QUOTED.split(line)
            parts[::2] = [STAR.sub(r"\*", NAME.sub(r"\1\\_", part)) for part in parts[::2]]
            lines[number] = "".join(parts)
