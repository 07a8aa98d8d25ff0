"""Landmark genes by autoencoder and DeepLIFT."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.base import _fit_context as fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions

from skgenes.feature_selection._auto_size import automatic_size
from skgenes.feature_selection._gene_sums import GeneSums, correlation
from skgenes.feature_selection._group_weights import effective_size, group_weights
from skgenes.feature_selection._panel import PanelMixin, forget, rank_genes
from skgenes.feature_selection._panel_wishes import WishesMixin, mean_and_constant
from skgenes.feature_selection._ranked_panel import ranked_panel
from skgenes.feature_selection._reconstructed_genes import reconstructed_cross
from skgenes.feature_selection._smoothed_genes import chosen_penalty, shared_target
from skgenes.inspection import deeplift
from skgenes.inspection._panel_labels import read_labels
from skgenes.neural_network import GeneAutoEncoder
from skgenes.utils import atomic_fit, seed_sequence, validate_expression, with_names

_DEFAULT_NETWORKS = {
    "importance": {},
    "reconstruction": {
        "activation": "tanh",
        "loss": "mean_squared_error",
        "dropout": 0.5,
        "dropout_position": "input",
        "early_stopping": True,
        "validation_fraction": 0.1,
    },
}
# Chosen once, for all data: see the tables under Panels in the documentation.
_OWN = 0.25


class AutoEncoderDeepLIFTSelector(
    CallbackSupportMixin, WishesMixin, PanelMixin, MetaEstimatorMixin, BaseEstimator
):
    """Select genes by an autoencoder, and explain its bottleneck by DeepLIFT.

    An autoencoder learns the transcriptome, and DeepLIFT attributes its bottleneck to the genes.
    The panel is either the one from which ridge regression best infers what the network has
    learnt, the default, or, as in Kong et al. (2021), the genes with the largest mean absolute
    contribution.

    Parameters
    ----------
    n_features_to_select : int, float, "auto" or None, default=None
        Size of the panel: a number of genes, a share of them in (0, 1], or None for half. "auto"
        finds by cross-validation how many are enough, of at most 200 and half of the genes: the
        size to which more add nothing certain, or less than a twentieth of what is reached, as
        `skgenes.inspection.PanelSizeCurve.auto_size` says.
        The network is then trained once for every fold.
    strategy : {"reconstruction", "importance"}, default="reconstruction"
        "reconstruction" adds genes one by one, each the one that raises most what a ridge
        regression from the panel explains of all genes, each taken halfway between what the
        autoencoder makes of it and what `GreedyPanelSelector` takes for it: a gene that says what
        others in the panel say already is not taken. A quarter of what is left of the gene's own
        variance counts besides: once in the panel it need not be inferred. "importance" is the
        paper's ranking by `importances_`.
    autoencoder : GeneAutoEncoder or None, default=None
        The network to train. None is ``GeneAutoEncoder()``, the paper's, for "importance", and
        for "reconstruction" one that learns to remove noise, see Notes.
    penalty : float or "auto", default="auto"
        Ridge penalty of "reconstruction", in units of a gene's variance. "auto" is three times
        the odds of sampling noise, as in `GreedyPanelSelector`.
    reference : {"mean", "median", "zeros"} or array-like of shape (n_features,), default="mean"
        Reference sample of DeepLIFT: of the training samples, or given.
    aggregation : {"absolute", "signed"}, default="absolute"
        Whether absolute or signed contributions are averaged over samples. Signed ones cancel
        where a gene acts in both directions and pick quite other genes.
    after_activation : bool, default=False
        Whether to explain the bottleneck after its activation or before.
    must_include : None or sequence of str or int, default=None
        Genes, by name or column, that are in the panel whatever their importance. With
        "reconstruction" the others are chosen to complement them.
    exclude : None or sequence of str or int, default=None
        Genes, by name or column, that are never in the panel.
    min_mean, max_mean : float or None, default=None
        Window of mean expression, in the unit of X, that genes of the panel must lie in. Genes
        of `must_include` need not.
    cv : int, splitter or iterable, default=5
        Folds of "auto"; an int is a number of shuffled folds. To keep donors apart pass
        ``list(GroupKFold(5).split(X, groups=donors))``.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        If not None, overrides the autoencoder's. Shuffles the folds of "auto".

    Attributes
    ----------
    importances_ : ndarray of float64 of shape (n_features_in_,)
        Mean over bottleneck units of the absolute `contributions_`.
    ranking_ : ndarray of int of shape (n_features_in_,)
        Rank of every gene, 1 for the best. Genes of `must_include` come first, those that cannot
        be in the panel last. A panel of any size up to that selected is where
        ``ranking_ <= size``; with "importance", of any size.
    support_ : ndarray of bool of shape (n_features_in_,)
        The panel.
    gains_ : ndarray of float64 of shape (n_selected,)
        What each gene of the panel added, in the order of ranks: explained variance of what genes
        share, where each gene as measured has variance 1. Only there with "reconstruction".
    penalty_ : float
        The penalty used. Only there with "reconstruction".
    n_features_ : int
        Size of the panel.
    cv_results_ : dict of str to ndarray of shape (n_sizes,)
        What "auto" found on held-out samples: "n_features", the sizes; "mean_r2_shared",
        "mean_pcc_shared", "mean_r2", "mean_pcc" and "mean_mae" over folds and the same with
        "std_", as in `skgenes.inspection.PanelSizeCurve`; "share_of_ceiling". Only there with
        ``n_features_to_select="auto"``.
    contributions_ : ndarray of float64 of shape (n_features_in_, n_units)
        Mean contribution of every gene to every bottleneck unit, absolute unless
        ``aggregation="signed"``.
    residual_ : float
        Largest deviation from summation to delta, relative to the largest difference from the
        reference's output; rounding alone.
    autoencoder_ : GeneAutoEncoder
        The trained network.
    loss_curve_ : list of float
        Training loss of the autoencoder in every epoch.
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    GreedyPanelSelector : The same search without a network.
    skgenes.compose.LandmarkReconstructor : Infers all other genes from the panel.

    Notes
    -----
    With "importance" genes are ranked one by one, so that the panel may hold many genes that say
    the same: on five of seven real data sets a random panel of the same size inferred the other
    genes better. "reconstruction" was better than both, and in the mean of five splits than greedy
    column-subset selection on every set, for 25, 50 and 100 of 1,000 and of 3,000 genes.
    `GreedyPanelSelector` comes close, within 3 thousandths of correlation on average, and is
    faster. Contributions as weights of the candidates made hardly a difference, to narrow them
    down made the panels worse, so that they have no part in the search: they tell what the chosen
    genes mean to the network. The figures are in the documentation, under Panels.

    In the terms of `GreedyPanelSelector`, "reconstruction" adds the gene of the largest gain, for
    the mean of its target T and of the reconstruction, plus a quarter of the gene's variance that
    the panel leaves. It holds four matrices of genes x genes: 3.2 GB for 10,000 genes. Its default
    network is ``GeneAutoEncoder(activation="tanh", loss="mean_squared_error", dropout=0.5,
    dropout_position="input", early_stopping=True, validation_fraction=0.1)``: half of the genes
    are hidden from it at every step.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_selection import AutoEncoderDeepLIFTSelector
    >>> from skgenes.neural_network import GeneAutoEncoder
    >>> X = np.random.default_rng(0).normal(size=(40, 12)).cumsum(axis=1)
    >>> selector = AutoEncoderDeepLIFTSelector(
    ...     4, autoencoder=GeneAutoEncoder((8, 3), max_iter=5), must_include=[0], random_state=0
    ... )
    >>> selector.fit_transform(X).shape
    (40, 4)
    >>> int(selector.ranking_[0])
    1
    """

    _parameter_constraints = {
        "n_features_to_select": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
            StrOptions({"auto"}),
            None,
        ],
        "strategy": [StrOptions({"reconstruction", "importance"})],
        "autoencoder": [GeneAutoEncoder, None],
        "penalty": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "reference": [StrOptions({"mean", "median", "zeros"}), "array-like"],
        "aggregation": [StrOptions({"absolute", "signed"})],
        "after_activation": ["boolean"],
        "must_include": ["array-like", str, Integral, None],
        "exclude": ["array-like", str, Integral, None],
        "min_mean": [Interval(Real, None, None, closed="neither"), None],
        "max_mean": [Interval(Real, None, None, closed="neither"), None],
        "cv": ["cv_object"],
        "layer": [str, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_features_to_select=None,
        *,
        strategy="reconstruction",
        autoencoder=None,
        penalty="auto",
        reference="mean",
        aggregation="absolute",
        after_activation=False,
        must_include=None,
        exclude=None,
        min_mean=None,
        max_mean=None,
        cv=5,
        layer=None,
        random_state=None,
    ):
        self.n_features_to_select = n_features_to_select
        self.strategy = strategy
        self.autoencoder = autoencoder
        self.penalty = penalty
        self.reference = reference
        self.aggregation = aggregation
        self.after_activation = after_activation
        self.must_include = must_include
        self.exclude = exclude
        self.min_mean = min_mean
        self.max_mean = max_mean
        self.cv = cv
        self.layer = layer
        self.random_state = random_state

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, groups=None):
        """Train the autoencoder, explain it and rank the genes.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Training samples.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), str or None, default=None
            Group of each sample, such as its cell type or tissue; a str names a column of
            ``X.obs``. Each weighs the same, whatever its number of samples, so that the genes of
            a rare one are not left behind; the autoencoder sees every sample as often
            as any other. Not for "importance". None weighs all samples the same.

        Returns
        -------
        AutoEncoderDeepLIFTSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If X is not a finite matrix of at least two samples, the panel cannot have the size
            asked for, a gene of `must_include` or `exclude` is unknown, in both, or constant
            though it must be included, a group has a single sample, groups are given for
            "importance", a panel without penalty is larger than the rank of X, or training
            diverges; the selector is then left as it was.
        """
        source = X
        forget(self, "cv_results_", "gains_", "penalty_")
        X = validate_expression(self, X, reset=True, layer=self.layer, ensure_min_samples=2)
        labels = read_labels(groups, source, X.shape[0], "groups")
        self._check_groups(labels)
        weights = group_weights(labels, X.shape[0])
        wishes = self._wishes(X.shape[1], getattr(self, "feature_names_in_", None))
        moments, size = mean_and_constant(X), wishes.size
        if size is None:
            seed = int(seed_sequence(self.random_state).generate_state(1)[0])
            size, self.cv_results_ = automatic_size(self, X, labels, seed)
        barred = wishes.barred(*moments, size)
        named = with_names(X, wishes.names)
        self.autoencoder_ = self._fit_autoencoder(named)
        result = deeplift(
            self.autoencoder_,
            named,
            reference=self.reference,
            aggregation=self.aggregation,
            after_activation=self.after_activation,
        )
        self.contributions_ = result.contributions
        self.residual_ = result.relative_residual
        self.importances_ = np.abs(result.contributions).mean(axis=1)
        if self.strategy == "importance":
            self.ranking_ = rank_genes(self.importances_, wishes.included, np.flatnonzero(barred))
        else:
            self._search(X, weights, size, wishes.included, barred)
        self.n_features_, self.support_ = size, self.ranking_ <= size
        self.loss_curve_ = self.autoencoder_.loss_curve_
        return self

    def _check_groups(self, groups):
        if groups is not None and self.strategy == "importance":
            raise ValueError(
                'groups were given, but strategy="importance" ranks genes by their contributions '
                'in all samples alike. Leave groups out, or choose strategy="reconstruction".'
            )

    def _search(self, X, weights, size, included, barred):
        """Rank by what genes add to the panel."""
        sums = GeneSums(X.shape[1]).update(X, weights)
        gram, mean, deviations = correlation(sums), sums.mean, sums.deviations()
        # Genes x genes matrices are large: four at a time will do.
        del sums
        n_samples = effective_size(weights)
        self.penalty_ = chosen_penalty(self.penalty, gram, n_samples)
        shared = shared_target(gram, self.penalty_, n_samples)
        cross = reconstructed_cross(X, self._reconstruct, mean, deviations, weights)
        cross += shared
        cross /= 2
        del shared
        self.ranking_, self.gains_ = ranked_panel(
            gram, cross, self.penalty_, size, included, barred, _OWN
        )

    def _reconstruct(self, batch):
        return self.autoencoder_.decoder_.predict(self.autoencoder_.encoder_.predict(batch))

    def _fit_autoencoder(self, X):
        if self.autoencoder is not None:
            autoencoder = clone(self.autoencoder)
        else:
            autoencoder = GeneAutoEncoder(**_DEFAULT_NETWORKS[self.strategy])
        # X is a matrix by now, whatever layer it came from.
        autoencoder.set_params(layer=None)
        if self.random_state is not None:
            autoencoder.set_params(random_state=self.random_state)
        context = self._init_callback_context(max_subtasks=1)
        context.call_on_fit_task_begin(estimator=self, X=X)
        training = context.subcontext(task_name="train-autoencoder")
        with training.propagate_callback_context(autoencoder):
            autoencoder.fit(X)
        context.call_on_fit_task_end(estimator=self, X=X)
        return autoencoder
