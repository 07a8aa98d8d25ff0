"""What transformers of tracks share: the features they were fitted on."""

from sklearn.utils.validation import check_is_fitted

from skgenes.feature_extraction._regulatory_tracks import RegulatoryTracks
from skgenes.utils._messages import listed


def remember_features(transformer, X):
    """Check what a transformer is fitted on, and keep the names of its features.

    Parameters
    ----------
    transformer : estimator
        Gets ``regulators_in_`` and ``n_features_in_``.
    X : RegulatoryTracks
        Training genes.

    Raises
    ------
    TypeError
        If X is something else.
    ValueError
        If there are no genes.
    """
    _check_type(transformer, X)
    if not len(X):
        raise ValueError(f"{type(transformer).__name__} needs at least 1 gene to fit, got 0.")
    transformer.n_features_in_ = X.shape[1]
    transformer.regulators_in_ = {part: track.regulators for part, track in X.parts.items()}


def check_features(transformer, X):
    """Check that X has the features that a transformer was fitted on.

    Parameters
    ----------
    transformer : estimator
        A fitted one.
    X : RegulatoryTracks
        Any genes.

    Raises
    ------
    TypeError
        If X is no RegulatoryTracks.
    ValueError
        If it has other parts, or other regulators in one. The message names some.
    """
    check_is_fitted(transformer)
    _check_type(transformer, X)
    expected = transformer.regulators_in_
    if expected.keys() != X.parts.keys():
        raise ValueError(
            f"X has the parts {listed(X.parts)}, but {type(transformer).__name__} was fitted on "
            f"{listed(expected)}."
        )
    for part, track in X.parts.items():
        if expected[part].tolist() != track.regulators.tolist():
            raise ValueError(
                f"The regulators of {part} are not those of fit. "
                f"{difference(expected[part], track.regulators)}"
            )


def difference(expected, names):
    """Say how the features of a part differ from those expected.

    Parameters
    ----------
    expected, names : sequence of str
        Features expected, and features found; not the same.

    Returns
    -------
    str
        A sentence that names some.
    """
    new, missing = (
        [name for name in a if name not in set(b)]
        for a, b in ((names, expected), (expected, names))
    )
    if new or missing:
        return (
            f"{len(new)} are new ({listed(new) or 'none'}), {len(missing)} are missing "
            f"({listed(missing) or 'none'})."
        )
    return "They are the same in another order."


def _check_type(transformer, X):
    if not isinstance(X, RegulatoryTracks):
        raise TypeError(
            f"{type(transformer).__name__} takes RegulatoryTracks, got {type(X).__name__}; see "
            "skgenes.feature_extraction.regulatory_tracks."
        )
