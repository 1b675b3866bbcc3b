//! The parts that this program plays when evcxr, its analyzer or cargo start it under another name.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::ahead::{self, Act};
use super::confined::{given_up, message};
use super::key::{LOCK, Places, adds_crates, call_key, has_local_crates};
use super::metadata::{answer, is_question};
use super::recorded_call::{self, RecordedCall};
use super::rustc::run_for_cargo;
use super::tools::{AHEAD, CALL, STAND_INS, Tools};
use crate::assumptions::{CONFIG_FILE, PACKAGE};
use crate::sandbox::Sandbox;

/// Where rustc's call is to be written down.
const RECORD_VAR: &str = "ADLAB_RECORD";

const NO_CRATES: &str = "this notebook runs in a sandbox: no cell adds crates";

const BUILD: &str = "build";
const CHECK: &str = "check";

/// Plays the part that this program was started in; returns if it is none of these.
pub fn hook() {
    let name = std::env::args_os().next().map(PathBuf::from);
    let part = name.as_ref().and_then(|name| name.file_name()).and_then(OsStr::to_str).unwrap_or_default();
    if !STAND_INS.contains(&part) {
        return;
    }
    let played = Tools::of_session().and_then(|tools| {
        let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        match part {
            "rustup" => rustup(&tools, &arguments),
            "cargo" => cargo(&tools, &arguments),
            AHEAD => ahead(&arguments),
            _ => rustc(&tools, &arguments),
        }
    });
    match played {
        Ok(code) => exit(code),
        Err(error) => {
            eprintln!("adlab {part}: {error:#}");
            exit(1);
        }
    }
}

/// evcxr asks it where the tools are.
fn rustup(tools: &Tools, arguments: &[OsString]) -> Result<i32> {
    let is = |words: &[&str]| arguments.iter().map(OsString::as_os_str).eq(words.iter().map(OsStr::new));
    if is(&["which", "cargo"]) {
        println!("{}", tools.bin().join("cargo").display());
        return Ok(0);
    }
    if is(&["which", "rustc"]) {
        println!("{}", tools.real("rustc").display());
        return Ok(0);
    }
    let mut command = Command::new("rustup");
    command.args(arguments);
    tools.with_real_environment(&mut command);
    Err(command.exec().into())
}

fn cargo(tools: &Tools, arguments: &[OsString]) -> Result<i32> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let here = std::env::current_dir()?;
    if words.len() == arguments.len() && here.join("..").join(CONFIG_FILE).is_file() {
        if words.iter().any(|word| [BUILD, CHECK].contains(word)) {
            return build(tools, arguments, &words, &here);
        }
        if is_question(&words) {
            return answer(&tools.folder, &here, &tools.real("rustc"), &words, || tools.real_cargo(arguments));
        }
    }
    Err(tools.real_cargo(arguments).exec().into())
}

/// Makes what cargo would make: by the call of rustc that is known, or by cargo, whose call is then written down.
fn build(tools: &Tools, arguments: &[OsString], words: &[&str], here: &Path) -> Result<i32> {
    if let Some(message) = given_up(here) {
        return refuse(message);
    }
    let rustc = tools.real("rustc");
    let as_build: Vec<&str> = words.iter().map(|&word| if word == CHECK { BUILD } else { word }).collect();
    let place = tools.folder.join(format!("{CALL}{}", call_key(&tools.folder, here, &rustc, &as_build, &[LOCK])?));
    let checks = as_build != words;
    let known = RecordedCall::read(&place, Places::of(here, &rustc)).filter(|_| !has_local_crates(here));
    if let Some(act) = ahead::act(here) {
        return match known.filter(|_| !checks) {
            Some(call) if act == Act::Cell => call.rehearse(&rustc, here),
            Some(call) => call.pretend(here),
            // In a rehearsal, neither cargo nor a compiler is called.
            None => Ok(101),
        };
    }
    if let Some(call) = known {
        return if checks { call.check(&rustc, here) } else { call.compile(&rustc, here) };
    }
    if Sandbox::of_session().is_closed() && adds_crates(here) {
        return refuse(message(NO_CRATES));
    }
    let mut command = tools.real_cargo(arguments);
    command.env("RUSTC", tools.bin().join("rustc"));
    if !checks {
        command.env(RECORD_VAR, place);
    }
    Err(command.exec().into())
}

/// Does what was left in folders, with a niceness.
fn ahead(arguments: &[OsString]) -> Result<i32> {
    let [niceness, folders @ ..] = arguments else { bail!("takes a niceness and folders") };
    let folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    ahead::do_jobs(&folders, niceness.to_string_lossy().parse()?).map(|()| 0)
}

/// Says it as cargo would.
fn refuse(message: Value) -> Result<i32> {
    println!("{}", json!({ "reason": "compiler-message", "message": message }));
    Ok(101)
}

/// cargo's call: it is written down, if it is for the cells, and makes their library.
fn rustc(tools: &Tools, arguments: &[OsString]) -> Result<i32> {
    let mut command = Command::new(tools.real("rustc"));
    command.env_remove(RECORD_VAR);
    let words: Option<Vec<&str>> = arguments.iter().map(|word| word.to_str()).collect();
    let place = std::env::var_os(RECORD_VAR).map(PathBuf::from);
    let is_cells = |words: &Vec<&str>| words.windows(2).any(|pair| pair == ["--crate-name", PACKAGE]);
    let Some(words) = words.filter(is_cells) else {
        return Err(command.args(arguments).exec().into());
    };
    let here = std::env::current_dir()?;
    let call = RecordedCall::of_this_process(&words);
    let Some(place) = place else {
        command.args(call.arguments_of_check(&here)?);
        return run_for_cargo(command, &here);
    };
    call.write(&place, Places::of(&here, &tools.real("rustc")))?;
    let source = call.prepare(&here)?;
    // From there the library finds the others; cargo puts a second one elsewhere.
    recorded_call::tell_evcxr(&call.library(&here))?;
    command.args(call.arguments(&here, &source)?);
    run_for_cargo(command, &here)
}
