"""The screens of the outbox page: pure functions from state to a tree of elements."""
