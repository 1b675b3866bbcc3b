//! What is still to be answered. Of values that have come for one picture, the newest counts; each press of a button is
//! answered.

use std::collections::VecDeque;

/// Presses that wait: nobody presses so often.
const MOST: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub id: String,
    /// The number of the button that was pressed.
    pub press: Option<usize>,
}

#[derive(Default)]
pub struct Waiting(VecDeque<Turn>);

impl Waiting {
    /// A value of this picture has changed: it is answered with all that there are when its turn comes.
    pub fn moved(&mut self, id: &str) {
        if !self.0.iter().any(|turn| turn.id == id) {
            self.0.push_back(Turn { id: id.to_owned(), press: None });
        }
    }

    pub fn pressed(&mut self, id: &str, button: usize) {
        let (press, is_full) = (Some(button), self.0.len() >= MOST);
        match self.0.iter_mut().rev().find(|turn| turn.id == id) {
            Some(last) if last.press.is_none() => last.press = press,
            _ if !is_full => self.0.push_back(Turn { id: id.to_owned(), press }),
            _ => {}
        }
    }

    pub fn forget(&mut self, id: &str) {
        self.0.retain(|turn| turn.id != id);
    }

    pub fn next(&mut self) -> Option<Turn> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_joined_and_presses_are_not() {
        let mut waiting = Waiting::default();
        for _ in 0..1000 {
            waiting.moved("a");
            waiting.moved("b");
        }
        waiting.pressed("a", 1);
        waiting.moved("a");
        waiting.pressed("a", 2);
        let turn = |id: &str, press| Turn { id: id.into(), press };
        let turns: Vec<Turn> = std::iter::from_fn(|| waiting.next()).collect();
        assert_eq!(turns, [turn("a", Some(1)), turn("b", None), turn("a", Some(2))]);
        (0..1000).for_each(|_| waiting.pressed("c", 0));
        assert_eq!(waiting.0.len(), MOST);
        waiting.forget("c");
        assert_eq!(waiting.next(), None);
    }
}
