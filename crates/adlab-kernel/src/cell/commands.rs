//! What a cell can say that is no Rust: the notebook's commands, in one table.
//!
//! The engine obeys them, so the server and `adlab run` understand the same. Commands that evcxr brings are here as well:
//! each works as evcxr documents it, has a meaning of ours, or is refused with a word; none reaches evcxr unseen.

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Panics show their backtrace, or not.
    Backtrace(bool),
    /// A text to show.
    Say(&'static str),
    /// Cells are compiled at this level; at none, each at the one that suits it.
    Level(Option<u8>),
    /// Crates are added, those that follow each other at once: lines as evcxr knows them.
    Dependency(String),
    /// A variable of the environment is set.
    SetVariable {
        name: String,
        value: String,
    },
    /// Everything begins anew.
    Clear,
    /// All variables go.
    Restart,
    Help,
    Version,
    /// Whether the next cells are compiled before they are run.
    Ahead,
    /// The documentation of a name is shown.
    Documentation(String),
    /// A program runs, in a shell.
    Shell(String),
    /// A line that evcxr understands as we do.
    Evcxr(String),
}

impl Command {
    /// What it does is done outside of the process that runs cells.
    pub fn reaches_out(&self) -> bool {
        match self {
            Command::Shell(_) | Command::Dependency(_) => true,
            Command::Evcxr(line) => !is_harmless(line),
            _ => false,
        }
    }

    /// What cells have made goes.
    pub fn forgets(&self) -> bool {
        matches!(self, Command::Clear | Command::Restart)
    }

    /// It says something, and does nothing.
    pub fn only_shows(&self) -> bool {
        match self {
            Command::Say(_) | Command::Help | Command::Version | Command::Ahead | Command::Documentation(_) => true,
            Command::Evcxr(line) => is_harmless(line),
            _ => false,
        }
    }
}

/// evcxr's commands that show what it knows.
const HARMLESS: [&str; 6] = [":vars", ":type", ":t", ":show_deps", ":explain", ":last_error_json"];

fn is_harmless(line: &str) -> bool {
    HARMLESS.iter().any(|name| line.split_whitespace().next() == Some(name))
}

/// Why a command is not obeyed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// From 1.
    pub line: usize,
    pub reason: String,
}

pub const LEVELS: &str = "`:opt 0` compiles cells fastest, `:opt 3` makes them run fastest, and `:opt auto`, with which a \
     session begins, compiles cells that loop at level 1 and others at 0";

/// A line of the table.
pub struct Entry {
    pub name: &'static str,
    /// What may stand behind the name.
    pub arguments: &'static str,
    /// What it does; or, of one that is refused, why, and what to do instead.
    pub says: &'static str,
    meaning: Meaning,
}

enum Meaning {
    /// Made from what stands behind the name; nothing where that is not understood.
    Ours(fn(&str) -> Option<Command>),
    Evcxr,
    Refused,
}

const fn ours(
    name: &'static str,
    arguments: &'static str,
    says: &'static str,
    command: fn(&str) -> Option<Command>,
) -> Entry {
    Entry { name, arguments, says, meaning: Meaning::Ours(command) }
}

const fn evcxr(name: &'static str, arguments: &'static str, says: &'static str) -> Entry {
    Entry { name, arguments, says, meaning: Meaning::Evcxr }
}

const fn refused(name: &'static str, says: &'static str) -> Entry {
    Entry { name, arguments: "", says, meaning: Meaning::Refused }
}

const OWN_TOOLCHAIN: &str = "this kernel compiles cells with the toolchain that it was set up for";
const OWN_BUILD: &str = "this kernel keeps compiled cells by itself, and links them in its own way";
const OWN_FORM: &str = "values are shown in a form made for reading; `println!(\"{:?}\", value)` shows another";

/// All commands, in the order in which `:help` shows them.
pub const TABLE: &[Entry] = &[
    ours(":help", "", "this table", |_| Some(Command::Help)),
    ours(":doc", "name", "documentation, as `?name`", |name| {
        (!name.is_empty()).then(|| Command::Documentation(name.to_owned()))
    }),
    evcxr(":vars", "", "the variables and their types"),
    evcxr(":type", "variable", "the type of a variable"),
    evcxr(":t", "variable", "the same, shorter"),
    ours(":dep", "name = \"version\"", "adds a crate", |wish| {
        (!wish.is_empty()).then(|| Command::Dependency(format!(":dep {wish}")))
    }),
    evcxr(":show_deps", "", "the crates that were added"),
    ours(":opt", "0 to 3, or auto", "how much cells are optimised", |level| match level {
        "" => Some(Command::Say(LEVELS)),
        "auto" => Some(Command::Level(None)),
        level => level.parse().ok().filter(|level| *level <= 3).map(|level| Command::Level(Some(level))),
    }),
    ours(":backtrace", "on, or off", "panics with a backtrace", |wish| match wish {
        "" | "on" => Some(Command::Backtrace(true)),
        "off" => Some(Command::Backtrace(false)),
        _ => None,
    }),
    ours(":env", "NAME=value", "sets a variable of the environment", |wish| {
        let (name, value) = wish.split_once('=')?;
        let is_name = !name.is_empty() && !name.contains([' ', '\0']) && !value.contains('\0');
        is_name.then(|| Command::SetVariable { name: name.to_owned(), value: value.to_owned() })
    }),
    evcxr(":build_env", "NAME=value", "the same for the compiler, as `env!` reads it"),
    evcxr(":offline", "0 or 1", "whether crates may be downloaded"),
    evcxr(":explain", "", "what the compiler's last error means"),
    evcxr(":last_error_json", "", "the compiler's last errors, as it wrote them"),
    evcxr(":last_compile_dir", "", "where cells are compiled"),
    ours(":restart", "", "all variables go; functions and types stay", |_| Some(Command::Restart)),
    ours(":clear", "", "everything begins anew", |_| Some(Command::Clear)),
    ours(":ahead", "", "whether the next cells are compiled before you run them", |_| Some(Command::Ahead)),
    ours(":version", "", "which kernel this is", |_| Some(Command::Version)),
    refused(":quit", "a notebook ends by itself; in Jupyter, shut the kernel down from its menu"),
    refused(":fmt", OWN_FORM),
    refused(":types", "`:vars` shows the types of all variables"),
    refused(":efmt", "an error that `?` meets is shown as it describes itself"),
    refused(":toolchain", OWN_TOOLCHAIN),
    refused(":codegen_backend", OWN_TOOLCHAIN),
    refused(":linker", OWN_TOOLCHAIN),
    refused(":time_passes", OWN_TOOLCHAIN),
    refused(":timing", "`adlab run --times` prints what each cell took; JupyterLab can show it, too"),
    refused(":cache", OWN_BUILD),
    refused(":clear_cache", OWN_BUILD),
    refused(":sccache", OWN_BUILD),
    refused(":allow_static_linking", OWN_BUILD),
    refused(":preserve_vars_on_panic", "after a panic, every variable is as it was before the cell"),
    refused(":load_config", "each session begins with what `kernel-spec/evcxr.toml` says"),
    refused(":internal_debug", "it is for those who work on evcxr"),
];

/// The commands at the front of a cell, and the rest.
#[derive(Debug)]
pub struct Front {
    pub commands: Vec<Command>,
    /// The code with blanks in the place of commands.
    pub body: String,
    /// Where the first line of code begins.
    pub end: usize,
}

/// The cell asks what there is, and has nothing else in it.
pub fn only_show(code: &str) -> bool {
    read(code).is_ok_and(|front| {
        !front.commands.is_empty() && front.body.trim().is_empty() && front.commands.iter().all(Command::only_shows)
    })
}

/// Takes the commands off a cell.
pub fn read(code: &str) -> Result<Front, Refusal> {
    if let Some(name) = asked_for(code) {
        let commands = vec![Command::Documentation(name.to_owned())];
        return Ok(Front { commands, body: blank(code), end: code.len() });
    }
    let (body, end) = without(code);
    let mut commands = Vec::new();
    for (number, line) in code[..end].lines().enumerate() {
        let line = line.trim();
        if is_command(line) {
            let command = command(line).map_err(|reason| Refusal { line: number + 1, reason })?;
            match (commands.last_mut(), command) {
                (Some(Command::Dependency(lines)), Command::Dependency(more)) => *lines += &format!("\n{more}"),
                (_, command) => commands.push(command),
            }
        }
    }
    Ok(Front { commands, body, end })
}

/// `?name`, and `path::name?`: of a name alone, `?` is Rust's operator.
fn asked_for(code: &str) -> Option<&str> {
    let line = code.trim();
    let is_path = |text: &str| {
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
        text.contains("::") && text.split("::").all(is_word)
    };
    let name = line.strip_prefix('?').or_else(|| line.strip_suffix('?').filter(|name| is_path(name)));
    name.map(str::trim).filter(|name| !name.contains('\n'))
}

/// A cell's code with blanks in the place of its commands, and where the first line of code begins.
pub fn without(code: &str) -> (String, usize) {
    let (mut body, mut end) = (String::new(), 0);
    for line in code.split_inclusive('\n') {
        let text = line.trim();
        let is_command = is_command(text);
        // A crate's attributes stay in front as well.
        if !is_command && !text.is_empty() && !text.starts_with("//") && !text.starts_with("#!") {
            break;
        }
        end += line.len();
        body += &if is_command { blank(line) } else { line.to_owned() };
    }
    body += &code[end..];
    (body, end)
}

/// A path may begin with two colons.
pub fn is_command(line: &str) -> bool {
    line.starts_with('!') || line.starts_with(':') && !line.starts_with("::")
}

fn command(line: &str) -> Result<Command, String> {
    if let Some(program) = line.strip_prefix('!') {
        return Ok(Command::Shell(program.trim().to_owned()));
    }
    let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let Some(entry) = TABLE.iter().find(|entry| entry.name == name) else {
        return Err(format!("there is no command `{name}`; `:help` shows all"));
    };
    match entry.meaning {
        Meaning::Evcxr => Ok(Command::Evcxr(line.to_owned())),
        Meaning::Refused => Err(format!("`{name}` is not for this kernel: {}", entry.says)),
        Meaning::Ours(made_from) => made_from(arguments.trim()).ok_or_else(|| match name {
            ":opt" => LEVELS.to_owned(),
            _ => format!("`{name}` is written with {}: it {}", entry.arguments, entry.says),
        }),
    }
}

fn blank(line: &str) -> String {
    line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// What `:help` shows: as text, and as Markdown.
pub fn help() -> (String, String) {
    let shown = TABLE.iter().filter(|entry| !matches!(entry.meaning, Meaning::Refused));
    let lines = [("?name", "documentation, for example `?f64::sin`"), ("!program", "runs a program in a shell")];
    let lines: Vec<(String, &str)> = lines
        .map(|(command, says)| (command.to_owned(), says))
        .into_iter()
        .chain(shown.map(|entry| (format!("{} {}", entry.name, entry.arguments).trim_end().to_owned(), entry.says)))
        .collect();
    let width = lines.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let text = lines.iter().map(|(command, says)| format!("{command:width$}  {says}\n")).collect();
    let rows: String = lines.iter().map(|(command, says)| format!("| `{command}` | {says} |\n")).collect();
    (text, format!("| write | and you get |\n|---|---|\n{rows}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(code: &str) -> Vec<Command> {
        read(code).unwrap().commands
    }

    #[test]
    fn commands_are_taken_off() {
        let front = read(":dep x = \"1\"\n\n// ε\n!ls -l\n:vars\nlet a = 1;\n:vars").unwrap();
        let expected = [
            Command::Dependency(":dep x = \"1\"".into()),
            Command::Shell("ls -l".into()),
            Command::Evcxr(":vars".into()),
        ];
        assert_eq!(front.commands, expected);
        assert_eq!(front.body.lines().nth(2), Some("// ε"));
        assert_eq!(front.body[front.end..], *"let a = 1;\n:vars");
        assert_eq!(front.body.trim_start(), "// ε\n      \n     \nlet a = 1;\n:vars");
        assert_eq!(commands(":dep a\n// b\n:dep c = \"1\""), [Command::Dependency(":dep a\n:dep c = \"1\"".into())]);
        for (code, end) in [(":vars\n\n// note\nlet a = 1;", 15), ("let a = 1;\n:vars", 0), ("!ls", 3), ("", 0)] {
            assert_eq!(read(code).unwrap().end, end, "{code}");
        }
    }

    #[test]
    fn each_means_what_the_table_says() {
        assert_eq!(commands("?f64::sin"), [Command::Documentation("f64::sin".into())]);
        assert_eq!(commands(":doc f64::sin"), commands("?f64::sin"));
        assert_eq!(commands("f64::sin?"), commands("?f64::sin"));
        assert!(commands("found?").is_empty() && commands("f64::from_str(t)?").is_empty());
        assert_eq!(commands(":opt 3\n:opt auto"), [Command::Level(Some(3)), Command::Level(None)]);
        assert_eq!(commands(":backtrace\n:backtrace off"), [Command::Backtrace(true), Command::Backtrace(false)]);
        let set = Command::SetVariable { name: "A".into(), value: "b = c".into() };
        assert_eq!(commands("  :env A=b = c"), [set]);
        assert_eq!(commands("!true"), [Command::Shell("true".into())]);
        assert!(commands("::std::mem::size_of::<f64>()").is_empty() && commands("let x = 1;\n:quit").is_empty());
        for entry in TABLE {
            let line = format!("{} {}", entry.name, entry.arguments);
            match (&entry.meaning, read(&line)) {
                (Meaning::Refused, outcome) => assert!(outcome.unwrap_err().reason.contains(entry.says)),
                (Meaning::Evcxr, outcome) => {
                    assert_eq!(outcome.unwrap().commands, [Command::Evcxr(line.trim().into())])
                }
                (Meaning::Ours(_), Ok(front)) => assert!(!matches!(front.commands[0], Command::Evcxr(_))),
                (Meaning::Ours(_), Err(refusal)) => assert!(!refusal.reason.contains("no command"), "{line}"),
            }
        }
    }

    #[test]
    fn what_only_asks_is_told_from_what_does_something() {
        for code in [":vars", ":ahead\n:help", "?f64::sin", ":t x"] {
            assert!(only_show(code), "{code}");
        }
        for code in ["", "let a = 1;", ":vars\nlet a = 1;", ":opt 3", ":vars\n:clear", "!ls", ":no_such"] {
            assert!(!only_show(code), "{code}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_word() {
        for (code, line, word) in [
            (":no_such", 1, "`:help` shows all"),
            ("\n:opt 7\n1", 2, ":opt 3"),
            (":env A", 1, "NAME=value"),
            (":dep", 1, "adds a crate"),
            (":quit", 1, "shut the kernel down"),
            (":varsx", 1, "there is no command `:varsx`"),
        ] {
            let refusal = read(code).unwrap_err();
            assert!(refusal.line == line && refusal.reason.contains(word), "{refusal:?}");
        }
    }

    #[test]
    fn help_has_a_line_for_each() {
        let (text, markdown) = help();
        for entry in TABLE {
            let is_shown = !matches!(entry.meaning, Meaning::Refused);
            let starts = |line: &str| line.split(' ').next() == Some(entry.name);
            assert_eq!(text.lines().any(starts), is_shown, "{}", entry.name);
            assert_eq!(markdown.lines().any(|line| line.starts_with(&format!("| `{}", entry.name))), is_shown);
        }
    }
}
