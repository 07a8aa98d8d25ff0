"""Are some sets of genes more frequent in a panel than chance has it?"""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom
from sklearn.utils._param_validation import Interval, validate_params

from skgenes.inspection._gene_sets import open_gene_sets

SIZE_CONSTRAINTS = {
    "gene_sets": [Mapping],
    "min_size": [Interval(Integral, 1, None, closed="left")],
    "max_size": [Interval(Integral, 1, None, closed="left"), None],
}


@validate_params(SIZE_CONSTRAINTS, prefer_skip_nested_validation=True)
def over_representation(genes, gene_sets, background, *, min_size=1, max_size=None):
    r"""Test every gene set for having more genes of a panel than chance has it.

    Parameters
    ----------
    genes : iterable of str
        The panel. Genes that are not in the background are left out.
    gene_sets : dict of {str: iterable of str}
        Members of each set, as `skgenes.io.read_gmt` reads them. Members that are not in the
        background do not count.
    background : iterable of str
        All genes that could have been in the panel, such as all genes measured. With genes in it
        that could not, everything comes out enriched.
    min_size, max_size : int or None, default=1 and None
        Sets with fewer or more genes in the background are left out before testing; None sets no
        limit.

    Returns
    -------
    DataFrame
        A row for every set tested, those with the least p-value first, in the order of `gene_sets`
        where equal. Index: the sets. Columns:

        overlap, size
            Genes of the panel, and of the background, in the set.
        expected
            Mean overlap of random panels.
        fold_enrichment
            overlap / expected.
        p_value, q_value
            Of the hypergeometric test, and adjusted for all sets tested.
        genes
            Tuple of the panel's genes in the set, in the order of the background.

    Raises
    ------
    ValueError
        If genes or background are empty, none of the genes is in the background, or no set has a
        size asked for.
    TypeError
        If a string is passed for several genes.

    Warns
    -----
    UserWarning
        Once, with the numbers of genes that are not in the background, of repeated genes, which
        count once, and of sets that are too small (such as those without a gene in the
        background) or too large.

    See Also
    --------
    functional_spread : Whether few functions make up a panel, or many.
    skgenes.io.read_gmt : Reads gene sets.

    Notes
    -----
    Of N background genes K are in the set, n in the panel and x in both:

    .. math:: p = P(X \ge x) = \sum_{k \ge x} \binom{K}{k} \binom{N - K}{n - k} \Big/ \binom{N}{n}

    the one-sided test of Fisher, and q is Benjamini and Hochberg's adjusted p over all sets tested.
    Sets without a gene of the panel are among them (p = 1): they were asked about. Packages that
    drop them before the adjustment, as gseapy does, give smaller q-values.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300. Kong et
    al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Results.

    Examples
    --------
    >>> from skgenes.inspection import over_representation
    >>> background = [f"G{i}" for i in range(20)]
    >>> gene_sets = {"kinases": ["G0", "G1", "G2"], "receptors": ["G9", "G10"]}
    >>> table = over_representation(["G0", "G1", "G2", "G3"], gene_sets, background)
    >>> print(*table.loc["kinases", ["overlap", "size", "expected", "fold_enrichment", "genes"]])
    3 3 0.6 5.0 ('G0', 'G1', 'G2')
    >>> print(table["q_value"].round(4).to_dict())
    {'kinases': 0.007, 'receptors': 1.0}
    """
    return table_of(open_gene_sets(genes, gene_sets, background, min_size, max_size))


def table_of(sets):
    """Test all sets.

    Parameters
    ----------
    sets : GeneSets
        Sets, panel and background.

    Returns
    -------
    DataFrame
        As `over_representation` returns it.
    """
    in_panel = sets.overlap_with_query
    in_panel.sort_indices()
    overlap = np.diff(in_panel.indptr).astype(np.int64)
    n_background, draws = len(sets.background), sets.sizes * sets.query.size
    p_values = hypergeometric_tail(overlap, n_background, sets.sizes, sets.query.size)
    members = sets.background[sets.query[in_panel.indices]]
    table = pd.DataFrame(
        {
            "overlap": overlap,
            "size": sets.sizes,
            "expected": draws / n_background,
            "fold_enrichment": overlap * n_background / draws,
            "p_value": p_values,
            "q_value": false_discovery_control(p_values, method="bh"),
            "genes": [tuple(part) for part in np.split(members, in_panel.indptr[1:-1])],
        },
        index=pd.Index(sets.names, name="gene_set"),
    )
    return table.sort_values("p_value", kind="stable")


def hypergeometric_tail(overlap, n_background, size, n_genes):
    """Probability that a random panel shares at least as many genes with a set.

    Parameters
    ----------
    overlap, size : ndarray of int of shape (n_sets,)
        Genes shared, and genes in the set.
    n_background, n_genes : int
        Genes in the background and in the panel.

    Returns
    -------
    ndarray of float64 of shape (n_sets,)
        In [0, 1].
    """
    # Many sets are of the same size; every case is computed once.
    cases, which = np.unique(np.stack([overlap, size]), axis=1, return_inverse=True)
    tail = hypergeom.sf(cases[0] - 1, n_background, cases[1], n_genes)
    return np.clip(tail, 0, 1)[which.ravel()]
