//! A chart in words: for screen readers, and for notebooks that show no pictures.

use std::fmt::Write;

use super::chart::{Chart, Layer, Pair};
use crate::number::short;

/// What is drawn, over which ranges, and where it is lowest and highest.
pub(super) fn sentence(chart: &Chart) -> String {
    let mut text = chart.title.as_ref().map_or(String::new(), |title| format!("{title}. "));
    text.push_str(chart.kind);
    let names: Vec<&str> = chart.layers.iter().filter_map(name).filter(|name| !name.is_empty()).collect();
    if !names.is_empty() {
        let _ = write!(text, " of {}", list(&names));
    }
    if let Some((low, high)) = chart.x {
        let _ = write!(text, " for {} from {} to {}", axis(&chart.x_label, "x"), short(low), short(high));
    }
    if chart.layers.iter().any(|layer| matches!(layer, Layer::Isolines { .. }))
        && let Some((low, high)) = chart.y
    {
        let _ = write!(text, " and {} from {} to {}", axis(&chart.y_label, "y"), short(low), short(high));
    }
    if chart.log_y {
        text.push_str(", on a logarithmic vertical axis");
    }
    text.push('.');
    for layer in &chart.layers {
        text.push_str(&describe(layer, chart));
    }
    text
}

fn name(layer: &Layer) -> Option<&str> {
    match layer {
        Layer::Line { name, .. } | Layer::Points { name, .. } => Some(name),
        _ => None,
    }
}

fn describe(layer: &Layer, chart: &Chart) -> String {
    let (x, y) = (axis(&chart.x_label, "x"), axis(&chart.y_label, "y"));
    match layer {
        Layer::Line { name, points, .. } => line(if name.is_empty() { y } else { name }, x, points, chart.y),
        Layer::Points { name, points } => {
            let name = if name.is_empty() { String::new() } else { format!(" {name}:") };
            match (extent(points, |p| p.0), extent(points, |p| p.1)) {
                (Some(xs), Some(ys)) => format!("{name} {} points, {x} from {xs}, {y} from {ys}.", points.len()),
                _ => format!("{name} no points."),
            }
        }
        Layer::Isolines { levels, lowest, highest } => {
            let point = |(place, value): &(Pair, f64)| format!("{} near {}", short(*value), pair(*place));
            let values: Vec<String> = levels.iter().map(|level| short(level.value)).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let levels = if values.is_empty() { String::new() } else { format!(" Contours at {}.", list(&values)) };
            format!(" Lowest: {}; highest: {}.{levels}", point(lowest), point(highest))
        }
        Layer::Arrows(_) => " Arrows show the gradient.".to_owned(),
        Layer::Path(points) => match (points.first(), points.last()) {
            (Some(first), Some(last)) => {
                format!(" A path of {} points goes from {} to {}.", points.len(), pair(*first), pair(*last))
            }
            _ => String::new(),
        },
    }
}

fn line(name: &str, x: &str, points: &[Pair], shown: Option<Pair>) -> String {
    let finite = || points.iter().filter(|p| p.1.is_finite());
    let (Some(low), Some(high)) =
        (finite().min_by(|a, b| a.1.total_cmp(&b.1)), finite().max_by(|a, b| a.1.total_cmp(&b.1)))
    else {
        return format!(" {name} has no finite value.");
    };
    let mut text = if low.1 == high.1 {
        format!(" {name} is {} everywhere", short(low.1))
    } else {
        let place = |p: &Pair| format!("{} (at {x} = {})", short(p.1), short(p.0));
        format!(" {name} goes from {} to {}", place(low), place(high))
    };
    if let Some((bottom, top)) = shown
        && (low.1 < bottom || high.1 > top)
    {
        let _ = write!(text, ", of which {} to {} is shown", short(bottom), short(top));
    }
    text.push('.');
    text
}

fn extent(points: &[Pair], part: impl Fn(&Pair) -> f64) -> Option<String> {
    let values = points.iter().map(part).filter(|v| v.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    (low <= high).then(|| format!("{} to {}", short(low), short(high)))
}

fn axis<'a>(label: &'a str, otherwise: &'a str) -> &'a str {
    if label.is_empty() { otherwise } else { label }
}

fn pair((x, y): Pair) -> String {
    format!("({}, {})", short(x), short(y))
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}
