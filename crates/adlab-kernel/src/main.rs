//! `adlab`: a Jupyter kernel for Rust notebooks, their runner, and what installs them.

mod analysis;
mod cell;
mod cli;
mod compile;
mod engine;
mod explain;
mod notebook;
mod runtime;
mod scope;
mod server;
mod session;
mod supervisor;
mod system;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::system::project::Project;

#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell Jupyter of the kernel, and prepare its warm build
    Install(cli::install::Options),
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
    Run(cli::run::Options),
    /// Make the students' notebooks from the solutions
    Assign(cli::assign::Options),
    /// Say what is missing on this machine, and how to get it
    Doctor,
}

fn main() -> ExitCode {
    // This program starts itself in other roles: first of all, find out whether it is in one.
    compile::stand_ins::hook();
    runtime::hook();
    session::janitor::hook();
    evcxr::runtime_hook();
    let outcome = cli::stock::hook().and_then(|done| if done { Ok(true) } else { obey(Arguments::parse().command) });
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
        Command::Install(options) => cli::install::install(&project, &options).map(|()| true),
        Command::Kernel { connection_file } => server::serve(&project, &connection_file).map(|()| true),
        Command::Stock { control_file } => cli::stock::start(&project, &control_file).map(|()| true),
        Command::Run(options) => cli::run::run(&project, &options),
        Command::Assign(options) => cli::assign::assign(&options),
        Command::Doctor => Ok(cli::doctor::examine(&project)),
    }
}
