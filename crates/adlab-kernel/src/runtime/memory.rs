//! How much memory the cells of a notebook may take.

use std::fs;

/// Sets the limit: a number of bytes with K, M, G or T behind it, or `none`.
pub const VARIABLE: &str = "ADLAB_MEMORY";

/// The limit in bytes: what [`VARIABLE`] says, or 80 % of what the machine (or the container) has.
pub fn limit() -> Option<u64> {
    let setting = std::env::var(VARIABLE).unwrap_or_default();
    match setting.trim() {
        "" => installed().map(|bytes| bytes / 5 * 4),
        "none" => None,
        text => match parse(text) {
            Some(bytes) => Some(bytes),
            None => {
                eprintln!("adlab kernel: {VARIABLE}={text} is no amount of memory; write for example 4G, or none");
                installed().map(|bytes| bytes / 5 * 4)
            }
        },
    }
}

/// For people: `4.0 GB`.
pub fn describe(bytes: u64) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB"];
    let power = (bytes.max(1).ilog2() / 10).min(4);
    let size = bytes as f64 / f64::from(1u32 << (10 * power.min(3))) / if power == 4 { 1024.0 } else { 1.0 };
    if power == 0 { format!("{bytes} bytes") } else { format!("{size:.1} {}", units[power as usize]) }
}

/// Makes the limit that of this process, and has the system choose it first when memory runs out altogether.
#[cfg(target_os = "linux")]
pub fn apply() {
    if let Some(bytes) = limit() {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        let _ = setrlimit(Resource::Data, limit);
    }
    // Where it can't be written, the system chooses as it likes.
    let _ = fs::write("/proc/self/oom_score_adj", "500");
}

#[cfg(not(target_os = "linux"))]
pub fn apply() {}

fn parse(text: &str) -> Option<u64> {
    let text = text.to_ascii_uppercase();
    let text = text.trim_end_matches('B').trim_end_matches('I').trim_end();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok()?;
    (number > 0.0 && number.is_finite()).then_some((number * factor as f64) as u64)
}

/// The machine's memory, or the container's share of it.
fn installed() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(1024)
    });
    let container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .find_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    [machine, container].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        assert_eq!(parse("4G"), Some(4 << 30));
        assert_eq!(parse("1.5 GiB"), Some(3 << 29));
        assert_eq!(parse("512mb"), Some(512 << 20));
        assert_eq!(parse("1000"), Some(1000));
        for nonsense in ["", "G", "much", "-1G", "0", "1X", "infG"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
        assert_eq!(describe(4 << 30), "4.0 GB");
        assert_eq!(describe(1536 << 20), "1.5 GB");
        assert_eq!(describe(2 << 40), "2.0 TB");
        assert_eq!(describe(999), "999 bytes");
    }

    #[test]
    fn the_machine_has_memory() {
        #[cfg(target_os = "linux")]
        assert!(installed().unwrap() > 1 << 28);
    }
}
