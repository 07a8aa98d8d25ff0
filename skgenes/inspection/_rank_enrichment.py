"""Which gene sets gather at the top or the bottom of a ranking?"""

import warnings
from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control
from sklearn.utils._param_validation import Interval, validate_params

from skgenes.inspection._over_representation import SIZE_CONSTRAINTS
from skgenes.utils import seed_sequence
from skgenes.utils._messages import listed

# Scores weigh at least this share of the sum: gseapy counts in units of 2**-30 of it, and fails
# on sets of nothing but zeros.
_LEAST_SHARE = 2**-29
_NUDGE = 2**-50  # of the largest weight, so that no two are equal


@validate_params(
    {
        **SIZE_CONSTRAINTS,
        "weight": [Interval(Real, 0, None, closed="left")],
        "n_random": [Interval(Integral, 100, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def rank_enrichment(
    scores,
    gene_sets,
    *,
    min_size=5,
    max_size=None,
    weight=1.0,
    n_random=1000,
    random_state=None,
):
    r"""Test every gene set for gathering at one end of a ranking: gene set enrichment analysis.

    For scores of genes, such as fold changes, or of regulators, such as their DeepLIFT scores in
    one tissue. No threshold on the scores is needed, other than for `over_representation`. Computed
    by gseapy, which does not go to the network for this: ``pip install skgenes[enrichment]``.

    Parameters
    ----------
    scores : Series of shape (n_genes,) or dict of {str: float}
        The score of each gene, signed: the index names the genes. Of a table of scores, one column.
    gene_sets : dict of {str: iterable of str}
        Members of each set, as `skgenes.io.read_gmt` reads them. Members without a score do not
        count, and repeated ones count once.
    min_size, max_size : int or None, default=5 and None
        Sets with fewer or more genes that have a score are not tested; None sets no limit.
    weight : float, default=1.0
        Power of the scores: how much more the ends of the ranking count than its middle. With 0
        ranks alone count.
    n_random : int, default=1000
        Random sets that scores are normalised by, at least 100. P-values below what they resolve
        are found by sampling on from the most enriched ones.
    random_state : int, RandomState instance or None, default=None
        Draws random sets, and the order of equal scores. An int gives the same result on every
        call.

    Returns
    -------
    DataFrame
        A row for every set tested, those with the least p-value first. Index: the sets. Columns:

        size
            Genes of the set that have a score.
        es
            Enrichment score in [-1, 1]: positive if the set gathers at high scores.
        nes
            The same over the mean of random sets of its size and sign.
        p_value
            Against random sets of the same sign; at least 1e-50. NaN, as nes is, if fewer than 10
            of them have that sign, as when nearly all genes are in the set.
        q_value
            Adjusted for all sets with a p-value by Benjamini and Hochberg.
        log2_error
            Standard error of the logarithm of p to base 2, from the sampling; NaN where unknown.
        leading_edge
            Tuple of the genes from the end of the ranking to the extreme of the running sum.

        Its ``attrs`` hold left_out, a dict of {set: why it was not tested}, and n_ties, the number
        of genes that share their score; pandas may drop them from what is made of the table.

    Raises
    ------
    ValueError
        If names repeat, a score is not finite, all are 0, or no set has a size asked for.
    TypeError
        If scores have no names, or a string is passed for the members of a set.
    ImportError
        If gseapy is not installed.

    Warns
    -----
    UserWarning
        Once, with the number of sets that are not tested and why, and of those without a p-value,
        if there are any.

    See Also
    --------
    over_representation : For a panel or list of genes instead of scores.
    skgenes.io.read_gmt : Reads gene sets.

    Notes
    -----
    With n genes in the order of their scores s, the first the highest, and a set S of k of them,

    .. math::
        P(i) = \sum_{j \le i,\, j \in S} \frac{|s_j|^w}{\sum_{l \in S} |s_l|^w}
               - \sum_{j \le i,\, j \notin S} \frac{1}{n - k}

    and the enrichment score is the P(i) farthest from 0. Random sets are of k genes out of all n,
    and not shuffled samples: genes of a set that rise and fall together anyway come out enriched
    more often than p says. P-values are those of the multilevel method, which does not stop at
    1 / n_random; n_random is what es is normalised by, and enough for p-values that are large.

    Genes with equal scores are put in random order, which depends on their names and
    `random_state`, and not on the order of rows. Look at ``attrs["n_ties"]``: where it is a large
    part, results depend on the seed. A score weighs at least 2e-9 of the sum of all, so that sets
    of nothing but zeros have a running sum.

    References
    ----------
    Subramanian et al. (2005), PNAS 102, 15545-15550, doi:10.1073/pnas.0506580102, for the running
    sum. Korotkevich et al. (2021), bioRxiv, doi:10.1101/060012, for the p-values. Fang, Liu and
    Peltz (2023), Bioinformatics 39, btac757, for gseapy.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import rank_enrichment
    >>> scores = pd.Series(range(40, -40, -1), index=[f"RBP{i}" for i in range(80)])
    >>> sets = {"splicing": scores.index[:12:2], "decay": scores.index[::12], "small": ["RBP1"]}
    >>> table = rank_enrichment(scores, sets, random_state=0)
    >>> table[["size", "es"]].round(2).loc["splicing"].to_dict()
    {'size': 6.0, 'es': 0.93}
    >>> table.attrs["left_out"]
    {'small': '1 of its 1 genes has a score, less than min_size=5'}
    """
    gseapy = _import_gseapy()
    ranking, n_ties, seed = _rank(_series_of(scores), seed_sequence(random_state))
    members, left_out = _sets_of(gene_sets, ranking.index, min_size, max_size)
    table = _run(gseapy, _weights(ranking, weight), members, n_random, seed)
    defined = table["p_value"].dropna()
    q_value = pd.Series(false_discovery_control(defined, method="bh"), index=defined.index)
    table.insert(4, "q_value", q_value)
    table["leading_edge"] = [tuple(ranking.index[at]) for at in table["leading_edge"]]
    _warn_of(left_out, len(gene_sets), table.index.difference(defined.index), n_random)
    table = table.iloc[np.lexsort((-table["nes"].abs(), table["p_value"]))]
    table.attrs = {"left_out": left_out, "n_ties": n_ties}
    return table


def _import_gseapy():
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import gseapy
    except ImportError as error:
        raise ImportError(
            "rank_enrichment needs gseapy, which is not installed: pip install skgenes[enrichment]"
        ) from error
    return gseapy


def _series_of(scores):
    if isinstance(scores, dict):
        scores = pd.Series(scores, dtype=np.float64)
    if isinstance(scores, pd.Series) and scores.index.nlevels > 1:
        raise TypeError(
            f"scores has {scores.index.nlevels} levels of names ({listed(scores.index.names)}). "
            "Keep one: of the scores of regulators, scores.xs('rna', level='part')."
        )
    if not isinstance(scores, pd.Series) or not all(isinstance(name, str) for name in scores.index):
        raise TypeError(
            "scores must be a Series with the names of genes in its index, or a dict; got "
            f"{type(scores).__name__}. Of a table of scores pass one column."
        )
    if scores.index.has_duplicates:
        twice = scores.index[scores.index.duplicated()].unique()
        raise ValueError(
            f"{len(twice)} gene name(s) have several scores: {listed(twice)}. Keep one of each."
        )
    scores = scores.astype(np.float64)
    bad = scores.index[~np.isfinite(scores)]
    if len(bad):
        raise ValueError(
            f"scores of {len(bad)} gene(s) are NaN or infinite: {listed(bad)}. Leave them out."
        )
    if len(scores) < 2 or not scores.any():
        raise ValueError(
            f"{len(scores)} scores, {np.count_nonzero(scores)} of them other than 0, make no "
            "ranking; pass the scores of all genes that were scored."
        )
    return scores


def _rank(scores, seeds):
    """Sort from the highest score; also the number of ties, and a seed for gseapy."""
    order_seed, sampling_seed = seeds.spawn(2)
    by_name = scores.sort_index()
    shuffled = by_name.iloc[np.random.default_rng(order_seed).permutation(len(by_name))]
    ranking = shuffled.iloc[np.argsort(-shuffled.to_numpy(), kind="stable")]
    # gseapy keeps 31 bits.
    seed = int(sampling_seed.generate_state(1)[0] >> 1)
    return ranking, int(ranking.duplicated(keep=False).sum()), seed


def _sets_of(gene_sets, genes, min_size, max_size):
    """Ranks of the members of each set that is to be tested, and why others are not."""
    members, left_out = {}, {}
    index = pd.Index(genes, dtype=object)
    for name, given in gene_sets.items():
        if isinstance(given, str):
            raise TypeError(f"Gene set {name!r} is the string {given!r}; pass a list of genes.")
        unique = pd.Index(list(given), dtype=object).unique()
        ranks = index.get_indexer(unique)
        found = np.sort(ranks[ranks >= 0])
        reason = _why_not(len(found), len(unique), len(index), min_size, max_size)
        if reason is None:
            members[name] = found
        else:
            left_out[name] = reason
    if not members:
        raise ValueError(
            f"None of {len(gene_sets)} gene sets can be tested. "
            f"{'; '.join(f'{name!r}: {why}' for name, why in list(left_out.items())[:3])}. Scores "
            f"have names such as {listed(genes[:3])}. Check that both have the same kind of "
            "identifier, or change min_size and max_size."
        )
    return members, left_out


def _why_not(size, n_members, n_genes, min_size, max_size):
    with_score = f"{size} of its {n_members} genes {'has' if size == 1 else 'have'} a score"
    if size < min_size:
        return f"{with_score}, less than min_size={min_size}"
    if max_size is not None and size > max_size:
        return f"{with_score}, more than max_size={max_size}"
    return f"it has all {n_genes} genes with a score" if size == n_genes else None


def _weights(ranking, weight):
    """Signed weights, from high to low, no two alike."""
    scores = ranking.to_numpy()
    sizes = (np.abs(scores) / np.abs(scores).max()) ** weight
    sizes = np.maximum(sizes, _LEAST_SHARE * sizes.sum())
    signed = np.where(scores < 0, -sizes, sizes)
    # Equal ones are in order already, and gseapy would only complain of them.
    return signed - np.arange(len(signed)) * (sizes.max() * _NUDGE)


def _run(gseapy, weights, members, n_random, seed):
    """Test sets of ranks; genes and sets go by number, as gseapy interprets names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is deprecated in pandas
        result = gseapy.prerank(
            pd.Series(weights, index=[f"G{rank}" for rank in range(len(weights))], name="score"),
            {f"S{at}": [f"G{rank}" for rank in ranks] for at, ranks in enumerate(members.values())},
            min_size=1,
            max_size=len(weights),
            weight=1.0,
            ascending=None,
            method="multilevel",
            permutation_num=n_random,
            seed=seed,
            threads=1,
            no_plot=True,
        ).res2d
    result = result.set_index("Term").loc[[f"S{at}" for at in range(len(members))]]
    edges = [[int(gene[1:]) for gene in genes.split(";")] for genes in result["Lead_genes"]]
    return pd.DataFrame(
        {
            "size": [len(ranks) for ranks in members.values()],
            "es": result["ES"].to_numpy(dtype=np.float64),
            "nes": result["NES"].to_numpy(dtype=np.float64),
            "p_value": result["NOM p-val"].to_numpy(dtype=np.float64),
            "log2_error": result["log2err"].to_numpy(dtype=np.float64),
            "leading_edge": edges,
        },
        index=pd.Index(list(members), name="gene_set"),
    )


def _warn_of(left_out, n_sets, undefined, n_random):
    parts = []
    if left_out:
        name, why = next(iter(left_out.items()))
        parts.append(
            f"{len(left_out)} of {n_sets} gene sets are not tested, such as {name!r}: {why}. All "
            "are in attrs['left_out']."
        )
    if len(undefined):
        parts.append(
            f"{len(undefined)} of {n_sets} gene sets ({listed(undefined)}) have no p-value: fewer "
            f"than 10 of {n_random} random sets are enriched at the same end. Raise n_random."
        )
    if parts:
        warnings.warn(" ".join(parts), UserWarning, stacklevel=4)
