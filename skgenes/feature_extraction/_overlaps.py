"""Joins of intervals with regions, on one line of 64-bit positions."""

import numpy as np

from skgenes.feature_extraction._track import ranges

LARGEST = 2**63 - 1


def merged(group, start, end, n_groups):
    """Merge intervals of the same group that overlap or touch.

    Parameters
    ----------
    group : ndarray of int of shape (n_intervals,)
        From 0 to ``n_groups - 1``.
    start, end : ndarray of int64 of shape (n_intervals,)
        First base, at least 0, and the base after the last one. None is empty.
    n_groups : int
        Number of groups.

    Returns
    -------
    group, start, end : ndarray of int64 of shape (n_merged,)
        Disjoint intervals, in order of group and start.

    Raises
    ------
    ValueError
        If positions are too large for 64 bits.

    Notes
    -----
    Starts and ends are sorted apart, which spares the slow sorting of pairs: behind the k-th end
    and before the next start as many intervals have ended as have begun, so that a merged one ends
    exactly there.
    """
    if not start.size:
        return tuple(np.empty(0, dtype=np.int64) for _ in range(3))
    span = int(end.max()) + 2
    if n_groups * span > LARGEST:
        raise ValueError(
            f"Positions up to {span} in {n_groups} groups do not fit 64 bits. Check the columns "
            "start and end."
        )
    shift = group.astype(np.int64) * span
    starts, ends = np.sort(shift + start), np.sort(shift + end)
    first = np.flatnonzero(np.concatenate([[True], starts[1:] > ends[:-1]]))
    last = np.append(first[1:], starts.size) - 1
    group, start = np.divmod(starts[first], span)
    return group, start, ends[last] - group * span


def touching(start, end, region_start, region_end):
    """Tell which intervals share a base with any region.

    Parameters
    ----------
    start, end : ndarray of int64 of shape (n_intervals,)
        Intervals, in any order.
    region_start : ndarray of int64 of shape (n_regions + 1,)
        First bases of disjoint regions, in order, and `LARGEST`, for the intervals behind all.
    region_end : ndarray of int64 of shape (n_regions,)
        The bases after their last ones.

    Returns
    -------
    ndarray of bool of shape (n_intervals,)
        Whether they do.
    """
    return region_start[np.searchsorted(region_end, start, side="right")] < end


def overlapping_pairs(start, end, region_start, region_end):
    """Find all pairs of an interval and a region that share a base.

    Parameters
    ----------
    start, end : ndarray of int64 of shape (n_intervals,)
        Intervals, in any order, none empty.
    region_start, region_end : ndarray of int64 of shape (n_regions,)
        Regions, in any order, none empty. Both may overlap among themselves.

    Returns
    -------
    interval, region : ndarray of int64 of shape (n_pairs,)
        Positions, in no particular order.

    Notes
    -----
    Of two that overlap, either the region begins within the interval or the interval begins within
    the region, behind its first base. Each kind is a run of sorted starts.
    """
    by_start, by_region_start = np.argsort(start), np.argsort(region_start)
    starts, region_starts = start[by_start], region_start[by_region_start]
    runs, counts = ranges(
        np.searchsorted(region_starts, start, side="left"),
        np.searchsorted(region_starts, end, side="left"),
    )
    begun_within = np.repeat(np.arange(start.size), counts), by_region_start[runs]
    runs, counts = ranges(
        np.searchsorted(starts, region_start, side="right"),
        np.searchsorted(starts, region_end, side="left"),
    )
    begun_before = by_start[runs], np.repeat(np.arange(region_start.size), counts)
    return tuple(map(np.concatenate, zip(begun_within, begun_before, strict=True)))


def cut_into_bins(start, end, bin_size):
    """Cut stretches at the borders of bins.

    Parameters
    ----------
    start, end : ndarray of int64 of shape (n_stretches,)
        Stretches, none empty, in bases from the first bin.
    bin_size : int
        Bases per bin.

    Returns
    -------
    stretch : ndarray of int64 of shape (n_pieces,)
        Which stretch each piece is of.
    number : ndarray of int64 of shape (n_pieces,)
        Number of its bin.
    bases : ndarray of int64 of shape (n_pieces,)
        Its length.
    """
    number, counts = ranges(start // bin_size, (end - 1) // bin_size + 1)
    stretch = np.repeat(np.arange(start.size), counts)
    low = np.maximum(start[stretch], number * bin_size)
    high = np.minimum(end[stretch], (number + 1) * bin_size)
    return stretch, number, high - low
