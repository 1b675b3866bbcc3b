//! How much the cells of a notebook may show altogether, where nobody looks while they run: what one cell may show is bounded
//! already, and a notebook may have any number of cells.

use crate::event::Event;
use crate::runtime::memory;

pub struct Room {
    most: usize,
    left: usize,
    /// What the cell that runs has shown, and whether something of it was left out.
    shown: usize,
    is_cut: bool,
}

impl Room {
    pub fn of(most: usize) -> Self {
        Room { most, left: most, shown: 0, is_cut: false }
    }

    /// The next cell.
    pub fn begin(&mut self) {
        (self.shown, self.is_cut) = (0, false);
    }

    /// What there is room for: the event, the beginning of it, or a word that it is left out, once for a cell.
    pub fn admit(&mut self, event: Event) -> Option<Event> {
        if let Event::Clear { .. } = event {
            self.left += std::mem::take(&mut self.shown);
            self.is_cut = false;
        }
        let size = event.size();
        if size <= self.left {
            self.take(size);
            return Some(event);
        }
        if std::mem::replace(&mut self.is_cut, true) {
            return None;
        }
        let word = format!(
            "⋯ output cut here: the cells of this notebook may show {} altogether",
            memory::describe(self.most as u64)
        );
        Some(match event {
            Event::Text(stream, mut text) => {
                text.truncate(text.floor_char_boundary(self.left));
                self.take(text.len());
                Event::Text(stream, format!("{text}\n{word}\n"))
            }
            Event::Update(_, id) => Event::Update(vec![("text/plain".into(), word)], id),
            _ => Event::Display(vec![("text/plain".into(), word)], None),
        })
    }

    fn take(&mut self, size: usize) {
        self.left -= size;
        self.shown += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stream::Stdout;

    fn text(text: &str) -> Event {
        Event::Text(Stdout, text.into())
    }

    const WORD: &str = "⋯ output cut here: the cells of this notebook may show 10 bytes altogether";

    #[test]
    fn what_is_more_is_left_out_with_a_word_for_each_cell() {
        let mut room = Room::of(10);
        assert_eq!(room.admit(text("12345")), Some(text("12345")));
        assert_eq!(room.admit(text("6789é")), Some(text(&format!("6789\n{WORD}\n"))));
        assert_eq!(room.admit(text("more")), None);
        // One letter is left, and a cell that shows no more.
        room.begin();
        assert_eq!(room.admit(text("x")), Some(text("x")));
        assert_eq!(
            room.admit(Event::Display(vec![("a".into(), "b".into())], None)),
            Some(Event::Display(vec![("text/plain".into(), WORD.into())], None))
        );
        assert_eq!(room.admit(text("y")), None);
    }

    #[test]
    fn what_is_cleared_gives_its_room_back() {
        let mut room = Room::of(10);
        for _ in 0..5 {
            assert_eq!(room.admit(text("1234567890")), Some(text("1234567890")));
            assert_eq!(room.admit(Event::Clear { wait: false }), Some(Event::Clear { wait: false }));
        }
        // But not what another cell has shown.
        assert_eq!(room.admit(text("1234567")), Some(text("1234567")));
        room.begin();
        room.admit(Event::Clear { wait: false });
        assert_eq!(room.admit(text("abcd")), Some(text(&format!("abc\n{WORD}\n"))));
    }
}
