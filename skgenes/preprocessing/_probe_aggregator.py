"""From probes to genes."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skgenes.preprocessing._probe_genes import read_annotation
from skgenes.preprocessing._probe_kernels import column_variances, group_means, most_variable
from skgenes.utils import atomic_fit, validate_expression
from skgenes.utils._messages import listed


class ProbeAggregator(TransformerMixin, BaseEstimator):
    r"""Turn the probes of a microarray into genes.

    Parameters
    ----------
    genes : dict, Series, DataFrame of two columns, or sequence
        The gene of each probe. Probes are names or column indices: the keys of a dict, the index
        of a Series, the first column of a DataFrame. A sequence has one entry for each column of
        X. A gene is text or an integer, such as an Entrez id. None, NaN, "" and "---" stand for no
        gene; "A /// B", a list, or several rows for one probe stand for several. Probes that are
        not in X are passed over. A Series or DataFrame cannot be saved with the estimator.
    method : {"mean", "max_variance"}, default="mean"
        "mean" averages the probes of a gene. "max_variance" takes the probe with the largest
        variance in the training samples, the first one of equals.
    unmapped : {"error", "drop"}, default="error"
        What to do about probes without a gene.
    ambiguous : {"error", "drop"}, default="error"
        What to do about probes with several genes.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.

    Attributes
    ----------
    genes_ : ndarray of str of shape (n_genes,)
        The genes, in the order in which X first has a probe of them.
    n_probes_per_gene_ : ndarray of int of shape (n_genes,)
        How many probes of X each gene has.
    gene_index_ : ndarray of int of shape (n_features_in_,)
        For each probe, the position in `genes_` of the gene whose values it makes; -1 for probes
        that are not used.
    probes_ : ndarray of str or int of shape (n_genes,)
        The probe of each gene: its name, or its column index if X had no names. Only there with
        ``method="max_variance"``.
    unmapped_probes_, ambiguous_probes_ : ndarray of str or int
        Probes left out since they have no gene, or several; as in `probes_`.
    missing_genes_ : ndarray of str
        Genes of the annotation that have no probe of their own in X.
    n_features_in_ : int
        Number of probes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Probe names seen during fit. Only there if X had string names.

    See Also
    --------
    GeneAligner : Brings the genes of one platform into the order of another.

    Notes
    -----
    With :math:`P_g` the probes of gene g, the mean is
    :math:`x_g = \frac{1}{|P_g|} \sum_{p \in P_g} x_p`, summed in float64. Sparse matrices stay
    sparse. Which scale is averaged matters: D-GEX averages log2 values.

    Columns that share a name are refused like everywhere in skgenes; this class can merge them, if
    it is given the numbers as an array and the names as `genes`:
    ``ProbeAggregator(list(X.columns)).fit_transform(X.to_numpy())``.

    References
    ----------
    .. [1] Chen et al., "Gene expression inference with deep learning", *Bioinformatics* 32 (2016),
       doi 10.1093/bioinformatics/btw074: the mean over probes.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.preprocessing import ProbeAggregator
    >>> X = pd.DataFrame({"p1": [1.0, 2.0], "p2": [3.0, 6.0], "p3": [5.0, 5.0], "p4": [0.0, 1.0]})
    >>> genes = {"p1": "TP53", "p2": "TP53", "p3": "MYC", "p4": "GGA1 /// GGA2"}
    >>> aggregator = ProbeAggregator(genes, ambiguous="drop").set_output(transform="pandas")
    >>> aggregator.fit_transform(X)
       TP53  MYC
    0   2.0  5.0
    1   4.0  5.0
    >>> print(aggregator.summary())
    2 genes from 3 of 4 probes.
    Left out: 0 probes without a gene; 1 with several genes: 'p4'.
    2 genes of the annotation have no probe of their own in X: 'GGA1', 'GGA2'.
    """

    _parameter_constraints = {
        "genes": [dict, "array-like"],
        "method": [StrOptions({"mean", "max_variance"})],
        "unmapped": [StrOptions({"error", "drop"})],
        "ambiguous": [StrOptions({"error", "drop"})],
        "layer": [str, None],
    }

    def __init__(self, genes, *, method="mean", unmapped="error", ambiguous="error", layer=None):
        self.genes = genes
        self.method = method
        self.unmapped = unmapped
        self.ambiguous = ambiguous
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the probes of every gene.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_probes)
            Samples; at least 2 with ``method="max_variance"``.
        y : None
            Ignored.

        Returns
        -------
        ProbeAggregator
            The fitted transformer.

        Raises
        ------
        ValueError
            If no probe has a gene of its own, if some have none or several and these are not to be
            dropped, or if the annotation does not belong to X.
        TypeError
            If a probe or gene of the annotation is of another type.
        """
        by_variance = self.method == "max_variance"
        X = validate_expression(
            self, X, reset=True, layer=self.layer, ensure_min_samples=1 + by_variance
        )
        labels = getattr(self, "feature_names_in_", None)
        by_column, known = read_annotation(self.genes, labels, X.shape[1])
        labels = np.arange(X.shape[1]) if labels is None else labels
        n_genes_of = np.array([len(found) for found in by_column])
        self.unmapped_probes_ = labels[n_genes_of == 0]
        self.ambiguous_probes_ = labels[n_genes_of > 1]
        self._check_dropped(by_column)
        self._group(by_column, known)
        if by_variance:
            chosen = most_variable(column_variances(X), self.gene_index_)
            self.probes_ = labels[chosen]
            self.gene_index_ = np.full(X.shape[1], -1)
            self.gene_index_[chosen] = np.arange(len(chosen))
        return self

    def _check_dropped(self, by_column):
        if not any(len(found) == 1 for found in by_column):
            raise ValueError(
                f"No probe has a gene of its own: of {len(by_column)} probes, "
                f"{len(self.unmapped_probes_)} have none and {len(self.ambiguous_probes_)} several."
            )
        for parameter, probes, problem in (
            ("unmapped", self.unmapped_probes_, "no gene"),
            ("ambiguous", self.ambiguous_probes_, "several genes"),
        ):
            if getattr(self, parameter) == "error" and len(probes):
                raise ValueError(
                    f"{len(probes)} of {len(by_column)} probes have {problem}: {listed(probes)}. "
                    f"Pass {parameter}='drop' to leave them out."
                )

    def _group(self, by_column, known):
        """Number the genes in the order of X."""
        own = [found[0] if len(found) == 1 else None for found in by_column]
        number = {gene: i for i, gene in enumerate(dict.fromkeys(filter(None, own)))}
        self.genes_ = np.array(list(number), dtype=object)
        self.gene_index_ = np.array([number.get(gene, -1) for gene in own])
        self.n_probes_per_gene_ = np.bincount(self.gene_index_[self.gene_index_ >= 0])
        missing = [gene for gene in known if gene not in number]
        self.missing_genes_ = np.array(missing, dtype=object)

    def transform(self, X):
        """Give the genes' values.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_probes)
            Samples with the probes seen during fit.

        Returns
        -------
        ndarray or csr_array of shape (n_samples, n_genes), float64 or float32
            The genes of `genes_`, in the unit of X.
        """
        check_is_fitted(self)
        X = validate_expression(self, X, reset=False, layer=self.layer)
        return group_means(X, self.gene_index_, len(self.genes_))

    def get_feature_names_out(self, input_features=None):
        """Give the names of the genes.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the probes; checked only.

        Returns
        -------
        ndarray of str of shape (n_genes,)
            The genes.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return self.genes_

    def summary(self):
        """Say in words what became of the probes.

        Returns
        -------
        str
            How many genes came of how many probes, and what was lost.
        """
        check_is_fitted(self)
        unmapped, ambiguous = self.unmapped_probes_, self.ambiguous_probes_
        n_probes = self.n_features_in_ - len(unmapped) - len(ambiguous)
        without = _counted(unmapped, "probes without a gene")
        several = _counted(ambiguous, "with several genes")
        missing = _counted(
            self.missing_genes_, "genes of the annotation have no probe of their own in X"
        )
        return (
            f"{len(self.genes_):,} genes from {n_probes:,} of {self.n_features_in_:,} probes.\n"
            f"Left out: {without}; {several}.\n{missing}."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = [np.float64, np.float32]
        return tags


def _counted(items, what):
    return f"{len(items):,} {what}" + (f": {listed(items)}" if len(items) else "")
