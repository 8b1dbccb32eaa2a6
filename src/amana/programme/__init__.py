"""The national programme: commitments whose status is computed from evidence."""
