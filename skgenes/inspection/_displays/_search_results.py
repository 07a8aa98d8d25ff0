"""What a search over panel sizes found, as points on lines."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

_MOST_LINES = 6


@dataclass(frozen=True)
class SizePoints:
    """Scores by panel size.

    Parameters
    ----------
    sizes, mean, spread : ndarray of float64 of shape (n_points,)
        Panel size, mean score and standard deviation over splits.
    lines : list of str or None
        Values of the other parameters, one text per point; None if nothing else varies.
    """

    sizes: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    lines: list | None


def points_of(search, param, score, where):
    """Read scores by panel size off a fitted search.

    Parameters
    ----------
    search : GridSearchCV or RandomizedSearchCV
        Fitted.
    param : str or None
        The parameter that is the panel's size; None finds it.
    score : str or None
        Name of the metric; None if there is one.
    where : dict or None
        Values to hold other parameters at.

    Returns
    -------
    SizePoints
        In the order of the search.
    """
    if not hasattr(search, "cv_results_"):
        check_is_fitted(search)
        raise TypeError(
            f"PanelSizeDisplay needs a fitted GridSearchCV or RandomizedSearchCV, got "
            f"{type(search).__name__}."
        )
    results, every = search.cv_results_, search.cv_results_["params"]
    param = _find_param(every, param)
    metric = _find_metric(results, score)
    kept = [i for i, values in enumerate(every) if param in values and _agrees(values, where or {})]
    if not kept:
        raise ValueError(f"No candidate of the search has {where!r} and a {param!r}.")
    others = [{k: v for k, v in every[i].items() if k != param} for i in kept]
    mean, spread = (results[f"{which}_test_{metric}"][kept] for which in ("mean", "std"))
    return SizePoints(_sizes([every[i][param] for i in kept]), mean, spread, _name_lines(others))


def _find_param(candidates, param):
    names = sorted({name for values in candidates for name in values})
    found = [name for name in names if name.split("__")[-1] == "n_features_to_select"]
    if param is not None:
        found = [param] if param in names else []
    if len(found) != 1:
        asked = "ends in 'n_features_to_select'" if param is None else f"is {param!r}"
        raise ValueError(
            f"{len(found) or 'None'} of the parameters that the search varies {asked}; say which "
            f"is the panel's size with param=...: {', '.join(map(repr, names))}."
        )
    return found[0]


def _find_metric(results, score):
    metrics = [name.removeprefix("mean_test_") for name in results if name.startswith("mean_test_")]
    if score is None and len(metrics) == 1:
        return metrics[0]
    if score not in metrics:
        problem = "several metrics" if score is None else f"no metric {score!r}"
        raise ValueError(
            f"The search has {problem}; choose with score=...: {', '.join(map(repr, metrics))}."
        )
    return score


def _agrees(values, where):
    return all(name in values and _same(values[name], value) for name, value in where.items())


def _same(a, b):
    return a is b or np.array_equal(a, b)


def _sizes(values):
    kinds = {"share" if isinstance(value, float) else type(value).__name__ for value in values}
    if None in values or ("share" in kinds and len(kinds) > 1):
        raise ValueError(
            f"Panel sizes must be all numbers of genes or all shares of them to share an axis, got "
            f"{values!r}. Search over one kind."
        )
    return np.asarray(values, dtype=np.float64)


def _name_lines(others):
    """Text of the values of the parameters that vary, or None if none does."""
    texts = [{name: _text(value) for name, value in values.items()} for values in others]
    names = sorted({name for values in texts for name in values})
    varied = [name for name in names if len({values.get(name) for values in texts}) > 1]
    if not varied:
        return None
    lines = [
        ", ".join(f"{_short(name, varied)}={values[name]}" for name in varied if name in values)
        for values in texts
    ]
    n_lines = len(set(lines))
    if n_lines > _MOST_LINES:
        raise ValueError(
            f"The search varies {', '.join(map(repr, varied))} as well, which makes {n_lines} "
            f"lines; at most {_MOST_LINES} can be told apart. Hold some at one value, for example "
            f"where={{{varied[0]!r}: {_example(others, varied[0])}}}."
        )
    return lines


def _example(others, name):
    return next(_text(values[name]) for values in others if name in values)


def _text(value):
    # The repr of an estimator may fill a page.
    return str(value).split("\n")[0][:40] if isinstance(value, BaseEstimator) else repr(value)


def _short(name, names):
    """Last part of a parameter's name, if that is unique."""
    last = name.split("__")[-1]
    return last if sum(other.split("__")[-1] == last for other in names) == 1 else name
