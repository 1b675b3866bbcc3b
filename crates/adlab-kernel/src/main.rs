//! `adlab`: a Jupyter kernel for Rust notebooks, their runner, and what installs them.

mod analysis;
mod assign;
mod batch;
mod cargo;
mod compile_errors;
mod completeness;
mod definitions;
mod doctor;
mod engine;
mod engine_thread;
mod faults;
mod hints;
mod install;
mod items;
mod janitor;
mod link;
mod marked;
mod memory;
mod notebook;
mod outputs;
mod prelude;
mod processes;
mod project;
mod pump;
mod run;
mod runtime;
mod server;
mod session;
mod slim_std;
mod source;
mod stock;
mod toolchain;
mod variables;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;

#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell Jupyter of the kernel, and prepare its warm build
    Install(install::Options),
    /// Serve Jupyter
    Kernel {
        /// The file by which Jupyter says where to listen
        #[arg(long, value_name = "F")]
        connection_file: PathBuf,
    },
    /// Serve Jupyter with the unmodified evcxr kernel, with the same crate preloaded
    Stock {
        /// The file by which Jupyter says where to listen
        #[arg(long = "control_file", value_name = "F")]
        control_file: PathBuf,
    },
    /// Execute notebooks without Jupyter, and report; exit status 0 only if every cell did what it should
    Run(run::Options),
    /// Make the students' notebooks from the solutions
    Assign(assign::Options),
    /// Say what is missing on this machine, and how to get it
    Doctor,
}

fn main() -> ExitCode {
    // This program starts itself in other roles: first of all, find out whether it is in one.
    cargo::hook();
    runtime::hook();
    janitor::hook();
    evcxr::runtime_hook();
    let outcome = stock::hook().and_then(|done| if done { Ok(true) } else { obey(Arguments::parse().command) });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("adlab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True if all went well.
fn obey(command: Command) -> Result<bool> {
    let project = Project::find()?;
    match command {
        Command::Install(options) => install::install(&project, &options).map(|()| true),
        Command::Kernel { connection_file } => server::serve(&project, &connection_file).map(|()| true),
        Command::Stock { control_file } => stock::start(&project, &control_file).map(|()| true),
        Command::Run(options) => run::run(&project, &options),
        Command::Assign(options) => assign::assign(&options),
        Command::Doctor => Ok(doctor::examine(&project)),
    }
}
