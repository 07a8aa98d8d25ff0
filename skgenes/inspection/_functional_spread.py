"""Is a panel dominated by few functions, or spread over many?"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import entr
from sklearn.utils._param_validation import Interval, validate_params

from skgenes.inspection._gene_sets import open_gene_sets
from skgenes.inspection._over_representation import SIZE_CONSTRAINTS, table_of
from skgenes.utils import seed_sequence

_PANELS_AT_ONCE = 128
_ROUNDING = 1e-9  # effective numbers that differ by less are equal


@dataclass(frozen=True, eq=False, repr=False)
class FunctionalSpread:
    """Over how many functions a panel of genes is spread.

    Parameters
    ----------
    table : DataFrame
        What `over_representation` returns.
    alpha : float
        A set is enriched when its q-value is less.
    n_genes, n_annotated : int
        Genes of the panel in the background, and those of them in a set tested.
    n_enriched : int
        Sets enriched.
    fraction_in_enriched : float
        Share of the panel's genes that are in an enriched set.
    largest_set : str
        The set with most of the panel's genes; of several, the one with the least p-value.
    fraction_in_largest : float
        Share of the panel's genes that are in it.
    effective_sets : float
        Effective number of sets, from 1 to the number of sets.
    random_effective_sets : ndarray of float64 of shape (n_random,)
        The same for random panels.

    See Also
    --------
    functional_spread : Makes it.
    """

    table: pd.DataFrame
    alpha: float
    n_genes: int
    n_annotated: int
    n_enriched: int
    fraction_in_enriched: float
    largest_set: str
    fraction_in_largest: float
    effective_sets: float
    random_effective_sets: np.ndarray

    @property
    def p_value_few(self):
        """Share of panels, random ones and this, spread over as few sets or fewer."""
        return self._share(self.random_effective_sets <= self.effective_sets * (1 + _ROUNDING))

    @property
    def p_value_many(self):
        """Share of panels, random ones and this, spread over as many sets or more."""
        return self._share(self.random_effective_sets >= self.effective_sets * (1 - _ROUNDING))

    def summary(self):
        """All numbers in one Series, to set panels side by side.

        Returns
        -------
        Series
            Entries n_genes, n_annotated, n_sets, n_enriched, fraction_in_enriched, largest_set,
            fraction_in_largest, effective_sets, its mean and standard deviation (n - 1) over
            random panels (random_effective_sets_mean and _sd), p_value_few and p_value_many.
        """
        random = pd.Series(self.random_effective_sets)
        return pd.Series(
            {
                "n_genes": self.n_genes,
                "n_annotated": self.n_annotated,
                "n_sets": len(self.table),
                "n_enriched": self.n_enriched,
                "fraction_in_enriched": self.fraction_in_enriched,
                "largest_set": self.largest_set,
                "fraction_in_largest": self.fraction_in_largest,
                "effective_sets": self.effective_sets,
                "random_effective_sets_mean": random.mean(),
                "random_effective_sets_sd": random.std(ddof=1),
                "p_value_few": self.p_value_few,
                "p_value_many": self.p_value_many,
            },
            dtype=object,
        )

    def __repr__(self):
        return (
            f"FunctionalSpread({self.n_genes} genes, {self.n_enriched} of {len(self.table)} sets "
            f"enriched, spread over {self.effective_sets:.1f} sets, random panels over "
            f"{self.random_effective_sets.mean():.1f})"
        )

    def _share(self, as_extreme):
        return float((1 + np.count_nonzero(as_extreme)) / (1 + as_extreme.size))


@validate_params(
    {
        **SIZE_CONSTRAINTS,
        "alpha": [Interval(Real, 0, 1, closed="right")],
        "n_random": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def functional_spread(
    genes,
    gene_sets,
    background,
    *,
    alpha=0.05,
    min_size=1,
    max_size=None,
    n_random=1000,
    random_state=None,
):
    r"""Tell whether a panel is dominated by few functions or spread over many.

    Parameters
    ----------
    genes : iterable of str
        The panel.
    gene_sets : dict of {str: iterable of str}
        Members of each function, as `skgenes.io.read_gmt` reads them.
    background : iterable of str
        All genes that could have been in the panel.
    alpha : float in (0, 1], default=0.05
        A set is enriched when its q-value is less.
    min_size, max_size : int or None, default=1 and None
        As for `over_representation`.
    n_random : int, default=1000
        Number of random panels to compare with, at least 2.
    random_state : int, RandomState instance or None, default=None
        Draws the random panels. An int gives the same result on every call.

    Returns
    -------
    FunctionalSpread
        Enriched sets, shares of genes, and effective numbers of sets.

    Raises
    ------
    ValueError
        As for `over_representation`, and if none of the genes is in a set tested.
    TypeError
        If a string is passed for several genes.

    Warns
    -----
    UserWarning
        As for `over_representation`.

    See Also
    --------
    over_representation : The test of each set.

    Notes
    -----
    Every annotated gene g of the panel, m in number, shares its weight equally among the
    :math:`d_g` sets it is in, and the effective number of sets is the exponential of the Shannon
    entropy of the sets' weights,

    .. math::
        w_s = \frac{1}{m} \sum_{g \in s} \frac{1}{d_g}, \qquad
        D = \exp\Big(-\sum_s w_s \ln w_s\Big) ,

    the number of sets of equal weight that would be as diverse: 1 if all genes are in one and the
    same set, k if they are spread evenly over k disjoint ones. It grows with m, so that random
    panels have m genes as well, drawn without replacement from the annotated genes of the
    background. A panel as diverse as they are is not dominated by any function.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Results, count
    enriched sets: 34 of 1,645 molecular functions. Hill (1973), Ecology 54, 427-432, for effective
    numbers.

    Examples
    --------
    >>> from skgenes.inspection import functional_spread
    >>> background = [f"G{i}" for i in range(12)]
    >>> gene_sets = {f"set {s}": background[3 * s : 3 * s + 3] for s in range(4)}
    >>> one_of_each = functional_spread(background[::3], gene_sets, background, random_state=0)
    >>> one_set = functional_spread(background[:3], gene_sets, background, random_state=0)
    >>> print(round(one_of_each.effective_sets, 6), round(one_set.effective_sets, 6))
    4.0 1.0
    >>> one_set.n_enriched, one_set.largest_set, one_set.fraction_in_largest
    (1, 'set 0', 1.0)
    >>> one_set.p_value_few < 0.05 < one_of_each.p_value_few
    True
    """
    sets = open_gene_sets(genes, gene_sets, background, min_size, max_size)
    table = table_of(sets)
    shares = _shares(sets.membership)
    annotated = np.flatnonzero(np.diff(shares.indptr))
    panel = np.intersect1d(sets.query, annotated)
    if panel.size == 0:
        raise ValueError(
            f"None of the {sets.query.size} genes in the background is in one of the "
            f"{len(table)} gene sets tested. Give sets that cover the genes."
        )
    enriched = table[table["q_value"] < alpha]
    in_enriched = set().union(*enriched["genes"])
    largest = table["overlap"].idxmax()
    rng = np.random.default_rng(seed_sequence(random_state))
    random = (rng.choice(annotated, panel.size, replace=False) for _ in range(n_random))
    return FunctionalSpread(
        table=table,
        alpha=alpha,
        n_genes=sets.query.size,
        n_annotated=panel.size,
        n_enriched=len(enriched),
        fraction_in_enriched=len(in_enriched) / sets.query.size,
        largest_set=largest,
        fraction_in_largest=float(table.loc[largest, "overlap"] / sets.query.size),
        effective_sets=float(effective_numbers(shares, panel[None])[0]),
        random_effective_sets=_in_chunks(shares, random, n_random),
    )


def effective_numbers(shares, panels):
    """Effective numbers of sets of panels of one size.

    Parameters
    ----------
    shares : csr_array of shape (n_genes, n_sets)
        How each gene's weight is shared among sets; rows sum to 1.
    panels : ndarray of int of shape (n_panels, n_chosen)
        Genes of each panel.

    Returns
    -------
    ndarray of float64 of shape (n_panels,)
        From 1 to n_sets.
    """
    n_panels, size = panels.shape
    chosen = sp.csr_array(
        (np.full(panels.size, 1 / size), panels.ravel(), np.arange(n_panels + 1) * size),
        shape=(n_panels, shares.shape[0]),
    )
    weights = chosen @ shares
    weights.data = entr(weights.data)
    return np.exp(weights.sum(axis=1))


def _shares(membership):
    """Transposed membership with rows that sum to 1, or are empty."""
    shares = membership.T.tocsr()
    n_sets = np.diff(shares.indptr)
    shares.data = np.repeat(1 / np.maximum(n_sets, 1), n_sets)
    return shares


def _in_chunks(shares, panels, n_panels):
    result = np.empty(n_panels)
    for start in range(0, n_panels, _PANELS_AT_ONCE):
        chunk = slice(start, min(start + _PANELS_AT_ONCE, n_panels))
        drawn = np.stack([next(panels) for _ in range(chunk.stop - start)])
        result[chunk] = effective_numbers(shares, drawn)
    return result
