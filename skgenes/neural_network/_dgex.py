"""D-GEX as a regressor."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skgenes.networks import (
    DenseNetwork,
    MatrixSource,
    TrainingOptions,
    initial_layers,
    standard_scaling,
)
from skgenes.neural_network._base import (
    TRAINING_CONSTRAINTS,
    EpochReporter,
    NetworkMixin,
    check_layer_sizes,
    train_estimator,
)
from skgenes.utils import atomic_fit, check_targets, seed_sequence

# Of the paper: for one hidden layer, and for more.
_LEARNING_RATES = (5e-4, 3e-4)
_SCALE_OFFSET = 1e-3
_OUTPUT_LIMIT = 1e-4
_UPPER_RATE = 3.0


class DGEXRegressor(NetworkMixin, RegressorMixin, BaseEstimator):
    """Network that infers the expression of all target genes from that of landmark genes.

    D-GEX of Chen et al. (2016): tanh layers and a linear output trained on the squared error
    summed over targets, by stochastic gradient descent with momentum, keeping the weights with
    the least validation error.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(3000,)
        Width of the tanh layers; the paper has one to three of 3000, 6000 or 9000.
    dropout : float, default=0.1
        Share of units dropped before every layer but the first: no landmark is dropped.
    solver : {"sgd", "adam"}, default="sgd"
        "sgd" is the paper's, with its momentum, its threefold learning rate for all weights but
        those of the first layer, and its learning-rate rule. "adam" has none of them; it suits
        small data.
    learning_rate_init : "auto" or float, default="auto"
        Learning rate of the first epoch. "auto" takes the paper's 5e-4 for one hidden layer and
        3e-4 for more with "sgd", and 1e-3 with "adam".
    momentum : float, default=0.5
        Momentum of "sgd".
    alpha : float, default=0.0
        Weight of the sum of the squared weights; the paper has none.
    batch_size : int, default=200
        Samples in a batch.
    max_iter : int, default=200
        Number of epochs.
    early_stopping : bool, default=False
        Whether to stop when the validation error no longer falls.
    validation_fraction : float, default=0.1
        Share of samples held out; the weights of the epoch with the least mean absolute error on
        them are kept. 0 trains on all samples and keeps the last weights.
    n_iter_no_change : int, default=10
        Epochs to wait before stopping early.
    tol : float, default=0.0
        The least fall of the validation error that counts.
    standardize : bool, default=True
        Whether to bring landmarks and targets to mean 0 and standard deviation 1 (plus 1e-3, as
        the paper does) on the training samples. Predictions come back in the unit of y.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of samples, dropout and validation split.

    Attributes
    ----------
    network_ : DenseNetwork
        From landmarks to targets, as NumPy arrays.
    loss_curve_ : list of float
        Mean training loss of every epoch, in standardised units: squared error of a sample
        summed over targets.
    validation_curve_ : list of float
        Mean absolute validation error after every epoch, in standardised units.
    learning_rates_ : list of float
        Learning rate of every epoch.
    n_iter_ : int
        Number of epochs run.
    n_features_in_ : int
        Number of landmarks seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the landmarks. Only there if X had string names.

    See Also
    --------
    skgenes.compose.LandmarkReconstructor : Selects the landmarks as well.
    skgenes.networks.build_dgex : The same network as a Keras model.

    Notes
    -----
    The cost is ``mean over samples of sum over targets of (y - f(x))**2``. The published learning
    rates hold for this sum; with an error averaged over targets they would be too small by the
    number of targets.

    After each epoch the learning rate falls by a tenth, not below 1e-5, if the mean absolute
    error rose on 5,000 of the training samples (all, if there are fewer), without dropout.

    References
    ----------
    Chen et al. (2016), Bioinformatics 32:1832, doi:10.1093/bioinformatics/btw074, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.neural_network import DGEXRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 5))
    >>> y = X @ rng.normal(size=(5, 8))
    >>> dgex = DGEXRegressor((50,), solver="adam", batch_size=10, max_iter=60, random_state=0)
    >>> dgex.fit(X, y).predict(X).shape
    (60, 8)
    """

    # y may be sparse: batches of it are made dense, not the whole.
    accepts_sparse_targets = True
    loss_name = "squared error summed over targets"

    _parameter_constraints = {
        **TRAINING_CONSTRAINTS,
        "learning_rate_init": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(3000,),
        *,
        dropout=0.1,
        solver="sgd",
        learning_rate_init="auto",
        momentum=0.5,
        alpha=0.0,
        batch_size=200,
        max_iter=200,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        standardize=True,
        layer=None,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.momentum = momentum
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.standardize = standardize
        self.layer = layer
        self.random_state = random_state

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Learn to infer the targets from the landmarks.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_landmarks)
            Expression of the landmarks.
        y : array-like, sparse matrix or AnnData of shape (n_samples, n_targets) or (n_samples,)
            Expression of the targets.

        Returns
        -------
        DGEXRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or y is not finite, their lengths differ, there are fewer than two samples, or
            training diverges; the estimator is then left as it was.
        """
        passed = {"X": X, "y": y}
        X = self._validate(X, reset=True)
        y = check_targets(y, X.shape[0], self.layer)
        self._y_ndim = y.ndim
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        hidden = check_layer_sizes(self.hidden_layer_sizes)
        init_seed, train_seeds = seed_sequence(self.random_state).spawn(2)
        layers = initial_layers(
            (X.shape[1], *hidden, y.shape[1]),
            ("tanh",) * len(hidden) + ("identity",),
            np.random.default_rng(init_seed),
            output_limit=_OUTPUT_LIMIT,
        )
        x_scaling = standard_scaling(X, _SCALE_OFFSET) if self.standardize else None
        y_scaling = standard_scaling(y, _SCALE_OFFSET) if self.standardize else None

        def attributes(network):
            return {"network_": network}

        reporter = EpochReporter(self, passed, attributes)
        result = train_estimator(
            self,
            DenseNetwork(layers, x_scaling, y_scaling),
            MatrixSource(X, x_scaling),
            MatrixSource(y, y_scaling),
            self._options(n_hidden=len(hidden)),
            train_seeds,
            reporter,
        )
        vars(self).update(attributes(result.network))
        self._keep_course(result)
        self.learning_rates_ = result.learning_rates
        return self

    def predict(self, X):
        """Infer the targets.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_landmarks)
            Expression of the landmarks.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_targets), or (n_samples,) if y had one dimension
            Inferred expression, in the unit of y.
        """
        check_is_fitted(self)
        inferred = self.network_.predict(self._validate(X, reset=False))
        return inferred[:, 0] if self._y_ndim == 1 else inferred

    def dense_networks(self):
        """What `skgenes.inspection.deeplift` can explain.

        Returns
        -------
        dict of str to DenseNetwork
            "prediction".
        """
        check_is_fitted(self)
        return {"prediction": self.network_}

    def _learning_rate(self, n_hidden):
        if self.learning_rate_init != "auto":
            return float(self.learning_rate_init)
        return 1e-3 if self.solver == "adam" else _LEARNING_RATES[n_hidden > 1]

    def _options(self, n_hidden):
        as_published = self.solver == "sgd"
        return TrainingOptions(
            loss="summed_squared_error",
            dropout=(0.0, *[self.dropout] * n_hidden),
            solver=self.solver,
            learning_rate_init=self._learning_rate(n_hidden),
            batch_size=self.batch_size,
            max_iter=self.max_iter,
            alpha=self.alpha,
            momentum=self.momentum,
            upper_rate=_UPPER_RATE if as_published else 1.0,
            decay_on_rise=as_published,
            early_stopping=self.early_stopping,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
