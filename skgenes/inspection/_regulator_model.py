"""What the functions that explain a model of regulators see of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skgenes.utils._messages import listed


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


def open_model(estimator, X, outputs=None):
    """Take a model of regulators out of what is around it.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted.
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes, as `estimator` takes them; the steps of a pipeline are applied to them.
    outputs : sequence of str of length n_outputs or None, default=None
        Names of the outputs; None takes those that y had in fit, or their positions.

    Returns
    -------
    RegulatorModel
        The model and the genes.

    Raises
    ------
    TypeError
        If there is no model of regulators in it.
    ValueError
        If the number of names is another than that of outputs.
    """
    genes = getattr(X, "genes", None)
    genes = _row_names(X) if genes is None else genes
    while True:
        check_is_fitted(estimator)
        if isinstance(estimator, Pipeline):
            X = estimator[:-1].transform(X) if len(estimator) > 1 else X
            estimator = estimator[-1]
        elif isinstance(estimator, TransformedTargetRegressor):
            estimator = estimator.regressor_
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            break
    if not hasattr(estimator, "column_feature_"):
        raise TypeError(
            "A DEcodeRegressor is needed, or a Pipeline, search or TransformedTargetRegressor "
            f"around one; got {type(estimator).__name__}."
        )
    return RegulatorModel(estimator, X, np.asarray(genes), _output_names(estimator, outputs))


def _row_names(X):
    names = getattr(X, "obs_names", getattr(X, "index", None))
    return np.arange(X.shape[0]) if names is None else names


def _output_names(estimator, outputs):
    known = estimator.output_names_
    if outputs is None:
        return pd.Index(known, name="output")
    outputs = list(outputs)
    if len(outputs) != len(known):
        raise ValueError(
            f"outputs has {len(outputs)} names ({listed(outputs)}), but the model has {len(known)} "
            "outputs."
        )
    return pd.Index(outputs, name="output")
