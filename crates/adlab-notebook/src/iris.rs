//! The Iris data.

use std::fmt;

use adlab::Tensor;

/// 150 irises: four measurements of each, and its species.
#[derive(Clone)]
pub struct Iris {
    /// 150 × 4, in centimetres, in the order of `feature_names`.
    pub features: Tensor,
    /// 150 numbers 0, 1 or 2: places in `names`.
    pub species: Vec<usize>,
    /// The three species.
    pub names: [&'static str; 3],
    /// The four measurements.
    pub feature_names: [&'static str; 4],
}

/// In short: the numbers are in the fields.
impl fmt::Debug for Iris {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (measurements, names) = (self.feature_names.join(", "), self.names.join(", "));
        let count = self.species.len();
        write!(f, "Iris data: features, {count} × 4 ({measurements}); species, {count} × 0, 1 or 2 ({names})")
    }
}

/// The Iris data: 50 flowers of each of three species, collected by E. Anderson and published in R. A. Fisher, "The use of
/// multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936) 179–188.
///
/// The numbers are those of the paper, as in R and in scikit-learn since 0.20. The copy in the UCI Machine Learning Repository
/// differs in two rows (counted from 0): in row 34 the petal width is 0.2 here and 0.1 there; in row 37 sepal width and petal
/// length are 3.6 and 1.4 here, 3.1 and 1.5 there.
///
/// ```
/// use adlab_notebook::prelude::*;
///
/// let iris = iris();
/// assert_eq!(iris.features.shape(), [150, 4]);
/// assert_eq!(iris.names[iris.species[149]], "virginica");
/// ```
pub fn iris() -> Iris {
    let names = ["setosa", "versicolor", "virginica"];
    let feature_names = ["sepal length", "sepal width", "petal length", "petal width"];
    let (mut values, mut species) = (Vec::with_capacity(600), Vec::with_capacity(150));
    for line in include_str!("../data/iris.csv").lines().skip(1) {
        for field in line.split(',') {
            match names.iter().position(|name| *name == field) {
                Some(place) => species.push(place),
                None => values.push(field.parse().expect("a number in data/iris.csv")),
            }
        }
    }
    Iris { features: Tensor::from_vec(values, &[species.len(), 4]), species, names, feature_names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_fishers() {
        let iris = iris();
        let x = iris.features.to_vec();
        assert_eq!((x.len(), iris.species.len()), (600, 150));
        for (column, mean) in [5.843333, 3.057333, 3.758, 1.199333].into_iter().enumerate() {
            let sum: f64 = x.iter().skip(column).step_by(4).sum();
            assert!((sum / 150.0 - mean).abs() < 1e-6, "column {column}: {}", sum / 150.0);
        }
        for kind in 0..3 {
            assert_eq!(iris.species.iter().filter(|&&s| s == kind).count(), 50);
        }
        // The two rows in which the UCI copy is wrong.
        assert_eq!(x[34 * 4..][..4], [4.9, 3.1, 1.5, 0.2]);
        assert_eq!(x[37 * 4..][..4], [4.9, 3.6, 1.4, 0.1]);
    }
}
