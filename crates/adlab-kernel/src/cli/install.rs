//! `adlab install`: the kernelspec, and the warm build; with `--into`, what they belong to, too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::installation;
use super::prepare::prepare;
use crate::session::environment::reach_cargo;
use crate::session::warm_build::WarmBuild;
use crate::system::files::{let_all_read, write_atomically};
use crate::system::project::Project;
use crate::system::toolchain::{self, Toolchain};

#[derive(clap::Args)]
pub struct Options {
    /// For this user (the default)
    #[arg(long, group = "place")]
    user: bool,
    /// Into the Python environment that is active
    #[arg(long, group = "place")]
    sys_prefix: bool,
    /// Into PREFIX/share/jupyter/kernels
    #[arg(long, value_name = "P", group = "place")]
    prefix: Option<PathBuf>,
    /// A whole installation that needs no checkout: the program, its parts and the kernelspec into PREFIX
    #[arg(long, value_name = "PREFIX", group = "place")]
    into: Option<PathBuf>,
    /// With --into, for other machines: with all sources, so that no network is needed, and nothing of this one
    #[arg(long, requires = "into")]
    portable: bool,
    /// For all users of the installation that this program belongs to, which then share its warm build
    #[arg(long, group = "place")]
    system: bool,
    /// The kernel's name in Jupyter
    #[arg(long, value_name = "N", default_value = "adlab")]
    name: String,
    /// Install the unmodified evcxr kernel, with the same crate preloaded
    #[arg(long)]
    stock: bool,
}

/// Below a prefix, where Jupyter looks for kernels.
const KERNELS: &str = "share/jupyter/kernels";

pub fn install(project: &Project, options: &Options) -> Result<()> {
    check_name(&options.name)?;
    if options.stock && !cfg!(feature = "stock") {
        bail!("this adlab was built without the stock kernel; build it with the cargo feature `stock`");
    }
    if let Some(prefix) = &options.into {
        let prefix = installation::make(project, prefix, options.portable)?;
        // A toolchain is wanted only when it is used.
        let target = prefix.join(KERNELS).join(&options.name);
        let cargo = reach_cargo().ok().filter(|_| !options.portable);
        write_spec(project, options, &target, cargo.as_deref())?;
        let_all_read(&target)?;
        println!("installed   {}", prefix.display());
        println!(
            "warm build  each user's first session makes one; or, for all: {} install --system",
            prefix.join("bin/adlab").display()
        );
        return Ok(());
    }
    let cargo = reach_cargo()?;
    if toolchain::rust_src().is_none() {
        bail!("rust-src is missing: types can't be inferred; run: {}", toolchain::GET_RUST_SRC);
    }
    let target = if options.system { installation::prefix(project)?.join(KERNELS) } else { kernels_folder(options)? };
    let target = target.join(&options.name);
    write_spec(project, options, &target, Some(&cargo))?;
    println!("kernelspec  {}", target.display());
    let toolchain = Toolchain::here()?;
    let warm = match options.system {
        true => WarmBuild::shared(project, toolchain)?,
        false => WarmBuild::own(project, toolchain)?,
    };
    if prepare(project, &warm)? {
        println!("warm build  {}", warm.folder.display());
    } else {
        println!("warm build  is up to date");
    }
    if options.system {
        let_all_read(&target)?;
        let_all_read(&warm.folder)?;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        bail!("a kernel's name has lower-case letters, digits, '-', '_' and '.' only, and {name:?} has others");
    }
    Ok(())
}

/// Where Jupyter looks for kernels.
fn kernels_folder(options: &Options) -> Result<PathBuf> {
    if let Some(prefix) = &options.prefix {
        return Ok(prefix.join(KERNELS));
    }
    if options.sys_prefix {
        let prefix = std::env::var_os("VIRTUAL_ENV")
            .or_else(|| std::env::var_os("CONDA_PREFIX"))
            .map(PathBuf::from)
            .or_else(|| toolchain::output("python3", &["-c", "import sys; print(sys.prefix)"]).map(PathBuf::from))
            .context("no Python environment is active, and there is no python3; use --prefix")?;
        return Ok(prefix.join(KERNELS));
    }
    if let Some(dir) = std::env::var_os("JUPYTER_DATA_DIR") {
        return Ok(PathBuf::from(dir).join("kernels"));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).context("HOME is not set; use --prefix")?;
    Ok(if cfg!(target_os = "macos") {
        home.join("Library/Jupyter/kernels")
    } else {
        std::env::var_os("XDG_DATA_HOME")
            .map_or_else(|| home.join(".local/share"), PathBuf::from)
            .join("jupyter/kernels")
    })
}

/// Copies `kernel-spec/`, with this binary in place of the bare name.
fn write_spec(project: &Project, options: &Options, target: &Path, cargo: Option<&Path>) -> Result<()> {
    let place = || {
        format!(
            "cannot write the kernelspec to {}; choose a place that is yours with --user or --prefix",
            target.display()
        )
    };
    fs::create_dir_all(target).with_context(place)?;
    for entry in fs::read_dir(project.kernel_spec())?.flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("logo-") {
            write_atomically(&target.join(&name), &fs::read(entry.path())?).with_context(place)?;
        }
    }
    let text = fs::read_to_string(project.kernel_spec().join("kernel.json"))?;
    let mut spec: Value = serde_json::from_str(&text).context("kernel-spec/kernel.json is broken")?;
    // An installation finds itself from its spec, wherever it is moved to.
    let is_inside = options.into.is_some() || options.system;
    let exe = if is_inside { "{resource_dir}/../../../../bin/adlab".into() } else { std::env::current_exe()? };
    spec["argv"][0] = exe.to_string_lossy().into();
    if options.stock {
        spec["argv"] = json!([exe.to_string_lossy(), "stock", "--control_file", "{connection_file}"]);
        spec["display_name"] = "Rust (evcxr with AD Lab)".into();
    }
    let environment = cargo.map_or(Value::Null, |cargo| environment(cargo, is_inside));
    for (name, value) in environment.as_object().into_iter().flatten() {
        spec["env"][name] = value.clone();
    }
    let text = serde_json::to_string_pretty(&spec)? + "\n";
    write_atomically(&target.join("kernel.json"), text.as_bytes()).with_context(place)
}

/// A kernel started by a server knows of Rust what we know now. What cargo downloads is for each user alone.
fn environment(cargo: &Path, for_all: bool) -> Value {
    let mut env = serde_json::Map::new();
    let names: &[&str] = if for_all { &["RUSTUP_HOME"] } else { &["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] };
    for name in names {
        if let Ok(value) = std::env::var(name) {
            env.insert((*name).into(), value.into());
        }
    }
    // Outside of rustup's usual place, the PATH is all there is to go by.
    let usual = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo/bin/cargo"));
    if usual.as_deref() != Some(cargo) {
        let bin = cargo.parent().unwrap_or(Path::new("/usr/bin"));
        env.insert("PATH".into(), format!("{}:${{PATH}}", bin.display()).into());
    }
    env.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_jupyter_takes() {
        assert!(check_name("adlab-2").is_ok());
        for name in ["", "AdLab", "a b", "../x"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
