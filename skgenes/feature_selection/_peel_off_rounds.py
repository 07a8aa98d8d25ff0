"""The iterative peel-off: cluster, pick, remove, and again."""

from typing import NamedTuple

import numpy as np

from skgenes.feature_selection._peel_off_clusters import (
    k_means,
    nearest_centre,
    nearest_to_centroid,
    repeated_clusterings,
    tight_clusters,
)

# Genes shorter than this share of the longest lie where the components hold nothing of them.
_FLAT = 1e-8
_ELEMENTS_AT_ONCE = 8_000_000


class TightClustering(NamedTuple):
    """How tight clusters are found; see `PeelOffSelector`."""

    n_clusters: tuple[int, int]
    n_trials: int
    subsample: float
    agreement: float
    min_cluster_size: int
    max_rounds: int


class PeelOff:
    """Picks landmarks among points, one cluster after the other.

    Parameters
    ----------
    points : ndarray of float64 of shape (n_genes, n_dimensions)
        Genes in the space of the components; not all zero.
    size : int
        Landmarks wanted.
    included, excluded : ndarray of int
        Genes that are landmarks from the beginning, and genes that never are.
    clustering : TightClustering
        How tight clusters are found.

    Attributes
    ----------
    landmarks : list of int
        The landmarks, in the order of picking.
    clusters : ndarray of intp of shape (n_genes,)
        Landmark of every gene's cluster, -1 for genes in none.
    n_rounds, n_tight : int
        Rounds of tight clustering that found something, and landmarks picked in them.
    """

    def __init__(self, points, size, included, excluded, clustering):
        # float32 holds squares of such numbers only.
        self.points = points / np.sqrt(np.max(np.sum(points**2, axis=1)))
        self.clustering = clustering
        n_genes = len(points)
        self._coarse = self.points.astype(np.float32)
        self._is_included, self._is_excluded = np.zeros((2, n_genes), dtype=bool)
        self._is_included[included], self._is_excluded[excluded] = True, True
        self._is_flat = np.sum(self.points**2, axis=1) <= _FLAT**2
        self._size = size
        self._pool = np.flatnonzero(~self._is_flat)
        self.landmarks = [int(gene) for gene in included]
        self.clusters = np.full(n_genes, -1)
        self.clusters[included] = included
        self.n_rounds = self.n_tight = 0

    @property
    def n_wanted(self):
        """Landmarks still to be found."""
        return self._size - len(self.landmarks)

    def run(self, rng):
        """Pick until the panel is full.

        Parameters
        ----------
        rng : numpy.random.Generator
            All randomness.

        Returns
        -------
        PeelOff
            Itself.
        """
        before = len(self.landmarks)
        while self.n_wanted and self.n_rounds < self.clustering.max_rounds:
            if not self._peel(rng):
                break
            self.n_rounds += 1
        self.n_tight = len(self.landmarks) - before
        self._divide_the_rest(rng)
        self._add_the_farthest()
        return self

    def order(self):
        """All genes, the landmarks first.

        Returns
        -------
        ndarray of intp of shape (n_genes,)
            Landmarks as picked; others by their distance to the nearest landmark, the farthest
            first; those that do not vary; those excluded.
        """
        tier = np.where(self._is_flat, 1, 0) + 2 * self._is_excluded
        rest = np.lexsort((-self._distances(), tier))
        return np.r_[self.landmarks, rest[~np.isin(rest, self.landmarks)]].astype(np.intp)

    def _peel(self, rng):
        """One round; False if it found no tight cluster."""
        how = self.clustering
        if len(self._pool) < how.min_cluster_size:
            return False
        numbers = np.linspace(*self._useful(how.n_clusters), how.n_trials).round().astype(int)
        points = self._coarse[self._pool]
        labels = repeated_clusterings(points, numbers, how.subsample, rng)
        return self._take(tight_clusters(labels, how.agreement, how.min_cluster_size))

    def _divide_the_rest(self, rng):
        """Fill the panel from scattered genes: ordinary k-means, a landmark for each cluster."""
        if self.n_wanted and len(self._pool):
            points = self._coarse[self._pool]
            (n_clusters,) = self._useful([len(self._pool)])
            self._take(nearest_centre(points, k_means(points, n_clusters, rng)))

    def _add_the_farthest(self):
        """Fill the panel from genes that are in clusters already, the least alike first."""
        distances = self._distances()
        distances[self._is_flat] = -1
        distances[self._is_excluded] = -np.inf
        distances[self.landmarks] = -np.inf
        while self.n_wanted:
            gene = int(np.argmax(distances))
            self._add(gene)
            to_new = _squared_distances(self.points, self.points[[gene]])[:, 0]
            distances = np.where(distances >= 0, np.minimum(distances, to_new), distances)
            distances[gene] = -np.inf

    def _useful(self, numbers):
        """Numbers of clusters, capped: more than landmarks to find would not be used."""
        useful = self.n_wanted + int(self._is_included[self._pool].sum())
        return [min(number, useful, len(self._pool)) for number in numbers]

    def _take(self, labels):
        """Peel clusters off the pool, the best first; False if there are none."""
        clusters = [self._pool[labels == label] for label in np.unique(labels[labels >= 0])]
        clusters.sort(key=self._held, reverse=True)
        peeled = [genes for genes in clusters if self._represent(genes)]
        self._pool = np.setdiff1d(self._pool, np.concatenate([[], *peeled]).astype(np.intp))
        return bool(peeled)

    def _held(self, genes):
        """Variance that a cluster's mean stands for.

        Large if the genes are many and alike, no more than one gene's if they are not alike.
        """
        return np.sum(self.points[genes].sum(axis=0) ** 2) / len(genes)

    def _represent(self, genes):
        """Find the landmark of a cluster; False if the panel is full."""
        own = genes[self._is_included[genes]]
        if not len(own) and not self._is_excluded[genes].all():
            if not self.n_wanted:
                return False
            allowed = ~self._is_excluded[genes]
            own = genes[[nearest_to_centroid(self.points[genes], allowed)]]
            self._add(int(own[0]))
        if len(own):
            nearest = np.argmin(_squared_distances(self.points[genes], self.points[own]), axis=1)
            self.clusters[genes] = own[nearest]
            self.clusters[own] = own
        return True

    def _add(self, gene):
        self.landmarks.append(gene)
        self.clusters[gene] = gene

    def _distances(self):
        """Squared distance of every gene to its nearest landmark; to zero without any."""
        landmarks = self.points[self.landmarks] if self.landmarks else 0 * self.points[:1]
        step = max(1, _ELEMENTS_AT_ONCE // len(landmarks))
        starts = range(0, len(self.points), step)
        blocks = (_squared_distances(self.points[i : i + step], landmarks) for i in starts)
        return np.concatenate([block.min(axis=1) for block in blocks])


def _squared_distances(points, others):
    """Squared distances of all pairs, up to rounding of the squared norms."""
    norms = np.sum(points**2, axis=1)[:, None] + np.sum(others**2, axis=1)
    return np.maximum(norms - 2 * (points @ others.T), 0)
