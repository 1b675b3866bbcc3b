//! What `adlab …` does, command by command.
//!
//! On the map, `docs/architecture.md`: *To add something*, and `adlab run` below the table.

mod assign;
mod check;
mod clean;
mod copied;
mod course;
mod doctor;
mod grade;
mod inspect;
mod install;
mod installation;
mod lab;
mod lessons;
mod prepare;
mod run;
#[cfg(feature = "stock")]
pub mod stock;
mod vendored;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::marking::{crew, worker};
use crate::server;
use crate::system::project::Project;

#[derive(Parser)]
#[command(name = "adlab", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell Jupyter of the kernel, and prepare its warm build
    Install(install::Options),
    /// Make the warm build for sessions, where there is none that fits
    Prepare {
        /// For all users of the installation that this program belongs to
        #[arg(long)]
        shared: bool,
    },
    /// Open the lessons in JupyterLab, in a copy in the current folder that is yours
    Lab(lab::Options),
    /// Serve Jupyter
    Kernel {
        /// The file by which Jupyter says where to listen
        #[arg(long, value_name = "F")]
        connection_file: PathBuf,
    },
    /// Serve Jupyter with the unmodified evcxr kernel, with the same crate preloaded
    #[cfg(feature = "stock")]
    Stock {
        /// The file by which Jupyter says where to listen
        #[arg(long = "control_file", value_name = "F")]
        control_file: PathBuf,
    },
    /// Execute notebooks without Jupyter, and report; exit status 0 only if every cell did what it should
    Run(run::Options),
    /// Make the students' notebooks from the solutions
    Assign(assign::Options),
    /// Say whether solutions are fit to mark by: they pass, stubs fail, wrong answers are caught; or a folder of lessons, to hand out
    Check(check::Options),
    /// Mark submissions by their solution: run them, count their points, say what was wrong
    Grade(grade::Options),
    /// Mark again what was marked before, and say what has changed
    Regrade(grade::Again),
    /// Say which submissions can be marked, and put right what front ends have done to them
    Inspect(inspect::Options),
    /// Run submissions for `grade`
    #[command(name = crew::COMMAND, hide = true)]
    Mark,
    /// Make a course folder for nbgrader from the solutions
    Course(course::Options),
    /// Say what is missing on this machine, and how to get it
    Doctor,
    /// Empty your cache; what is needed of it is made again
    Clean,
}

/// Does what the command line says.
pub fn obey() -> ExitCode {
    // evcxr reads the arguments of this process, and takes them for text.
    if let Some(argument) = std::env::args_os().find(|argument| argument.to_str().is_none()) {
        eprintln!(
            "adlab: {} is no UTF-8; give it another name, or go to its folder and name it from there",
            argument.display()
        );
        return ExitCode::FAILURE;
    }
    match carry_out(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("adlab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True if all went well.
fn carry_out(command: Command) -> Result<bool> {
    let project = Project::find();
    match command {
        Command::Install(options) => install::install(&project?, &options).map(|()| true),
        Command::Prepare { shared } => prepare::prepare_alone(&project?, shared).map(|()| true),
        // What is wrong with the project, too, is said by cells.
        Command::Kernel { connection_file } => server::serve(project, &connection_file).map(|()| true),
        #[cfg(feature = "stock")]
        Command::Stock { control_file } => stock::start(&project?, &control_file).map(|()| true),
        Command::Lab(options) => lab::open(&project?, &options).map(|()| true),
        Command::Run(options) => run::run(&project?, &options),
        Command::Assign(options) => assign::assign(&options),
        Command::Check(options) => check::check(&project?, &options),
        Command::Grade(options) => grade::grade(&project?, &options),
        Command::Regrade(options) => grade::again(&project?, &options),
        Command::Inspect(options) => inspect::inspect(&options),
        Command::Mark => worker::work(&project?).map(|()| true),
        Command::Course(options) => course::make(&project?, &options).map(|()| true),
        Command::Clean => clean::clean(project).map(|()| true),
        Command::Doctor => Ok(doctor::examine(&project?)),
    }
}
