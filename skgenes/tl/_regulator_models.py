"""Models of regulators for new outputs: fitted from scratch, or transferred."""

from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from skgenes.neural_network import DEcodeRegressor
from skgenes.tl._estimators import with_seed


def recipe_for(estimator, random_state):
    """What makes a model of other outputs: ``fit(X, y)`` of it, or of a copy, does so.

    Parameters
    ----------
    estimator : estimator or None
        Unfitted; or a fitted DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor
        around one. None is the default.
    random_state : int, RandomState instance or None
        Seeds what has no seed.

    Returns
    -------
    estimator
        Unfitted. From a fitted one it has the transformers and the branches, frozen.
    """
    if estimator is None:
        estimator = DEcodeRegressor(log_counts=True, combine="mean", n_init=5, dropout=0.5)
    if not _is_fitted(estimator):
        return with_seed(estimator, random_state)
    *before, decode = _steps(estimator)
    if not isinstance(decode, DEcodeRegressor):
        raise TypeError(
            "A fitted estimator must be a DEcodeRegressor, or a Pipeline, search or "
            f"TransformedTargetRegressor around one, to be transferred; got {type(decode).__name__}"
            ". Pass an unfitted one to fit it anew."
        )
    head = clone(decode).set_params(base_estimator=FrozenEstimator(decode))
    return make_pipeline(*map(FrozenEstimator, before), _seeded(head, random_state))


def _seeded(head, random_state):
    # Seeds of what is frozen do not matter.
    if head.random_state is None:
        head.set_params(random_state=random_state)
    return head


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _steps(estimator):
    """Fitted transformers, and the regressor behind them."""
    before = []
    while True:
        if isinstance(estimator, Pipeline):
            before += [
                step for _, step in estimator.steps[:-1] if step not in (None, "passthrough")
            ]
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, TransformedTargetRegressor):
            estimator = estimator.regressor_
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return [*before, estimator]
