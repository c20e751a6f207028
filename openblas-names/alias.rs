//! Names for prefixed routines: `lapack-sys` calls `dgesdd_`, the library has
//! `scipy_dgesdd_`. A shared library cannot be renamed, so each routine gets a
//! hidden one-instruction function that jumps to it.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::locate::PREFIX;

const ARCHIVE: &str = "scirs2_openblas_names";

/// Writes and compiles the names into `out`, and links them.
pub(crate) fn compile(routines: &[String], out: &Path) -> Result<(), String> {
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    let (os, arch, abi) = (target("OS"), target("ARCH"), target("ENV"));

    let names = routines.iter().map(String::as_str);
    let (text, ending) = match (os.as_str(), arch.as_str()) {
        ("windows", _) if abi == "msvc" => (msvc(names), "c"),
        ("windows", "x86_64") => (windows_gnu(names), "s"),
        ("macos" | "ios", "x86_64") => (mach_o(names, "jmp"), "s"),
        ("macos" | "ios", "aarch64") => (mach_o(names, "b"), "s"),
        (_, "x86_64") => (
            elf(names, |name| format!("jmp *{PREFIX}{name}@GOTPCREL(%rip)")),
            "s",
        ),
        (_, "aarch64") => (elf(names, |name| format!("b {PREFIX}{name}")), "s"),
        _ => {
            return Err(format!(
                "OpenBLAS with the symbol prefix {PREFIX} is not supported on {arch} {os}: \
                 set SCIRS2_OPENBLAS_DIR to an OpenBLAS without a prefix"
            ));
        }
    };
    let source = out.join(format!("names.{ending}"));
    fs::write(&source, text).map_err(|e| format!("cannot write {}: {e}", source.display()))?;
    cc::Build::new()
        .file(&source)
        .cargo_metadata(false)
        .try_compile(ARCHIVE)
        .map_err(|e| format!("cannot compile {}: {e}", source.display()))?;
    // Whole: on the linker's command line the crates that ask for the names
    // come after this archive, and a linker does not look back.
    println!("cargo:rustc-link-lib=static:+whole-archive={ARCHIVE}");
    Ok(())
}

/// One section a name, so that the linker drops those that nobody calls, and
/// the loader need not look them up.
fn elf<'a>(names: impl Iterator<Item = &'a str>, jump: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for name in names {
        write!(
            text,
            ".section .text.{name},\"ax\",%progbits\n.globl {name}\n.hidden {name}\n\
             .type {name},%function\n{name}:\n\t{}\n.size {name}, .-{name}\n",
            jump(name)
        )
        .expect("a string takes all");
    }
    // Without it the linker makes the stack executable.
    text.push_str(".section .note.GNU-stack,\"\",%progbits\n");
    text
}

fn mach_o<'a>(names: impl Iterator<Item = &'a str>, jump: &str) -> String {
    let mut text = String::from(".text\n");
    for name in names {
        writeln!(
            text,
            ".globl _{name}\n.private_extern _{name}\n.p2align 2\n_{name}:\n\t{jump} _{PREFIX}{name}"
        )
        .expect("a string takes all");
    }
    // Lets the linker drop the unused ones.
    text.push_str(".subsections_via_symbols\n");
    text
}

fn windows_gnu<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for name in names {
        writeln!(
            text,
            ".section .text${name},\"x\"\n.globl {name}\n{name}:\n\tjmp *__imp_{PREFIX}{name}(%rip)"
        )
        .expect("a string takes all");
    }
    text
}

/// The Microsoft linker has a switch for it, which an object file may carry.
fn msvc<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for name in names {
        writeln!(
            text,
            "#pragma comment(linker, \"/alternatename:{name}={PREFIX}{name}\")"
        )
        .expect("a string takes all");
    }
    // An object file must hold something.
    text.push_str("extern const int scirs2_openblas_names = 0;\n");
    text
}
