//! From a tape's records to a picture.

use adlab::{Op, Operand, Record};

use super::formula::name;
use super::layout::{Layout, layout};
use super::pass::{Mode, Pass};
use crate::draw::style::{self, LABEL_SIZE, TICK_SIZE, TITLE_SIZE};
use crate::draw::{Colour, HPos, Point, Scene, VPos, fitted, text_width};
use crate::number::pretty;

const MARGIN: f64 = 18.0;
/// Half the height of a box.
const HALF: f64 = 20.0;
/// What one more line adds to it, for what a pass brings.
const MORE: f64 = 8.5;
/// From the middle of a box to the one below it, beside both halves.
const APART: f64 = 24.0;
/// Between the boxes of two layers, beside the widest label.
const GAP: f64 = 42.0;
/// How far apart two edges end that go to the same box.
const PORTS: f64 = 18.0;
/// How wide a title may be that is wider than the rest.
const MOST_TITLE: f64 = 900.0;

/// An edge: from which node to which, and the local derivative.
struct Edge {
    from: usize,
    to: usize,
    partial: f64,
}

/// A node's box and its lines of text.
struct Node {
    centre: Point,
    half_width: f64,
    half_height: f64,
    lines: Vec<String>,
    fill: Colour,
    /// Where a pass has come to.
    is_current: bool,
}

pub(super) fn scene(records: &[Record], title: Option<&str>, pass: Option<&Pass>) -> Scene {
    let edges: Vec<Edge> = records
        .iter()
        .flat_map(|record| record.operands.iter().map(move |operand| (record.index, operand)))
        .filter_map(|(to, operand)| match *operand {
            Operand::Node { index: from, partial } => Some(Edge { from, to, partial }),
            Operand::Constant(_) => None,
        })
        .collect();
    let layout = layout(records.len(), &edges.iter().map(|edge| (edge.from, edge.to)).collect::<Vec<_>>());
    let mut nodes: Vec<Node> = records.iter().map(|record| node(record, &edges, pass)).collect();
    let half = HALF + pass.map_or(0.0, |_| MORE);
    let apart = 2.0 * half + APART;

    // Columns as wide as their widest box.
    let mut column = vec![0.0_f64; layout.layer.iter().max().map_or(0, |last| last + 1)];
    for (node, &layer) in nodes.iter().zip(&layout.layer) {
        column[layer] = column[layer].max(node.half_width);
    }
    // As wide as it may get, so that nothing moves from step to step.
    let widest = |edge: &Edge| match pass {
        Some(pass) => pass.product(edge.from, edge.to, edge.partial),
        None => pretty(edge.partial),
    };
    let gap = GAP + edges.iter().map(|edge| text_width(&widest(edge), TICK_SIZE)).fold(20.0, f64::max);
    let mut x = MARGIN;
    for half in &mut column {
        let middle = x + *half;
        x = middle + *half + gap;
        *half = middle;
    }
    // A long title may make the picture wider, up to a point.
    let room = (x - gap - MARGIN).max(MOST_TITLE);
    let title = title.map(|title| fitted(title, TITLE_SIZE, room));
    let title_width = title.as_ref().map_or(0.0, |title| text_width(title, TITLE_SIZE));
    let width = (x - gap + MARGIN).max(title_width + 2.0 * MARGIN);
    let top = MARGIN + half + title.as_ref().map_or(0.0, |_| 30.0);
    let across = layout.place.iter().copied().fold(0.0, f64::max) * apart;
    let points: Vec<Point> =
        layout.layer.iter().zip(&layout.place).map(|(&layer, place)| (column[layer], top + place * apart)).collect();
    for (node, point) in nodes.iter_mut().zip(&points) {
        node.centre = *point;
    }

    let mut scene = Scene::new(width.ceil() as u32, (top + across + half + MARGIN).ceil() as u32);
    if let Some(title) = title {
        scene.text(&title, (width / 2.0, MARGIN - 4.0), (HPos::Center, VPos::Top), TITLE_SIZE, style::INK);
    }
    draw_edges(&mut scene, &edges, &layout, &points, &nodes, pass);
    for node in &nodes {
        draw_node(&mut scene, node);
    }
    scene
}

fn node(record: &Record, edges: &[Edge], pass: Option<&Pass>) -> Node {
    let symbol = record.op.symbol();
    let what = match (&record.operands[..], record.op) {
        (_, Op::Input) => name(record),
        ([Operand::Constant(c), Operand::Node { .. }], _) => format!("{} {symbol}", pretty(*c)),
        ([Operand::Node { .. }, Operand::Constant(c)], _) => format!("{symbol} {}", pretty(*c)),
        _ => symbol.to_owned(),
    };
    let value = pretty(record.value);
    let brought = pass.and_then(|pass| pass.line_in_the_end(record.index)).unwrap_or_default();
    let small = text_width(&value, TICK_SIZE).max(text_width(&brought, TICK_SIZE));
    let widest = text_width(&what, LABEL_SIZE + 1.0).max(small);
    let reached = pass.and_then(|pass| Some(pass.line(pass.of(record.index)?)));
    let used = edges.iter().any(|edge| edge.from == record.index);
    let fill = match record.op {
        _ if reached.is_some() => style::REACHED,
        Op::Input => style::INPUT,
        _ if used => style::OPERATION,
        _ => style::OUTPUT,
    };
    Node {
        centre: (0.0, 0.0),
        half_width: (widest / 2.0 + 11.0).max(26.0),
        half_height: HALF + pass.map_or(0.0, |_| MORE),
        lines: [what, value].into_iter().chain(reached).collect(),
        fill,
        is_current: pass.is_some_and(|pass| pass.is_at(record.index)),
    }
}

fn draw_node(scene: &mut Scene, node: &Node) {
    let (x, y) = node.centre;
    let outer = rounded(node.centre, node.half_width, node.half_height);
    scene.area(&outer, node.fill);
    let outline: Vec<Point> = outer.iter().chain(&outer[..1]).copied().collect();
    let (width, colour) = if node.is_current { (2.4, style::PATH) } else { (1.0, style::FRAME) };
    scene.line(&outline, width, colour);
    let first = y - 8.5 * (node.lines.len() - 1) as f64;
    for (i, text) in node.lines.iter().enumerate() {
        let (size, colour) = match i {
            0 => (LABEL_SIZE + 1.0, style::INK),
            1 => (TICK_SIZE, style::SOFT),
            _ => (TICK_SIZE, style::INK),
        };
        scene.text(text, (x, first + 17.0 * i as f64), (HPos::Center, VPos::Center), size, colour);
    }
}

/// The outline of a box with round corners.
fn rounded((x, y): Point, half_width: f64, half_height: f64) -> Vec<Point> {
    const RADIUS: f64 = 7.0;
    const STEPS: usize = 6;
    let corners = [(1.0, -1.0, -90.0), (1.0, 1.0, 0.0), (-1.0, 1.0, 90.0), (-1.0, -1.0, 180.0_f64)];
    let corner = |(sx, sy, start): (f64, f64, f64)| {
        let centre = (x + sx * (half_width - RADIUS), y + sy * (half_height - RADIUS));
        (0..=STEPS).map(move |i| {
            let angle = (start + 90.0 * i as f64 / STEPS as f64).to_radians();
            (centre.0 + RADIUS * angle.cos(), centre.1 + RADIUS * angle.sin())
        })
    };
    corners.into_iter().flat_map(corner).collect()
}

fn draw_edges(
    scene: &mut Scene,
    edges: &[Edge],
    layout: &Layout,
    points: &[Point],
    nodes: &[Node],
    pass: Option<&Pass>,
) {
    let mut labels = Vec::new();
    for (i, edge) in edges.iter().enumerate() {
        let through = &layout.edges[i];
        let coming_from = |i: usize| points[layout.edges[i][layout.edges[i].len() - 2]].1;
        // Two edges to one box end apart from each other, in the order in which they come.
        let port = match edges.iter().enumerate().find(|(j, other)| *j != i && other.to == edge.to) {
            Some((j, _)) if (coming_from(i), i) < (coming_from(j), j) => -PORTS / 2.0,
            Some(_) => PORTS / 2.0,
            None => 0.0,
        };
        let (start, end) = (&nodes[edge.from], &nodes[edge.to]);
        let tip = (end.centre.0 - end.half_width, end.centre.1 + port);
        let neck = (tip.0 - 7.0, tip.1);
        let mut stops = vec![(start.centre.0 + start.half_width, start.centre.1)];
        stops.extend(through[1..through.len() - 1].iter().map(|&bend| points[bend]));
        let last = stops.len();
        stops.push(neck);
        let flows = pass.filter(|pass| pass.flows_at(edge.to));
        let (width, colour) = if flows.is_some() { (2.4, style::PATH) } else { (1.2, style::ARROW) };
        let mut head = [tip, (neck.0, neck.1 - 3.2), (neck.0, neck.1 + 3.2)];
        if flows.is_some_and(|pass| pass.mode == Mode::Backward) {
            // Against the arrow.
            let root = stops[0];
            stops[0].0 += 8.0;
            stops[last].0 = tip.0;
            head = [root, (root.0 + 8.0, root.1 - 4.0), (root.0 + 8.0, root.1 + 4.0)];
        }
        let curves = through_stops(&stops);
        scene.line(&curves.concat(), width, colour);
        scene.area(&head, colour);
        let text = match flows {
            Some(pass) => pass.product(edge.from, edge.to, edge.partial),
            None => pretty(edge.partial),
        };
        labels.push((label_place(&curves[curves.len() - 1], &text), text));
    }
    // After all edges, so that none runs through a number.
    for ((x, y), text) in labels {
        let half = text_width(&text, TICK_SIZE) / 2.0 + 2.0;
        scene.area(
            &[(x - half, y - 7.0), (x + half, y - 7.0), (x + half, y + 7.0), (x - half, y + 7.0)],
            Colour(255, 255, 255),
        );
        scene.text(&text, (x, y), (HPos::Center, VPos::Center), TICK_SIZE, style::PATH);
    }
}

/// The middle of a label that ends shortly before the arrow's head.
fn label_place(curve: &[Point], text: &str) -> Point {
    let Some(&last) = curve.last() else { return (0.0, 0.0) };
    let x = last.0 - 8.0 - text_width(text, TICK_SIZE) / 2.0;
    let near = |p: &&Point| (p.0 - x).abs();
    let y = curve.iter().min_by(|a, b| near(a).total_cmp(&near(b))).map_or(last.1, |p| p.1);
    (x, y)
}

/// A smooth curve through some points, piece by piece, that leaves and arrives level.
fn through_stops(stops: &[Point]) -> Vec<Vec<Point>> {
    let last = stops.len() - 1;
    let slope = |i: usize| match i {
        0 => 0.0,
        i if i == last => 0.0,
        i => (stops[i + 1].1 - stops[i - 1].1) / (stops[i + 1].0 - stops[i - 1].0),
    };
    (0..last).map(|i| bend((stops[i], slope(i)), (stops[i + 1], slope(i + 1)))).collect()
}

/// A cubic (Hermite's) from one point and slope to another.
fn bend((from, rise): (Point, f64), (to, arrival): (Point, f64)) -> Vec<Point> {
    const STEPS: usize = 24;
    let width = to.0 - from.0;
    let at = |t: f64| {
        let s = 1.0 - t;
        let y = s * s * (1.0 + 2.0 * t) * from.1 + t * t * (1.0 + 2.0 * s) * to.1;
        (from.0 + t * width, y + width * (s * s * t * rise - t * t * s * arrival))
    };
    (0..=STEPS).map(|i| at(i as f64 / STEPS as f64)).collect()
}
