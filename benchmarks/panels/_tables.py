"""Tables of the results, as Markdown."""

import numpy as np
import pandas as pd

from benchmarks.panels._registry import find
from benchmarks.panels._run import CEILING
from benchmarks.panels._sets import UNSEEN_SETS

BASELINE = "greedy column subset"
SPREAD = ("R2_all", "R2", "PCC", "MAE")
HEADS = {
    "R2_all": "R2, all genes",
    "R2": "R2",
    "PCC": "PCC",
    "MAE": "MAE",
    "redundancy": "mean abs r",
    "seconds": "CPU s",
    "peak_mib": "MiB",
}


def per_size(scores):
    """A table for every set and size, the best selector first.

    Parameters
    ----------
    scores : DataFrame
        As of `compare`.

    Returns
    -------
    str
        Markdown; mean ± standard deviation over splits. Selectors that picked for fewer splits
        than others are marked: splits differ in how much can be inferred at all.
    """
    parts = []
    for (name, size), part in scores.groupby(["set", "size"], sort=False):
        grouped = part.groupby("selector", sort=False)
        mean, sd = grouped.mean(numeric_only=True), grouped.std(numeric_only=True)
        order = mean["R2_all"].sort_values(ascending=False, na_position="first").index
        splits, of = part["split"].nunique(), grouped["split"].nunique()
        lines = [
            _cells(selector, mean.loc[selector], sd.loc[selector], size, of[selector] < splits)
            for selector in order
        ]
        title = f"### {name}, {size} genes ({splits} split{'s' * (splits > 1)})"
        title += "; * not on all of them" if any(of < splits) else ""
        parts.append(f"{title}\n\n{_markdown(['selector', *HEADS.values()], lines)}")
    return "\n\n".join(parts)


def _cells(selector, mean, sd, size, is_partial):
    name = f"{selector}*" if is_partial else selector
    if selector != CEILING and find(selector).labels:
        name += " (types)"
    if mean["n_genes"] < size:
        name += f" [{mean['n_genes']:.0f} genes]"
    spread = [_number(mean[key], sd[key]) for key in SPREAD]
    digits = {"redundancy": 2, "seconds": 1, "peak_mib": 0}
    plain = ["" if np.isnan(mean[key]) else f"{mean[key]:.{n}f}" for key, n in digits.items()]
    return [name, *spread, *plain]


def _number(mean, sd):
    if np.isnan(mean):
        return ""
    return f"{mean:.3f}" if np.isnan(sd) else f"{mean:.3f} ± {sd:.3f}"


def overall_apart(scores):
    """Tables over all sets and sizes: of the sets that our search was chosen on, and of others.

    Parameters
    ----------
    scores : DataFrame
        As of `compare`.

    Returns
    -------
    list of str
        Markdown with a heading; as of `overall`.
    """
    unseen = scores["set"].isin(UNSEEN_SETS)
    parts = {
        "Sets that our search was chosen on": scores[~unseen],
        "Sets that it was not chosen on": scores[unseen],
    }
    return [
        f"### {title}, all sizes\n\n{overall(part)}" for title, part in parts.items() if len(part)
    ]


def overall(scores):
    """Ranks and distances over all sets and sizes.

    Parameters
    ----------
    scores : DataFrame
        As of `compare`.

    Returns
    -------
    str
        Markdown. Distances from greedy column-subset selection are of the same splits, averaged
        for every set and size. By them, ranks among the selectors that have panels of every set
        and size, 1 the best.
    """
    own = scores[scores["selector"] != CEILING]
    if BASELINE not in set(own["selector"]):
        return f"Nothing to hold them against: {BASELINE} has no panels."
    distances = {key: _beyond_baseline(own, key) for key in ("R2_all", "PCC")}
    complete = distances["R2_all"].columns[distances["R2_all"].notna().all()]
    ranks = {key: table[complete].rank(axis=1, ascending=False) for key, table in distances.items()}
    lines = []
    for selector in distances["R2_all"].mean().sort_values(ascending=False).index:
        is_ranked = selector in complete
        rank = [f"{table[selector].mean():.1f}" if is_ranked else "" for table in ranks.values()]
        away = [table[selector].dropna() for table in distances.values()]
        worst = f"{away[0].min():+.3f}"
        shown = [f"{values.mean():+.4f}" for values in away]
        n_cells = f"{len(away[0])} of {len(distances['R2_all'])}"
        lines.append([selector, *rank, *shown, worst, n_cells])
    heads = ["selector", "rank by R2", "rank by PCC", "R2 - CSS", "PCC - CSS", "worst R2 - CSS"]
    return _markdown([*heads, "sets x sizes"], lines)


def _beyond_baseline(scores, key):
    """Distances from the baseline in the same splits, averaged: set and size x selector."""
    table = scores.pivot_table(key, ["set", "size", "split"], "selector", sort=False)
    away = table.sub(table[BASELINE], axis=0)
    return away.groupby(level=["set", "size"], sort=False).mean()


def failed(failures):
    """Selectors without a panel, with the reason.

    Parameters
    ----------
    failures : DataFrame
        As of `compare`.

    Returns
    -------
    str
        Markdown.
    """
    if failures.empty:
        return "None."
    keys = ["selector", "versions", "error"]
    lines = []
    for (selector, versions, error), part in failures.groupby(keys, sort=False):
        where = ", ".join(part["set"].unique())
        message = error.splitlines()[0][:160].replace("|", "/")
        lines.append([selector, versions, message, f"{where}: {part['n'].sum()}"])
    return _markdown(["selector", "versions", "reason", "sets: panels"], lines)


def _markdown(heads, lines):
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def versions(panels_of, names):
    """Versions of the packages that picked.

    Parameters
    ----------
    panels_of : iterable of dict
        Entries of the file of panels.
    names : iterable of str
        Selectors to tell of.

    Returns
    -------
    str
        A line for every selector that needs a package.
    """
    seen = {}
    for entry in panels_of:
        if entry["selector"] in names and entry["versions"]:
            told = ", ".join(f"{key} {value}" for key, value in entry["versions"].items())
            seen.setdefault(entry["selector"], {})[told] = None
    return "\n".join(f"- {name}: {'; '.join(told)}" for name, told in seen.items())


def as_csv(scores):
    """Scores as CSV, six significant digits."""
    return pd.DataFrame(scores).to_csv(index=False, float_format="%.6g")
