"""Per-gene metrics as scorers for ``scoring=`` in scikit-learn's searches and validations."""

from sklearn.pipeline import Pipeline

from skgenes.metrics._moments import correlation
from skgenes.metrics._per_gene import mean_defined, pair_moments, per_gene_mean_absolute_error
from skgenes.metrics._permutation import gene_permutation_test


class GeneScorer:
    """A per-gene metric as a scorer; greater is better.

    Parameters
    ----------
    metric : callable
        Given (y_true, y_pred), of shape (n_samples, n_genes), returns a float. A function of a
        module, for the scorer to be pickled.
    description : str
        What the score is, for the repr.
    measured : bool, default=False
        Whether an estimator that measures some genes and infers the others is scored on all of
        them. Measured genes count as known exactly, so that panels of different sizes can be
        compared.

    See Also
    --------
    neg_per_gene_mae_scorer : The mean absolute error, negated.
    per_gene_pearson_scorer : The mean correlation.
    all_genes_pearson_scorer : The mean correlation, measured genes included.
    significant_genes_scorer : The fraction of genes which pass the permutation test.

    Notes
    -----
    Which tables are compared:

    - An estimator with a method ``observed_and_inferred(X, measured=...)``, which returns
      (y_true, y_pred), is scored on those: it was fitted on `X` alone, and a `y` given is not
      looked at. The last step of a Pipeline is asked with `X` transformed by the steps before, so
      the values compared are on the transformed scale. A fitted search is asked through its
      ``best_estimator_``.
    - Any other estimator is scored on `y` and ``predict(X)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_val_score
    >>> from skgenes.metrics import per_gene_pearson_scorer
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> Y = X @ np.ones((4, 3))
    >>> cross_val_score(Ridge(), X, Y, scoring=per_gene_pearson_scorer, cv=3).round(2)
    array([1., 1., 1.])
    """

    def __init__(self, metric, description, *, measured=False):
        self.metric = metric
        self.description = description
        self.measured = measured

    def __call__(self, estimator, X, y=None):
        """Score a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``observed_and_inferred`` or ``predict``.
        X : array-like of shape (n_samples, n_features)
            Samples to score it on, in the unit it was fitted on.
        y : array-like of shape (n_samples, n_genes) or None, default=None
            Measured expression of the genes predicted, in the unit of the predictions.

        Returns
        -------
        float
            The score; NaN if it is defined for no gene.

        Raises
        ------
        TypeError
            If there is nothing to compare: no ``observed_and_inferred``, and no `y` or ``predict``.

        Warns
        -----
        UndefinedMetricWarning
            Once, with the number of genes whose score is undefined, if there are any.
        """
        return self.metric(*tables_to_compare(estimator, X, y, self.measured))

    def __repr__(self):
        return f"<GeneScorer: {self.description}, greater is better>"


def tables_to_compare(estimator, X, y, measured):
    """What a `GeneScorer` compares.

    Parameters
    ----------
    estimator : estimator
        Fitted, with ``observed_and_inferred`` or ``predict``.
    X : array-like of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples, n_genes) or None
        Measured expression, for an estimator with ``predict`` alone.
    measured : bool
        Whether to include the genes that are measured.

    Returns
    -------
    y_true, y_pred : array-like of shape (n_samples, n_genes)
        Measured and predicted expression.

    Raises
    ------
    TypeError
        If there is nothing to compare.
    """
    model, steps = _last_step(estimator)
    if hasattr(model, "observed_and_inferred"):
        for step in steps:
            X = step.transform(X)
        return model.observed_and_inferred(X, measured=measured)
    name = type(estimator).__name__
    if not hasattr(estimator, "predict"):
        raise TypeError(
            f"{name} cannot be scored: it has neither observed_and_inferred(X) nor predict(X)."
        )
    if y is None:
        raise TypeError(
            f"{name} has no observed_and_inferred(X), so its predictions are compared with y, but "
            "y is None; pass y, of shape (n_samples, n_genes)."
        )
    return y, estimator.predict(X)


def _last_step(estimator):
    """Return the model inside searches and pipelines, and the fitted transformers before it."""
    transformers = []
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            steps = [step for _, step in estimator.steps]
            transformers += [step for step in steps[:-1] if step not in (None, "passthrough")]
            estimator = steps[-1]
        else:
            return estimator, transformers


def _neg_mean_mae(y_true, y_pred):
    return -float(per_gene_mean_absolute_error(y_true, y_pred).mean())


def _mean_pearson(y_true, y_pred):
    # Not per_gene_pearson: it and mean_defined would each warn of the same genes.
    return mean_defined(correlation(pair_moments(y_true, y_pred)), "The correlation")


def _fraction_significant(y_true, y_pred):
    return gene_permutation_test(y_true, y_pred).fraction_significant


neg_per_gene_mae_scorer = GeneScorer(
    _neg_mean_mae, "mean over genes of the mean absolute error, negated"
)
per_gene_pearson_scorer = GeneScorer(_mean_pearson, "mean over genes of the Pearson correlation")
all_genes_pearson_scorer = GeneScorer(
    _mean_pearson,
    "mean over all genes of the Pearson correlation, 1 for genes that are measured",
    measured=True,
)
significant_genes_scorer = GeneScorer(
    _fraction_significant, "fraction of genes which pass the permutation test at alpha 0.01"
)
