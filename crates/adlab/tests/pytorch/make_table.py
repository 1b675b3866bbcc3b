"""Writes table.txt: what PyTorch computes for each tensor operation, forward and backward, in float64.

    python make_table.py

needs PyTorch. The table is kept, and the test `pytorch.rs` compares it with ours. Each case is a few lines: the operation,
its inputs, the output, a random seed for the backward pass, and the gradient of each input; for `second`, the gradients of
the sum of squares of these gradients (by create_graph).
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(20260)


def any_(*shape):
    return torch.randn(shape, generator=generator)


def between(low, high):
    return lambda *shape: low + (high - low) * torch.rand(shape, generator=generator)


positive = between(0.2, 3.0)
inf, nan = math.inf, math.nan
EDGES = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, inf, -inf, nan, 5e-324, 1e308, -1e308, 1e-300]

# Functions of each number: the operation, where to draw from, and whether the edges are in the table too.
UNARY = {
    "sin": (torch.sin, any_),
    "cos": (torch.cos, any_),
    "tan": (torch.tan, between(-1.3, 1.3)),
    "asin": (torch.asin, between(-0.95, 0.95)),
    "acos": (torch.acos, between(-0.95, 0.95)),
    "atan": (torch.atan, any_),
    "sinh": (torch.sinh, any_),
    "cosh": (torch.cosh, any_),
    "tanh": (torch.tanh, any_),
    "asinh": (torch.asinh, any_),
    "acosh": (torch.acosh, between(1.1, 5.0)),
    "atanh": (torch.atanh, between(-0.95, 0.95)),
    "exp": (torch.exp, any_),
    "exp2": (torch.exp2, any_),
    "exp_m1": (torch.expm1, any_),
    "ln": (torch.log, positive),
    "log2": (torch.log2, positive),
    "log10": (torch.log10, positive),
    "ln_1p": (torch.log1p, between(-0.9, 3.0)),
    "sqrt": (torch.sqrt, positive),
    "cbrt": (lambda x: x ** (1 / 3), positive),
    "recip": (torch.reciprocal, positive),
    "abs": (torch.abs, any_),
    "sign": (torch.sign, any_),
    "floor": (torch.floor, any_),
    "relu": (torch.relu, any_),
    "sigmoid": (torch.sigmoid, between(-6.0, 6.0)),
    "softplus": (F.softplus, between(-6.0, 6.0)),
    "erf": (torch.erf, any_),
    "square": (torch.square, any_),
    "powi 3": (lambda x: x**3, any_),
    "powi -2": (lambda x: x**-2, positive),
    "powi 0": (lambda x: x**0, any_),
    "powf 2.5": (lambda x: x**2.5, positive),
    "clamp": (lambda x: x.clamp(-0.5, 0.5), any_),
    "neg": (torch.neg, any_),
}
SHAPES = [(), (3,), (2, 2)]

BINARY = {
    "add": (torch.add, any_, any_),
    "sub": (torch.sub, any_, any_),
    "mul": (torch.mul, any_, any_),
    "div": (torch.div, any_, positive),
    "pow": (torch.pow, positive, any_),
    "maximum": (torch.maximum, any_, any_),
    "minimum": (torch.minimum, any_, any_),
    "atan2": (torch.atan2, any_, any_),
    "hypot": (torch.hypot, any_, any_),
}
PAIRS = [((), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((2,), (3, 1, 1))]
PAIR_EDGES = [(a, b) for a in (0.0, -0.0, 1.0, -2.0, inf, nan) for b in (0.0, 1.0, -1.0, 0.5, inf, nan)]

# Everything else: the operation, and lists of inputs.
CLASSES = torch.tensor([2, 0, 1, 2])
INDEX = torch.tensor([1, 0, 1])
x23, x234, ties = any_(2, 3), any_(2, 3, 4), torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
far = torch.tensor([[1000.0, -1000.0, 999.0], [-1000.0, -1000.5, -999.0]])
infinite = torch.tensor([[inf, 0.0], [inf, inf], [-inf, 0.0], [-inf, -inf], [nan, 0.0], [nan, inf]])
OTHER = {
    "sum": (torch.sum, [[x234]]),
    "mean": (torch.mean, [[x234]]),
    "var": (torch.var, [[x234]]),
    "std": (torch.std, [[x23], [torch.full((3,), 2.0)], [torch.tensor([inf, 1.0])]]),
    "norm": (torch.linalg.vector_norm, [[x23], [torch.zeros(3)], [torch.tensor([inf, nan])], [torch.tensor([-inf, 1.0])]]),
    "logsumexp": (lambda x: torch.logsumexp(x.flatten(), 0), [[x23], [far]]),
    "max": (torch.amax, [[x23], [ties]]),
    "min": (torch.amin, [[x23], [ties]]),
    "matmul": (
        torch.matmul,
        [
            [any_(2, 3), any_(3, 4)],
            [any_(3), any_(3)],
            [any_(2, 3), any_(3)],
            [any_(3), any_(3, 2)],
            [any_(2, 2, 3), any_(2, 3, 2)],
            [any_(2, 1, 2, 3), any_(3, 3, 1)],
            [any_(3), any_(2, 3, 2)],
            [any_(2, 2, 3), any_(3)],
        ],
    ),
    "reshape": (lambda x: x.reshape(4, 6), [[x234]]),
    "flatten": (torch.flatten, [[x23]]),
    "unsqueeze": (lambda x: x.unsqueeze(1), [[x23]]),
    "squeeze": (lambda x: x.squeeze(1), [[any_(2, 1, 3)]]),
    "expand": (lambda x: x.expand(4, 2, 3), [[any_(2, 1)]]),
    "permute": (lambda x: x.permute(2, 0, 1), [[x234]]),
    "transpose": (lambda x: x.transpose(0, 2), [[x234]]),
    "t": (torch.t, [[x23]]),
    "at": (lambda x: x[1], [[x23]]),
    "select": (lambda x: x.select(1, 2), [[x234]]),
    "slice": (lambda x: x[:, 1:3], [[x234]]),
    "index_select": (lambda x: x.index_select(1, INDEX), [[x234]]),
    "gather": (lambda x: x.gather(1, torch.tensor([[2, 2], [0, 1]])), [[x23]]),
    "concat": (lambda a, b: torch.cat([a, b], 1), [[any_(2, 1), any_(2, 3)]]),
    "stack": (lambda a, b: torch.stack([a, b], 1), [[any_(2, 3), any_(2, 3)]]),
    "where_": (lambda a, b: torch.where(a > b, a * b, b), [[any_(2, 3), any_(3)]]),
    "mse_loss": (F.mse_loss, [[any_(3, 2), any_(3, 2)]]),
    "cross_entropy": (lambda x: F.cross_entropy(x, CLASSES), [[any_(4, 3)], [1000 * any_(4, 3)]]),
    "nll_loss": (lambda x: F.nll_loss(x, CLASSES), [[any_(4, 3)]]),
    "binary_cross_entropy": (
        F.binary_cross_entropy,
        [[between(0.0, 1.0)(5), between(0.0, 1.0)(5)], [torch.tensor([1.0, 0.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 1.0, 0.0])]],
    ),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits,
        [
            [any_(5), between(0.0, 1.0)(5)],
            [torch.tensor([800.0, -800.0]), torch.tensor([0.0, 1.0])],
            [torch.tensor([50.0, -50.0]), torch.tensor([1.0, 0.0])],
        ],
    ),
    "add_": (lambda a, b: (a * 1).add_(b), [[x23, any_(3)]]),
    "sub_": (lambda a, b: (a * 1).sub_(b), [[x23, any_(3)]]),
    "mul_": (lambda a, b: (a * 1).mul_(b), [[x23, any_(3)]]),
    "div_": (lambda a, b: (a * 1).div_(b), [[x23, positive(3)]]),
}


def mul_of_a_view(a, b):
    y = a * 1
    y[1].mul_(b)
    y.t()[0].add_(a.select(1, 2)).mul_(2)
    return y.square()


OTHER["mul_ of a view"] = (mul_of_a_view, [[x23, any_(3)]])

for axis in (0, 1, 2):
    for name, operation in {
        "sum_axis": torch.sum,
        "mean_axis": torch.mean,
        "var_axis": torch.var,
        "norm_axis": torch.linalg.vector_norm,
        "logsumexp_axis": torch.logsumexp,
        "softmax": torch.softmax,
        "log_softmax": torch.log_softmax,
        "max_axis": torch.amax,
        "min_axis": torch.amin,
    }.items():
        cases = [[x234]]
        if axis == 1 and "max" in name or "min" in name and axis == 1:
            cases = [[x234], [ties], [far]]
        if axis == 1 and "soft" in name:
            cases = [*cases, [infinite]]
        OTHER[f"{name} {axis}"] = (lambda x, f=operation, axis=axis: f(x, dim=axis), cases)

# Those of which second derivatives are compared as well: smooth, and not linear.
SECOND = {
    *("sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp exp2 exp_m1 ln log2 log10 ln_1p sqrt recip".split()),
    *("sigmoid softplus erf square powi_3 powi_-2 powf_2.5 mul div pow atan2 hypot var std norm logsumexp matmul".split()),
    *("mse_loss cross_entropy binary_cross_entropy_with_logits softmax_1 log_softmax_1 logsumexp_axis_1 var_axis_1".split()),
    *("norm_axis_1 where_ mul_ div_ mul__of_a_view".split()),
}


def write(out, word, tensor):
    numbers = " ".join(repr(x) for x in tensor.detach().reshape(-1).tolist())
    out.append(f"{word} {'x'.join(map(str, tensor.shape))}: {numbers}")


def case(out, name, operation, inputs, smooth=True):
    inputs = [x.clone().requires_grad_() for x in inputs]
    output = operation(*inputs)
    seed = torch.randn(output.shape, generator=generator) if smooth else torch.ones(output.shape)
    second = name.replace(" ", "_") in SECOND and smooth
    gradients = torch.autograd.grad(output, inputs, seed, create_graph=second, allow_unused=True)
    out.append(f"op {name}")
    for x in inputs:
        write(out, "input", x)
    write(out, "output", output)
    write(out, "seed", seed)
    gradients = [torch.zeros_like(x) if g is None else g for g, x in zip(gradients, inputs)]
    for gradient in gradients:
        write(out, "gradient", gradient)
    if second:
        total = sum((g * g).sum() for g in gradients)
        for x, gradient in zip(inputs, torch.autograd.grad(total, inputs, allow_unused=True)):
            write(out, "second", torch.zeros_like(x) if gradient is None else gradient)


def optimiser(out, name, make):
    """A few steps on Σ(x³ + x²)/2, and where they lead."""
    x = any_(3).requires_grad_()
    out.append(f"op {name}")
    write(out, "input", x)
    optimiser = make([x])
    for _ in range(5):
        optimiser.zero_grad()
        ((x**3 + x**2) / 2).sum().backward()
        optimiser.step()
        write(out, "output", x)


def main():
    out = [f"# PyTorch {torch.__version__.split('+')[0]}, float64, CPU; made by make_table.py"]
    for name, (operation, draw) in UNARY.items():
        for shape in SHAPES:
            case(out, name, operation, [draw(*shape)])
        if name != "cbrt":  # PyTorch has none: its power is not for numbers below 0.
            case(out, name, operation, [torch.tensor(EDGES)], smooth=False)
    for name, (operation, first, second) in BINARY.items():
        for a, b in PAIRS:
            case(out, name, operation, [first(*a), second(*b)])
        edges = [torch.tensor([pair[i] for pair in PAIR_EDGES]) for i in (0, 1)]
        case(out, name, operation, edges, smooth=False)
    for name, (operation, cases) in OTHER.items():
        for inputs in cases:
            case(out, name, operation, inputs)
    optimiser(out, "sgd", lambda p: torch.optim.SGD(p, 0.1))
    optimiser(out, "sgd with momentum", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9))
    optimiser(out, "adam", lambda p: torch.optim.Adam(p, 0.1))
    Path(__file__).with_name("table.txt").write_text("\n".join(out) + "\n")
    print(f"{sum(line.startswith('op ') for line in out)} cases")


if __name__ == "__main__":
    main()
