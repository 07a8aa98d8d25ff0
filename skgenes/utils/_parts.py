"""Expression that need not be in memory at once."""

from skgenes.utils._validation import is_anndata, validate_expression

_ROWS_AT_ONCE = 4096


def expression_in_parts(estimator, X, *, layer=None, ensure_min_samples=1):
    """Validate expression for an estimator, part by part if it is on disk.

    Sets ``n_features_in_`` and ``feature_names_in_``, as `validate_expression` does at a fit.

    Parameters
    ----------
    estimator : estimator
        The estimator that X is for.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, in any unit. Of an AnnData on disk, as from ``anndata.read_h5ad(path,
        backed="r")``, one part is in memory at a time; anything else is one part.
    layer : str or None, default=None
        Layer of an AnnData to read.
    ensure_min_samples : int, default=1
        The least that will do.

    Returns
    -------
    n_samples : int
        Number of samples.
    parts : iterable of (slice, ndarray or csr_array of shape (n_rows, n_genes))
        Rows and their validated expression.

    Raises
    ------
    ValueError
        As `validate_expression`; from the second part on, while the parts are gone through.
    """
    if not (is_anndata(X) and X.isbacked):
        settings = {"layer": layer, "ensure_min_samples": ensure_min_samples}
        matrix = validate_expression(estimator, X, reset=True, **settings)
        return matrix.shape[0], [(slice(0, matrix.shape[0]), matrix)]
    _read(estimator, X, slice(0, _ROWS_AT_ONCE), layer, True, ensure_min_samples)
    parts = (slice(start, start + _ROWS_AT_ONCE) for start in range(0, X.n_obs, _ROWS_AT_ONCE))
    return X.n_obs, ((rows, _read(estimator, X, rows, layer)) for rows in parts)


def _read(estimator, X, rows, layer, reset=False, ensure_min_samples=1):
    settings = {"layer": layer, "ensure_min_samples": ensure_min_samples}
    try:
        return validate_expression(estimator, X[rows].to_memory(), reset=reset, **settings)
    except ValueError as error:
        error.add_note(f"Raised by rows {rows.start} to {min(rows.stop, X.n_obs) - 1} of X.")
        raise
