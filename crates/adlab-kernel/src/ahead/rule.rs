//! When cells are compiled ahead, and how many compilers there may be.
//!
//! | where | while the student reads |
//! |---|---|
//! | two cores or three | one compiler |
//! | more | half as many as there are cores |
//! | one core, or on battery | one, and not in the first second after a cell |
//! | less than 1 GB of memory free | none |
//!
//! Where it is known what is run next, as all cells are to be run, there are as many as there are cores: nobody reads.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::runtime::memory::available;
use crate::system::processes::cores;

/// `0` is never.
pub const VARIABLE: &str = "ADLAB_AHEAD";

/// What a compiler may take, and something beside it.
const ENOUGH: u64 = 1 << 30;
/// Where a compiler is in the way of whoever writes the next cell.
const PAUSE: Duration = Duration::from_secs(1);

/// Why nothing is ever compiled ahead where compiled cells are kept in this folder, if so.
pub fn off(cells: Option<&Path>) -> Option<&'static str> {
    if std::env::var(VARIABLE).is_ok_and(|word| word.trim() == "0") {
        return Some("ADLAB_AHEAD is 0");
    }
    cells.is_none().then_some("compiled cells are not kept, as ADLAB_CELL_CACHE is 0")
}

/// Why nothing is compiled ahead now, if so.
pub fn waits() -> Option<&'static str> {
    available().is_some_and(|bytes| bytes < ENOUGH).then_some("less than 1 GB of memory is free")
}

/// How many compilers there may be while the student reads.
pub fn lanes(cores: usize) -> usize {
    if cores < 4 { 1 } else { cores / 2 }
}

/// How long after a cell the first of them begins.
pub fn pause() -> Duration {
    if cores() == 1 || is_on_battery(Path::new("/sys/class/power_supply")) { PAUSE } else { Duration::ZERO }
}

/// There is a battery that is being emptied.
fn is_on_battery(supplies: &Path) -> bool {
    let entries = fs::read_dir(supplies).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let read = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        // A mouse has one as well.
        read("type").trim() == "Battery" && read("scope").trim() != "Device" && read("status").trim() == "Discharging"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_left_to_the_student() {
        for (cores, expected) in [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (9, 4)] {
            assert_eq!(lanes(cores), expected, "{cores}");
        }
    }

    #[test]
    fn a_battery_that_is_emptied_is_seen() {
        let found = |supplies: &[&[(&str, &str)]]| {
            let folder = tempfile::tempdir().unwrap();
            for (number, files) in supplies.iter().enumerate() {
                let place = folder.path().join(number.to_string());
                fs::create_dir(&place).unwrap();
                files.iter().for_each(|(name, text)| fs::write(place.join(name), format!("{text}\n")).unwrap());
            }
            is_on_battery(folder.path())
        };
        let battery = [("type", "Battery"), ("status", "Discharging")];
        assert!(found(&[&[("type", "Mains")], &battery]));
        assert!(!found(&[&[("type", "Battery"), ("status", "Charging")]]) && !found(&[]));
        assert!(!found(&[&[battery[0], battery[1], ("scope", "Device")]]));
        assert!(!is_on_battery(Path::new("/no/such/folder")));
    }
}
