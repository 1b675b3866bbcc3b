//! Where the nodes of a graph go: in layers, each after all that it is computed from, in an order with few crossings
//! (after Sugiyama, Tagawa and Toda, 1981).

/// Nodes and edges in a plane. The first `count` points are the nodes; the others are bends of edges that pass through layers.
pub(super) struct Layout {
    /// Each point's layer.
    pub(super) layer: Vec<usize>,
    /// Each point's place across its layer, the first one's at 0.
    pub(super) place: Vec<f64>,
    /// The points that each edge goes through, both ends included.
    pub(super) edges: Vec<Vec<usize>>,
}

/// The room that a node takes across its layer, and that a bend takes.
const NODE: f64 = 1.0;
const BEND: f64 = 0.6;

/// `edges` are pairs (from, to) with from < to.
pub(super) fn layout(count: usize, edges: &[(usize, usize)]) -> Layout {
    let mut layer = vec![0; count];
    for node in 0..count {
        let before = edges.iter().filter(|(_, to)| *to == node).map(|(from, _)| layer[*from] + 1);
        layer[node] = before.max().unwrap_or(0);
    }
    // What needs nothing can wait until it is needed: that makes short edges.
    for node in 0..count {
        if edges.iter().all(|(_, to)| *to != node) {
            let needed = edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| layer[*to]);
            layer[node] = needed.min().map_or(0, |first| first - 1);
        }
    }
    let mut through = Vec::new();
    for &(from, to) in edges {
        let first = layer.len();
        let bends = layer[from] + 1..layer[to];
        let last = first + bends.len();
        layer.extend(bends);
        through.push([from].into_iter().chain(first..last).chain([to]).collect::<Vec<_>>());
    }

    let mut layout = Layout { place: vec![0.0; layer.len()], layer, edges: through };
    let mut layers = vec![Vec::new(); layout.layer.iter().max().map_or(0, |last| last + 1)];
    for (point, &layer) in layout.layer.iter().enumerate() {
        layers[layer].push(point);
    }
    for points in &layers {
        layout.spread(points, count, |i| i as f64);
    }
    layout.order(&mut layers, count);
    for round in 0..24 {
        let both = |i: usize| match round % 3 {
            0 => layout_mean(&layout.before(i)),
            1 => layout_mean(&layout.after(i)),
            _ => layout_mean(&[layout.before(i), layout.after(i)].concat()),
        };
        let wanted: Vec<f64> = (0..layout.layer.len()).map(|i| both(i).unwrap_or(layout.place[i])).collect();
        for points in &layers {
            layout.spread(points, count, |i| wanted[points[i]]);
        }
    }
    let least = layout.place.iter().copied().fold(f64::INFINITY, f64::min);
    layout.place.iter_mut().for_each(|place| *place -= least);
    layout
}

impl Layout {
    /// Sorts each layer by where its points' neighbours are, forwards and backwards, and keeps the order with the fewest crossings.
    fn order(&mut self, layers: &mut [Vec<usize>], count: usize) {
        let mut best = (self.crossings(), self.place.clone(), layers.to_vec());
        for round in 0..12 {
            let forwards = round % 2 == 0;
            let sequence: Vec<usize> =
                if forwards { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
            for l in sequence {
                let wanted = |&i: &usize| {
                    let neighbours = if forwards { self.before(i) } else { self.after(i) };
                    layout_mean(&neighbours).unwrap_or(self.place[i])
                };
                let mut keyed: Vec<(f64, usize)> = layers[l].iter().map(|i| (wanted(i), *i)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                layers[l] = keyed.into_iter().map(|(_, i)| i).collect();
                self.spread(&layers[l], count, |i| i as f64);
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.place.clone(), layers.to_vec());
            }
        }
        self.place = best.1;
        layers.clone_from_slice(&best.2);
    }

    /// Puts a layer's points, in their order, as near as may be to where they are wanted.
    fn spread(&mut self, points: &[usize], count: usize, wanted: impl Fn(usize) -> f64) {
        let room = |a: usize, b: usize| {
            let half = |i: usize| if points[i] < count { NODE / 2.0 } else { BEND / 2.0 };
            half(a) + half(b)
        };
        // Pushing down and pushing up both keep the distances, and so does the middle of the two.
        let mut down: Vec<f64> = (0..points.len()).map(&wanted).collect();
        let mut up = down.clone();
        for i in 1..points.len() {
            down[i] = down[i].max(down[i - 1] + room(i - 1, i));
        }
        for i in (1..points.len()).rev() {
            up[i - 1] = up[i - 1].min(up[i] - room(i - 1, i));
        }
        for (i, &point) in points.iter().enumerate() {
            self.place[point] = (down[i] + up[i]) / 2.0;
        }
    }

    fn before(&self, point: usize) -> Vec<f64> {
        self.steps().filter(|(_, to)| *to == point).map(|(from, _)| self.place[from]).collect()
    }

    fn after(&self, point: usize) -> Vec<f64> {
        self.steps().filter(|(from, _)| *from == point).map(|(_, to)| self.place[to]).collect()
    }

    /// Edges from one layer to the next.
    fn steps(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.edges.iter().flat_map(|edge| edge.windows(2)).map(|step| (step[0], step[1]))
    }

    fn crossings(&self) -> usize {
        let steps: Vec<_> = self.steps().collect();
        let cross = |a: &(usize, usize), b: &(usize, usize)| {
            self.layer[a.0] == self.layer[b.0]
                && (self.place[a.0] - self.place[b.0]) * (self.place[a.1] - self.place[b.1]) < 0.0
        };
        steps.iter().enumerate().map(|(i, a)| steps[i + 1..].iter().filter(|b| cross(a, b)).count()).sum()
    }
}

fn layout_mean(places: &[f64]) -> Option<f64> {
    (!places.is_empty()).then(|| places.iter().sum::<f64>() / places.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_comes_after_what_it_needs_and_edges_bend_around_layers() {
        // x, y, x·y, sin x, sum, and x once more at the end
        let layout = layout(6, &[(0, 2), (1, 2), (0, 3), (2, 4), (3, 4), (4, 5), (0, 5)]);
        assert_eq!(layout.layer[..6], [0, 0, 1, 1, 2, 3]);
        assert_eq!(layout.edges[6].len(), 4);
        assert_eq!(layout.layer[layout.edges[6][1]], 1);
    }

    #[test]
    fn no_two_points_of_a_layer_are_too_near() {
        let edges: Vec<_> = (1..8).flat_map(|i| [(0, 7 + i), (i, 7 + i)]).collect();
        let layout = layout(15, &edges);
        for a in 0..15 {
            for b in a + 1..15 {
                let apart = (layout.place[a] - layout.place[b]).abs();
                assert!(layout.layer[a] != layout.layer[b] || apart >= NODE - 1e-9, "{a} and {b}: {apart}");
            }
        }
    }

    #[test]
    fn crossings_that_need_not_be_are_removed() {
        assert_eq!(layout(4, &[(0, 3), (1, 2)]).crossings(), 0);
    }
}
