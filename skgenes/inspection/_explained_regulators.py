"""The model of regulators that is explained, and the gene it is compared with."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.inspection._positions import positions_of
from skgenes.inspection._regulator_model import open_model
from skgenes.networks import GroupedRescaleExplainer
from skgenes.utils import gene_names


@dataclass(frozen=True)
class ExplainedRegulators:
    """A model, the gene to compare with, and what computes contributions.

    Parameters
    ----------
    model : RegulatorModel
        The model and the genes.
    outputs : pandas.Index of length n_outputs
        Names of the outputs that are explained.
    reference : RegulatoryTracks or csr_array of shape (1, n_features)
        The gene to compare with, as the model itself takes it.
    explainer : GroupedRescaleExplainer
        For the columns of `model.inputs()`, a group for each feature.
    """

    model: object
    outputs: pd.Index
    reference: object
    explainer: GroupedRescaleExplainer


def explain_regulators(estimator, X, reference, outputs, choose=None):
    """Prepare the explanation of a model of regulators.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted.
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes, as `estimator` takes them.
    reference : "no_site", RegulatoryTracks or array-like of shape (n_features,)
        The gene to compare with.
    outputs : str, int, sequence of these, or None
        Outputs to keep.
    choose : callable or None, default=None
        Given the names of the genes, returns the positions of those to explain; None explains all.
        All of X tell what "no_site" is.

    Returns
    -------
    ExplainedRegulators
        Ready to explain.

    Raises
    ------
    ValueError
        If X has no genes, the reference is not one gene, or there is no such output.
    """
    if hasattr(X, "shape") and not X.shape[0]:
        raise ValueError("X has no genes; pass at least one to explain.")
    model = open_model(estimator, X, choose)
    if isinstance(reference, str) and not isinstance(model.X, RegulatoryTracks):
        reference = without_sites(model.X)
    else:
        reference = without_sites(X) if isinstance(reference, str) else _one_gene(reference, X)
        reference = open_model(estimator, reference).X
    columns = model.inputs(reference).toarray()[0]
    networks, names = model.networks, model.outputs
    if outputs is not None:
        kept = positions_of(outputs, names, "output")
        networks, names = [network.with_outputs(kept) for network in networks], names[kept]
    explainer = GroupedRescaleExplainer(networks, columns, model.column_feature)
    return ExplainedRegulators(model, names, reference, explainer)


def without_sites(X):
    """Gene of median length without a binding site.

    Parameters
    ----------
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes.

    Returns
    -------
    RegulatoryTracks or matrix of shape (1, n_features)
        In each part the median number of bins, rounded down, all of whose bases exist; in the
        unit that the masks of X are in. For a matrix zeros, in the form of X.
    """
    if not isinstance(X, RegulatoryTracks):
        return _like(np.zeros((1, X.shape[1]), dtype=np.float32), X)
    return RegulatoryTracks(["no_site"], **{part: _bare(track) for part, track in X.parts.items()})


def _bare(track):
    n_bins = int(np.median(track.lengths))
    bins = sp.lil_array((n_bins, track.regulators.size), dtype=np.float32)
    bins[:, 0] = track.bins[:, [0]].max() if track.bins.nnz else 0
    return Track(bins.tocsr(), [0, n_bins], track.regulators, bin_size=track.bin_size)


def _one_gene(reference, X):
    """Reference in the form of X."""
    n_features = X.shape[1]
    if isinstance(X, RegulatoryTracks):
        if not isinstance(reference, RegulatoryTracks):
            raise TypeError(
                "reference must be 'no_site' or, as X is, RegulatoryTracks with one gene; got "
                f"{type(reference).__name__}."
            )
        if len(reference) != 1:
            raise ValueError(f"reference must be one gene, got {len(reference)}: use tracks[[0]].")
        return reference
    if isinstance(reference, RegulatoryTracks):
        raise TypeError("reference is RegulatoryTracks, but X is a matrix; pass an array.")
    reference = np.asarray(reference, dtype=np.float32)
    if reference.shape not in ((n_features,), (1, n_features)):
        raise ValueError(
            f"reference must be one gene of shape ({n_features},), got an array of shape "
            f"{reference.shape}."
        )
    if not np.isfinite(reference).all():
        raise ValueError("reference has NaN or infinite values; a gene to compare with has none.")
    return _like(reference.reshape(1, -1), X)


def _like(row, X):
    """Give a row the names of the columns of X, for estimators that compare them."""
    names = gene_names(X)
    return row if names is None else pd.DataFrame(row, columns=names)
