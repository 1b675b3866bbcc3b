//! A chart in words: for screen readers, and for notebooks that show no pictures.

use std::fmt::Write;

use super::chart::{Chart, Layer, Pair};
use crate::number::{apart, short};

/// What is drawn, over which ranges, and where it is lowest and highest.
pub(super) fn sentence(chart: &Chart) -> String {
    let mut text = chart.title.as_ref().map_or(String::new(), |title| format!("{title}. "));
    text.push_str(chart.kind);
    let names: Vec<&str> = chart.layers.iter().filter_map(name).filter(|name| !name.is_empty()).collect();
    if !names.is_empty() {
        let _ = write!(text, " of {}", list(&names));
    }
    if let Some((low, high)) = chart.x {
        let _ = write!(text, " for {} from {}", axis(&chart.x_label, "x"), span(low, high));
    }
    if chart.layers.iter().any(|layer| matches!(layer, Layer::Isolines { .. }))
        && let Some((low, high)) = chart.y
    {
        let _ = write!(text, " and {} from {}", axis(&chart.y_label, "y"), span(low, high));
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
            let all: Vec<f64> = levels.iter().map(|level| level.value).chain([lowest.1, highest.1]).collect();
            let texts = apart(&all);
            let values: Vec<&str> = texts[..levels.len()].iter().map(String::as_str).collect();
            let contours = if values.is_empty() { String::new() } else { format!(" Contours at {}.", list(&values)) };
            let (low, high) = (&texts[levels.len()], &texts[levels.len() + 1]);
            format!(" Lowest: {low} near {}; highest: {high} near {}.{contours}", pair(lowest.0), pair(highest.0))
        }
        Layer::Arrows(_) => " Arrows show the gradient.".to_owned(),
        Layer::Tangent { at, slope } => {
            format!(
                " The tangent at {x} = {} has the slope {}; it touches at {}.",
                short(at.0),
                short(*slope),
                pair(*at)
            )
        }
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
        let (values, places) = (apart(&[low.1, high.1]), apart(&[low.0, high.0]));
        let place = |i: usize| format!("{} (at {x} = {})", values[i], places[i]);
        format!(" {name} goes from {} to {}", place(0), place(1))
    };
    if let Some((bottom, top)) = shown
        && (low.1 < bottom || high.1 > top)
    {
        let _ = write!(text, ", of which {} is shown", span(bottom, top));
    }
    text.push('.');
    text
}

fn extent(points: &[Pair], part: impl Fn(&Pair) -> f64) -> Option<String> {
    let values = points.iter().map(part).filter(|v| v.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    (low <= high).then(|| span(low, high))
}

fn span(low: f64, high: f64) -> String {
    apart(&[low, high]).join(" to ")
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
