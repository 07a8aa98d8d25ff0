"""What estimators inside of estimators are told and given."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.feature_selection import VarianceThreshold

from skgenes.feature_selection import GivenPanelSelector
from skgenes.utils import clone_inner, form_for, is_anndata


def test_a_clone_of_ours_reads_the_matrix_it_is_given():
    outer = GivenPanelSelector([0, 1], layer="counts")
    inner = clone_inner(outer)
    assert inner.layer is None
    assert inner.genes == [0, 1]
    assert outer.layer == "counts"


def test_a_clone_of_another_library_is_a_clone():
    inner = clone_inner(VarianceThreshold(0.5))
    assert inner.threshold == 0.5


@pytest.mark.parametrize("estimator", [GivenPanelSelector([0]), VarianceThreshold()])
def test_names_go_with_a_dense_matrix(estimator):
    frame = form_for(estimator, np.zeros((2, 2)), np.array(["A", "B"], dtype=object))
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["A", "B"]


class Derived(GivenPanelSelector):
    """A selector of ours, changed by somebody else."""


class Bare(GivenPanelSelector):
    """One that has lost the parameter."""

    def __init__(self, genes=(0,)):
        super().__init__(genes)

    @property
    def layer(self):
        return None

    @layer.setter
    def layer(self, value):
        pass


def test_subclasses_are_ours():
    matrix, names = sp.csr_array(np.eye(2)), np.array(["A", "B"], dtype=object)
    assert clone_inner(Derived(["A"], layer="counts")).layer is None
    assert is_anndata(form_for(Derived(["A"]), matrix, names))
    assert clone_inner(Bare([1])).genes == [1]
    assert form_for(Bare([1]), matrix, names) is matrix


def test_only_ours_take_the_names_of_a_sparse_matrix():
    matrix, names = sp.csr_array(np.eye(2)), np.array(["A", "B"], dtype=object)
    assert is_anndata(form_for(GivenPanelSelector([0]), matrix, names))
    assert form_for(VarianceThreshold(), matrix, names) is matrix
    assert form_for(GivenPanelSelector([0]), matrix, None) is matrix
