//! What the course's own numbers want, and what PyTorch's users expect of them.

use super::operands::{is_integer, is_name, operand_after, operand_before};
use super::rule::{Advice, Case, Rule};

pub const RULES: &[Rule] = &[
    Rule { name: "tensor([1, 2])", says: tensor_of_integers },
    Rule { name: "t * 2", says: tensor_and_integer },
    Rule { name: "derivative of a function on f64", says: not_generic },
    Rule { name: "v.append(x)", says: append },
    Rule { name: "names of methods", says: method },
    Rule { name: "t[0]", says: index },
    Rule { name: "t += 1.0", says: assign },
    Rule { name: "let x: f64 = t", says: number_of_a_tensor },
    Rule { name: "x.grad() of a tape's variable", says: grad_of_a_var },
    Rule { name: "x * y of one's own type", says: operands_to_lend },
    Rule { name: "&a + b", says: operand_to_lend },
    Rule { name: "2.0 * x of any type", says: plain_first },
    Rule { name: "v.push(a, b)", says: push_of_a_pair },
];

/// `[1, 2]` with points.
fn with_points(text: &str) -> String {
    let mut result = String::new();
    let mut number = String::new();
    let mut before = ' ';
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() || !number.is_empty() && (c.is_alphanumeric() || matches!(c, '_' | '.')) {
            if number.is_empty() {
                before = result.chars().last().unwrap_or(' ');
            }
            number.push(c);
            continue;
        }
        let is_plain = is_integer(&number) && !before.is_alphanumeric() && before != '_';
        // How many there are is no number of the tensor's.
        let is_count = result.trim_end().ends_with(';');
        result.push_str(&number);
        if is_plain && !is_count {
            result.push_str(".0");
        }
        number.clear();
        result.push(c);
    }
    result.pop();
    result
}

const OF_POINTS: &str = "a tensor holds numbers with a point: `tensor([1.0, 2.0])`";

fn tensor_of_integers(case: &Case) -> Option<Advice> {
    let message = case.message();
    let is_it = case.is(&["E0277"]) && message.contains("Tensor: From<") && message.contains("{integer}");
    let range = case.range().filter(|_| is_it && case.marked().starts_with(['[', '&', 'v']))?;
    let advice = Advice::rust(OF_POINTS).message("a tensor can't be made of whole numbers").enough();
    Some(advice.edit(range, with_points(case.marked())))
}

fn tensor_and_integer(case: &Case) -> Option<Advice> {
    let message = case.message();
    let is_it = case.is(&["E0277"]) && message.contains("Tensor: From<{integer}>");
    let range = case.range().filter(|_| is_it)?;
    let (before, after) = case.around();
    let advice = Advice::rust("numbers that meet a tensor have a point: `t * 2.0`").enough();
    let advice = advice.message("a tensor and a whole number don't mix");
    if is_integer(case.marked()) {
        return Some(advice.edit(range.end..range.end, ".0"));
    }
    let ((end, right), (start, left)) = (operand_after(after), operand_before(before));
    Some(match () {
        () if is_integer(right) => advice.edit(range.end + end..range.end + end, ".0"),
        () if is_integer(left) => advice.edit(start + left.len()..start + left.len(), ".0"),
        () => advice,
    })
}

const DIFFERENTIATE: [&str; 17] = [
    "derivative",
    "derivatives",
    "nested_derivative",
    "gradient",
    "forward_gradient",
    "hessian",
    "jacobian",
    "jvp",
    "vjp",
    "hvp",
    "directional_derivative",
    "value_and_derivative",
    "value_and_gradient",
    "check_gradient",
    "check_gradient_with",
    "plot",
    "contour",
];

/// A function on `f64` can't be given other numbers.
fn not_generic(case: &Case) -> Option<Advice> {
    let (before, _) = case.around();
    // The function is marked, or all of the call.
    let marked = case.marked();
    let before_it = before.trim_end().strip_suffix('(').map(|text| operand_before(text).1);
    let call = before_it.or(marked.split_once('(').map(|(name, _)| name))?;
    if !case.is(&["E0631", "E0271"]) || !DIFFERENTIATE.contains(&call) {
        return None;
    }
    let own = case.diagnostic.labels.iter().filter(|label| label.source.current).map(|label| label.range.clone());
    let closure = own.map(|range| (range.clone(), &case.cell.code[range])).find(|(_, text)| text.starts_with('|'));
    if let Some((range, closure)) = closure {
        let hint = format!("`{call}` gives the function numbers of its own kind: leave their type out");
        let head = closure[1..].find('|').map_or(0, |at| at + 1);
        let untyped = |head: &str| head.replace(": f64", "").replace(": &[f64]", "");
        let advice = Advice::rust(hint).enough();
        return Some(advice.edit(range.start..range.start + head, untyped(&closure[..head])));
    }
    let name = if is_name(marked) { marked } else { "f" };
    let hint = format!(
        "`{call}` gives the function numbers of its own kind, so it must take any: `fn {name}<T: Scalar>(x: T) -> T {{ … }}`"
    );
    Some(Advice::rust(hint).enough())
}

fn append(case: &Case) -> Option<Advice> {
    let (before, _) = case.around();
    let given =
        before.trim_end().strip_suffix("append(").filter(|_| case.is(&["E0308"]) && case.says("expected `&mut Vec"));
    let missing = case.is(&["E0599"]) && case.marked() == "append";
    let start = given.map(str::len).or(case.range().filter(|_| missing).map(|range| range.start))?;
    let advice = Advice::rust("`push` puts one value behind a vector's last").enough();
    Some(advice.edit(start..start + "append".len(), "push"))
}

fn number_of_a_tensor(case: &Case) -> Option<Advice> {
    let label = case.primary().filter(|_| case.is(&["E0308"]))?;
    let is_it = ["expected `f64`, found `Tensor`", "expected `f64`, found `&Tensor`"].contains(&label.text.as_str());
    let advice = Advice::rust("the number of a tensor that has one is `t.item()`").enough();
    let is_plain = !case.marked().contains([' ', '&']);
    is_it.then(|| if is_plain { advice.edit(label.range.end..label.range.end, ".item()") } else { advice })
}

fn grad_of_a_var(case: &Case) -> Option<Advice> {
    let of_var = case.message().contains("`Var<") || case.message().contains("`Var`");
    let is_it = case.is(&["E0599"]) && case.marked() == "grad" && of_var;
    is_it.then(|| {
        Advice::rust("on a tape the adjoints are what `backward` gives: `let adjoints = z.backward(); adjoints.wrt(x)`")
            .enough()
    })
}

const OPERATORS: [char; 4] = ['+', '-', '*', '/'];

/// `x * y`, where the operator is defined for what is lent.
fn operands_to_lend(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0369", "E0277"]) && case.message().starts_with("cannot ");
    let (first, second) = (case.quoted(0), case.quoted(1));
    let name = first.trim_start_matches('&');
    let is_one_type = is_name(name) && name.starts_with(char::is_uppercase) && second.trim_start_matches('&') == name;
    let range = case.range().filter(|_| is_it && is_one_type && (first == name || second == name))?;
    let lends = format!(" for &{name}");
    if !case.cell.code.contains(&lends) && !case.scope.definitions.code().contains(&lends) {
        return None;
    }
    let (before, after) = case.around();
    let ((start, left), (end, right)) = (operand_before(before), operand_after(after));
    let hint = "your operators take what is lent: `&a * &b`, and in brackets what they make of it: `&(&a * &b) + &c`";
    let advice = Advice::rust(hint).enough();
    // What stands before it may be an operand itself.
    let alone = !before[..start].trim_end().ends_with(['+', '-', '*', '/', '&']);
    if !is_name(left) || !is_name(right) || !alone {
        return Some(advice);
    }
    let right_at = range.end + end - right.len();
    Some(advice.edit(start..start, "&").edit(right_at..right_at, "&"))
}

/// `&a + b`, where `b` is to be lent as well.
fn operand_to_lend(case: &Case) -> Option<Advice> {
    let label = case.primary().filter(|_| case.is(&["E0308"]))?;
    let (expected, found) = label.text.strip_prefix("expected `&")?.strip_suffix('`')?.split_once("`, found `")?;
    let (before, _) = case.around();
    let is_operand = expected == found && before.trim_end().ends_with(OPERATORS);
    let advice = Advice::rust("`&` lends the right side of the operator, too").enough();
    is_operand.then(|| advice.edit(label.range.start..label.range.start, "&"))
}

/// `2.0 * x`, where `x` may be of any type of numbers.
fn plain_first(case: &Case) -> Option<Advice> {
    let is_parameter = |ty: &str| ty.len() == 1 && ty.starts_with(char::is_uppercase);
    let is_plain = |ty: &str| ["f64", "{float}", "{integer}"].contains(&ty);
    let kinds = (case.quoted(0), case.quoted(1));
    let adds = case.message().starts_with("cannot add") || case.message().starts_with("cannot subtract");
    // "cannot add b to a" has them the other way round.
    let (left, right) = if adds { (kinds.1, kinds.0) } else { kinds };
    let is_it = case.is(&["E0277"]) && case.message().starts_with("cannot ") && is_plain(left) && is_parameter(right);
    is_it.then(|| {
        let hint = format!(
            "numbers of the type `{right}` begin as `{right}::from(1.0)`; a plain number stands on the right: `x * 2.0`"
        );
        Advice::rust(hint).enough()
    })
}

fn push_of_a_pair(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0061"]) && case.marked() == "push" && case.message().contains("but 2 arguments");
    is_it.then(|| Advice::rust("two values become one, a pair, in brackets of their own: `v.push((a, b))`").enough())
}

/// What it is called elsewhere, and here; and a word on it.
const METHODS: [(&str, &str, &str); 17] = [
    ("value", "item", "the number of a tensor that has one is `t.item()`"),
    ("numpy", "to_vec", "a tensor's numbers as a vector are `t.to_vec()`"),
    ("tolist", "to_vec", "a tensor's numbers as a vector are `t.to_vec()`"),
    ("size", "shape", "the shape of a tensor is `t.shape()`, the length of a vector `v.len()`"),
    ("length", "len", "the length of a vector or text is `v.len()`"),
    ("view", "reshape", "a tensor of another shape is `t.reshape(&[2, 3])`"),
    ("mm", "matmul", "the product of matrices is `a.matmul(&b)`"),
    ("dot", "matmul", "the product of matrices is `a.matmul(&b)`"),
    ("T", "t()", "the transpose is `t.t()`"),
    ("pow", "powi", "a power is `x.powi(2)`, and `x.powf(0.5)` where the exponent is no whole number"),
    ("zero_", "zero_grad", "gradients are cleared by `t.zero_grad()`"),
    ("requires_grad_", "requires_grad", "`.requires_grad()` asks for gradients"),
    ("upper", "to_uppercase", ""),
    ("lower", "to_lowercase", ""),
    ("strip", "trim", ""),
    ("startswith", "starts_with", ""),
    ("endswith", "ends_with", ""),
];

fn method(case: &Case) -> Option<Advice> {
    let name = case.marked();
    let (_, instead, hint) = METHODS.iter().find(|(known, ..)| *known == name)?;
    let is_missing = case.is(&["E0599", "E0609"]) && case.says(&format!("`{name}`"));
    // What rustc proposes knows the type.
    let has_better = case.diagnostic.corrections.iter().any(|c| c.source.current) && *instead != "t()";
    let range = case.range().filter(|_| is_missing && !has_better)?;
    let of_tensor = case.message().contains("Tensor");
    let is_tensors =
        ["item", "to_vec", "shape", "reshape", "matmul", "t()", "zero_grad", "requires_grad"].contains(instead);
    if is_tensors && !of_tensor {
        return None;
    }
    // A field is no call yet.
    let is_field = case.is(&["E0609"]) && !instead.ends_with(')');
    let instead = if is_field { format!("{instead}()") } else { (*instead).to_owned() };
    let hint = if hint.is_empty() { format!("it is called `{instead}`") } else { (*hint).to_owned() };
    Some(Advice::rust(hint).enough().edit(range, instead))
}

fn index(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0608"]) && case.message().contains("`Tensor`");
    is_it.then(|| Advice::rust("an element of a tensor is `t.get(&[0, 1])`, a row `t.select(0, 1)`").enough())
}

fn assign(case: &Case) -> Option<Advice> {
    let is_it = case.is(&["E0368"]) && case.message().contains("`Tensor`");
    is_it.then(|| Advice::rust("a tensor is changed by an assignment: `let mut t = …;`, then `t = &t + 1.0;`").enough())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, check, sample};
    use super::*;
    use crate::scope::Scope;

    #[test]
    fn each_rule_speaks_where_it_should() {
        let from = "the trait bound `Tensor: From<[{integer}; 2]>` is not satisfied";
        let one = "the trait bound `Tensor: From<{integer}>` is not satisfied";
        let vec = Sample {
            code: "E0308",
            message: "mismatched types",
            cell: "v.append(«3.0»);",
            label: "expected `&mut Vec<f64>`",
        };
        let pairs = [
            (sample("E0277", from, "tensor(«[1, -2]»)"), "→ tensor([1.0, -2.0])"),
            (sample("E0277", from, "tensor(«[[1, 2], [x1, 4]]»)"), "→ tensor([[1.0, 2.0], [x1, 4.0]])"),
            (sample("E0277", from, "tensor(«[0; 3]»)"), "→ tensor([0.0; 3])"),
            (sample("E0277", one, "t «*» 2"), "→ t * 2.0"),
            (sample("E0277", one, "2 «*» t"), "→ 2.0 * t"),
            (sample("E0277", one, "tensor(«2»)"), "→ tensor(2.0)"),
            (
                Sample {
                    code: "E0308",
                    message: "mismatched types",
                    cell: "let x: f64 = «t»;",
                    label: "expected `f64`, found `Tensor`",
                },
                "→ let x: f64 = t.item();",
            ),
            (sample("E0599", "no method named `grad` found for struct `Var<T>`", "v.«grad»()"), "`let adjoints"),
            (sample("E0369", "cannot multiply `V` by `V`", "impl Mul for &V {} let z = x «*» y;"), "let z = &x * &y;"),
            (sample("E0369", "cannot add `&V` to `V`", "impl Mul for &V {} &x * &y «+» &z"), "`&(&a * &b) + &c`"),
            (
                Sample {
                    code: "E0308",
                    message: "mismatched types",
                    cell: "&(&x * &y) + «x.sin()»",
                    label: "expected `&V`, found `V`",
                },
                "→ &(&x * &y) + &x.sin()",
            ),
            (sample("E0277", "cannot multiply `f64` by `T`", "z «*» x"), "`T::from(1.0)`"),
            (sample("E0061", "this method takes 1 argument but 2 arguments were supplied", "v.«push»(a, b)"), "a pair"),
            (
                sample("E0631", "type mismatch in function arguments", "derivative(«sq», 2.0)"),
                "fn sq<T: Scalar>(x: T) -> T",
            ),
            (
                sample("E0631", "type mismatch in closure arguments", "derivative(«|x: f64| x * x», 2.0)"),
                "→ derivative(|x| x",
            ),
            (vec, "→ v.push(3.0);"),
            (sample("E0599", "no method named `numpy` found for struct `Tensor`", "t.«numpy»()"), "→ t.to_vec()"),
            (sample("E0609", "no field `length` on type `Vec<f64>`", "v.«length»"), "→ v.len()"),
            (sample("E0609", "no field `T` on type `Tensor`", "t.«T»"), "→ t.t()"),
            (
                sample("E0599", "no method named `upper` found for reference `&str`", "s.«upper»()"),
                "→ s.to_uppercase()",
            ),
        ];
        let pairs = pairs.into_iter().chain([
            (sample("E0608", "cannot index into a value of type `Tensor`", "t«[0]»"), "`t.get(&[0, 1])`"),
            (
                sample("E0368", "binary assignment operation `+=` cannot be applied to type `Tensor`", "«t» += 1.0"),
                "`t = &t + 1.0;`",
            ),
        ]);
        let pairs: Vec<_> = pairs.collect();
        let silent = [
            sample("E0599", "no method named `size` found for struct `Own`", "o.«size»()"),
            sample("E0631", "type mismatch in function arguments", "v.iter().map(«f»)"),
            sample("E0277", "the trait bound `Tensor: From<String>` is not satisfied", "tensor(«s»)"),
        ];
        check(RULES, &pairs, &silent, &Scope::default());
    }
}
