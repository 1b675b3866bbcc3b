//! `adlab course`: a folder in which nbgrader releases, collects and marks the lessons, made from our solutions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::copied::Copied;
use crate::system::project::Project;

#[derive(clap::Args)]
pub struct Options {
    /// The course's folder: a new one, or one that this command has made, to which is added what is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const CONFIGURATION: &str = "nbgrader_config.py";
const CONFIGURATION_TEXT: &str = include_str!("nbgrader_config.py");

pub fn make(project: &Project, options: &Options) -> Result<()> {
    project.check()?;
    let folder = &options.folder;
    refuse_what_is_no_course(folder)?;
    let mut copied = Copied::default();
    fill(&project.root().join("notebooks/solutions"), folder, &mut copied)
        .with_context(|| format!("cannot make the course folder {}; choose one that is yours", folder.display()))?;
    println!("course      {}", folder.display());
    copied.report();
    println!("next        nbgrader generate_assignment lesson-1, in that folder");
    Ok(())
}

/// Nobody's other folder gets a gradebook in it.
fn refuse_what_is_no_course(folder: &Path) -> Result<()> {
    let is_empty = fs::read_dir(folder).map_or(!folder.exists(), |mut entries| entries.next().is_none());
    if !is_empty && !folder.join(CONFIGURATION).is_file() {
        bail!(
            "{} is there, and no course: it has no {CONFIGURATION}; name a folder that is new or empty",
            folder.display()
        );
    }
    Ok(())
}

fn fill(solutions: &Path, course: &Path, copied: &mut Copied) -> Result<()> {
    copied.add(CONFIGURATION_TEXT.as_bytes(), course, Path::new(CONFIGURATION))?;
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(solutions).with_context(|| format!("cannot read {}", solutions.display()))? {
        names.extend(entry?.file_name().into_string().ok().filter(|name| name.ends_with(".ipynb")));
    }
    names.sort();
    for name in &names {
        let notebook = fs::read_to_string(solutions.join(name))?;
        copied.add(apart(&notebook, &names).as_bytes(), course, &Path::new("source").join(lesson(name)).join(name))?;
    }
    Ok(())
}

/// The assignment that a notebook is: `lesson-1` for `1-forward-mode.ipynb`.
fn lesson(name: &str) -> String {
    let number: String = name.chars().take_while(char::is_ascii_digit).collect();
    if number.is_empty() { name.trim_end_matches(".ipynb").to_owned() } else { format!("lesson-{number}") }
}

/// The lessons name each other as neighbours, and are handed out in folders of their own.
fn apart(notebook: &str, names: &[String]) -> String {
    names.iter().fold(notebook.to_owned(), |text, name| {
        text.replace(&format!("]({name})"), &format!("](../{}/{name})", lesson(name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_instructor_has_changed_stays_and_what_is_missing_is_added() {
        let base = tempfile::tempdir().unwrap();
        let (solutions, course) = (base.path().join("solutions"), base.path().join("course"));
        fs::create_dir(&solutions).unwrap();
        fs::write(solutions.join("1-first.ipynb"), "the [second](2-second.ipynb), or [none](3-none.ipynb)").unwrap();
        fs::write(solutions.join("2-second.ipynb"), "").unwrap();
        let fill = || fill(&solutions, &course, &mut Copied::default()).unwrap();
        refuse_what_is_no_course(&course).unwrap();
        fill();
        let first = course.join("source/lesson-1/1-first.ipynb");
        let text = "the [second](../lesson-2/2-second.ipynb), or [none](3-none.ipynb)";
        assert_eq!(fs::read_to_string(&first).unwrap(), text);
        fs::write(&first, "mine").unwrap();
        fs::remove_dir_all(course.join("source/lesson-2")).unwrap();
        refuse_what_is_no_course(&course).unwrap();
        fill();
        assert_eq!(fs::read_to_string(&first).unwrap(), "mine");
        assert!(course.join("source/lesson-2/2-second.ipynb").is_file());
    }

    #[test]
    fn a_folder_that_is_no_course_is_refused() {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("thesis.tex"), "").unwrap();
        for path in [base.path(), &base.path().join("thesis.tex")] {
            let error = refuse_what_is_no_course(path).unwrap_err().to_string();
            assert!(error.contains("name a folder that is new or empty"), "{error}");
        }
    }
}
