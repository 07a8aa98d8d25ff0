"""What the functions that explain a model of regulators see of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from skgenes.feature_extraction import RegulatoryTracks
from skgenes.preprocessing._fold_change import MEDIAN


@dataclass(frozen=True)
class RegulatorModel:
    """A fitted model of regulators, and the genes to explain it on.

    Parameters
    ----------
    estimator : DEcodeRegressor
        The model, without what was around it.
    X : RegulatoryTracks, ndarray or csr_array of shape (n_genes, n_features)
        Genes, as the estimator itself takes them.
    genes : ndarray of shape (n_genes,)
        Their names; their positions where there are none.
    outputs : pandas.Index of length n_outputs
        Names of the outputs.
    """

    estimator: object
    X: object
    genes: np.ndarray
    outputs: pd.Index

    @property
    def networks(self):
        """Networks on `inputs`; their mean is the prediction.

        Returns
        -------
        tuple of DenseNetwork
            The first layer of each is linear without bias.
        """
        return self.estimator.networks_

    @property
    def features(self):
        """Names of the features.

        Returns
        -------
        pandas.MultiIndex of length n_features
            Levels "part" and "regulator".
        """
        parts = self.estimator.regulators_in_
        pairs = [(part, name) for part, names in parts.items() for name in names]
        return pd.MultiIndex.from_tuples(pairs, names=["part", "regulator"])

    @property
    def masks(self):
        """Which features are no regulators but say which bases exist.

        Returns
        -------
        ndarray of bool of shape (n_features,)
            True for the mask of each part.
        """
        return self.estimator.masks_

    @property
    def column_feature(self):
        """Feature that each column of `inputs` belongs to.

        Returns
        -------
        ndarray of int of shape (n_columns,)
            Positions in `features`.
        """
        return self.estimator.column_feature_

    def inputs(self, X=None):
        """What the networks take.

        Parameters
        ----------
        X : RegulatoryTracks, ndarray or csr_array or None, default=None
            Other genes with the same features; None for those of the model.

        Returns
        -------
        csr_array of shape (n_genes, n_columns), float32
            0 in all columns of a regulator that does not bind the gene.
        """
        return self.estimator.fold(self.X if X is None else X)


def open_model(estimator, X, choose=None):
    """Take a model of regulators out of what is around it.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted.
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes, as `estimator` takes them.
    choose : callable or None, default=None
        Given the names of the genes, their positions where there are none, returns the positions of
        those to keep. The steps of a pipeline are applied to these alone: what transformers make
        of a gene does not depend on others. None keeps all.

    Returns
    -------
    RegulatorModel
        The model and these genes.

    Raises
    ------
    TypeError
        If there is no model of regulators in it, or X is something else.
    """
    *around, estimator = unwrapped(estimator)
    steps = [outer[:-1] for outer in around if isinstance(outer, Pipeline) and len(outer) > 1]
    median = any(
        _has_median(outer.transformer_)
        for outer in around
        if isinstance(outer, TransformedTargetRegressor)
    )
    if not hasattr(estimator, "column_feature_"):
        raise TypeError(
            "A DEcodeRegressor is needed, or a Pipeline, search or TransformedTargetRegressor "
            f"around one; got {type(estimator).__name__}."
        )
    if not hasattr(X, "shape"):
        raise TypeError(
            f"X must be RegulatoryTracks or a matrix of genes x regulators, got {type(X).__name__}."
        )
    genes = _names_of(X)
    if choose is not None:
        rows = choose(genes)
        genes, X = genes[rows], _safe_indexing(X.tocsr() if sp.issparse(X) else X, rows)
    for step in steps:
        X = step.transform(X)
    outputs = pd.Index(estimator.output_names_, name="output")
    if median:
        outputs = outputs[:-1].append(pd.Index([MEDIAN], name="output"))
    return RegulatorModel(estimator, X, genes, outputs)


def unwrapped(estimator):
    """Look into what is around an estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Yields
    ------
    estimator
        The estimator; what it is around, if it is a Pipeline, search, TransformedTargetRegressor or
        FrozenEstimator; and so on to one that is around none.
    """
    while estimator is not None:
        check_is_fitted(estimator)
        yield estimator
        estimator = _inside(estimator)


def _inside(estimator):
    if isinstance(estimator, Pipeline):
        return estimator[-1]
    if isinstance(estimator, TransformedTargetRegressor):
        return estimator.regressor_
    if isinstance(estimator, FrozenEstimator):
        return estimator.estimator
    return getattr(estimator, "best_estimator_", None)


def _has_median(transformer):
    """Whether a transformer of targets puts a median last: within, outputs lose their names."""
    names = getattr(transformer, "get_feature_names_out", list)()
    return len(names) > 0 and names[-1] == MEDIAN


def _names_of(X):
    if isinstance(X, RegulatoryTracks):
        return X.genes
    names = getattr(X, "obs_names", getattr(X, "index", None))
    return np.arange(X.shape[0]) if names is None else np.asarray(names)
