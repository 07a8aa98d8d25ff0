"""Formulas as MathML, which browsers draw themselves: no script, no font, no network."""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

# docutils would write the index of an accented letter below it, not beside it.
ACCENTED = re.compile(r"\\(hat|bar|tilde)\s*(\{[^{}]*\}|[A-Za-z])")
# What docutils does not know. Delimiters are stretched by MathML itself.
UNKNOWN = re.compile(r"\\((?:[bB]igg?)[lmr]?|dots)(?![A-Za-z])")


def setup(app):
    """Register the renderer, for ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(mathml(node))
    raise nodes.SkipNode


def block(translator, node):
    """Write a formula on a line of its own."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(mathml(node, as_block=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def mathml(node, as_block=False):
    """Return a formula as MathML."""
    formula = ACCENTED.sub(r"{\\\1 \2{}}", node.astext())
    formula = UNKNOWN.sub(lambda match: r"\ldots" if match[1] == "dots" else "", formula)
    return tex2mathml(formula, as_block=as_block)
