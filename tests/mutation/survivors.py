"""Faults made by rule that no test can see, because they change nothing that is promised; each with its reason."""

SURVIVORS: dict[str, str] = {
    "privacy/bound.py: _bound_sum, abs(high) -> (int(high))": "a high end below 0 is nearer to 0 than the low end",
    "privacy/bound.py: _bounded, 1 if isinstance(total, BinCount) else 1 << max(0, isqrt(l2_squared).bit_length() - GRAIN_BITS) -> (1 << max(0, isqrt(l2_squared).bit_length() - GRAIN_BITS))": "a unit has at most 100,000 rows of a join, so bins never need a grain; the guard says so",
    "privacy/bound.py: _keys_per_unit, len(keys.combinations) if keys is not None else rows -> (rows)": "public keys are made of the same domains, which bound them already",
    "privacy/bound.py: bound, -1 -> (1)": "a place that is never read: keys are public then",
    "privacy/bound.py: bound, 1 -> (2)": "the same place",
    "privacy/bound.py: bound, True -> (False)": "zip sees sequences of equal length here; strict only guards against a later change",
    "privacy/ledger.py: Ledger.charge, 16 -> (17)": "a longer random number identifies as well",
    "privacy/loss.py: threshold_for, 2 -> (3)": "only where the search for the least threshold begins",
    "privacy/loss.py: threshold_for, _pass_units(high, kind, scale, keys) > delta_units -> (_pass_units(high, kind, scale, keys) >= delta_units)": "only where the search for the least threshold begins",
    "privacy/noise.py: _noisy_trees, 0 -> (1) (2)": "without trees the levels are walked in vain",
    "privacy/noise.py: _noisy_trees, 2 * scale**2 -> (2 + scale ** 2)": "only decides which nodes of a tree are worth drawing, from noisy counts: precision, not privacy",
    "privacy/noise.py: _noisy_trees, 2 -> (3)": "only decides which nodes of a tree are worth drawing, from noisy counts: precision, not privacy",
    "privacy/noise.py: _noisy_trees, 2 -> (3) (2)": "only decides which nodes of a tree are worth drawing, from noisy counts: precision, not privacy",
    "privacy/noise.py: _noisy_trees, scale**2 -> (scale * 2)": "only decides which nodes of a tree are worth drawing, from noisy counts: precision, not privacy",
    "privacy/noise.py: add_noise, True -> (False)": "zip sees sequences of equal length here; strict only guards against a later change",
    "privacy/noise.py: add_noise, value + noise -> (value - noise)": "both kinds of noise are symmetric",
    "privacy/noise.py: noisy, True -> (False)": "zip sees sequences of equal length here; strict only guards against a later change",
    "privacy/noise.py: noisy, True -> (False) (2)": "zip sees sequences of equal length here; strict only guards against a later change",
    "privacy/noise.py: noisy, True -> (False) (3)": "zip sees sequences of equal length here; strict only guards against a later change",
}
