"""DeepLIFT scores of regulators: which of them a predicted expression profile rests on."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar
from sklearn.utils._param_validation import StrOptions, validate_params

from skgenes.inspection._deeplift import check_size
from skgenes.inspection._explained_regulators import explain_regulators
from skgenes.inspection._positions import positions_of

SCORE_CONSTRAINTS = {
    "reference": [StrOptions({"no_site"}), "array-like"],
    "outputs": [str, Integral, "array-like", None],
}


@dataclass(frozen=True)
class RegulatorScores:
    """What each regulator contributes to each output, and how exactly it adds up.

    Parameters
    ----------
    scores : DataFrame of float64 of shape (n_regulators, n_outputs)
        Mean contribution over genes, or mean absolute contribution, in the unit of the output. Its
        index has the levels "part" and "regulator"; masks are not in it.
    mask_scores : DataFrame of float64 of shape (n_masks, n_outputs)
        The same of the masks: what length and coverage contribute.
    contributions : ndarray of float32 of shape (n_genes, n_features, n_outputs) or None
        Those of every gene, if they were asked for; features are those of `features`.
    features : pandas.MultiIndex of length n_features
        All features, masks included, in the order of the model.
    genes : ndarray of shape (n_genes,)
        Names of the genes explained, or their positions.
    aggregation : {"signed", "absolute"} or None
        How contributions were averaged over genes; None keeps all, and averages signed ones.
    expected_output : Series of float64 of length n_outputs
        Prediction for the reference.
    delta : float
        Largest absolute difference between a prediction and the reference's.
    residual : float
        Largest absolute difference between the sum of the contributions to a prediction, masks
        included, and its difference from the reference's; rounding alone if all is well.
    """

    scores: pd.DataFrame
    mask_scores: pd.DataFrame
    contributions: np.ndarray | None
    features: pd.MultiIndex
    genes: np.ndarray
    aggregation: str | None
    expected_output: pd.Series
    delta: float
    residual: float

    @property
    def importance(self):
        """Overall importance of every regulator.

        Returns
        -------
        Series of float64 of length n_regulators
            Mean absolute score over outputs, the largest first.
        """
        return importance_of(self.scores)

    @property
    def relative_residual(self):
        """`residual` over `delta`, 0 if nothing differs from the reference."""
        return self.residual / self.delta if self.delta > 0 else 0.0

    def top(self, k=10, output=None):
        """Scores of the regulators that matter most.

        Parameters
        ----------
        k : int, default=10
            How many; all, if there are fewer.
        output : str, int or None, default=None
            Rank by the absolute score for this output, a name or position; None ranks by
            `importance`.

        Returns
        -------
        DataFrame of float64 of shape (k, n_outputs)
            Rows of `scores`, the most important first.

        Raises
        ------
        ValueError
            If `k` is not positive or there is no such output.
        """
        return top_of(self.scores, k, output)


@validate_params(
    SCORE_CONSTRAINTS | {"aggregation": [StrOptions({"signed", "absolute"}), None]},
    prefer_skip_nested_validation=True,
)
def regulator_scores(estimator, X, *, reference="no_site", aggregation="signed", outputs=None):
    r"""Contribution of every regulator to every output of DEcode, by DeepLIFT's Rescale rule.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted. Scores are in the unit that the DEcodeRegressor itself predicts.
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes to explain, as `estimator` takes them; usually genes it has not been fitted on.
    reference : "no_site", RegulatoryTracks or array-like, default="no_site"
        The gene to compare with: one to which nothing binds and which in each part has as many
        bins as the median gene in X, rounded down, all of them complete: with the largest mask in
        X (zeros if X is a matrix). Or one in the form of X, an array of shape (n_features,) if X is
        a matrix.
    aggregation : {"signed", "absolute"} or None, default="signed"
        Average contributions over genes, as in the paper, or their absolute values. None averages
        signed ones and keeps those of every gene as well, which takes 4 bytes times genes times
        features times outputs.
    outputs : str, int, sequence of these, or None, default=None
        Keep only these outputs, given by name or position; None explains all.

    Returns
    -------
    RegulatorScores
        Scores of regulators and masks, and how exactly they add up.

    Raises
    ------
    ValueError
        If X has no genes or other features than in fit, the reference is not one gene, there is
        no such output, or the contributions of all genes would not fit into memory.
    TypeError
        If there is no model of regulators in `estimator`, or X and `reference` differ in form.

    See Also
    --------
    position_contributions : Where along a gene a regulator contributes.
    transcript_usage_scores : Which regulators tell the transcripts of a gene apart.
    RegulatorHeatmapDisplay : Draws them.

    Notes
    -----
    With column sums :math:`S` of a gene, :math:`S_r` of the reference, the linear kernel :math:`K`
    to the first hidden layer and the slopes :math:`\rho` of the chords of both ReLUs,

    .. math:: C_{fo} = \sum_{c \in f} (S_c - S_{r,c}) \sum_h K_{ch} \rho_h
              \sum_j W_{hj} \rho_j V_{jo}

    for a feature f whose columns are c: the sum over the positions of its binding sites. Over all
    features contributions add up to the prediction less that for the reference. Those to the mean
    of several networks are the mean of those to each.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6.
    Shrikumar et al. (2017), Learning important features through propagating activation
    differences, ICML, section 3.5.1.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import regulator_scores
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.poisson(0.5, (300, 8))
    >>> y = X[:, [5]] + 0.1 * rng.normal(size=(300, 2))
    >>> model = DEcodeRegressor(((16, 1),), n_init=1, random_state=0).fit(X, y)
    >>> result = regulator_scores(model, X)
    >>> result.scores.shape
    (8, 2)
    >>> result.importance.index[0]
    ('counts', 'x5')
    >>> result.relative_residual < 1e-5
    True
    """
    explained = explain_regulators(estimator, X, reference, outputs)
    total = _Total(explained, aggregation)
    for one in explained.explainer.iter_samples(explained.model.inputs()):
        total.add(one)
    means = pd.DataFrame(
        total.sums / len(explained.model.genes),
        index=explained.model.features,
        columns=explained.outputs,
    )
    masks = explained.model.masks
    return RegulatorScores(
        scores=means[~masks],
        mask_scores=means[masks],
        contributions=total.contributions,
        features=explained.model.features,
        genes=explained.model.genes,
        aggregation=aggregation,
        expected_output=pd.Series(explained.explainer.expected_output, index=explained.outputs),
        delta=float(total.delta),
        residual=float(total.residual),
    )


def importance_of(scores):
    """Mean absolute score over outputs, the largest first.

    Parameters
    ----------
    scores : DataFrame of shape (n_regulators, n_outputs)
        Scores.

    Returns
    -------
    Series of float64 of length n_regulators
        The means.
    """
    means = scores.abs().mean(axis=1).rename("importance")
    return means.sort_values(ascending=False, kind="stable")


def top_of(scores, k, output=None):
    """Rows of the largest scores.

    Parameters
    ----------
    scores : DataFrame of shape (n_regulators, n_outputs)
        Scores.
    k : int
        How many rows.
    output : str, int or None, default=None
        Rank by this output; None ranks by the mean absolute score over outputs.

    Returns
    -------
    DataFrame of shape (k, n_outputs)
        Rows of `scores`, the largest first.
    """
    check_scalar(k, "k", Integral, min_val=1)
    if output is None:
        return scores.loc[importance_of(scores).index[:k]]
    (position,) = positions_of(output, scores.columns, "output")
    order = np.argsort(-np.abs(scores.iloc[:, position].to_numpy()), kind="stable")
    return scores.iloc[order[:k]]


class _Total:
    """Sums over genes.

    Parameters
    ----------
    explained : ExplainedRegulators
        What is explained.
    aggregation : {"signed", "absolute"} or None
        What is summed, and whether the contributions of every gene are kept.
    """

    def __init__(self, explained, aggregation):
        shape = len(explained.model.features), len(explained.outputs)
        self._absolute = aggregation == "absolute"
        self.sums = np.zeros(shape)
        self.contributions = None
        self.delta = self.residual = 0.0
        if aggregation is None:
            n_genes = len(explained.model.genes)
            check_size((n_genes, shape[0]), shape[1])
            self.contributions = np.zeros((n_genes, *shape), dtype=np.float32)

    def add(self, one):
        """Take in the contributions to one gene."""
        self.sums[one.groups] += np.abs(one.contributions) if self._absolute else one.contributions
        error = one.contributions.sum(axis=0, dtype=np.float64) - one.delta
        self.delta = max(self.delta, np.abs(one.delta).max())
        self.residual = max(self.residual, np.abs(error).max())
        if self.contributions is not None:
            self.contributions[one.sample, one.groups] = one.contributions
