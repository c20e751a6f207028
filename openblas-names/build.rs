//! Finds OpenBLAS as scirs2-linalg does, and gives its routines their usual names.

mod alias;
#[expect(dead_code, reason = "scirs2-linalg copies the library, too")]
#[path = "../scirs2-linalg/build/locate.rs"]
mod locate;

use std::env;
use std::path::PathBuf;
use std::process::exit;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=alias.rs");
    println!("cargo:rerun-if-changed=../scirs2-linalg/build/locate.rs");
    if let Err(message) = compile() {
        eprintln!("{message}");
        exit(1);
    }
}

fn compile() -> Result<(), String> {
    let locate::Found::File(library) = locate::find()? else {
        return Ok(());
    };
    println!("cargo:rerun-if-changed={}", library.file.display());
    if library.prefixed.is_empty() {
        return Ok(());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    alias::compile(&library.prefixed, &out)?;
    println!("cargo:rustc-link-search=native={}", out.display());
    Ok(())
}
