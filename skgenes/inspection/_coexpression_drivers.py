"""What makes a model predict that two genes are co-expressed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class CoexpressionDrivers:
    """Effects of removals on the correlation of two predicted profiles.

    Parameters
    ----------
    genes : tuple
        The two genes.
    drivers : DataFrame
        A row for everything that could be removed, the one with the least p-value first.
    observed_correlation : float
        Pearson's correlation of the predictions where nothing is removed.
    correlations : ndarray of float64 of shape (n_draws,)
        The same in each draw.
    r_squared : float
        Share of the variance of `correlations` that the removals explain by themselves, without
        interactions.

    See Also
    --------
    in_silico_knockout : Makes it, of regulators.
    binding_site_disruption : Makes it, of bins.
    """

    genes: tuple
    drivers: pd.DataFrame
    observed_correlation: float
    correlations: np.ndarray
    r_squared: float

    @property
    def n_draws(self):
        """Number of draws."""
        return self.correlations.size

    @property
    def mean_correlation(self):
        """Mean correlation over draws."""
        return float(self.correlations.mean())

    def significant_drivers(self, alpha=0.05):
        """Rows of `drivers` whose adjusted p-value is small.

        Parameters
        ----------
        alpha : float, default=0.05
            It is less than this.

        Returns
        -------
        DataFrame
            These rows, in their order.
        """
        return self.drivers[self.drivers["p_adjusted"] < alpha]

    def positive_drivers(self, alpha=0.05):
        """Significant drivers of co-expression: the correlation falls when they are removed.

        Parameters
        ----------
        alpha : float, default=0.05
            Their adjusted p-value is less than this.

        Returns
        -------
        DataFrame
            These rows, in their order.
        """
        found = self.significant_drivers(alpha)
        return found[found["coefficient"] < 0]

    def __repr__(self):
        first, second = self.genes
        return (
            f"CoexpressionDrivers({first} and {second}: {len(self.significant_drivers())} of "
            f"{len(self.drivers)} significant in {self.n_draws} draws, correlation "
            f"{self.observed_correlation:.2f}, in draws {self.mean_correlation:.2f})"
        )
