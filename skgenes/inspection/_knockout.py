"""Which regulators make two genes co-expressed: remove them at random from a model's inputs."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from skgenes.inspection._knockout_draws import LinearHidden
from skgenes.inspection._knockout_kernels import split_by_feature
from skgenes.inspection._knockout_pair import drive, open_pair

DRAW_CONSTRAINTS = {
    "n_draws": [Interval(Integral, 3, None, closed="left")],
    "probability": [Interval(Real, 0, 1, closed="neither")],
    "random_state": ["random_state"],
}


@validate_params(DRAW_CONSTRAINTS, prefer_skip_nested_validation=True)
def in_silico_knockout(
    estimator,
    X,
    gene_a,
    gene_b,
    *,
    n_draws=10_000,
    probability=0.5,
    outputs=None,
    random_state=None,
):
    r"""Find the regulators that make two genes co-expressed, by removing them at random.

    In every draw each regulator of either gene is removed from both with some probability, and the
    correlation of their predicted profiles is regressed on what was removed.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted.
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes with these two among them, as `estimator` takes them.
    gene_a, gene_b : str or int
        The two genes, given by name or position.
    n_draws : int, default=10_000
        Number of draws; at least 3 more than there are regulators.
    probability : float in (0, 1), default=0.5
        Probability of each regulator being removed in a draw.
    outputs : sequence of str or int, or None, default=None
        Outputs that make up a profile, at least 3, given by name or position. None takes all but
        one called "median", which is no fold change: `FoldChangeTransformer` puts it last.
    random_state : int, RandomState instance or None, default=None
        Draws what is removed. An int gives the same result on every call.

    Returns
    -------
    CoexpressionDrivers
        Its table `drivers` has the columns

        part, regulator
            What is removed. A regulator that binds promoters and RNAs is in two rows: the model
            has two features of it, which are removed independently.
        bound_a, bound_b
            Whether it binds the first and the second gene.
        coefficient, se
            Change of the correlation on removal, by least squares, and its standard error.
            Negative for drivers of co-expression.
        t, p_value, p_adjusted
            Of the test for no effect, two-sided; adjusted after Bonferroni.

    Raises
    ------
    TypeError
        If there is no model of regulators in `estimator`.
    ValueError
        If it is one gene twice, a gene or output is unknown, there are fewer than 3 outputs, a
        gene has no regulator, draws are too few, or a predicted profile is constant.

    See Also
    --------
    binding_site_disruption : The same with bins of the promoter or the RNA.
    knockout_effects : Remove one regulator at a time.

    Notes
    -----
    The mask of a part says which bases exist; it is never removed. With :math:`r_{if}` 1 where
    draw i removes regulator f and else 0, and the correlation :math:`\rho_i` of the two predicted
    profiles in it, coefficients are those of

    .. math:: \rho_i = \beta_0 + \sum_f \beta_f r_{if} + \varepsilon_i .

    Removing all binding sites of a regulator takes all its columns from the inputs, so before the
    first nonlinear layer it takes away a fixed vector :math:`c_f`. All draws of both genes are one
    product of the matrix :math:`r` and these vectors, and then the last layers, in single
    precision. Predictions are compared on the scale of the networks, before a
    TransformedTargetRegressor turns them back.

    p-values say how sure an effect is within the model, and get as small as there are draws: they
    are no evidence about cells. Look at coefficients as well.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import in_silico_knockout
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> sites = rng.poisson(1.0, size=(200, 8))
    >>> log_fold_changes = sites @ rng.normal(size=(8, 4))
    >>> decode = DEcodeRegressor([(16, 1)], n_init=1, batch_size=16, random_state=0)
    >>> decode = decode.fit(sites, log_fold_changes)
    >>> result = in_silico_knockout(decode, sites, 0, 1, n_draws=1000, random_state=0)
    >>> result.drivers.columns.tolist()[:5]
    ['part', 'regulator', 'bound_a', 'bound_b', 'coefficient']
    >>> bool((result.positive_drivers()["coefficient"] < 0).all())
    True
    """
    pair = open_pair(estimator, X, gene_a, gene_b, outputs)
    genes, features, parts = split_by_feature(pair.inputs, pair.model.column_feature)
    removable = ~pair.model.masks[features]
    genes, features, parts = genes[removable], features[removable], parts[removable]
    bound, units = np.unique(features, return_inverse=True)
    is_bound = np.zeros((2, bound.size), dtype=bool)
    is_bound[genes, units] = True
    _check_bound(is_bound, pair)

    def hidden_of(response):
        contributions = np.zeros((2, bound.size, response.kernel.shape[1]))
        contributions[genes, units] = parts @ response.kernel
        return LinearHidden(response.hidden(pair.inputs), contributions)

    table = pair.model.features[bound].to_frame(index=False)
    drivers = table.assign(bound_a=is_bound[0], bound_b=is_bound[1])
    return drive(
        pair,
        hidden_of,
        drivers,
        "regulators",
        n_draws=n_draws,
        probability=probability,
        random_state=random_state,
    )


def _check_bound(is_bound, pair):
    for name, any_bound in zip(pair.names, is_bound.any(axis=1), strict=True):
        if not any_bound:
            raise ValueError(
                f"No regulator of the model binds gene {name!r}, so that there is nothing to "
                "remove from it."
            )
