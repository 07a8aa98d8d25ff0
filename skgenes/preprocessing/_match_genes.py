"""Which genes of one platform are which of another."""

import numpy as np
import pandas as pd

from skgenes.preprocessing._match_identifiers import near_misses, without_version
from skgenes.preprocessing._match_result import GeneMatch
from skgenes.preprocessing._probe_genes import identifiers_in, pairs_of
from skgenes.utils._messages import listed

KINDS = ("exact", "version", "mapping")


def match_genes(genes, reference, *, mapping=None):
    """Match the genes of one list with those of a reference.

    Parameters
    ----------
    genes : sequence of str
        Symbols or Ensembl ids, with or without version.
    reference : sequence of str
        The same for the platform to match with.
    mapping : dict, Series, DataFrame of two columns or None, default=None
        Pairs of identifiers of one gene, such as symbol and Ensembl id, in either direction:
        ``{"TP53": "ENSG00000141510"}``. A value may be a list or "A /// B", and keys of a Series or
        DataFrame may repeat. None, NaN and "" are passed over.

    Returns
    -------
    GeneMatch
        The matches, what is ambiguous, what is left over, and a `summary`.

    Raises
    ------
    ValueError
        If a list is empty, or the mapping has nothing to do with either.
    TypeError
        If an identifier is no text.

    See Also
    --------
    GeneAligner : Brings data of another platform into the form of the training data.

    Notes
    -----
    A gene is looked for in three ways, and the first that finds something counts: the same text;
    the same Ensembl id without version (``.12``); a pair of the mapping, again without versions.
    Symbols are compared exactly, case included. Pairs of the mapping are not chained.

    Nothing ambiguous is resolved. A gene with several candidates is left out, and so are several
    genes with the same candidate, unless one of them has it in a better way: then that one is
    matched and the others are left out. This includes names that occur twice in one of the lists.
    All of them are listed in ``ambiguous``.

    The copies on Y of genes in the pseudoautosomal regions, such as ``ENSG00000182378.10_PAR_Y`` or
    in older files ``ENSGR0000182378.5``, are other genes than those on X and match each other only.

    Examples
    --------
    >>> from skgenes.preprocessing import match_genes
    >>> match = match_genes(
    ...     ["ENSG00000136997.15", "ENSG00000141510.12", "1-Mar"],
    ...     ["TP53", "ENSG00000136997", "MARCHF1", "CD4"],
    ...     mapping={"TP53": "ENSG00000141510"},
    ... )
    >>> match.table
                     gene   reference_gene      how
    0  ENSG00000141510.12             TP53  mapping
    1  ENSG00000136997.15  ENSG00000136997  version
    >>> match.columns
    array([1, 0])
    >>> print(match.summary())
    2 of 4 reference genes matched (0 exactly, 1 after removing versions, 1 by the mapping); 0 ambiguous; 2 ('MARCHF1', 'CD4') without a match.
    Of 3 genes given, 0 are left out as ambiguous and 1 have no match.
    Not matched: 1 look like a date that a spreadsheet made of a gene ('1-Mar / MARCHF1').
    """  # noqa: E501
    genes, reference = _names(genes, "genes"), _names(reference, "reference")
    links = _links(mapping, genes, reference)
    candidates = _candidates(genes, reference, links)
    matched, doubtful = _decide(candidates)
    matched.sort(key=lambda pair: pair[1])
    columns = np.array([gene for gene, _ in matched], dtype=np.intp)
    reference_columns = np.array([other for _, other in matched], dtype=np.intp)
    wanted = {other for found, _ in candidates for other in found}
    unmatched = [genes[i] for i, (found, _) in enumerate(candidates) if not found]
    left = [name for i, name in enumerate(reference) if i not in wanted]
    return GeneMatch(
        table=_frame(
            [(genes[i], reference[j], KINDS[candidates[i][1]]) for i, j in matched], ["how"]
        ),
        columns=columns,
        reference_columns=reference_columns,
        ambiguous=_frame(
            [
                (genes[i], reference[j], KINDS[candidates[i][1]], problem)
                for i, problem in doubtful
                for j in candidates[i][0]
            ],
            ["how", "problem"],
        ),
        unmatched=np.array(unmatched, dtype=object),
        unmatched_reference=np.array(left, dtype=object),
        near_misses=_frame(near_misses(unmatched, left), ["how"]),
        n_genes=len(genes),
        n_reference=len(reference),
    )


def _frame(rows, more):
    return pd.DataFrame(rows, columns=["gene", "reference_gene", *more])


def _names(names, what):
    """Check a list of genes."""
    if isinstance(names, str) or hasattr(names, "columns") or hasattr(names, "var_names"):
        raise TypeError(
            f"{what} must be a sequence of names, got {type(names).__name__}. Of a DataFrame pass "
            "X.columns, of an AnnData X.var_names."
        )
    names = list(names)
    strange = [name for name in names if not isinstance(name, str)]
    if strange:
        raise TypeError(
            f"{what} has {len(strange)} entries that are no text ({listed(strange)}). Turn "
            "identifiers into str and drop missing ones."
        )
    if not names:
        raise ValueError(f"{what} is empty. Pass at least one gene.")
    return names


def _links(mapping, genes, reference):
    """Identifiers, without version, that the mapping joins with each identifier."""
    if mapping is None:
        return {}
    links = {}
    for key, value in pairs_of(mapping, "mapping"):
        for one in identifiers_in(key, "mapping", key):
            for other in identifiers_in(value, "mapping", key):
                one, other = without_version(one), without_version(other)
                links.setdefault(one, {})[other] = links.setdefault(other, {})[one] = True
    if not any(without_version(name) in links for name in (*genes, *reference)):
        raise ValueError(
            f"mapping has {len(links)} identifiers ({listed(links)}), none of which is in genes "
            f"({listed(genes)}) or reference ({listed(reference)}). Is it about these?"
        )
    return links


def _candidates(genes, reference, links):
    """For each gene the positions of its candidates and the kind of match."""
    by_name, by_stem = {}, {}
    for position, name in enumerate(reference):
        by_name.setdefault(name, []).append(position)
        by_stem.setdefault(without_version(name), []).append(position)
    candidates = []
    for gene in genes:
        stem = without_version(gene)
        linked = {position for other in links.get(stem, ()) for position in by_stem.get(other, ())}
        ways = (by_name.get(gene, []), by_stem.get(stem, []), sorted(linked))
        kind = next((kind for kind, found in enumerate(ways) if found), len(ways) - 1)
        candidates.append((ways[kind], kind))
    return candidates


def _decide(candidates):
    """Pairs that are certain, and genes that are not with the reason."""
    claims = {}
    for found, kind in candidates:
        for position in found:
            claims.setdefault(position, []).append(kind)
    matched, doubtful = [], []
    for gene, (found, kind) in enumerate(candidates):
        if len(found) > 1:
            doubtful.append((gene, "several candidates"))
        elif found and kind > min(claims[found[0]]):
            doubtful.append((gene, "better match"))
        elif found and claims[found[0]].count(kind) > 1:
            doubtful.append((gene, "shared candidate"))
        elif found:
            matched.append((gene, found[0]))
    return matched, doubtful
