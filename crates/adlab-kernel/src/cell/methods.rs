//! Methods of a student's trait that would be called in place of those that a check means.
//!
//! Rust looks for a method of the value first, then of a reference to it: so a trait's `fn all(self)` comes before
//! `Iterator`'s `all(&mut self)`, and a trait's `fn len(self)` before that of `Vec`. What is a type's own and takes the value,
//! as all that numbers have, comes before any trait's.

use std::collections::BTreeSet;

use ra_ap_syntax::ast::{self, AstNode, HasName};
use serde::{Deserialize, Serialize};

use super::syntax::Tree;

/// What checks call, and of what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Methods {
    /// The names of methods, beside the usual ones.
    pub called: BTreeSet<String>,
    /// Those that answers are asked to define.
    pub asked_for: BTreeSet<String>,
    /// The types that are given.
    pub types: BTreeSet<String>,
}

/// What a check may call of anything.
const OF_ALL: &str = "to_string clone to_owned eq ne lt le gt ge cmp partial_cmp total_cmp borrow as_ref fmt";
/// Of containers.
const OF_CONTAINERS: &str = "len is_empty iter contains get first last to_vec as_str as_slice is_some is_none is_ok is_err \
    unwrap expect into_iter concat join starts_with ends_with chars bytes windows chunks";
/// Of iterators.
const OF_ITERATORS: &str = "all any next count sum product fold map zip enumerate rev filter chain take skip collect max min \
    position find eq try_fold for_each nth";
/// What takes a reference of the library's numbers; the rest takes the number.
const OF_NUMBERS: &str = "value wrt";

const NUMBERS: &str = "f32 f64 u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize bool char";
const LIBRARY_NUMBERS: &str = "Dual DualVec Taylor Var";
const CONTAINERS: &str =
    "Vec String str Option Result Box Rc Arc Cell RefCell HashMap HashSet BTreeMap BTreeSet VecDeque";
const LIBRARY: &str = "Tensor Tape Gradient Jacobian GradientCheck Recording Chart Figure";

fn has(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|one| one == name)
}

/// A method of a trait of the student's, for a type of somebody else's, that checks may call.
pub fn hidden(tree: &Tree, earlier: &Tree, methods: &Methods) -> Option<String> {
    let of_traits: Vec<ast::Trait> =
        [tree.all(), earlier.all()].iter().flat_map(|all| all.descendants().filter_map(ast::Trait::cast)).collect();
    tree.all().descendants().filter_map(ast::Impl::cast).find_map(|item| {
        let name = last_name(&item.trait_()?)?;
        // One of the standard library's is asked for by its name.
        let own = of_traits.iter().find(|item| item.name().is_some_and(|own| own.text() == name))?;
        let lists = [own.assoc_item_list(), item.assoc_item_list()];
        let members = lists.into_iter().flatten().flat_map(|list| list.assoc_items());
        let functions = members.filter_map(|member| match member {
            ast::AssocItem::Fn(function) => Some(function),
            _ => None,
        });
        let of_values = functions.filter(|function| function.param_list().is_some_and(|l| l.self_param().is_some()));
        let mut names = of_values.filter_map(|function| Some(function.name()?.text().to_string()));
        let whose = Whose::of(&item, methods)?;
        names.find(|name| whose.may_be_called(name, methods) && !methods.asked_for.contains(name))
    })
}

/// Whose type a trait is implemented for.
enum Whose {
    Number,
    LibraryNumber,
    Container,
    /// Anything, or what is not known by its name.
    Other,
}

impl Whose {
    /// Nothing, where the type is the student's own.
    fn of(item: &ast::Impl, methods: &Methods) -> Option<Self> {
        let ty = item.self_ty()?;
        let name = match &ty {
            ast::Type::PathType(_) => last_name(&ty)?,
            ast::Type::ArrayType(_) | ast::Type::SliceType(_) => return Some(Whose::Container),
            ast::Type::RefType(reference) => match reference.ty()? {
                ast::Type::SliceType(_) | ast::Type::ArrayType(_) => return Some(Whose::Container),
                of => last_name(&of)?,
            },
            _ => return Some(Whose::Other),
        };
        let parameters = ast::HasGenericParams::generic_param_list(item);
        let is_parameter = parameters.is_some_and(|list| {
            list.type_or_const_params().any(|parameter| match parameter {
                ast::TypeOrConstParam::Type(parameter) => parameter.name().is_some_and(|own| own.text() == name),
                ast::TypeOrConstParam::Const(_) => false,
            })
        });
        let text = ty.syntax().text().to_string();
        match name.as_str() {
            _ if is_parameter => Some(Whose::Other),
            name if has(NUMBERS, name) => Some(Whose::Number),
            name if has(LIBRARY_NUMBERS, name) => Some(Whose::LibraryNumber),
            name if has(CONTAINERS, name) => Some(Whose::Container),
            name if has(LIBRARY, name) || methods.types.contains(name) => Some(Whose::Other),
            // Of the standard library's others, as `std::slice::Iter`.
            _ if text.contains("iter::") || text.contains("slice::") || text.contains("std::") => Some(Whose::Other),
            _ => None,
        }
    }

    fn may_be_called(&self, name: &str, methods: &Methods) -> bool {
        has(OF_ALL, name)
            || match self {
                Whose::Number => false,
                Whose::LibraryNumber => has(OF_NUMBERS, name),
                Whose::Container => has(OF_CONTAINERS, name),
                Whose::Other => has(OF_CONTAINERS, name) || has(OF_ITERATORS, name) || methods.called.contains(name),
            }
    }
}

fn last_name(ty: &ast::Type) -> Option<String> {
    let ast::Type::PathType(ty) = ty else { return None };
    Some(ty.path()?.segment()?.name_ref()?.text().to_string())
}

/// The names of methods that a cell calls.
pub fn called(code: &str) -> BTreeSet<String> {
    let tokens = Tree::parse(code).tokens();
    let calls =
        tokens.windows(3).filter(|three| three[0].1.text() == "." && ["(", ":", "::"].contains(&three[2].1.text()));
    calls.map(|three| three[1].1.text().to_owned()).collect()
}

/// The names of functions that a cell defines, wherever they stand.
pub fn functions(code: &str) -> BTreeSet<String> {
    let functions = Tree::parse(code).all().descendants().filter_map(ast::Fn::cast).skip(1);
    functions.filter_map(|function| Some(function.name()?.text().to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_check_calls_is_its_own() {
        let methods = Methods {
            called: ["grad", "sin", "area", "mean"].map(str::to_owned).into(),
            asked_for: ["area".to_owned()].into(),
            types: ["Variable", "Shape"].map(str::to_owned).into(),
        };
        let hides = |code: &str, traits: &str| hidden(&Tree::parse(code), &Tree::parse(traits), &methods);
        for (code, name) in [
            (
                "trait Q { fn all<F>(self, f: F) -> bool; } impl<I: Iterator> Q for I { fn all<F>(self, _: F) -> bool { true } }",
                "all",
            ),
            ("trait Q { fn len(self) -> usize { 3 } fn x(); }\nimpl Q for Vec<f64> { fn x() {} }", "len"),
            (
                "trait Q { fn to_string(self) -> String; } impl Q for f64 { fn to_string(self) -> String { todo!() } }",
                "to_string",
            ),
            ("trait Q { fn grad(self) -> f64; } impl Q for &Variable { fn grad(self) -> f64 { 1.0 } }", "grad"),
            ("trait Q { fn sin(self) -> T; } impl Q for Tensor { fn sin(self) -> T { todo!() } }", "sin"),
            ("trait Q { fn value(self) -> f64; } impl Q for Var { fn value(self) -> f64 { 1.0 } }", "value"),
            ("mod m { pub trait Q { fn any(&self) -> bool { true } } impl<T> Q for T {} } use m::Q;", "any"),
            ("trait Q { fn next(self); } impl Q for std::slice::Iter<'_, f64> { fn next(self) {} }", "next"),
        ] {
            assert_eq!(hides(code, "").as_deref(), Some(name), "{code}");
        }
        assert_eq!(hides("impl<T> Q for T {}", "trait Q { fn all(self) {} }").as_deref(), Some("all"));
        for code in [
            "trait Elementary { fn sin(self) -> Self; fn exp(self) -> Self; }\nimpl Elementary for f64 { fn sin(self) -> f64 { f64::sin(self) } }",
            "trait Elementary { fn sin(self) -> Self; } impl Elementary for Dual { fn sin(self) -> Dual { Dual::sin(self) } }",
            "trait Area { fn area(&self) -> f64; } impl Area for Shape { fn area(&self) -> f64 { 1.0 } }",
            "trait Stats { fn mean(&self) -> f64; fn sum(&self) -> f64; } impl Stats for Vec<f64> { fn mean(&self) -> f64 { 1.0 } }",
            "struct Mine; trait Q { fn all(self) {} } impl Q for Mine {}",
            "impl Iterator for Mine { fn next(&mut self) -> Option<f64> { None } }",
            "impl<T> Q for T {}",
        ] {
            assert_eq!(hides(code, ""), None, "{code}");
        }
        assert_eq!(called("x.grad() + y.iter::<f64>().z; f(1)"), ["grad", "iter"].map(str::to_owned).into());
        assert_eq!(functions("fn a() { fn b() {} } impl D { fn c() {} }"), ["a", "b", "c"].map(str::to_owned).into());
    }
}
