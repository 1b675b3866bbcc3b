//! evcxr's own commands, as it documents them: those that [`crate::cell::commands`] lets through.
//!
//! They are given here, not by evcxr's reader of commands, as that keeps what evcxr holds to itself, and an engine has to be
//! able to go back to what it held before.

use evcxr::{Error, EvalOutputs};

use super::evcxr_context::{Evcxr, Outcome};

/// Of a crate that is named without more.
const ANY_VERSION: &str = "\"*\"";

impl Evcxr {
    /// Obeys a line.
    pub fn obey(&mut self, line: &str) -> Outcome {
        let (name, words) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let words = words.trim();
        match name {
            ":vars" => Ok(self.table()),
            ":type" | ":t" => self.type_of(words),
            ":show_deps" => text(
                self.crates.iter().map(|(name, config)| format!("{name} = {config}")).collect::<Vec<_>>().join("\n"),
            ),
            ":explain" => self.explain(),
            ":last_error_json" => {
                Err(Error::Message(self.errors.iter().map(|error| format!("{}\n", error.json)).collect()))
            }
            ":last_compile_dir" => text(format!("{:?}", self.folder)),
            ":build_env" => {
                let Some((name, value)) = words.split_once('=') else {
                    return Err(Error::Message("Please supply key=value".into()));
                };
                let mut state = self.context.state();
                state.set_build_env(name, value);
                self.context.eval_with_state("", state)?;
                text(format!("Set {name}={value} for build"))
            }
            ":offline" => {
                let mut state = self.context.state();
                state.set_offline_mode(words == "1");
                let says = format!("Offline mode: {}", state.offline_mode());
                self.context.eval_with_state("", state)?;
                text(says)
            }
            _ => Err(Error::Message(format!("Unrecognised command {name}"))),
        }
    }

    /// Adds crates, one a line, all of them or none.
    pub fn add_crates(&mut self, lines: &str) -> Outcome {
        let mut state = self.context.state();
        let mut added = self.crates.clone();
        for line in lines.lines() {
            let wish = line.trim().trim_start_matches(":dep").trim();
            let (name, config) =
                wish.split_once('=').map_or((wish, ANY_VERSION), |(name, config)| (name.trim(), config.trim()));
            if name.is_empty() || name.contains(' ') || config.is_empty() {
                return Err(Error::Message("Invalid :dep command. Expected: name = ... or just name".into()));
            }
            if name.starts_with(['.', '/']) {
                state.add_local_dep(name)?;
                added.insert(name.to_owned(), format!("{{ path = \"{name}\" }}"));
            } else {
                state.add_dep(name, config)?;
                added.insert(name.to_owned(), config.to_owned());
            }
        }
        let outputs = self.context.eval_with_state("", state)?;
        self.crates = added;
        Ok(outputs)
    }

    /// Nothing is left of what cells have defined.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.context.clear()?;
        self.crates.clear();
        Ok(())
    }

    fn table(&self) -> EvalOutputs {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let plain = self.variables().map(|(name, ty)| format!("{name}: {ty}\n")).collect();
        let rows: String = self
            .variables()
            .map(|(name, ty)| format!("<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(ty)))
            .collect();
        EvalOutputs::text_html(plain, format!("<table><tr><th>Variable</th><th>Type</th></tr>{rows}</table>"))
    }

    fn type_of(&self, wanted: &str) -> Outcome {
        if wanted.is_empty() {
            return Err(Error::Message("Variable name required".into()));
        }
        let found = self.variables().find(|(name, _)| *name == wanted);
        let (name, ty) = found.ok_or_else(|| Error::Message(format!("Variable does not exist: {wanted}")))?;
        text(format!("{name}: {ty}"))
    }

    fn explain(&self) -> Outcome {
        let explanations: Option<Vec<&str>> = self.errors.iter().map(|error| error.explanation()).collect();
        match explanations {
            Some(all) if !all.is_empty() => text(all.concat()),
            Some(_) => Err(Error::Message("No last error to explain".into())),
            None => Err(Error::Message("Sorry, last error has no explanation".into())),
        }
    }
}

fn text(text: String) -> Outcome {
    let mut outputs = EvalOutputs::new();
    if !text.is_empty() {
        outputs.content_by_mime_type.insert("text/plain".into(), text);
    }
    Ok(outputs)
}
