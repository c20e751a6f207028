"""statsmodels' tests that pass with NumPy and not with ours, and why."""

SIGNS = "the loadings are eigenvectors, whose signs in the test are those of NumPy's LAPACK"
DRAWS = "multivariate_normal draws by the vectors of svd, whose signs are not NumPy's LAPACK's"

DIFFERS = {
    "multivariate.tests.test_factor::test_direct_corr_matrix": SIGNS,
    "multivariate.tests.test_factor::test_example_compare_to_R_output": SIGNS,
    "multivariate.tests.test_factor::test_factor_scoring": SIGNS,
    "stats.tests.test_covariance::test_corr_qu_ns_REGRESSION": DRAWS,
}
