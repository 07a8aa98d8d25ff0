"""Pairs of samples x genes tables: checked whole, read a few genes at a time."""

import numpy as np
from scipy import sparse

_NUMERIC_KINDS = "buif"
_N_NAMED = 3  # how many genes or rows an error names before it only counts
_BLOCK_VALUES = 2**17  # 1 MiB of float64 a block and table: stays in the second-level cache


def check_pair(y_true, y_pred, *, min_samples, purpose, column="gene"):
    """Return both tables in a form whose genes can be read in blocks, or say what is wrong.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_genes)
        One-dimensional input is one gene.
    min_samples : int
        The fewest samples for which the result is defined.
    purpose : str
        What the samples are needed for, for the error message.
    column : str, default="gene"
        What a column is, for error messages.

    Returns
    -------
    y_true, y_pred : ndarray, DataFrame or CSC of shape (n_samples, n_genes)

    Raises
    ------
    ValueError
        On different shapes or columns, no column, too few samples, or samples in another order.
    TypeError
        On values which are not numbers.
    """
    y_true, y_pred = (
        _as_table(y, name, column) for name, y in (("y_true", y_true), ("y_pred", y_pred))
    )
    _check_same_columns(y_true, y_pred, column)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_true has shape {y_true.shape} but y_pred has shape {y_pred.shape}; "
            f"both must be (n_samples, n_{column}s) of the same samples and {column}s."
        )
    _check_order_of_rows(y_true, y_pred)
    n_samples, n_genes = y_true.shape
    if n_genes == 0:
        raise ValueError(
            f"y_true and y_pred have shape {y_true.shape}: there is no {column} to score."
        )
    if n_samples < min_samples:
        raise ValueError(
            f"{purpose} needs at least {min_samples} samples, but y_true and y_pred have "
            f"{n_samples}; pass more rows."
        )
    return y_true, y_pred


def take_genes(y, index):
    """Return the genes at `index` (slice or integers) as float64 (n_samples, n_taken)."""
    if _is_frame(y):
        return y.iloc[:, index].to_numpy(dtype=np.float64, na_value=np.nan)
    block = y[:, index]
    return np.asarray(block.toarray() if sparse.issparse(y) else block, dtype=np.float64)


def genes_at_once(n_samples, n_values=_BLOCK_VALUES):
    """Return how many genes make a block of about `n_values` values, at least 8."""
    return max(8, n_values // max(1, n_samples))


def blocks(start, stop, size):
    """Yield slices of at most `size` from `start` to `stop`."""
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))


def check_finite(low, high, block, y, genes, name, column="gene"):
    """Raise if a column's minimum `low` or maximum `high` is not finite, naming genes and rows.

    Parameters
    ----------
    low, high : ndarray of shape (n_block,)
        Extremes of the columns of `block`; NaN wherever the column holds one.
    block : ndarray of shape (n_samples, n_block)
        The values.
    y : ndarray, DataFrame or CSC of shape (n_samples, n_genes)
        The table they come from, for its gene names.
    genes : slice
        Where in `y` they come from.
    name : {"y_true", "y_pred"}
        Name of the table.
    column : str, default="gene"
        What a column is.
    """
    bad = np.flatnonzero(~(np.isfinite(low) & np.isfinite(high)))
    if bad.size == 0:
        return
    found = "; ".join(
        f"{column} {_column_name(y, genes.start + at)} at {_rows(~np.isfinite(block[:, at]))}"
        for at in bad[:_N_NAMED]
    )
    more = ", ..." if bad.size > _N_NAMED else ""
    raise ValueError(
        f"{name} holds NaN or infinite values: {found}{more}. Impute or drop them before scoring."
    )


def _as_table(y, name, column):
    if sparse.issparse(y):
        table = y.tocsc() if y.ndim == 2 else y
    else:
        table = y if _is_frame(y) else np.asarray(y)
    if table.ndim == 1 and not sparse.issparse(table):
        table = table.reshape(-1, 1)
    if table.ndim != 2:
        raise ValueError(
            f"{name} must be of shape (n_samples, n_{column}s) or (n_samples,), got a "
            f"{table.ndim}-dimensional {type(y).__name__}."
        )
    _check_numeric(table, name)
    return table


def _check_numeric(table, name):
    if not _is_frame(table):
        if table.dtype.kind not in _NUMERIC_KINDS:
            raise TypeError(
                f"{name} must hold real numbers, got dtype {table.dtype}; "
                "convert it, for example with astype(float)."
            )
        return
    bad = [
        f"{column!r} ({dtype})"
        for column, dtype in zip(table.columns, table.dtypes, strict=True)
        if dtype.kind not in _NUMERIC_KINDS
    ]
    if bad:
        raise TypeError(f"{name} must hold real numbers, but has columns {_some(bad)}; drop them.")


def _check_same_columns(y_true, y_pred, column):
    if not (_is_frame(y_true) and _is_frame(y_pred)):
        return
    observed, predicted = list(y_true.columns), list(y_pred.columns)
    if observed == predicted:
        return
    in_observed, in_predicted = set(observed), set(predicted)
    missing = [repr(name) for name in observed if name not in in_predicted]
    extra = [repr(name) for name in predicted if name not in in_observed]
    if not missing and not extra:
        raise ValueError(
            f"y_true and y_pred name the same {column}s, but in another order or number; "
            "use y_pred[y_true.columns]."
        )
    raise ValueError(
        f"y_true and y_pred name different {column}s: only in y_true: "
        f"{_some(missing)}; only in y_pred: {_some(extra)}."
    )


def _check_order_of_rows(y_true, y_pred):
    if not (_is_frame(y_true) and _is_frame(y_pred)):
        return
    rows, others = list(y_true.index), list(y_pred.index)
    # Numbers are positions: predictions often have their own.
    if rows == others or set(rows) != set(others) or not all(isinstance(row, str) for row in rows):
        return
    first = next(i for i, (row, other) in enumerate(zip(rows, others, strict=True)) if row != other)
    raise ValueError(
        f"y_true and y_pred name the same rows, but in another order: row {first} is "
        f"{rows[first]!r} in y_true and {others[first]!r} in y_pred; use y_pred.loc[y_true.index]."
    )


def _is_frame(y):
    return hasattr(y, "iloc") and hasattr(y, "columns")


def _column_name(y, index):
    return repr(y.columns[index]) if _is_frame(y) else str(index)


def _rows(mask):
    rows = np.flatnonzero(mask)
    return f"row{'s' if rows.size > 1 else ''} {_some([str(row) for row in rows])}"


def _some(names):
    if not names:
        return "none"
    more = f" and {len(names) - _N_NAMED} more" if len(names) > _N_NAMED else ""
    return ", ".join(names[:_N_NAMED]) + more
