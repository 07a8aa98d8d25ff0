"""A selector and a regressor as one estimator, fitted on expression alone."""

from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.base import _fit_context as fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import _safe_indexing, check_consistent_length
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt
from sklearn.utils.validation import _check_method_params, check_is_fitted

from skgenes.compose._calibrated import CalibratedMixin
from skgenes.compose._held_out import group_codes, hold_out
from skgenes.metrics import PearsonAccumulator, mean_defined
from skgenes.utils import (
    atomic_fit,
    check_expression,
    check_inner_layer,
    clone_inner,
    describe_difference,
    form_for,
    gene_names,
    matrix_of,
    seed_sequence,
    take_columns,
    targets_for,
    validate_expression,
)

_ROWS_AT_ONCE = 4096


class LandmarkReconstructor(
    CallbackSupportMixin, CalibratedMixin, MetaEstimatorMixin, BaseEstimator
):
    """Choose landmark genes and infer all other genes from them.

    ``fit(X)`` lets the selector choose columns of X and trains the regressor to predict the other
    columns from them, so that scikit-learn's model selection answers "which genes should I
    measure, how many, and how well do they tell me all the others?".

    Parameters
    ----------
    selector : estimator
        Anything with ``fit`` and ``get_support``.
    regressor : estimator
        Anything with ``fit`` and ``predict`` that takes several targets.
    calibration : float, int or None, default=None
        Share or number of the training samples that neither selector nor regressor sees, to judge
        errors by: for `predict_interval`, `reliability` and `inferable_genes`. Of the groups, if
        ``fit`` is given any. None trains on all samples; `calibrate` may then be called with
        others.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        Draws the samples to hold out, and ranks equal inferred values in the test of
        `inferable_genes`. Selector and regressor have their own.

    Attributes
    ----------
    selector_ : estimator
        The fitted selector.
    regressor_ : estimator
        The fitted regressor.
    support_ : ndarray of bool of shape (n_features_in_,)
        Which genes are landmarks. All others are targets.
    landmarks_, targets_ : ndarray of str or of int
        Names of the landmarks and of the targets in the order of their columns; column indices
        if X had no names.
    calibration_ : dict
        What held-out samples told: "errors", ndarray of float32 of shape (n_held_out, n_targets),
        absolute and rounded up; "groups", their groups as ndarray of int, or None; "r2", "pcc",
        "std" and "p_value", ndarrays of float64 of shape (n_targets,), as in `reliability`. Only
        there after a calibration.
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    skgenes.feature_selection.AutoEncoderDeepLIFTSelector : The selector of Kong et al.
    skgenes.neural_network.DGEXRegressor : The regressor of Chen et al.

    Notes
    -----
    Selector and regressor see training samples only, so that cross-validation of this estimator
    is honest about both. So is calibration, as long as a panel that was given, not chosen by
    ``fit``, was chosen without the samples held out.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.feature_selection import VarianceThreshold
    >>> from sklearn.linear_model import Ridge
    >>> from skgenes.compose import LandmarkReconstructor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 8))
    >>> model = LandmarkReconstructor(VarianceThreshold(np.median(X.var(axis=0))), Ridge()).fit(X)
    >>> model.predict(X).shape
    (50, 4)
    >>> bool(model.score(X) > 0.99)
    True

    Hold some samples out, and see what can be relied on:

    >>> model = model.set_params(calibration=0.4, random_state=0).fit(X)
    >>> lower, upper = model.predict_interval(X, coverage=0.9)
    >>> bool((lower <= upper).all())
    True
    >>> len(model.inferable_genes(fdr=0.05)) == len(model.targets_)
    True
    """

    _parameter_constraints = {
        "selector": [HasMethods(["fit", "get_support"])],
        "regressor": [HasMethods(["fit", "predict"])],
        "calibration": [
            Interval(RealNotInt, 0, 1, closed="neither"),
            Interval(Integral, 2, None, closed="left"),
            None,
        ],
        "layer": [str, None],
        "random_state": ["random_state"],
    }

    def __init__(self, selector, regressor, *, calibration=None, layer=None, random_state=None):
        self.selector = selector
        self.regressor = regressor
        self.calibration = calibration
        self.layer = layer
        self.random_state = random_state

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, groups=None, **fit_params):
        """Select landmarks and learn to infer all other genes.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Training samples.
        y : array-like of shape (n_samples,) or None, default=None
            Handed to the selector, for one that needs labels.
        groups : array-like of shape (n_samples,) or None, default=None
            Donors, batches or the like: samples of a group are held out together, and judged as
            samples of one group. For `calibration` only.
        **fit_params : dict
            Further arguments of the selector's or the regressor's ``fit``, by names that begin
            with ``selector__`` or ``regressor__``: ``selector__groups=cell_types`` for a panel to
            which all types weigh the same. Of those with a value for every sample, the values of
            samples held out are left out.

        Returns
        -------
        LandmarkReconstructor
            The fitted estimator.

        Raises
        ------
        ValueError
            If X is not a finite matrix of at least two samples and genes, the selector takes
            no gene or all of them or reads another layer, `calibration` leaves too few samples,
            or groups are given without it.
        TypeError
            If an argument is for neither selector nor regressor.
        """
        check_inner_layer(self.selector, X, self.layer)
        X = validate_expression(
            self, X, reset=True, layer=self.layer, ensure_min_samples=2, ensure_min_features=2
        )
        check_consistent_length(X, y, groups)
        self._check_groups(groups)
        fit_params = _by_part(fit_params)
        context = self._init_callback_context(max_subtasks=2)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        vars(self).pop("calibration_", None)
        if self.calibration is None:
            self._train(X, y, fit_params, context)
        else:
            self._train_and_calibrate(X, y, group_codes(groups), fit_params, context)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _check_groups(self, groups):
        if groups is not None and self.calibration is None:
            raise ValueError(
                "groups were given, but calibration=None holds no samples out: groups would do "
                "nothing. Set calibration; or, if the selector is to weigh the groups, pass them "
                "as selector__groups."
            )

    def _train_and_calibrate(self, X, y, groups, fit_params, context):
        rng = np.random.default_rng(seed_sequence(self.random_state))
        train, held_out = hold_out(X.shape[0], self.calibration, groups, rng)
        of_train = {
            part: _check_method_params(X, params, train) for part, params in fit_params.items()
        }
        self._train(X[train], None if y is None else _safe_indexing(y, train), of_train, context)
        # Their codes must be 0, 1, ... again.
        groups = None if groups is None else group_codes(groups[held_out])
        self._calibrate(X[held_out], groups, rng)

    def _train(self, X, y, fit_params, context):
        self.selector_, self.regressor_ = clone_inner(self.selector), clone(self.regressor)
        with context.subcontext(task_name="select").propagate_callback_context(self.selector_):
            names = getattr(self, "feature_names_in_", None)
            self.selector_.fit(form_for(self.selector_, X, names), y, **fit_params["selector"])
        self._set_support()
        landmarks, targets = self._split(X)
        with context.subcontext(task_name="infer").propagate_callback_context(self.regressor_):
            targets = targets_for(self.regressor_, targets)
            self.regressor_.fit(landmarks, targets, **fit_params["regressor"])

    def predict(self, X):
        """Infer the target genes.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData
            Samples with all genes, shape (n_samples, n_features_in_), or with the landmarks
            alone, shape (n_samples, n_landmarks), in the order of `landmarks_`.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_targets)
            Inferred expression, columns in the order of `targets_`.

        Raises
        ------
        ValueError
            If the genes of X are neither those of fit nor the landmarks.
        """
        check_is_fitted(self)
        return self._infer(self._landmarks_of(X))

    def reconstruct(self, X):
        """All genes: the landmarks as measured, the others inferred.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData
            Samples with all genes or with the landmarks alone, as in `predict`.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_features_in_)
            Expression, columns in the order of fit.
        """
        check_is_fitted(self)
        return self._fill_in(self._landmarks_of(X))

    def score(self, X, y=None):
        """Mean Pearson correlation of the target genes with what is inferred.

        Computed in chunks of samples: inferred expression is not held.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_features_in_)
            Samples with all genes, at least two.
        y : object, default=None
            Ignored.

        Returns
        -------
        float
            Mean over the target genes whose correlation is defined.
        """
        check_is_fitted(self)
        X = validate_expression(self, X, reset=False, layer=self.layer, ensure_min_samples=2)
        moments = PearsonAccumulator(len(self.targets_))
        for start in range(0, X.shape[0], _ROWS_AT_ONCE):
            landmarks, targets = self._split(X[start : start + _ROWS_AT_ONCE])
            moments.update(targets, self._infer(landmarks))
        return float(mean_defined(moments.result(), "The correlation of the inferred genes"))

    def observed_and_inferred(self, X, *, measured=False):
        """What scorers compare: genes as measured and as inferred.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_features_in_)
            Samples with all genes.
        measured : bool, default=False
            Whether to include the landmarks, which count as inferred exactly.

        Returns
        -------
        observed : ndarray or csr_array of shape (n_samples, n_targets or n_features_in_)
            Measured expression.
        inferred : ndarray of float64 of the same shape
            Inferred expression.
        """
        check_is_fitted(self)
        X = validate_expression(self, X, reset=False, layer=self.layer)
        landmarks, targets = self._split(X)
        if measured:
            return X, self._fill_in(landmarks)
        return targets, self._infer(landmarks)

    def _set_support(self):
        support = np.asarray(self.selector_.get_support(), dtype=bool)
        if support.shape != (self.n_features_in_,):
            raise ValueError(
                f"{type(self.selector_).__name__} selects among {support.size} columns, but X has "
                f"{self.n_features_in_} genes. The selector must see X itself."
            )
        n_landmarks = int(support.sum())
        if n_landmarks in (0, len(support)):
            which = "no gene" if n_landmarks == 0 else "all genes"
            raise ValueError(
                f"{type(self.selector_).__name__} selects {which} of {len(support)}: there must "
                "be some to measure and some to infer. Change the size of the panel."
            )
        genes = getattr(self, "feature_names_in_", np.arange(len(support)))
        self.support_ = support
        self.landmarks_, self.targets_ = genes[support], genes[~support]

    def _split(self, X):
        """Landmarks and targets of a validated matrix."""
        return take_columns(X, self.support_), take_columns(X, ~self.support_)

    def _landmarks_of(self, X):
        """Landmark columns of X, which has all genes or the landmarks alone."""
        names = gene_names(X)
        if self._has_landmarks_alone(X, names):
            return check_expression(matrix_of(X, self.layer), names)
        try:
            X = validate_expression(self, X, reset=False, layer=self.layer)
        except ValueError as error:
            if names is None or len(names) == self.n_features_in_:
                raise
            difference = describe_difference(self.landmarks_, names, "landmarks_")
            raise ValueError(f"{error}\nNor are they the landmarks alone: {difference}") from None
        return self._split(X)[0]

    def _has_landmarks_alone(self, X, names):
        if names is not None and hasattr(self, "feature_names_in_"):
            return np.array_equal(names, self.landmarks_)
        return getattr(X, "ndim", np.ndim(X)) == 2 and np.shape(X)[1] == len(self.landmarks_)

    def _fill_in(self, landmarks):
        """All genes, from the landmarks."""
        result = np.empty((landmarks.shape[0], self.n_features_in_))
        result[:, self.support_] = landmarks.toarray() if sp.issparse(landmarks) else landmarks
        result[:, ~self.support_] = self._infer(landmarks)
        return result

    def _infer(self, landmarks):
        inferred = np.asarray(self.regressor_.predict(landmarks), dtype=np.float64)
        return inferred.reshape(landmarks.shape[0], len(self.targets_))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


def _by_part(fit_params):
    """Arguments of the selector's and of the regressor's fit."""
    parts = {"selector": {}, "regressor": {}}
    for name, value in fit_params.items():
        part, _, argument = name.partition("__")
        if part not in parts or not argument:
            raise TypeError(
                f"fit got an unexpected argument {name!r}. Those of the selector and of the "
                f"regressor begin with selector__ and regressor__: selector__{name}, maybe."
            )
        parts[part][argument] = value
    return parts
