"""A secret is shown once, on purpose, and never by accident."""

import copy
import pickle

import pytest

from amana.node.secret import Kind, Secret, derive, hash_of, new_secret


def test_a_secret_has_256_random_bits_and_no_two_are_the_same() -> None:
    made = {new_secret(kind).reveal() for kind in Kind for _ in range(100)}
    assert len(made) == 100 * len(Kind) and all(len(each.removeprefix("amana_")) == 43 for each in made)


def test_a_secret_is_in_no_repr_no_format_no_copy_and_no_pickle() -> None:
    secret = Secret("open sesame")
    assert not any("sesame" in shown for shown in (repr(secret), str(secret), f"{secret}", repr([secret]), f"{secret!r:>30}"))
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(secret)


def test_one_kind_of_secret_never_passes_for_another() -> None:
    assert len({hash_of(kind, "same") for kind in Kind}) == len(Kind)
    assert len({derive("same", purpose) for purpose in ("state", "nonce", "verifier", "challenge")}) == 4


def test_any_text_has_a_hash() -> None:
    assert all(len(hash_of(Kind.SESSION, text)) == 64 for text in ("", "\ud800", "é" * 10_000, "\0"))
