//! What came of a cell, in one word.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Right,
    /// A check has failed.
    Wrong,
    CompileError,
    /// The student's own code has panicked, or ended with an error.
    Panic,
    TimeOut,
    Memory,
    /// The process that ran it ended before its time.
    Killed,
    /// The machine or the kernel failed: no mark is made of it.
    Infrastructure,
}

impl Verdict {
    /// `locked` says that the cell is not the student's.
    pub fn of(fault: Option<&Fault>, late: bool, locked: bool) -> Self {
        let Some(fault) = fault else { return Verdict::Right };
        // A panic of the cell itself, and not of a function that it calls, is that of an assertion.
        let here = fault.traceback.iter().any(|line| line.contains("this cell, line"));
        match fault.ename {
            _ if late => Verdict::TimeOut,
            "KernelError" => Verdict::Infrastructure,
            "CompileError" => Verdict::CompileError,
            "Panic" if locked && here => Verdict::Wrong,
            "Crash" if fault.evalue.contains("memory") && !fault.evalue.contains("segmentation") => Verdict::Memory,
            "Crash" => Verdict::Killed,
            "Interrupted" => Verdict::Killed,
            _ => Verdict::Panic,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Verdict::Right => "right",
            Verdict::Wrong => "wrong",
            Verdict::CompileError => "compile error",
            Verdict::Panic => "panic",
            Verdict::TimeOut => "time-out",
            Verdict::Memory => "memory",
            Verdict::Killed => "killed",
            Verdict::Infrastructure => "infrastructure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_apart() {
        let fault = |ename, message, line: &str| Fault::new(ename, message, &[line.into()]);
        let of = |fault: Fault, locked| Verdict::of(Some(&fault), false, locked);
        let in_check = || fault("Panic", "z should be 2", "  --> this cell, line 3");
        assert_eq!((of(in_check(), true), of(in_check(), false)), (Verdict::Wrong, Verdict::Panic));
        assert_eq!(of(fault("Panic", "not yet implemented", "  --> cell [3], line 3"), true), Verdict::Panic);
        let memory = "the cell wanted more memory than there is";
        assert_eq!(of(fault("Crash", memory, ""), true), Verdict::Memory);
        let other = "the cell touched memory that isn't its own (segmentation fault)";
        assert_eq!(of(fault("Crash", other, ""), true), Verdict::Killed);
        assert_eq!(of(Fault::kernel("no space"), true), Verdict::Infrastructure);
        assert_eq!(Verdict::of(Some(&Fault::interrupted()), true, true), Verdict::TimeOut);
        assert_eq!(Verdict::of(None, false, true), Verdict::Right);
    }
}
