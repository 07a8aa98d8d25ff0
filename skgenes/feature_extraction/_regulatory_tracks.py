"""The container of DEcode's inputs: what binds the promoter and the RNA of each gene."""

import os

import numpy as np
import pandas as pd

from skgenes.feature_extraction._archive import read_archive, write_archive
from skgenes.feature_extraction._track import Track, checked_names
from skgenes.utils import seed_sequence
from skgenes.utils._messages import listed

PARTS = ("promoter", "rna")


class RegulatoryTracks:
    """Genes with what binds their promoter and their RNA, as an X for scikit-learn.

    Samples are genes. Their inputs have different lengths, so that they are no matrix; but this
    container has what scikit-learn's splitters, searches and joblib need of one: a shape, a length
    and rows that can be picked. It never becomes a dense array by itself.

    Parameters
    ----------
    genes : sequence of str of shape (n_genes,)
        Names of the genes or transcripts, all different.
    promoter, rna : Track or None, default=None
        Binding along the promoters and the RNAs of these genes. At least one is needed.

    Attributes
    ----------
    genes : ndarray of str of shape (n_genes,), dtype object
        Names of the genes.
    promoter, rna : Track or None
        As given.

    Raises
    ------
    TypeError
        If a part is no `Track`.
    ValueError
        If there is no part, one has another number of genes, or names are empty or not unique.

    See Also
    --------
    regulatory_tracks : Makes one from an annotation and binding sites.

    Notes
    -----
    ``tracks[rows]`` takes a slice, positions, a mask of bool or gene names, and gives
    `RegulatoryTracks` again; a single gene is ``tracks[[3]]``. Columns are picked by name, with
    `select`. Rows that are not there raise an `IndexError`, or a `KeyError` for names.

    Examples
    --------
    >>> from sklearn.model_selection import train_test_split
    >>> from skgenes.feature_extraction import RegulatoryTracks, Track
    >>> rna = Track([[100, 30], [100, 0], [40, 40]], [0, 2, 3], ["exon", "ELAVL1"])
    >>> tracks = RegulatoryTracks(["TP53", "MYC"], rna=rna)
    >>> tracks.shape
    (2, 2)
    >>> train, test = train_test_split(tracks, test_size=1, random_state=0)
    >>> tracks[["MYC"]].rna.bins.toarray()
    array([[40., 40.]], dtype=float32)
    """

    __hash__ = None
    # Else NumPy would take this for a sequence, and look for numbers in each gene.
    __iter__ = None

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "RegulatoryTracks are no array, as genes have different lengths. Pass them to what "
            "takes tracks, such as DEcodeRegressor, or take their sums: tracks.fold_sums(part, 0)."
        )

    def __init__(self, genes, *, promoter=None, rna=None):
        self.genes = checked_names(genes, "genes")
        self.promoter = promoter
        self.rna = rna
        given = {part: track for part in PARTS if (track := getattr(self, part)) is not None}
        if not given:
            raise ValueError("RegulatoryTracks needs promoter, rna or both; got neither.")
        for part, track in given.items():
            if not isinstance(track, Track):
                raise TypeError(f"{part} must be a Track, got {type(track).__name__}.")
            if len(track) != self.genes.size:
                raise ValueError(
                    f"{part} has {len(track)} genes, but genes has {self.genes.size} names."
                )

    @property
    def parts(self):
        """The tracks that are there, by name.

        Returns
        -------
        dict of str to Track
            "promoter", "rna" or both, in this order.
        """
        return {part: track for part in PARTS if (track := getattr(self, part)) is not None}

    @property
    def shape(self):
        """Number of genes, and of features of all parts, masks included.

        Returns
        -------
        tuple of int
            (n_genes, n_features).
        """
        return self.genes.size, sum(track.regulators.size for track in self.parts.values())

    def fold_sums(self, part, depth):
        """Column sums of the bins of each gene, without the first 0, 1, ..., `depth` of them.

        Parameters
        ----------
        part : {"promoter", "rna"}
            Which track.
        depth : int
            The most bins to leave out, at least 0.

        Returns
        -------
        list of csr_array of shape (n_genes, n_features), float32
            ``depth + 1`` matrices, in bases; see `Track.fold_sums`.

        Raises
        ------
        TypeError
            If depth is no whole number.
        ValueError
            If there is no such part, or depth is below 0.
        """
        return self._part(part).fold_sums(depth)

    def select(self, regulators, *, part=None):
        """Keep the columns of some regulators.

        Parameters
        ----------
        regulators : str or sequence of str
            Names of the regulators to keep. The masks are kept as well.
        part : {"promoter", "rna"} or None, default=None
            Keep to these in one part only, and leave the other as it is; None for both.

        Returns
        -------
        RegulatoryTracks
            With fewer features, in the order of this one.

        Raises
        ------
        TypeError
            If a name is no text.
        ValueError
            If a regulator is in none of the parts or given twice, or there is no such part.
        """
        chosen = self._chosen(regulators, part)
        for mask in chosen.values():
            mask[0] = True
        return self._like({name: self._part(name)._columns(mask) for name, mask in chosen.items()})

    def without(self, regulators, *, part=None):
        """Remove the binding sites of some regulators, as a knock-out does.

        Parameters
        ----------
        regulators : str or sequence of str
            Names of the regulators. A mask cannot be removed.
        part : {"promoter", "rna"} or None, default=None
            Remove them from one part only; None for both.

        Returns
        -------
        RegulatoryTracks
            With the same features, so that an estimator fitted before can predict from it; those
            of `regulators` are 0.

        Raises
        ------
        TypeError
            If a name is no text.
        ValueError
            If a regulator is in none of the parts, is given twice or is a mask, or there is no such
            part.
        """
        chosen = self._chosen(regulators, part)
        for name, mask in chosen.items():
            if mask[0]:
                raise ValueError(
                    f"{self._part(name).regulators[0]!r} is the mask of {name}: it says which "
                    "bases exist, and cannot be removed."
                )
        return self._like(
            {
                name: self._part(name)._divided(np.where(mask, np.inf, 1))
                for name, mask in chosen.items()
            }
        )

    def shuffled(self, *, part=None, random_state=None):
        """Give genes the binding sites of other genes, drawn at random.

        What is left tells nothing about a gene: a model trained and tested on it shows what the
        part is worth.

        Parameters
        ----------
        part : {"promoter", "rna"} or None, default=None
            Permute this part only, and leave the other as it is; None permutes both, each in an
            order of its own.
        random_state : int, RandomState instance or None, default=None
            Draws the permutations. An int gives the same ones on every call.

        Returns
        -------
        RegulatoryTracks
            The same genes; bins, masks included, have changed places between them as a whole.

        Raises
        ------
        ValueError
            If there is no such part.
        """
        parts = self.parts if part is None else {part: self._part(part)}
        rng = np.random.default_rng(seed_sequence(random_state))
        return self._like(
            {name: track._rows(rng.permutation(len(self))) for name, track in parts.items()}
        )

    def save(self, path):
        """Write everything to one file, at once or not at all.

        Parameters
        ----------
        path : str or path-like
            Where to write; a NumPy archive (``.npz``) without pickled objects.

        Raises
        ------
        OSError
            If it cannot be written. What was there before stays.
        """
        arrays = {"genes": self.genes.astype(np.str_)}
        for part, track in self.parts.items():
            arrays |= {
                f"{part}.data": track.bins.data,
                f"{part}.indices": track.bins.indices,
                f"{part}.indptr": track.bins.indptr,
                f"{part}.offsets": track.offsets,
                f"{part}.regulators": track.regulators.astype(np.str_),
                f"{part}.bin_size": np.int64(track.bin_size),
            }
        write_archive(path, arrays)

    @classmethod
    def load(cls, path):
        """Read what `save` has written.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        RegulatoryTracks
            Equal to the one that was saved.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If the file is damaged or something else. No code in it is ever run.
        """
        genes, parts = read_archive(path, PARTS)
        try:
            tracks = {part: Track(**content) for part, content in parts.items()}
            return cls(genes.tolist(), **tracks)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{os.fsdecode(path)} holds no valid tracks: {error}") from error

    def __len__(self):
        return self.genes.size

    def __getitem__(self, key):
        rows = self._positions(_rows_of(key))
        return self._like(
            {part: track._rows(rows) for part, track in self.parts.items()}, self.genes[rows]
        )

    def __eq__(self, other):
        if not isinstance(other, RegulatoryTracks):
            return NotImplemented
        return np.array_equal(self.genes, other.genes) and self.parts == other.parts

    def __repr__(self):
        parts = [
            f"{part}: {track.bins.shape[0]:,} bins of {track.bin_size} x "
            f"{track.regulators.size:,} features"
            for part, track in self.parts.items()
        ]
        return f"RegulatoryTracks({len(self):,} genes; {'; '.join(parts)})"

    def _like(self, parts, genes=None):
        """Copy with some valid parts replaced."""
        other = object.__new__(RegulatoryTracks)
        vars(other).update({**vars(self), **parts})
        if genes is not None:
            other.genes = genes
        return other

    def _part(self, part):
        if part not in self.parts:
            raise ValueError(f"There is no part {part!r}; there is {listed(self.parts)}.")
        return self.parts[part]

    def _chosen(self, regulators, part):
        """Masks of the columns of `regulators`, by part."""
        names = checked_names(
            [regulators] if isinstance(regulators, str) else regulators, "regulators"
        )
        parts = self.parts if part is None else {part: self._part(part)}
        known = set().union(*(track.regulators for track in parts.values()))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(
                f"{len(unknown)} regulator(s) are not among the {len(known)} of "
                f"{' and '.join(parts)}: {listed(unknown)}. Check the spelling."
            )
        return {name: pd.Index(track.regulators).isin(names) for name, track in parts.items()}

    def _positions(self, rows):
        if isinstance(rows, slice):
            return np.arange(len(self))[rows]
        rows = np.asarray(rows)
        if rows.ndim != 1:
            raise TypeError(
                "RegulatoryTracks takes a slice, or one-dimensional positions, mask or names; for "
                "a single gene tracks[[3]] or tracks[['TP53']]."
            )
        if not rows.size:
            return np.empty(0, dtype=np.intp)
        if rows.dtype.kind == "b":
            if rows.size != len(self):
                raise IndexError(f"The mask has {rows.size} values for {len(self)} genes.")
            return np.flatnonzero(rows)
        if rows.dtype.kind in "iu":
            return _in_range(rows, len(self))
        return self._named(rows)

    def _named(self, names):
        positions = pd.Index(self.genes).get_indexer(names.astype(object))
        if (positions < 0).any():
            unknown = names[positions < 0].tolist()
            raise KeyError(f"{len(unknown)} of these are no genes in here: {listed(unknown)}.")
        return positions


def _rows_of(key):
    """Take the rows out of a key such as ``[rows, ...]``, which scikit-learn uses."""
    if not isinstance(key, tuple):
        return key
    rows, *columns = key or (slice(None),)
    if all(column is Ellipsis or column == slice(None) for column in columns):
        return rows
    raise TypeError("Columns of RegulatoryTracks are picked by name: tracks.select(regulators).")


def _in_range(rows, n_genes):
    outside = (rows < -n_genes) | (rows >= n_genes)
    if outside.any():
        raise IndexError(f"There is no gene {rows[outside][0]} among {n_genes}.")
    return np.where(rows < 0, rows + n_genes, rows).astype(np.intp)
