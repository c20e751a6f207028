"""`torch.compile`, `torch.export` and the operators of `scirs2.torch`."""

import child
import pytest
import scirs2.torch  # noqa: F401 (makes the operators)
import torch
from gradients import CASES, COMPOSITIONS, numbers, regular
from scirs2 import linalg
from scirs2._elsewhere.operators import operators
from scirs2._elsewhere.rules import RULES
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx

pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # Of opcheck.
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning"),
]

A, B = regular(3, 3, dtype=torch.float64), numbers(3, 2, seed=1)
OPERANDS = {
    "matmul": (A, B),
    "matvec": (A, B[:, 0]),
    "vecmat": (B[:, 0], A),
    "vector_norm": (B,),
    "solve": (regular(2, 3, 3, dtype=torch.float64), B),
    "solve_triangular": (A, B),
    "lu_solve": (*linalg.lu_factor(A), B),
    "lstsq": (regular(4, 3, dtype=torch.float64), numbers(4, 2)),
    "pinv": (regular(4, 3, dtype=torch.float64),),
    "cofactors": (A, linalg.det(A)),
    "cofactors_vjp": (A, numbers(3, 3)),
    "expm_derivative": (A, numbers(3, 3)),
    "cholesky": (A @ A.mT,),
    "sqrtm": (A @ A.mT,),
    "sqrtm_derivative": (A @ A.mT, numbers(3, 3)),
    "logm": (A @ A.mT,),
    "logm_derivative": (A @ A.mT, numbers(3, 3)),
    "fractional_matrix_power": (A @ A.mT,),
    "fractional_matrix_power_derivative": (A @ A.mT, numbers(3, 3)),
    "signm_derivative": (A, numbers(3, 3)),
    "svd": (regular(4, 3, dtype=torch.float64),),
    "svd_full": (regular(4, 3, dtype=torch.float64),),
    "qr_complete": (regular(4, 3, dtype=torch.float64),),
    "lu": (regular(3, 4, dtype=torch.float64),),
}
OPTIONS = {
    "vector_norm": {"ord": 2.0},
    "solve_triangular": {"trans": 0, "lower": True, "unit_diagonal": False},
    "lu_solve": {"trans": 2},
    "pinv": {"rcond": None, "hermitian": False},
    "lstsq": {"rcond": None},
    "matrix_rank": {"tol": None, "hermitian": False, "rtol": None},
    "cholesky": {"upper": False},
    "eigh": {"UPLO": "L"},
    "fractional_matrix_power": {"t": 0.5},
    "fractional_matrix_power_derivative": {"t": 0.5},
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_pytorch_finds_nothing_wrong_with_the_operator(rule):
    operands = [one.clone() for one in OPERANDS.get(rule.name, (A,))]
    if "I" not in rule.kinds or rule.name == "lu_factor":
        operands = [
            one.requires_grad_()
            if one.is_floating_point() and rule.name != "cofactors_vjp"
            else one
            for one in operands
        ]
    checks = ["test_schema", "test_autograd_registration", "test_faketensor"]
    # The others' gradients depend on the phase, or on the basis.
    if rule.name not in ("eigh", "eig", "svd", "svd_full", "qr_complete"):
        checks.append("test_aot_dispatch_dynamic")
    operator = operators[rule]
    torch.library.opcheck(operator, tuple(operands), OPTIONS.get(rule.name, {}), test_utils=checks)


def compiled(function, **options):
    torch._dynamo.reset()
    return torch.compile(function, fullgraph=True, backend="aot_eager", **options)


def loss_of(function):
    def loss(*operands):
        results = function(*operands)
        results = results if isinstance(results, tuple) else (results,)
        return sum((one.abs() ** 2).sum() for one in results if isinstance(one, torch.Tensor))

    return loss


# Each takes a second.
COMPILED = [
    *("solve", "inv", "det", "slogdet", "cholesky", "eigh", "svd tall", "svdvals", "qr tall"),
    *("lu", "lu_factor", "lstsq", "pinv", "vector_norm 3", "solve_triangular 2 lower"),
    *("lu_solve 0", "eigvals", "matmul", "expm", "sqrtm", "logm hermitian"),
]
COMPILED_COMPOSITIONS = [
    *("cond", "norm axes", "matrix_norm inf", "matrix_power -2", "solve vector", "cho_factor"),
    *("cho_solve", "lu permuted", "svd hermitian", "tensorinv", "tensorsolve", "multi_dot"),
    *("tensordot", "trace", "outer", "cross", "vecdot"),
]


@pytest.mark.parametrize("name", [*COMPILED, *COMPILED_COMPOSITIONS])
def test_compiled_gradients_are_those_of_eager_mode(name):
    case = CASES.get(name) or COMPOSITIONS[name]
    operands = case.operands(torch.float64)
    loss = loss_of(case.function)
    ours = torch.autograd.grad(compiled(loss)(*operands), operands, allow_unused=True)
    eager = torch.autograd.grad(loss(*operands), operands, allow_unused=True)
    torch.testing.assert_close(ours, eager)


def test_dynamic_shapes_compile_once():
    torch._dynamo.reset()
    counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")

    def loss(a, b):
        return linalg.solve(a, b).square().sum() + linalg.slogdet(a).logabsdet.sum()

    function = torch.compile(loss, fullgraph=True, dynamic=True, backend=counter)
    for shape in ((4, 3), (6, 5), (9, 7)):
        a = regular(*shape, shape[-1], dtype=torch.float64).requires_grad_()
        b = numbers(shape[-1], 2).requires_grad_()
        ours = torch.autograd.grad(function(a, b), (a, b))
        torch.testing.assert_close(ours, torch.autograd.grad(loss(a, b), (a, b)))
    assert counter.frame_count == 1


def test_a_training_step_compiles_with_inductor():
    a, b = A.clone().requires_grad_(), B.clone().requires_grad_()
    torch._dynamo.reset()

    def loss(a, b):
        return linalg.norm(linalg.solve(a @ a.mT, b)) + linalg.det(a)

    try:
        value = torch.compile(loss, fullgraph=True)(a, b)
    except torch._dynamo.exc.BackendCompilerFailed as error:
        if "InvalidCxxCompiler" in str(error):
            pytest.skip("no C++ compiler")
        raise
    ours = torch.autograd.grad(value, (a, b))
    torch.testing.assert_close(ours, torch.autograd.grad(loss(a, b), (a, b)))


def test_vmap_in_compiled_code():
    batch = regular(4, 3, 3, dtype=torch.float64)

    def solutions(batch, b):
        # PyTorch 2.10 finds no name of the function itself there.
        return torch.vmap(lambda a, b: linalg.solve(a, b), (0, None))(batch, b)

    torch.testing.assert_close(compiled(solutions)(batch, B), torch.linalg.solve(batch, B))


def test_transforms_in_compiled_code_are_right_or_an_error():
    def gradient(a):
        return torch.func.grad(linalg.det)(a)

    def tangent(a):
        return torch.func.jvp(linalg.det, (a,), (a,))[1]

    for function in (gradient, tangent):
        expected = function(A)
        try:
            result = compiled(function)(A)
        except (torch._dynamo.exc.Unsupported, RuntimeError):
            continue
        torch.testing.assert_close(result, expected)


def test_forward_mode_of_an_operator_is_an_error():
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(A, A)
        with pytest.raises(NotImplementedError, match="det: no forward mode in compiled code"):
            torch.ops.scirs2.det(dual)


class Model(torch.nn.Module):
    def forward(self, a, b):
        w, v = linalg.eigh(a @ a.mT)
        return linalg.solve(a, b), linalg.norm(w), linalg.qr(b).R, v.abs()


def test_export():
    exported = torch.export.export(Model(), (A, B))
    torch.testing.assert_close(exported.module()(A, B), Model()(A, B))
    names = {str(node.target) for node in exported.graph.nodes if node.op == "call_function"}
    assert {"scirs2.solve.default", "scirs2.eigh.default", "scirs2.qr.default"} <= names
    batch = torch.export.Dim("batch")
    dynamic = torch.export.export(
        Model(),
        (A.expand(2, 3, 3).clone(), B.expand(2, 3, 2).clone()),
        strict=False,
        dynamic_shapes=({0: batch}, {0: batch}),
    )
    operands = regular(5, 3, 3, dtype=torch.float64), numbers(5, 3, 2)
    torch.testing.assert_close(dynamic.module()(*operands), Model()(*operands))


@pytest.mark.parametrize("mode", ["fake", "symbolic"])
def test_make_fx_has_the_operators_in_its_graph(mode):
    def gradient(a):
        return torch.autograd.grad(linalg.inv(a).sum(), a)[0]

    a, other = A.clone().requires_grad_(), (2 * A).requires_grad_()
    for function in (linalg.inv, gradient):
        graph = make_fx(function, tracing_mode=mode)(a)
        assert torch.ops.scirs2.inv.default in [node.target for node in graph.graph.nodes]
        torch.testing.assert_close(graph(other), function(other))


@pytest.mark.parametrize("function", [linalg.eigvals, linalg.sqrtm, linalg.logm])
def test_results_that_may_be_complex_are_in_compiled_code(function):
    # Whether all are real is not known before.
    assert compiled(function)(torch.eye(2)).dtype == torch.complex64
    assert function(torch.eye(2)).dtype == torch.float32


def test_what_compiled_code_refuses_it_refuses_by_name():
    with pytest.raises(Exception, match="out="):
        compiled(lambda a: linalg.inv(a, out=torch.empty(3, 3, dtype=a.dtype)))(A)
    with pytest.raises(Exception, match="raw"):
        compiled(lambda a: linalg.qr(a, "raw"))(A)


def test_without_the_module_code_is_left_at_each_call():
    child.run(
        """
        import sys, warnings
        import torch, scirs2
        from scirs2 import linalg
        assert "scirs2.torch" not in sys.modules
        assert "scirs2._elsewhere.torch" not in sys.modules
        a = torch.eye(3, requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function = torch.compile(lambda a: linalg.det(a * 2) + 1, backend="eager")
            assert function(a).item() == 9.0
            (gradient,) = torch.autograd.grad(function(a), a)
        assert gradient.trace().item() == 24.0
        """
    )
