"""The autoencoder of Kong et al. as a transformer."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skgenes.metrics import PearsonAccumulator, mean_defined
from skgenes.networks import (
    DenseNetwork,
    MatrixSource,
    TrainingOptions,
    autoencoder_shape,
    initial_layers,
    standard_scaling,
)
from skgenes.neural_network._base import (
    ACTIVATIONS,
    TRAINING_CONSTRAINTS,
    EpochReporter,
    NetworkMixin,
    check_code,
    check_layer_sizes,
    train_estimator,
)
from skgenes.utils import atomic_fit, seed_sequence


class GeneAutoEncoder(
    NetworkMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Autoencoder that compresses a transcriptome into a few bottleneck units.

    The defaults are those of Kong et al. (2021): 500-100-500 sigmoid units, mean absolute error,
    an L2 penalty of 1e-6, 10 % dropout, Adam, 100 epochs. What the paper leaves open is a
    parameter.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(500, 100)
        Width of the encoder's layers, the bottleneck last. The decoder mirrors them.
    activation : {"sigmoid", "tanh", "relu", "elu", "identity"}, default="sigmoid"
        Activation of all hidden layers, the bottleneck included.
    output_activation : {"identity", "sigmoid", "tanh", "relu", "elu"}, default="identity"
        Activation of the reconstruction. Standardised expression cannot come out of a sigmoid,
        hence the default.
    loss : {"mean_absolute_error", "mean_squared_error"}, default="mean_absolute_error"
        Averaged over samples and genes, in standardised units.
    alpha : float, default=1e-6
        Weight of the sum of the squared weights.
    dropout : float, default=0.1
        Share of values set to zero during training.
    dropout_position : {"hidden", "input", "both"}, default="hidden"
        Whether dropout acts on hidden units, on the expression values that enter, or both.
    solver : {"adam", "sgd"}, default="adam"
        Update rule. "sgd" has a momentum of 0.9.
    learning_rate_init : float, default=1e-3
        Learning rate.
    batch_size : int, default=32
        Samples in a batch. Larger batches train large data faster.
    max_iter : int, default=100
        Number of epochs.
    early_stopping : bool, default=False
        Whether to stop when the validation error no longer falls.
    validation_fraction : float, default=0.0
        Share of samples held out. If above 0, the weights of the epoch with the least mean
        absolute error on them are kept.
    n_iter_no_change : int, default=10
        Epochs to wait before stopping early.
    tol : float, default=0.0
        The least fall of the validation error that counts.
    standardize : bool, default=True
        Whether to bring every gene to mean 0 and standard deviation 1 on the training samples.
        Reconstructions come back in the unit of X.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of samples, dropout and validation split.

    Attributes
    ----------
    encoder_ : DenseNetwork
        From expression to bottleneck, as NumPy arrays.
    decoder_ : DenseNetwork
        From bottleneck to expression.
    loss_curve_ : list of float
        Mean training loss of every epoch, in standardised units, without the penalty.
    validation_curve_ : list of float
        Mean absolute validation error after every epoch; empty without validation samples.
    n_iter_ : int
        Number of epochs run.
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    skgenes.feature_selection.AutoEncoderDeepLIFTSelector : Ranks genes by their influence on
        the bottleneck.
    skgenes.inspection.deeplift : Explains the bottleneck or the reconstruction.

    Notes
    -----
    Training runs in TensorFlow, in float32, on batches; everything else runs in NumPy. Results
    are the same bits for the same `random_state` on the same machine.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.neural_network import GeneAutoEncoder
    >>> X = np.random.default_rng(0).normal(size=(40, 12)).cumsum(axis=1)
    >>> autoencoder = GeneAutoEncoder((8, 3), max_iter=5, random_state=0).fit(X)
    >>> autoencoder.transform(X).shape
    (40, 3)
    >>> autoencoder.reconstruct(X).shape
    (40, 12)
    """

    _parameter_constraints = {
        **TRAINING_CONSTRAINTS,
        "activation": [ACTIVATIONS],
        "output_activation": [ACTIVATIONS],
        "loss": [StrOptions({"mean_absolute_error", "mean_squared_error"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "dropout_position": [StrOptions({"hidden", "input", "both"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(500, 100),
        *,
        activation="sigmoid",
        output_activation="identity",
        loss="mean_absolute_error",
        alpha=1e-6,
        dropout=0.1,
        dropout_position="hidden",
        solver="adam",
        learning_rate_init=1e-3,
        batch_size=32,
        max_iter=100,
        early_stopping=False,
        validation_fraction=0.0,
        n_iter_no_change=10,
        tol=0.0,
        standardize=True,
        layer=None,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.output_activation = output_activation
        self.loss = loss
        self.alpha = alpha
        self.dropout = dropout
        self.dropout_position = dropout_position
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.standardize = standardize
        self.layer = layer
        self.random_state = random_state

    @property
    def loss_name(self):
        """What the training loss is, in words."""
        return self.loss.replace("_", " ")

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn to reconstruct X.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Training samples.
        y : None
            Ignored.

        Returns
        -------
        GeneAutoEncoder
            The fitted estimator.

        Raises
        ------
        ValueError
            If X is not a finite matrix of at least two samples, or training diverges; the
            estimator is then left as it was.
        """
        passed = {"X": X, "y": X}
        X = self._validate(X, reset=True)
        n_features = X.shape[1]
        encoder_sizes = check_layer_sizes(self.hidden_layer_sizes)
        shape = autoencoder_shape(
            n_features, encoder_sizes, self.activation, self.output_activation
        )
        init_seed, train_seeds = seed_sequence(self.random_state).spawn(2)
        layers = initial_layers(*shape, np.random.default_rng(init_seed))
        scaling = standard_scaling(X) if self.standardize else None
        network = DenseNetwork(layers, scaling, scaling)
        source = MatrixSource(X, scaling)

        def halves(network):
            encoder, decoder = network.split(len(encoder_sizes))
            return {"encoder_": encoder, "decoder_": decoder}

        reporter = EpochReporter(self, passed, halves)
        options = self._options(n_layers=len(layers))
        result = train_estimator(self, network, source, source, options, train_seeds, reporter)
        vars(self).update(halves(result.network))
        self._keep_course(result)
        return self

    def transform(self, X):
        """Bottleneck of every sample.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_units)
            Activations of the bottleneck.
        """
        check_is_fitted(self)
        return self.encoder_.predict(self._validate(X, reset=False))

    def inverse_transform(self, Z):
        """Expression from bottleneck values.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_units)
            Activations of the bottleneck.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_genes)
            Expression, in the unit of the training data.
        """
        check_is_fitted(self)
        return self.decoder_.predict(check_code(Z, self.decoder_.n_inputs))

    def reconstruct(self, X):
        """Expression of every gene as the network reconstructs it.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_genes)
            Reconstructed expression, in the unit of X.
        """
        check_is_fitted(self)
        return self._network.predict(self._validate(X, reset=False))

    def score(self, X, y=None):
        """Mean Pearson correlation of the genes with their reconstruction.

        Computed chunk by chunk: reconstructions are not held.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples, at least two.
        y : None
            Ignored.

        Returns
        -------
        float
            Mean over the genes whose correlation is defined.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        moments = PearsonAccumulator(X.shape[1])
        for rows, inferred in self._network.iter_predict(X):
            moments.update(X[rows], inferred)
        return float(mean_defined(moments.result(), "The correlation of the reconstruction"))

    def observed_and_inferred(self, X, *, measured=False):
        """What scorers compare: X and its reconstruction.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples.
        measured : bool, default=False
            Makes no difference here: every gene is inferred.

        Returns
        -------
        observed : ndarray or csr_array of shape (n_samples, n_genes)
            The numbers of X.
        inferred : ndarray of float64 of shape (n_samples, n_genes)
            Their reconstruction.
        """
        return self._validate(X, reset=False), self.reconstruct(X)

    def dense_networks(self):
        """What `skgenes.inspection.deeplift` can explain.

        Returns
        -------
        dict of str to DenseNetwork
            "bottleneck" (the default) and "reconstruction".
        """
        check_is_fitted(self)
        return {"bottleneck": self.encoder_, "reconstruction": self._network}

    @property
    def _network(self):
        return self.encoder_.then(self.decoder_)

    @property
    def _n_features_out(self):
        return self.encoder_.n_outputs

    def _options(self, n_layers):
        on_input = self.dropout if self.dropout_position in ("input", "both") else 0.0
        on_hidden = self.dropout if self.dropout_position in ("hidden", "both") else 0.0
        return TrainingOptions(
            loss=self.loss,
            dropout=(on_input, *[on_hidden] * (n_layers - 1)),
            solver=self.solver,
            momentum=0.9,
            learning_rate_init=self.learning_rate_init,
            batch_size=self.batch_size,
            max_iter=self.max_iter,
            alpha=self.alpha,
            early_stopping=self.early_stopping,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
        )
