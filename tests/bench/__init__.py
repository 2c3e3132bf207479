"""`make bench`: measured on this machine, always beside a peer in the same run. Numbers here
are read by people and are no tests; `python3 -m tests.bench NAME ...` runs some of them.

A bench is a module of this package with a function `bench(report)`."""
