"""TensorFlow keeps quiet."""

import logging

from skgenes.neural_network import GeneAutoEncoder


def test_a_search_over_architectures_is_quiet(expression):
    """TensorFlow warns of functions that are traced again and again, whatever the architecture."""
    records = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = records.append
    logger = logging.getLogger("tensorflow")
    logger.addHandler(handler)
    try:
        for width in range(11, 23):
            GeneAutoEncoder((width, 2), max_iter=1).fit(expression)
    finally:
        logger.removeHandler(handler)
    assert records == []
