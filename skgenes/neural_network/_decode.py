"""DEcode as a regressor."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.base import _fit_context as fit_context
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skgenes.feature_extraction._same_genes import check_same_genes
from skgenes.networks import MatrixSource, TrainingOptions, branched_to_keras
from skgenes.neural_network._base import (
    TRAINING_CONSTRAINTS,
    EpochReporter,
    NetworkMixin,
)
from skgenes.neural_network._decode_start import make_start
from skgenes.neural_network._decode_training import (
    branch_values,
    least_error,
    split_genes,
    train_runs,
)
from skgenes.neural_network._folded_view import FoldedViewMixin
from skgenes.neural_network._gene_inputs import open_genes, output_names
from skgenes.utils import atomic_fit, check_targets, seed_sequence


class DEcodeRegressor(NetworkMixin, FoldedViewMixin, RegressorMixin, BaseEstimator):
    r"""Network that predicts the expression of genes from the regulators that bind them.

    DEcode of Tasaki et al. (2020): linear convolutions along the promoter and along the RNA of a
    gene, summed over positions, under two dense layers. Samples are genes; outputs are tissues,
    persons or contrasts.

    Parameters
    ----------
    promoter_convolutions : sequence of (int, int), default=((120, 1),) * 5
        Filters and kernel size of each convolution along the promoter, in bins. Also used for a
        matrix of counts, which is taken as one bin for each gene.
    rna_convolutions : sequence of (int, int), default=((160, 2), (160, 2))
        The same along the RNA.
    hidden_layer_sizes : sequence of int, default=(160, 160)
        Width of the dense layers, each with ReLU and, after it, batch normalisation.
    conv_activation : {"identity", "relu", "elu", "tanh"}, default="identity"
        After every convolution. "identity" is the paper's; anything else has to convolve, which
        takes far longer.
    log_counts : bool, default=False
        Whether the network sees ``log(1 + s)`` of the sums s of bound bases instead of the sums;
        only with linear convolutions.
    base_estimator : DEcodeRegressor or None, default=None
        A fitted one whose branches are kept: the head alone is trained. Wrap it in
        `sklearn.frozen.FrozenEstimator`, so that it stays fitted when this estimator is cloned.
        The convolutions are then those of `base_estimator`.
    n_init : int, default=10
        Number of runs from different random weights.
    combine : {"best", "mean"}, default="best"
        Whether to keep the run with the least validation error, as the paper does, or to average
        the predictions of all.
    dropout : float, default=0.0
        Share of units dropped before every dense layer but the first.
    alpha : float, default=0.0
        Weight of the sum of the squared weights; the paper has none.
    learning_rate_init : float, default=0.001
        Learning rate of Adam.
    batch_size : int, default=128
        Genes in a batch, at least 2.
    max_iter : int, default=100
        The most epochs of a run.
    early_stopping : bool, default=True
        Whether a run stops when the validation error no longer falls.
    validation_fraction : float, default=0.1
        Share of genes held out; the weights of the epoch with the least squared error on them are
        kept. 0 trains on all genes and keeps the last weights.
    n_iter_no_change : int, default=10
        Epochs to wait before stopping early.
    tol : float, default=0.0
        The least fall of the validation error that counts.
    layer : str or None, default=None
        Layer to read when X or y is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of genes, dropout and validation split.

    Attributes
    ----------
    runs_ : tuple of BranchedNetwork
        The run kept, or all of them; predictions are their mean.
    validation_errors_ : ndarray of float64 of shape (n_init,)
        Least validation error of every run: squared error, averaged over genes and outputs. The
        last training loss where no genes are held out.
    loss_curve_ : list of float
        Mean training loss of every epoch of the best run.
    validation_curve_ : list of float
        Validation error after every epoch of the best run.
    n_iter_ : int
        Number of epochs of the best run.
    output_names_ : ndarray of shape (n_outputs,)
        Names of the columns of y, or of a Series; their positions where they have none.
    regulators_in_ : dict of str to ndarray of str of shape (n_features,)
        Names of the features of "promoter" and "rna", masks first, or of "counts".
    n_features_in_ : int
        Number of features seen during fit, of all parts.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns of a matrix. Only there if it had string names.

    See Also
    --------
    skgenes.feature_extraction.regulatory_tracks : Makes X.
    skgenes.preprocessing.FoldChangeTransformer : Makes y.
    skgenes.inspection.regulator_scores : Regulators behind the predictions.

    Notes
    -----
    A branch of linear convolutions with kernels :math:`W^1, W^2`, summed over positions, is
    :math:`\sum_{i,j} S_{i+j} W^1_i W^2_j`, with S_d the sum of the gene's bins from the d-th on.
    Training and predictions use these few sums, so that nothing is convolved or padded and no
    prediction depends on other genes of its batch. The sums stay sparse; `to_keras` gives the
    model that convolves. Each gene counts as followed by empty bins, which the authors' program
    has only for genes shorter than others of their batch.

    The target is a squared error, averaged over outputs: y should be scaled, as
    `FoldChangeTransformer` does. Genes of y in another order than those of X are noticed by their
    names, but not inside scikit-learn's TransformedTargetRegressor, which takes names away.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> sites = rng.poisson(1.0, size=(200, 12))
    >>> log_fold_changes = sites @ rng.normal(size=(12, 3))
    >>> decode = DEcodeRegressor(((16, 1),), n_init=2, batch_size=32, random_state=0)
    >>> decode.fit(sites, log_fold_changes).predict(sites).shape
    (200, 3)
    """

    loss_name = "squared error"

    _parameter_constraints = {
        name: TRAINING_CONSTRAINTS[name]
        for name in TRAINING_CONSTRAINTS
        if name not in ("solver", "standardize")
    } | {
        "promoter_convolutions": ["array-like"],
        "rna_convolutions": ["array-like"],
        "conv_activation": [StrOptions({"identity", "relu", "elu", "tanh"})],
        "log_counts": ["boolean"],
        "base_estimator": [HasMethods(["fit", "predict"]), None],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "combine": [StrOptions({"best", "mean"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        # One gene alone cannot be normalised.
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        promoter_convolutions=((120, 1),) * 5,
        rna_convolutions=((160, 2), (160, 2)),
        hidden_layer_sizes=(160, 160),
        *,
        conv_activation="identity",
        log_counts=False,
        base_estimator=None,
        n_init=10,
        combine="best",
        dropout=0.0,
        alpha=0.0,
        learning_rate_init=1e-3,
        batch_size=128,
        max_iter=100,
        early_stopping=True,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        layer=None,
        random_state=None,
    ):
        self.promoter_convolutions = promoter_convolutions
        self.rna_convolutions = rna_convolutions
        self.hidden_layer_sizes = hidden_layer_sizes
        self.conv_activation = conv_activation
        self.log_counts = log_counts
        self.base_estimator = base_estimator
        self.n_init = n_init
        self.combine = combine
        self.dropout = dropout
        self.alpha = alpha
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.layer = layer
        self.random_state = random_state

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, groups=None, validation=None):
        """Learn to predict expression from binding sites.

        Parameters
        ----------
        X : RegulatoryTracks, ndarray, DataFrame, sparse matrix or AnnData of shape \
(n_genes, n_features)
            Training genes: tracks, or counts of each regulator's sites.
        y : array-like, DataFrame, sparse matrix or AnnData of shape (n_genes, n_outputs) or \
(n_genes,)
            Their targets, such as what `FoldChangeTransformer` returns. Rows named otherwise than
            the genes of tracks are an error.
        groups : array-like of shape (n_genes,) or None, default=None
            Groups, such as chromosomes: `validation_fraction` of them are held out as a whole.
        validation : array-like of bool of shape (n_genes,) or None, default=None
            The genes to hold out, if not at random.

        Returns
        -------
        DEcodeRegressor
            The fitted estimator.

        Raises
        ------
        TypeError
            If `base_estimator` is something else, or y is tracks.
        ValueError
            If X or y is not finite, other tables name other genes than X or in another order,
            there are fewer than two genes, the features are not those of `base_estimator`, or
            training diverges; the estimator is then left as it was.
        """
        passed = {"X": X, "y": y}
        genes = open_genes(self, X, reset=True)
        check_same_genes(X, {"y": y, "groups": groups, "validation": validation})
        targets = check_targets(y, genes.n_genes, self.layer)
        self._y_ndim = targets.ndim
        targets = targets.reshape(-1, 1) if targets.ndim == 1 else targets
        self.output_names_ = output_names(y, targets.shape[1])
        split_seed, train_seeds = seed_sequence(self.random_state).spawn(2)
        train_rows, validation_rows = split_genes(
            self, genes.n_genes, split_seed, groups, validation
        )
        start = make_start(self, genes, targets.shape[1])
        reporter = EpochReporter(
            self, passed, lambda network: {"runs_": (start.finish(network),)}, self.n_init
        )
        results = train_runs(
            start,
            self.n_init,
            MatrixSource(targets),
            self._options(),
            train_seeds,
            reporter,
            train_rows=train_rows,
            validation_rows=validation_rows,
        )
        reporter.finish()
        self.validation_errors_ = np.array([least_error(result) for result in results])
        best = results[self.validation_errors_.argmin()]
        kept = results if self.combine == "mean" else [best]
        self.runs_ = tuple(result.network for result in kept)
        self._keep_course(best)
        return self

    def fine_tune(self, X, y, groups=None, validation=None):
        """Train a new head for other outputs on the branches of this estimator.

        Parameters
        ----------
        X : RegulatoryTracks, ndarray, DataFrame, sparse matrix or AnnData of shape \
(n_genes, n_features)
            Training genes, with the features seen during fit.
        y : array-like, DataFrame, sparse matrix or AnnData of shape (n_genes, n_outputs) or \
(n_genes,)
            Their targets: any outputs.
        groups : array-like of shape (n_genes,) or None, default=None
            As in `fit`.
        validation : array-like of bool of shape (n_genes,) or None, default=None
            As in `fit`.

        Returns
        -------
        DEcodeRegressor
            A new estimator, with this one as its frozen `base_estimator`.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        check_is_fitted(self)
        other = clone(self).set_params(base_estimator=FrozenEstimator(self))
        return other.fit(X, y, groups=groups, validation=validation)

    def predict(self, X):
        """Predict expression.

        Parameters
        ----------
        X : RegulatoryTracks, ndarray, DataFrame, sparse matrix or AnnData of shape \
(n_genes, n_features)
            Genes, with the features seen during fit.

        Returns
        -------
        ndarray of float64 of shape (n_genes, n_outputs), or (n_genes,) if y had one dimension
            Predictions, in the unit of y. Those of a gene do not depend on the others.

        Raises
        ------
        ValueError
            If X has other features than in fit.
        """
        check_is_fitted(self)
        genes = open_genes(self, X, reset=False)
        values = branch_values(self.runs_, genes, self.log_counts)
        heads = [run.head() for run in self.runs_]
        predicted = np.mean(
            [head.predict(each) for head, each in zip(heads, values, strict=True)], axis=0
        )
        return predicted[:, 0] if self._y_ndim == 1 else predicted

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination of the predictions, averaged over outputs.

        Parameters
        ----------
        X : RegulatoryTracks, ndarray, DataFrame, sparse matrix or AnnData of shape \
(n_genes, n_features)
            Genes, with the features seen during fit.
        y : array-like, DataFrame or AnnData of shape (n_genes, n_outputs) or (n_genes,)
            Their targets.
        sample_weight : array-like of shape (n_genes,) or None, default=None
            Weights of genes.

        Returns
        -------
        float
            R2, 1 at best.

        Raises
        ------
        ValueError
            If X and y name other genes, or in another order, or X has other features than in fit.
        """
        check_same_genes(X, {"y": y})
        y = check_targets(y, X.shape[0], self.layer)
        return super().score(X, y, sample_weight)

    def fold(self, X):
        """Sums that the linear convolutions reduce every gene to: what `networks_` take.

        Parameters
        ----------
        X : RegulatoryTracks, ndarray, DataFrame, sparse matrix or AnnData of shape \
(n_genes, n_features)
            Genes, with the features seen during fit.

        Returns
        -------
        csr_array of shape (n_genes, n_columns), float32
            For each part the sums over all bins, then those without the first bin, and so on, in
            the unit of X; their ``log(1 + s)`` with `log_counts`.

        Raises
        ------
        ValueError
            If X has other features than in fit, or convolutions are not linear.
        """
        check_is_fitted(self)
        if self.runs_[0].conv_activation != "identity":
            raise ValueError(
                "Only linear convolutions come down to a few sums for each gene, these have "
                f"conv_activation={self.runs_[0].conv_activation!r}. Explain to_keras() instead."
            )
        return open_genes(self, X, reset=False).fold(self.depths_, self.log_counts)

    def to_keras(self):
        """Copy the networks into a Keras model that convolves.

        Returns
        -------
        keras.Model
            Not compiled; takes an array (n_genes, n_bins, n_features) for each part, genes ending
            in any number of empty bins.

        Raises
        ------
        ValueError
            With `log_counts`: the logarithm of a sum is no convolution.
        """
        check_is_fitted(self)
        if self.log_counts:
            raise ValueError(
                "With log_counts=True the network takes logarithms of sums, which no convolution "
                "can return. Export skgenes.networks.to_keras(networks_[0]), which takes fold(X)."
            )
        n_features = [len(names) for names in self.regulators_in_.values()]
        return branched_to_keras(self.runs_, n_features, list(self.regulators_in_))

    def _options(self):
        return TrainingOptions(
            loss="mean_squared_error",
            monitor="mean_squared_error",
            dropout=(0.0, *[self.dropout] * len(self.hidden_layer_sizes)),
            solver="adam",
            learning_rate_init=self.learning_rate_init,
            batch_size=self.batch_size,
            max_iter=self.max_iter,
            alpha=self.alpha,
            early_stopping=self.early_stopping,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
