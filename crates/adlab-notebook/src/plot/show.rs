//! How a chart is shown: as a picture, and in words.

use std::fmt;

use super::chart::Chart;
use super::{describe, paint};
use crate::figure::Figure;

impl Chart {
    /// Draws the chart.
    #[inline(never)]
    pub fn figure(&self) -> Figure {
        let (scene, thinned) = paint::scene(self);
        let words = [Some(describe::sentence(self)), thinned.sentence()];
        Figure::new(scene, words.into_iter().flatten().collect::<Vec<String>>().join(" "))
    }

    /// Shows the chart now, wherever in the cell.
    #[inline(never)]
    pub fn show(&self) {
        self.figure().show();
    }
}

/// What is to be seen, in words.
impl fmt::Debug for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe::sentence(self))
    }
}
