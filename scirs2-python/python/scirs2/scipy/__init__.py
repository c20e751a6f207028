"""SciPy's names, signatures and defaults over the functions of scirs2."""
