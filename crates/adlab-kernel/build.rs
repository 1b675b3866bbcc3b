//! Exports `write` and `writev` from the program, so that the libraries it loads, the cells, call ours; see
//! `src/runtime/stdio.rs`.

fn main() {
    println!("cargo:rerun-if-changed=src/runtime/exported-symbols.txt");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let crate_dir = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
        println!("cargo:rustc-link-arg-bins=-Wl,--dynamic-list={crate_dir}/src/runtime/exported-symbols.txt");
    }
}
