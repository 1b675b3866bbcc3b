"""What kernels/src/bin/tensors.rs does, with PyTorch: the same numbers, f64, one thread."""

import time

import torch
from torch.nn.functional import cross_entropy

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def least(name, f):
    first = f().detach().reshape(-1)[0].item()
    start, best, calls = time.thread_time(), float("inf"), 1
    while time.thread_time() - start < 0.5:
        one = time.thread_time()
        for _ in range(calls):
            f()
        spent = time.thread_time() - one
        # What is short is called as often as takes longer than to look at the clock, which may also show that none has gone by.
        if spent < 2e-5:
            calls *= 2
        else:
            best = min(best, spent / calls)
    print(f"{name}\t{first:.16e}\t{1e6 * best:.2f}", flush=True)


def numbers(*shape):
    count = torch.Size(shape).numel()
    return ((torch.arange(count) * 7919 % 1013).double() / 1013 - 0.5).mul(0.1).reshape(shape)


def product(m, k, n):
    a, b = numbers(m, k), numbers(k, n)
    least(f"product {m}·{k}·{n}", lambda: a @ b)


def network(batch, inputs, hidden, outputs):
    x = numbers(batch, inputs)
    classes = torch.arange(batch) % outputs
    parameters = [numbers(inputs, hidden), numbers(hidden), numbers(hidden, outputs), numbers(outputs)]
    w1, b1, w2, b2 = [parameter.requires_grad_() for parameter in parameters]
    descent = torch.optim.SGD([w1, b1, w2, b2], 0.01)

    def step():
        descent.zero_grad()
        loss = cross_entropy(torch.tanh(x @ w1 + b1) @ w2 + b2, classes)
        loss.backward()
        descent.step()
        return loss

    least(f"step of {batch} × {inputs}-{hidden}-{outputs}", step)


def loops():
    start = torch.tensor([[2.0], [1.0], [10.0]])
    x = start.clone().requires_grad_()

    def descent():
        x.data = start.clone()
        for _ in range(100):
            x.grad = None
            (x * x).sum().backward()
            x.data -= 0.1 * x.grad
        return x

    least("lesson: 100 steps of descent", descent)

    a = numbers(150, 4)
    starts = [numbers(150, 2) * 10, numbers(4, 2) * 10]
    u, v = [start.clone().requires_grad_() for start in starts]

    def factorisation():
        u.data, v.data = starts[0].clone(), starts[1].clone()
        for _ in range(100):
            u.grad = v.grad = None
            (a - u @ v.t()).pow(2).sum().backward()
            u.data -= 0.01 * u.grad
            v.data -= 0.01 * v.grad
        return u

    least("lesson: 100 epochs of factorisation", factorisation)

    inputs, species = numbers(100, 4) * 20, torch.arange(100) % 3
    parameters = [numbers(4, 12) * 20, torch.tensor(0.0), numbers(12, 3) * 20, torch.tensor(0.0)]
    w1, b1, w2, b2 = [parameter.requires_grad_() for parameter in parameters]

    def step():
        for parameter in parameters:
            parameter.grad = None
        loss = cross_entropy(torch.relu(inputs @ w1 + b1) @ w2 + b2, species)
        loss.backward()
        for parameter in parameters:
            parameter.data -= 0.01 * parameter.grad
        return loss

    least("lesson: a step on Iris, 4-12-3", step)


def main():
    for sizes in [(3, 4, 3), (10, 10, 10), (32, 32, 32), (64, 784, 128), (512, 512, 512)]:
        product(*sizes)
    network(64, 784, 128, 10)
    network(256, 784, 512, 10)
    large = numbers(1_000_000).requires_grad_()

    def chain():
        large.grad = None
        total = (large * 2 + 1).sum()
        total.backward()
        return total

    def sines():
        large.grad = None
        total = (torch.sin(large * 2) * large).sum()
        total.backward()
        return total

    least("x·2 + 1, on 10⁶ numbers, with its gradient", chain)
    least("sin(x·2)·x, on 10⁶ numbers, with its gradient", sines)
    many = numbers(100_000).requires_grad_()

    def rosenbrock():
        many.grad = None
        a, b = many[:-1], many[1:]
        total = ((b - a.square()).square() * 100 + (1 - a).square()).sum()
        total.backward()
        return total

    least("Rosenbrock 10⁵, with its gradient", rosenbrock)
    x, y = torch.tensor(0.5).requires_grad_(), torch.tensor(4.2).requires_grad_()

    def small():
        x.grad = y.grad = None
        z = x * y + torch.sin(x)
        z.backward()
        return z

    least("x·y + sin x, with its gradient", small)
    pair = torch.tensor([2.0, 1.0]).requires_grad_()
    adam = torch.optim.Adam([pair], 1e-3)

    def steps():
        for _ in range(100):
            adam.zero_grad()
            (pair * pair).sum().backward()
            adam.step()
        return pair

    least("100 steps of Adam on two numbers", steps)
    thousand = numbers(1000).requires_grad_()

    def loop():
        thousand.grad = None
        total = thousand[0].square()
        for i in range(1, 1000):
            total = total + thousand[i].square()
        total.backward()
        return total

    least("a loop over x.at(i), of 1000", loop)
    loops()


main()
