//! Differentiates the same programs by several libraries, and prints how long each takes; see `scripts/bench`.

mod bare;
mod clock;
mod contenders;
mod forward;
mod measure;
mod numbers;
mod programs;

use contenders::Contender;
use measure::Samples;

/// Two gradients agree up to this, relative to their size.
const AGREES: f64 = 1e-8;

fn main() {
    let mut rounds = 25;
    let (mut libraries, mut only) = (Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().and_then(|n| n.parse().ok()).expect("--rounds wants a number"),
            // One program alone, for a profiler.
            "--only" => only = arguments.next(),
            library => libraries.push(library.to_owned()),
        }
    }
    let contenders = contenders::all(&libraries);
    let mut programs = programs::all();
    programs.retain(|program| only.as_ref().is_none_or(|only| program.name == only));
    let mut table: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    for program in &programs {
        let operations = contenders::operations(program) as f64;
        compare(program, &contenders);
        let mut samples: Vec<Samples> = contenders.iter().map(|_| Samples::default()).collect();
        for _ in 0..rounds {
            for (contender, samples) in contenders.iter().zip(&mut samples) {
                samples.add(|| (contender.run)(program));
            }
        }
        for (row, samples) in table.iter_mut().zip(&samples) {
            row.push(samples.least() / operations);
        }
    }
    print(&contenders, &programs, &table);
    if only.is_none() {
        forward::run(rounds);
    }
}

/// Before anything is timed, all gradients are compared with those of the tape.
fn compare(program: &programs::Program, contenders: &[Contender]) {
    let expected = contenders::by_tape(program);
    for contender in contenders {
        let Some(found) = (contender.run)(program) else { continue };
        let worst =
            expected.iter().zip(&found).map(|(x, y)| (x - y).abs() / (x.abs() + y.abs()).max(1.0)).fold(0.0, f64::max);
        // Toon divides by differences that pass through 0: there even two right answers differ.
        if worst.is_nan() || worst > AGREES && program.kind != programs::Kind::Toon {
            println!("{}: {} differs by {worst:.1e}", program.name, contender.name);
        }
    }
}

fn print(contenders: &[Contender], programs: &[programs::Program], table: &[Vec<f64>]) {
    let names: Vec<&str> = programs.iter().map(|program| program.name).collect();
    println!("Nanoseconds an operation, the least of all samples.\n\n| | {} |", names.join(" | "));
    println!("|---{}|", "|---".repeat(names.len()));
    for (contender, row) in contenders.iter().zip(table) {
        let cells: Vec<String> = row.iter().map(|x| format!("{x:.2}")).collect();
        println!("| {} | {} |", contender.name, cells.join(" | "));
    }
    println!("\nRatios of these: the geometric mean over the programs, and the greatest.\n");
    println!("| | to | mean | greatest |\n|---|---|---|---|");
    let best_rust: Vec<f64> = (0..names.len())
        .map(|i| {
            contenders.iter().zip(table).filter(|(c, _)| c.is_rust_peer).map(|(_, row)| row[i]).fold(f64::MAX, f64::min)
        })
        .collect();
    let ours = contenders.iter().zip(table).filter(|(c, _)| c.is_ours);
    for (contender, row) in ours {
        line(contender.name, "the best Rust peer of each", row, &best_rust);
        for (other, of) in contenders.iter().zip(table) {
            if other.name != contender.name && other.name != "the function alone" && !other.is_rust_peer {
                line(contender.name, other.name, row, of);
            }
        }
    }
}

fn line(name: &str, other: &str, row: &[f64], of: &[f64]) {
    let ratios: Vec<f64> = row.iter().zip(of).map(|(x, y)| x / y).collect();
    let mean = (ratios.iter().map(|x| x.ln()).sum::<f64>() / ratios.len() as f64).exp();
    println!("| {name} | {other} | {mean:.2} | {:.2} |", ratios.iter().copied().fold(0.0, f64::max));
}
