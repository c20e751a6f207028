//! Links OpenBLAS: finds it, tells the crate how its symbols begin, and keeps a
//! copy where `cargo run` and `cargo test` let the loader look.
//!
//! It depends on no crate, so that cargo waits for none before it runs it and a missing OpenBLAS
//! is reported. Cargo may still compile other crates first.

#[path = "build/locate.rs"]
mod locate;

use std::path::{Path, PathBuf};
use std::process::exit;
use std::{env, fs};

use locate::{Found, Library};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    if let Err(message) = link() {
        eprintln!("{message}");
        exit(1);
    }
}

fn link() -> Result<(), String> {
    match locate::find()? {
        Found::File(library) => link_file(&library),
        Found::System { folders, names } => {
            prefix("");
            for folder in folders {
                println!("cargo:rustc-link-search=native={folder}");
            }
            for name in names {
                println!("cargo:rustc-link-lib=dylib={name}");
            }
            Ok(())
        }
    }
}

fn link_file(library: &Library) -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo:rerun-if-changed={}", library.file.display());
    // Cargo puts a search path on the loader's path only where it lies inside
    // the target folder, so the library comes here.
    copy(library, &out)?;
    copy_licence(library, &out)?;
    prefix(if library.prefixed { locate::PREFIX } else { "" });
    println!("cargo:rustc-link-search=native={}", out.display());
    // For the build script of a program that is to run outside of cargo: DEP_SCIRS2_OPENBLAS_DIR.
    println!("cargo::metadata=dir={}", out.display());
    println!("cargo:rustc-link-lib=dylib={}", library.link_name);
    Ok(())
}

/// Tells the crate what the library's symbols begin with.
fn prefix(prefix: &str) {
    println!("cargo:rustc-env=SCIRS2_OPENBLAS_PREFIX={prefix}");
}

/// Copies the library, its import library (Windows) and the versioned names
/// that its loader may ask for (`libopenblas.so.0`).
fn copy(library: &Library, out: &Path) -> Result<(), String> {
    let told = |e| {
        format!(
            "cannot copy {} to {}: {e}",
            library.file.display(),
            out.display()
        )
    };
    let folder = library.file.parent().expect("a file has a folder");
    for entry in fs::read_dir(folder).map_err(told)? {
        let entry = entry.map_err(told)?;
        let name = entry.file_name();
        if library.is_part(&name.to_string_lossy()) {
            // Under the final name the file is whole at every moment: a
            // maturin of another build may be reading it.
            let part = out.join("openblas.part");
            fs::copy(entry.path(), &part).map_err(told)?;
            fs::rename(&part, out.join(&name)).map_err(told)?;
        }
    }
    Ok(())
}

/// Lays the licence of a packaged OpenBLAS beside the copy; `pyproject.toml`
/// takes it into the wheel.
fn copy_licence(library: &Library, out: &Path) -> Result<(), String> {
    let folder = out.join("openblas-licence");
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let Some(packages) = library.file.ancestors().nth(3) else {
        return Ok(());
    };
    let Ok(entries) = fs::read_dir(packages) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("scipy_openblas32-") && name.ends_with(".dist-info") {
            let licence = entry.path().join("licenses").join("LICENSE.txt");
            fs::copy(&licence, folder.join("LICENSE-OpenBLAS.txt"))
                .map_err(|e| format!("cannot copy {}: {e}", licence.display()))?;
        }
    }
    Ok(())
}
