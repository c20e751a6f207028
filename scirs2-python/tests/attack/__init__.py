"""A property suite: hostile matrices, by each route of each decomposition.

| file | one concept |
|---|---|
| `families` | matrices that hurt, many of a kind |
| `routes` | the functions, and the ways that each may take |
| `judges` | what must be true of a result, in higher precision |
| `cases` | one case: what is drawn for it, and what is wrong with the answer |
| `worker` | cases one after another, in a process of its own |
| `__main__` | `python -m attack`: cases until the time is over |
| `soak` | threads, forks, interrupts and little memory |
"""
