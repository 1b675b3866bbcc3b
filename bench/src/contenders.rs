//! Who takes part: each gives the gradient of a program, from nothing but its inputs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, c_char};

use adlab::{Recording, Tape};
use libloading::Library;

use crate::bare;
use crate::numbers::Adr;
use crate::programs::{Program, run};

pub struct Contender {
    pub name: &'static str,
    pub is_ours: bool,
    pub is_rust_peer: bool,
    /// None for one that only computes the value.
    pub run: Box<dyn Fn(&Program) -> Option<Vec<f64>>>,
}

fn contender(name: &'static str, run: impl Fn(&Program) -> Option<Vec<f64>> + 'static) -> Contender {
    Contender { name, is_ours: false, is_rust_peer: false, run: Box::new(run) }
}

/// All of them; `libraries` are the C++ ones, compiled.
pub fn all(libraries: &[String]) -> Vec<Contender> {
    let alone = contender("the function alone", |program| {
        std::hint::black_box(run(program.kind, std::hint::black_box(&program.inputs[..])));
        None
    });
    let tape = Tape::new();
    let recorded: RefCell<HashMap<&str, Recording>> = RefCell::default();
    let ours = [
        contender("adlab, tape", move |program| {
            tape.clear();
            Some(record(&tape, program))
        }),
        contender("adlab, gradient(f, …)", |program| {
            Some(adlab::gradient(|x| run(program.kind, x), &program.inputs))
        }),
        contender("adlab, replay", move |program| {
            let mut recorded = recorded.borrow_mut();
            let new = || adlab::record(|x| run(program.kind, x), &program.inputs);
            Some(recorded.entry(program.name).or_insert_with(new).gradient(&program.inputs))
        }),
    ];
    let bare = [
        contender("a tape without checks", bare::gradient::<false>()),
        contender("the same, with a check for room", bare::gradient::<true>()),
    ];
    let reverse_tape: &'static reverse::Tape = Box::leak(Box::new(reverse::Tape::new()));
    let peers = [
        contender("echidna", |program| Some(echidna::grad(|x| run(program.kind, x), &program.inputs))),
        contender("reverse", move |program| {
            reverse_tape.clear();
            let x = reverse_tape.add_vars(&program.inputs);
            let mut gradient = run(program.kind, &x).grad();
            gradient.truncate(x.len());
            Some(gradient)
        }),
        contender("ad_trait", |program| {
            use ad_trait::reverse_ad::adr::{GlobalComputationGraph, adr};
            GlobalComputationGraph::get().reset();
            let x: Vec<Adr> = program.inputs.iter().map(|&x| Adr(adr::new_variable(x, false))).collect();
            let gradient = run(program.kind, &x).0.get_backwards_mode_grad();
            Some(x.iter().map(|x| gradient.wrt(&x.0)).collect())
        }),
    ];
    let ours = ours.map(|ours| Contender { is_ours: true, ..ours });
    let peers = peers.map(|peer| Contender { is_rust_peer: true, ..peer });
    let compiled = libraries.iter().flat_map(|path| compiled(path));
    [alone].into_iter().chain(ours).chain(bare).chain(peers).chain(compiled).collect()
}

fn record(tape: &Tape, program: &Program) -> Vec<f64> {
    let x = tape.vars(&program.inputs);
    let gradient = run(program.kind, &x).backward();
    x.iter().map(|&x| gradient.wrt(x)).collect()
}

pub fn by_tape(program: &Program) -> Vec<f64> {
    record(&Tape::new(), program)
}

/// How many operations a program has: all that is done with numbers, inputs not counted.
pub fn operations(program: &Program) -> usize {
    let tape = Tape::new();
    record(&tape, program);
    tape.len() - program.inputs.len()
}

/// The gradient of a program by its number: how many ways there are is `ways()`, and `name(way)` what they are called.
type Gradient = unsafe extern "C" fn(way: i32, kind: i32, x: *const f64, n: usize, gradient: *mut f64) -> f64;
type Name = unsafe extern "C" fn(way: i32) -> *const c_char;

fn compiled(path: &str) -> Vec<Contender> {
    // SAFETY: they are made from bench/cpp, and define these functions; they are never unloaded.
    let (name, gradient): (Name, Gradient) = unsafe {
        let library = Box::leak(Box::new(Library::new(path).expect("a library that was just compiled")));
        (*library.get(b"name").expect("name"), *library.get(b"gradient").expect("gradient"))
    };
    // SAFETY: null where there is no such way, else a literal.
    let names = (0..).map_while(move |way| unsafe {
        let name = name(way);
        (!name.is_null()).then(|| (way, CStr::from_ptr(name).to_str().expect("ASCII")))
    });
    names
        .map(|(way, name)| {
            contender(name, move |program| {
                let mut found = vec![0.0; program.inputs.len()];
                // SAFETY: `found` has as many numbers as there are inputs.
                unsafe { gradient(way, program.kind as i32, program.inputs.as_ptr(), found.len(), found.as_mut_ptr()) };
                Some(found)
            })
        })
        .collect()
}
