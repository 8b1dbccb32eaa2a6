"""The national programme: what a source text promises, the plan made of it, and its status, computed from evidence."""
