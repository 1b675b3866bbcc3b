//! What the tool answers, for small inputs: against known values, and derivatives against differences.

use serde_json::{Value, json};

/// The output of a function.
fn ask(module: &str, function: &str, input: &Value) -> Value {
    let mut answer = message("evaluate", module, function, input);
    assert_eq!(answer["success"], true, "{module}::{function}: {}", answer["error"]);
    assert!(answer["timings"][0]["nanoseconds"].is_u64());
    answer["output"].take()
}

fn message(kind: &str, module: &str, function: &str, input: &Value) -> Value {
    let message = json!({ "id": 7, "kind": kind, "module": module, "function": function, "input": input });
    let answer: Value = serde_json::from_str(&adlab_gradbench::answer(&message.to_string())).unwrap();
    assert_eq!(answer["id"], 7);
    answer
}

/// All numbers of a value, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))],
    }
}

/// Adds to the number that has so many before it; says how many more there would have to be.
fn add_to(value: &mut Value, mut place: usize, step: f64) -> usize {
    if let Value::Array(values) = value {
        for value in values {
            let count = numbers(value).len();
            if place < count {
                return add_to(value, place, step);
            }
            place -= count;
        }
        return place;
    }
    *value = json!(value.as_f64().unwrap() + step);
    0
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-6 * (1.0 + b.abs()), "number {i}: {a} and not {b}");
    }
}

/// Numbers between 0 and 1 that look random.
fn some(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    (0..count).map(next).collect()
}

fn table(rows: usize, columns: usize, seed: u64) -> Vec<Vec<f64>> {
    (0..rows).map(|row| some(columns, seed * 100 + row as u64)).collect()
}

/// The derivatives, by the numbers of some fields, of those that `f` makes of the input: a column for each, by central
/// differences.
fn columns(input: &Value, fields: &[&str], f: impl Fn(&Value) -> Vec<f64>) -> Vec<Vec<f64>> {
    const STEP: f64 = 1e-5;
    let mut columns = Vec::new();
    for &field in fields {
        for place in 0..numbers(&input[field]).len() {
            let beside = |step: f64| {
                let mut input = input.clone();
                add_to(&mut input[field], place, step);
                f(&input)
            };
            let (above, below) = (beside(STEP), beside(-STEP));
            columns.push(above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * STEP)).collect());
        }
    }
    columns
}

/// Of a function with one result.
fn differences(input: &Value, fields: &[&str], f: impl Fn(&Value) -> Value) -> Vec<f64> {
    columns(input, fields, |input| vec![f(input).as_f64().unwrap()]).concat()
}

#[test]
fn hello() {
    assert_eq!(message("start", "", "", &Value::Null)["tool"], "adlab");
    assert_eq!(message("define", "hello", "", &Value::Null)["success"], true);
    assert_eq!(ask("hello", "square", &json!(3.0)), json!(9.0));
    assert_eq!(ask("hello", "double", &json!(3.0)), json!(6.0));
}

#[test]
fn what_it_cannot_do_it_says() {
    assert_eq!(message("define", "nothing", "", &Value::Null)["error"], "there is no module nothing");
    let answer = message("evaluate", "lse", "hessian", &json!({ "x": [1.0] }));
    assert_eq!(answer["success"], false);
    assert_eq!(answer["error"], "there is no function hessian in a module lse");
    let answer = message("evaluate", "lse", "primal", &json!({ "y": [1.0] }));
    assert_eq!(answer["success"], false);
    assert_eq!(answer["error"], "the input of lse::primal: missing field `x`");
}

#[test]
fn a_function_runs_as_often_as_is_asked_for() {
    let answer = message("evaluate", "lse", "primal", &json!({ "x": [1.0], "min_runs": 5, "min_seconds": 0.0 }));
    assert_eq!(answer["timings"].as_array().unwrap().len(), 5);
}

#[test]
fn llsq() {
    // At −1, 0 and 1, of 1/4 + t/2: (−1 + 1/4)², (1/4)², (1 − 3/4)².
    let input = json!({ "x": [0.25, 0.5], "n": 3 });
    assert_close(&[ask("llsq", "primal", &input).as_f64().unwrap()], &[(0.75f64.powi(2) + 2.0 * 0.0625) / 2.0]);
    let input = json!({ "x": some(5, 1), "n": 20 });
    let found = numbers(&ask("llsq", "gradient", &input));
    assert_close(&found, &differences(&input, &["x"], |input| ask("llsq", "primal", input)));
}

#[test]
fn lse() {
    let input = json!({ "x": [1000.0, 1000.0] });
    assert_close(&[ask("lse", "primal", &input).as_f64().unwrap()], &[1000.0 + 2f64.ln()]);
    assert_close(&numbers(&ask("lse", "gradient", &input)), &[0.5, 0.5]);
    let input = json!({ "x": some(9, 2) });
    let found = numbers(&ask("lse", "gradient", &input));
    assert_close(&found, &differences(&input, &["x"], |input| ask("lse", "primal", input)));
}

#[test]
fn ode() {
    // y₀ = 2x₀, y₁ = 2x₀x₁, y₂ = 8/6·x₀x₁x₂: polynomials of degree 3, for which the method is exact.
    let input = json!({ "x": [0.5, 3.0, 0.25], "s": 3 });
    assert_close(&numbers(&ask("ode", "primal", &input)), &[1.0, 3.0, 0.5]);
    assert_close(&numbers(&ask("ode", "gradient", &input)), &[1.0, 1.0 / 6.0, 2.0]);
    let input = json!({ "x": some(7, 3), "s": 4 });
    let last = |input: &Value| json!(numbers(&ask("ode", "primal", input))[6]);
    assert_close(&numbers(&ask("ode", "gradient", &input)), &differences(&input, &["x"], last));
}

#[test]
fn det() {
    let input = json!({ "A": [2.0, 1.0, 0.0, 1.0, 3.0, 1.0, 0.0, 1.0, 4.0], "ell": 3 });
    assert_eq!(ask("det", "primal", &input), json!(18.0));
    assert_close(&numbers(&ask("det", "gradient", &input)), &[11.0, -4.0, 1.0, -4.0, 8.0, -2.0, 1.0, -2.0, 5.0]);
    // Of the largest, the first rows are written out.
    for size in [1, 2, 5, 9] {
        let input = json!({ "A": some(size * size, 4), "ell": size });
        let found = numbers(&ask("det", "gradient", &input));
        if size < 9 {
            assert_close(&found, &differences(&input, &["A"], |input| ask("det", "primal", input)));
        }
        // By any row, the numbers times their derivatives make the determinant.
        let expected = ask("det", "primal", &input).as_f64().unwrap();
        let matrix = numbers(&input["A"]);
        for (row, by_row) in matrix.chunks(size).zip(found.chunks(size)) {
            assert_close(&[row.iter().zip(by_row).map(|(a, b)| a * b).sum()], &[expected]);
        }
    }
}

#[test]
fn gmm() {
    let input = |d: usize, k: usize, n: usize, m: usize| {
        json!({
            "d": d, "k": k, "n": n, "x": table(n, d, 1), "m": m, "gamma": 1.5, "alpha": some(k, 2),
            "mu": table(k, d, 3), "q": table(k, d, 4), "l": table(k, d * (d - 1) / 2, 5),
        })
    };
    // One component of one dimension and one point: ln of (2π)^(−½)·e^q·exp(−½(e^q(x − μ))²), and of the prior, which is that
    // of χ² with m + 2 degrees of freedom for γ²e^2q.
    let one = json!({
        "d": 1, "k": 1, "n": 1, "x": [[0.3]], "m": 0, "gamma": 1.5, "alpha": [0.7], "mu": [[0.1]], "q": [[0.4]], "l": [[]],
    });
    let (q, scale) = (0.4f64, 0.4f64.exp());
    let likelihood = q - 0.5 * (scale * 0.2).powi(2) - 0.5 * (2.0 * std::f64::consts::PI).ln();
    let prior = 2.0 * 1.5f64.ln() - 2f64.ln() - 0.5 * (1.5 * scale).powi(2);
    assert_close(&[ask("gmm", "objective", &one).as_f64().unwrap()], &[likelihood + prior]);

    for input in [one, input(2, 3, 4, 0), input(4, 2, 5, 2)] {
        let found = ask("gmm", "jacobian", &input);
        let fields = ["alpha", "mu", "q", "l"];
        for field in fields {
            let differences = differences(&input, &[field], |input| ask("gmm", "objective", input));
            assert_close(&numbers(&found[field]), &differences);
        }
    }
}

#[test]
fn ba() {
    // Once where the camera is not turned, where the formula of the rotation is another one.
    for turned in [0.3, 0.0] {
        let mut camera = some(11, 6);
        camera.iter_mut().take(3).for_each(|x| *x *= turned);
        let input = json!({
            "n": 2, "m": 3, "p": 12, "cam": camera, "x": [1.0, 2.0, 5.0], "w": 0.6, "feat": [0.2, 0.4],
        });
        let all = |input: &Value| {
            let errors = ask("ba", "objective", input);
            [numbers(&errors["reproj_error"]["elements"]), numbers(&errors["w_err"]["element"])].concat()
        };
        let errors = ask("ba", "objective", &input);
        assert_eq!((&errors["reproj_error"]["repeated"], &errors["w_err"]["repeated"]), (&json!(12), &json!(12)));
        assert_close(&numbers(&errors["w_err"]["element"]), &[1.0 - 0.36]);

        let found = ask("ba", "jacobian", &input);
        let columns = columns(&input, &["cam", "x", "w"], all);
        let row = |i: usize| columns.iter().map(move |column| column[i]);
        let expected: Vec<f64> = row(0).chain(row(1)).chain([-2.0 * 0.6]).collect();
        assert_close(&numbers(&found["vals"]), &expected);
        // The first camera, the first point, and the first of the weights, which stand after 2 cameras and 3 points.
        let of_first = (0..11).chain(22..25).chain([31]);
        let expected: Vec<usize> = of_first.clone().chain(of_first).chain([42]).collect();
        assert_eq!(found["cols"], json!(expected));
        // The first 30 of 37 row starts, and where the last row ends.
        let starts: Vec<usize> = (0..=24).map(|row| 15 * row).chain(361..366).chain([372]).collect();
        assert_eq!(found["rows"], json!(starts));
    }
}

#[test]
fn lstm() {
    let text = [[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 0]].map(|bits| bits.map(f64::from));
    let input = json!({
        "main_params": table(4, 12, 7), "extra_params": table(3, 3, 8), "state": table(4, 3, 9), "sequence": text,
    });
    let found = numbers(&ask("lstm", "jacobian", &input));
    let fields = ["main_params", "extra_params"];
    assert_close(&found, &differences(&input, &fields, |input| ask("lstm", "objective", input)));
    // Without weights and biases, each sign is foretold as 0, of which the logarithm is taken off: ln(3·e⁰ + 2).
    let zeros = json!({
        "main_params": vec![[0.0; 12]; 2], "extra_params": vec![[0.0; 3]; 3], "state": vec![[0.0; 3]; 2], "sequence": text,
    });
    let ones = 6.0;
    assert_close(&[ask("lstm", "objective", &zeros).as_f64().unwrap()], &[ones * 5f64.ln() / 12.0]);
}

#[test]
fn ht() {
    const BONES: usize = 22;
    let matrices = |seed: u64| -> Vec<Vec<Vec<f64>>> {
        let matrix = |bone: usize| {
            let mut rows = table(3, 4, seed + bone as u64);
            rows.push(vec![0.0, 0.0, 0.0, 1.0]);
            rows
        };
        (0..BONES).map(matrix).collect()
    };
    let parents: Vec<i64> = (0..BONES as i64).map(|bone| if bone % 4 == 2 { 0 } else { bone - 1 }).collect();
    let vertices = 5;
    let places: Vec<Vec<f64>> = table(vertices, 3, 10).into_iter().map(|place| [place, vec![1.0]].concat()).collect();
    for (us, is_mirrored) in [(table(2, 2, 11), false), (Vec::new(), true)] {
        let input = json!({
            "theta": some(26, 12),
            "us": us,
            "data": {
                "model": {
                    "bone_count": BONES, "bone_names": vec!["bone"; BONES], "parents": parents,
                    "base_relatives": matrices(13), "inverse_base_absolutes": matrices(50),
                    "base_positions": places, "weights": table(vertices, BONES, 90),
                    "triangles": [[0, 1, 2], [2, 3, 4]], "is_mirrored": is_mirrored,
                },
                "correspondences": [1, 0],
                "points": table(2, 3, 14),
            },
        });
        let all = |input: &Value| numbers(&ask("ht", "objective", input));
        let mut expected: Vec<Vec<f64>> = Vec::new();
        // A column is that of the first, or the second number of all points.
        let by_us = columns(&input, &["us"], all);
        if let [u0, v0, u1, v1] = &by_us[..] {
            let both = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect();
            expected = vec![both(u0, u1), both(v0, v1)];
        }
        expected.extend(columns(&input, &["theta"], all));
        let found = ask("ht", "jacobian", &input);
        for (i, row) in found.as_array().unwrap().iter().enumerate() {
            let expected: Vec<f64> = expected.iter().map(|column| column[i]).collect();
            let scale = expected.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
            let scaled = |numbers: &[f64]| numbers.iter().map(|x| x / scale).collect::<Vec<f64>>();
            assert_close(&scaled(&numbers(row)), &scaled(&expected));
        }
        // Without angles, a hand at rest whose bones all stay is where its vertices are.
        let mut still = input.clone();
        let stay: Vec<Vec<f64>> = (0..4).map(|i| (0..4).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
        for field in ["base_relatives", "inverse_base_absolutes"] {
            still["data"]["model"][field] = json!(vec![stay.clone(); BONES]);
        }
        still["data"]["model"]["weights"] = json!(vec![vec![1.0 / BONES as f64; BONES]; vertices]);
        still["data"]["model"]["is_mirrored"] = json!(false);
        still["theta"] = json!(vec![0.0; 26]);
        still["us"] = json!([]);
        let points = table(2, 3, 14);
        let expected: Vec<f64> = [(0, 1), (1, 0)]
            .iter()
            .flat_map(|&(i, vertex)| (0..3).map(move |j| (i, vertex, j)))
            .map(|(i, vertex, j)| points[i][j] - places[vertex][j])
            .collect();
        assert_close(&all(&still), &expected);
    }
}

#[test]
fn kmeans() {
    let input = json!({
        "points": [[0.0, 0.0], [1.0, 0.0], [5.0, 5.0], [6.0, 8.0]], "centroids": [[0.25, 0.5], [5.0, 6.0]],
    });
    let cost = (0.0625 + 0.25) + (0.5625 + 0.25) + 1.0 + (1.0 + 4.0);
    assert_close(&[ask("kmeans", "cost", &input).as_f64().unwrap()], &[cost]);
    // The step leads to the mean of those that are nearest: (0.5, 0) and (5.5, 6.5).
    assert_close(&numbers(&ask("kmeans", "dir", &input)), &[-0.25, 0.5, -0.5, -0.5]);
}

/// All four combinations of modes give what GradBench expects.
#[test]
fn nested() {
    for modes in ["ff", "fr", "rf", "rr"] {
        let found = ask("particle", modes, &json!({ "w": 0.0 })).as_f64().unwrap();
        assert!((found - 0.2071918746486116).abs() < 1e-8, "{modes}: {found}");
        let found = numbers(&ask("saddle", modes, &json!({ "start": [1.0, 1.0] })));
        assert!(
            found.len() == 4 && found.iter().all(|x| (x - 8.246324826140356e-6).abs() < 1e-9),
            "{modes}: {found:?}"
        );
    }
}
