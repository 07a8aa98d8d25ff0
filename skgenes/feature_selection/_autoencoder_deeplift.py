"""Landmark genes by autoencoder and DeepLIFT."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.base import _fit_context as fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions

from skgenes.feature_selection._panel import PanelMixin, panel_size, rank_genes, resolve_wishes
from skgenes.inspection import deeplift
from skgenes.neural_network import GeneAutoEncoder
from skgenes.utils import atomic_fit, validate_expression, with_names


class AutoEncoderDeepLIFTSelector(
    CallbackSupportMixin, PanelMixin, MetaEstimatorMixin, BaseEstimator
):
    """Select the genes with the largest influence on an autoencoder's bottleneck.

    Kong et al. (2021): an autoencoder learns the transcriptome, DeepLIFT attributes its
    bottleneck to the genes, and the genes with the largest mean absolute contribution are the
    landmarks. The defaults are the paper's; what it leaves open is a parameter, here or of the
    autoencoder.

    Parameters
    ----------
    n_features_to_select : int, float or None, default=None
        Size of the panel: a number of genes, a share of them in (0, 1], or None for half.
    autoencoder : GeneAutoEncoder or None, default=None
        The network to train; None is ``GeneAutoEncoder()``, the paper's.
    reference : {"mean", "median", "zeros"} or array-like of shape (n_features,), default="mean"
        Reference sample of DeepLIFT: of the training samples, or given.
    aggregation : {"absolute", "signed"}, default="absolute"
        Whether absolute or signed contributions are averaged over samples. Signed ones cancel
        where a gene acts in both directions and pick quite other genes.
    after_activation : bool, default=False
        Whether to explain the bottleneck after its activation or before.
    must_include : None or sequence of str or int, default=None
        Genes, by name or column, that are in the panel whatever their importance.
    exclude : None or sequence of str or int, default=None
        Genes, by name or column, that are never in the panel.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        If not None, overrides the autoencoder's.

    Attributes
    ----------
    importances_ : ndarray of float64 of shape (n_features_in_,)
        Mean over bottleneck units of the absolute `contributions_`.
    ranking_ : ndarray of int of shape (n_features_in_,)
        Rank of every gene, 1 for the best. Genes of `must_include` come first, those of `exclude`
        last, so that a panel of any size is where ``ranking_ <= size``.
    support_ : ndarray of bool of shape (n_features_in_,)
        The panel.
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
    skgenes.compose.LandmarkReconstructor : Infers all other genes from the panel.

    Notes
    -----
    Genes are ranked one by one, so that the panel may hold many genes that say the same. On
    several data sets a random panel of the same size infers other genes better; compare before
    you order probes.

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
            None,
        ],
        "autoencoder": [GeneAutoEncoder, None],
        "reference": [StrOptions({"mean", "median", "zeros"}), "array-like"],
        "aggregation": [StrOptions({"absolute", "signed"})],
        "after_activation": ["boolean"],
        "must_include": ["array-like", str, Integral, None],
        "exclude": ["array-like", str, Integral, None],
        "layer": [str, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_features_to_select=None,
        *,
        autoencoder=None,
        reference="mean",
        aggregation="absolute",
        after_activation=False,
        must_include=None,
        exclude=None,
        layer=None,
        random_state=None,
    ):
        self.n_features_to_select = n_features_to_select
        self.autoencoder = autoencoder
        self.reference = reference
        self.aggregation = aggregation
        self.after_activation = after_activation
        self.must_include = must_include
        self.exclude = exclude
        self.layer = layer
        self.random_state = random_state

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Train the autoencoder and rank the genes.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Training samples.
        y : None
            Ignored.

        Returns
        -------
        AutoEncoderDeepLIFTSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If X is not a finite matrix of at least two samples, the panel cannot have the size
            asked for, a gene of `must_include` or `exclude` is unknown, or training diverges; the
            selector is then left as it was.
        """
        X = validate_expression(self, X, reset=True, layer=self.layer, ensure_min_samples=2)
        size = panel_size(self.n_features_to_select, X.shape[1])
        names = getattr(self, "feature_names_in_", None)
        wishes = resolve_wishes(self.must_include, self.exclude, names, X.shape[1], size)
        X = with_names(X, names)
        self.autoencoder_ = self._fit_autoencoder(X)
        result = deeplift(
            self.autoencoder_,
            X,
            reference=self.reference,
            aggregation=self.aggregation,
            after_activation=self.after_activation,
        )
        self.contributions_ = result.contributions
        self.residual_ = result.relative_residual
        self.importances_ = np.abs(result.contributions).mean(axis=1)
        self.ranking_ = rank_genes(self.importances_, *wishes)
        self.support_ = self.ranking_ <= size
        self.loss_curve_ = self.autoencoder_.loss_curve_
        return self

    def _fit_autoencoder(self, X):
        autoencoder = GeneAutoEncoder() if self.autoencoder is None else clone(self.autoencoder)
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
