"""Where along a gene its regulators contribute."""

from itertools import accumulate
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import validate_params

from skgenes.feature_extraction import RegulatoryTracks
from skgenes.inspection._explained_regulators import explain_regulators
from skgenes.inspection._positions import positions_of
from skgenes.inspection._regulator_scores import SCORE_CONSTRAINTS
from skgenes.utils._messages import listed

# Sums that differ by less have the tangent of the logarithm for a chord.
_TANGENT_BELOW = 1e-7


@validate_params(
    SCORE_CONSTRAINTS | {"gene": [str, Integral], "part": [str]},
    prefer_skip_nested_validation=True,
)
def position_contributions(estimator, X, gene, *, part, reference="no_site", outputs=None):
    r"""Contribution of every bin of one gene, and every regulator in it, to DEcode's outputs.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted on `RegulatoryTracks`.
    X : RegulatoryTracks of shape (n_genes, n_features)
        Genes, as `estimator` takes them. All of them tell how long the reference is.
    gene : str or int
        The gene to explain, given by name or position.
    part : {"promoter", "rna"}
        Which bins.
    reference : "no_site" or RegulatoryTracks, default="no_site"
        The gene to compare with, see `regulator_scores`.
    outputs : str, int, sequence of these, or None, default=None
        One output or several, given by name or position; None explains all.

    Returns
    -------
    DataFrame of float64 of shape (n_bins, n_features) or (n_bins, n_outputs * n_features)
        Bins of the gene, 5' to 3', or of the reference if that is longer: in bins that the gene
        does not have, the mask contributes what the reference would have had there. A column for
        every feature of the part, the mask first; for several outputs under the name of each, so
        that ``result["lung"]`` is the table of one.

    Raises
    ------
    ValueError
        If there is no such gene, part or output.
    TypeError
        If X is a matrix, which has no positions.

    See Also
    --------
    regulator_scores : Sums over bins, of all genes.

    Notes
    -----
    With M the multipliers of the sums :math:`S_d` over the bins d, d + 1, ..., and :math:`\lambda`
    the slope of the chord of the logarithm (1 without one), bin t contributes

    .. math:: C_{tfo} = (x_{tf} - r_{tf}) \sum_{d \le \min(t, D)} \lambda_{df} M_{dfo} ,

    which is what DeepLIFT gives for the network that convolves. Over the bins it adds up to the
    contribution of the feature; over bins, features and parts to the prediction less that for the
    reference.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_extraction import RegulatoryTracks, Track
    >>> from skgenes.inspection import position_contributions
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> bins = np.hstack([np.full((120, 1), 100), rng.binomial(100, 0.2, (120, 2))])
    >>> rna = Track(bins, np.arange(0, 121, 3), ["exon", "FUS", "QKI"])
    >>> X = RegulatoryTracks([f"gene{i}" for i in range(40)], rna=rna)
    >>> model = DEcodeRegressor(max_iter=2, random_state=0).fit(X, rng.normal(size=(40, 2)))
    >>> table = position_contributions(model, X, "gene7", part="rna", outputs=0)
    >>> table.shape, list(table.columns)
    ((3, 3), ['exon', 'FUS', 'QKI'])
    """
    explained = explain_regulators(
        estimator, X, reference, outputs, lambda names: positions_of(gene, names, "gene")
    )
    model, tracks = explained.model, explained.model.X
    if not isinstance(tracks, RegulatoryTracks):
        raise TypeError(
            "position_contributions needs RegulatoryTracks; a matrix of counts, here "
            f"{type(tracks).__name__}, does not say where regulators bind."
        )
    if part not in tracks.parts:
        raise ValueError(f"There is no part {part!r}; there is {listed(tracks.parts)}.")
    multipliers = explained.explainer.multipliers(model.inputs())
    multipliers = _of_part(multipliers, model.estimator, part)
    own, other = tracks.parts[part], explained.reference.parts[part]
    if model.estimator.log_counts:
        multipliers = multipliers * _log_slopes(own, other, len(multipliers))[..., np.newaxis]
    values = bin_contributions(_difference(own, other), multipliers)
    return _as_table(values, own.regulators, explained.outputs, outputs)


def bin_contributions(difference, multipliers):
    """Contributions of bins.

    Parameters
    ----------
    difference : ndarray of shape (n_bins, n_features)
        What the bins of a gene have more than those of the reference.
    multipliers : ndarray of shape (depth + 1, n_features, n_outputs)
        What a unit of each sum over the bins d, d + 1, ... adds to the outputs.

    Returns
    -------
    ndarray of float64 of shape (n_bins, n_features, n_outputs)
        Contributions.
    """
    # Bin t is in the sums 0, 1, ..., t as far as there are some.
    upto = np.cumsum(multipliers, axis=0, dtype=np.float64)
    depth = np.minimum(np.arange(len(difference)), len(upto) - 1)
    return difference[:, :, np.newaxis] * upto[depth]


def _of_part(multipliers, estimator, part):
    """Rows of one part, by sum and feature."""
    names, depths = estimator.regulators_in_, estimator.depths_
    shapes = {name: (depths[name] + 1, len(names[name])) for name in names}
    ends = dict(zip(shapes, accumulate(map(np.prod, shapes.values())), strict=True))
    rows = slice(ends[part] - np.prod(shapes[part]), ends[part])
    return multipliers[rows].reshape(*shapes[part], -1)


def _log_slopes(own, other, n_sums):
    """Slopes of log(1 + S) between the sums of the reference and those of the gene."""
    sums, reference = (
        np.array([one.toarray()[0] for one in track.fold_sums(n_sums - 1)], dtype=np.float64)
        for track in (own, other)
    )
    run = sums - reference
    tangent = np.abs(run) < _TANGENT_BELOW
    rise = np.log1p(sums) - np.log1p(reference)
    return np.where(tangent, 1 / (1 + reference), rise / np.where(tangent, 1, run))


def _difference(own, other):
    """Bins of the gene less those of the reference, as many as the longer one has."""
    n_bins = max(own.bins.shape[0], other.bins.shape[0])
    result = np.zeros((n_bins, own.regulators.size))
    result[: own.bins.shape[0]] += own.bins.toarray()
    result[: other.bins.shape[0]] -= other.bins.toarray()
    return result


def _as_table(values, regulators, names, outputs):
    bins = pd.RangeIndex(len(values), name="bin")
    regulators = pd.Index(regulators, name="regulator")
    if outputs is not None and np.ndim(outputs) == 0:
        return pd.DataFrame(values[..., 0], index=bins, columns=regulators)
    columns = pd.MultiIndex.from_product([names, regulators], names=["output", "regulator"])
    return pd.DataFrame(values.transpose(0, 2, 1).reshape(len(values), -1), bins, columns)
