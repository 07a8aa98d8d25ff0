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
    Two genes may be the same in three ways, the best one first: the same text; the same Ensembl id
    without version (``.12``); a pair of the mapping, again without versions. Symbols are compared
    exactly, case included. Pairs of the mapping are not chained.

    Nothing ambiguous is resolved: two genes are matched if neither has another candidate, or only
    ones in worse ways. All other candidates are left out and listed in ``ambiguous``, also those of
    names that occur twice in one of the lists. Which list is the reference makes no difference to
    the pairs.

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
    pairs = _pairs(genes, reference, _links(mapping, genes, reference))
    problems = _problems(pairs)
    rows = [(genes[i], reference[j], KINDS[kind]) for i, j, kind in pairs]
    certain = [pair[:2] for pair, problem in zip(pairs, problems, strict=True) if not problem]
    columns, reference_columns = np.array(certain, dtype=np.intp).reshape(-1, 2).T
    there, wanted = ({pair[side] for pair in pairs} for side in (0, 1))
    unmatched = [gene for i, gene in enumerate(genes) if i not in there]
    left = [gene for j, gene in enumerate(reference) if j not in wanted]
    judged = list(zip(rows, problems, strict=True))
    return GeneMatch(
        table=_frame([row for row, problem in judged if not problem], ["how"]),
        columns=columns,
        reference_columns=reference_columns,
        ambiguous=_frame(
            [(*row, problem) for row, problem in judged if problem], ["how", "problem"]
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


def _pairs(genes, reference, links):
    """Positions of two genes that may be the same, and how; in the order of the reference."""
    by_name, by_stem = {}, {}
    for position, gene in enumerate(genes):
        by_name.setdefault(gene, []).append(position)
        by_stem.setdefault(without_version(gene), []).append(position)
    pairs = []
    for position, name in enumerate(reference):
        stem = without_version(name)
        linked = [i for other in links.get(stem, ()) for i in by_stem.get(other, ())]
        kinds = {}
        for kind, found in enumerate((by_name.get(name, ()), by_stem.get(stem, ()), linked)):
            for gene in found:
                kinds.setdefault(gene, kind)
        pairs += [(gene, position, kind) for gene, kind in sorted(kinds.items())]
    return pairs


def _problems(pairs):
    """Why each pair is not certain; "" where it is."""
    at_gene, at_reference = {}, {}
    for gene, other, kind in pairs:
        at_gene.setdefault(gene, []).append(kind)
        at_reference.setdefault(other, []).append(kind)
    problems = []
    for gene, other, kind in pairs:
        if kind > min(*at_gene[gene], *at_reference[other]):
            problems.append("better match")
        elif at_gene[gene].count(kind) > 1:
            problems.append("several candidates")
        elif at_reference[other].count(kind) > 1:
            problems.append("shared candidate")
        else:
            problems.append("")
    return problems
