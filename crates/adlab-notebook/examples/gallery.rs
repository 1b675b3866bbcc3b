//! Writes one of each figure into a folder: `cargo run -p adlab-notebook --example gallery -- FOLDER`.

use std::time::Instant;
use std::{env, fs, io};

use adlab_notebook::prelude::*;

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).unwrap_or_else(|| "gallery".to_owned());
    fs::create_dir_all(&folder)?;
    for (name, draw) in figures() {
        let start = Instant::now();
        let figure = draw();
        let (svg, png, time) = (figure.svg(), figure.png(), start.elapsed());
        fs::write(format!("{folder}/{name}.svg"), svg)?;
        fs::write(format!("{folder}/{name}.png"), png)?;
        println!("{name}: {time:.1?}, SVG {} bytes, PNG {} bytes", svg.len(), png.len());
        println!("    {}", figure.text());
    }
    Ok(())
}

type Draw = Box<dyn Fn() -> Figure>;

fn figures() -> Vec<(&'static str, Draw)> {
    let rosenbrock = |x: Dual, y: Dual| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
    vec![
        ("function", Box::new(|| plot(|x| x * x.sin(), -3.0..3.0).title("f(x) = x sin x").figure())),
        ("tangent", Box::new(|| plot(|x| x * 4.2 + x.sin(), -3.0..3.0).tangent(0.5).figure())),
        ("tangent-falls", Box::new(|| plot(|x| x * x, -3.0..3.0).tangent(-2.5).figure())),
        ("pole", Box::new(|| plot(|x| x.tan(), -4.0..4.0).figure())),
        ("root", Box::new(|| plot(|x| x.sqrt(), -1.0..4.0).labels("x", "√x").figure())),
        ("large", Box::new(|| plot(|x| x.exp(), 0.0..14.0).figure())),
        ("tiny", Box::new(|| plot(|x| x * 1e-9, -1e-3..1e-3).figure())),
        (
            "functions",
            Box::new(|| {
                plot_functions(
                    &[("sin x", &|x| x.sin()), ("cos x", &|x| x.cos()), ("tanh x", &|x| x.tanh())],
                    -6.0..6.0,
                )
                .title("Three functions")
                .labels("x", "")
                .figure()
            }),
        ),
        (
            "loss",
            Box::new(|| {
                let loss: Vec<f64> = (0..100).map(|i| 105.0 * 0.64f64.powi(i)).collect();
                curves(&[("J", &loss)]).title("Gradient descent").labels("step", "loss").log_y().figure()
            }),
        ),
        (
            "losses",
            Box::new(|| {
                let mut noise = Normal::seeded(1);
                let mut noisy = |end: f64| -> Vec<f64> {
                    (0..100).map(|i| end + 2.0 * (-0.05 * f64::from(i)).exp() + 0.03 * noise.sample()).collect()
                };
                let (training, validation) = (noisy(0.3), noisy(0.45));
                curves(&[("training", training), ("validation", validation)]).labels("epoch", "cross-entropy").figure()
            }),
        ),
        ("scatter", Box::new(|| scatter(&[(0.0, 1.0), (1.0, 3.0), (2.0, 2.5)]).labels("time", "height").figure())),
        (
            "iris",
            Box::new(|| {
                let iris = iris();
                let petals = columns(&iris.features, 2, 3);
                scatter_classes(&petals, &iris.species, &iris.names)
                    .title("Fisher’s irises")
                    .labels("petal length (cm)", "petal width (cm)")
                    .figure()
            }),
        ),
        (
            "bowl",
            Box::new(|| {
                let step = |i| (-1.7 * 0.8f64.powi(i), 1.3 * 0.2f64.powi(i));
                let steps: Vec<_> = (0..25).map(step).collect();
                contour(|x, y| x * x + 4.0 * y * y, -2.0..2.0, -1.5..1.5)
                    .arrows()
                    .path(&steps)
                    .title("Gradient descent on x² + 4y²")
                    .figure()
            }),
        ),
        (
            "rosenbrock",
            Box::new(move || {
                let mut at = (-1.2, 1.0);
                let mut steps = vec![at];
                for _ in 0..2000 {
                    let dx = rosenbrock(Dual::variable(at.0), Dual::constant(at.1)).derivative;
                    let dy = rosenbrock(Dual::constant(at.0), Dual::variable(at.1)).derivative;
                    at = (at.0 - 0.001 * dx, at.1 - 0.001 * dy);
                    steps.push(at);
                }
                contour(rosenbrock, -2.0..2.0, -1.0..3.0).path(&steps).title("Rosenbrock’s valley").figure()
            }),
        ),
        (
            "graph",
            Box::new(|| {
                let tape = Tape::new();
                let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
                let _ = x * y + x.sin();
                graph(&tape).title("z = xy + sin x").figure()
            }),
        ),
        (
            "forward",
            Box::new(|| {
                let tape = Tape::new();
                let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
                let _ = x * y + x.sin();
                graph(&tape).title("Forward, two steps done").forward("x", 2).figure()
            }),
        ),
        (
            "backward",
            Box::new(|| {
                let tape = Tape::new();
                let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
                let _ = x * y + x.sin();
                graph(&tape).title("Backward, three steps done").backward(3).figure()
            }),
        ),
        (
            "loop",
            Box::new(|| {
                let tape = Tape::new();
                let x = tape.named("x", 0.5);
                let mut z = Var::from(1.0);
                for i in 0..2 {
                    z = (z + f64::from(i)) * x * x;
                }
                graph(&tape).figure()
            }),
        ),
        (
            "network",
            Box::new(|| {
                let tape = Tape::new();
                let inputs = ["a", "b"].map(|name| tape.named(name, 1.0));
                let weights: Vec<_> = (1..7).map(|i| tape.named(&format!("w{i}"), f64::from(i) * 0.3 - 1.0)).collect();
                let hidden: Vec<_> =
                    (0..2).map(|i| (inputs[0] * weights[2 * i] + inputs[1] * weights[2 * i + 1]).tanh()).collect();
                let out = (hidden[0] * weights[4] + hidden[1] * weights[5]).sigmoid();
                let _ = (out - 1.0).powi(2);
                graph(&tape).title("A small network and its loss").figure()
            }),
        ),
        (
            "crowded",
            Box::new(|| {
                let names = ["plain descent", "momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "AdamW", "LBFGS"];
                let lines: Vec<(&str, Vec<f64>)> = (1..)
                    .zip(names)
                    .map(|(k, name)| (name, (0..40).map(|i| (-0.02 * f64::from(k * i)).exp()).collect()))
                    .collect();
                curves(&lines)
                    .title("A title that is so long that it would not fit the width of the figure, and so is written smaller")
                    .labels("step", "loss on the whole of the training data")
                    .figure()
            }),
        ),
        ("waves", Box::new(|| contour(|x, y| x.sin() * y.cos(), -4.0..4.0, -4.0..4.0).arrows().figure())),
        (
            "far",
            Box::new(|| {
                curves(&[("loss", [1e9 + 2.0, 1e9 + 0.5, 1e9, 1e9 + 0.25])]).title("Near a large number").figure()
            }),
        ),
        ("far-x", Box::new(|| plot(|x| (x - 1e10).sin(), 1e10..1e10 + 1.0).labels("x", "").figure())),
        ("far-levels", Box::new(|| contour(|x, y| x * x + y * y + 1e9, -2.0..2.0, -1.5..1.5).figure())),
        ("wide", Box::new(|| plot(|x| x, -1e308..1e308).figure())),
        (
            "many",
            Box::new(|| {
                let names: Vec<String> = (0..100).map(|i| format!("run {i}")).collect();
                let lines: Vec<(&str, Vec<f64>)> = (1..)
                    .zip(&names)
                    .map(|(k, name)| (name.as_str(), (0..40).map(|i| (-0.002 * f64::from(k * i)).exp()).collect()))
                    .collect();
                curves(&lines).title("A hundred curves").labels("step", "loss").figure()
            }),
        ),
        (
            "letters",
            Box::new(|| {
                let long = "a name that is longer than the picture is wide ".repeat(5);
                curves(&[("損失 🎉", vec![1.0, 0.5, 0.4]), (&long, vec![1.0, 0.7, 0.6])])
                    .title("損失関数 and a bell\u{7}")
                    .labels("\u{1b}[1mstep", "loss")
                    .figure()
            }),
        ),
        (
            "cloud",
            Box::new(|| {
                let (mut x, mut y) = (Normal::seeded(1), Normal::new(0.0, 0.5, 2));
                let points: Vec<_> = (0..1_000_000).map(|_| (x.sample(), y.sample())).collect();
                scatter(&points).title("A million points").figure()
            }),
        ),
        (
            "comb",
            Box::new(|| {
                let comb: Vec<f64> = (0..100_000).map(|i| f64::from(i % 2) * f64::from(i)).collect();
                curves(&[("alternating", &comb)]).labels("i", "").figure()
            }),
        ),
        (
            "tangle",
            Box::new(|| {
                let mut noise = Uniform::seeded(1);
                let (x, y): (Vec<_>, Vec<_>) = (0..1_000_000).map(|_| (noise.sample(), noise.sample())).unzip();
                curve(&x, &y).labels("x", "y").figure()
            }),
        ),
        ("log", Box::new(|| contour(|x, y| x.ln() + y.sqrt(), -1.0..4.0, -1.0..4.0).figure())),
    ]
}
