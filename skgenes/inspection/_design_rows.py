"""What the rows of a design stand for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skgenes.utils import is_anndata
from skgenes.utils._messages import listed


@dataclass(frozen=True)
class DesignRows:
    """Samples or individuals, one for each row of a design.

    Parameters
    ----------
    number : int
        How many.
    names : pandas.Index or None
        Their names.
    kind : str
        What they are, in the plural, for messages.
    where : str
        What in the input stands for them, such as "rows of X".
    access : str
        How to get at their names, such as "X.index".
    """

    number: int
    names: pd.Index | None
    kind: str
    where: str
    access: str

    def frame_of(self, values, what):
        """Make a frame of one row for each, with rows numbered from 0.

        Parameters
        ----------
        values : array-like of shape (n_rows,) or (n_rows, n_columns)
            Labels or numbers.
        what : str
            What they are called.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            The same.

        Raises
        ------
        ValueError
            If there are more or fewer rows, or they go by other names or come in another order.
        """
        shape = np.shape(values)
        if len(shape) not in (1, 2) or shape[0] != self.number or 0 in shape:
            raise ValueError(
                f"{what} must hold one row for each of the {self.number} {self.kind}, the "
                f"{self.where}, got the shape {shape}."
            )
        frame = pd.DataFrame(values).infer_objects()  # ages beside labels are numbers again
        if self.names is not None and isinstance(values, pd.Series | pd.DataFrame):
            self._check_names(frame.index, what)
        return frame.reset_index(drop=True)

    def _check_names(self, names, what):
        owner = self.access.split(".")[0]
        if not names.equals(self.names) and set(names) == set(self.names):
            raise ValueError(
                f"{what} has the {self.kind} of {owner} in another order; pass "
                f"{what}.loc[{self.access}]."
            )
        other = _strangers(names, self.names)
        if len(other):
            raise ValueError(
                f"{what} names {len(other)} {self.kind} that {owner} does not have: "
                f"{listed(other)}. Pass the same ones, in the order of the {self.where}."
            )


def samples_of(X):
    """Samples as the rows of a design.

    Parameters
    ----------
    X : array-like, DataFrame or AnnData of shape (n_samples, n_genes)
        Expression.

    Returns
    -------
    DesignRows
        The samples.
    """
    number = X.shape[0] if hasattr(X, "shape") else len(X)
    if is_anndata(X):
        return DesignRows(number, X.obs_names, "samples", "rows of X", "X.obs_names")
    names = X.index if isinstance(X, pd.DataFrame) else None  # a list has an index, too
    return DesignRows(number, names, "samples", "rows of X", "X.index")


def _strangers(names, known):
    """Names that are not known; none if all are unknown or some are no text, as of another kind."""
    other = names.difference(known, sort=False)
    is_text = all(isinstance(name, str) for name in other)
    return other if is_text and len(other) < len(names) else other[:0]
