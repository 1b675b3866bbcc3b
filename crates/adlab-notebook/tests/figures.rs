//! Every kind of figure: its three forms, its words, and what it says to bad input.

use std::panic::{AssertUnwindSafe, catch_unwind};

use adlab_notebook::prelude::*;

fn tape() -> Tape {
    let tape = Tape::new();
    let (x, y) = (tape.named("x", 0.5), tape.named("y", 4.2));
    let _ = x * y + x.sin();
    tape
}

fn bowl() -> Chart {
    contour(|x, y| x * x + 4.0 * y * y, -2.0..2.0, -1.5..1.5)
}

/// One of each.
fn figures() -> Vec<Figure> {
    vec![
        plot(|x| x * x.sin(), -3.0..3.0).title("A < B & C").labels("t", "f").figure(),
        plot_functions(&[("sin", &|x| x.sin()), ("cos", &|x| x.cos())], 0.0..7.0).figure(),
        curves(&[("a", [3.0, 2.0, 1.0]), ("b", [1.0, 0.1, 0.01])]).log_y().figure(),
        curve(&[0.0, 1.0, 5.0], &[1.0, 2.0, 0.0]).figure(),
        scatter(&[(1.0, 1.0)]).figure(),
        scatter_classes(&columns(&iris().features, 0, 1), &iris().species, &iris().names).figure(),
        bowl().arrows().path(&[(-1.5, 1.0), (0.0, 0.0)]).figure(),
        graph(&tape()).figure(),
    ]
}

/// The panic's message.
fn message<T>(f: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(f()))).expect_err("a panic");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().expect("a text").to_string(),
    }
}

#[test]
fn every_figure_has_three_forms() {
    for figure in figures() {
        let bundle = figure.bundle();
        let svg = bundle.get("image/svg+xml").expect("SVG");
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>"), "{svg}");
        assert!(svg.contains("sans-serif") && !svg.contains("NaN") && svg.len() < 60_000, "{}", figure.text());
        let png = bundle.get("image/png").expect("PNG");
        assert!(png.starts_with("iVBORw0KGgo") && !png.contains('\n') && png.len() < 4 * 40_000 / 3, "{}", png.len());
        assert_eq!(bundle.get("text/plain"), Some(figure.text()));
    }
}

#[test]
fn a_png_decodes_has_its_size_and_shows_something() {
    for figure in figures() {
        let mut reader = png::Decoder::new(std::io::Cursor::new(figure.png())).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("a picture");
        if !figure.text().contains("graph") {
            assert_eq!((info.width, info.height), (640, 400));
        }
        assert!(figure.svg().contains(&format!("width=\"{}\" height=\"{}\"", info.width, info.height)));
        let background = pixels[0];
        let drawn = pixels.iter().filter(|&&p| p != background).count();
        assert!(drawn > 1000, "{drawn} pixels drawn: {}", figure.text());
    }
}

#[test]
fn the_words_say_the_ranges_and_the_extremes() {
    let text = |chart: Chart| chart.figure().text().to_owned();
    assert_eq!(
        text(plot(|x| x * x.sin(), -3.0..3.0).title("Wave")),
        "Wave. Plot of f(x) and f′(x) for x from -3 to 3. f(x) goes from 0 (at x = 0) to 1.8197 (at x = 2.025). \
         f′(x) goes from -2.8289 (at x = 3) to 2.8289 (at x = -3)."
    );
    assert_eq!(
        text(curves(&[("loss", vec![4.0, 2.0, 1.0])]).labels("step", "")),
        "Line chart of loss. loss goes from 1 (at step = 2) to 4 (at step = 0)."
    );
    assert_eq!(text(scatter(&[(0.0, 1.0), (2.0, -1.0)])), "Scatter plot. 2 points, x from 0 to 2, y from -1 to 1.");
    let bowl = text(bowl().path(&[(-1.5, 1.0), (0.5, 0.25)]));
    assert!(
        bowl.starts_with("Contour plot for x from -2 to 2 and y from -1.5 to 1.5. Lowest: 0 near (0, 0)"),
        "{bowl}"
    );
    assert!(bowl.ends_with(" A path of 2 points goes from (-1.5, 1) to (0.5, 0.25)."), "{bowl}");
    assert!(graph(&tape()).figure().text().ends_with("v3 = sin x = 0.4794; v4 = v2 + v3 = 2.5794."));
}

#[test]
fn a_plot_draws_the_derivative() {
    // Of 3x, the derivative is 3 everywhere: one straight line from end to end.
    let svg = plot(|x| 3.0 * x, 0.0..1.0).figure().svg().to_owned();
    let lines: Vec<&str> = svg.lines().filter(|line| line.contains("#B34600") && line.contains("polyline")).collect();
    let points: Vec<&str> = lines.last().and_then(|l| l.split('"').rev().nth(1)).expect("points").split(' ').collect();
    assert_eq!(points.len(), 2, "{points:?}");
    assert_eq!(points[0].split(',').nth(1), points[1].split(',').nth(1));
}

#[test]
fn what_is_not_finite_breaks_a_curve() {
    for chart in [
        plot(|x| x.sqrt(), -1.0..1.0),
        plot(|x| x.ln(), -1.0..1.0),
        plot(|x| 1.0 / x, -1.0..1.0),
        plot(|x| x.tan(), -5.0..5.0),
        plot(|x| (x * 400.0).exp(), -2.0..2.0),
        curves(&[("a", [1.0, f64::NAN, 2.0, f64::INFINITY, 3.0])]),
        curves(&[("a", [1.0, 0.0, -2.0, 0.5])]).log_y(),
        scatter(&[(f64::NAN, 1.0), (1.0, f64::INFINITY), (1.0, 2.0)]),
        contour(|x, y| x.ln() + 1.0 / y, -1.0..1.0, -1.0..1.0).arrows().path(&[(f64::NAN, 0.0), (0.5, 0.5)]),
        contour(|_, _| 1.0.into(), -1.0..1.0, -1.0..1.0).arrows(),
        plot(|_| 2.0.into(), 0.0..1.0),
        plot(|x| x, 1e300..2e300),
        plot(|x| x * 1e-300, 0.0..1e-9),
        plot(|x| x, -1e308..1e308),
        plot(|x| x, f64::MIN..f64::MAX),
        plot(|x| x, 0.0..1e-310),
        plot(|x| x, 1e16..1e16 + 4.0),
        plot_functions(&[("x²", &|x| x * x)], -1e308..1e308),
        curves(&[("a", [f64::MIN, f64::MAX])]),
        curves(&[("a", [f64::MAX, f64::MAX])]),
        curves(&[("a", [5e-324, f64::MAX])]).log_y(),
        curves(&[("a", [1e9, 1e9 + 1.0])]).log_y(),
        curve(&[-1e308, 1e308], &[5e-324, 0.0]),
        curves(&[("a", [1e15])]).log_y().y_range(1e15..1e15 + 1.0),
        scatter(&[(-1e308, 1e9), (1e308, 1e9 + 1.0)]),
        contour(|x, y| x + y, -1e308..1e308, -1e308..1e308).arrows(),
        contour(|x, y| x + y + 1e9, 0.0..1.0, 1e9..1e9 + 1.0).arrows(),
    ] {
        let figure = chart.figure();
        let (_, shapes) = figure.svg().split_once('>').expect("shapes");
        assert!(!shapes.contains("NaN") && !shapes.contains("inf"), "{}", figure.text());
        // A number that overflows would end up here.
        assert!(
            !shapes.contains(&i32::MAX.to_string()) && !shapes.contains(&i32::MIN.to_string()),
            "{}",
            figure.text()
        );
        assert!(shapes.len() < 60_000);
    }
    // Two branches of 1/x and two of its derivative, and no line across the pole.
    let pole = plot(|x| 1.0 / x, -1.0..1.0).figure();
    let branches = |colour: &str| pole.svg().matches(&format!("stroke=\"{colour}\"")).count() - 1;
    assert_eq!((branches("#0072B2"), branches("#B34600")), (2, 2));
    assert!(pole.text().contains("is shown"), "{}", pole.text());
}

#[test]
fn a_step_is_as_long_along_both_axes_of_a_plane() {
    let corners = |x: std::ops::Range<f64>, y: std::ops::Range<f64>| {
        let (right, up) = ((x.end - x.start) / 4.0, (y.end - y.start) / 4.0);
        let (a, b) = (x.start + right, y.start + up);
        let figure = contour(|x, y| x * x + y * y, x, y).path(&[(a, b), (a + right, b), (a + right, b + up)]).figure();
        let places = figure.svg().split("<circle cx=\"").skip(1).map(|text| {
            let mut numbers = text.split('"').step_by(2).map(|number| number.parse::<f64>().expect("a number"));
            (numbers.next().expect("cx"), numbers.next().expect("cy"))
        });
        let places: Vec<(f64, f64)> = places.take(3).collect();
        ((places[1].0 - places[0].0) / right, (places[1].1 - places[2].1) / up)
    };
    for (x, y) in [(-4.0..4.0, -2.0..11.0), (-2.0..2.0, -1.0..3.0), (1.0..7.0, 0.0..2.5)] {
        let (wide, high) = corners(x, y);
        assert!((wide / high - 1.0).abs() < 0.01, "{wide} and {high}");
    }
    // It would be a slit.
    let (wide, high) = corners(0.0..1.0, 0.0..1000.0);
    assert!(wide / high > 100.0);
}

#[test]
fn a_point_alone_is_a_dot() {
    let discs = |y: &[f64]| curves(&[("a", y)]).figure().svg().matches("<circle").count();
    assert_eq!(discs(&[1.0]), 1);
    assert_eq!(discs(&[1.0, 2.0, f64::NAN, 3.0, f64::NAN, 4.0, 5.0]), 1);
}

#[test]
fn a_range_that_is_none_is_refused() {
    assert_eq!(
        message(|| plot(|x| x, 2.0..-1.0)),
        "the range of x, 2.0..-1.0, is reversed: the smaller number comes first, as in -1.0..2.0"
    );
    assert_eq!(
        message(|| contour(|x, _| x, 0.0..1.0, 2.0..2.0)),
        "the range of y, 2.0..2.0, is empty: the smaller number comes first, as in 1.0..3.0"
    );
    assert!(message(|| plot(|x| x, 0.0..f64::INFINITY)).contains("is not finite"));
    assert!(message(|| plot(|x| x, f64::NAN..1.0)).contains("is not finite"));
}

#[test]
fn data_that_cannot_be_drawn_is_refused() {
    for (text, part) in [
        (message(|| plot(|x| x.ln(), -2.0..-1.0)), "NaN) everywhere from -2.0 to -1.0"),
        (message(|| curves(&[("loss", Vec::new())])), "no data"),
        (message(|| scatter(&[])), "no data"),
        (message(|| curve(&[1.0, 2.0], &[1.0])), "2 x and 1 y"),
        (message(|| scatter_classes(&[(0.0, 0.0)], &[], &["a"])), "1 points and 0 classes"),
        (message(|| scatter_classes(&[(0.0, 0.0)], &[1], &["a"])), "class 1 has no name"),
        (message(|| curves(&[("a", [-1.0, 0.0])]).log_y()), "positive numbers only"),
        (message(|| plot(|x| x, 0.0..1.0).arrows()), "contour plot"),
        (message(|| bowl().log_y()), "f.ln()"),
        (message(|| curves(&[("a", [1.0])]).log_y().y_range(0.0..1.0)), "begin above 0"),
        (message(|| columns(&tensor([1.0, 2.0]), 0, 1)), "two axes"),
        (message(|| columns(&tensor([[1.0, 2.0]]), 0, 2)), "no column 2"),
        (message(|| graph(&Tape::new())), "the tape is empty"),
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_graph_too_large_to_read_is_refused() {
    let tape = Tape::new();
    let mut x = tape.var(1.0);
    for _ in 0..59 {
        x = x.sin();
    }
    assert!(graph(&tape).figure().text().starts_with("Computation graph of 60 nodes:"));
    let _ = x + x;
    assert!(message(|| graph(&tape)).contains("recorded 61 operations"));
}

/// The texts of a picture, as they stand in the SVG.
fn texts(figure: &Figure) -> Vec<String> {
    let after = figure.svg().split("<text").skip(1).filter_map(|part| part.split_once('>'));
    after.filter_map(|(_, rest)| rest.split_once("</text>")).map(|(text, _)| text.trim().to_owned()).collect()
}

#[test]
fn no_two_numbers_of_an_axis_or_of_contours_read_alike() {
    for figure in [
        curves(&[("loss", [1e9, 1e9 + 1.0, 1e9 + 2.0])]).figure(),
        plot(|x| (x - 1e10).sin(), 1e10..1e10 + 1.0).figure(),
        contour(|x, y| x * x + y * y + 1e9, -2.0..2.0, -1.5..1.5).figure(),
        curves(&[("loss", [1e9, 1e9 + 1.0])]).log_y().figure(),
    ] {
        let long: Vec<String> = texts(&figure).into_iter().filter(|text| text.len() > 6).collect();
        for (i, text) in long.iter().enumerate() {
            assert!(!long[..i].contains(text), "{long:?}");
        }
        assert!(long.iter().any(|text| text.contains("1000000000") || text.contains("1.0000000")), "{long:?}");
    }
    let words = curves(&[("loss", [1e9, 1e9 + 1.0, 1e9 + 2.0])]).figure().text().to_owned();
    assert!(words.contains("from 1e9 (at x = 0) to 1.000000002e9 (at x = 2)"), "{words}");
}

#[test]
fn a_hundred_names_leave_room_for_the_lines() {
    let names: Vec<String> = (0..100).map(|i| format!("run {i}")).collect();
    let lines: Vec<(&str, [f64; 2])> = names.iter().map(|name| (name.as_str(), [1.0, 2.0])).collect();
    let figure = curves(&lines).figure();
    let texts = texts(&figure);
    let more = texts.iter().find_map(|text| text.strip_prefix("and ")?.strip_suffix(" more")).expect("how many more");
    let named = texts.iter().filter(|text| text.starts_with("run ")).count();
    assert_eq!(named + more.parse::<usize>().expect("a number"), 100);
    // Not upside down: 2 is above 1.
    let line = figure.svg().lines().rfind(|line| line.contains("<polyline")).expect("a line");
    let points = line.split("points=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("points");
    let heights: Vec<f64> =
        points.split_whitespace().filter_map(|p| p.split_once(',')).map(|p| p.1.parse().expect("a number")).collect();
    assert!(heights[0] > heights[1] + 1000.0, "{points}");
}

#[test]
fn texts_of_all_kinds() {
    let long = "a long name ".repeat(100);
    for text in ["", " ", "損失 🎉", "a\u{0}b\u{1b}[1m\u{7}", "two\nlines", "\u{FFFF}", &long] {
        for figure in
            [curves(&[(text, [1.0, 2.0])]).title(text).labels(text, text).figure(), graph(&tape()).title(text).figure()]
        {
            let svg = figure.svg();
            let bad = |c: char| c.is_control() && c != '\n' || c == '\u{FFFF}';
            assert!(!figure.text().contains(bad), "{}", figure.text());
            assert!(!svg.contains(bad) && !svg.contains("inf") && !svg.contains("NaN"), "{svg}");
            assert!(!svg.contains("font-size=\"-") && !figure.png().is_empty());
            assert!(svg.contains("width=\"640\"") || figure.text().contains("graph"));
        }
    }
    // The same picture as without.
    let plain = curves(&[("a", [1.0, 2.0])]);
    assert_eq!(plain.clone().title("").figure().svg(), plain.figure().svg());
}

/// The points that are left out cover nothing that is not covered, or it is said; a notebook is not to grow by 80 MB.
#[test]
fn millions_of_points_are_thinned_out() {
    let mut noise = Uniform::seeded(1);
    let random: Vec<(f64, f64)> = (0..1_000_000).map(|_| (noise.sample(), noise.sample())).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = random.iter().copied().unzip();
    let comb: Vec<f64> = (0..100_000).map(|i| f64::from(i % 2)).collect();
    let alone: Vec<f64> = (0..1_000_000).map(|i| if i % 2 == 0 { x[i] } else { f64::NAN }).collect();
    let classes: Vec<usize> = (0..1_000_000).map(|i| i % 3).collect();
    for (chart, is_said) in [
        (scatter(&random), true),
        (scatter_classes(&random, &classes, &["a", "b", "c"]), true),
        (curve(&x, &y), true),
        (curves(&[("alone", &alone)]), true),
        (contour(|x, y| x + y, 0.0..1.0, 0.0..1.0).path(&random), true),
        (curves(&[("comb", &comb)]), false),
        (curves(&[("noise", &x)]), false),
        (curve(&y, &(0..1_000_000).map(f64::from).collect::<Vec<_>>()), false),
    ] {
        let figure = chart.figure();
        assert!(figure.svg().len() < 2_000_000, "{} bytes: {}", figure.svg().len(), figure.text());
        let note = texts(&figure).iter().any(|text| text.ends_with("points drawn"));
        assert_eq!((figure.text().contains(" are drawn"), note), (is_said, is_said), "{}", figure.text());
    }
    // Lowest and highest of each column are there.
    let spike: Vec<f64> = (0..1_000_000).map(|i| if i == 654_321 { 1.0 } else { 0.0 }).collect();
    let svg = curves(&[("spike", &spike)]).figure().svg().to_owned();
    let line = svg.lines().rfind(|line| line.contains("<polyline")).expect("a line");
    assert!(line.split("points=\"").nth(1).is_some_and(|points| points.split(' ').count() >= 5), "{line}");
}
