"""What DEcodeRegressor takes as X: tracks, or a matrix of genes x regulators."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skgenes.feature_extraction import RegulatoryTracks
from skgenes.feature_extraction._fitted_features import check_features, remember_features
from skgenes.utils import gene_names, validate_expression
from skgenes.utils._messages import listed

COUNTS = "counts"


@dataclass(frozen=True)
class GeneInputs:
    """Validated genes.

    Parameters
    ----------
    parts : dict of str to Track or csr_array of shape (n_genes, n_features)
        Tracks by the name of the part; a matrix as the single part "counts".
    n_genes : int
        Number of genes.
    """

    parts: dict
    n_genes: int

    def fold(self, depths, log_counts):
        """Fold sums of all parts side by side, for each part S_0 first.

        Parameters
        ----------
        depths : dict of str to int
            The last fold sum of every part.
        log_counts : bool
            Whether to return ``log(1 + S_d)``.

        Returns
        -------
        csr_array of shape (n_genes, n_columns), float32
            The sums.
        """
        return sp.hstack(self.fold_parts(depths, log_counts), format="csr", dtype=np.float32)

    def fold_parts(self, depths, log_counts):
        """Fold sums of every part, not to be changed: they may be the part itself.

        Parameters
        ----------
        depths : dict of str to int
            The last fold sum of every part.
        log_counts : bool
            Whether to return ``log(1 + S_d)``.

        Returns
        -------
        list of csr_array of shape (n_genes, (depth + 1) * n_features), float32
            The sums of each part side by side, S_0 first.
        """
        folded = []
        for part, depth in depths.items():
            first, *others = _sums(self.parts[part], depth)
            sums = sp.hstack([first, *others], format="csr") if others else first
            if log_counts:
                content = np.log1p(sums.data), sums.indices, sums.indptr
                sums = sp.csr_array(content, sums.shape)
            folded.append(sums)
        return folded

    def bins(self):
        """Bins and offsets of every part; a row of a matrix is a gene with one bin.

        Returns
        -------
        list of tuple of csr_array and ndarray of int
            Bins of all genes, one gene below the other, and where each gene begins.
        """
        return [
            (part, np.arange(self.n_genes + 1)) if sp.issparse(part) else (part.bins, part.offsets)
            for part in self.parts.values()
        ]


def open_genes(estimator, X, *, reset):
    """Validate what an estimator is fitted on or predicts from.

    Parameters
    ----------
    estimator : DEcodeRegressor
        Gets (``reset=True``) or has ``regulators_in_`` and ``n_features_in_``.
    X : RegulatoryTracks, ndarray, DataFrame, sparse matrix or AnnData of shape \
(n_genes, n_features)
        Genes.
    reset : bool
        Whether this is a fit.

    Returns
    -------
    GeneInputs
        The genes.

    Raises
    ------
    TypeError
        If the estimator was fitted on tracks and X is a matrix, or the other way round.
    ValueError
        If X has other features than in fit, is not finite, or has too few genes.
    """
    if isinstance(X, RegulatoryTracks):
        return _open_tracks(estimator, X, reset)
    if not reset and COUNTS not in estimator.regulators_in_:
        raise TypeError(
            f"This {type(estimator).__name__} was fitted on RegulatoryTracks with the parts "
            f"{listed(estimator.regulators_in_)}, got {type(X).__name__}."
        )
    least = 2 if reset else 1
    matrix = validate_expression(
        estimator, X, reset=reset, layer=estimator.layer, ensure_min_samples=least
    )
    if reset:
        names = gene_names(X)
        names = [f"x{i}" for i in range(matrix.shape[1])] if names is None else names
        estimator.regulators_in_ = {COUNTS: np.asarray(names, dtype=object)}
    matrix = _in_single_precision(matrix)
    if estimator.log_counts and (matrix.data < 0).any():
        raise ValueError(
            f"log_counts=True takes counts, but X has the negative value {matrix.data.min():g}. "
            "Set log_counts=False for other numbers."
        )
    return GeneInputs({COUNTS: matrix}, matrix.shape[0])


def output_names(y, n_outputs):
    """Names of the outputs.

    Parameters
    ----------
    y : DataFrame, Series, AnnData or any
        Targets.
    n_outputs : int
        Number of outputs.

    Returns
    -------
    ndarray of shape (n_outputs,)
        Names of the columns, or of a Series; positions where there are none.
    """
    if isinstance(getattr(y, "name", None), str):
        return np.array([y.name], dtype=object)
    names = gene_names(y)
    return np.arange(n_outputs) if names is None else names


def _open_tracks(estimator, X, reset):
    if reset:
        if len(X) < 2:
            raise ValueError(f"{type(estimator).__name__} needs at least 2 genes, got {len(X)}.")
        remember_features(estimator, X)
        # Of an earlier fit on a matrix.
        vars(estimator).pop("feature_names_in_", None)
    else:
        if COUNTS in estimator.regulators_in_:
            raise TypeError(
                f"This {type(estimator).__name__} was fitted on a matrix of counts, got "
                "RegulatoryTracks."
            )
        check_features(estimator, X)
        if not len(X):
            raise ValueError("X has no genes: there is nothing to predict.")
    return GeneInputs(X.parts, len(X))


def _in_single_precision(matrix):
    with np.errstate(over="ignore"):
        result = sp.csr_array(matrix, dtype=np.float32)
    if not np.isfinite(result.data).all():
        largest = abs(matrix).max()
        raise ValueError(
            f"X has values as large as {largest:g}, but the network computes in float32, up to "
            "3.4e38. Scale X first."
        )
    return result


def _sums(part, depth):
    if not sp.issparse(part):
        return part.fold_sums(depth)
    # One bin: nothing is left without it.
    return [part, *[sp.csr_array(part.shape, dtype=np.float32)] * depth]
