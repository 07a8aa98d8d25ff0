"""The table of a PanelReport: every gene of the panel, and why it is there."""

import numpy as np
import pandas as pd

from skgenes.inspection._panel_split import PanelSplit
from skgenes.utils import resolve_genes

_NAMED = 3  # genes, for each reason
_CLOSE = 0.3  # correlation from which genes move together
_TOP = 10  # genes of a unit that are its programme


def genes_of(order, matrix, names, fitted, stability, values):
    """Make the table.

    Parameters
    ----------
    order : ndarray of int of shape (k,)
        Columns of the panel, in its order.
    matrix : ndarray or csr_array of shape (n_samples, n_genes)
        Samples.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    fitted : selector or None
        What chose the panel.
    stability : PanelStability or None
        How often genes are chosen again.
    values : PanelValues
        What they are worth.

    Returns
    -------
    DataFrame of k rows
        As in `PanelReport`.
    """
    n_genes = matrix.shape[1]
    labels = np.arange(n_genes) if names is None else names
    genes = labels[order]
    table = {"rank": np.arange(1, len(order) + 1), "gene": genes}
    gains = getattr(fitted, "gains_", None)
    if np.shape(gains) == order.shape:
        table["gain"] = gains
    table["marginal_value"] = values.genes["value"].to_numpy()
    table["redundancy"] = values.genes["redundancy"].to_numpy()
    if stability is not None:
        table["frequency"] = stability.genes["frequency"].to_numpy()[order]
    moves_with = _movers(order, PanelSplit(matrix, matrix).train, labels)
    if values.programmes is not None:
        table["programme"] = [_programme(values, gene) for gene in genes]
    table["moves_with"] = [", ".join(map(_with_number, movers)) for movers in moves_with]
    stands_for = [values.stands_for(gene) for gene in genes]
    table["stands_for"] = [_counted(others) for others in stands_for]
    wanted = getattr(fitted, "must_include", None)
    wanted = set(resolve_genes(wanted, names, n_genes, what="must_include").tolist())
    reasons = zip(order.tolist(), values.genes.itertuples(), moves_with, stands_for, strict=True)
    table["why"] = [_why(column in wanted, *reason) for column, *reason in reasons]
    return pd.DataFrame(table)


def _movers(order, standardised, labels):
    """Names and correlations of three genes that go up as each of the panel does.

    If there is none, but some that go down, those.
    """
    correlations = standardised[:, order].T @ standardised / len(standardised)
    correlations[np.arange(len(order)), order] = 0
    against = (correlations.max(axis=1) < _CLOSE) & (correlations.min(axis=1) <= -_CLOSE)
    sign = np.where(against, 1, -1)[:, None]
    # Itself comes last, of whatever genes there are.
    ranked = sign * correlations
    ranked[np.arange(len(order)), order] = np.inf
    n_movers = min(_NAMED, len(labels) - 1)
    closest = np.argsort(ranked, axis=1, kind="stable")[:, :n_movers]
    return [
        [(labels[other], float(row[other])) for other in others]
        for row, others in zip(correlations, closest, strict=True)
    ]


def _with_number(mover):
    gene, correlation = mover
    return f"{_named(gene)} ({correlation:.2f})"


def _named(gene):
    return gene if isinstance(gene, str) else f"gene {gene}"


def _programme(values, gene):
    """Genes of the unit in which it ranks highest, if it is one of the first there."""
    table = values.programmes.loc[gene]
    first = table.iloc[0]
    if first["rank"] > _TOP:
        return ""
    return f"unit {table.index[0]}: {', '.join(first['top_genes'].split(', ')[:_NAMED])}"


def _first_of(stands_for):
    return ", ".join(
        _named(gene) + (" (opposite)" if row.slope < 0 else "")
        for gene, row in stands_for.head(_NAMED).iterrows()
    )


def _counted(stands_for):
    more = len(stands_for) - _NAMED
    return _first_of(stands_for) + (f" and {more} more" if more > 0 else "")


def _why(wanted, row, movers, stands_for):
    """One sentence: what it moves with, whom it stands for, and how far others could."""
    reasons = ["asked for by must_include"] if wanted else []
    close = [_with_number(mover) for mover in movers if abs(mover[1]) >= _CLOSE]
    if close:
        how = "with" if movers[0][1] > 0 else "against"
        reasons.append(f"moves {how} {', '.join(close)}")
    else:
        reasons.append(f"moves closely with no gene, most with {_with_number(movers[0])}")
    if len(stands_for):
        n_genes = f"{len(stands_for)} gene{'s' * (len(stands_for) > 1)}"
        which = ", above all" if len(stands_for) > _NAMED else ":"
        how = "stands for" if close else "stands weakly for"
        reasons.append(f"{how} {n_genes}{which} {_first_of(stands_for)}")
        if row.value_for_others <= 0:
            reasons.append(
                "adds little beyond itself: other genes together lose nothing without it"
            )
    elif row.value_for_others > row.value_se:
        reasons.append("stands for no other gene, but helps with several")
    else:
        reasons.append("tells of hardly a gene but itself")
    if pd.notna(row.closest):  # in a panel of more than one
        reasons.append(f"the rest of the panel explains {max(row.redundancy, 0):.0%} of it")
    sentence = "; ".join(reasons)
    return f"{sentence[0].upper()}{sentence[1:]}."
