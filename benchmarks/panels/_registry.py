"""Who takes part: what a selector is told, and how it is found by name."""

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module

import numpy as np


@dataclass(frozen=True)
class Training:
    """What selectors may see.

    Attributes
    ----------
    expression : ndarray of float64 of shape (n_samples, n_genes)
        Logarithms.
    genes : ndarray of str of shape (n_genes,)
        Distinct names.
    labels : ndarray of str of shape (n_samples,)
        Known types.
    """

    expression: np.ndarray
    genes: np.ndarray
    labels: np.ndarray

    @cached_property
    def z(self):
        """Expression of mean 0 and standard deviation 1 for every gene."""
        return (self.expression - self.expression.mean(axis=0)) / self.expression.std(axis=0)

    def adata(self):
        """Return the logarithms and types as an AnnData."""
        from anndata import AnnData

        cells = AnnData(self.expression.astype(np.float32))
        cells.var_names = self.genes
        cells.obs["type"] = self.labels
        cells.obs["type"] = cells.obs["type"].astype("category")
        return cells

    def columns(self, names):
        """Columns of genes by name, in the order given."""
        column = {gene: i for i, gene in enumerate(self.genes)}
        return [column[name] for name in names]


@dataclass(frozen=True)
class Selector:
    """One contestant.

    Attributes
    ----------
    pick : callable
        From (training, size, seed) to the columns chosen, best first; or to (columns, remark).
    packages : tuple of (str, str)
        Distribution and module of what must be installed.
    nested : bool
        Whether smaller panels are the head of larger ones: then it picks once, the largest.
    labels : bool
        Whether it is told the types of the training samples.
    draws : int
        How often it picks for a split, with other seeds; scores are averaged.
    default : bool
        Whether it takes part without being named.
    """

    pick: callable
    packages: tuple = ()
    nested: bool = False
    labels: bool = False
    draws: int = 1
    default: bool = True


SELECTORS = {}
OURS = "skgenes, "
MODULES = ("_ours", "_baselines", "_rivals")


def selector(name, **about):
    """Register a function as a contestant."""

    def register(pick):
        SELECTORS[name] = Selector(pick, **about)
        return pick

    return register


def load():
    """Fill SELECTORS; the modules import other packages only where they are used."""
    for module in MODULES:
        import_module(f"benchmarks.panels.{module}")
    return SELECTORS


def find(name):
    """Return a contestant by name; KeyError if there is none."""
    return load()[name]


def contestants():
    """Names of all selectors that take part without being named; the library's own come first."""
    return [name for name, about in load().items() if about.default]
