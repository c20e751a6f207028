"""scirs2 beside its peers: what is timed, how, and what is made of it.

| file | one concept |
|---|---|
| `machine` | the cores and the memory that there are |
| `levels` | how much is timed, and how long |
| `harness` | one row: checked, then timed in turns |
| `libraries` | how a user calls each library |
| `operations` | linear algebra: operands and peers; what must be true is in the package's table of truths |
| `exchange`, `norms`, `small`, `batches`, `large`, `functions`, `gradients`, `integers`, `programs` | the rows |
| `lazy` | the rows of Dask's arrays, on worker processes |
| `growth`, `memory`, `startup` | what is measured of scirs2 alone |
| `suites` | which of these run, on how many cores |
| `child` | one of them, in a process of its own |
| `record` | the numbers, the machine, the file that keeps both |
| `table`, `charts`, `page` | text, charts, the HTML page |
| `publish` | what the README and the documentation show of a record |
| `compare` | two records |
"""
