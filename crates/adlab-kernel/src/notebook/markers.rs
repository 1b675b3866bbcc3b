//! The lines that mark what students don't get: solutions, hidden tests, mark schemes.
//!
//! nbgrader takes each line that has the words in it, whatever else it says. Here a marker stands alone on its line, in
//! a comment of any kind. What only looks like one is an error: nbgrader, and we, would hand out what it was to hide.

use anyhow::{Result, bail};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    Solution,
    HiddenTests,
    MarkScheme,
}

use Region::{HiddenTests, MarkScheme, Solution};

impl Region {
    const ALL: [Region; 3] = [Solution, HiddenTests, MarkScheme];

    fn words(self) -> &'static str {
        match self {
            Solution => "SOLUTION",
            HiddenTests => "HIDDEN TESTS",
            MarkScheme => "MARK SCHEME",
        }
    }

    /// How to write its markers, for people.
    fn written(self, is_code: bool) -> String {
        let (open, close) = if is_code { ("// ", "") } else { ("<!-- ", " -->") };
        let words = self.words();
        format!("`{open}BEGIN {words}{close}` and `{open}END {words}{close}`, each alone on a line")
    }
}

/// A cell's text without its regions, and how many there were of each kind.
#[derive(Debug, Default, PartialEq)]
pub struct Cut {
    pub source: String,
    /// The lines of the solutions.
    pub answer: Vec<String>,
    pub solutions: usize,
    pub hidden_tests: usize,
    pub mark_schemes: usize,
}

/// Cuts the regions out of a cell, and puts a stub in place of each solution.
pub fn cut(source: &str, is_code: bool) -> Result<Cut> {
    let mut cut = Cut::default();
    let mut kept = Vec::new();
    let mut open: Option<Region> = None;
    for line in source.split('\n') {
        match (marker(line, is_code)?, open) {
            (Some((Edge::Begin, region)), None) => {
                open = Some(region);
                *match region {
                    Solution => &mut cut.solutions,
                    HiddenTests => &mut cut.hidden_tests,
                    MarkScheme => &mut cut.mark_schemes,
                } += 1;
                if region == Solution {
                    kept.push(stub(line, is_code));
                }
            }
            (Some((Edge::Begin, region)), Some(open)) => {
                bail!("`BEGIN {}` before the `END {}` of what is open", region.words(), open.words())
            }
            (Some((Edge::End, region)), Some(inner)) if region == inner => open = None,
            (Some((Edge::End, region)), _) => bail!("`END {0}` without a `BEGIN {0}`", region.words()),
            (None, Some(Solution)) => cut.answer.push(line.to_owned()),
            (None, Some(_)) => {}
            (None, None) => kept.push(line.to_owned()),
        }
    }
    if let Some(region) = open {
        bail!("`BEGIN {0}` without an `END {0}`: write {1}", region.words(), region.written(is_code));
    }
    cut.source = kept.join("\n");
    Ok(cut)
}

/// `// BEGIN SOLUTION: add the values` becomes `todo!("add the values")`, so that the types around it still check.
fn stub(begin: &str, is_code: bool) -> String {
    let indent = &begin[..begin.len() - begin.trim_start().len()];
    if !is_code {
        return format!("{indent}*Your answer here.*");
    }
    let hint = bare(begin).split_once(':').map_or("", |(_, hint)| hint.trim());
    // What is written in braces is no place for a value.
    let hint = hint.replace('{', "{{").replace('}', "}}");
    if hint.is_empty() { format!("{indent}todo!()") } else { format!("{indent}todo!({hint:?})") }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Begin,
    End,
}

/// The marker that a line is. An error for what may have been meant as one.
fn marker(line: &str, is_code: bool) -> Result<Option<(Edge, Region)>> {
    let said = bare(line);
    for region in Region::ALL {
        for (edge, word) in [(Edge::Begin, "BEGIN "), (Edge::End, "END ")] {
            let rest = said.strip_prefix(word).and_then(|said| said.strip_prefix(region.words()));
            if rest.is_some_and(|rest| rest.is_empty() || edge == Edge::Begin && rest.trim_start().starts_with(':')) {
                return Ok(Some((edge, region)));
            }
        }
    }
    if let Some(meant) = meant(line, is_code) {
        bail!("`{}` is no marker; write {}", line.trim(), meant.written(is_code));
    }
    Ok(None)
}

/// A line without the signs of a comment around it.
fn bare(line: &str) -> &str {
    let line = line.trim().trim_start_matches("<!--").trim_end_matches("-->");
    line.trim_start_matches(['/', '#', '*', '!', '-', '%', ';', ' ', '\t'])
        .trim_end_matches(['/', '*', '-', '#', ' ', '\t'])
}

/// What opens and closes a region, here and in the notebooks of others.
const EDGES: [&str; 4] = ["BEGIN", "START", "END", "STOP"];

/// What is between, here and elsewhere. Lower case is prose, but for those whose last column says otherwise.
const INSIDES: [(&str, Region, bool); 17] = [
    ("SOLUTION", Solution, true),
    ("SOLUTIONS", Solution, true),
    ("THE SOLUTION", Solution, true),
    ("MODEL SOLUTION", Solution, true),
    ("MODEL ANSWER", Solution, true),
    ("ANSWER", Solution, false),
    ("ANSWERS", Solution, false),
    ("PROMPT", Solution, false),
    ("QUESTION", Solution, false),
    ("SOLUTION NO PROMPT", Solution, true),
    ("HIDDEN TESTS", HiddenTests, true),
    ("HIDDEN TEST", HiddenTests, true),
    ("HIDDEN", HiddenTests, false),
    ("TESTS", HiddenTests, false),
    ("TEST", HiddenTests, false),
    ("MARK SCHEME", MarkScheme, true),
    ("MARKING SCHEME", MarkScheme, true),
];

/// What a line that is no marker was perhaps to begin or to end.
fn meant(line: &str, is_code: bool) -> Option<Region> {
    let letters = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    // nbgrader's own words, in capitals, wherever they stand.
    let all = letters(line);
    let stands_in = |region: &&Region| {
        let words = letters(region.words());
        let words = words.trim_end_matches('S');
        ["BEGIN", "END"].iter().any(|edge| all.contains(&format!("{edge}{words}")))
    };
    if let Some(region) = Region::ALL.iter().find(stands_in) {
        return Some(*region);
    }
    // Those of other tools: `x + 1 // SOLUTION`, and blocks such as `:::{solution}`.
    let comment = comment(line, is_code);
    let is_block = line.trim_start().starts_with("```{") || line.trim_start().starts_with(":::");
    if is_block && line.to_lowercase().contains("solution") {
        return Some(Solution);
    }
    let text = comment.unwrap_or(line);
    let head = text.split(':').next().unwrap_or_default();
    let is_solution = |words: &str| ["SOLUTION", "SOLUTIONNOPROMPT"].contains(&letters(words).to_uppercase().as_str());
    if comment.is_some() && is_solution(head) {
        return Some(Solution);
    }
    // The whole comment, or in capitals its first words; typed in any way.
    let words: Vec<&str> = head.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut candidates = vec![(letters(head), usize::MAX)];
    candidates.extend((1..=words.len().min(4)).map(|count| (words[..count].concat(), count)));
    candidates.iter().find_map(|(said, count)| {
        let capitals = said.to_uppercase();
        let is_prose = *said != capitals;
        let (_, region, _) = INSIDES.iter().find(|(inside, _, in_any_case)| {
            (!is_prose || *in_any_case && *count == usize::MAX)
                && EDGES.iter().any(|edge| {
                    let inside = letters(inside);
                    [format!("{edge}{inside}"), format!("{inside}{edge}")].iter().any(|known| {
                        // In the middle of other words, only a slip is taken for the word.
                        let slips = if *count == usize::MAX { known.len() / 5 } else { known.len() / 10 };
                        distance(known, &capitals) <= slips
                    })
                })
        })?;
        Some(*region)
    })
}

/// What a line says behind the last sign that opens a comment. In text, `#` begins a heading.
fn comment(line: &str, is_code: bool) -> Option<&str> {
    let openers: &[&str] = if is_code { &["//", "/*", "<!--", "#"] } else { &["<!--"] };
    let end = openers.iter().filter_map(|opener| line.rfind(opener).map(|at| at + opener.len())).max()?;
    Some(&line[end..])
}

/// How many letters must be changed, left out, put in, or exchanged with their neighbour to get from one to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> Result<String> {
        cut(source, true).map(|cut| cut.source)
    }

    #[test]
    fn a_solution_becomes_a_stub() {
        let source = "fn f() -> f64 {\n    // BEGIN SOLUTION\n    1.0\n    // END SOLUTION\n}\nf()";
        assert_eq!(code(source).unwrap(), "fn f() -> f64 {\n    todo!()\n}\nf()");
        for (begin, stub) in [
            ("// BEGIN SOLUTION: say \"why\"", "todo!(\"say \\\"why\\\"\")"),
            ("//BEGIN SOLUTION", "todo!()"),
            ("### BEGIN SOLUTION", "todo!()"),
            ("\t/* BEGIN SOLUTION: like `{x}` */", "\ttodo!(\"like `{{x}}`\")"),
            ("BEGIN SOLUTION", "todo!()"),
        ] {
            assert_eq!(code(&format!("{begin}\nx\n### END SOLUTION\r\n")).unwrap(), format!("{stub}\n"), "{begin}");
        }
        let text = "Why?\n\n<!-- BEGIN SOLUTION -->\nBecause.\n<!-- END SOLUTION -->";
        assert_eq!(cut(text, false).unwrap().source, "Why?\n\n*Your answer here.*");
        let tests = "a\n// BEGIN HIDDEN TESTS\nb\n// END HIDDEN TESTS\n//BEGIN MARK SCHEME\nc\n//END MARK SCHEME\nd";
        let found = Cut { source: "a\nd".into(), answer: Vec::new(), solutions: 0, hidden_tests: 1, mark_schemes: 1 };
        assert_eq!(cut(tests, true).unwrap(), found);
    }

    #[test]
    fn regions_must_match() {
        for (source, reason) in [
            ("// BEGIN SOLUTION\n1", "`BEGIN SOLUTION` without an `END SOLUTION`"),
            ("// END SOLUTION", "without a `BEGIN SOLUTION`"),
            ("// BEGIN SOLUTION\n// BEGIN SOLUTION\n// END SOLUTION", "before the `END SOLUTION`"),
            ("// BEGIN SOLUTION\n// END HIDDEN TESTS", "without a `BEGIN HIDDEN TESTS`"),
            ("// BEGIN HIDDEN TESTS\n1", "without an `END HIDDEN TESTS`"),
            ("// BEGIN MARK SCHEME\n// BEGIN HIDDEN TESTS", "before the `END MARK SCHEME`"),
        ] {
            let error = code(source).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn what_looks_like_a_marker_is_refused() {
        for line in [
            "// Begin Solution",
            "// begin solution",
            "// begin solution: like addition",
            "# begin solution",
            "let x = 1; // BEGIN SOLUTION",
            "let x = 1; // begin solution",
            "} // END SOLUTION",
            "println!(\"BEGIN SOLUTION\");",
            "// BEGIN SOLUTIONS",
            "// BEGIN SOLUTON",
            "// BEGIN SOLUTON: like addition",
            "// BEGIN SOLUTON like addition",
            "// BEGN SOLUTION",
            "// BEIGN SOLUTION",
            "// BGEIN SOLTUION",
            "// EDN SOLUTION",
            "// END SOLUTION!",
            "// END SOLUTION: that was it",
            "// BEGIN-SOLUTION",
            "// BEGIN_SOLUTION",
            "// BEGINSOLUTION",
            "// BEGIN  SOLUTION",
            "// BEGIN\u{a0}SOLUTION",
            "// BEGIN \u{421}OLUTION",
            "// B\u{415}GIN S\u{41e}LUTION",
            "// <BEGIN SOLUTION>",
            "// [BEGIN SOLUTION]",
            "// BEGIN SOLUTION (2 points)",
            "// BEGIN SOLUTION NO PROMPT",
            "// SOLUTION BEGIN",
            "// Solution start",
            "// START SOLUTION",
            "// Stop solution",
            "// BEGIN MODEL ANSWER",
            "// BEGIN ANSWER",
            "// BEGIN PROMPT",
            "# BEGIN QUESTION",
            "# BEGIN TESTS",
            "// BEGIN HIDDEN TEST",
            "// begin hidden tests",
            "// BEGIN HIDEN TESTS",
            "// END HIDDEN TSETS",
            "// Begin mark scheme",
            "// BEGIN MARKING SCHEME",
            "// SOLUTION",
            "x + 1 # SOLUTION",
            "x + 1 // SOLUTION NO PROMPT",
            "// Solution: the quotient rule",
            "/* solution */",
        ] {
            let error = marker(line, true).unwrap_err().to_string();
            assert!(error.contains("is no marker; write `// BEGIN "), "{line}: {error}");
        }
        for line in [
            "<!-- begin solution -->",
            "<!-- BEGIN SOLUTON -->",
            "BEGIN SOLUTION and go on",
            "Begin solution",
            "**BEGIN SOLUTION**: yes?",
            "<!-- SOLUTION -->",
            "```{solution} exercise-1",
            ":::{.solution}",
            "::: solution",
            "<!-- BEGIN MARK SHEME -->",
        ] {
            let error = marker(line, false).unwrap_err().to_string();
            assert!(error.contains("is no marker; write `<!-- BEGIN "), "{line}: {error}");
        }
    }

    #[test]
    fn prose_and_code_are_no_markers() {
        for line in [
            "// the solution begins here",
            "// in the end, solutions differ",
            "// a solution of x² = 2",
            "// begin with the solution of the first",
            "// end of the test",
            "// end test",
            "let solution = begin(solution);",
            "#[derive(Clone)]",
            "r#\"a\"#",
            "fn end() {} // hidden",
            "",
        ] {
            assert_eq!(marker(line, true).unwrap(), None, "{line}");
        }
        for line in
            ["# Solution", "## Begin", "In the end the solution is 2.", "- End tests", "Begin solutions with a sketch."]
        {
            assert_eq!(marker(line, false).unwrap(), None, "{line}");
        }
    }

    #[test]
    fn distances_are_counted_in_slips() {
        for (a, b, slips) in [("END", "END", 0), ("END", "EDN", 1), ("END", "ED", 1), ("END", "BEND", 1), ("", "AB", 2)]
        {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }
}
