"""The long tests begin and end as the end-to-end ones do."""

from tests.e2e.conftest import folder, no_process_left

__all__ = ["folder", "no_process_left"]
