//! How much memory the cells of a notebook may take.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Sets the limit: a number of bytes with K, M, G or T behind it, or `none`.
pub const VARIABLE: &str = "ADLAB_MEMORY";

/// What a hub says that all of a user's programs may take, in bytes.
const OF_A_HUB: &str = "MEM_LIMIT";

/// What the kernel and Jupyter's server take, which have to keep within the same bounds.
const OF_OTHERS: u64 = 400 << 20;

/// The limit in bytes: what [`VARIABLE`] says, or most of what there is for this user.
pub fn limit() -> Option<u64> {
    let setting = std::env::var(VARIABLE).unwrap_or_default();
    match setting.trim() {
        "" => share(),
        "none" => None,
        text => match parse(text) {
            Some(bytes) => Some(bytes),
            None => {
                eprintln!("adlab kernel: {VARIABLE}={text} is no amount of memory; write for example 4G, or none");
                share()
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

/// `500M`, `2GB`, `1.5 GiB`.
pub fn parse(text: &str) -> Option<u64> {
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

/// What cells may have of it.
fn share() -> Option<u64> {
    let hub = std::env::var(OF_A_HUB).ok().and_then(|text| parse(text.trim()));
    hub.into_iter().chain(installed(Path::new("/"))).min().map(share_of)
}

fn share_of(bytes: u64) -> u64 {
    (bytes / 5 * 4).min(bytes.saturating_sub(OF_OTHERS)).max(bytes / 2)
}

/// The machine's memory, or what its groups of processes leave to this one. All files are below `root`.
fn installed(root: &Path) -> Option<u64> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let machine = read("proc/meminfo")
        .lines()
        .find(|line| line.starts_with("MemTotal:"))
        .and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(1024));
    let (groups, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    let limits = mounts.lines().filter_map(Mount::read).flat_map(|mount| mount.limits(root, &groups));
    machine.into_iter().chain(limits).min()
}

/// What is free, also to this process's groups; what the system keeps of files counts as free.
pub fn available() -> Option<u64> {
    let root = Path::new("/");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let line = |text: &str, name: &str| -> Option<u64> {
        text.lines().find(|line| line.starts_with(name))?.split_whitespace().nth(1)?.parse().ok()
    };
    let machine = line(&read("proc/meminfo"), "MemAvailable:").and_then(|kilobytes| kilobytes.checked_mul(1024));
    let (groups, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    let folders = mounts.lines().filter_map(Mount::read).flat_map(|mount| {
        let (limit, used) = (mount.file, mount.used);
        mount.folders(root, &groups).into_iter().map(move |folder| (folder, limit, used))
    });
    let rooms = folders.filter_map(|(folder, limit, used)| {
        let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
        let files = line(&fs::read_to_string(folder.join("memory.stat")).unwrap_or_default(), "inactive_file");
        Some(number(limit)?.saturating_sub(number(used)?.saturating_sub(files.unwrap_or(0))))
    });
    machine.into_iter().chain(rooms).min()
}

/// Where the groups of one kind are seen: of version 2, or the memory of version 1.
struct Mount<'a> {
    /// What the lines of `/proc/self/cgroup` have between their colons.
    controller: &'a str,
    /// The files that have what a group may take, and what it takes.
    file: &'a str,
    used: &'a str,
    /// The group that is seen at the place: a container has not all of them.
    group: &'a str,
    place: &'a str,
}

impl<'a> Mount<'a> {
    /// A line of `/proc/self/mountinfo`.
    fn read(line: &'a str) -> Option<Self> {
        let (ours, theirs) = line.split_once(" - ")?;
        let mut ours = ours.split(' ').skip(3);
        let (group, place) = (ours.next()?, ours.next()?);
        let mut theirs = theirs.split(' ');
        let (kind, options) = (theirs.next()?, theirs.next_back()?);
        let (controller, file, used) = match kind {
            "cgroup2" => ("", "memory.max", "memory.current"),
            "cgroup" if options.split(',').any(|option| option == "memory") => {
                ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            }
            _ => return None,
        };
        Some(Mount { controller, file, used, group, place })
    }

    /// Those of our group and of all that it is in.
    fn limits(&self, root: &Path, groups: &str) -> Vec<u64> {
        let files = self.folders(root, groups).into_iter().map(|folder| folder.join(self.file));
        files.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).collect()
    }

    fn folders(&self, root: &Path, groups: &str) -> Vec<PathBuf> {
        let own = groups.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, group) = rest.split_once(':')?;
            controllers.split(',').any(|controller| controller == self.controller).then_some(group)
        });
        let below = own.and_then(|group| Path::new(group).strip_prefix(self.group).ok()).unwrap_or(Path::new(""));
        // A group outside of what is seen here, `/../other`, has no files.
        let below: PathBuf = below.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        let place = root.join(self.place.trim_start_matches('/'));
        below.ancestors().map(|folder| place.join(folder)).collect()
    }
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
        assert!(installed(Path::new("/")).unwrap() > 1 << 28);
        #[cfg(target_os = "linux")]
        assert!(available().unwrap() < installed(Path::new("/")).unwrap());
    }

    #[test]
    fn there_is_room_for_others_beside_the_cells() {
        let gb = 1 << 30;
        assert_eq!(share_of(20 * gb), 16 * gb);
        assert_eq!(share_of(gb), gb - (400 << 20));
        assert_eq!(share_of(gb / 2), gb / 4);
    }

    const MACHINE: &str = "MemTotal:       16000000 kB\nMemFree: 1 kB\n";
    const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const V1: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                      36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices\n";

    /// What is found where these files are.
    fn found(mounts: &str, groups: &str, limits: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let files = [("proc/meminfo", MACHINE), ("proc/self/mountinfo", mounts), ("proc/self/cgroup", groups)];
        for (name, text) in files.iter().chain(limits) {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        installed(root.path())
    }

    #[test]
    fn the_least_of_all_groups_around_counts() {
        let all = Some(16_000_000 << 10);
        assert_eq!(found("", "", &[]), all);
        let two = |inner, outer, root| {
            let limits = [
                ("sys/fs/cgroup/system.slice/hub.service/memory.max", inner),
                ("sys/fs/cgroup/system.slice/memory.max", outer),
                ("sys/fs/cgroup/memory.max", root),
            ];
            found(V2, "0::/system.slice/hub.service\n", &limits)
        };
        assert_eq!(two("max\n", "max\n", "max\n"), all);
        assert_eq!(two("2147483648\n", "max\n", "max\n"), Some(2 << 30));
        assert_eq!(two("2147483648\n", "1073741824\n", "max\n"), Some(1 << 30));
        assert_eq!(two("max\n", "max\n", "3221225472\n"), Some(3 << 30));
        // Another's group is nothing to us.
        assert_eq!(found(V2, "0::/mine\n", &[("sys/fs/cgroup/other/memory.max", "1000000")]), all);
    }

    #[test]
    fn groups_are_found_where_they_are_mounted() {
        let groups = "9:name=systemd:/\n4:cpu,memory:/docker/abc/user\n3:devices:/elsewhere\n0::/\n";
        let file = "sys/fs/cgroup/memory/docker/abc/user/memory.limit_in_bytes";
        assert_eq!(found(V1, groups, &[(file, "2147483648\n")]), Some(2 << 30));
        // A container sees its own group where the root would be.
        let inside = V1.replace("0:32 /", "0:32 /docker/abc");
        let file = "sys/fs/cgroup/memory/user/memory.limit_in_bytes";
        assert_eq!(found(&inside, groups, &[(file, "2147483648\n")]), Some(2 << 30));
        let file = "sys/fs/cgroup/memory/memory.limit_in_bytes";
        assert_eq!(found(&inside, groups, &[(file, "2147483648\n")]), Some(2 << 30));
        // Both versions at once, and a group that isn't seen here.
        let both = format!("{V1}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        assert_eq!(found(&both, groups, &[("sys/fs/cgroup/unified/memory.max", "1073741824\n")]), Some(1 << 30));
        assert_eq!(found(V2, "0::/../../other\n", &[("sys/fs/cgroup/memory.max", "1073741824\n")]), Some(1 << 30));
        // Version 1 writes no limit as a number.
        assert_eq!(found(V1, groups, &[(file, "9223372036854771712\n")]), Some(16_000_000 << 10));
    }
}
