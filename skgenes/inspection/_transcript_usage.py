"""Which regulators tell the transcripts of a gene apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import validate_params

from skgenes.inspection._explained_regulators import explain_regulators
from skgenes.inspection._regulator_scores import SCORE_CONSTRAINTS, importance_of, top_of
from skgenes.utils._messages import listed


@dataclass(frozen=True)
class TranscriptUsageScores:
    """How much each regulator's contribution differs between the transcripts of a gene.

    Parameters
    ----------
    scores : DataFrame of float64 of shape (n_regulators, n_outputs)
        Variance over the transcripts of a gene, mean over genes, in the squared unit of the
        output. Its index has the levels "part" and "regulator"; masks are not in it.
    mask_scores : DataFrame of float64 of shape (n_masks, n_outputs)
        The same of the masks.
    n_genes : int
        Genes with several transcripts, those averaged over.
    n_single : int
        Genes with one transcript, which do not count.
    """

    scores: pd.DataFrame
    mask_scores: pd.DataFrame
    n_genes: int
    n_single: int

    @property
    def importance(self):
        """Overall importance of every regulator.

        Returns
        -------
        Series of float64 of length n_regulators
            Mean score over outputs, the largest first.
        """
        return importance_of(self.scores)

    def top(self, k=10, output=None):
        """Scores of the regulators that matter most, see `RegulatorScores.top`.

        Parameters
        ----------
        k : int, default=10
            How many; all, if there are fewer.
        output : str, int or None, default=None
            Rank by this output; None ranks by `importance`.

        Returns
        -------
        DataFrame of float64 of shape (k, n_outputs)
            Rows of `scores`, the most important first.
        """
        return top_of(self.scores, k, output)


@validate_params(SCORE_CONSTRAINTS, prefer_skip_nested_validation=True)
def transcript_usage_scores(estimator, X, gene_of_transcript, *, reference="no_site", outputs=None):
    r"""Contribution of every regulator to differences between the transcripts of a gene.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted on transcripts.
    X : RegulatoryTracks or matrix of shape (n_transcripts, n_features)
        Transcripts to explain.
    gene_of_transcript : mapping or Series, or sequence of shape (n_transcripts,)
        The gene of each transcript: by the transcript's name, or in the order of X.
    reference : "no_site", RegulatoryTracks or array-like, default="no_site"
        The transcript to compare with, see `regulator_scores`.
    outputs : str, int, sequence of these, or None, default=None
        Keep only these outputs, given by name or position; None explains all.

    Returns
    -------
    TranscriptUsageScores
        Scores, and how many genes they are of.

    Raises
    ------
    ValueError
        If a transcript has no gene, or no gene has several transcripts.

    See Also
    --------
    regulator_scores : Contributions themselves.

    Notes
    -----
    With the DeepLIFT contribution :math:`C_{tfo}` of feature f to output o of transcript t and
    the transcripts :math:`T_g` of gene g, the score is

    .. math:: \frac{1}{G} \sum_g \frac{1}{|T_g|} \sum_{t \in T_g} (C_{tfo} - \bar C_{gfo})^2

    over the G genes with several transcripts. Memory is bounded by the transcripts of one gene.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import transcript_usage_scores
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.poisson(0.5, (300, 8))
    >>> y = X[:, [5]] + 0.1 * rng.normal(size=(300, 2))
    >>> model = DEcodeRegressor(((16, 1),), n_init=1, random_state=0).fit(X, y)
    >>> result = transcript_usage_scores(model, X, np.arange(300) // 3)
    >>> result.n_genes, result.importance.index[0]
    (100, ('counts', 'x5'))
    """
    explained = explain_regulators(estimator, X, reference, outputs)
    model = explained.model
    codes = _gene_codes(gene_of_transcript, model.genes)
    n_transcripts = np.bincount(codes)
    several = n_transcripts > 1
    if not several.any():
        raise ValueError(
            f"None of the {len(several)} genes has more than one transcript in X; there are no "
            "differences within a gene to explain."
        )
    order = np.argsort(codes, kind="stable")
    order = order[several[codes[order]]]
    samples = explained.explainer.iter_samples(model.inputs()[order])
    shape = len(model.features), len(explained.outputs)
    total = np.zeros(shape)
    for n in n_transcripts[several]:
        contributions = np.zeros((n, *shape), dtype=np.float32)
        for row in contributions:
            one = next(samples)
            row[one.groups] = one.contributions
        total += contributions.var(axis=0, dtype=np.float64)
    means = pd.DataFrame(total / several.sum(), index=model.features, columns=explained.outputs)
    return TranscriptUsageScores(
        scores=means[~model.masks],
        mask_scores=means[model.masks],
        n_genes=int(several.sum()),
        n_single=int((~several).sum()),
    )


def _gene_codes(gene_of_transcript, transcripts):
    """Number of the gene of each transcript."""
    if isinstance(gene_of_transcript, Mapping | pd.Series):
        known = pd.Series(gene_of_transcript)
        repeated = known.index[known.index.duplicated()].unique()
        if len(repeated):
            raise ValueError(
                f"gene_of_transcript names {len(repeated)} transcript(s) more than once: "
                f"{listed(repeated)}."
            )
        genes = known.reindex(transcripts).to_numpy()
    else:
        # Of objects: in an array of strings a missing value would be "nan".
        genes = np.asarray(gene_of_transcript, dtype=object)
    if genes.shape != (len(transcripts),):
        raise ValueError(
            f"gene_of_transcript must have one gene for each of the {len(transcripts)} "
            f"transcripts, got an array of shape {genes.shape}."
        )
    codes, _ = pd.factorize(genes)
    missing = transcripts[codes < 0]
    if missing.size:
        raise ValueError(
            f"gene_of_transcript has no gene for {missing.size} transcript(s): {listed(missing)}."
        )
    return codes
