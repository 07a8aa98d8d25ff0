"""The course of training."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skgenes.inspection._displays._shared import (
    axes_for,
    check_matplotlib,
    line_style,
    name_lines,
    styled,
)

_HOLDERS = ("autoencoder_", "selector_", "regressor_", "best_estimator_")


class TrainingCurveDisplay:
    """Training loss and validation error by epoch.

    They are different quantities, so each has its own axes: the loss is what training lowers, a
    mean over an epoch with dropout at work; the validation error is a mean absolute error after
    the epoch, without dropout, on samples held out. It is recommended to use `from_estimator`.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        Training loss of every epoch.
    validation_curve : array-like of shape (n_epochs,) or None, default=None
        Mean absolute validation error after every epoch; None or empty without validation.
    loss_name : str, default="Training loss"
        What the loss is, with its unit.
    validation_name : str, default="Mean absolute validation error"
        What the error is, with its unit.
    name : str or None, default=None
        Name of the network, for the legend.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes of shape (1,) or (2,)
        For the loss and, if there was validation, for the error.
    figure_ : matplotlib figure
        The figure they are in.
    loss_line_ : matplotlib line
        The loss.
    validation_line_ : matplotlib line or None
        The error.
    best_epoch_ : int or None
        Epoch with the least validation error, whose weights were kept; the first is 1. None
        without validation, or if the error was NaN throughout.
    best_lines_ : list of matplotlib lines
        Vertical lines at the best epoch, one on every axes; none without validation.

    Examples
    --------
    >>> from skgenes.inspection import TrainingCurveDisplay
    >>> display = TrainingCurveDisplay([0.9, 0.6, 0.5], [0.8, 0.6, 0.7]).plot()
    >>> display.best_epoch_
    2
    """

    def __init__(
        self,
        loss_curve,
        validation_curve=None,
        *,
        loss_name="Training loss",
        validation_name="Mean absolute validation error",
        name=None,
    ):
        self.loss_curve = loss_curve
        self.validation_curve = validation_curve
        self.loss_name = loss_name
        self.validation_name = validation_name
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, *, name=None, ax=None, line_kwargs=None):
        """Draw the course of a fitted network.

        Parameters
        ----------
        estimator : estimator
            Fitted GeneAutoEncoder or DGEXRegressor, or a selector, reconstructor, search or
            Pipeline that holds one.
        name : str or None, default=None
            For the legend; None takes the name of the network's class.
        ax : matplotlib axes, pair of them or None, default=None
            Where to draw; None makes a new figure. It takes a pair if there was validation.
        line_kwargs : dict or None, default=None
            Style of the lines, see `matplotlib.lines.Line2D`.

        Returns
        -------
        TrainingCurveDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no network, or more than one.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        check_is_fitted(estimator)
        network = _only_network(estimator)
        display = cls(
            network.loss_curve_,
            getattr(network, "validation_curve_", None),
            **_names_of_curves(network),
            name=type(network).__name__ if name is None else name,
        )
        return display.plot(ax, line_kwargs=line_kwargs)

    def plot(self, ax=None, *, line_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, pair of them or None, default=None
            Where to draw; None makes a new figure. It takes a pair if there was validation.
        line_kwargs : dict or None, default=None
            Style of the lines, see `matplotlib.lines.Line2D`.

        Returns
        -------
        TrainingCurveDisplay
            The display.
        """
        loss, validation = self._curves()
        n_axes = 1 + bool(validation.size)
        self.axes_ = axes_for(
            self, ax, n_axes, nrows=n_axes, sharex=True, figsize=(6, 1 + 3 * n_axes)
        )
        self.figure_ = self.axes_[0].figure
        # A network that diverged has no error in some epochs.
        defined = not np.isnan(validation).all()
        self.best_epoch_ = int(np.nanargmin(validation)) + 1 if defined else None
        epochs = np.arange(1, loss.size + 1)
        style = {**line_style(self.axes_[0]), "label": self._label()}
        if loss.size == 1:
            style["marker"] = "o"
        style = styled(style, line_kwargs or {})
        self.loss_line_ = self.axes_[0].plot(epochs, loss, **style)[0]
        self.axes_[0].set(ylabel=self.loss_name)
        self.axes_[-1].set(xlabel="Epoch")
        self.validation_line_, self.best_lines_ = None, []
        if validation.size:
            self.validation_line_ = self.axes_[1].plot(epochs, validation, **style)[0]
            self.axes_[1].set(ylabel=self.validation_name)
        if self.best_epoch_ is not None:
            self._mark_best()
        if self._label() is not None:
            name_lines(self.axes_[0])
        return self

    def _mark_best(self):
        self.best_lines_ = [
            axis.axvline(
                self.best_epoch_,
                color=self.loss_line_.get_color(),
                linestyle=self.loss_line_.get_linestyle(),
                linewidth=0.8,
            )
            for axis in self.axes_
        ]

    def _label(self):
        if self.best_epoch_ is None:
            return self.name
        best = f"least validation error in epoch {self.best_epoch_}"
        return best if self.name is None else f"{self.name}, {best}"

    def _curves(self):
        loss = np.asarray(self.loss_curve, dtype=np.float64)
        given = [] if self.validation_curve is None else self.validation_curve
        validation = np.asarray(given, dtype=np.float64)
        if loss.ndim != 1 or loss.size == 0 or (validation.size and validation.shape != loss.shape):
            raise ValueError(
                "loss_curve must have one value per epoch, and validation_curve as many or none, "
                f"got shapes {loss.shape} and {validation.shape}."
            )
        return loss, validation


def _only_network(estimator):
    found = dict(_networks(estimator, ""))
    if len(found) == 1:
        return next(iter(found.values()))
    name = type(estimator).__name__
    if not found:
        raise TypeError(
            f"{name} holds no network that was trained by epochs: nothing in it has loss_curve_."
        )
    raise TypeError(
        f"{name} holds {len(found)} networks: pass one of "
        f"{', '.join(f'estimator{path}' for path in found)}."
    )


def _networks(estimator, path):
    """Yield where the networks in an estimator are, and the networks."""
    if isinstance(estimator, Pipeline):
        for name, step in estimator.steps:
            yield from _networks(step, f"{path}[{name!r}]")
        return
    held = [name for name in _HOLDERS if hasattr(estimator, name)]
    for name in held:
        yield from _networks(getattr(estimator, name), f"{path}.{name}")
    # A selector repeats the loss curve of the network it holds.
    if not held and hasattr(estimator, "loss_curve_"):
        yield path, estimator


def _names_of_curves(network):
    """What the curves are and in which unit, as far as the network tells."""
    if not hasattr(network, "loss_name"):
        return {}
    unit = "standardised units" if network.standardize else "unit of the data"
    return {
        "loss_name": f"Training loss\n{network.loss_name},\n{unit}",
        "validation_name": f"Validation error\nmean absolute error,\n{unit}",
    }
