"""`scirs2.scipy.linalg.eigh` and `eigvalsh` with a subset of the eigenvalues."""

import jax
import matrices
import numpy as np
import pytest
import scipy.linalg as theirs
import torch
from scirs2.scipy import linalg


def double(a):
    return np.asarray(a, np.result_type(a, np.float64))


def check(a, w, v, b=None, pencil=1):
    """Check that these are eigenvalues and orthonormal vectors."""
    a = double(a)
    n, unit = a.shape[-1], matrices.eps(v.dtype)
    adjoint = v.conj().swapaxes(-1, -2)
    if b is None:
        gram, left, right = adjoint @ v, a @ v, v * w[..., None, :]
        size = np.linalg.norm(a, axis=(-2, -1), keepdims=True)
    else:
        b = double(b)
        gram = adjoint @ (np.linalg.inv(b) if pencil == 3 else b) @ v
        left, right = {
            1: (a @ v, b @ v * w[..., None, :]),
            2: (a @ (b @ v), v * w[..., None, :]),
            3: (b @ (a @ v), v * w[..., None, :]),
        }[pencil]
        size = np.linalg.norm(a, axis=(-2, -1), keepdims=True) * 100
    assert np.abs(gram - np.eye(v.shape[-1])).max(initial=0) <= 1e3 * n * unit
    assert (np.abs(left - right) <= 100 * n * unit * size * max(1, np.abs(v).max(initial=0))).all()
    assert (np.diff(w) >= 0).all()


# The orders are below and above those of which a part is found alone.
@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("n", [1, 5, 40, 130])
@pytest.mark.parametrize("generalized", [False, True])
def test_as_all_of_scipys(n, generalized, dtype):
    a = matrices.random((2, n, n), dtype)
    a = a + a.conj().swapaxes(-1, -2)
    b = matrices.positive_definite(n, dtype) if generalized else None
    for pencil in (1, 2, 3) if generalized else (1,):
        wide = [double(x) if x is not None else None for x in (a, b)]
        all_values = np.stack([theirs.eigvalsh(one, wide[1], type=pencil) for one in wide[0]])
        size = np.abs(all_values).max()
        for first, last in {(0, 0), (n - 1, n - 1), (n // 2, min(n // 2 + 5, n - 1)), (0, n - 1)}:
            options = {"type": pencil, "subset_by_index": (first, last)}
            expected = all_values[:, first : last + 1]
            w, v = linalg.eigh(a, b, **options)
            assert w.dtype == np.real(a).dtype
            assert v.dtype == dtype
            bound = 100 * n * matrices.eps(dtype) * size
            np.testing.assert_allclose(w, expected, atol=bound)
            check(a, w, v, b, pencil)
            np.testing.assert_allclose(linalg.eigvalsh(a, b, **options), expected, atol=bound)
            lower, upper = np.triu(a), None if b is None else np.triu(b)
            other = linalg.eigh(lower, upper, lower=False, **options)
            np.testing.assert_allclose(other[0], expected, atol=bound)
            # Between the values, so that rounding does not decide.
            one = expected[0]
            margin = 0.25 * np.diff(all_values[0]).min(initial=1)
            options = {"type": pencil, "subset_by_value": (one[0] - margin, one[-1] + margin)}
            if matrices.eps(dtype) > 1e-10 and margin < bound:
                continue
            w, v = linalg.eigh(a[0], b, **options)
            np.testing.assert_allclose(w, one, atol=bound)
            check(a[0], w, v, b, pencil)
            assert np.array_equal(linalg.eigvalsh(a[0], b, **options).shape, one.shape)


@pytest.mark.parametrize("dtype", matrices.FLOATS)
@pytest.mark.parametrize("name", matrices.GENERAL)
def test_hard_matrices(name, dtype):
    n = 60
    a = matrices.hermitian(name, n, dtype)
    if not np.isfinite(a).all():
        pytest.skip("not finite")
    all_values = linalg.eigvalsh(a)
    for first, last in ((0, 3), (30, 41), (55, 59)):
        w, v = linalg.eigh(a, subset_by_index=(first, last))
        scale = np.abs(double(a)).max() or 1.0
        bound = 100 * n * matrices.eps(dtype) * np.abs(all_values).max() + 10 * matrices.tiny(dtype)
        np.testing.assert_allclose(w, all_values[first : last + 1], atol=bound)
        assert matrices.departure(v) <= 60
        residual = double(a) / scale @ v - v * (double(w) / scale)
        assert (
            np.abs(residual).max() <= 100 * n * matrices.eps(dtype) + matrices.tiny(dtype) / scale
        )


@pytest.mark.parametrize("dtype", matrices.FLOATS)
def test_clusters_keep_their_vectors_orthogonal(dtype):
    n = 100
    q = matrices.orthogonal(n, dtype)
    spread = np.ones(n)
    spread[50:] += np.arange(50)
    for values in (
        np.ones(n),
        spread,
        1 + 10 * matrices.eps(dtype) * np.arange(n),
        np.concatenate([np.zeros(50), np.logspace(-8, 0, 50)]),
    ):
        a = ((q * values) @ q.conj().T).astype(dtype)
        a = (a + a.conj().T) / 2
        for subset in ((0, 14), (20, 30), (80, 99)):
            w, v = linalg.eigh(a, subset_by_index=subset)
            np.testing.assert_allclose(
                w, values[subset[0] : subset[1] + 1], atol=1e3 * matrices.eps(dtype) * values.max()
            )
            assert matrices.departure(v) <= 60
            check(a, w, v)
    # Wilkinson's matrix has pairs that agree to the last digit.
    w21 = np.diag(np.abs(np.arange(-50.0, 51))) + np.eye(101, k=1) + np.eye(101, k=-1)
    w, v = linalg.eigh(w21.astype(dtype), subset_by_index=(91, 100))
    check(w21.astype(dtype), w, v)


def test_ends_of_an_interval():
    for n in (4, 100):
        a = np.diag(np.arange(1.0, n + 1))
        w, v = linalg.eigh(a, subset_by_value=[1, 3])
        assert np.array_equal(w, [2, 3])
        assert np.array_equal(np.abs(v), np.eye(n)[:, 1:3])
        assert np.array_equal(linalg.eigvalsh(a, subset_by_value=[1, 3]), [2, 3])
        assert np.array_equal(linalg.eigvalsh(a, subset_by_value=[-np.inf, 2]), [1, 2])
        assert np.array_equal(linalg.eigh(a, subset_by_value=[n - 2, np.inf])[0], [n - 1, n])
        assert linalg.eigh(a, subset_by_value=[-np.inf, np.inf])[1].shape == (n, n)
        w, v = linalg.eigh(a, subset_by_value=[n + 1, n + 2])
        assert w.shape == (0,)
        assert v.shape == (n, 0)
        assert linalg.eigvalsh(a, np.eye(n), subset_by_value=[n + 1, n + 2]).shape == (0,)
        assert linalg.eigh(a, np.eye(n), subset_by_value=[n + 1, n + 2])[1].shape == (n, 0)
        # Numbers near the ends of the range, and an interval that holds most values.
        for scale in (1e-300, 1e300):
            w = linalg.eigh(a * scale / n, subset_by_value=(0.5 * scale / n, 3 * scale / n))[0]
            np.testing.assert_allclose(w, np.arange(1, 4) * scale / n, rtol=1e-14)
        assert linalg.eigh(a, subset_by_value=(0.5, n - 0.5))[0].shape == (n - 1,)


@pytest.mark.parametrize("n", [4, 100])
def test_matrices_of_a_batch_have_as_many_values_in_an_interval(n):
    a = np.diag(np.arange(1.0, n + 1))
    batch = np.stack([a, a + np.eye(n)])
    w, v = linalg.eigh(batch, subset_by_value=[1.5, 3.5])
    assert np.array_equal(w, [[2, 3], [2, 3]])
    assert v.shape == (2, n, 2)
    batch[1] += 2 * np.eye(n)
    for function in (linalg.eigh, linalg.eigvalsh):
        with pytest.raises(ValueError, match=r"one matrix of the batch has 0 .* another 2"):
            function(batch, subset_by_value=[1.5, 3.5])
    assert linalg.eigh(batch[:0], subset_by_value=[1, 3])[0].shape == (0, 0)
    assert linalg.eigh(batch[:0], subset_by_index=[1, 2])[1].shape == (0, n, 2)


@pytest.mark.parametrize("n", [4, 100])
def test_a_nan_goes_into_the_result(n):
    a = np.stack([np.diag(np.arange(1.0, n + 1))] * 2)
    a[1, 2, 1] = np.nan
    w, v = linalg.eigh(a, subset_by_index=(0, 1), check_finite=False)
    assert np.array_equal(w[0], [1, 2])
    assert np.isnan(w[1]).all()
    assert np.isnan(v[1]).all()
    with pytest.raises(ValueError, match="eigh: a: holds a NaN"):
        linalg.eigh(a, subset_by_index=(0, 1))
    # Only the triangle that is named is read.
    assert np.array_equal(
        linalg.eigh(a, lower=False, subset_by_index=(0, 1), check_finite=False)[0], [[1, 2]] * 2
    )


@pytest.mark.parametrize("n", [4, 100])
def test_a_b_that_is_not_positive_definite_is_named(n):
    b = np.stack([np.eye(n), -np.eye(n)])
    for subset in ({"subset_by_index": (0, 1)}, {"subset_by_value": (0, 1)}):
        with pytest.raises(linalg.LinAlgError, match="b that is not positive") as caught:
            linalg.eigh(np.eye(n), b, **subset)
        assert caught.value.index == (1,)
        with pytest.raises(ValueError, match="eigh: type"):
            linalg.eigh(np.eye(n), b, type=4, **subset)


def test_drivers():
    a = np.diag(np.arange(100.0))
    for driver in ("evr", "evx"):
        w, v = linalg.eigh(a, driver=driver, subset_by_index=(2, 3))
        assert np.array_equal(w, [2, 3])
        assert v.shape == (100, 2)
    assert np.array_equal(
        linalg.eigvalsh(a, np.eye(100), driver="gvx", subset_by_index=(2, 3)), [2, 3]
    )
    with pytest.raises(ValueError, match="driver: 'evd' computes no subsets"):
        linalg.eigh(a, driver="evd", subset_by_index=(2, 3))


@pytest.mark.parametrize("n", [4, 60])
def test_what_has_gradients_is_chosen_from_all(n):
    a = np.diag(np.arange(1.0, n + 1))
    x = torch.from_numpy(a).requires_grad_()
    w, v = linalg.eigh(x, subset_by_index=(1, 2))
    w.sum().backward()
    assert v.shape == (n, 2)
    np.testing.assert_allclose(
        x.grad, np.diag((np.arange(n) == 1) | (np.arange(n) == 2)), atol=1e-12
    )
    found = jax.jit(lambda a: linalg.eigvalsh(a, subset_by_index=(1, 2)))(a)
    np.testing.assert_allclose(found, [2, 3], rtol=1e-5)
    assert isinstance(linalg.eigh(torch.from_numpy(a), subset_by_index=(1, 2))[1], torch.Tensor)
