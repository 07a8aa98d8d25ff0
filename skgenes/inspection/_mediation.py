"""Do some regulators account for the correlation of two genes, more than others would?"""

import warnings
from collections import Counter
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils._param_validation import Interval, validate_params
from threadpoolctl import threadpool_limits

from skgenes.utils import check_expression, gene_names, matrix_of, resolve_genes, seed_sequence
from skgenes.utils._messages import listed

_BLOCK_VALUES = 2**20  # 8 MiB of float64 at a time
_ROUNDING = 1e-9  # shares of variance that differ by less are equal
_DEPENDENT = 1e-10  # what is left of a unit column that others make up


@dataclass(frozen=True, eq=False, repr=False)
class MediationResult:
    """How much of the correlation of two genes is left when regulators are accounted for.

    Parameters
    ----------
    gene_a, gene_b : str or int
        The two genes.
    drivers : tuple of str or int
        Regulators regressed out, in the order of the columns of X.
    drivers_left_out : dict of {str or int: str}
        Drivers asked for which could not be used, and why.
    n_candidates : int
        Regulators that random sets were drawn from.
    candidates_left_out : dict of {str or int: str}
        Candidates that could not be used, and why.
    n_samples : int
        Samples.
    r2_before : float
        Squared correlation of the two genes.
    r2_after : float
        Squared correlation of what is left of them without the drivers.
    random_r2 : ndarray of float64 of shape (n_random,)
        The same without random sets of as many regulators.

    See Also
    --------
    mediation_test : Makes it.
    """

    gene_a: object
    gene_b: object
    drivers: tuple
    drivers_left_out: dict
    n_candidates: int
    candidates_left_out: dict
    n_samples: int
    r2_before: float
    r2_after: float
    random_r2: np.ndarray

    @property
    def p_value(self):
        """Share of sets, random ones and the drivers, that leave as little or less."""
        as_small = self.random_r2 <= self.r2_after * (1 + _ROUNDING) + _ROUNDING**2
        return float((1 + np.count_nonzero(as_small)) / (1 + as_small.size))

    def summary(self):
        """All numbers in one Series, to set pairs side by side.

        Returns
        -------
        Series of object
            The two genes, the numbers of samples, drivers and candidates, and of those left out;
            r2_before, r2_after, random_r2_mean and random_r2_sd (n - 1); p_value.
        """
        return pd.Series(
            {
                "gene_a": self.gene_a,
                "gene_b": self.gene_b,
                "n_samples": self.n_samples,
                "n_drivers": len(self.drivers),
                "n_drivers_left_out": len(self.drivers_left_out),
                "n_candidates": self.n_candidates,
                "n_candidates_left_out": len(self.candidates_left_out),
                "r2_before": self.r2_before,
                "r2_after": self.r2_after,
                "random_r2_mean": self.random_r2.mean(),
                "random_r2_sd": self.random_r2.std(ddof=1),
                "p_value": self.p_value,
            },
            dtype=object,
        )

    def __repr__(self):
        n_drivers = len(self.drivers)
        return (
            f"MediationResult({self.gene_a} and {self.gene_b}: R² {self.r2_before:.3f}, without "
            f"{n_drivers} driver{'s'[: n_drivers != 1]} {self.r2_after:.3f}, without random ones "
            f"{self.random_r2.mean():.3f}, p = {self.p_value:.3g})"
        )


@validate_params(
    {
        "n_random": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
        "layer": [str, None],
    },
    prefer_skip_nested_validation=True,
)
def mediation_test(
    X, gene_a, gene_b, drivers, candidates, *, n_random=1000, random_state=None, layer=None
):
    r"""Test whether regulators account for the co-expression of two genes.

    The expression of the drivers is regressed out of both genes. If they are what makes the two
    rise and fall together, less correlation is left than without as many other regulators.

    Parameters
    ----------
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Measured expression, best as logarithms. Samples are rows here.
    gene_a, gene_b : str or int
        The two genes, by name or column.
    drivers : sequence of str or int
        Regulators to test, by name or column, such as those an in-silico knock-out finds.
    candidates : sequence of str or int
        Regulators to draw random sets from: all that bind either gene. More than the drivers.
    n_random : int, default=1000
        Number of random sets, at least 2.
    random_state : int, RandomState instance or None, default=None
        Draws the random sets. An int gives the same result on every call.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.

    Returns
    -------
    MediationResult
        Squared correlations before and after, those of random sets, and the p-value.

    Raises
    ------
    ValueError
        If the genes are the same, unknown or constant, a name has several columns, values are not
        finite, no driver can be used, there are too few samples for the drivers or too few
        candidates.
    TypeError
        If a string is passed for several regulators, or one is neither a name nor a column.

    Warns
    -----
    UserWarning
        Once, with the numbers and names of drivers and candidates that are left out: not measured,
        constant, or one of the two genes. The result has all of them.

    See Also
    --------
    coexpression : Correlations of many genes.

    Notes
    -----
    With the residuals :math:`e_a, e_b` of the two genes after an intercept and the regulators of a
    set S,

    .. math::
        R^2(S) = \mathrm{corr}(e_a, e_b)^2, \qquad
        p = \frac{1 + \#\{k : R^2(S_k) \le R^2(S)\}}{1 + n_\mathrm{random}}

    one-sided. Random sets :math:`S_k` are as large as the drivers, each drawn without replacement
    from the candidates. Drivers which are candidates may be drawn as well: were they an arbitrary
    choice, they would be one such set, and p would be uniform. A gene that a set makes up entirely
    has nothing left to correlate, R² 0. Regulators that depend linearly on others of their set add
    nothing.

    All of it is one QR decomposition for each set. Expression tells who goes with whom, and not who
    acts: a regulator that merely follows the same cell type passes as well.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6, section on
    co-expression: 1,000 random sets of regulators that bind either gene.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.inspection import mediation_test
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(80, 12)), columns=[f"TF{i}" for i in range(12)])
    >>> X["LAPTM5"] = X["TF0"] + X["TF1"] + rng.normal(size=80)
    >>> X["CD53"] = X["TF0"] + X["TF1"] + rng.normal(size=80)
    >>> candidates = [f"TF{i}" for i in range(12)]
    >>> result = mediation_test(
    ...     X, "LAPTM5", "CD53", ["TF0", "TF1"], candidates, n_random=200, random_state=0
    ... )
    >>> bool(result.r2_after < result.random_r2.mean() < result.r2_before)
    True
    >>> result.p_value < 0.05
    True
    """
    names = gene_names(X)
    matrix = check_expression(matrix_of(X, layer), names)
    columns = _Columns(matrix, names)
    pair = np.array([columns.one(gene_a, "gene_a"), columns.one(gene_b, "gene_b")])
    columns.check_pair(pair)
    found, drivers_out = columns.several(drivers, "drivers", pair)
    pool, candidates_out = columns.several(candidates, "candidates", pair)
    _check_numbers(len(found), len(pool), matrix.shape[0], drivers_out)
    _warn_left_out({"drivers": drivers_out, "candidates": candidates_out})
    rng = np.random.default_rng(seed_sequence(random_state))
    sets = _random_sets(rng, len(pool), len(found), n_random)
    genes = columns.unit(pair)
    return MediationResult(
        gene_a=columns.label(pair[0]),
        gene_b=columns.label(pair[1]),
        drivers=tuple(columns.label(at) for at in found),
        drivers_left_out=drivers_out,
        n_candidates=len(pool),
        candidates_left_out=candidates_out,
        n_samples=matrix.shape[0],
        r2_before=float((genes[:, 0] @ genes[:, 1]) ** 2),
        r2_after=float(residual_r2(genes, columns.unit(found), np.arange(len(found))[None])[0]),
        random_r2=residual_r2(genes, columns.unit(pool), sets),
    )


# Threads get into each other's way on small tables.
@threadpool_limits.wrap(limits=1, user_api="blas")
def residual_r2(genes, regulators, sets):
    """Squared correlation of two genes after regressing out sets of regulators.

    Parameters
    ----------
    genes : ndarray of float64 of shape (n_samples, 2)
        Centred columns of length 1.
    regulators : ndarray of float64 of shape (n_samples, n_regulators)
        The same for regulators.
    sets : ndarray of int of shape (n_sets, size)
        Columns of `regulators` in each set.

    Returns
    -------
    ndarray of float64 of shape (n_sets,)
        In [0, 1]; 0 where nothing is left of a gene.
    """
    n_sets, size = sets.shape
    result = np.empty(n_sets)
    at_once = max(1, _BLOCK_VALUES // (len(genes) * (size + 2)))
    for start in range(0, n_sets, at_once):
        chunk = sets[start : start + at_once]
        tables = np.empty((len(chunk), len(genes), size + 2))
        tables[:, :, :size] = np.moveaxis(regulators[:, chunk], 0, 1)
        tables[:, :, size:] = genes
        # The last corner of R holds the residuals: those of a have one coordinate, of b two.
        r = np.linalg.qr(tables, mode="r")
        a, shared, own = r[:, -2, -2], r[:, -2, -1], r[:, -1, -1]
        result[start : start + at_once] = _squared_correlation(a, shared, own)
        dependent = (np.abs(np.diagonal(r[:, :size, :size], axis1=1, axis2=2)) < _DEPENDENT).any(1)
        for at in np.flatnonzero(dependent):
            result[start + at] = _of_dependent(genes, regulators[:, chunk[at]])
    return result


def _squared_correlation(a, shared, own):
    left = shared**2 + own**2
    nothing = (np.abs(a) < _DEPENDENT) | (left < _DEPENDENT**2)
    return np.where(nothing, 0.0, shared**2 / np.where(nothing, 1.0, left))


def _of_dependent(genes, regulators):
    basis, sizes, _ = np.linalg.svd(regulators, full_matrices=False)
    basis = basis[:, sizes > _DEPENDENT * sizes[0]]
    r = np.linalg.qr(genes - basis @ (basis.T @ genes), mode="r")
    return _squared_correlation(r[0, 0], r[0, 1], r[1, 1])


class _Columns:
    """Columns of X by name or number."""

    def __init__(self, matrix, names):
        self.matrix = matrix.tocsc() if sp.issparse(matrix) else matrix
        self.names = names
        self.count = Counter(() if names is None else names)

    def label(self, at):
        return int(at) if self.names is None else self.names[at]

    def one(self, gene, what):
        if not isinstance(gene, str | Integral):
            raise TypeError(f"{what} takes a gene name or column index, got {gene!r}.")
        self._check_single([gene], what)
        return resolve_genes([gene], self.names, self.matrix.shape[1], what=what)[0]

    def several(self, regulators, what, pair):
        """Sorted columns that can be used, and why others cannot."""
        if isinstance(regulators, str):
            raise TypeError(f"{what} is the string {regulators!r}; pass a list of regulators.")
        wanted = list(regulators)
        self._check_single(wanted, what)
        known = [name for name in wanted if not self._is_unknown(name)]
        unknown = [name for name in wanted if self._is_unknown(name)]
        columns = resolve_genes(known, self.names, self.matrix.shape[1], what=what)
        left_out = dict.fromkeys(unknown, "not measured")
        is_constant = self.constant(columns)
        for at, constant in zip(columns, is_constant, strict=True):
            if at in pair:
                left_out[self.label(at)] = "one of the two genes"
            elif constant:
                left_out[self.label(at)] = "constant"
        return columns[~(is_constant | np.isin(columns, pair))], left_out

    def dense(self, columns):
        block = self.matrix[:, columns]
        return np.asarray(block.toarray() if sp.issparse(block) else block, dtype=np.float64)

    def constant(self, columns):
        return np.ptp(self.dense(columns), axis=0) == 0

    def unit(self, columns):
        """Centred columns of length 1."""
        block = self.dense(columns)
        block = block - block.mean(axis=0)
        block -= block.mean(axis=0)
        block /= np.abs(block).max(axis=0)  # so that squares are neither 0 nor inf
        return block / np.linalg.norm(block, axis=0)

    def check_pair(self, pair):
        if pair[0] == pair[1]:
            raise ValueError(
                f"gene_a and gene_b are both {self.label(pair[0])!r}; pass two different genes."
            )
        constant = pair[self.constant(pair)]
        if constant.size:
            raise ValueError(
                f"{listed(self.label(at) for at in constant)} has the same value in all "
                f"{self.matrix.shape[0]} samples, so it is correlated with nothing."
            )

    def _is_unknown(self, gene):
        return self.names is not None and isinstance(gene, str) and not self.count[gene]

    def _check_single(self, genes, what):
        several = [gene for gene in genes if isinstance(gene, str) and self.count[gene] > 1]
        if several:
            raise ValueError(
                f"{what}: X has several columns named {listed(several)}. Make names unique "
                "(AnnData.var_names_make_unique) or aggregate them first."
            )


def _check_numbers(n_drivers, n_candidates, n_samples, left_out):
    if n_drivers == 0:
        reasons = listed(f"{name} ({reason})" for name, reason in left_out.items())
        raise ValueError(
            f"None of the drivers can be used: {reasons or 'there are none'}. Pass regulators that "
            "are measured and vary, by the names X has for them."
        )
    if n_drivers + 3 > n_samples:
        raise ValueError(
            f"{n_drivers} drivers take at least {n_drivers + 3} samples, X has {n_samples}: with "
            "fewer, what is left of two genes is on one line whatever they are. Pass fewer drivers."
        )
    if n_candidates <= n_drivers:
        raise ValueError(
            f"{n_candidates} candidates can be used, and random sets of {n_drivers} regulators "
            "take more than that. Pass all regulators that bind either gene."
        )


def _random_sets(rng, n_candidates, size, n_random):
    """Sets of candidates, each sorted, so that equal sets give equal numbers."""
    sets = [rng.choice(n_candidates, size, replace=False) for _ in range(n_random)]
    return np.sort(np.stack(sets), axis=1)


def _warn_left_out(left_out):
    parts = [
        f"{len(of_reason)} {what} ({listed(of_reason)}): {reason}"
        for what, reasons in left_out.items()
        for reason in dict.fromkeys(reasons.values())
        for of_reason in [[name for name, why in reasons.items() if why == reason]]
    ]
    if parts:
        warnings.warn(f"Left out: {'; '.join(parts)}.", UserWarning, stacklevel=4)
