"""Models of regulators for new outputs: fitted from scratch, or transferred."""

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from skgenes.inspection._regulator_model import unwrapped
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
    *around, decode = unwrapped(estimator)
    if not isinstance(decode, DEcodeRegressor):
        raise TypeError(
            "A fitted estimator must be a DEcodeRegressor, or a Pipeline, search or "
            f"TransformedTargetRegressor around one, to be transferred; got {type(decode).__name__}"
            ". Pass an unfitted one to fit it anew."
        )
    before = [
        step
        for outer in around
        if isinstance(outer, Pipeline)
        for _, step in outer.steps[:-1]
        if step not in (None, "passthrough")
    ]
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
