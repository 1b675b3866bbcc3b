//! JSON as notebooks have it: Python writes, and reads, some that the standard does not know.

use anyhow::Result;
use serde_json::Value;

/// Numbers that Python's own JSON has.
const NO_NUMBERS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// With a byte-order mark, and where need be without what is no JSON: `NaN` becomes null, and half a character becomes �.
pub fn parse(text: &str) -> Result<Value> {
    let text = text.trim_start_matches('\u{feff}');
    Ok(serde_json::from_str(text).or_else(|error| serde_json::from_str(&mended(text)).map_err(|_| error))?)
}

fn mended(text: &str) -> String {
    let (mut result, mut rest, mut in_string) = (String::new(), text, false);
    while let Some(next) = rest.chars().next() {
        let number = NO_NUMBERS.iter().find(|word| !in_string && rest.starts_with(*word));
        let (taken, written) = match (next, number) {
            (_, Some(word)) => (word.len(), "null"),
            ('\\', _) if in_string => match (half(rest), half(rest.get(6..).unwrap_or_default())) {
                (Some(High), Some(Low)) => (12, &rest[..12]),
                (Some(_), _) => (6, "\\ufffd"),
                (None, _) => {
                    let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
                    (1 + escaped, &rest[..1 + escaped])
                }
            },
            _ => {
                in_string ^= next == '"';
                (next.len_utf8(), &rest[..next.len_utf8()])
            }
        };
        result += written;
        rest = &rest[taken..];
    }
    result
}

/// Characters beyond the first 65 536 are written in two halves.
enum Half {
    High,
    Low,
}
use Half::{High, Low};

fn half(text: &str) -> Option<Half> {
    let code = u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
    match code {
        0xd800..=0xdbff => Some(High),
        0xdc00..=0xdfff => Some(Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_python_writes_is_read() {
        for (text, expected) in [
            ("\u{feff}{\"a\": 1}", json!({ "a": 1 })),
            ("[NaN, -Infinity, Infinity, -1, \"NaN\"]", json!([null, null, null, -1, "NaN"])),
            (r#"["\ud83d", "\ude00x", "\ud83d\ude00", "\\ud83d \" NaN"]"#, json!(["�", "�x", "😀", "\\ud83d \" NaN"])),
            (r#"["\ud83d\ud83d\ude00é", NaN]"#, json!(["�😀é", null])),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for text in ["", "[1, 2", "NaNa", "{\"a\": Nan}", "print(1)", "[\"\\ud83\"]", "[\"\\"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
