"""The one door for expression matrices, and what keeps failures harmless."""

from skgenes.utils._anndata import check_anndata, check_key, make_actual
from skgenes.utils._atomic import write_atomically
from skgenes.utils._fitting import atomic_fit, seed_sequence
from skgenes.utils._genes import resolve_genes
from skgenes.utils._nested import (
    check_inner_layer,
    clone_inner,
    form_for,
    take_columns,
    targets_for,
)
from skgenes.utils._parts import expression_in_parts
from skgenes.utils._validation import (
    check_expression,
    check_targets,
    describe_difference,
    gene_names,
    is_anndata,
    matrix_of,
    validate_expression,
    with_names,
)

__all__ = [
    "atomic_fit",
    "check_anndata",
    "check_expression",
    "check_inner_layer",
    "check_key",
    "check_targets",
    "clone_inner",
    "describe_difference",
    "expression_in_parts",
    "form_for",
    "gene_names",
    "is_anndata",
    "make_actual",
    "matrix_of",
    "resolve_genes",
    "seed_sequence",
    "take_columns",
    "targets_for",
    "validate_expression",
    "with_names",
    "write_atomically",
]
