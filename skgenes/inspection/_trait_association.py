"""Which regulators act differently in old and young, men and women?"""

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import validate_params

from skgenes.inspection._design_matrix import contrast_of, make_design
from skgenes.inspection._design_rows import DesignRows
from skgenes.inspection._differential_expression import moderated_tests
from skgenes.utils import check_expression, is_anndata


@validate_params({"moderated": ["boolean"]}, prefer_skip_nested_validation=True)
def regulator_trait_association(scores, design, *, covariates=None, contrast=None, moderated=True):
    r"""Test the scores of every regulator for an association with a trait of individuals.

    A model with one output per individual gives each regulator a score per individual. Here they
    are tested for a difference between groups, or for a slope with age, by the same moderated
    t-test as `differential_expression`.

    Parameters
    ----------
    scores : array-like or DataFrame of shape (n_regulators, n_individuals)
        DeepLIFT scores of each regulator (row) for each individual (column), signed. A DataFrame
        names the regulators in its index, as `RegulatorScores.scores` does, and the individuals in
        its columns.
    design : array-like of shape (n_individuals,) or (n_individuals, n_coefficients)
        The trait. One-dimensional: the group of each individual, labels of any type.
        Two-dimensional: the design matrix, numbers, with a column of ones for an intercept; so for
        a measurement such as age. A row for each column of `scores`.
    covariates : array-like of shape (n_individuals[, n_covariates]) or None, default=None
        What else to account for, such as sex, ancestry or batch. Numbers enter as they are, labels
        with an indicator for each but the first.
    contrast : tuple, str, int, array-like of shape (n_coefficients,) or None, default=None
        What to test, as for `differential_expression`: (group, reference), or the column of the
        trait.
    moderated : bool, default=True
        Whether to draw variances towards a common one. Without, these are Student's t-tests.

    Returns
    -------
    DataFrame
        A row for every regulator, that with the least p-value first. Index: the regulators, by
        their names or numbers. Columns, all float64:

        effect
            Difference of groups, or slope, in the unit of the scores.
        mean_score
            Mean over individuals.
        t_statistic
            The effect over its standard error.
        p_value, q_value
            Two-sided, and adjusted for all regulators by Benjamini and Hochberg.

        Its ``attrs`` hold residual_df, prior_df and prior_variance.

    Raises
    ------
    ValueError
        If the trait has not one row for each column of `scores` or another order of individuals,
        scores are not finite, or as for `differential_expression`.
    TypeError
        If an AnnData is passed.

    Warns
    -----
    UserWarning
        Once, with the number of regulators whose scores are the same for all individuals, such as
        those without a binding site, if there are any.

    See Also
    --------
    differential_expression : The test, for genes; has its formulas.
    rank_enrichment : Which sets the associated regulators belong to.

    Notes
    -----
    Scores of one model are not independent between individuals as measurements are: they share its
    convolutions, and what one regulator loses another may gain. The test tells which scores vary
    with the trait more than beside it, given this model.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6, associates
    scores of person-specific models with age and sex. Smyth (2004), Statistical Applications in
    Genetics and Molecular Biology 3:3, doi:10.2202/1544-6115.1027.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.inspection import regulator_trait_association
    >>> rng = np.random.default_rng(0)
    >>> persons = [f"P{i}" for i in range(30)]
    >>> regulators = [f"RBP{i}" for i in range(40)]
    >>> scores = pd.DataFrame(rng.normal(size=(40, 30)), index=regulators, columns=persons)
    >>> trait = pd.DataFrame({"intercept": 1, "age": rng.uniform(20, 80, 30)}, index=persons)
    >>> scores.loc["RBP3"] += 0.1 * trait["age"]
    >>> sex = ["f", "m"] * 15
    >>> table = regulator_trait_association(scores, trait, covariates=sex, contrast="age")
    >>> table.index[0], round(float(table["effect"].iloc[0]), 2)
    ('RBP3', 0.1)
    """
    values, individuals, regulators = _by_individual(scores)
    rows = DesignRows(
        len(values), individuals, "individuals", "columns of scores", "scores.columns"
    )
    table, levels = make_design(design, covariates, rows)
    return moderated_tests(
        values,
        # `RegulatorScores.scores` has two levels, which are named already.
        regulators if regulators.nlevels > 1 else regulators.rename("regulator"),
        table.to_numpy(),
        contrast_of(contrast, table, levels),
        moderated=moderated,
        columns=("effect", "mean_score"),
    )


def _by_individual(scores):
    """Return checked numbers, individuals x regulators, and the names of both."""
    if is_anndata(scores):
        raise TypeError(
            "scores is an AnnData; pass its table of scores with regulators as rows, for example "
            "pd.DataFrame(adata.uns[key], index=regulators)."
        )
    frame = pd.DataFrame(scores).T
    names = np.asarray(frame.columns, dtype=object)
    values = check_expression(frame.to_numpy(), names, what="scores", ensure_min_samples=2)
    return values, frame.index, frame.columns
