//! Finds OpenBLAS as scirs2-linalg does, and gives its routines their usual names.

mod alias;
#[expect(dead_code, reason = "scirs2-linalg copies the library, too")]
#[path = "../scirs2-linalg/build/locate.rs"]
mod locate;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::{env, fs};

use object::{BinaryFormat, NameOrOrdinal, Object};

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
    if !library.prefixed {
        return Ok(());
    }
    let names = usual_names(&library.file)
        .map_err(|e| format!("cannot read {}: {e}", library.file.display()))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    alias::compile(&names, &out)?;
    println!("cargo:rustc-link-search=native={}", out.display());
    Ok(())
}

/// The names (`dgesdd_`) of what the library has with the prefix (`scipy_dgesdd_`).
fn usual_names(library: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let bytes = fs::read(library)?;
    let parsed = object::File::parse(&*bytes)?;
    let mut names = Vec::new();
    for export in parsed.exports()? {
        let export = export?;
        let NameOrOrdinal::Name(name) = export.name() else {
            continue;
        };
        let name = match parsed.format() {
            BinaryFormat::MachO => name.strip_prefix(b"_").unwrap_or(name),
            _ => name,
        };
        if let Some(usual) = name.strip_prefix(locate::PREFIX.as_bytes()) {
            names.push(str::from_utf8(usual)?.to_owned());
        }
    }
    Ok(names)
}
