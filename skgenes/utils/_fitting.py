"""What every ``fit`` of the house shares: all or nothing, and its own randomness."""

import functools

import numpy as np
from sklearn.utils import check_random_state


def atomic_fit(fit):
    """Make a ``fit`` method all or nothing.

    Whatever stops the decorated method, an error or an interrupt, the estimator is left with the
    attributes it had before: unfitted if it was unfitted, else with its previous fit.

    Must be the outermost decorator: scikit-learn's callbacks are torn down inside it.

    Parameters
    ----------
    fit : callable
        The method to decorate.

    Returns
    -------
    callable
        The decorated method.
    """

    @functools.wraps(fit)
    def all_or_nothing(self, *args, **kwargs):
        before = dict(vars(self))
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return all_or_nothing


def seed_sequence(random_state):
    """Turn scikit-learn's ``random_state`` into a NumPy seed sequence.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        An int gives the same sequence every time; an instance is advanced by one draw; None
        draws from the operating system, so that NumPy's global state is left alone.

    Returns
    -------
    numpy.random.SeedSequence
        The root of all randomness of one fit.

    Examples
    --------
    >>> from skgenes.utils import seed_sequence
    >>> seed_sequence(0).generate_state(1)
    array([2968811710], dtype=uint32)
    """
    if random_state is None:
        return np.random.SeedSequence()
    if not isinstance(random_state, np.random.RandomState):
        return np.random.SeedSequence(int(random_state))
    drawn = check_random_state(random_state).randint(np.iinfo(np.int32).max, size=4)
    return np.random.SeedSequence(drawn.tolist())
